"""What ALTER TABLE can be asked to do: one frozen dataclass an action, in the order written.

`parse_alter` reads them, `ddl.alteration` turns them into the table that is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass

from mysqlcompat.sql.statements import (
    CheckDefinition,
    ColumnDefinition,
    DefaultValue,
    ForeignKeyDefinition,
    IndexDefinition,
    Statement,
    TableName,
    TableOptions,
)


@dataclass(frozen=True, slots=True)
class Action:
    """Base of all actions."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a column goes: FIRST (`after` None) or AFTER a column."""

    after: str | None = None


@dataclass(frozen=True, slots=True)
class AddColumn(Action):
    column: ColumnDefinition
    place: Place | None = None  #: None: last


@dataclass(frozen=True, slots=True)
class DropColumn(Action):
    name: str


@dataclass(frozen=True, slots=True)
class ChangeColumn(Action):
    """CHANGE, and MODIFY, whose new name is the old one."""

    name: str
    column: ColumnDefinition
    place: Place | None = None  #: None: where it is


@dataclass(frozen=True, slots=True)
class RenameColumn(Action):
    name: str
    to: str


@dataclass(frozen=True, slots=True)
class SetDefault(Action):
    """ALTER COLUMN … SET DEFAULT, or DROP DEFAULT when `default` is None."""

    column: str
    default: DefaultValue | None


@dataclass(frozen=True, slots=True)
class SetColumnVisible(Action):
    column: str
    visible: bool


@dataclass(frozen=True, slots=True)
class AddIndex(Action):
    index: IndexDefinition


@dataclass(frozen=True, slots=True)
class AddForeignKey(Action):
    key: ForeignKeyDefinition


@dataclass(frozen=True, slots=True)
class DropForeignKey(Action):
    name: str


@dataclass(frozen=True, slots=True)
class AddCheck(Action):
    check: CheckDefinition


@dataclass(frozen=True, slots=True)
class DropCheck(Action):
    name: str


@dataclass(frozen=True, slots=True)
class SetEnforced(Action):
    """ALTER CHECK, or ALTER CONSTRAINT, which may name what cannot be altered so."""

    name: str
    enforced: bool
    any_constraint: bool = False


@dataclass(frozen=True, slots=True)
class DropConstraint(Action):
    """DROP CONSTRAINT: a key, a foreign key or a CHECK, whichever has the name."""

    name: str


@dataclass(frozen=True, slots=True)
class DropIndexAction(Action):
    name: str  #: PRIMARY for the primary key


@dataclass(frozen=True, slots=True)
class RenameIndex(Action):
    name: str
    to: str


@dataclass(frozen=True, slots=True)
class SetIndexVisible(Action):
    name: str
    visible: bool


@dataclass(frozen=True, slots=True)
class RenameTo(Action):
    table: TableName


@dataclass(frozen=True, slots=True)
class ConvertCharset(Action):
    charset: str | None  #: None: DEFAULT
    collation: str | None


@dataclass(frozen=True, slots=True)
class SetOptions(Action):
    options: TableOptions


@dataclass(frozen=True, slots=True)
class Force(Action):
    """FORCE, or ENGINE=InnoDB said anew: the table is rebuilt as it is."""


@dataclass(frozen=True, slots=True)
class OrderBy(Action):
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetKeys(Action):
    """ENABLE KEYS, DISABLE KEYS: MySQL notes that InnoDB has no such thing."""

    enabled: bool


@dataclass(frozen=True, slots=True)
class AlterTable(Statement):
    """ALTER TABLE, CREATE INDEX and DROP INDEX.

    algorithm  DEFAULT, INSTANT, INPLACE, COPY
    lock       DEFAULT, NONE, SHARED, EXCLUSIVE
    """

    table: TableName
    actions: tuple[Action, ...] = ()
    algorithm: str = "DEFAULT"
    lock: str = "DEFAULT"
