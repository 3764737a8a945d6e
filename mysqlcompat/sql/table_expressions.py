"""Expressions that a table carries (CHECK, generated columns), from text to typed trees.

The text is what `ddl.expression_text` printed. The table is table 0 of the tree.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

from btree.schema import Check, Column, Table
from mysqlcompat.functions import FUNCTIONS
from mysqlcompat.sql.expressions import Resolver
from mysqlcompat.sql.parse import Parsed, parse_expression
from mysqlcompat.sql.resolve import PlainContext
from mysqlcompat.sql.scope import Scope
from mysqlcompat.sql.tokens import Kind, tokenize
from mysqlcompat.sql.typed import ASSIGN, Call, Cast, Expression, Literal, Source, transform
from mysqlcompat.sqltypes import column_type, of_column_type, string_type

#: How the text of a multi-valued key part ends: ``cast(… as unsigned array)``.
ARRAY_END: Final = " array)"


def array_cast(text: str) -> str | None:
    """The cast of one element that a multi-valued key part makes of all; None: it is none."""
    return text.removesuffix(ARRAY_END) + ")" if text.endswith(ARRAY_END) else None


def parse_kept(text: str) -> Parsed:
    """Parse an expression of the dictionary; of a multi-valued key part, the cast of an element."""
    return parse_expression(without_introducers(array_cast(text) or text))


def without_introducers(text: str) -> str:
    """An expression of the dictionary whose strings do not say that they are utf8mb4: the parser
    does not take that everywhere."""
    pieces, last = [], 0
    tokens = tokenize(text)
    for token, following in pairwise(tokens):
        is_introducer = text[token.start : token.end] == "_utf8mb4" and token.kind is Kind.WORD
        if is_introducer and following.kind is Kind.STRING and token.end == following.start:
            pieces.append(text[last : token.start])
            last = token.end
    return "".join([*pieces, text[last:]])


def resolve_over(text: str, table: Table, condition: bool = False) -> Expression:
    """The typed tree of an expression over a table's columns."""
    parsed = parse_kept(text)
    scope = Scope([Source(table, table.name, table.database)])
    resolver = Resolver(parsed, scope, PlainContext())
    with resolver.using(pinned=True):
        return resolver.condition(parsed.tree) if condition else resolver.scalar(parsed.tree)


def check_expression(table: Table, check: Check) -> Expression:
    """What must not be false; a schema says what it was that failed."""

    def telling(node: Expression) -> Expression:
        if isinstance(node, Call) and node.function.name == "json_schema_valid":
            return replace(node, function=FUNCTIONS["json_schema_valid or why"])
        return node

    return transform(resolve_over(check.expression, table, condition=True), telling)


def array_document(table: Table, text: str) -> Expression:
    """The document whose elements a multi-valued key part has."""
    value = resolve_over(text, table)
    assert isinstance(value, Cast)
    return value.arg


def generated_value(table: Table, column: Column) -> Expression:
    """A generated column's value, of the column's type."""
    assert column.generated is not None
    if column.array is not None:
        document = array_document(table, column.generated)
        element = Literal(of_column_type(column.array, False), 0)
        name = Literal(string_type(len(column.name)), column.name)
        function = FUNCTIONS["array elements"]
        return Call(column_type(column), function, (document, element, name))
    value = resolve_over(column.generated, table)
    return Cast(column_type(column), value, ASSIGN, column.name)


def default_value(table: Table, column: Column) -> Expression:
    """A column's DEFAULT (expression), of the column's type."""
    assert column.default is not None
    return Cast(column_type(column), resolve_over(column.default, table), ASSIGN, column.name)
