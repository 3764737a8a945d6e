"""The lock table to look at: what a context owns and waits for, key by key.

For performance_schema and the monitor; nothing here is on any statement's way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from btree import txn_layout as t
from btree.tree import BTree

if TYPE_CHECKING:
    from btree.engine import Engine

LISTED_MAX: Final = 10_000  #: entries of one interval that are listed

REC_NOT_GAP: Final = "REC_NOT_GAP"
GAP: Final = "GAP"
INSERT_INTENTION: Final = "GAP,INSERT_INTENTION"


@dataclass(frozen=True, slots=True)
class LockView:
    """One lock on one entry, as InnoDB would say it.

    number  which lock it is: several entries of one interval share it
    root    root page of the index
    key     of the entry; None: the supremum
    kind    '' next-key, REC_NOT_GAP, GAP, INSERT_INTENTION
    """

    ctx: int
    number: int
    root: int
    key: bytes | None
    exclusive: bool
    kind: str
    waiting: bool = False

    @property
    def mode(self) -> str:
        """LOCK_MODE of data_locks."""
        mode = "X" if self.exclusive else "S"
        return f"{mode},{self.kind}" if self.kind else mode


class LockReader:
    """Reads the locks of an engine; `close` it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._trees: dict[int, BTree] = {}

    def close(self) -> None:
        """Give the memory back."""
        for tree in self._trees.values():
            tree.close()

    def entries(self, root: int, first: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Entries of an index from a key on."""
        if root not in self._trees:
            self._trees[root] = BTree(self._engine.store, root)
        return self._trees[root].items(first)

    def locks_of(self, ctx: int) -> Iterator[LockView]:
        """Everything a context owns or waits for, newest first."""
        node = self._engine.word(ctx, t.CTX_LOCKS)
        while node:
            yield self._record(node)
            node = self._word(node, t.LOCK_OWNED)
        node = self._engine.word(ctx, t.CTX_GAPS)
        while node:
            yield from self._interval(ctx, node)
            node = self._word(node, t.GAP_OWNED)

    def request(self, node: int) -> LockView:
        """What a wait (`locks.Wait.node`) asks for."""
        return self._record(node)

    def blocking(self, wanted: LockView, ctx: int) -> LockView | None:
        """The lock of a context that is in the way of a request; None when it has gone."""
        for lock in self.locks_of(ctx):
            if lock.root != wanted.root or lock.kind == INSERT_INTENTION:
                continue
            if wanted.kind != INSERT_INTENTION:
                if lock.key == wanted.key and lock.kind != GAP:
                    return lock
            elif lock.kind != REC_NOT_GAP and lock.key == wanted.key:
                return lock
        return None

    def _word(self, at: int, word: int) -> int:
        return int(self._engine.words(at + word, 1)[0])

    def _bytes(self, at: int, count: int) -> bytes:
        return self._engine.arena.mem[at : at + count].tobytes()

    def _record(self, node: int) -> LockView:
        kind = self._word(node, t.LOCK_KIND)
        root = self._word(node, t.LOCK_ROOT)
        key: bytes | None = self._bytes(node + t.LOCK_KEY, self._word(node, t.LOCK_KEY_BYTES))
        form = REC_NOT_GAP
        if kind & t.LOCK_INTENTION:  # named by the entry after the gap
            form = INSERT_INTENTION
            assert key is not None
            key = next((one for one, _ in self.entries(root, key)), None)
        return LockView(
            self._word(node, t.LOCK_CTX),
            node,
            root,
            key,
            bool(kind & t.LOCK_EXCLUSIVE),
            form,
            bool(kind & t.LOCK_WAITING),
        )

    def _interval(self, ctx: int, node: int) -> Iterator[LockView]:
        """An interval, entry by entry: those in it, and the one that ends it."""
        kind, root = self._word(node, t.GAP_KIND), self._word(node, t.GAP_ROOT)
        low_bytes = self._word(node, t.GAP_LOW_BYTES)
        high_bytes = self._word(node, t.GAP_HIGH_BYTES)
        low = self._bytes(self._word(node, t.GAP_LOW), max(low_bytes, 0))
        high = self._bytes(self._word(node, t.GAP_HIGH), max(high_bytes, 0))
        exclusive = bool(kind & t.LOCK_EXCLUSIVE)
        for key, _ in islice(self.entries(root, low), LISTED_MAX):
            if key == low and low_bytes >= 0:
                continue
            if high_bytes >= 0 and key >= high:
                held = key == high and kind & t.GAP_HIGH_RECORD
                yield LockView(ctx, node, root, key, exclusive, "" if held else GAP)
                return
            yield LockView(ctx, node, root, key, exclusive, "")
        yield LockView(ctx, node, root, None, exclusive, "")
