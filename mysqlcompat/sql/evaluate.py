"""Evaluation of typed expressions in Python: constants, defaults, parameters, and the reference
that the machine's kernels are tested against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from btree.schema import TypeKind
from mysqlcompat.assign import assign, complain
from mysqlcompat.character_sets import column_text
from mysqlcompat.convert import (
    QUIET_KINDS,
    convert,
    decimal_of,
    decimal_of_varying,
    double_of,
    integer_of,
    tell_wrapped,
    wrap,
)
from mysqlcompat.convert_compared import Listener, compared
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.key_parts import HIDDEN, IndexContext
from mysqlcompat.functions.moments import own_type
from mysqlcompat.functions.table import Context, OutOfRange, Unfit
from mysqlcompat.message_text import shown, shown_bytes, text_for_number
from mysqlcompat.numerals import EXACT, double_text, leading_integer, round_decimal
from mysqlcompat.sql.benchmark import repeated
from mysqlcompat.sql.branches import (
    AMONG_DATES,
    BITWISE,
    MUTE,
    SILENT,
    UNSIGNED_TEXTS,
)
from mysqlcompat.sql.describe import (
    OF_BRANCH,
    SIGNED,
    WRITTEN,
    describe,
    function_name,
    itself,
    origin,
    origin_name,
)
from mysqlcompat.sql.looking import READ_IN_TURN, REGEXP, Looking
from mysqlcompat.sql.members import Members
from mysqlcompat.sql.typed import (
    ASSIGN,
    COMPARE,
    EXPLICIT,
    IMPLICIT,
    Aggregate,
    Call,
    Cast,
    ColumnRef,
    Expression,
    Literal,
    Param,
    Source,
    has_params,
    is_constant,
)
from mysqlcompat.sqltypes import MAX_DECIMAL_SCALE, TEMPORAL, Class, SqlType, int_type

Row = Callable[[int, int], Any]
_SHOWN: Final = TEMPORAL | {Class.STRING}  #: classes of columns to which a number is its text


class Evaluator(Looking):
    """Values of expressions within one statement.

    params   values of the statement's `?`, already of the types of its `Param` nodes
    row      ``row(table_no, column_no) -> value``
    sources  tables of the statement, for messages
    """

    def __init__(
        self,
        context: Context,
        params: Sequence[Any] = (),
        row: Row | None = None,
        sources: Sequence[Source] = (),
    ) -> None:
        self.context = context
        self.params = params
        self.row = row
        self.sources = sources
        self.members: dict[int, tuple[Call, Members | None]] = {}  #: by id() of the IN

    def value(self, expression: Expression) -> Any:
        """The value of `expression`; None is NULL. Raises SqlError."""
        match expression:
            case Literal(value=value):
                return value
            case ColumnRef(table_no=table_no, column_no=column_no):
                assert self.row is not None, "a column outside a row"
                return self.row(table_no, column_no)
            case Param(param_no=number):
                return self.params[number]
            case Cast(mode=mode, into=into) if mode == ASSIGN and into.startswith(HIDDEN):
                return self._key_part(expression)
            case Cast():
                return self.cast(expression, self.value(expression.arg))
            case Call():
                return self._call(expression)
        raise SqlError(1235, f"{type(expression).__name__} outside a grouped query")

    def _key_part(self, node: Cast) -> Any:
        """The value of a functional key part."""
        context = IndexContext(self.context, node.into)
        inner = Evaluator(context, self.params, self.row, self.sources)
        try:
            return inner.cast(node, inner.value(node.arg))
        except SqlError as error:
            if error.errno not in (1264, 1406):
                raise
            raise context.error(error.errno) from None

    def cast(self, node: Cast, value: Any) -> Any:
        """What `node` makes of `value`."""
        source = node.arg.type
        is_year = node.mode == COMPARE and source.kind is TypeKind.YEAR  # the beginning of one
        source = own_type(node.arg) if node.type.cls in TEMPORAL and not is_year else source
        if node.mode == ASSIGN:
            if _is_copied(node) and value is not None and len(value) > node.type.length:
                complain(self.context, 1265, node.into, self.context.row)
                return value[: node.type.length]
            if isinstance(value, Decimal) and node.type.cls in _SHOWN and has_params(node.arg):
                value = own_digits(value, source)
            name = origin_name(node.arg)
            return assign(self.context, value, source, node.type, node.into, name)
        if node.mode == EXPLICIT:
            return self._explicit(node, value, source)
        if node.mode == COMPARE:
            name = origin_name(node.arg)
            return compared(self.context, value, source, node.type, node.into, node.wording, name)
        if node.type.cls is Class.INT and isinstance(value, float):
            value = self._whole(node.arg, value)
        is_column = isinstance(origin(node.arg), ColumnRef)
        if is_column:
            value = column_text(value, source, node.type)
        value = self._decimal_of_text(node, value)
        name, context = function_name(node.arg), self.context
        is_silent = name in SILENT or (name in BITWISE and node.type.cls is not Class.DECIMAL)
        is_silent |= name == "group_concat" and node.type.cls is Class.INT
        if is_silent and source.cls is Class.STRING and node.type.cls not in TEMPORAL:
            context = self._quiet
        if name in UNSIGNED_TEXTS and node.type.cls is Class.INT and isinstance(value, str):
            number = integer_of(context, value, source, True)
            tell_wrapped(context, True, value)
            return wrap(number, node.type.unsigned)
        if _is_text_as_signed(value, source, node.type):
            is_short = is_column or name in MUTE
            made = _signed_of_text(context, value, source, is_short)
            chosen = self._chosen(node.arg)
            is_given = is_short or isinstance(chosen, Literal | ColumnRef)
            is_given |= function_name(chosen) in UNSIGNED_TEXTS
            if made < 0 and not is_given:
                tell_wrapped(context, False, text_for_number(value))
            return made
        is_cast = node.wording in (WRITTEN, OF_BRANCH) and node.type.cls is Class.DATETIME
        made = convert(context, value, source, node.type, is_cast, origin_name(node.arg))
        return wrap(made, False) if node.wording == SIGNED and made is not None else made

    @property
    def _quiet(self) -> Any:
        return Listener(self.context)

    def _decimal_of_text(self, node: Cast, value: Any) -> Any:
        """A text that varies, as the DECIMAL it begins with, that of a regular expression as the
        integer; everything else as it is."""
        if node.type.cls is not Class.DECIMAL or not isinstance(value, str | bytes):
            return value
        source = node.arg.type
        if source.kind in (TypeKind.ENUM, TypeKind.SET) or isinstance(node.arg, Literal):
            return value
        name, is_column = function_name(node.arg), isinstance(origin(node.arg), ColumnRef)
        if name in BITWISE:
            return value
        if name in MUTE:
            return Decimal(_signed_of_text(self._quiet, value, source, is_short=True))
        if name == "json_value":  # which reads it as a constant is read
            return value
        return decimal_of_varying(self.context, value, source, is_column)

    def _explicit(self, node: Cast, value: Any, source: SqlType) -> Any:
        """CAST and CONVERT."""
        target = node.type
        name = node.into or describe(node, self.sources)
        if source.cls is Class.JSON:
            label = origin_name(node.arg)
            if target.kind is TypeKind.FLOAT and value is not None:
                value, source = double_of(self.context, value, source, label), target
            elif target.cls is not Class.DECIMAL or value is None:
                name = label
            else:  # what is wrong with the document is said of it, then of the cast
                value, source = decimal_of(self.context, value, source, label), target
        if target.cls is Class.INT and isinstance(value, float):
            value = self._whole(node.arg, value)
        is_column = isinstance(origin(node.arg), ColumnRef)
        if is_column and target.cls in (Class.DOUBLE, Class.DECIMAL):
            value = column_text(value, source, target)
        value = self._decimal_of_text(node, value)
        function = function_name(node.arg)
        is_among_dates = function in AMONG_DATES and target.cls is Class.INT
        is_silent = target.cls is Class.DOUBLE or is_among_dates
        is_silent = is_silent and source.cls is Class.STRING and function in SILENT
        context = self._quiet if is_silent else self.context
        if is_silent and target.kind is TypeKind.YEAR and value is not None:  # that of a number
            value, context = integer_of(context, value, source, False), self.context
            source = int_type()
        return convert(context, value, source, target, True, name)

    def _whole(self, arg: Expression, value: float) -> float:
        """A DOUBLE on its way to an integer: what a function made must fit (1690), a FLOAT column
        wraps around, a constant is cut to the range, a DOUBLE column with a warning (1292)."""
        arg = self._chosen(arg) if abs(value) >= _I63 else arg
        is_cast = isinstance(arg, Cast) and arg.mode == EXPLICIT  # for which the least is too small
        if -_I63 + is_cast <= value < _I63:
            return value
        computed = _computed(arg)
        if computed is not None:
            kind = "BIGINT UNSIGNED" if computed.type.unsigned else "BIGINT"
            raise SqlError(1690, kind, describe(computed, self.sources))
        given = origin(arg)
        if isinstance(given, Aggregate):
            if given.function in ("min", "max"):
                return -float(_I63)
            raise SqlError(1690, "BIGINT", describe(itself(given), self.sources))
        if not isinstance(given, ColumnRef):
            return value
        if arg.type.kind is TypeKind.FLOAT:
            return -float(_I63)
        self.context.warn(1292, f"Truncated incorrect INTEGER value: '{double_text(value)}'")
        return value

    def _chosen(self, arg: Expression) -> Expression:
        """The branch of IF, CASE or NULLIF whose value `arg` is."""
        quiet = Evaluator(self._quiet, self.params, self.row, self.sources)
        while isinstance(arg, Call) and arg.function.name in ("if", "case", "nullif"):
            last = len(arg.args) - 1
            when = range(0, last, 2) if arg.function.name != "nullif" else ()
            at = next((at + 1 for at in when if quiet.value(arg.args[at])), last)
            arg = arg.args[at]
            while isinstance(arg, Cast) and arg.mode == IMPLICIT:
                arg = arg.arg
        return arg

    def call(self, node: Call, values: Sequence[Any]) -> Any:
        """What `node`'s function makes of argument values. Raises 1690 with MySQL's text."""
        function = node.function
        if function.null_rejects and None in values:
            return None
        try:
            return function.python(self.context, node, *values)
        except OutOfRange as error:
            raise SqlError(1690, error.args[0], describe(node, self.sources)) from None
        except Unfit as unfit:
            kind, name = unfit.args
            text = describe(node.args[0], self.sources)
            said = f"Incorrect {kind} value: '{shown_bytes(text)}' for function {name}"
            self.context.warn(1411, said)
            return None

    def _call(self, node: Call) -> Any:
        lazy = _LAZY.get(node.function.name)
        if lazy is not None:
            return lazy(self, node)
        stops = node.function.null_rejects and node.function.name not in _STOPS
        if node.function.name in _ARITHMETIC and node.type.cls is not Class.DECIMAL:
            stops = node.function.name == "div" and node.args[0].type.cls is not Class.INT
        name = node.function.name
        values: list[Any] = [None] * len(node.args)
        for at in _ORDER.get(name) or range(len(values)):
            if at == len(values):
                continue
            values[at] = self.value(node.args[at])
            if values[at] is None and (stops or at in _STOPS.get(name, ())):
                return None  # what follows is not looked at, nor warned about
        return self.call(node, values)

    def _and(self, node: Call) -> Any:
        result: int | None = 1
        for arg in node.args:
            value = self.value(arg)
            if value is None:
                result = None
            elif not value:
                return 0
        return result

    def _and_sure(self, node: Call) -> Any:
        return int(all(self.value(arg) for arg in node.args))

    def _or(self, node: Call) -> Any:
        result: int | None = 0
        for arg in node.args:
            value = self.value(arg)
            if value is None:
                result = None
            elif value:
                return 1
        return result

    def _if(self, node: Call) -> Any:
        condition, then, otherwise = node.args
        return self.value(then if self.value(condition) else otherwise)

    def _nullif(self, node: Call) -> Any:
        equal, value = node.args
        return None if self.value(equal) else self.value(value)

    def _first(self, node: Call) -> Any:
        for arg in node.args:
            value = self.value(arg)
            if value is not None:
                return value
        return None

    def _is_null(self, node: Call, is_negated: bool = False) -> Any:
        """What cannot be NULL is not looked at, except by IS NOT NULL."""
        (arg,) = node.args
        if _is_order(arg):
            return int(self.has_no_value(arg))
        return int((is_negated or arg.type.nullable) and self.value(arg) is None)

    def has_no_value(self, arg: Expression) -> bool:
        """Whether `arg` is NULL: a comparison with a constant is if one of its sides is."""
        if not isinstance(arg, Call) or not _is_order(arg):
            return self.value(arg) is None
        sides = [
            one.arg if isinstance(one, Cast) and one.mode != EXPLICIT else one for one in arg.args
        ]
        looked_at = (side for side in sides if side.type.nullable or is_constant(side))
        return any(self.value(side) is None for side in looked_at)

    def _not(self, node: Call) -> Any:
        (arg,) = node.args
        if isinstance(arg, Call) and arg.function.name == "is null":
            return 1 - self._is_null(arg, True)
        return self.call(node, [self.value(arg)])

    def _benchmark(self, node: Call) -> Any:
        """BENCHMARK: its expression so many times."""
        count = self.value(node.args[0])
        if count is None or count < 0:
            return self.call(node, (count, None))
        return self.context.effects.once(lambda: repeated(self, node.args[1], count))

    def _case(self, node: Call) -> Any:
        args = node.args
        for at in range(0, len(args) - 1, 2):
            if self.value(args[at]):
                return self.value(args[at + 1])
        return self.value(args[-1]) if len(args) % 2 else None


def _is_order(arg: Expression) -> bool:
    """Whether it is a comparison with a constant."""
    if not isinstance(arg, Call):
        return False
    return arg.function.name in _ORDERS and any(map(is_constant, arg.args))


def _computed(arg: Expression) -> Expression | None:
    """The part of a DOUBLE that MySQL looks at where it becomes an integer, whether it fits: what
    was computed. None: constants and columns are cut to the range."""
    if isinstance(arg, Literal):  # what was computed while the statement was prepared
        return arg if arg.text and arg.start < 0 and arg.type.cls is Class.DOUBLE else None
    is_variable = isinstance(arg, Call) and arg.function.name == "user variable"
    return arg if isinstance(arg, Call | Cast) and not is_variable else None


def own_digits(number: Decimal, source: SqlType) -> Decimal:
    """A number computed with parameters, of which nobody knew how many digits they would have,
    without those that none of them had."""
    if source.scale == MAX_DECIMAL_SCALE:
        return round_decimal(number, max(-int(number.normalize(EXACT).as_tuple().exponent), 0))
    return round_decimal(number, 0) if number == int(number) else number


def _is_copied(node: Cast) -> bool:
    """Whether MySQL copies a column's bytes into another one without looking at them: then what is
    too long for it is said in other words, and spaces at the end count."""
    arg, target = node.arg, node.type
    if not isinstance(arg, ColumnRef) or not isinstance(arg.stands_for or arg, ColumnRef):
        return False
    is_variable = arg.type.kind is target.kind is TypeKind.VARCHAR
    is_variable = is_variable or arg.type.kind is target.kind is TypeKind.VARBINARY
    return is_variable and arg.type.collation == target.collation


_I63: Final = 1 << 63
_ORDERS: Final = frozenset(("=", "<>", "<", "<=", ">", ">="))
_ARITHMETIC: Final = frozenset(
    ("+", "-", "*", "/", "%", "div")
)  #: over doubles and integers both sides are looked at
#: Functions that look at their arguments in another order,
_ORDER: Final = {
    "insert": (0, 3, 1, 2),
    "makedate": (1, 0),
    "lpad": (0, 2, 1),
    "rpad": (0, 2, 1),
    "substring_index": (0, 2, 1),
    "locate": (1, 0, 2),
    "format": (1, 2, 0),
}
#: and those that make something of NULLs, but stop if one of these is one.
_STOPS: Final[dict[str, tuple[int, ...]]] = {
    **dict.fromkeys(("json_remove", "json_extract", "json_contains_path", "sha2"), (0,)),
    **dict.fromkeys(("concat_ws", "aes_encrypt", "aes_decrypt"), (0,)),
    "substring_index": (0, 2),
    "format": (1,),
}
_LAZY: dict[str, Callable[[Evaluator, Call], Any]] = {
    "<=>": Evaluator._null_safe,
    "in": Evaluator._in,
    "in@date": Evaluator._in_dates,
    **dict.fromkeys(REGEXP, Evaluator._regexp),
    "=@when": Evaluator._when,
    "row in": Evaluator._row_in,
    **dict.fromkeys(("row <", "row <=", "row >", "row >="), Evaluator._row_order),
    "between": Evaluator._between,
    "between@each": Evaluator._between,
    "is null": Evaluator._is_null,
    "not": Evaluator._not,
    "elt": Evaluator._elt,
    "make_set": Evaluator._make_set,
    "no document": Evaluator._no_document,
    "json_valid": Evaluator._json_valid,
    "json_object": Evaluator._members_in_turn,
    "field": Evaluator._field,
    "=@in": Evaluator._text_among,
    "interval": Evaluator._interval,
    **dict.fromkeys(("json_insert", "json_array_append", "json_array_insert"), Evaluator._changed),
    "json_search": Evaluator._search,
    **dict.fromkeys(READ_IN_TURN, Evaluator._read_in_turn),
    "coercibility": Evaluator._type_only,
    "collation": Evaluator._type_only,
    "charset": Evaluator._type_only,
    "log": Evaluator._log,
    "date_add": Evaluator._shift,
    "date_sub": Evaluator._shift,
    **{name + form: Evaluator._extreme for name in AMONG_DATES for form in ("", " number")},
    "addtime": Evaluator._span,
    "addtime@moment": Evaluator._span,
    "timestamp": Evaluator._span,
    "subtime": Evaluator._span,
    "subtime@moment": Evaluator._span,
    "timediff": Evaluator._span,
    "convert_tz": Evaluator._zoned,
    "week": Evaluator._week,
    "yearweek": Evaluator._week,
    "and": Evaluator._and,
    "and@sure": Evaluator._and_sure,
    "or": Evaluator._or,
    "or@in": Evaluator._or,
    "if": Evaluator._if,
    "nullif": Evaluator._nullif,
    "ifnull": Evaluator._first,
    "coalesce": Evaluator._first,
    "case": Evaluator._case,
    "benchmark": Evaluator._benchmark,
}


def evaluate(expression: Expression, context: Context, params: Sequence[Any] = ()) -> Any:
    """The value of an expression without columns."""
    return Evaluator(context, params).value(expression)


def _is_text_as_signed(value: Any, source: SqlType, target: SqlType) -> bool:
    if not isinstance(value, str | bytes) or target.cls is not Class.INT or target.unsigned:
        return False
    return target.kind is not TypeKind.YEAR and source.kind not in (TypeKind.ENUM, TypeKind.SET)


def _signed_of_text(context: Context, value: str | bytes, source: SqlType, is_short: bool) -> int:
    """The digits a string begins with, as a signed number.

    is_short  as columns do it: what is too large is the largest; else all 64 bits of it count
    """
    number, whole = leading_integer(text_for_number(value))
    high = 1 << (63 if is_short else 64)
    if not -(1 << 63) <= number < high:
        number, whole = (high - 1 if number > 0 else -(1 << 63)), False
    if not whole and source.kind not in QUIET_KINDS:
        context.warn(1292, f"Truncated incorrect INTEGER value: '{shown(value)}'")
    return wrap(number, False)
