"""Byte tables of foreign keys: what a table's keys look like to kernels, and the cascade stack.

::

    FOREIGN BLOCK OF A TABLE (words; `TABLE_FOREIGN` of its directory entry names it)
    0   keys it has (it is the child)
    1   keys that name it (it is the parent)
    2   KEY_WORDS each: those it has, then those that name it

    KEY
    0   child table id       4   parent descriptor, 0: none       8   ON UPDATE, ACT_…
    1   its number there     5   parent index: unique over them   9   at: child's column numbers
    2   child descriptor     6   columns                          10  at: parent's column numbers
    3   child index          7   ON DELETE, ACT_…

    CASCADE STACK (a context's, `CTX_CASCADE_AT`)
    0       offset of the frame on top
    64      frames: a row has changed, and the keys that name its table are gone through

    FRAME (8-byte aligned)
    0   offset of the frame below, 0: none    24  descriptor of the row's table
    8   CHANGE_DELETE or CHANGE_UPDATE        32  key that is being gone through
    16  how many frames are below             40  where its prefix is, from the frame's start
    48  bytes of `last`, -1: no child yet     56  bytes of `own`
    64  own: the row's clustered key as it is now · last: entry of the last child done, each with
        room for the longest key · prefixes: for each key that names the table, eight bytes of
        length (-1: nothing to do), then the beginning of its children's entries
"""

from __future__ import annotations

from typing import Final

OWN_COUNT: Final = 0
NAMING_COUNT: Final = 8
KEYS_AT: Final = 16

K_CHILD_ID: Final = 0
K_NUMBER: Final = 8
K_CHILD: Final = 16
K_CHILD_INDEX: Final = 24
K_PARENT: Final = 32
K_PARENT_INDEX: Final = 40
K_COLUMNS: Final = 48
K_ON_DELETE: Final = 56
K_ON_UPDATE: Final = 64
K_CHILD_COLUMNS: Final = 72
K_PARENT_COLUMNS: Final = 80
KEY_WORDS: Final = 12
KEY_BYTES: Final = 8 * KEY_WORDS

ACT_RESTRICT: Final = 0  #: NO ACTION is the same: nothing is deferred
ACT_CASCADE: Final = 1
ACT_SET_NULL: Final = 2

STACK_TOP: Final = 0
STACK_AT: Final = 64

F_BELOW: Final = 0
F_CHANGE: Final = 8
F_DEPTH: Final = 16
F_TABLE: Final = 24
F_KEY: Final = 32
F_PREFIX: Final = 40
F_LAST_BYTES: Final = 48
F_OWN_BYTES: Final = 56
F_OWN: Final = 64

DEPTH_MAX: Final = 15  #: MySQL's limit of nested actions
