"""ReadEngine: btree's engine as of the applied LSN, and the applier that moves it forward.

Everything `Engine` offers for reading is offered here by the same object; a change of data ends
with E_READ_ONLY in its kernel. Apply and reads take turns on one thread, so whatever a kernel sees
within one call is of one LSN, and a transaction's read view keeps seeing it afterwards.
"""

from __future__ import annotations

from btree.engine import Engine
from redo.arena import Arena, Words
from redo.volume import Volume
from replicas.apply import Applier


class ReadEngine(Engine):
    """An engine that follows the writer's stream.

    arena, st    the node's; `st` as `redo.log.new_state` made it: read-only
    replica_no   0…15: this replica's words in the control block
    """

    def __init__(
        self, arena: Arena, st: Words, volume: Volume, pool_bytes: int, replica_no: int
    ) -> None:
        super().__init__(arena, st, None, volume, pool_bytes)
        self.applier = Applier(arena, st, replica_no, self.pool.clear)
        self.open()
        self._probe = self.open_context()
        self._limit = self.applier.purge_limit
        self._catalog_due = False
        self.is_settled = False  #: views may be opened: the writer leaves them what they need
        self.hold_views()

    def advance(self) -> bool:
        """Apply what became durable, a turn's worth; True when there is more already."""
        before = self.applier.applied
        more = self.applier.advance()
        self._catalog_due |= self.applier.applied != before
        if self._catalog_due:  # also when it could not be read the last time
            self.catalog.refresh()
            self._catalog_due = False
        return more

    def hold_views(self) -> None:
        """Tell the writer which versions must stay (C26): those a view open here, or opened from
        now on, may need. Call it several times a second; purge waits for it.
        """
        self.begin(self._probe)
        self.open_view(self._probe)
        low = self.oldest_view()[1]
        self.applier.hold(low)
        self.commit(self._probe)
        if not self.is_settled:
            self._settle_in(low)

    def _settle_in(self, low: int) -> None:
        """See whether `low` has come to what the writer had meant to purge before we came (A5).

        A new writer has not meant to purge anything yet; but then its predecessor's last log is to
        be applied first.
        """
        limit = min(self._limit, self.applier.purge_limit)
        self.is_settled = low >= limit == self._limit
        self._limit = limit
