"""Administrative statements, parsed: one frozen dataclass each. DML and SELECT are `typed.py`.

`source` slices are text which another parser finishes (expressions go to sqlglot). Names are as
written; `None` for a database means the session's current one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from btree.schema import ColumnType

#: "next": `SET @@transaction_isolation = …` without a scope is for the next transaction only.
Scope = Literal["global", "session", "persist", "persist_only", "next"]


@dataclass(frozen=True, slots=True)
class Statement:
    """Base of everything the router returns for statements that are not DML or SELECT."""


@dataclass(frozen=True, slots=True)
class TableName:
    database: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Plain(Statement):
    """SELECT, INSERT, UPDATE, DELETE, …: goes to parse → resolve → plan → run as it stands."""

    keyword: str  #: "select", "insert", "replace", "with" …: the Com_ counter


@dataclass(frozen=True, slots=True)
class Nothing(Statement):
    """A text of comments alone: succeeds."""


# Expressions of SET, DO and SHOW … WHERE


@dataclass(frozen=True, slots=True)
class Source:
    """An expression still in text, evaluated by the SELECT path."""

    text: str


@dataclass(frozen=True, slots=True)
class Default:
    """The word DEFAULT as a variable's new value."""


@dataclass(frozen=True, slots=True)
class Bare:
    """An unquoted word as a variable's new value: `SET sql_mode = ANSI`, ON, OFF."""

    word: str


# Transactions


@dataclass(frozen=True, slots=True)
class Begin(Statement):
    read_only: bool | None = None
    snapshot: bool = False  #: WITH CONSISTENT SNAPSHOT


@dataclass(frozen=True, slots=True)
class Commit(Statement):
    chain: bool = False
    release: bool = False


@dataclass(frozen=True, slots=True)
class Rollback(Statement):
    chain: bool = False
    release: bool = False
    savepoint: str | None = None


@dataclass(frozen=True, slots=True)
class Savepoint(Statement):
    name: str


@dataclass(frozen=True, slots=True)
class ReleaseSavepoint(Statement):
    name: str


@dataclass(frozen=True, slots=True)
class SetTransaction(Statement):
    scope: Literal["global", "session", "next"]
    isolation: str | None = None  #: "REPEATABLE-READ" …
    read_only: bool | None = None


# SET


@dataclass(frozen=True, slots=True)
class Assignment:
    kind: Literal["system", "user"]
    name: str
    value: Source | Default | Bare
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class SetVariables(Statement):
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class SetNames(Statement):
    charset: str | None  #: None: DEFAULT
    collation: str | None = None
    character_set_only: bool = False  #: SET CHARACTER SET


# Session


@dataclass(frozen=True, slots=True)
class Use(Statement):
    database: str


@dataclass(frozen=True, slots=True)
class Do(Statement):
    expressions: str


@dataclass(frozen=True, slots=True)
class Prepare(Statement):
    name: str
    text: str | None  #: literal text, or
    variable: str | None  #: the user variable which holds it


@dataclass(frozen=True, slots=True)
class Execute(Statement):
    name: str
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deallocate(Statement):
    name: str


@dataclass(frozen=True, slots=True)
class Kill(Statement):
    target: Source
    query_only: bool = False


@dataclass(frozen=True, slots=True)
class Flush(Statement):
    what: str


@dataclass(frozen=True, slots=True)
class CrashSystem(Statement):
    """ALTER SYSTEM CRASH."""

    what: str  #: "instance", "dispatcher", "node"


@dataclass(frozen=True, slots=True)
class SimulateDiskFault(Statement):
    """ALTER SYSTEM SIMULATE … DISK FAILURE, or DISK CONGESTION."""

    percent: int
    slower_ms: tuple[int, int] | None  #: congestion: by a time between these
    place: tuple[Literal["disk", "node"], int] | None  #: everywhere
    interval_s: int


@dataclass(frozen=True, slots=True)
class SimulateReplicaFault(Statement):
    """ALTER SYSTEM SIMULATE … READ REPLICA FAILURE."""

    percent: int
    name: str | None  #: all
    interval_s: int


@dataclass(frozen=True, slots=True)
class TableLock:
    """One table of LOCK TABLES."""

    table: TableName
    write: bool
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class LockTables(Statement):
    tables: tuple[TableLock, ...]


@dataclass(frozen=True, slots=True)
class UnlockTables(Statement):
    pass


@dataclass(frozen=True, slots=True)
class LockInstance(Statement):
    """LOCK INSTANCE FOR BACKUP, UNLOCK INSTANCE."""

    unlock: bool


@dataclass(frozen=True, slots=True)
class TableMaintenance(Statement):
    """ANALYZE, CHECK, OPTIMIZE TABLE: one row per table comes back."""

    verb: Literal["analyze", "check", "optimize"]
    tables: tuple[TableName, ...]


@dataclass(frozen=True, slots=True)
class Explain(Statement):
    """EXPLAIN of a DML or SELECT statement."""

    source: str
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Unsupported(Statement):
    """Understood, and not there yet: ERROR 1235 naming `feature`."""

    feature: str


# SHOW


@dataclass(frozen=True, slots=True)
class Show(Statement):
    """Any SHOW: `what` is a key of `show.SHOWS`; DESCRIBE is SHOW COLUMNS."""

    what: str
    table: TableName | None = None
    database: str | None = None
    like: str | None = None
    where: str | None = None  #: expression text
    full: bool = False
    scope: Literal["global", "session"] = "session"
    limit: tuple[int, int] | None = None  #: offset, count (SHOW WARNINGS)
    name: str | None = None  #: user of SHOW GRANTS …
    extra: dict[str, Any] = field(default_factory=dict)


# Data definition


@dataclass(frozen=True, slots=True)
class CreateDatabase(Statement):
    name: str
    if_not_exists: bool = False
    charset: str | None = None
    collation: str | None = None


@dataclass(frozen=True, slots=True)
class AlterDatabase(Statement):
    name: str | None
    charset: str | None = None
    collation: str | None = None


@dataclass(frozen=True, slots=True)
class DropDatabase(Statement):
    name: str
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class DefaultValue:
    """DEFAULT clause: literal text (None: NULL) or an expression such as CURRENT_TIMESTAMP(3)."""

    literal: str | None
    expression: str | None = None
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class ForeignKeyDefinition:
    """FOREIGN KEY … REFERENCES …, as written.

    parent_columns  empty: REFERENCES names the table only, its primary key is meant
    on_delete, on_update   "", or the words of the action
    """

    name: str | None
    index_name: str | None
    columns: tuple[str, ...]
    parent: TableName
    parent_columns: tuple[str, ...]
    on_delete: str = ""
    on_update: str = ""
    match: str = "NONE"


@dataclass(frozen=True, slots=True)
class CheckDefinition:
    """CHECK (expression): `column` is the one whose attribute it is, None for a table's."""

    name: str | None
    source: str
    enforced: bool = True
    column: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    name: str
    type: ColumnType
    nullable: bool | None = None  #: None: not said
    default: DefaultValue | None = None
    on_update: str | None = None
    auto_increment: bool = False
    key: Literal["", "primary", "unique"] = ""
    comment: str = ""
    charset_given: bool = False
    invisible: bool = False
    checks: tuple[CheckDefinition, ...] = ()
    references: ForeignKeyDefinition | None = None
    generated: str | None = None  #: source of GENERATED ALWAYS AS (…)
    generated_stored: bool = False


@dataclass(frozen=True, slots=True)
class KeyPart:
    """`expression` is the source of a functional one, without its parentheses; `column` is then
    "" until the part has a hidden column."""

    column: str
    length: int | None = None  #: prefix, in characters
    descending: bool = False
    expression: str = ""


@dataclass(frozen=True, slots=True)
class IndexDefinition:
    name: str | None
    kind: Literal["primary", "unique", "key", "foreign"]  #: foreign: only if no other key serves
    parts: tuple[KeyPart, ...]
    comment: str = ""
    using: str | None = None  #: BTREE, HASH as written
    invisible: bool = False


@dataclass(frozen=True, slots=True)
class TableOptions:
    engine: str | None = None
    charset: str | None = None
    collation: str | None = None
    comment: str | None = None
    auto_increment: int | None = None
    row_format: str | None = None


@dataclass(frozen=True, slots=True)
class CreateTable(Statement):
    table: TableName
    columns: tuple[ColumnDefinition, ...]
    indexes: tuple[IndexDefinition, ...]
    options: TableOptions
    if_not_exists: bool = False
    foreign_keys: tuple[ForeignKeyDefinition, ...] = ()
    checks: tuple[CheckDefinition, ...] = ()
    select: str = ""  #: text of the query that fills it
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class CreateTableLike(Statement):
    table: TableName
    model: TableName
    if_not_exists: bool = False
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class DropTable(Statement):
    tables: tuple[TableName, ...]
    if_exists: bool = False
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class TruncateTable(Statement):
    table: TableName


@dataclass(frozen=True, slots=True)
class RenameTable(Statement):
    pairs: tuple[tuple[TableName, TableName], ...]
