"""Whether the volume takes log: who changes data waits here while it does not, and nobody else.

Without a write quorum of copies nothing that is written becomes durable. Statements that change
data then wait before they begin, and long ones in the middle, at places where others may run: reads
go on, KILL works, and the log's ring keeps room for what has to be undone. Transactions that have
committed wait as always, each for its own end. All of them go on when a copy returns.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Final

from redo.reign import quorum_is_live
from redo.state import ST_NEXT_LSN, ST_PUBLISHED, ST_RING_BYTES, ST_VDL

if TYPE_CHECKING:
    from mysqlcompat.session_state import SessionState
    from redo.arena import Words
    from redo.control import Control
    from redo.log import LogWriter

#: In the process list.
NO_QUORUM: Final = "waiting for storage quorum"
NO_ROOM: Final = "waiting for room in the log"
NO_FRAMES: Final = "waiting for pages to become durable"
SILENCE_S: Final = 2.0  #: copies that acknowledge nothing for so long are no quorum
_BEGIN_EIGHTHS: Final = 2  #: of the ring that may wait for copies when a change begins or goes on
_COMMIT_EIGHTHS: Final = 5  #: and when one commits: less than what a mini-transaction needs is left


class WriteGate:
    """The gate of one node.

    durable   done as soon as VDL is at an LSN
    changed   called when the gate has opened or closed
    """

    def __init__(
        self,
        control: Control,
        st: Words,
        durable: Callable[[int], Awaitable[None]],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.closed = False
        self._control = control
        self._st = st
        self._durable = durable
        self._changed = changed
        self._behind: tuple[int, float] | None = None  #: VDL that stands still, since when
        self._waiting: list[asyncio.Future[None]] = []

    def look(self) -> None:
        """Open or close; several times a second, with a VDL that is up to date."""
        vdl, now_s = int(self._st[ST_VDL]), time.monotonic()
        if vdl >= int(self._st[ST_PUBLISHED]):
            self._behind = None
        elif self._behind is None or self._behind[0] != vdl:
            self._behind = vdl, now_s
        silent = self._behind is not None and now_s - self._behind[1] > SILENCE_S
        closed = silent or not quorum_is_live(self._control)
        if closed == self.closed:
            return
        self.closed = closed
        self._changed()
        if not closed:
            waiting, self._waiting = self._waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    def _room_lsn(self, eighths: int) -> int:
        """Where VDL must be for so much of the ring to be enough."""
        return int(self._st[ST_NEXT_LSN]) - int(self._st[ST_RING_BYTES]) * eighths // 8

    async def admitted(self, session: SessionState) -> None:
        """A statement may change data, or go on with that."""
        while self.closed or self._room_lsn(_BEGIN_EIGHTHS) > self._st[ST_VDL]:
            await self._wait(session)

    async def log_room(self, session: SessionState, log: LogWriter) -> None:
        """The answer to E_LOG_FULL: publish (all there is to do when only the batch was full), and
        wait for what is too much."""
        log.publish()
        log.advance()
        await self.until(session, log.room_lsn)
        await self.admitted(session)

    async def room_for_commit(self) -> None:
        """There is room for the mark of a commit."""
        while self._room_lsn(_COMMIT_EIGHTHS) > self._st[ST_VDL]:
            await self._durable(self._room_lsn(_COMMIT_EIGHTHS))

    async def _wait(self, session: SessionState) -> None:
        if not self.closed:
            await self.until(session, self._room_lsn(_BEGIN_EIGHTHS))
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        before, session.own_stage = session.own_stage, NO_QUORUM
        try:
            await future
        finally:
            session.own_stage = before

    async def until(self, session: SessionState, lsn: int, stage: str = NO_ROOM) -> None:
        """There is room, in the log or (NO_FRAMES) in the pool, as soon as VDL is here."""
        before, session.own_stage = session.own_stage, stage
        try:
            await self._durable(lsn)
        finally:
            session.own_stage = before

    async def undone(self, session: SessionState, steps: Iterator[int]) -> None:
        """Go through with `Engine.undoing`, while others run; whoever breaks it off has to wait."""
        broken_off: asyncio.CancelledError | None = None
        for lsn in steps:
            try:
                if lsn:
                    await self.until(session, lsn)
                else:
                    await asyncio.sleep(0)
            except asyncio.CancelledError as error:
                broken_off = error
        if broken_off is not None:
            raise broken_off
