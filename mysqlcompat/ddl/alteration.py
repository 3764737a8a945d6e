"""ALTER TABLE's actions to the table that is wanted, and to what its rows need for that.

Nothing here looks at rows or changes anything. Actions are looked up in the table as it was:
columns first, then keys, in MySQL's order, which decides whose mistake is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from btree.schema import TEXT_KINDS, Column, ColumnType, Index, IndexPart, Table, TypeKind
from mysqlcompat.ddl import functional
from mysqlcompat.ddl.defaults import canonical_default
from mysqlcompat.ddl.definition import (
    CHARACTER_KINDS,
    Charset,
    check_auto_increment,
    check_engine,
    check_row_size,
    make_column,
    resolve_charset,
)
from mysqlcompat.ddl.dependencies import Lost, check_columns, checks_left
from mysqlcompat.ddl.indexes import MAX_INDEXES, add_index
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.key_parts import hidden_name, index_of_hidden
from mysqlcompat.sql import alter_actions as act
from mysqlcompat.sql.statements import ColumnDefinition, DefaultValue, TableName

Warn = Callable[[int, str, str], None]


@dataclass(slots=True)
class Alteration:
    """What is wanted.

    old, new   definitions; indexes of `new` that are to be built have id 0
    sources    per column of `new`: its number in `old`, -1: it is added
    renamed    old column names to new ones, where they differ
    rename_to  RENAME TO
    counter    AUTO_INCREMENT =
    order_by   ORDER BY: rows are copied in this order
    followers  tables whose foreign keys follow new names
    checked_rows  that were looked at for a new constraint: MySQL counts them
    rebuild    FORCE or ENGINE= asks for all rows to be written anew
    """

    old: Table
    new: Table
    sources: list[int] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    rename_to: TableName | None = None
    counter: int | None = None
    order_by: tuple[str, ...] = ()
    rebuild: bool = False
    followers: list[Table] = field(default_factory=list)
    checked_rows: int = 0
    says_nothing: bool = False  #: MySQL answers without "Records: …"

    @property
    def added_indexes(self) -> list[Index]:
        return [index for index in self.new.indexes if not index.index_id]

    @property
    def dropped_indexes(self) -> list[Index]:
        kept = {index.index_id for index in self.new.indexes}
        return [one for one in self.old.indexes if one.index_id not in kept]

    def changed_columns(self) -> list[tuple[Column, Column]]:
        """(old, new) of columns that stay and are not quite what they were."""
        both = zip(self.sources, self.new.columns, strict=True)
        pairs = ((self.old.columns[source], new) for source, new in both if source >= 0)
        return [(before, after) for before, after in pairs if before != after]


def alter(
    table: Table,
    actions: Sequence[act.Action],
    warn: Warn,
    sql_mode: frozenset[str] = frozenset(),
) -> Alteration:
    """The table after these actions. ERROR 1054, 1060, 1061, 1068, 1072, 1075, 1090, 1091, …"""
    made = Alteration(table, table)
    made.says_nothing = all(isinstance(one, (act.RenameTo, act.SetKeys)) for one in actions)
    _options(made, actions, warn)
    _Columns(made, actions, warn, sql_mode).run()
    _Keys(made, _with_hidden(made, actions, sql_mode)).run()
    check_auto_increment(made.new.columns, made.new.indexes)
    check_row_size(made.new.columns)
    return made


def _with_hidden(
    made: Alteration, actions: Sequence[act.Action], sql_mode: frozenset[str]
) -> list[act.Action]:
    """The actions, functional parts of new keys being hidden columns that the table now has."""
    columns, changed = functional.of_actions(made.old, made.new, actions, sql_mode)
    made.new = replace(made.new, columns=(*made.new.columns, *columns))
    made.sources += [-1] * len(columns)
    return changed


def _options(made: Alteration, actions: Sequence[act.Action], warn: Warn) -> None:
    """Table options, RENAME TO and what else is about the table as a whole."""
    new = made.new
    charset = Charset(new.charset, new.collation)
    for action in actions:
        match action:
            case act.SetOptions(options):
                check_engine(options.engine)
                made.rebuild = made.rebuild or options.engine is not None
                charset = resolve_charset(options.charset, options.collation, charset)
                if options.comment is not None:
                    new = replace(new, comment=options.comment)
                if options.auto_increment is not None:
                    made.counter = options.auto_increment
                if options.row_format is not None:
                    extra = {**new.options, "row_format": options.row_format}
                    if options.row_format == "DEFAULT":
                        del extra["row_format"]
                    new = replace(new, options=extra)
                    made.rebuild = True
            case act.ConvertCharset(name, collation):
                charset = resolve_charset(name, collation, charset)
            case act.RenameTo(name):
                made.rename_to = name
            case act.OrderBy(columns):
                made.order_by = columns
            case act.Force():
                made.rebuild = True
            case act.SetKeys():
                warn(1031, SqlError(1031, new.name).message, "Note")
    made.new = replace(new, charset=charset.name, collation=charset.collation)


class _Columns:
    """The columns of the new table."""

    def __init__(
        self,
        made: Alteration,
        actions: Sequence[act.Action],
        warn: Warn,
        sql_mode: frozenset[str],
    ) -> None:
        self._made = made
        self._actions = actions
        self._warn = warn
        self._sql_mode = sql_mode
        self._old = made.old
        self._charset = Charset(made.new.charset, made.new.collation)
        self._options = dict(made.new.options)
        self._numbers = {column.name.casefold(): n for n, column in enumerate(made.old.columns)}
        self._columns: list[tuple[int, Column]] = []

    def run(self) -> None:
        made = self._made
        changes = self._changes()
        gone = self._dropped(changes)
        gone |= self._hidden_dropped()
        self._primary = self._primary_columns(gone)
        for number, column in enumerate(self._old.columns):
            if column.name.casefold() not in gone:
                column = self._kept(number, column, changes)
                self._columns.append((number, column))
        self._check_lost()
        self._move_and_add()
        if not self._columns:
            raise SqlError(1090)
        names: set[str] = set()
        hidden = {column.name.casefold() for _, column in self._columns if column.hidden}
        for _, column in self._columns:
            if column.name.casefold() in hidden and not column.hidden:
                text = f"The column name '{column.name}' is already in use by a hidden column"
                raise SqlError(1815, text)
            if column.name.casefold() in names:
                raise SqlError(1060, column.name)
            names.add(column.name.casefold())
        columns = tuple(
            replace(column, nullable=False) if column.name.casefold() in self._primary else column
            for _, column in self._columns
        )
        if all(column.invisible for column in columns):
            raise SqlError(4028)
        made.sources = [number for number, _ in self._columns]
        made.new = replace(made.new, columns=columns, options=self._options)
        made.new = replace(made.new, columns=tuple(map(self._typed, columns)))

    def _typed(self, column: Column) -> Column:
        """A hidden column after the columns it is computed from have changed."""
        return functional.typed(self._made.new, column) if column.hidden else column

    def _number(self, name: str) -> int:
        number = self._numbers.get(name.casefold())
        if number is None:
            raise SqlError(1054, name, self._old.name)
        return number

    def _changes(self) -> dict[int, act.ChangeColumn]:
        """CHANGE, MODIFY by number of the column."""
        found: dict[int, act.ChangeColumn] = {}
        for action in self._actions:
            if isinstance(action, act.ChangeColumn):
                number = self._number(action.name)
                if number in found:
                    raise SqlError(1054, action.name, self._old.name)
                found[number] = action
        return found

    def _dropped(self, changes: dict[int, act.ChangeColumn]) -> set[str]:
        gone: set[str] = set()
        for action in self._actions:
            if isinstance(action, act.DropColumn):
                name = action.name.casefold()
                if name not in self._numbers or name in gone:
                    raise SqlError(1091, action.name)
                if self._old.columns[self._numbers[name]].hidden:
                    raise SqlError(3755, action.name)
                if self._numbers[name] in changes:
                    raise SqlError(1054, action.name, self._old.name)
                gone.add(name)
        return gone

    def _check_lost(self) -> None:
        """Whether the table can do without the names that no column will have any more."""
        made, actions = self._made, self._actions
        going = {one.name.casefold() for one in actions if isinstance(one, act.DropCheck)}
        dropped = [one.name for one in actions if isinstance(one, act.DropColumn)]
        lost = Lost(dropped, list(made.renamed))
        others = [one for one in self._old.checks if one.name.casefold() not in going]
        left = checks_left(others, lost)
        kept = [one for one in self._old.checks if one in left or one not in others]
        made.new = replace(made.new, checks=tuple(kept))
        check_columns(self._old, [column for _, column in self._columns], lost)

    def _hidden_dropped(self) -> set[str]:
        """Hidden columns that go with their keys, folded."""
        names = {
            one.name.casefold() for one in self._actions if isinstance(one, act.DropIndexAction)
        }
        dropped = [index for index in self._old.indexes if index.name.casefold() in names]
        return {name.casefold() for name in functional.of_indexes(self._old, dropped)}

    def _primary_columns(self, gone: set[str]) -> frozenset[str]:
        """New names of the columns of the primary key there will be."""
        found: set[str] = set()
        dropped = any(
            isinstance(one, act.DropIndexAction) and one.name.casefold() == "primary"
            for one in self._actions
        )
        if not self._old.has_row_id and not dropped:
            names = {part.column.casefold() for part in self._old.clustered.parts} - gone
            found |= {self._new_name(name).casefold() for name in names}
        for action in self._actions:
            if isinstance(action, act.AddIndex) and action.index.kind == "primary":
                found |= {part.column.casefold() for part in action.index.parts}
        return frozenset(found)

    def _new_name(self, folded: str) -> str:
        for action in self._actions:
            if isinstance(action, act.ChangeColumn) and action.name.casefold() == folded:
                return action.column.name
            if isinstance(action, act.RenameColumn) and action.name.casefold() == folded:
                return action.to
        return folded

    def _kept(self, number: int, column: Column, changes: dict[int, act.ChangeColumn]) -> Column:
        """What an old column becomes, where it stands."""
        name = column.name
        if column.hidden:
            return self._hidden_renamed(column)
        change = changes.get(number)
        if change is not None:
            column = self._define(change.column)
            if change.column.name != name:
                self._rename(name, change.column.name)
        for action in self._actions:
            match action:
                case act.RenameColumn(old, to) if old.casefold() == name.casefold():
                    column = replace(column, name=to)
                    self._rename(name, to)
                case act.SetDefault(of, default) if of.casefold() == name.casefold():
                    column = self._with_default(column, default)
                case act.SetColumnVisible(of, visible) if of.casefold() == name.casefold():
                    column = replace(column, invisible=not visible)
                case act.ConvertCharset() if change is None:
                    column = self._converted(column)
        return column

    def _hidden_renamed(self, column: Column) -> Column:
        """A hidden column is named after its key."""
        for action in self._actions:
            if isinstance(action, act.RenameIndex):
                before = index_of_hidden(column.name)
                if before.casefold() == action.name.casefold():
                    part = int(column.name.rsplit("!", 2)[1])
                    return replace(column, name=hidden_name(action.to, part))
        return column

    def _rename(self, name: str, to: str) -> None:
        if name != to:
            self._made.renamed[name] = to
        if self._options.pop(f"collate:{name}", None):
            self._options[f"collate:{to}"] = "1"

    def _define(self, definition: ColumnDefinition) -> Column:
        said = definition.type.collation or definition.type.charset
        self._options.pop(f"collate:{definition.name}", None)
        if said and definition.type.kind in CHARACTER_KINDS:
            self._options[f"collate:{definition.name}"] = "1"
        primary = definition.name.casefold() in self._primary
        return make_column(definition, self._charset, primary, self._warn, self._sql_mode)

    def _with_default(self, column: Column, default: DefaultValue | None) -> Column:
        if default is None:
            return replace(column, default=None, default_is_expression=False)
        definition = ColumnDefinition(column.name, column.type, column.nullable, default)
        if default.literal is None and default.expression is None and column.nullable:
            return replace(column, default=None, default_is_expression=False)
        if default.literal is not None and column.type.kind not in (TypeKind.JSON,):
            canonical_default(column.name, column.type, default)
        made = make_column(definition, self._charset, False, self._warn)
        return replace(
            column, default=made.default, default_is_expression=made.default_is_expression
        )

    def _converted(self, column: Column) -> Column:
        """CONVERT TO CHARACTER SET."""
        if column.type.kind not in CHARACTER_KINDS or column.type.charset in ("", "binary"):
            return column
        self._options.pop(f"collate:{column.name}", None)
        bare = replace(column.type, charset="", collation="")
        made = make_column(ColumnDefinition(column.name, bare, True), self._charset, False, _quiet)
        return replace(column, type=made.type)

    def _move_and_add(self) -> None:
        """CHANGE … FIRST | AFTER and ADD, in the order written."""
        for action in self._actions:
            if isinstance(action, act.ChangeColumn) and action.place is not None:
                number = self._number(action.name)
                (entry,) = (one for one in self._columns if one[0] == number)
                self._columns.remove(entry)
                self._insert(entry, action.place)
            elif isinstance(action, act.AddColumn):
                self._insert((-1, self._define(action.column)), action.place)
            elif isinstance(action, (act.RenameColumn, act.SetDefault, act.SetColumnVisible)):
                self._number(action.name if isinstance(action, act.RenameColumn) else action.column)

    def _insert(self, entry: tuple[int, Column], place: act.Place | None) -> None:
        if place is None:
            shown = [number for number, (_, one) in enumerate(self._columns) if not one.hidden]
            self._columns.insert(shown[-1] + 1 if shown else 0, entry)
            return
        if place.after is None:
            self._columns.insert(0, entry)
            return
        for at, (_, column) in enumerate(self._columns):
            if column.name.casefold() == place.after.casefold():
                self._columns.insert(at + 1, entry)
                return
        raise SqlError(1054, place.after, self._old.name)


def _quiet(errno: int, message: str, level: str) -> None:
    """For definitions that have been warned of before."""


class _Keys:
    """The indexes of the new table."""

    def __init__(self, made: Alteration, actions: Sequence[act.Action]) -> None:
        self._made = made
        self._actions = actions
        self._old = made.old
        by_source = dict(zip(made.sources, made.new.columns, strict=True))
        #: old column names, folded, to the columns they have become
        self._became = {
            column.name.casefold(): by_source[number]
            for number, column in enumerate(made.old.columns)
            if number in by_source
        }

    def run(self) -> None:
        made = self._made
        old = [] if self._old.has_row_id else [self._old.clustered]
        old += self._old.indexes[1:]
        kept = [one for one in map(self._followed, self._without_dropped(old)) if one is not None]
        kept = self._renamed(kept)
        added: list[Index] = []
        for action in self._actions:
            if isinstance(action, act.AddIndex):
                if action.index.kind == "primary" and any(index.primary for index in kept):
                    raise SqlError(1068)
                index = add_index(made.new.columns, [*kept, *added], action.index)
                added.append(index)
                if action.index.using:
                    using = {**made.new.options, f"using:{index.name}": action.index.using}
                    made.new = replace(made.new, options=using)
        if len(kept) + len(added) > MAX_INDEXES:
            raise SqlError(1069, MAX_INDEXES)
        new = replace(made.new, indexes=(*kept, *added))
        if self._old.has_row_id and not any(index.primary for index in new.indexes):
            new = replace(new, indexes=(self._old.clustered, *new.indexes))
        made.new = new.with_clustered()

    def _without_dropped(self, old: list[Index]) -> list[Index]:
        for action in self._actions:
            if isinstance(action, act.DropIndexAction):
                left = [one for one in old if one.name.casefold() != action.name.casefold()]
                if len(left) == len(old):
                    raise SqlError(1091, action.name)
                old = left
        return old

    def _followed(self, index: Index) -> Index | None:
        """The index after its columns have changed; without an id when it must be built anew."""
        parts = []
        same = True
        for part in index.parts:
            column = self._became.get(part.column.casefold())
            if column is None:
                same = False
                continue
            before = self._old.columns[self._old.column_no(part.column)]
            made = _part_of(part, column)
            same = same and made.length == part.length and same_key(before, column)
            parts.append(made)
        if not parts:
            return None
        index = replace(index, parts=tuple(parts))
        return index if same else replace(index, index_id=0, root=0)

    def _renamed(self, kept: list[Index]) -> list[Index]:
        for action in self._actions:
            if isinstance(action, (act.RenameIndex, act.SetIndexVisible)):
                found = [one for one in kept if one.name.casefold() == action.name.casefold()]
                if not found:
                    raise SqlError(1176, action.name, self._old.name)
                place = kept.index(found[0])
                if isinstance(action, act.SetIndexVisible):
                    if found[0].primary and not action.visible:
                        raise SqlError(3522)
                    kept[place] = replace(found[0], invisible=not action.visible)
                    continue
                taken = {one.name.casefold() for one in kept if one is not found[0]}
                if action.to.casefold() in taken:
                    raise SqlError(1061, action.to)
                if action.to.casefold() == "primary":
                    raise SqlError(1280, action.to)
                kept[place] = replace(found[0], name=action.to)
        return kept


def _part_of(part: IndexPart, column: Column) -> IndexPart:
    """A key part over what its column has become."""
    length = part.length
    if length and (column.type.kind not in _PREFIXED or 0 < column.type.length <= length):
        length = 0 if column.type.kind not in _ALWAYS_PREFIXED else length
    return replace(part, column=column.name, length=length)


_ALWAYS_PREFIXED = frozenset(
    {
        TypeKind.TINYTEXT, TypeKind.TEXT, TypeKind.MEDIUMTEXT, TypeKind.LONGTEXT, TypeKind.TINYBLOB,
        TypeKind.BLOB, TypeKind.MEDIUMBLOB, TypeKind.LONGBLOB,
    }
)  # fmt: skip
_PREFIXED = TEXT_KINDS | _ALWAYS_PREFIXED | {TypeKind.BINARY, TypeKind.VARBINARY}


def same_key(before: Column, after: Column) -> bool:
    """Whether the column's part of a key stays byte for byte what it is."""
    same = before.nullable == after.nullable and same_lanes(before.type, after.type)
    return same and before.type.collation == after.type.collation


def same_lanes(before: ColumnType, after: ColumnType) -> bool:
    """Whether every value of the old type is one of the new type, with the same lane."""
    if before.kind is not after.kind or before.unsigned != after.unsigned:
        return False
    if before.charset != after.charset:
        return False
    kind = before.kind
    if kind in (TypeKind.ENUM, TypeKind.SET):
        return after.members[: len(before.members)] == before.members
    if (before.precision, before.scale) != (after.precision, after.scale):
        return False
    if before.is_integer:
        return True  # length is a display width
    if kind in (TypeKind.CHAR, TypeKind.VARCHAR, TypeKind.VARBINARY, TypeKind.BIT):
        return before.length <= after.length
    return before.length == after.length
