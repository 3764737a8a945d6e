"""The lane on real sockets: what it serves itself, what it hands to Python, and in which order."""

from __future__ import annotations

import asyncio
import os
import select
import socket
import struct
from collections.abc import Iterator
from typing import Any

import numba
import numpy as np
import pytest

from btree.layout import RUN_MASK, RUN_SHIFT
from mysqlcompat.lane import lane_layout as layout
from mysqlcompat.lane.durability import DurabilityQueue
from mysqlcompat.lane.lane import Lane
from mysqlcompat.lane.selector import new_loop
from mysqlcompat.machine.state import ST_MACHINE_SEQUENCE
from redo.arena import Arena, create_ring
from redo.coding_kernels import load_i64, load_u8, move, store_i64, store_u8
from redo.places import BYTES, WORDS
from redo.state import ST_NEXT_LSN, ST_PUBLISHED, ST_READ_ONLY, ST_VDL, ST_WORDS

AUTOCOMMIT = 2
PREFIX = b"\x01\x00\x00\x01\x01"


#: What a program is to the lane.
EXECUTE = numba.int64(WORDS, BYTES, *[numba.int64] * 7)


@numba.njit(EXECUTE)
def echo(st, mem, program, ctx, params, out, out_bytes, sequence, binary):
    """A program of one row: its first parameter, as eight bytes or as the string's bytes."""
    if load_u8(mem, program):
        run = load_i64(mem, params)
        size = run & RUN_MASK
        move(mem, out + 4, run >> RUN_SHIFT, size)
    else:
        size = 8
        store_i64(mem, out + 4, load_i64(mem, params))
    store_u8(mem, out, size)
    store_u8(mem, out + 1, 0)
    store_u8(mem, out + 2, 0)
    store_u8(mem, out + 3, sequence)
    st[ST_MACHINE_SEQUENCE] = sequence + 1
    return 4 + size


def address_of(function: Any) -> int:
    """Where numba has put a function that it has compiled once."""
    (compiled,) = function.overloads.values()
    return int(compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name))


class Bench:
    """A lane with one client socket; the Python side records what comes back to it."""

    def __init__(self) -> None:
        self.ring = create_ring(1 << 20)
        self.arena = Arena(self.ring, 16 << 20)
        at = self.arena.alloc(8 * ST_WORDS)
        self.st = self.arena.words(at, ST_WORDS)
        self.st[ST_READ_ONLY] = 1
        self.lane = Lane(self.arena, self.st, address_of(echo), spin_us=0)
        self.durability = DurabilityQueue(self.st, self.lane.words)
        self.loop = new_loop(self.lane, self.durability)
        self.server, self.client = socket.socketpair()
        self.server.setblocking(False)
        self.client.settimeout(300)
        self.loop._selector.register(self.server, select.EPOLLIN)  # as a transport would
        self.returned: list[tuple[bytes, bytes]] = []
        block = self.lane.register(self.server.fileno(), self)
        assert block is not None
        self.block = block
        self.program = self.arena.alloc(64)
        self.arena.mem[self.program] = 0
        self.lend()

    def lane_returned(self, received: bytes, unsent: bytes) -> None:
        self.returned.append((received, unsent))

    def lend(self, capabilities: int = layout.CLIENT_DEPRECATE_EOF) -> None:
        self.lane.lend(self.block, 7, AUTOCOMMIT, capabilities, 0, 0)

    def turn(self) -> None:
        self.loop._selector.select(0)

    def close(self) -> None:
        self.loop.close()
        self.server.close()
        self.client.close()
        os.close(self.ring)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def query(text: bytes) -> bytes:
    return struct.pack("<I", len(text) + 1) + b"\x03" + text


def execute(statement: int, value: int, types: bytes = b"\x01\x08\x00") -> bytes:
    body = b"\x17" + struct.pack("<IBI", statement, 0, 1) + b"\x00" + types
    body += struct.pack("<q", value)
    return struct.pack("<I", len(body)) + body


def answer(payload: bytes) -> bytes:
    row = bytes([len(payload)]) + b"\0\0\x02" + payload
    return PREFIX + row + b"\x07\0\0\x03\xfe\0\0\x02\0\0\0"


def test_a_known_text_is_answered_in_the_kernel(bench: Bench) -> None:
    bench.lane.install(b"select \x01", 7, bench.program, 1, PREFIX, 1)
    bench.client.sendall(query(b"select 42"))
    bench.turn()
    assert bench.client.recv(1000) == answer(struct.pack("<q", 42))
    assert bench.returned == []


def test_pipelined_and_split_packets(bench: Bench) -> None:
    bench.lane.install(b"select \x01", 7, bench.program, 1, PREFIX, 1)
    both = query(b"select 1") + query(b"select 2")
    bench.client.sendall(both[:-3])
    bench.turn()
    assert bench.client.recv(1000) == answer(struct.pack("<q", 1))
    bench.client.sendall(both[-3:])
    bench.turn()
    assert bench.client.recv(1000) == answer(struct.pack("<q", 2))


def test_strings_are_bound_in_place(bench: Bench) -> None:
    bench.arena.mem[bench.program] = 1
    bench.lane.install(b"select \x04", 7, bench.program, 1, PREFIX, 1)
    bench.client.sendall(query(b"select 'hello'"))
    bench.turn()
    assert bench.client.recv(1000) == answer(b"hello")


def test_eof_packets_for_older_clients(bench: Bench) -> None:
    bench.lend(capabilities=0)
    bench.lane.install(b"select \x01", 7, bench.program, 1, PREFIX, 1)
    bench.client.sendall(query(b"select 5"))
    bench.turn()
    expected = PREFIX + b"\x05\0\0\x02\xfe\0\0\x02\0" + b"\x08\0\0\x03" + struct.pack("<q", 5)
    assert bench.client.recv(1000) == expected + b"\x05\0\0\x04\xfe\0\0\x02\0"


@pytest.mark.parametrize(
    "packet",
    [
        query(b"select 1.5"),  # another shape
        query(b"select 'it''s'"),  # an escape to undo
        b"\x01\0\0\0\x0e",  # COM_PING
        b"\x01\0\0\x05\x03",  # wrong sequence number
        b"\xff\xff\xff\x00",  # begins a 16 MiB packet
        b"\0\0\0\0",  # empty packet
    ],
)
def test_everything_else_goes_to_python_unread(bench: Bench, packet: bytes) -> None:
    bench.lane.install(b"select \x01", 7, bench.program, 1, PREFIX, 1)
    bench.client.sendall(packet)
    bench.turn()
    assert bench.returned == [(packet, b"")]


def test_order_is_kept_across_a_hand_off(bench: Bench) -> None:
    bench.lane.install(b"select \x01", 7, bench.program, 1, PREFIX, 1)
    ping = b"\x01\0\0\0\x0e"
    bench.client.sendall(query(b"select 1") + ping + query(b"select 2"))
    bench.turn()
    assert bench.client.recv(1000) == answer(struct.pack("<q", 1))
    assert bench.returned == [(ping + query(b"select 2"), b"")]
    bench.client.sendall(query(b"select 3"))
    bench.turn()  # Python's now: the kernel does not touch it
    assert bench.server.recv(1000) == query(b"select 3")


def test_another_context_is_another_statement(bench: Bench) -> None:
    bench.lane.install(b"select \x01", 8, bench.program, 1, PREFIX, 1)
    bench.client.sendall(query(b"select 1"))
    bench.turn()
    assert bench.returned == [(query(b"select 1"), b"")]


def test_prepared_statement_with_and_without_types(bench: Bench) -> None:
    bench.lane.install_prepared(bench.block, 3, bench.program, b"\x08", PREFIX, 1)
    bench.client.sendall(execute(3, 77) + execute(3, -2, types=b"\x00"))
    bench.turn()
    expected = answer(struct.pack("<q", 77)) + answer(struct.pack("<q", -2))
    assert bench.client.recv(1000) == expected
    other = execute(3, 5, types=b"\x01\x05\x00")  # a double this time
    bench.client.sendall(other)
    bench.turn()
    assert bench.returned == [(other, b"")]


@pytest.mark.parametrize(
    ("wire_type", "form", "value"),
    [(1, "b", -128), (1, "b", 127), (2, "h", -32768), (2, "h", 300), (3, "i", -(2**31))],
)
def test_integer_parameters_of_every_width(
    bench: Bench, wire_type: int, form: str, value: int
) -> None:
    bench.lane.install_prepared(bench.block, 3, bench.program, bytes([wire_type]), PREFIX, 1)
    body = b"\x17" + struct.pack("<IBI", 3, 0, 1) + b"\x00\x01" + bytes([wire_type, 0])
    body += struct.pack("<" + form, value)
    bench.client.sendall(struct.pack("<I", len(body)) + body)
    bench.turn()
    assert bench.client.recv(1000) == answer(struct.pack("<q", value))


def test_closed_and_unknown_statements_are_pythons(bench: Bench) -> None:
    bench.lane.install_prepared(bench.block, 3, bench.program, b"\x08", PREFIX, 1)
    bench.lane.close_prepared(bench.block, 3)
    bench.client.sendall(execute(3, 1))
    bench.turn()
    assert bench.returned == [(execute(3, 1), b"")]


def test_a_client_that_goes_away_is_reported_to_asyncio(bench: Bench) -> None:
    bench.client.close()
    ready = bench.loop._selector.select(0)
    assert [key.fd for key, _ in ready] == [bench.server.fileno()]


def test_a_client_that_does_not_read_gets_the_rest_from_python(bench: Bench) -> None:
    bench.lane.install(b"select \x01", 7, bench.program, 1, PREFIX, 1)
    bench.server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    sent, one = 0, query(b"select 1")
    while not bench.returned:
        bench.client.sendall(one)
        sent += 1
        bench.turn()
        assert sent < 100_000
    received, unsent = bench.returned[0]
    assert received == b"" and unsent
    size = len(answer(struct.pack("<q", 1)))
    taken = 0
    while taken < sent * size - len(unsent):
        taken += len(bench.client.recv(65536))
    assert taken == sent * size - len(unsent)


def test_what_one_client_does_not_read_is_not_overwritten_by_the_next(bench: Bench) -> None:
    """Replies are made in one buffer: the rest of a reply must be taken before the next is made."""
    bench.arena.mem[bench.program] = 1
    bench.lane.install(b"select \x04", 7, bench.program, 1, PREFIX, 1)
    bench.server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    other = Neighbour(bench)
    slow, quick = query(b"select '%s'" % (b"a" * 200)), query(b"select '%s'" % (b"b" * 200))
    for _ in range(100_000):
        bench.client.sendall(slow)
        other.client.sendall(quick)
        bench.turn()
        if bench.returned:
            break
        other.client.recv(65536)
    (_, unsent) = bench.returned[0]
    assert unsent and b"b" not in unsent
    bench.turn()  # whoever was not served in that turn is served in the next
    assert other.client.recv(65536).count(b"b") == 200
    other.close()


class Neighbour:
    """A second client of a bench's lane."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.server, self.client = socket.socketpair()
        self.server.setblocking(False)
        self.client.settimeout(300)
        bench.loop._selector.register(self.server, select.EPOLLIN)
        block = bench.lane.register(self.server.fileno(), self)
        assert block is not None
        self.block = block
        bench.lane.lend(block, 7, AUTOCOMMIT, layout.CLIENT_DEPRECATE_EOF, 0, 0)

    def lane_returned(self, received: bytes, unsent: bytes) -> None:
        raise AssertionError("a neighbour that reads stays with the lane")

    def close(self) -> None:
        self._bench.lane.release(self.server.fileno())
        self._bench.loop._selector.unregister(self.server)
        self.server.close()
        self.client.close()


def test_durability_releases_in_lsn_order(bench: Bench) -> None:
    async def scenario() -> list[int]:
        order: list[int] = []
        futures = {lsn: bench.durability.wait(lsn) for lsn in (300, 100, 200)}
        for lsn, future in futures.items():
            future.add_done_callback(lambda _, lsn=lsn: order.append(lsn))
        bench.st[ST_VDL] = 250
        await asyncio.gather(futures[100], futures[200])
        assert not futures[300].done()
        bench.st[ST_VDL] = 300
        await futures[300]
        return order

    assert bench.loop.run_until_complete(scenario()) == [100, 200, 300]
    assert bench.lane.words[layout.L_WAITING] == layout.NOBODY_WAITS


def test_plans_are_forgotten_together(bench: Bench) -> None:
    bench.lane.install(b"select \x01", 7, bench.program, 1, PREFIX, 1)
    bench.lane.install_prepared(bench.block, 1, bench.program, b"\x08", PREFIX, 1)
    bench.lane.forget_plans()
    bench.client.sendall(query(b"select 1"))
    bench.turn()
    assert bench.returned == [(query(b"select 1"), b"")]
    assert not np.any(bench.lane._plans)
    assert bench.st[ST_NEXT_LSN] == bench.st[ST_PUBLISHED]
