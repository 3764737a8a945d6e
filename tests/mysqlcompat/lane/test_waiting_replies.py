"""Replies to changes leave when, and only when, their commit is durable; over real sockets."""

from __future__ import annotations

import select
import struct
from collections.abc import Iterator

import numba
import pytest

from mysqlcompat.lane import lane_layout as layout
from mysqlcompat.lane.lane import Slots
from mysqlcompat.machine.layout import RUN_BYTES, RUN_CHANGED, RUN_INSERT_ID
from mysqlcompat.machine.state import ST_MACHINE_LSN, ST_MACHINE_RUN
from redo.coding_kernels import load_i64, store_i64
from redo.state import ST_EPOCH, ST_READ_ONLY, ST_VDL
from tests.mysqlcompat.lane.test_lane import (
    AUTOCOMMIT,
    EXECUTE,
    Bench,
    Neighbour,
    address_of,
    query,
)

OK = b"\x07\0\0\x01\0\x01%c\x02\0\0\0"


@numba.njit(EXECUTE)
def change(st, mem, program, ctx, params, out, out_bytes, sequence, flags):
    """A change of one row that is durable at the LSN its first parameter names."""
    run = st[ST_MACHINE_RUN]
    store_i64(mem, run + RUN_CHANGED, 1)
    store_i64(mem, run + RUN_INSERT_ID, load_i64(mem, params) & 127)
    st[ST_MACHINE_LSN] = load_i64(mem, params)
    return 0


class WriteBench(Bench):
    """A lane that changes data."""

    def __init__(self) -> None:
        super().__init__()
        self.st[ST_READ_ONLY] = 0
        self.st[ST_MACHINE_RUN] = self.arena.alloc(RUN_BYTES)
        self.lane.words[layout.L_EXECUTE] = address_of(change)
        slots = Slots(layout.SERVES_INSERT)
        self.lane.install(b"insert \x01", 7, self.program, 1, b"", 0, slots)

    def lend(self, capabilities: int = layout.CLIENT_DEPRECATE_EOF) -> None:
        self.lane.lend(self.block, 7, AUTOCOMMIT, capabilities, 0, 0, writes=True)

    def heard(self) -> bytes:
        """What the client has received by now."""
        readable, _, _ = select.select([self.client], [], [], 0)
        return self.client.recv(65536) if readable else b""


@pytest.fixture
def bench() -> Iterator[WriteBench]:
    made = WriteBench()
    yield made
    made.close()


def test_an_ok_waits_for_its_commit(bench: WriteBench) -> None:
    bench.client.sendall(query(b"insert 101"))
    bench.turn()
    bench.st[ST_VDL] = 100
    bench.turn()
    assert bench.heard() == b""
    bench.st[ST_VDL] = 101
    bench.turn()
    assert bench.heard() == OK % 101
    assert bench.returned == []


def test_what_is_sent_meanwhile_is_served_afterwards_in_order(bench: WriteBench) -> None:
    bench.client.sendall(query(b"insert 10") + query(b"insert 20"))
    bench.turn()
    bench.client.sendall(query(b"insert 30"))
    for vdl, heard in ((9, b""), (10, OK % 10), (20, OK % 20), (29, b""), (30, OK % 30)):
        bench.st[ST_VDL] = vdl
        bench.turn()
        assert bench.heard() == heard, vdl
    assert int(bench.block.words[layout.C_SERVED]) == 3


def test_clients_hear_in_the_order_of_their_commits(bench: WriteBench) -> None:
    other = Neighbour(bench)
    other.block.words[layout.C_WRITES] = 1
    bench.client.sendall(query(b"insert 10"))
    bench.turn()
    other.client.sendall(query(b"insert 20"))
    bench.turn()
    bench.st[ST_VDL] = 15
    bench.turn()
    assert bench.heard() == OK % 10
    bench.st[ST_VDL] = 20
    bench.turn()
    assert other.client.recv(100) == OK % 20
    other.close()


def test_nobody_is_told_anything_once_the_volume_is_somebody_elses(bench: WriteBench) -> None:
    bench.client.sendall(query(b"insert 10"))
    bench.turn()
    bench.st[ST_EPOCH] += 1  # as if the control block had moved on
    bench.st[ST_VDL] = 1000
    bench.turn()
    assert bench.heard() == b""


def test_a_connection_that_waits_stays_with_the_lane(bench: WriteBench) -> None:
    bench.client.sendall(query(b"insert 10"))
    bench.turn()
    bench.lane.take(bench.server.fileno())
    assert bench.returned == []
    bench.st[ST_VDL] = 10
    bench.turn()
    assert bench.heard() == OK % 10
    bench.lane.take(bench.server.fileno())
    assert bench.returned == [(b"", b"")]


def test_a_connection_python_wants_is_its_own_after_the_ok(bench: WriteBench) -> None:
    bench.client.sendall(query(b"insert 10"))
    bench.turn()
    bench.client.sendall(query(b"insert 20"))
    bench.turn()
    bench.block.words[layout.C_SERVING] = layout.UNTIL_DURABLE
    bench.st[ST_VDL] = 30
    bench.turn()
    assert bench.heard() == OK % 10
    assert bench.returned == [(query(b"insert 20"), b"")]


def test_a_closed_connection_hears_nothing_nor_does_its_successor(bench: WriteBench) -> None:
    bench.client.sendall(query(b"insert 10"))
    bench.turn()
    bench.lane.release(bench.server.fileno())
    block = bench.lane.register(bench.server.fileno(), bench)
    assert block is not None and block.at == bench.block.at
    bench.lend()
    bench.st[ST_VDL] = 10
    bench.turn()
    assert bench.heard() == b""
    bench.client.sendall(query(b"insert 11"))
    bench.turn()
    bench.st[ST_VDL] = 11
    bench.turn()
    assert bench.heard() == OK % 11


def test_a_client_that_hangs_up_while_it_waits_is_asyncios_afterwards(bench: WriteBench) -> None:
    bench.client.sendall(query(b"insert 10"))
    bench.turn()
    bench.client.close()
    bench.turn()
    assert bench.returned == []
    bench.st[ST_VDL] = 10
    bench.turn()
    ready = bench.loop._selector.select(0)
    assert bench.returned and [key.fd for key, _ in ready] == [bench.server.fileno()]


def test_a_session_that_may_not_write_is_pythons(bench: WriteBench) -> None:
    bench.block.words[layout.C_WRITES] = 0
    bench.client.sendall(query(b"insert 10"))
    bench.turn()
    assert bench.returned == [(query(b"insert 10"), b"")]


@pytest.mark.parametrize("value", [0, 127, 128])
def test_bounds_are_kept(bench: WriteBench, value: int) -> None:
    source = (0, layout.SLOT_NUMBER, 0, 127, 100)
    slots = Slots(layout.SERVES_INSERT, [source])
    bench.lane.install(b"into \x01", 7, bench.program, 1, b"", 0, slots)
    text = query(b"into %d" % value)
    bench.client.sendall(text)
    bench.turn()
    assert bool(bench.returned) == (value > 127)
    if value <= 127:
        assert int(bench.st[ST_MACHINE_LSN]) == 100 * value


def test_an_ok_of_an_update_has_its_counts(bench: WriteBench) -> None:
    bench.lane.install(b"update \x01", 7, bench.program, 1, b"", 0, Slots(layout.SERVES_UPDATE))
    bench.client.sendall(query(b"update 0"))
    bench.turn()
    info = b"Rows matched: 0  Changed: 1  Warnings: 0"
    payload = b"\0\x01\0\x02\0\0\0" + bytes([len(info)]) + info
    assert bench.heard() == struct.pack("<I", len(payload) | 1 << 24) + payload
