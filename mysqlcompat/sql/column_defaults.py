"""What a column gets when a statement gives it nothing: its default, its ON UPDATE value."""

from __future__ import annotations

from btree.schema import Column, TypeKind
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import FUNCTIONS
from mysqlcompat.sql.typed import ASSIGN, Call, Cast, Expression, Literal
from mysqlcompat.sqltypes import column_type, string_type


def column_default(column: Column, strict: bool = True) -> Expression:
    """The default as an expression of the column's type. When there is none: ERROR 1364, or, unless
    `strict`, MySQL's implicit default and a warning."""
    target = column_type(column)
    if column.default is None:
        if column.type.kind is TypeKind.ENUM and not column.nullable:
            return Literal(target, column.type.members[0])  # the one type that needs no default
        if not column.nullable:
            if strict:
                raise SqlError(1364, column.name)
            name = Literal(string_type(len(column.name), "utf8mb4_0900_ai_ci"), column.name)
            return Call(target, FUNCTIONS["default@missing"], (name,))
        return Literal(target, None)
    if column.default_is_expression:
        return Cast(target, parsed_default(column.default), ASSIGN, column.name)
    literal = Literal(string_type(len(column.default), "utf8mb4_0900_ai_ci"), column.default)
    return Cast(target, literal, ASSIGN, column.name)


def on_update_value(column: Column) -> Expression:
    """The value of ON UPDATE, of the column's type."""
    assert column.on_update is not None
    return Cast(column_type(column), parsed_default(column.on_update), ASSIGN, column.name)


def parsed_default(text: str) -> Expression:
    """The typed tree of a default's expression text."""
    from mysqlcompat.sql.resolve import resolve_expression
    from mysqlcompat.sql.table_expressions import without_introducers

    return resolve_expression(without_introducers(text))
