"""The beginning of a writer's reign: earlier writers are fenced, and nothing published is lost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from redo.arena import RING_AT, Arena
from redo.control import (
    CTRL_EPOCH,
    CTRL_LAST_BATCH,
    CTRL_VDL,
    STATE_FILLING,
    STATE_LIVE,
    Control,
)
from redo.environment import Clock
from redo.errors import LogUnavailable, VolumeLost
from redo.log import Recovered
from redo.quorum import COPIES, can_write, copy_directory, volume_durable, with_epoch
from redo.record import BATCH_PREVIOUS_AT
from redo.state import FIRST_LSN
from redo.timeline import History

logger = logging.getLogger(__name__)

#: Epoch word when nobody may write. While a new writer is being let in it is minus the epoch of
#: what is published, which zones elsewhere are still told.
FENCED: Final = -1

_LOOK_S: Final = 0.1
_GIVE_WAY_S: Final = 0.005


class Reign(Protocol):
    """Who keeps the volume's history: all copies in this process, or the zones' processes."""

    def newest_history(self) -> History:
        """What the volume has been through."""
        ...

    def install(self, history: History, vdl: int) -> set[int]:
        """Make it durable; on which copies it is."""
        ...


def take_over(
    arena: Arena,
    clock: Clock,
    reign: Reign,
    timeout_s: float,
    wake: Callable[[], None],
    stopping: Callable[[], bool],
) -> Recovered:
    """Fence whoever wrote before and say where to go on. Raises LogUnavailable, VolumeLost.

    wake   wakes the copies' threads
    """
    control = Control(arena)
    control.put(CTRL_EPOCH, -abs(control.epoch) or FENCED)
    vdl = control.published
    deadline = clock.monotonic_s() + timeout_s
    while volume_durable(control.durable()) < vdl or not quorum_is_live(control):
        wake()
        if clock.monotonic_s() > deadline or stopping():
            raise LogUnavailable(
                f"no write quorum has the log up to LSN {vdl};"
                f" not there: {', '.join(missing_copies(control, vdl))}"
            )
        clock.sleep(0.001)
    last_batch = control.get(CTRL_LAST_BATCH)
    if last_batch >= vdl > FIRST_LSN:  # killed between the two words of a publish
        at = RING_AT + last_batch % arena.ring_bytes + BATCH_PREVIOUS_AT
        last_batch = int.from_bytes(arena.mem[at : at + 8].tobytes(), "little")
    control.put(CTRL_LAST_BATCH, last_batch)
    control.put(CTRL_VDL, vdl)
    history = reign.newest_history()
    epoch = history.latest_epoch + 1
    history = replace(history, epochs=with_epoch(history.epochs, epoch, vdl))
    done = reign.install(history, vdl)
    if not can_write([copy_no in done for copy_no in range(COPIES)]):
        raise VolumeLost(f"epoch {epoch} is on {len(done)} of 6 copies: too few")
    control.put(CTRL_EPOCH, epoch)
    logger.info("writer of epoch %d starts at %d", epoch, vdl)
    return Recovered(epoch, vdl, last_batch)


def look_until(
    look: Callable[[float], Recovered],
    clock: Clock,
    timeout_s: float,
    stopping: Callable[[], bool],
) -> Recovered:
    """What `look` gives, which waits for copies for the seconds it is told, and is called again.

    Raises LogUnavailable when it was in vain, VolumeLost.
    """
    deadline = clock.monotonic_s() + timeout_s
    while True:
        left_s = deadline - clock.monotonic_s()
        try:
            return look(min(left_s, _LOOK_S))
        except LogUnavailable:
            if left_s <= _LOOK_S or stopping():
                raise
        clock.sleep(_GIVE_WAY_S)


def quorum_is_live(control: Control) -> bool:
    """Do copies count that are a write quorum?"""
    return can_write([state in (STATE_LIVE, STATE_FILLING) for state in control.states()])


def missing_copies(control: Control, lsn: int) -> list[str]:
    """Copies that do not count, or do not have the log up to `lsn`."""
    states, durable = control.states(), control.durable()
    return [
        copy_directory(no)
        for no in range(COPIES)
        if states[no] not in (STATE_LIVE, STATE_FILLING) or durable[no] < lsn
    ]
