"""Keys of a table: their columns checked, their names made up, in MySQL's order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from btree.schema import BLOB_KINDS, TEXT_KINDS, Column, Index, IndexPart, TypeKind
from mysqlcompat.errors import SqlError
from mysqlcompat.sql.statements import IndexDefinition, KeyPart
from mysqlcompat.wire import charsets

MAX_KEY_BYTES: Final = 3072
MAX_INDEXES: Final = 64
_NEEDS_LENGTH: Final = frozenset(
    {
        TypeKind.TINYTEXT, TypeKind.TEXT, TypeKind.MEDIUMTEXT, TypeKind.LONGTEXT, TypeKind.TINYBLOB,
        TypeKind.BLOB, TypeKind.MEDIUMBLOB, TypeKind.LONGBLOB,
    }
)  # fmt: skip


def make_indexes(
    columns: Sequence[Column], definitions: Iterable[IndexDefinition]
) -> tuple[Index, ...]:
    """All keys of a new table: PRIMARY first, then unique ones (NOT NULL before nullable), then the
    rest, each group as written."""
    by_name = {column.name.casefold(): column for column in columns}
    made: list[Index] = []
    taken: set[str] = set()
    given = list(needed(definitions))
    for definition in given:
        if definition.kind == "primary":
            if "primary" in taken:
                raise SqlError(1068)
            taken.add("primary")
        elif definition.name is not None:
            _claim(definition.name, taken)
    if len(given) > MAX_INDEXES:
        raise SqlError(1069, MAX_INDEXES)
    for definition in given:
        made.append(make_index(by_name, definition, taken))
    return in_order(columns, made)


def needed(definitions: Iterable[IndexDefinition]) -> list[IndexDefinition]:
    """The definitions without those for foreign keys which another key serves as well."""
    given = list(definitions)
    kept: list[IndexDefinition] = []
    for place, definition in enumerate(given):
        others = [*kept, *given[place + 1 :]]
        served = any(
            _serves(other, definition)
            and (
                number < len(kept)
                or other.kind != "foreign"
                or len(other.parts) > len(definition.parts)
            )
            for number, other in enumerate(others)
        )
        if definition.kind != "foreign" or not served:
            kept.append(definition)
    return kept


def _serves(index: IndexDefinition, wanted: IndexDefinition) -> bool:
    """Whether an index begins with the whole columns another is wanted for."""
    parts = [(part.column.casefold(), part.length) for part in index.parts]
    return parts[: len(wanted.parts)] == [(part.column.casefold(), None) for part in wanted.parts]


def in_order(columns: Iterable[Column], indexes: Iterable[Index]) -> tuple[Index, ...]:
    """The indexes as MySQL sorts them."""
    by_name = {column.name.casefold(): column for column in columns}
    return tuple(sorted(indexes, key=lambda index: _rank(index, by_name)))


def warn_of_duplicates(
    new: Iterable[Index],
    existing: Iterable[Index],
    table: str,
    warn: Callable[[int, str, str], None],
) -> int:
    """Warning 1831 for each index over the same parts as one before it, other than the primary key;
    how many."""
    seen = [(index.parts, index.unique) for index in existing if not index.primary]
    count = 0
    for index in (one for one in new if not one.primary):
        key = (index.parts, index.unique)
        if key in seen:
            count += 1
            message = (
                f"Duplicate index '{index.name}' defined on the table '{table}'. This is deprecated"
                " and will be disallowed in a future release."
            )
            warn(1831, message, "Warning")
        seen.append(key)
    return count


def _claim(name: str, taken: set[str]) -> None:
    if name.casefold() == "primary":
        raise SqlError(1280, name)
    if name.casefold() in taken:
        raise SqlError(1061, name)
    taken.add(name.casefold())


def _rank(index: Index, columns: dict[str, Column]) -> tuple[int, bool]:
    """The primary key, unique ones (without NULL first), others; of each kind those with virtual
    columns or functional parts last."""
    if index.primary:
        return 0, False
    parts = [columns[part.column.casefold()] for part in index.parts]
    is_virtual = any(one.generated is not None and not one.generated_stored for one in parts)
    if not index.unique:
        return 3, is_virtual
    return 2 if any(one.nullable for one in parts) else 1, is_virtual


def add_index(columns: Sequence[Column], existing: Iterable[Index], new: IndexDefinition) -> Index:
    """A key for a table that is there already."""
    taken = {index.name.casefold() for index in existing}
    if new.name is not None:
        _claim(new.name, taken)
    return make_index({column.name.casefold(): column for column in columns}, new, taken)


def make_index(columns: dict[str, Column], definition: IndexDefinition, taken: set[str]) -> Index:
    """One key; its made-up name joins `taken`."""
    parts: list[IndexPart] = []
    seen: set[str] = set()
    size = 0
    for part in definition.parts:
        column = columns.get(part.column.casefold())
        if column is None:
            raise SqlError(1072, part.column)
        if column.name.casefold() in seen:
            raise SqlError(1060, column.name)
        seen.add(column.name.casefold())
        length = _prefix(column, part)
        size += _key_bytes(column, length)
        parts.append(IndexPart(column.name, length, part.descending))
        if definition.kind == "primary" and column.nullable and not _may_become_not_null(column):
            raise SqlError(1171)
    if size > MAX_KEY_BYTES:
        raise SqlError(1071, MAX_KEY_BYTES)
    if definition.kind == "primary":
        if definition.invisible:
            raise SqlError(3522)
        name = "PRIMARY"
    else:
        name = definition.name or _free_name(parts[0].column, taken)
        taken.add(name.casefold())
    return Index(
        name,
        tuple(parts),
        unique=definition.kind in ("primary", "unique"),
        primary=definition.kind == "primary",
        comment=definition.comment,
        invisible=definition.invisible,
        generated=definition.kind == "foreign",
    )


def _may_become_not_null(column: Column) -> bool:
    """An explicit NULL was refused before (1171); anything else turns NOT NULL silently."""
    return True


def _free_name(column: str, taken: set[str]) -> str:
    """The column's name, then name_2, name_3 …"""
    name, number = column, 1
    while name.casefold() in taken or name.casefold() == "primary":
        number += 1
        name = f"{column}_{number}"
    return name


def _prefix(column: Column, part: KeyPart) -> int:
    """Length of the part's prefix, 0 for the whole column."""
    kind, length = column.type.kind, part.length
    if kind is TypeKind.JSON:
        raise SqlError(3152, column.name)
    if kind in _NEEDS_LENGTH:
        if length is None:
            raise SqlError(1170, column.name)
        return length
    if length is None:
        return 0
    if kind not in TEXT_KINDS and kind not in BLOB_KINDS:
        raise SqlError(1089)
    if length > column.type.length:
        raise SqlError(1089)
    return 0 if length == column.type.length else length


def _key_bytes(column: Column, prefix: int) -> int:
    type_ = column.array or column.type
    if type_.kind in TEXT_KINDS:
        return (prefix or type_.length) * charsets.CHARACTER_SETS[type_.charset].max_bytes
    if type_.kind in BLOB_KINDS:
        return prefix or type_.length
    return 8
