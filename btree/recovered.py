"""Transactions that a crash or failover cut off: adopted at open, rolled back in the background.

Their slots on the system pages say who they are. Each gets a context, so that its rows are locked
and invisible like those of any active transaction while everybody else goes on. Their newest undo
records are then found by one walk over the undo stream, a page at a time, and undone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from btree import rollback_kernels, txn_kernels, undo_kernels
from btree.state import ST_ACTIVE_COUNT
from btree.txn_layout import (
    CTX_FLAGS,
    CTX_RECOVERED,
    CTX_SLOT,
    SLOT_BYTES,
    SLOT_TRX,
    SLOTS_AT,
    SYS_NEXT_SLOTS,
    SYS_SLOT_COUNT,
    SYS_UNDO_HEAD,
    SYSTEM_PAGE,
)

if TYPE_CHECKING:
    from btree.engine import Engine


class RecoveredTransactions:
    """What is left to roll back of a node's former life."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._contexts: list[int] = []
        self._scan_page = 0  #: next undo page to look at, 0: all have been

    def __len__(self) -> int:
        return len(self._contexts)

    def adopt(self) -> None:
        """Give every transaction that has a slot a context, oldest first."""
        engine = self._engine
        assert engine.st[ST_ACTIVE_COUNT] == 0
        for trx_id, slot in sorted(self._slots()):
            ctx = engine.open_context()
            engine.words(ctx + CTX_SLOT, 1)[0] = slot
            engine.words(ctx + CTX_FLAGS, 1)[0] = CTX_RECOVERED
            engine.ensure(engine.call(txn_kernels.txn_adopt, ctx, trx_id))
            self._contexts.append(ctx)
        if self._contexts:
            self._scan_page = engine.system_word(SYS_UNDO_HEAD) >> 16

    def _slots(self) -> list[tuple[int, int]]:
        """(trx id, slot) of every slot in use."""
        engine = self._engine
        found = []
        page_no = SYSTEM_PAGE
        while page_no:
            frame = engine.pool.fetch(page_no)
            for number in range(int(engine.words(frame + SYS_SLOT_COUNT, 1)[0])):
                at = SLOTS_AT + SLOT_BYTES * number
                trx_id = int(engine.words(frame + at + SLOT_TRX, 1)[0])
                if trx_id:
                    found.append((trx_id, page_no << 16 | at))
            page_no = int(engine.words(frame + SYS_NEXT_SLOTS, 1)[0])
        return found

    def step(self, rows: int) -> bool:
        """Look at one undo page, or undo up to `rows` records; whether there is more to do."""
        if not self._contexts:
            return False
        engine = self._engine
        if self._scan_page:
            scanned = engine.call(undo_kernels.undo_scan, self._scan_page)
            self._scan_page = engine.ensure(scanned)
            return True
        ctx = self._contexts[-1]
        undone = engine.call(rollback_kernels.rollback_step, ctx, 0, rows, 0)
        if engine.ensure(undone) == 0:
            engine.ensure(engine.call(txn_kernels.txn_rolled_back, ctx))
            engine.locks.wake()
            self._contexts.pop()
            engine.close_context(ctx)
        return True
