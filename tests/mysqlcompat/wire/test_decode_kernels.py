"""The parameter kernel against the values that the plain decoder is tested with."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from mysqlcompat.wire.decode_kernels import parameter_read
from redo.codes import E_BAD_VALUE
from tests.mysqlcompat.wire.test_commands import MALFORMED, PARAMETERS

AT, TO = 64, 8


def read(word: int, data: bytes) -> tuple[int, int, bytes]:
    """What the kernel returned, the lane, and the bytes a string lane points at."""
    mem = np.full(AT + len(data) + 64, 0xEE, np.uint8)
    mem[AT : AT + len(data)] = np.frombuffer(data, np.uint8)
    code = int(parameter_read(mem, word, AT, AT + len(data), TO))
    lane = int(mem[TO : TO + 8].view(np.int64)[0])
    at, count = lane >> 24, lane & 0xFFFFFF
    return code, lane, mem[at : at + count].tobytes() if 0 <= at < len(mem) else b""


@pytest.mark.parametrize(("word", "data", "value"), PARAMETERS)
def test_lanes(word: int, data: bytes, value: Any) -> None:
    code, lane, text = read(word, data)
    assert code == AT + len(data)
    if isinstance(value, float):
        assert struct.unpack("<d", struct.pack("<q", lane))[0] == value
    elif isinstance(value, bytes):
        assert text == value
    else:
        assert lane == value


@pytest.mark.parametrize("broken", MALFORMED)
def test_malformed(broken: bytes) -> None:
    assert read(int.from_bytes(broken[:2], "little"), broken[2:])[0] == E_BAD_VALUE


@pytest.mark.parametrize(("word", "data", "value"), PARAMETERS)
def test_truncated(word: int, data: bytes, value: Any) -> None:
    for size in range(min(len(data), 400)):
        assert read(word, data[:size])[0] == E_BAD_VALUE, size
