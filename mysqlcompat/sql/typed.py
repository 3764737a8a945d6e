"""The typed tree: what resolution hands to the planner. No names left to look up, no types to
guess.

Every expression has a `type`. All conversions are `Cast` nodes: the arguments of an operator
already have the class its result needs. Three-valued logic: a predicate is a BIGINT with values
1, 0, NULL. What codegen may rely on, operator by operator:

    =, <>, <, <=, >, >=, <=>,   all arguments of one class: INT (each with its own signedness),
    between, in                 DECIMAL of one scale, DOUBLE, string of one collation, DATE,
                                DATETIME (also TIMESTAMP), TIME, YEAR as INT, JSON
    +, -, *, %                  INT arguments and INT result; DECIMAL, each with its own scale, the
                                result's being the type's; or DOUBLE
    /                           DECIMAL or DOUBLE; the result's scale is the type's
    div                         INT or DECIMAL arguments, INT result
    and, or, xor, not           any numeric class: true is "not zero"
    if, ifnull, coalesce, case  results cast to the node's type; conditions as of `and`
    like                        strings: value, pattern, escape character

Operator names are the function names: ``=  <>  <  <=  >  >=  <=>  between  in  like  regexp  and
or  xor  not  is null  is true  is false  +  -  *  /  div  %  neg  &  |  ^  <<  >>  ~  if
ifnull  coalesce  case  nullif``. ``NOT x``, ``x NOT IN``, ``IS NOT NULL`` are ``not(…)`` around the
positive form; CASE is always the searched form, ``case(when, then, when, then, …, else)``;
NULLIF is ``nullif(a = b, a)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from operator import is_not
from typing import TYPE_CHECKING, Any, Final

from mysqlcompat.sql.index_hints import NO_HINTS, IndexHints
from mysqlcompat.sqltypes import Class, SqlType
from mysqlcompat.turns import breathe
from mysqlcompat.unstored_table import UnstoredTable

if TYPE_CHECKING:
    from mysqlcompat.functions.table import Function

#: `Param.place`.
PLACED: Final = 0
COMPARED: Final = 1
ASSIGNED: Final = 2

#: `ColumnRef.table_no` of a column of the row INSERT would have inserted: VALUES(c) or alias.c.
NEW_ROW: Final = -1
LEVELS: Final = -2  #: and of the level of a row in a GROUP BY … WITH ROLLUP (`sql.rollup`)


# Expressions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant of the statement.

    value       Python value (see `mysqlcompat.values`); None is NULL
    literal_no  number of the literal in the text, from 0, as the fingerprint counts them; another
                value may take its place if `accepts` says so. None: part of the plan
    start, end  offsets in the statement's text (characters, end exclusive); -1: made up here
    text        of a DOUBLE, or behind an introducer: as it was written, for messages
    """

    type: SqlType
    value: Any
    literal_no: int | None = None
    start: int = -1
    end: int = -1
    text: str = ""


@dataclass(frozen=True, slots=True)
class Param:
    """`?` number `param_no`, from 0. `type` is what its surroundings make of it; the value given at
    execution is converted to it.

    given  what it stands for in one run, if that is a document or an element of one: the plan is
           for others of its shape (`key_parts.shape_of`)
    place  PLACED: its type is that of a place in an expression, and may be seen in the result;
           COMPARED: of what it is compared with; ASSIGNED: of the column it is assigned to
    """

    type: SqlType
    param_no: int
    given: str | int | None = None
    place: int = 0


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """Column `column_no` of the statement's table `table_no` (or of `NEW_ROW`). `stands_for`: what
    a machine's register in its place has computed, for messages."""

    type: SqlType
    table_no: int
    column_no: int
    name: str = ""
    stands_for: Expression | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`function` over `args`; evaluated by ``function.python(context, call, *values)``."""

    type: SqlType
    function: Function
    args: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Cast:
    """`arg` converted to `type`.

    mode  IMPLICIT: what an operator does to its argument (warnings 1292, never an error)
          EXPLICIT: CAST(…) and CONVERT(…)
          ASSIGN: on the way into a column: errors in strict mode (1264, 1366, 1406, 1265, 3140 …)
          COMPARE: what a comparison makes of something beside a date: zero where it is none
    into  ASSIGN: column name for messages. COMPARE: name of the temporal type a constant must
          convert to (ERROR 1525 otherwise), or NULL where that is made of what does not convert.
          EXPLICIT: text of the cast for messages
    wording  COMPARE: the warning, ``{}`` standing for the value; empty: the conversion's own
    """

    type: SqlType
    arg: Expression
    mode: int = 0
    into: str = ""
    wording: str = ""


IMPLICIT: Final = 0
EXPLICIT: Final = 1
ASSIGN: Final = 2
COMPARE: Final = 3
ROLLED: Final = "rolled"
STORED: Final = "stored"
PADDED: Final = "char of full length"  #: the function around a CHAR that is read with its blanks


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate function of a group: count, sum, avg, min, max, group_concat, json_arrayagg,
    json_objectagg, bit_and, bit_or, bit_xor, stddev_pop, stddev_samp, var_pop, var_samp.
    ``COUNT(*)`` has no args; `order_by` and `separator` belong to GROUP_CONCAT. `place`: ROLLED in
    a ROLLUP, STORED where MySQL reads it from a temporary table, which messages tell."""

    type: SqlType
    function: str
    args: tuple[Expression, ...]
    distinct: bool = False
    order_by: tuple[Order, ...] = ()
    separator: str = ","
    place: str = ""

    @property
    def is_column(self) -> bool:
        """Whether MySQL takes it for a column of the temporary table that it is read from."""
        return self.place == STORED and self.function in ("count", "sum", "min", "max")

    @property
    def takes_sorted_rows(self) -> bool:
        """Whether MySQL sorts rows by group for it, since it needs those of one together."""
        if self.distinct and self.function not in ("min", "max"):
            return True
        return self.function in ("group_concat", "json_arrayagg", "json_objectagg")


@dataclass(frozen=True, slots=True)
class DefaultValue:
    """DEFAULT in VALUES or SET: the column's own default (also: next AUTO_INCREMENT value)."""

    type: SqlType
    column_no: int


Expression = Literal | Param | ColumnRef | Call | Cast | Aggregate | DefaultValue


# Statements -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Order:
    expression: Expression
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One table of FROM: `table` is a `btree.schema.Table`, or a virtual table as the catalog view
    gave it. `alias` is the name by which columns are qualified, `hints` what USE INDEX, FORCE INDEX
    and IGNORE INDEX say."""

    table: Any
    alias: str
    database: str
    hints: IndexHints = NO_HINTS


@dataclass(frozen=True, slots=True)
class Join:
    """How table `table_no` (1, 2, …) joins those before it. `on` is None for a cross join; USING
    and NATURAL have been turned into `on`."""

    kind: str  # 'inner' | 'left'
    table_no: int
    on: Expression | None


@dataclass(frozen=True, slots=True)
class Item:
    """One output column. `name` is what the client sees; `org_*` and `table*` are empty for
    anything but a plain column."""

    expression: Expression
    name: str
    table: str = ""
    org_table: str = ""
    org_name: str = ""
    database: str = ""


@dataclass(frozen=True, slots=True)
class Select:
    """`tables` may be empty (SELECT 1). `group_by` is None without GROUP BY; a query with an
    Aggregate and no GROUP BY has one group, even of no rows. Columns outside aggregates in a
    grouped query are group columns or depend on them: any row of the group will do. `rollup`: the
    number of expressions whose subtotals are wanted, too; the level is the last of `group_by`."""

    tables: tuple[Source, ...]
    joins: tuple[Join, ...]
    where: Expression | None
    group_by: tuple[Expression, ...] | None
    having: Expression | None
    items: tuple[Item, ...]
    distinct: bool
    order_by: tuple[Order, ...]
    limit: Expression | None
    offset: Expression | None
    #: For each table '', or 'update' or 'share', then '', ' nowait' or ' skip locked'; () for none.
    locking: tuple[str, ...] = ()
    param_count: int = 0
    rollup: int = 0


@dataclass(frozen=True, slots=True)
class Insert:
    """`rows[i][j]` is for `columns[j]` (column numbers), cast to the column's type (mode ASSIGN),
    or a DefaultValue. Columns not named get their default. `select` instead of `rows`: INSERT …
    SELECT. `on_duplicate`: (column number, expression) in text order; ColumnRef table 0 is the row
    found, `NEW_ROW` the one that was to be inserted. `given`: the one row stands for as many as a
    run is given."""

    table: Source
    columns: tuple[int, ...]
    rows: tuple[tuple[Expression, ...], ...]
    select: Select | None
    on_duplicate: tuple[tuple[int, Expression], ...]
    ignore: bool = False
    replace: bool = False
    param_count: int = 0
    given: bool = False
    strict: bool = True


@dataclass(frozen=True, slots=True)
class Update:
    """Assignments are made left to right, each seeing those before it (MySQL's way)."""

    table: Source
    assignments: tuple[tuple[int, Expression], ...]
    where: Expression | None
    order_by: tuple[Order, ...]
    limit: Expression | None
    ignore: bool = False
    param_count: int = 0
    strict: bool = True


@dataclass(frozen=True, slots=True)
class Delete:
    table: Source
    where: Expression | None
    order_by: tuple[Order, ...]
    limit: Expression | None
    ignore: bool = False
    param_count: int = 0


Statement = Select | Insert | Update | Delete


# Walking ----------------------------------------------------------------------------------------


def children(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case Call(args=args):
            return args
        case Aggregate(args=args, order_by=order_by):
            return args + tuple(order.expression for order in order_by)
        case Cast(arg=arg):
            return (arg,)
    return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """`expression` and everything below it, parents first."""
    breathe()
    yield expression
    for child in children(expression):
        yield from walk(child)


def transform(expression: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """`expression` with `change` applied to every node, children first. What stays as it is stays
    the same object."""
    breathe()
    match expression:
        case Call() | Aggregate():
            args = tuple([transform(arg, change) for arg in expression.args])
            if any(map(is_not, args, expression.args)):
                expression = replace(expression, args=args)
        case Cast():
            arg = transform(expression.arg, change)
            if arg is not expression.arg:
                expression = replace(expression, arg=arg)
    return change(expression)


def anonymous(expression: Expression) -> Expression:
    """`expression` without the places of its literals and the names that warnings give its casts:
    equal for texts that mean the same."""

    def forget(node: Expression) -> Expression:
        if isinstance(node, Literal):
            return replace(node, literal_no=None, start=-1, end=-1, text="")
        if isinstance(node, Cast) and node.mode == EXPLICIT:
            return replace(node, into="")
        return node

    return transform(expression, forget)


def unified(expression: Expression, known: dict[Expression, Expression]) -> Expression:
    """`expression` with every part that is in `known` (by its `anonymous` form) replaced by the
    expression there: what is written twice becomes one."""
    found = known.get(anonymous(expression))
    if found is not None:
        return found
    match expression:
        case Call() | Aggregate():
            return replace(expression, args=tuple(unified(arg, known) for arg in expression.args))
        case Cast():
            return replace(expression, arg=unified(expression.arg, known))
    return expression


def is_constant(expression: Expression) -> bool:
    """The same value for every row of one execution: evaluate once, when the program starts."""
    match expression:
        case Literal() | Param():
            return True
        case ColumnRef() | Aggregate() | DefaultValue():
            return False
        case Cast(arg=arg):
            return is_constant(arg)
        case Call(function=function, args=(ColumnRef(type=kind),)) if function.name == "is null":
            return not kind.nullable  # it never is
        case Call(function=function, args=(Call(args=(ColumnRef(),)) as arg,)) if (
            function.name == "not" and arg.function.name == "is null"
        ):
            return False  # which is IS NOT NULL
        case Call(function=function, args=args):
            return function.once and all(is_constant(arg) for arg in args)


def has_params(expression: Expression) -> bool:
    return any(isinstance(node, Param) for node in walk(expression))


#: The function of ``@name := value``.
ASSIGNMENT: Final = "set user variable"


def has_effects(expression: Expression) -> bool:
    """Whether it matters when, and how often, it is computed: GET_LOCK(), ``:=``, RAND()."""
    calls = (node for node in walk(expression) if isinstance(node, Call))
    return any(not call.function.once for call in calls)


def assigns(statement: Statement) -> bool:
    """Whether a user variable is set by a statement: what a row gives it the next one may read."""
    nodes = (node for root in expressions_of(statement) for node in walk(root))
    return any(isinstance(node, Call) and node.function.name == ASSIGNMENT for node in nodes)


def divides_by_zero(expression: Expression) -> bool:
    """Whether a constant is divided by a zero that is written there."""
    return any(
        isinstance(node, Call)
        and node.function.name in ("/", "%", "div")
        and is_constant(node)
        and any(isinstance(one, Literal) and one.value == 0 for one in walk(node.args[1]))
        for node in walk(expression)
    )


def has_aggregate(expression: Expression) -> bool:
    return any(isinstance(node, Aggregate) for node in walk(expression))


def roots(select: Select) -> list[Expression]:
    """All expressions of a SELECT."""
    found: list[Expression] = [item.expression for item in select.items]
    found += [order.expression for order in select.order_by]
    found += select.group_by or ()
    found += [one for one in (select.where, select.having) if one is not None]
    found += [join.on for join in select.joins if join.on is not None]
    for source in select.tables:
        if isinstance(source.table, UnstoredTable):
            found += source.table.made_of
    return found


def expressions_of(statement: Statement) -> list[Expression]:
    """All expressions of a statement."""
    match statement:
        case Select():
            limits = (statement.limit, statement.offset)
            return roots(statement) + [one for one in limits if one is not None]
        case Insert(rows=rows, select=select, on_duplicate=changes):
            found = [one for row in rows for one in row] + [one for _, one in changes]
            return found + (roots(select) if select is not None else [])
        case Update(assignments=changes):
            found = [one for _, one in changes]
        case Delete():
            found = []
    found += [order.expression for order in statement.order_by]
    return found + [one for one in (statement.where, statement.limit) if one is not None]


def params_of(statement: Statement) -> tuple[Param | None, ...]:
    """Each `?` with the type that its surroundings made of it, if they did."""
    known = {
        node.param_no: node
        for root in expressions_of(statement)
        for node in walk(root)
        if isinstance(node, Param) and node.type.cls is not Class.NULL
    }
    return tuple(known.get(number) for number in range(max(known, default=-1) + 1))


def aggregates_of(select: Select) -> tuple[Aggregate, ...]:
    """Every aggregate of the output, HAVING and ORDER BY, once."""
    places = [item.expression for item in select.items]
    places += [order.expression for order in select.order_by]
    places += [select.having] if select.having is not None else []
    return aggregates_in(places)


def aggregates_in(expressions: Iterable[Expression]) -> tuple[Aggregate, ...]:
    """Every aggregate of some expressions, once."""
    nodes = (node for expression in expressions for node in walk(expression))
    return tuple(dict.fromkeys(node for node in nodes if isinstance(node, Aggregate)))


def columns_of(select: Select, table_no: int) -> list[ColumnRef]:
    """Columns of a table that a SELECT reads anywhere."""
    return [
        node
        for root in roots(select)
        for node in walk(root)
        if isinstance(node, ColumnRef) and node.table_no == table_no
    ]
