"""The failpoints of this package, by name (`redo.failpoints`).

What was logged before the mini-transaction that is under way becomes durable first, so each death
leaves behind exactly the state its name promises (`failpoint_kernels`).
"""

from __future__ import annotations

from typing import Final

from redo import failpoints

PAGE_ALLOCATE: Final = 16
PAGE_FREE: Final = 17
SPLIT: Final = 18
ROOT_PUSH: Final = 19
MERGE: Final = 20
ROOT_COLLAPSE: Final = 21
OVERFLOW_WRITE: Final = 22
OVERFLOW_FREE: Final = 23
UNDO_PAGE: Final = 24
ROW_CHANGE: Final = 25
COMMIT_BEFORE: Final = 26
COMMIT_AFTER: Final = 27
ROLLBACK_ROW: Final = 28
ROLLBACK_END: Final = 29
PURGE_ROW: Final = 30
PURGE_IMAGE: Final = 31
PURGE_PAGE: Final = 32
DDL_BEFORE: Final = 33
DDL_AFTER: Final = 34
DDL_BUILD: Final = 35
DDL_FREE: Final = 36
DDL_FOLLOW: Final = 37
CHAIN_WRITE: Final = 38
CHAIN_FREE: Final = 39
CHAIN_PATCH: Final = 40
DDL_INSTANT: Final = 41
DDL_GONE: Final = 42
DDL_GOING: Final = 43

POINTS: Final[dict[str, int]] = failpoints.POINTS | {
    "page.allocate": PAGE_ALLOCATE,  #: a page is taken from the free chain or the end
    "page.free": PAGE_FREE,  #: a page is about to enter the free chain
    "split": SPLIT,  #: the new right page is linked, its parent knows nothing of it
    "root.push": ROOT_PUSH,  #: a root has got a level more
    "merge": MERGE,  #: cells have moved to the left page, the parent still has both
    "root.collapse": ROOT_COLLAPSE,  #: a root has taken over its only child's cells
    "overflow.write": OVERFLOW_WRITE,  #: a page of a chain is written
    "overflow.free": OVERFLOW_FREE,  #: a page of a chain is freed
    "undo.page": UNDO_PAGE,  #: the undo stream has got a new tail
    "row.change": ROW_CHANGE,  #: undo and leaf are changed, indexes are not
    "commit.before": COMMIT_BEFORE,  #: everything is logged but the end of the transaction
    "commit.after": COMMIT_AFTER,  #: committed and durable, nobody has been told
    "rollback.row": ROLLBACK_ROW,  #: one record is undone
    "rollback.end": ROLLBACK_END,  #: all are undone, the slot is still taken
    "purge.row": PURGE_ROW,  #: one record's leavings are removed
    "purge.image": PURGE_IMAGE,  #: the overflow pages of one record are freed
    "purge.page": PURGE_PAGE,  #: one undo page is freed
    "ddl.before": DDL_BEFORE,  #: a change of the dictionary is about to be logged
    "ddl.after": DDL_AFTER,  #: it is durable, nobody has been told
    "ddl.instant": DDL_INSTANT,  #: it was a definition whose rows stay as they are
    "ddl.gone": DDL_GONE,  #: it was a database that is dropped, its tables are all in the tree
    "ddl.going": DDL_GOING,  #: it was some of the tables of a database that has been dropped
    "ddl.build": DDL_BUILD,  #: some leaves of an index being built are written
    "ddl.free": DDL_FREE,  #: a part of a dropped tree is freed
    "ddl.follow": DDL_FOLLOW,  #: an entry of a row changed meanwhile is in an index being built
    "chain.write": CHAIN_WRITE,  #: some pages of a long value are written, its row is not
    "chain.patch": CHAIN_PATCH,  #: a chain has the patches of a row that has not
    "chain.free": CHAIN_FREE,  #: some pages of a chain that nobody has any more are freed
}
