"""ALGORITHM= and LOCK=: what MySQL needs for an alteration, and says of asking for less.

The clauses are promises about how long others wait, so they are checked as MySQL checks them, even
where this engine does more at once: whoever writes ALGORITHM=INSTANT wants an error, not a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from btree.schema import Column, TypeKind
from mysqlcompat.ddl.alteration import Alteration, same_lanes
from mysqlcompat.errors import SqlError
from mysqlcompat.sql import alter_actions as act
from mysqlcompat.wire import charsets

INSTANT: Final = 0
INPLACE: Final = 1
COPY: Final = 2
_SHORT_BYTES: Final = 255  #: longest value whose length MySQL keeps in one byte
_TYPE: Final = "Cannot change column type INPLACE"
_TYPE_INSTANT: Final = "Need to rebuild the table to change column type"
_PRIMARY: Final = "Dropping a primary key is not allowed without also adding a new primary key"
_VIRTUAL_AND_INDEX: Final = "ADD COLUMN col...VIRTUAL, ADD INDEX(col)"
_COMBINED: Final = (
    "INPLACE ADD or DROP of virtual columns cannot be combined with other ALTER TABLE actions"
)
_COUNTER: Final = "Adding an auto-increment column requires a lock"


@dataclass(frozen=True, slots=True)
class Need:
    """The least MySQL does.

    level     INSTANT, INPLACE, COPY
    reason    why not INPLACE; "" when nothing particular is said
    instant   why not INSTANT
    shared    others may not write meanwhile, though it is INPLACE: why
    """

    level: int
    reason: str = ""
    instant: str = ""
    shared: str = ""


def needed(made: Alteration, actions: Sequence[act.Action]) -> Need:
    """What MySQL needs for an alteration."""
    if any(index.primary for index in made.dropped_indexes) and made.new.has_row_id:
        return Need(COPY, _PRIMARY, _PRIMARY)
    changed = made.changed_columns()
    keyed = {part.column for index in made.old.indexes for part in index.parts}
    if any(
        _is_copied(before, after)
        or (before.name in keyed and before.type.collation != after.type.collation)
        for before, after in changed
    ):
        return Need(COPY, _TYPE, _TYPE_INSTANT)
    if made.order_by:
        return Need(COPY)
    added = [new for new, s in zip(made.new.columns, made.sources, strict=True) if s < 0]
    if any(column.hidden for column in added):
        keys = (act.AddIndex, act.DropIndexAction)
        others = any(not isinstance(action, keys) for action in actions)
        if others or any(index.unique for index in made.added_indexes):  # which sorts before others
            return Need(COPY, _COMBINED, _COMBINED)
        return Need(INPLACE, instant=_VIRTUAL_AND_INDEX, shared=_VIRTUAL_AND_INDEX)
    if any(column.generated_stored or column.has_default_expression for column in added):
        return Need(COPY)
    if any(column.auto_increment for column in added):
        return Need(INPLACE, shared=_COUNTER)
    return Need(INPLACE if _is_inplace(made, actions, changed) else INSTANT)


def _is_inplace(
    made: Alteration, actions: Sequence[act.Action], changed: list[tuple[Column, Column]]
) -> bool:
    quick = (act.AddColumn, act.DropColumn, act.ChangeColumn, act.RenameColumn, act.SetDefault,
             act.SetColumnVisible, act.RenameTo)  # fmt: skip
    if not all(isinstance(action, quick) for action in actions):
        return True
    if made.added_indexes or made.dropped_indexes:
        return True
    kept = [number for number in made.sources if number >= 0]
    if kept != sorted(kept):
        return True
    return any(
        before.nullable != after.nullable
        or (before.type != after.type and before.type.kind not in (TypeKind.ENUM, TypeKind.SET))
        for before, after in changed
    )


def _is_copied(before: Column, after: Column) -> bool:
    """Whether MySQL writes all rows anew for a changed column."""
    old, new = before.type, after.type
    if not same_lanes(old, new):
        return True
    if old.kind in (TypeKind.CHAR, TypeKind.BIT):
        return old.length != new.length
    if old.kind is TypeKind.ENUM:
        return len(old.members) < 256 <= len(new.members)
    if old.kind is TypeKind.SET:
        return (len(old.members) + 7) // 8 != (len(new.members) + 7) // 8
    if old.kind in (TypeKind.VARCHAR, TypeKind.VARBINARY):
        width = charsets.CHARACTER_SETS[old.charset].max_bytes if old.charset else 1
        return width * old.length <= _SHORT_BYTES < width * new.length
    return before.auto_increment != after.auto_increment and after.auto_increment


def check(statement: act.AlterTable, need: Need) -> None:
    """ERROR 1221, 1845, 1846 when the statement asks for less than is needed."""
    asked, lock = statement.algorithm, statement.lock
    if asked == "INSTANT":
        if lock != "DEFAULT":
            raise SqlError(1221, "ALGORITHM=INSTANT", "LOCK=NONE/SHARED/EXCLUSIVE")
        if need.level > INSTANT:
            _refuse("ALGORITHM=INSTANT", need.instant, "ALGORITHM=COPY/INPLACE")
    if asked == "INPLACE" and need.level == COPY:
        _refuse("ALGORITHM=INPLACE", need.reason, "ALGORITHM=COPY")
    if lock == "NONE":
        if asked == "COPY":
            _refuse("LOCK=NONE", "COPY algorithm requires a lock", "LOCK=SHARED")
        if need.level == COPY:
            _refuse("LOCK=NONE", need.reason, "LOCK=SHARED")
        if need.shared:
            _refuse("LOCK=NONE", need.shared, "LOCK=SHARED")


def _refuse(what: str, reason: str, instead: str) -> None:
    if reason:
        raise SqlError(1846, what, reason, instead)
    raise SqlError(1845, what, instead)
