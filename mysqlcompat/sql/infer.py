"""Types of expressions as MySQL derives them, and the casts that follow.

`Typing` builds typed nodes from typed arguments: it decides in which class an operator works, wraps
the arguments in `Cast` nodes to that class, and computes the type of the result with MySQL's rules
for precision, length and nullability.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from btree.schema import TypeKind
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.table import Context, Function
from mysqlcompat.sql.agreement import NUMERIC, Agreement, has_param
from mysqlcompat.sql.branches import UNSIGNED_TEXTS, Branches, natural, sides, spelled
from mysqlcompat.sql.describe import SIGNED, describe
from mysqlcompat.sql.held_constants import pinned
from mysqlcompat.sql.measures import (
    DOCUMENT_CHARACTERS,
    decimal_result,
    digits,
    division_type,
    double_of_null,
    is_fixed,
    numeric_type,
    quotient_digits,
    sum_type,
    text_length,
)
from mysqlcompat.sql.memberships import Memberships
from mysqlcompat.sql.parameters import is_untyped, of_own_scale, text_type, widest, with_type
from mysqlcompat.sql.row_memberships import prepared_rows
from mysqlcompat.sql.shown_bytes import (
    called_as,
    in_branches,
    marked,
    passed_on,
    passes_bytes,
    shows_bytes,
)
from mysqlcompat.sql.typed import (
    IMPLICIT,
    Aggregate,
    Call,
    Cast,
    Expression,
    Literal,
    is_constant,
)
from mysqlcompat.sqltypes import (
    BINARY,
    MAX_DECIMAL_DIGITS,
    MAX_DECIMAL_SCALE,
    NOT_FIXED,
    TEMPORAL,
    Class,
    SqlType,
    bool_type,
    date_type,
    datetime_type,
    decimal_type,
    double_type,
    int_type,
    json_type,
    string_type,
    time_type,
)
from mysqlcompat.sqltypes import NUMERIC as NUMERIC_CLASSES

STRICT_MODES: Final = frozenset(("STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"))


def is_number_literal(arg: Expression) -> bool:
    """``x'41'`` and ``b'101'``: binary strings that are numbers where one is wanted. With an
    introducer they are not."""
    return isinstance(arg, Literal) and isinstance(arg.value, bytes) and arg.type.scale != NOT_FIXED


def _is_large(sql_type: SqlType) -> bool:
    """A number without sign that may be more than a signed integer."""
    return sql_type.unsigned and (sql_type.kind is TypeKind.BIGINT or sql_type.is_wide_decimal)


def _own_size(arg: Expression) -> SqlType:
    """The type of a number beside NULL, where ``x'41'`` is as long as its bytes."""
    if isinstance(arg, Literal) and isinstance(arg.value, bytes) and arg.type.scale != NOT_FIXED:
        return int_type(len(arg.value))
    return arg.type


def is_binary_string(arg: Expression) -> bool:
    """A binary string which operators on bits take byte by byte; also what a function makes of
    nothing but NULL."""
    if isinstance(arg, Call) and arg.type.cls is Class.NULL:
        return True
    is_binary = arg.type.cls is Class.STRING and arg.type.collation == BINARY
    return is_binary and not is_number_literal(arg)


def _works_on_bytes(left: Expression, right: Expression) -> bool:
    """Whether ``& | ^`` see binary strings: one at least, the other such a one, a literal or
    NULL."""
    strings = is_binary_string(left), is_binary_string(right)
    return any(strings) and all(
        known or is_number_literal(arg) or arg.type.cls is Class.NULL
        for known, arg in zip(strings, (left, right), strict=True)
    )


def nullable_of(args: Sequence[Expression]) -> bool:
    return any(arg.type.nullable for arg in args)


class Typing(Agreement, Branches, Memberships):
    """Builder of typed expressions for one statement."""

    def __init__(self, context: Context, functions: Callable[[str], Function]) -> None:
        self.context = context
        self.function = functions
        self.given: dict[str, SqlType] = {}  #: types of user variables the statement sets first
        self.is_change = False  #: what is computed goes into columns: nobody sees its type

    def call(self, name: str, sql_type: SqlType, *args: Expression) -> Call:
        return Call(self.as_result(sql_type), self.function(name), args)

    @property
    def is_strict(self) -> bool:
        """Strict modes let string functions fail to NULL, so that all of them may be."""
        return bool(self.context.sql_mode & STRICT_MODES)

    # casts

    def cast(self, arg: Expression, target: SqlType, mode: int = IMPLICIT) -> Expression:
        """`arg` as `target`; no node where none is needed, and an untyped `?` takes the type."""
        if is_untyped(arg):
            return with_type(arg, target)
        source = arg.type
        if mode == IMPLICIT and source.cls is target.cls and self._same(source, target):
            return arg
        if source.kind is TypeKind.NULL and mode == IMPLICIT:
            return Literal(target.or_null(), None) if isinstance(arg, Literal) else arg
        if mode == IMPLICIT:
            arg = self.timely(arg) if target.cls in TEMPORAL else arg
            target = target.or_null(source.nullable)
            is_whole = target.cls is Class.INT

            def convert(inner: Expression) -> Expression:
                if target.cls in NUMERIC_CLASSES and self.is_bits(inner):
                    inner = self.as_number(inner)
                if is_whole and not target.unsigned and _is_large(inner.type):
                    return Cast(target, inner, wording=SIGNED)
                return self.cast(self.computed(inner) if is_whole else inner, target)

            return self.own_branches(arg, target, convert) or Cast(target, arg, mode)
        return Cast(target.or_null(target.nullable or source.nullable), arg, mode)

    def is_bits(self, arg: Expression) -> bool:
        return is_number_literal(arg)

    @staticmethod
    def _same(source: SqlType, target: SqlType) -> bool:
        match source.cls:
            case Class.DECIMAL:
                return source.scale == target.scale and source.mixed == target.mixed
            case Class.STRING:
                plain = source.kind not in (TypeKind.ENUM, TypeKind.SET)
                return source.collation == target.collation and plain
        return True

    def as_string(self, arg: Expression) -> Expression:
        if is_untyped(arg):
            return with_type(arg, text_type(self.context.collation))
        source = arg.type
        if source.cls is Class.STRING and source.kind not in (TypeKind.ENUM, TypeKind.SET):
            return arg
        if source.cls is Class.NULL and isinstance(arg, Literal):
            return Literal(string_type(0, BINARY, True, source.coercibility), None)
        is_bytes = source.kind is TypeKind.BIT and not source.is_computed_bits
        collation = BINARY if is_bytes else self.context.collation
        collation = source.collation if source.is_text else collation
        if source.cls is Class.JSON:
            target = string_type(DOCUMENT_CHARACTERS, "utf8mb4_bin", source.nullable, 2)
        else:
            best = 2 if is_bytes else min(source.coercibility, NUMERIC)
            if source.cls is Class.INT and source.coercibility != NUMERIC:  # of a search
                collation, best = source.collation, source.coercibility
            target = string_type(text_length(source), collation, source.nullable, best)
        return self.cast(spelled(arg), target)

    def as_characters(self, arg: Expression) -> Expression:
        """A string whose characters count: a binary one is taken for text."""
        arg = self.as_string(arg)
        if arg.type.collation != BINARY or arg.type.cls is not Class.STRING:
            return arg
        source = arg.type
        made = string_type(source.length, self.context.collation, True, source.coercibility)
        if isinstance(arg, Literal) and arg.value is None:
            return arg
        return self.call("characters", made, arg)

    def as_number(self, arg: Expression) -> Expression:
        if is_number_literal(arg):
            assert isinstance(arg, Literal)
            return self._number_of_bytes(arg)
        if is_untyped(arg):
            return with_type(arg, double_type())
        return self.cast(arg, numeric_type(arg.type))

    def _number_of_bytes(self, arg: Literal) -> Expression:
        """A hexadecimal or bit literal where a number is wanted."""
        if len(arg.value) > 8:
            self.context.warn(1292, f"Truncated incorrect BINARY value: 'x'{arg.value.hex()}''")
            return Literal(int_type(21 - arg.type.unsigned, arg.type.unsigned, False), 0)
        size = max(math.ceil(len(arg.value) * 8 * math.log10(2)), 1)
        unsigned = arg.type.unsigned  # hexadecimal; bit literals are signed
        made = int_type(size + (not unsigned), unsigned, False)
        return Literal(made, int.from_bytes(arg.value, "big"), text=describe(arg))

    def as_integer(self, arg: Expression) -> Expression:
        if is_number_literal(arg):
            return self.as_number(arg)
        if arg.type.cls is Class.INT:
            return arg
        unsigned = arg.type.cls is Class.DECIMAL and arg.type.unsigned
        unsigned |= isinstance(arg, Call) and arg.function.name in UNSIGNED_TEXTS
        return self.cast(self.computed(arg), int_type(21, unsigned, arg.type.nullable))

    def as_double(self, arg: Expression) -> Expression:
        if is_number_literal(arg):
            arg = self.as_number(arg)
        return self.cast(arg, double_type(nullable=arg.type.nullable))

    def as_condition(self, arg: Expression) -> Expression:
        """Where only "zero, not zero or NULL" counts."""
        if arg.type.cls is Class.JSON:
            self.context.warn(3986, SqlError(3986).message)
            return self.comparison("<>", arg, Literal(int_type(2, nullable=False), 0))
        return self.as_number(with_type(arg, int_type()))

    def as_test(self, arg: Expression) -> Expression:
        """The condition of IF and CASE: a JSON value counts as a number."""
        if arg.type.cls is Class.JSON or is_untyped(arg):
            return self.as_double(arg)
        return self.as_condition(arg)

    def folded(self, condition: Expression) -> Expression:
        """The condition of an IF without its constants; also where one of them decides it. What is
        within the others is looked at though nothing of it counts then."""
        if isinstance(condition, Call) and condition.function.name == "row in":
            return prepared_rows(self, condition)
        if not isinstance(condition, Call) or condition.function.name not in ("and", "or"):
            return condition
        is_or = condition.function.name == "or"
        kept: list[Expression] = []
        is_decided = False
        for arg in map(self.folded, condition.args):
            if is_decided:
                continue
            if not is_constant(arg) or has_param(arg):
                kept.append(arg)
            elif bool(self.constant_value(arg)) is is_or:
                is_decided = True
        if not is_decided:
            is_or = not is_or  # what is left if nothing is
        if kept and not is_decided:
            return replace(condition, args=tuple(kept))
        return Literal(bool_type(False), int(is_or), text="(true)" if is_or else "(false)")

    def as_moment(self, arg: Expression, fsp: int | None = None) -> Expression:
        if arg.type.cls is Class.DATETIME:
            return arg
        default = 6 if arg.type.cls in (Class.STRING, Class.DOUBLE, Class.JSON) else arg.type.scale
        return self.cast(arg, datetime_type(default if fsp is None else fsp))

    def as_date(self, arg: Expression) -> Expression:
        return self.cast(arg, date_type())

    def as_time(self, arg: Expression) -> Expression:
        is_known = arg.type.cls in TEMPORAL
        return self.cast(arg, time_type(arg.type.scale if is_known else 6))

    def as_json(self, arg: Expression) -> Expression:
        """A SQL value as a JSON value: a string becomes a JSON string, it is not parsed."""
        return self.cast(self.in_json(arg), json_type(arg.type.nullable))

    def in_json(self, arg: Expression) -> Expression:
        """What is true or false is a boolean in JSON, what chooses between the two is not; a
        DECIMAL has the digits of its value."""
        if is_truth(arg):
            zero = Literal(int_type(1, nullable=False), 0)
            return self.call("<>", bool_type(arg.type.nullable), arg, zero)
        if isinstance(arg, Call) and arg.function.name in _CHOICES and arg.type.cls is Class.INT:
            return replace(arg, type=replace(arg.type, length=max(arg.type.length, 2)))
        arg = in_branches(arg)
        if isinstance(arg, Aggregate) and arg.function == "avg":
            return self._quotient(arg)
        if shows_bytes(arg):  # of an unknown string's type
            return self.call("opaque", json_type(arg.type.nullable), arg)
        if isinstance(arg, Call) and arg.type.cls is Class.STRING and passes_bytes(arg):
            places = passed_on(arg)
            made = (called_as(arg, one) if n in places else one for n, one in enumerate(arg.args))
            args = [self.as_json(one) if n in places else one for n, one in enumerate(made)]
            return replace(arg, type=json_type(arg.type.nullable), args=tuple(args))
        return natural(arg)

    def _quotient(self, average: Aggregate) -> Expression:
        """An average with the digits that its division leaves."""
        if average.type.cls is not Class.DECIMAL:
            return average
        total = replace(average, type=sum_type(average.args[0].type), function="sum")
        count = replace(average, type=int_type(21, nullable=False), function="count")
        return self.call("/@whole", replace(average.type, mixed=True), total, count)

    def as_path(self, arg: Expression) -> Expression:
        """A JSON path: a string, part of the plan if it is a literal."""
        return pinned(self.without_charset(self.as_string(arg)))

    def without_charset(self, arg: Expression, is_refused: bool = True) -> Expression:
        """A string where only text will do: what shows a date that GREATEST or LEAST chose, or part
        of a literal DOUBLE, is bytes, which are refused (3144)."""

        def mark(one: Expression) -> Expression:
            if is_refused:
                return self.call("no text", one.type, one)
            return self.in_charset(one, BINARY)

        return marked(arg, mark)

    # bits

    def bitwise(self, operator: str, left: Expression, right: Expression) -> Expression:
        """``& | ^ << >>``: over numbers, or byte by byte over binary strings of one length."""
        left, right = self._bit_params(operator, left, right)
        if operator in ("<<", ">>"):
            right = self.as_bits(right)
            if is_binary_string(left):
                made = string_type(left.type.length, BINARY, nullable_of((left, right)))
                return self.call(operator, made, left, right)
            left = self.as_bits(left)
        elif _works_on_bytes(left, right):
            length = max(left.type.length, right.type.length)
            made = string_type(length, BINARY, nullable_of((left, right)))
            return self.call(operator, made, left, right)
        else:
            left, right = self.as_bits(left), self.as_bits(right)
        return self.call(operator, int_type(21, True, nullable_of((left, right))), left, right)

    @staticmethod
    def _bit_params(
        operator: str, left: Expression, right: Expression
    ) -> tuple[Expression, Expression]:
        """A `?` is of the kind of what is beside it, a binary string if nothing is known."""
        if operator in ("<<", ">>"):
            return with_type(left, text_type(BINARY)), with_type(right, int_type())
        known = [arg for arg in (left, right) if not is_untyped(arg)]
        is_number = bool(known) and not is_binary_string(known[0])
        wanted = int_type() if is_number else text_type(BINARY)
        return with_type(left, wanted), with_type(right, wanted)

    def as_bits(self, arg: Expression) -> Expression:
        """64 bits: DECIMALs beyond those of a signed number are cut."""
        if arg.type.cls in (Class.INT, Class.NULL) or is_number_literal(arg):
            return self.as_integer(arg)
        unsigned = arg.type.cls is Class.DECIMAL and arg.type.unsigned
        target = int_type(unsigned=unsigned, nullable=arg.type.nullable)
        return self.cast(self.computed(arg), target)

    # arithmetic

    @property
    def division_digits(self) -> int:
        return int(self.context.system_variable("div_precision_increment", ""))

    def arithmetic(self, operator: str, left: Expression, right: Expression) -> Expression:
        """``+ - * / div %``."""
        if is_untyped(left) or is_untyped(right):
            other = right if is_untyped(left) else left
            default = int_type() if operator == "div" else double_type()
            known = default if is_untyped(other) else numeric_type(other.type)
            if known.cls is Class.INT:
                known = int_type(unsigned=known.unsigned)
            elif not self.is_change:
                known = widest(known, self.context.collation)
            left, right = with_type(left, known), with_type(right, known)
        sizes = _own_size(left), _own_size(right)
        left, right = (
            self.as_number(arg) if is_number_literal(arg) else of_own_scale(arg)
            for arg in (left, right)
        )
        measures = left.type, right.type
        if operator == "div":
            size = quotient_digits(*measures)
            return self._integer_division(self._exact(left), self._exact(right), size)
        pair = self.as_number(left), self.as_number(right)
        left, right = sides(operator, *pair, self.division_digits)
        nullable = nullable_of((left, right)) or operator in ("/", "%")
        classes = {left.type.cls, right.type.cls}
        if Class.NULL in classes or Class.DOUBLE in classes:
            made = double_type(nullable=nullable)
            if all(map(is_fixed, (left.type, right.type))):
                made = double_of_null(operator, *sizes, self.division_digits)
                made = made.or_null(nullable)
            made = replace(made, unsigned=operator == "%" and left.type.unsigned)
            return self.call(operator, made, self.as_double(left), self.as_double(right))
        if operator == "/":
            made = division_type(left.type, right.type, self.division_digits)
            return self.call("/", made, left, right)
        if Class.DECIMAL in classes:
            made = decimal_result(operator, left.type, right.type, nullable)
            if operator == "%" and left.type.unsigned:  # the room for a sign counts as a digit
                made = replace(made, unsigned=True, precision=made.precision + 1)
            left, right = self._as_decimal(left), self._as_decimal(right)
            return self.call(operator, made, left, right)
        unsigned = left.type.unsigned or (right.type.unsigned and operator != "%")
        places = digits(left.type), digits(right.type)
        size = {"*": sum(places), "%": max(places)}.get(operator, max(places) + 1)
        size += not unsigned or operator == "%"
        if operator == "-" and "NO_UNSIGNED_SUBTRACTION" in self.context.sql_mode:
            unsigned = False
        return self.call(operator, int_type(size, unsigned, nullable), left, right)

    def _as_decimal(self, arg: Expression) -> Expression:
        if arg.type.cls is Class.DECIMAL:
            return arg
        return self.cast(arg, decimal_type(digits(arg.type), 0, arg.type.unsigned))

    def _exact(self, arg: Expression) -> Expression:
        """For DIV: strings and doubles count as decimals."""
        if arg.type.cls in (Class.STRING, Class.DOUBLE, Class.JSON):
            nullable = arg.type.nullable
            unsigned = arg.type.unsigned
            target = decimal_type(MAX_DECIMAL_DIGITS, MAX_DECIMAL_SCALE, unsigned, nullable)
            return self.cast(arg, replace(target, mixed=True))  # with all digits it has
        return self.as_number(arg)

    def _integer_division(self, left: Expression, right: Expression, size: int) -> Expression:
        unsigned = left.type.unsigned or right.type.unsigned
        made = int_type(size + (not unsigned), unsigned)
        if Class.DECIMAL in (left.type.cls, right.type.cls):
            left, right = self._as_decimal(left), self._as_decimal(right)
        return self.call("div", made, left, right)

    def negation(self, arg: Expression) -> Expression:
        arg = with_type(arg, double_type())
        if is_number_literal(arg):
            return self.call("neg", double_type(17, False, 0), self.as_double(arg))
        if arg.type.cls in TEMPORAL:
            fsp = arg.type.scale
            made = double_type(17 + fsp, arg.type.nullable, fsp)
            return self.call("neg", made, self.as_double(arg))
        arg = self.as_number(arg)
        source = arg.type
        match source.cls:
            case Class.NULL:
                return self.call("neg", double_type(17, True, 0), arg)
            case Class.INT:
                number = arg.value if isinstance(arg, Literal) else None
                if _is_negated(arg) or (number is not None and number > 1 << 63):
                    target = decimal_type(digits(source), 0, nullable=source.nullable)
                    return self.call("neg", target, self.cast(arg, target))
                known = self.constant_value(arg)  # of a constant MySQL sees whether it is negative
                if known is not None and not -1 < known < 1 << 63 and not isinstance(arg, Literal):
                    target = decimal_type(digits(source), 0, nullable=source.nullable)
                    return self.call("neg", target, self.cast(arg, target))
                size = max(source.length + source.unsigned, 2)
                return self.call("neg", int_type(size, nullable=source.nullable), arg)
            case Class.DECIMAL:
                made = decimal_type(source.precision, source.scale, nullable=source.nullable)
                made = replace(made, length=max(source.length + source.unsigned, made.length))
                return self.call("neg", made, arg)
        scale = source.scale if source.cls is Class.DOUBLE else NOT_FIXED
        length = 23 if scale == NOT_FIXED else 17 + scale
        made = double_type(length, source.nullable, scale)
        return self.call("neg", made, self.as_double(arg))


_CHOICES: Final = (
    *("if", "ifnull", "case", "coalesce", "nullif", "greatest", "least", "abs", "any_value"),
    *("set user variable", "div"),
)
_TRUTHS: Final = ("strcmp", "json_valid", "json_contains", "json_contains_path")


def is_truth(arg: Expression) -> bool:
    """Whether it is a number that MySQL calls true or false, a boolean in JSON."""
    return isinstance(arg, Call) and arg.function.name in _TRUTHS


def _is_negated(arg: Expression) -> bool:
    """``- -5``: MySQL makes a DECIMAL of it."""
    return (
        isinstance(arg, Call)
        and arg.function.name == "neg"
        and isinstance(arg.args[0], Literal)
        and bool(arg.args[0].value)
    )
