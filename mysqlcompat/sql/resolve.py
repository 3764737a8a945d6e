"""From a parsed statement to the typed tree: the door to resolution.

`scope` knows names, `expressions` builds typed expressions with the rules of `infer`, `tables`,
`select` and `changes` do the clauses, `grouping` checks ONLY_FULL_GROUP_BY, `rollup` rewrites what
WITH ROLLUP and GROUPING() ask for.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlglot import exp

from mysqlcompat.errors import STRICT, SqlError, not_supported
from mysqlcompat.functions.table import Context, Effects
from mysqlcompat.sql.changes import resolve_delete, resolve_insert, resolve_update
from mysqlcompat.sql.expressions import Resolver
from mysqlcompat.sql.literals import NOTHING_GIVEN, Given
from mysqlcompat.sql.parse import Parsed, parse_expression
from mysqlcompat.sql.scope import CatalogView, Scope
from mysqlcompat.sql.select import resolve_select
from mysqlcompat.sql.typed import Expression, Statement
from mysqlcompat.sqltypes import DEFAULT_COLLATION, SqlType
from mysqlcompat.variables import find


def resolve(
    parsed: Parsed,
    view: CatalogView,
    context: Context,
    given: Mapping[int, Given] = NOTHING_GIVEN,
) -> Statement:
    """The typed tree of a statement.

    given  what some `?` (by number) stand for in a run, see `typed.Param`
    Raises SqlError with MySQL's number for every mistake in names, types and counts, and 1235 for
    what this version lacks.
    """
    if parsed.spaced:
        raise SqlError(1630, f"{context.database}.{parsed.spaced}")
    for errno, message in parsed.notes:
        context.warn(errno, message)
    resolver = Resolver(parsed, Scope(), context, given)
    node = parsed.tree
    _check_literals(parsed, resolver)
    if node.args.get("with_"):
        raise not_supported("WITH")
    match node:
        case exp.Select():
            return resolve_select(node, view, resolver)
        case exp.Insert():
            resolver.typing.is_change = True
            return resolve_insert(node, view, resolver)
        case exp.Update():
            resolver.typing.is_change = True
            return resolve_update(node, view, resolver)
        case exp.Delete():
            return resolve_delete(node, view, resolver)
        case exp.SetOperation():
            raise not_supported(type(node).__name__.upper())
        case exp.Subquery():
            raise not_supported("parenthesised queries")
    raise not_supported(type(node).__name__)


def _check_literals(parsed: Parsed, resolver: Resolver) -> None:
    """What is wrong with ``DATE '…'`` is said before all else: ERROR 1525."""
    if _TEMPORAL_LITERAL.search(parsed.text):
        for node in parsed.tree.dfs():
            if isinstance(node, exp.Anonymous) and str(node.this).endswith("@literal"):
                resolver.resolve(node)


_TEMPORAL_LITERAL: Final = re.compile(r"\b(?:date|time|timestamp)\s*['\"]", re.IGNORECASE)


def resolve_expression(text: str, context: Context | None = None) -> Expression:
    """The typed tree of a lone expression without columns (defaults, ON UPDATE)."""
    context = context or PlainContext()
    parsed = parse_expression(text, context.sql_mode)
    resolver = Resolver(parsed, Scope(), context)
    with resolver.using(pinned=True):
        return resolver.scalar(parsed.tree)


@dataclass(slots=True)
class PlainContext:
    """A context with MySQL's defaults and nobody behind it: for the dictionary's expressions, for
    tools and tests. `warnings` gets (level, errno, message)."""

    now_us: int = field(default_factory=lambda: time.time_ns() // 1000)
    sql_mode: frozenset[str] = frozenset(
        (
            "ONLY_FULL_GROUP_BY",
            "STRICT_TRANS_TABLES",
            "NO_ZERO_IN_DATE",
            "NO_ZERO_DATE",
            "ERROR_FOR_DIVISION_BY_ZERO",
            "NO_ENGINE_SUBSTITUTION",
        )
    )
    strict: bool = False
    null_fails: bool = True
    told: set[str] | None = None
    time_zone: str = "SYSTEM"
    collation: str = DEFAULT_COLLATION
    database: str | None = None
    user: str = "root@localhost"
    account: str = "root@localhost"
    connection_id: int = 0
    last_insert_id: int = 0
    asked_insert_id: int = 0
    row_count: int = 0
    found_rows: int = 0
    effects: Effects = field(default_factory=Effects)
    user_locks: Any = None
    row: int = 1
    warnings: list[tuple[str, int, str]] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    user_variables: dict[str, tuple[Any, SqlType]] = field(default_factory=dict)
    generator: random.Random = field(default_factory=lambda: random.Random(0))

    def warn(self, errno: int, message: str, level: str = "Warning") -> None:
        if self.strict and level == "Warning" and errno in STRICT:
            raise SqlError.with_text(errno, message)
        self.warnings.append((level, errno, message))

    def user_variable(self, name: str) -> tuple[Any, SqlType | None]:
        return self.user_variables.get(name.lower(), (None, None))

    def set_user_variable(self, name: str, value: Any, sql_type: SqlType) -> None:
        self.user_variables[name.lower()] = (value, sql_type)

    def system_variable(self, name: str, scope: str) -> Any:
        if name in self.variables:
            return self.variables[name]
        return find(name).default

    def is_connected(self, connection_id: int) -> bool:
        return connection_id == self.connection_id

    def random(self) -> float:
        return self.generator.random()
