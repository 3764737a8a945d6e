"""Functional key parts: ``INDEX ((expression))``, each a hidden generated column of the table.

A part ``CAST(document AS type ARRAY)`` has several values: its column holds them all, and the index
has an entry for each (`btree.elements`). Hidden columns come after all others; they are named after
their index, go with it, and are written in no statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from sqlglot import exp

from btree.schema import Column, ColumnType, Index, Table, TypeKind
from mysqlcompat.ddl.checks import disallowed, named_column, printed
from mysqlcompat.ddl.derived_types import declared_type
from mysqlcompat.errors import SqlError, not_supported
from mysqlcompat.functions.key_parts import hidden_name
from mysqlcompat.sql import alter_actions as act
from mysqlcompat.sql.parse import parse_expression
from mysqlcompat.sql.statements import IndexDefinition, KeyPart
from mysqlcompat.sql.table_expressions import (
    ARRAY_END,
    array_cast,
    resolve_over,
)
from mysqlcompat.sql.tokens import Kind, tokenize
from mysqlcompat.sqltypes import Class

_CLAUSE: Final = "functional index"
_NAME: Final = "functional_index"
_LONGEST_BYTES: Final = 65535
#: What stored elements may take: `elements` bounds them far below.
_ARRAY_TYPE: Final = ColumnType(
    TypeKind.VARBINARY, _LONGEST_BYTES, charset="binary", collation="binary"
)
_LOBS: Final = frozenset(
    {
        TypeKind.TINYTEXT, TypeKind.TEXT, TypeKind.MEDIUMTEXT, TypeKind.LONGTEXT, TypeKind.TINYBLOB,
        TypeKind.BLOB, TypeKind.MEDIUMBLOB, TypeKind.LONGBLOB,
    }
)  # fmt: skip


def is_functional(definition: IndexDefinition) -> bool:
    return any(part.expression for part in definition.parts)


def with_hidden(
    table: Table, definitions: Iterable[IndexDefinition], sql_mode: frozenset[str]
) -> tuple[tuple[Column, ...], list[IndexDefinition]]:
    """Hidden columns for functional parts of new keys, and the keys over them.

    table  whose columns the expressions may name; names of its indexes are taken
    Raises 3753, 3756, 3757, 3758, 3761, 3762, 1054, 1235 …
    """
    given = list(definitions)
    taken = {index.name.casefold() for index in table.indexes}
    taken |= {one.name.casefold() for one in given if one.name is not None}
    columns: list[Column] = []
    made: list[IndexDefinition] = []
    for definition in given:
        if is_functional(definition):
            if definition.kind == "primary":
                raise SqlError(3756)
            name = definition.name or _free_name(definition.parts[0].column or _NAME, taken)
            taken.add(name.casefold())
            parts = []
            for number, part in enumerate(definition.parts):
                if part.expression:
                    column = _column(table, name, number, part, sql_mode)
                    columns.append(column)
                    part = replace(part, column=column.name)
                parts.append(part)
            _check_arrays(columns, parts)
            definition = replace(definition, name=name, parts=tuple(parts))
        made.append(definition)
    return tuple(columns), made


def of_actions(
    old: Table, new: Table, actions: Sequence[act.Action], sql_mode: frozenset[str]
) -> tuple[tuple[Column, ...], list[act.Action]]:
    """The same for the keys that ALTER TABLE adds: hidden columns, and the actions over them."""
    added = [one.index for one in actions if isinstance(one, act.AddIndex)]
    if not any(map(is_functional, added)):
        return (), list(actions)
    dropped = {one.name.casefold() for one in actions if isinstance(one, act.DropIndexAction)}
    stays = tuple(index for index in old.indexes if index.name.casefold() not in dropped)
    columns, definitions = with_hidden(replace(new, indexes=stays), added, sql_mode)
    following = iter(definitions)
    return columns, [
        replace(one, index=next(following)) if isinstance(one, act.AddIndex) else one
        for one in actions
    ]


def _free_name(base: str, taken: set[str]) -> str:
    name, number = base, 1
    while name.casefold() in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def _check_arrays(columns: Sequence[Column], parts: Sequence[KeyPart]) -> None:
    arrays = {column.name for column in columns if column.array is not None}
    found = [part for part in parts if part.column in arrays]
    if len(found) > 1:
        raise not_supported("more than one multi-valued key part per index")
    if any(part.descending for part in found):
        raise SqlError(1221, "multi-valued index", "explicit index order")


def _column(
    table: Table, index: str, number: int, part: KeyPart, sql_mode: frozenset[str]
) -> Column:
    source, is_array = _without_array(part.expression)
    tree = parse_expression(source, sql_mode).tree
    bare = tree
    while isinstance(bare, exp.Paren):
        bare = bare.this
    if isinstance(bare, exp.Column):
        named_column(table, bare, _missing)
        raise SqlError(3762)
    for _ in disallowed(tree):
        raise SqlError(3758, index)
    for node in tree.walk():
        if isinstance(node, exp.Column):
            named = named_column(table, node, _missing)
            if named.hidden:
                raise _missing(named.name)
            if named.auto_increment:
                raise SqlError(3754, index)
    name = hidden_name(index, number)
    text = printed(table, tree, _missing)
    if is_array:
        cast, _, kind = text.rpartition(" as ")
        kind = kind.removesuffix(")").removesuffix(" charset utf8mb4").replace(",", ", ")
        text = f"{cast} as {kind}{ARRAY_END}"
    return typed(table, Column(name, _ARRAY_TYPE, invisible=True, generated=text, hidden=True))


def _missing(shown: str) -> SqlError:
    return SqlError(1054, shown, _CLAUSE)


def _without_array(source: str) -> tuple[str, bool]:
    """The expression without the word ARRAY of a cast that is all of it."""
    tokens = tokenize(source)[:-1]
    words = [token for token in tokens if token.kind is Kind.WORD and token.value == "ARRAY"]
    if not words:
        return source, False
    (word,) = words[:1]
    is_last = len(tokens) > 2 and tokens[-2] == word
    if tokens[0].value != "CAST" or not is_last or len(words) > 1:
        raise not_supported(
            "Use of CAST( .. AS .. ARRAY) outside of functional index in CREATE(non-SELECT)/ALTER"
            " TABLE or in general expressions"
        )
    return source[: word.start] + source[word.end :], True


def typed(table: Table, column: Column) -> Column:
    """A hidden column with the type its expression has now."""
    assert column.generated is not None
    if array_cast(column.generated) is not None:
        return replace(column, array=_element_type(table, column.generated))
    value = resolve_over(column.generated, table)
    if value.type.cls is Class.JSON:
        raise SqlError(3753)
    made = declared_type(value.type)
    bytes_most = made.length * (4 if made.is_text else 1)
    if made.kind in _LOBS or bytes_most > _LONGEST_BYTES:
        raise SqlError(3757)
    return replace(column, type=made)


def _element_type(table: Table, text: str) -> ColumnType:
    """The type of the elements of an array; ERROR 1235 for what MySQL has no arrays of."""
    value = resolve_over(text, table)
    made = declared_type(value.type)
    kind = value.type.kind
    if value.type.cls is Class.JSON:
        raise not_supported("CAST-ing data to array of JSON")
    if kind in (TypeKind.FLOAT, TypeKind.DOUBLE, TypeKind.YEAR):
        raise not_supported(f"CAST-ing data to array of {kind.name}")
    if value.type.cls is Class.STRING:
        if "(" not in text.rpartition(" as ")[2]:
            raise not_supported("CAST-ing data to array of char/binary BLOBs")
        if made.is_text:
            return replace(made, charset="utf8mb4", collation="utf8mb4_0900_bin")
    if made.is_integer:
        return ColumnType(TypeKind.BIGINT, unsigned=made.unsigned)
    return made


def of_indexes(table: Table, indexes: Iterable[Index]) -> set[str]:
    """Names of the hidden columns of indexes."""
    named = {part.column for index in indexes for part in index.parts}
    return {column.name for column in table.columns if column.hidden and column.name in named}
