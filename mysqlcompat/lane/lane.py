"""The lane as Python sees it: connections lent to the kernels, statements installed for them.

A connection is lent with `lend` whenever it has nothing for Python to do, and comes back through
`LaneClient.lane_returned` with the bytes the kernels did not serve. All state is in the arena (see
`lane_layout`); this class only writes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from struct import pack
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

import numpy as np

from btree.layout import RUN_SHIFT
from mysqlcompat.lane import lane_layout as layout
from mysqlcompat.lane.serve_kernels import statement_key
from redo.arena import Arena, Words


class LaneClient(Protocol):
    """A connection that can be lent."""

    def lane_returned(self, received: bytes, unsent: bytes) -> None:
        """The lane gives the connection back: send `unsent` first, then read `received`."""


class Slots(NamedTuple):
    """How a program's slots come from what the client gives, and what it does (SERVES_…).

    sources  a row of `layout.SLOT_WORDS` for each slot; none: they are the parameters, in order
    table    `layout.S_TABLE`
    texts    number of a slot that is a constant -> the string that is its value
    pins     (number, source text) of literals that a text must have just so
    owner    whatever has to live for as long as the statement is served
    """

    kind: int = layout.SERVES_ROWS
    sources: Sequence[tuple[int, ...]] = ()
    table: int = 0
    texts: Mapping[int, bytes] = MappingProxyType({})
    pins: Sequence[tuple[int, bytes]] = ()
    owner: object = None


PLAIN: Final = Slots()


class TlsParts(NamedTuple):
    """Addresses of a TLS session of libssl, and of its buffers in memory."""

    session: int = 0
    incoming: int = 0
    outgoing: int = 0


CLEAR: Final = TlsParts()


@dataclass(slots=True)
class Block:
    """One connection block and what belongs to it."""

    at: int
    words: Words
    client: LaneClient
    descriptor: int


class Lane:
    """Connections and served statements of one node."""

    def __init__(
        self, arena: Arena, st: Words, execute: int, descriptors: int = 65536, spin_us: int = 100
    ) -> None:
        """`execute` is the address of the kernel that runs a program (machine.program_execute)."""
        self.arena = arena
        self.st = st
        self._blocks: dict[int, Block] = {}
        self._free: list[tuple[int, Words]] = []
        at = arena.alloc(8 * layout.LANE_WORDS)
        self.words: Words = arena.words(at, layout.LANE_WORDS)
        self.words[:] = 0
        st[layout.ST_LANE] = at
        sizes = {
            layout.L_EVENTS: 12 * layout.EVENT_LIMIT,
            layout.L_CONNECTIONS: 8 * descriptors,
            layout.L_FOREIGN: 16 * layout.EVENT_LIMIT,
            layout.L_HANDOFFS: 8 * 2 * layout.EVENT_LIMIT,
            layout.L_OUT: layout.OUT_BYTES,
            layout.L_SHAPE: layout.SHAPE_BYTES,
            layout.L_LITERALS: 8 * layout.LITERAL_WORDS * (layout.LITERAL_LIMIT + 1),
            layout.L_PARAMETERS: 9 * (layout.LITERAL_LIMIT + 1) + 8,
            layout.L_PLANS: 8 * layout.SERVED_WORDS * layout.PLAN_SLOTS,
            layout.L_SCRATCH: 64,
            layout.L_QUEUE: 8 * descriptors,
            layout.L_MISSED: 16 * layout.EVENT_LIMIT,
            layout.L_SLOTS: 9 * (layout.LITERAL_LIMIT + 1) + 8,
        }
        for number, count in sizes.items():
            self.words[number] = arena.alloc(count)
        self.words[layout.L_DESCRIPTORS] = descriptors
        self.words[layout.L_OUT_BYTES] = layout.OUT_BYTES
        self.words[layout.L_SHAPE_BYTES] = layout.SHAPE_BYTES
        self.words[layout.L_SPIN_NS] = spin_us * 1000
        self.words[layout.L_EXECUTE] = execute
        self.words[layout.L_ACKS] = -1
        self.words[layout.L_WAITING] = layout.NOBODY_WAITS
        self._connections = arena.words(int(self.words[layout.L_CONNECTIONS]), descriptors)
        self._plans = arena.words(
            int(self.words[layout.L_PLANS]), layout.SERVED_WORDS * layout.PLAN_SLOTS
        ).reshape(layout.PLAN_SLOTS, layout.SERVED_WORDS)
        self._foreign = arena.words(int(self.words[layout.L_FOREIGN]), 2 * layout.EVENT_LIMIT)
        self._handoffs = arena.words(int(self.words[layout.L_HANDOFFS]), 2 * layout.EVENT_LIMIT)
        self._missed = arena.words(int(self.words[layout.L_MISSED]), 2 * layout.EVENT_LIMIT)
        self._queue = arena.words(int(self.words[layout.L_QUEUE]), descriptors)
        self._owners: dict[int, object] = {}  #: by the place of the entry
        self._installed = 0
        self.generation = 0  #: how often the plan table has been emptied

    def know_tls(self, calls: Sequence[int]) -> None:
        """Addresses of the functions in `layout`'s TLS block: before the first session of TLS."""
        if not self.words[layout.L_TLS]:
            at = self.arena.alloc(8 * layout.TLS_WORDS)
            block = self.arena.words(at, layout.TLS_WORDS)
            block[: len(calls)] = calls
            block[layout.T_RECEIVED] = self.arena.alloc(layout.RECORDS_BYTES)
            block[layout.T_SEALED] = self.arena.alloc(layout.SEALED_BYTES)
            self.words[layout.L_TLS] = at

    # Connections ----------------------------------------------------------------------------------

    def register(self, descriptor: int, client: LaneClient, tls: TlsParts = CLEAR) -> Block | None:
        """A block for an authenticated connection; None past the descriptor limit. A TLS session
        has read all that it has received, and lives until `release`."""
        if descriptor >= int(self.words[layout.L_DESCRIPTORS]):
            return None
        if self._free:
            at, words = self._free.pop()
        else:
            at = self.arena.alloc(8 * layout.CONNECTION_WORDS)
            words = self.arena.words(at, layout.CONNECTION_WORDS)
            words[:] = 0
            words[layout.C_RECEIVE] = self.arena.alloc(layout.RECEIVE_BYTES)
            words[layout.C_PREPARED] = self.arena.alloc(
                8 * layout.SERVED_WORDS * layout.PREPARED_SLOTS
            )
            words[layout.C_REPLY] = self.arena.alloc(layout.REPLY_BYTES)
        buffers = [layout.C_RECEIVE, layout.C_PREPARED, layout.C_REPLY]
        kept = words[buffers]
        words[:] = 0
        words[buffers] = kept
        words[layout.C_DESCRIPTOR] = descriptor
        words[layout.C_TLS], words[layout.C_TLS_IN], words[layout.C_TLS_OUT] = tls
        self._prepared(words)[:] = 0
        block = self._blocks[descriptor] = Block(at, words, client, descriptor)
        self._connections[descriptor] = at
        return block

    def release(self, descriptor: int) -> None:
        """The connection is closed; if its last commit is not durable yet, nobody will be told."""
        block = self._blocks.pop(descriptor, None)
        if block:
            if block.words[layout.C_WAIT]:
                self._queue[self._queue == block.at] = 0
            block.words[layout.C_SERVING] = block.words[layout.C_MISSES] = 0
            block.words[layout.C_TLS] = 0
            self._connections[descriptor] = 0
            self._free.append((block.at, block.words))

    @staticmethod
    def lend(
        block: Block,
        context: int,
        status: int,
        capabilities: int,
        ctx: int,
        mode: int,
        writes: bool = False,
        level: int = -1,
    ) -> None:
        """From now on the kernels read this socket; Python must have nothing of it buffered.

        writes  whether they may also change data for this session
        level   isolation of the transactions they may begin and end for it; -1: none
        """
        words = block.words
        words[layout.C_WRITES] = writes
        words[layout.C_LEVEL] = level
        words[layout.C_CONTEXT] = context
        words[layout.C_STATUS] = status
        words[layout.C_CAPABILITIES] = capabilities
        words[layout.C_CTX] = ctx
        words[layout.C_MODE] = mode
        words[layout.C_SERVING] = 1

    def take(self, descriptor: int) -> None:
        """Python wants the connection back now (idle time over, data definition). One whose commit
        is not durable yet stays: its client is about to hear of it."""
        block = self._blocks.get(descriptor)
        if block and block.words[layout.C_SERVING] and not block.words[layout.C_WAIT]:
            self._return(block)

    def _return(self, block: Block) -> None:
        words = block.words
        words[layout.C_SERVING] = words[layout.C_MISSES] = 0
        received = self._bytes(words[layout.C_RECEIVE], words[layout.C_FILLED])
        unsent = self._bytes(words[layout.C_UNSENT], words[layout.C_UNSENT_BYTES])
        words[layout.C_FILLED] = words[layout.C_UNSENT_BYTES] = 0
        block.client.lane_returned(received, unsent)

    def _bytes(self, at: int, count: int) -> bytes:
        return self.arena.mem[int(at) : int(at) + int(count)].tobytes()

    # What a turn leaves ---------------------------------------------------------------------------

    def foreign(self) -> list[list[int]]:
        """(descriptor, epoll events) that are asyncio's."""
        count = int(self.words[layout.L_FOREIGN_COUNT])
        found: list[list[int]] = self._foreign[: 2 * count].reshape(count, 2).tolist()
        return found

    def give_back(self) -> None:
        """Return every connection the last turn handed off to its client."""
        for descriptor in self._handoffs[: int(self.words[layout.L_HANDOFF_COUNT])].tolist():
            self._return(self._blocks[descriptor])
        self.words[layout.L_HANDOFF_COUNT] = 0

    def missed_pages(self) -> list[int]:
        """Numbers of the pages that statements wait for."""
        count = int(self.words[layout.L_MISSED_COUNT])
        pages: list[int] = self._missed[1 : 2 * count : 2].tolist()
        return pages

    def give_up_missed(self) -> None:
        """Those pages cannot be had: the statements that wait for them are Python's."""
        count = int(self.words[layout.L_MISSED_COUNT])
        self.words[layout.L_MISSED_COUNT] = 0
        for at in self._missed[: 2 * count : 2].tolist():
            for block in list(self._blocks.values()):
                if block.at == at and block.words[layout.C_MISSES]:
                    self._return(block)

    # Served statements ----------------------------------------------------------------------------

    def install(
        self,
        shape: bytes,
        context: int,
        program: int,
        parameters: int,
        prefix: bytes,
        packets: int,
        slots: Slots = PLAIN,
    ) -> None:
        """Serve texts of this shape with a kernel-only program.

        prefix   column count and column definition packets, sequence numbers from 1
        packets  how many packets that is
        """
        if self._installed * 2 >= layout.PLAN_SLOTS:
            self.forget_plans()
        at = self._store(shape)
        key = int(statement_key(self.st, self.arena.mem, at, len(shape), context))
        slot = key & (layout.PLAN_SLOTS - 1)
        while self._plans[slot, layout.S_KEY]:
            slot = (slot + 1) & (layout.PLAN_SLOTS - 1)
        entry = self._plans[slot]
        entry[layout.S_SHAPE] = at
        entry[layout.S_SHAPE_BYTES] = len(shape)
        entry[layout.S_CONTEXT] = context
        self._fill(entry, program, parameters, prefix, packets, slots)
        entry[layout.S_KEY] = key
        self._installed += 1

    def install_prepared(
        self,
        block: Block,
        statement: int,
        program: int,
        types: bytes,
        prefix: bytes,
        packets: int,
        slots: Slots = PLAIN,
    ) -> None:
        """Serve executions of a prepared statement whose parameters have these wire types."""
        entry = self._prepared(block.words)[(statement + 1) & (layout.PREPARED_SLOTS - 1)]
        self._drop(entry)
        entry[layout.S_TYPES] = self._store(types or b"\0")
        entry[layout.S_SHAPE_BYTES] = max(1, len(types))
        self._fill(entry, program, len(types), prefix, packets, slots)
        entry[layout.S_KEY] = statement + 1

    def close_prepared(self, block: Block, statement: int) -> None:
        entry = self._prepared(block.words)[(statement + 1) & (layout.PREPARED_SLOTS - 1)]
        if entry[layout.S_KEY] == statement + 1:
            self._drop(entry)

    def serves_prepared(self, block: Block, statement: int) -> bool:
        entry = self._prepared(block.words)[(statement + 1) & (layout.PREPARED_SLOTS - 1)]
        return bool(entry[layout.S_KEY] == statement + 1)

    def close_all_prepared(self, block: Block) -> None:
        for entry in self._prepared(block.words):
            self._drop(entry)

    def forget_plans(self) -> None:
        """Empty the plan table (dictionary changed, cache full): Python installs again."""
        for entry in self._plans[self._plans[:, layout.S_KEY] != 0]:
            self._release(entry)
        self._plans[:] = 0
        self._installed = 0
        self.generation += 1
        for block in self._blocks.values():
            self.close_all_prepared(block)
        self._owners.clear()

    def _prepared(self, words: Words) -> Words:
        at = int(words[layout.C_PREPARED])
        count = layout.SERVED_WORDS * layout.PREPARED_SLOTS
        return self.arena.words(at, count).reshape(layout.PREPARED_SLOTS, layout.SERVED_WORDS)

    def _fill(
        self,
        entry: Words,
        program: int,
        parameters: int,
        prefix: bytes,
        packets: int,
        slots: Slots,
    ) -> None:
        entry[layout.S_KIND] = slots.kind
        entry[layout.S_TABLE] = slots.table
        entry[layout.S_SLOT_COUNT] = len(slots.sources)
        if slots.sources or slots.pins:
            self._put_slots(entry, slots)
        if slots.owner is not None:
            self._owners[entry.ctypes.data] = slots.owner
        entry[layout.S_PROGRAM] = program
        entry[layout.S_PARAMETERS] = parameters
        entry[layout.S_PREFIX] = self._store(prefix)
        entry[layout.S_PREFIX_BYTES] = len(prefix)
        entry[layout.S_PREFIX_PACKETS] = packets

    def _put_slots(self, entry: Words, slots: Slots) -> None:
        """Sources, the strings among the constants, pins: one piece of memory."""
        words = np.array(slots.sources, np.int64).reshape(-1, layout.SLOT_WORDS)
        pins = pack("<q", len(slots.pins))
        for number, source in slots.pins:
            pins += pack("<2q", number, len(source)) + source + bytes(-len(source) % 8)
        texts = b"".join(slots.texts.values())
        size = words.nbytes + len(pins) + len(texts)
        at = self.arena.alloc(size)
        free = at + words.nbytes + len(pins)
        for number, text in slots.texts.items():
            words[number, layout.M_LEAST] = free << RUN_SHIFT | len(text)
            free += len(text)
        self.arena.mem[at : at + size] = np.frombuffer(words.tobytes() + pins + texts, np.uint8)
        entry[layout.S_SLOTS] = at
        entry[layout.S_SLOTS_BYTES] = size
        entry[layout.S_PINS] = at + words.nbytes if slots.pins else 0

    def _drop(self, entry: Words) -> None:
        if entry[layout.S_KEY]:
            self._release(entry)
            entry[:] = 0

    def _release(self, entry: Words) -> None:
        self.arena.free(int(entry[layout.S_PREFIX]), int(entry[layout.S_PREFIX_BYTES]))
        if entry[layout.S_SLOTS]:
            self.arena.free(int(entry[layout.S_SLOTS]), int(entry[layout.S_SLOTS_BYTES]))
        self._owners.pop(entry.ctypes.data, None)
        run = layout.S_SHAPE if entry[layout.S_SHAPE] else layout.S_TYPES
        self.arena.free(int(entry[run]), int(entry[layout.S_SHAPE_BYTES]))

    def _store(self, data: bytes) -> int:
        at = self.arena.alloc(len(data))
        self.arena.mem[at : at + len(data)] = np.frombuffer(data, np.uint8)
        return at
