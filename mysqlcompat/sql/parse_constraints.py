"""FOREIGN KEY and CHECK, of tables and of columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.statements import CheckDefinition, ForeignKeyDefinition
from mysqlcompat.sql.token_stream import TokenStream
from mysqlcompat.sql.tokens import Kind

Constraint = ForeignKeyDefinition | CheckDefinition
_KINDS: Final = ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK")


def constraint_name(stream: TokenStream) -> tuple[bool, str | None]:
    """CONSTRAINT [name] before a constraint: whether it stands here, and the name."""
    if not stream.accept("CONSTRAINT"):
        return False, None
    token = stream.token
    if token.kind is Kind.WORD and token.value in _KINDS:
        return True, None
    return True, stream.name()


def parse_constraint(stream: TokenStream, name: str | None) -> Constraint | None:
    """A FOREIGN KEY or CHECK of a table, behind its name; None when none stands here."""
    if stream.clause("FOREIGN", "KEY"):
        index_name = None if stream.is_op("(") else stream.name()
        columns = _names(stream)
        return _references(stream, name, index_name, columns)
    if stream.accept("CHECK"):
        return _check(stream, name)
    return None


def column_references(stream: TokenStream, column: str) -> ForeignKeyDefinition:
    """REFERENCES of a column, the word not yet taken."""
    return _references(stream, None, None, (column,))


def column_check(stream: TokenStream, name: str | None, column: str) -> CheckDefinition:
    """CHECK of a column, the word taken."""
    return replace(_check(stream, name), column=column)


def _check(stream: TokenStream, name: str | None) -> CheckDefinition:
    source = stream.parenthesised()
    if not source:
        raise stream.error(stream.tokens[stream.at - 1])
    enforced = True
    if stream.accept("NOT", "ENFORCED"):
        enforced = False
    else:
        stream.accept("ENFORCED")
    return CheckDefinition(name, source, enforced)


def _names(stream: TokenStream) -> tuple[str, ...]:
    """(column, …), each perhaps with a length and an order, which mean nothing here."""
    stream.expect_op("(")
    names = [_name(stream)]
    while stream.accept_op(","):
        names.append(_name(stream))
    stream.expect_op(")")
    return tuple(names)


def _name(stream: TokenStream) -> str:
    name = stream.name()
    if stream.accept_op("("):
        stream.integer()
        stream.expect_op(")")
    stream.accept_any("ASC", "DESC")
    return name


def _references(
    stream: TokenStream, name: str | None, index_name: str | None, columns: tuple[str, ...]
) -> ForeignKeyDefinition:
    stream.expect("REFERENCES")
    parent = stream.table_name()
    named = _names(stream) if stream.is_op("(") else ()
    if len(named or columns) != len(columns) or (not named and len(columns) > 1):
        shown = name or index_name or "foreign key without name"
        raise SqlError(1239, shown, "Key reference and table reference don't match")
    made = ForeignKeyDefinition(name, index_name, columns, parent, named)
    if stream.accept("MATCH"):
        made = replace(made, match=stream.expect_any("FULL", "PARTIAL", "SIMPLE"))
        if made.match == "SIMPLE":
            made = replace(made, match="NONE")
    while stream.accept("ON"):
        start = stream.token
        event = stream.expect_any("DELETE", "UPDATE")
        if made.on_delete if event == "DELETE" else made.on_update:
            raise stream.error(start)
        action = _action(stream)
        made = (
            replace(made, on_delete=action)
            if event == "DELETE"
            else replace(made, on_update=action)
        )
    return made


def _action(stream: TokenStream) -> str:
    if stream.accept("SET"):
        return "SET " + stream.expect_any("NULL", "DEFAULT")
    if stream.clause("NO", "ACTION"):
        return "NO ACTION"
    return stream.expect_any("RESTRICT", "CASCADE")
