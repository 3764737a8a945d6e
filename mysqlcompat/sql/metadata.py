"""Column definitions: what MySQL tells a client about the columns of a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from btree.schema import Column, Table, TypeKind
from mysqlcompat.results import ColumnDef
from mysqlcompat.sql.branches import branches_of, without_casts
from mysqlcompat.sql.describe import rolled_group
from mysqlcompat.sql.padded import column_of
from mysqlcompat.sql.stored_groups import is_grouped_aside
from mysqlcompat.sql.typed import (
    Aggregate,
    Call,
    ColumnRef,
    Expression,
    Item,
    Literal,
    Select,
    Source,
    has_aggregate,
    is_constant,
)
from mysqlcompat.sqltypes import (
    BINARY,
    BINARY_FLAG,
    BLOB_FLAG,
    ENUM_FLAG,
    NOT_NULL_FLAG,
    SET_FLAG,
    Class,
    SqlType,
    bytes_per_character,
    column_type,
    wire_code,
    wire_flags,
)
from mysqlcompat.wire.charsets import COLLATIONS

PRIMARY_FLAG: Final = 2
UNIQUE_FLAG: Final = 4
MULTIPLE_FLAG: Final = 8
ZEROFILL_FLAG: Final = 64
AUTO_INCREMENT_FLAG: Final = 512
TIMESTAMP_FLAG: Final = 1024
NO_DEFAULT_FLAG: Final = 4096
ON_UPDATE_FLAG: Final = 8192
PART_OF_KEY_FLAG: Final = 16384
_MEDIUM_BLOB, _LONG_BLOB = 250, 251  #: long strings of expressions; those of columns are BLOB
_BIGINT_DIGITS: Final = 10  #: of integers for which a temporary table has a BIGINT
_LONGEST_STORED: Final = 512  #: characters of a text that is no TEXT there
_VAR_STRING: Final = 253
_CHAR: Final = 254
_MEMBER_CODES: Final = {TypeKind.ENUM: 247, TypeKind.SET: 248}
#: Functions that are what the one of their arguments is that is not NULL.
_CHOOSING: Final = ("if", "case", "ifnull", "coalesce", "any_value", "greatest", "least")
_BINARY_ID = 63
_IDS = {collation.name: number for number, collation in COLLATIONS.items()}
_BLOB_KINDS = frozenset(range(TypeKind.TINYTEXT, TypeKind.LONGBLOB + 1))
_TEXT_KINDS = frozenset(range(TypeKind.TINYTEXT, TypeKind.LONGTEXT + 1))


def column_def(item: Item, sources: Sequence[Source]) -> ColumnDef:
    """Definition of one output column of a statement over `sources`."""
    expression = column_of(item.expression)
    if not isinstance(expression, ColumnRef) or not item.org_name:
        made = of_type(item.name, expression.type)
        return replace(made, wire_type=_member_code(expression) or made.wire_type)
    table = sources[expression.table_no].table
    column = table.columns[expression.column_no]
    made = of_column(table, column, item.name, item.table)
    if expression.type.nullable and not column.nullable:  # of a table that may have no row
        return replace(made, flags=made.flags & ~NOT_NULL_FLAG)
    return made


def _member_code(expression: Expression) -> int:
    """What MySQL calls a text that is an ENUM's or a SET's and no other, although it is none any
    more; 0: it is something else. The least and the greatest of a column are called CHAR."""
    if isinstance(expression, Aggregate) and expression.function in ("min", "max"):
        (arg,) = expression.args
        return _CHAR if arg.type.kind in _MEMBER_CODES else _member_code(arg)
    if not isinstance(expression, Call) or expression.function.name not in _CHOOSING:
        return 0
    rolled = rolled_group(expression)
    if rolled is not None:
        return _member_code(rolled[0])
    numbers = branches_of(expression) or range(len(expression.args))
    branches = [without_casts(expression.args[number]) for number in numbers]
    chosen = [one for one in branches if not (isinstance(one, Literal) and one.value is None)]
    if len(chosen) != 1:
        return 0
    if isinstance(chosen[0], Aggregate) and chosen[0].function in ("min", "max"):
        chosen = list(chosen[0].args)
    return _MEMBER_CODES.get(chosen[0].type.kind, 0) or _member_code(chosen[0])


def result_columns(select: Select) -> tuple[ColumnDef, ...]:
    """Definitions of a SELECT's columns, in order. Rows that MySQL groups in a temporary table come
    with the definitions of that table's columns."""
    if not is_grouped_aside(select):
        return tuple(column_def(item, select.tables) for item in select.items)
    return tuple(
        _of_stored(item, select.tables) if _is_stored(item) else column_def(item, select.tables)
        for item in select.items
    )


def _is_stored(item: Item) -> bool:
    """Whether a temporary table holds the value: columns are known by their own table's."""
    expression = column_of(item.expression)
    if isinstance(expression, ColumnRef) and item.org_name:
        return False
    if isinstance(expression, Aggregate):
        return expression.function in ("count", "sum", "min", "max")
    return not (is_constant(expression) or has_aggregate(expression))


def _stored_type(expression: Expression, sources: Sequence[Source]) -> SqlType:
    """The type of a temporary table's column: integers are INT or BIGINT, long texts TEXT."""
    made = expression.type
    is_aggregate = isinstance(expression, Aggregate)
    if isinstance(expression, Aggregate) and expression.function in ("min", "max"):
        (arg,) = expression.args
        if isinstance(arg, ColumnRef):
            column = sources[arg.table_no].table.columns[arg.column_no]
            return made if made.cls is Class.JSON else column_type(column).or_null()
    if made.cls is Class.INT and made.kind is not TypeKind.BIT:
        kind = TypeKind.INT if made.length < _BIGINT_DIGITS else TypeKind.BIGINT
        kind = TypeKind.BIGINT if is_aggregate else kind
        return replace(made, kind=kind, precision=0, zerofill=0)
    if made.cls is not Class.STRING or made.kind in _MEMBER_CODES:
        return made
    if made.kind not in _BLOB_KINDS and made.length <= _LONGEST_STORED:
        return made
    return replace(made, kind=TypeKind.TEXT if made.is_text else TypeKind.BLOB)


def _of_stored(item: Item, sources: Sequence[Source]) -> ColumnDef:
    """Definition of a temporary table's column, which is called what it holds, unless that is an
    aggregate."""
    name, sql_type = item.name, _stored_type(item.expression, sources)
    made = of_type(name, sql_type)
    width = bytes_per_character(sql_type.collation) if sql_type.kind in _TEXT_KINDS else 1
    if not isinstance(item.expression, Aggregate):  # what is known by a name is sent as it is
        made = replace(made, org_name=name, length=min(made.length * width, (1 << 32) - 1))
    elif any(isinstance(arg, ColumnRef) for arg in item.expression.args):
        made = replace(made, length=made.length // width)
    if sql_type.cls is Class.NULL:
        return replace(made, wire_type=_VAR_STRING, flags=BINARY_FLAG)
    if sql_type.cls is Class.JSON:
        made = replace(made, length=(1 << 32) - 1, collation=_BINARY_ID)
    is_text = sql_type.cls in (Class.STRING, Class.JSON)
    decimals = 0 if is_text else made.decimals
    return replace(made, flags=_field_flags(sql_type, sql_type.nullable), decimals=decimals)


def of_type(name: str, sql_type: SqlType) -> ColumnDef:
    """Definition of a computed column."""
    code = wire_code(sql_type)
    if sql_type.kind in (TypeKind.MEDIUMTEXT, TypeKind.MEDIUMBLOB):
        code = _MEDIUM_BLOB
    elif sql_type.kind in (TypeKind.LONGTEXT, TypeKind.LONGBLOB):
        code = _LONG_BLOB
    decimals, flags = sql_type.scale, wire_flags(sql_type)
    return ColumnDef(
        name,
        code,
        _length(sql_type),
        flags & ~BINARY_FLAG if sql_type.kind is TypeKind.BIT else flags,
        decimals,
        _collation_id(sql_type),
    )


def _length(sql_type: SqlType) -> int:
    if sql_type.cls is Class.JSON:
        return min(sql_type.length * 4, (1 << 32) - 1)
    width = bytes_per_character(sql_type.collation) if sql_type.is_text else 1
    return min(sql_type.length * width, (1 << 32) - 1)


def _collation_id(sql_type: SqlType) -> int:
    if sql_type.cls is Class.JSON:
        return _IDS["utf8mb4_bin"]
    if sql_type.collation == BINARY or sql_type.cls is Class.INT:
        return _BINARY_ID
    return _IDS.get(sql_type.collation, _BINARY_ID)


def of_column(table: Table, column: Column, name: str | None = None, alias: str = "") -> ColumnDef:
    """Definition of a table's column, with the flags of its keys and defaults."""
    sql_type = column_type(column)
    decimals = sql_type.scale
    if sql_type.cls in (Class.STRING, Class.JSON):
        decimals = 0
    flags = _column_flags(table, column, sql_type)
    length = sql_type.length if sql_type.kind is TypeKind.JSON else _length(sql_type)
    if sql_type.cls is Class.INT and column.type.length:  # a display width: of BOOL, with ZEROFILL
        length = column.type.length
    return ColumnDef(
        name or column.name,
        wire_code(sql_type),
        length,
        flags,
        decimals,
        _BINARY_ID if sql_type.cls is Class.JSON else _collation_id(sql_type),
        table.database,
        alias or table.name,
        table.name,
        column.name,
    )


def _field_flags(sql_type: SqlType, nullable: bool) -> int:
    """Flags of a field of a table that follow from its type."""
    kind = sql_type.kind
    flags = 0 if nullable else 1
    if sql_type.unsigned or kind in (TypeKind.YEAR, TypeKind.BIT):
        flags |= 32
    if sql_type.zerofill or kind is TypeKind.YEAR:
        flags |= ZEROFILL_FLAG
    if sql_type.cls in (Class.DATE, Class.DATETIME, Class.TIME, Class.JSON):
        flags |= 128
    if sql_type.cls is Class.STRING and (
        sql_type.collation == BINARY or sql_type.collation.endswith("_bin")
    ):
        flags |= 128
    if kind in _BLOB_KINDS or kind is TypeKind.JSON:
        flags |= BLOB_FLAG
    return flags | {TypeKind.ENUM: ENUM_FLAG, TypeKind.SET: SET_FLAG}.get(kind, 0)


def _column_flags(table: Table, column: Column, sql_type: SqlType) -> int:
    kind = sql_type.kind
    flags = _field_flags(sql_type, column.nullable)
    if column.auto_increment:
        flags |= AUTO_INCREMENT_FLAG
    if column.default is None and not column.nullable and not column.auto_increment:
        flags |= NO_DEFAULT_FLAG
    if kind is TypeKind.TIMESTAMP and column.on_update:  # MySQL says nothing of DATETIMEs
        flags |= TIMESTAMP_FLAG | ON_UPDATE_FLAG
    return flags | _key_flags(table, column)


def _key_flags(table: Table, column: Column) -> int:
    flags = 0
    for index in table.indexes:
        names = [part.column.casefold() for part in index.parts]
        if column.name.casefold() not in names:
            continue
        flags |= PART_OF_KEY_FLAG
        if index.primary:
            flags |= PRIMARY_FLAG
        elif names[0] == column.name.casefold():
            flags |= UNIQUE_FLAG if index.unique and len(names) == 1 else MULTIPLE_FLAG
    return flags
