"""What of the past must stay: each process says it in a word of its own in the control block.

A storage process says it for whom it serves (`Storage.pins`), in the word of its zone (one process
for all zones: that of the first). What comes from another host (an archiver beside the writer, or
the writer's host as a zone elsewhere sees it) has the word `FROM_AFAR`. A dead process's word stays
until its successor writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from redo.control import CTRL_PIN, Control
from redo.quorum import ZONES

FROM_AFAR: Final = len(ZONES)
_WORDS: Final = range(FROM_AFAR + 1)


def tell_pin(control: Control, who: int, lsn: int | None) -> None:
    """Log and states from `lsn` on must stay for `who` (a zone's number, FROM_AFAR); None: none."""
    control.put(CTRL_PIN + 8 * who, 0 if lsn is None else max(1, lsn))


def tell_pins(control: Control, who: int, pins: Mapping[str, int]) -> None:
    """The same for the lowest of several."""
    tell_pin(control, who, min(pins.values(), default=None))


def lowest_pin(control: Control) -> int:
    """From where on something must stay for somebody; 0: nobody needs anything."""
    said = (control.get(CTRL_PIN + 8 * who) for who in _WORDS)
    return min((lsn for lsn in said if lsn), default=0)
