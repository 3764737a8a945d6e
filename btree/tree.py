"""B-trees for Python: the retry loop around the entry kernels, and a dict-like tree.

`Store` is the bare storage half of an engine: arena, state, pool, log. It answers the codes that
ask for something (a page, a frame, room in the log) and calls again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from btree import entry_kernels
from btree.errors import BtreeError, PageCorrupt, PoolExhausted, ReadOnlyEngine, RowTooLarge
from btree.pool import BufferPool
from btree.state import ST_RESERVED_FRAMES, ST_SPILL_AT, ST_SPILL_NEXT, ST_VALUE_BYTES
from redo.arena import Arena, Words
from redo.codes import (
    E_CORRUPT,
    E_DUPLICATE,
    E_LOG_FULL,
    E_NO_FRAME,
    E_NO_ROOM,
    E_NOT_FOUND,
    E_PAGE_MISS,
    E_READ_ONLY,
    E_STALE_EPOCH,
    E_TOO_BIG,
)
from redo.errors import StaleEpoch
from redo.log import LogWriter
from redo.state import ST_MISS_PAGE

_RETRYABLE = frozenset({E_PAGE_MISS, E_NO_FRAME, E_LOG_FULL})


class Store:
    """Pages under a node: pool and log, and the answers to retryable codes."""

    def __init__(self, arena: Arena, st: Words, pool: BufferPool, log: LogWriter | None) -> None:
        self.arena = arena
        self.st = st
        self.pool = pool
        self.log = log

    def settle(self, code: int) -> bool:
        """Do what a retryable code asks for; whether to call the kernel again."""
        if code not in _RETRYABLE:
            return False
        if code == E_PAGE_MISS:
            if self.log is not None and self.pool.strained(int(self.st[ST_MISS_PAGE])):
                self.log.wait_durable(self.log.next_lsn)
            self._wait_for_frames(1)
            self.pool.fetch()
        elif code == E_NO_FRAME:
            self._wait_for_frames(int(self.st[ST_RESERVED_FRAMES]))
        elif self.log is None:
            return False
        else:
            self.log.make_room()
        return True

    def must_wait(self, code: int) -> bool:
        """Whether `settle` would wait until all that is logged is durable."""
        if code == E_PAGE_MISS:
            return self.pool.strained(int(self.st[ST_MISS_PAGE])) or not self.pool.make_room(1)
        return code == E_NO_FRAME and not self.pool.make_room(int(self.st[ST_RESERVED_FRAMES]))

    def fetch_many(self, page_nos: Sequence[int]) -> None:
        """Bring in pages that several callers have missed, as `BufferPool.fetch_many`: all but
        those for which something must be durable first. Nobody waits here."""
        if self.log is not None and self.log.vdl < self.log.next_lsn:
            page_nos = [page_no for page_no in page_nos if not self.pool.strained(page_no)]
            if not page_nos or not self.pool.make_room(1):
                return
        self.pool.fetch_many(page_nos)

    def _wait_for_frames(self, count: int) -> None:
        """Make frames free; when all is too new, have the volume catch up first."""
        if count > self.pool.frames // 3:
            raise PoolExhausted(f"{count} new pages at once, the pool has {self.pool.frames}")
        if not self.pool.make_room(count) and self.log is not None:
            self.log.wait_durable(self.log.next_lsn)
            self.pool.make_room(count, force=True)
        if self.pool.free < count:
            raise PoolExhausted(f"{count} frames wanted of {self.pool.frames}")

    def call(self, kernel: Callable[..., Any], *args: int) -> int:
        """Call a kernel, settling and calling again until it gives a result or a final code."""
        while True:
            code = int(kernel(self.st, self.arena.mem, *args))
            if code >= 0 or not self.settle(code):
                return code

    def check(self, code: int) -> int:
        """A kernel's result; raises what a negative one stands for (not E_NOT_FOUND)."""
        if code >= 0:
            return code
        if code == E_TOO_BIG:
            raise RowTooLarge("key or value over its limit")
        if code == E_CORRUPT:
            raise PageCorrupt(int(self.st[ST_MISS_PAGE]), "found while descending")
        if code == E_READ_ONLY:
            raise ReadOnlyEngine("this engine follows another one's log")
        if code == E_STALE_EPOCH:
            raise StaleEpoch("somebody with a newer epoch owns the volume")
        raise BtreeError(f"kernel gave code {code}")


class BTree:
    """One tree, by its root page: a sorted map of byte strings. For catalog, tests and tools."""

    def __init__(self, store: Store, root: int, value_bytes: int = 1 << 20) -> None:
        self._store = store
        self.root = root
        self._room = value_bytes
        self._key = store.arena.alloc(4096)
        self._value = store.arena.alloc(value_bytes)

    @classmethod
    def create(cls, store: Store, tree_id: int = 0) -> BTree:
        """A new empty tree."""
        return cls(store, store.check(store.call(entry_kernels.tree_make, tree_id)))

    def close(self) -> None:
        """Give the staging memory back."""
        self._store.arena.free(self._key, 4096)
        self._store.arena.free(self._value, self._room)

    def _put(self, at: int, data: bytes) -> int:
        self._store.arena.mem[at : at + len(data)] = bytearray(data)
        return len(data)

    def _stage_key(self, key: bytes) -> int:
        if len(key) > 4096:
            raise RowTooLarge(f"key of {len(key)} bytes")
        return self._put(self._key, key)

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None."""
        store = self._store
        store.st[ST_SPILL_NEXT] = store.st[ST_SPILL_AT]
        at = store.call(entry_kernels.tree_get, self.root, self._key, self._stage_key(key))
        if at == E_NOT_FOUND:
            return None
        count = int(store.st[ST_VALUE_BYTES])
        return store.arena.mem[store.check(at) : at + count].tobytes()

    def insert(self, key: bytes, value: bytes) -> bool:
        """Add a key; False when it is there already."""
        code = self._change(key, value, 0)
        if code == E_DUPLICATE:
            return False
        self._store.check(code)
        return True

    def replace(self, key: bytes, value: bytes) -> bool:
        """Give a key another value; False when it is not there."""
        code = self._change(key, value, 1)
        if code == E_NOT_FOUND:
            return False
        self._store.check(code)
        return True

    def _change(self, key: bytes, value: bytes, replace: int) -> int:
        if len(value) > self._room:
            raise RowTooLarge(f"value of {len(value)} bytes")
        key_bytes = self._stage_key(key)
        value_bytes = self._put(self._value, value)
        return self._store.call(
            entry_kernels.tree_put,
            self.root,
            self._key,
            key_bytes,
            self._value,
            value_bytes,
            replace,
        )

    def delete(self, key: bytes) -> bool:
        """Remove a key; False when it is not there."""
        code = self._store.call(
            entry_kernels.tree_remove, self.root, self._key, self._stage_key(key)
        )
        if code == E_NOT_FOUND:
            return False
        self._store.check(code)
        return True

    def drop(self) -> None:
        """Free all pages of the tree, the root too."""
        while self._store.check(self._store.call(entry_kernels.tree_drop_step, self.root)):
            pass

    def items(self, first: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Entries with key >= `first`, ascending. Changes made meanwhile may or may not show."""
        store, inclusive = self._store, 1
        while True:
            store.st[ST_SPILL_NEXT] = store.st[ST_SPILL_AT]
            used = store.call(
                entry_kernels.tree_collect,
                self.root,
                self._key,
                self._stage_key(first),
                self._value,
                self._room,
                inclusive,
            )
            if used == E_NO_ROOM:
                raise RowTooLarge("an entry is larger than this tree's buffer")
            if store.check(used) == 0:
                return
            data = store.arena.mem[self._value : self._value + used].tobytes()
            at = 0
            while at < used:
                key_bytes = int.from_bytes(data[at : at + 4], "little")
                value_bytes = int.from_bytes(data[at + 4 : at + 8], "little")
                first = data[at + 8 : at + 8 + key_bytes]
                at += 8 + key_bytes
                yield first, data[at : at + value_bytes]
                at += value_bytes
            inclusive = 0
