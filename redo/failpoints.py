"""Failpoints: named places at which a process can be made to die, as by kill -9, for crash tests.

A place in a kernel compares its number with ``st[ST_FAILPOINT]``: one load while nothing is armed.
Nothing a client says arms one. A test that owns the engine calls `arm`; a server process looks at
start whether MYSQLCOMPAT_FAILPOINT names a file, takes "name" or "name hits" from it and removes
it, so the process that is started after its death lives.

`POINTS` has those of this package; `btree.failpoints` adds its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from redo.arena import Words
from redo.state import ST_FAILPOINT, ST_FAILPOINT_HITS

VARIABLE: Final = "MYSQLCOMPAT_FAILPOINT"

PUBLISH_SEALED: Final = 1
PUBLISH_BATCH: Final = 2
PUBLISH_DONE: Final = 3

POINTS: Final[dict[str, int]] = {
    "publish.sealed": PUBLISH_SEALED,  #: header written, nobody knows of the batch
    "publish.batch": PUBLISH_BATCH,  #: the batch is named, but not published
    "publish.done": PUBLISH_DONE,  #: published, copies not woken
}


def arm(st: Words, number: int, hits: int = 1) -> None:
    """Let this node die when it comes to the place for the `hits`-th time."""
    st[ST_FAILPOINT_HITS] = hits
    st[ST_FAILPOINT] = number


def arm_from_file(st: Words, points: Mapping[str, int]) -> None:
    """Arm what the file named by MYSQLCOMPAT_FAILPOINT asks for, once. Raises KeyError."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    try:
        with open(path, encoding="utf-8") as file:
            name, _, hits = file.read().strip().partition(" ")
        os.unlink(path)
    except FileNotFoundError:
        return
    arm(st, points[name], int(hits or 1))
