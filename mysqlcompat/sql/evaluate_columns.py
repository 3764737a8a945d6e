"""Evaluation of an expression for many rows at once: one function after the other over columns.

`Evaluator` walks the tree for every row; that is most of what a cheap function costs. Here a node
is looked at once a batch. What the rows would have said one after the other (warnings, errors,
which branch of an IF was not looked at) is not known this way, so whatever would be said makes
`column` give up (`NotInColumns`), and the rows are evaluated one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import Any, Final, NoReturn

from btree.schema import TypeKind
from mysqlcompat.convert import convert
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.key_parts import HIDDEN
from mysqlcompat.functions.table import OutOfRange, Unfit
from mysqlcompat.sql import cast_columns, typed
from mysqlcompat.sql.evaluate import Evaluator
from mysqlcompat.sql.looking import READ_IN_TURN
from mysqlcompat.sql.members import LEAST, Members
from mysqlcompat.sql.typed import ASSIGN, IMPLICIT, Call, Cast, ColumnRef, Expression
from mysqlcompat.sqltypes import Class, SqlType

Column = Sequence[Any]
_LISTS: Final = ("in", "in@date")
_NUMBERS: Final = (Class.INT, Class.DOUBLE, Class.DECIMAL)
_I63: Final = 1 << 63


def _keeps(source: SqlType, target: SqlType) -> bool:
    """Whether values of one type are values of another as they stand: a TIMESTAMP's are in the
    session's time zone already."""
    is_moment = source.kind is TypeKind.TIMESTAMP and target.kind is TypeKind.DATETIME
    return is_moment and target.scale >= source.scale


def _has_null(arg: Expression, column: Column) -> bool:
    if typed.is_constant(arg):
        return column[0] is None
    if arg.type.cls is Class.JSON:  # documents are slow to compare
        return any(value is None for value in column)
    return None in column


class NotInColumns(Exception):
    """Something is to be said of a single row."""


class _Quiet:
    """A context in which nothing can be said."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._variables: dict[tuple[str, str], Any] = {}

    def system_variable(self, name: str, scope: str) -> Any:
        """Looked up once a batch."""
        found = self._variables.get((name, scope))
        if found is None:
            found = self._variables[name, scope] = self._context.system_variable(name, scope)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def warn(self, errno: int, message: str, level: str = "Warning") -> NoReturn:
        raise NotInColumns


def _no_row(_table_no: int, _column_no: int) -> NoReturn:
    """A column is asked for in one of the rows: what follows depends on its value there."""
    raise NotInColumns


def is_columnar(expression: Expression) -> bool:
    """Whether every call in it only has a value: nothing waits, changes or is counted."""
    return all(
        node.function.once
        if isinstance(node, Call)
        else not (isinstance(node, Cast) and node.mode == ASSIGN and node.into.startswith(HIDDEN))
        for node in typed.walk(expression)
    )


class ColumnEvaluator:
    """Values of an expression for `n` rows. inputs: (table, column) -> values."""

    def __init__(self, evaluator: Evaluator, inputs: Mapping[Any, Column], n: int) -> None:
        self._context: Any = _Quiet(evaluator.context)
        self._one = Evaluator(self._context, evaluator.params, _no_row, evaluator.sources)
        self._members = evaluator.members
        self._inputs = inputs
        self._n = n

    def column(self, expression: Expression) -> list[Any]:
        """All values. Raises NotInColumns."""
        try:
            return list(self._column(expression))
        except (SqlError, OutOfRange, Unfit):
            raise NotInColumns from None

    def _column(self, node: Expression) -> Column:
        if isinstance(node, ColumnRef):
            return self._inputs[node.table_no, node.column_no]
        if typed.is_constant(node):
            return [self._one.value(node)] * self._n
        match node:
            case Cast():
                return self._cast(node)
            case Call():
                return self._call(node)
        raise NotInColumns

    def _call(self, node: Call) -> Column:
        if len(node.args) > LEAST and node.function.name in _LISTS:
            listed = self._listed(node)
            if listed is not None:
                return listed
        function, args = node.function, [self._column(arg) for arg in node.args]
        is_read_first = function.name in READ_IN_TURN and node.args[0].type.cls is Class.STRING
        if is_read_first and any(None in column for column in args):
            raise NotInColumns  # there may be an error in a text before the NULL
        python: Callable[..., Any] = function.python
        context = self._context
        made = None if function.columns is None else function.columns(context, node, *args)
        if made is not None:
            return made
        if not function.null_rejects or not any(map(_has_null, node.args, args)):
            return list(map(python, repeat(context), repeat(node), *args))
        return [
            None if any(x is None for x in row) else python(context, node, *row)
            for row in zip(*args, strict=True)
        ]

    def _listed(self, node: Call) -> Column | None:
        """IN of constants; None: they cannot be looked up."""
        value, *items = node.args
        if id(node) not in self._members:
            members = None
            if all(map(typed.is_constant, items)):
                members = Members.of([*map(self._one.value, items)], value.type.collation)
            self._members[id(node)] = node, members
        _, members = self._members[id(node)]
        if members is None:
            return None
        values = self._column(value)
        return [*map(members.contain, values)] if members.fits(values) else None

    def _cast(self, node: Cast) -> Column:
        values = self._column(node.arg)
        source, target, context = node.arg.type, node.type, self._context
        quick = cast_columns.numbers(node, values)
        if quick is not None:
            return quick
        if node.mode == IMPLICIT and source.cls in _NUMBERS and target.cls is Class.DOUBLE:
            return [None if x is None else float(x) for x in values]
        if node.mode == IMPLICIT and source.cls is Class.DATETIME and target.cls is Class.DATE:
            return [
                x.date() if type(x) is datetime else convert(context, x, source, target, False)
                for x in values
            ]
        is_whole = source.cls is Class.DOUBLE and target.cls is Class.INT  # if it fits
        if is_whole and any(x is not None and not -_I63 <= x < _I63 for x in values):
            raise NotInColumns  # what is said of it depends on the branch that its row has taken
        if node.mode == IMPLICIT and target.cls is not Class.DECIMAL and not is_whole:
            return [
                None if x is None else convert(context, x, source, target, False) for x in values
            ]
        if _keeps(source, target) and all(x is None or type(x) is datetime for x in values):
            return values
        cast = self._one.cast
        return [cast(node, x) for x in values]
