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
from mysqlcompat.sql.agreement import Agreement
from mysqlcompat.sql.branches import Branches, common_decimal
from mysqlcompat.sql.measures import (
    decimal_result,
    digits,
    division_type,
    double_of_null,
    numeric_type,
    quotient_digits,
    text_length,
)
from mysqlcompat.sql.typed import (
    IMPLICIT,
    Call,
    Cast,
    ColumnRef,
    Expression,
    Literal,
    Param,
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
from mysqlcompat.temporal import datetime_of_number

STRICT_MODES: Final = frozenset(("STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"))


def is_number_literal(arg: Expression) -> bool:
    """``x'41'`` and ``b'101'``: binary strings that are numbers where one is wanted. With an
    introducer they are not."""
    return isinstance(arg, Literal) and isinstance(arg.value, bytes) and arg.type.scale != NOT_FIXED


def is_binary_string(arg: Expression) -> bool:
    """A binary string which operators on bits take byte by byte."""
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


class Typing(Agreement, Branches):
    """Builder of typed expressions for one statement."""

    def __init__(self, context: Context, functions: Callable[[str], Function]) -> None:
        self.context = context
        self.function = functions

    def call(self, name: str, sql_type: SqlType, *args: Expression) -> Call:
        return Call(sql_type, self.function(name), args)

    @property
    def is_strict(self) -> bool:
        """Strict modes let string functions fail to NULL, so that all of them may be."""
        return bool(self.context.sql_mode & STRICT_MODES)

    # casts

    def cast(self, arg: Expression, target: SqlType, mode: int = IMPLICIT) -> Expression:
        """`arg` as `target`; no node where none is needed, and an untyped `?` takes the type."""
        if isinstance(arg, Param) and arg.type.kind is TypeKind.NULL:
            return Param(target.or_null(), arg.param_no)
        source = arg.type
        if mode == IMPLICIT and source.cls is target.cls and self._same(source, target):
            return arg
        if source.kind is TypeKind.NULL and mode == IMPLICIT:
            return Literal(target.or_null(), None) if isinstance(arg, Literal) else arg
        if mode == IMPLICIT:
            return Cast(target.or_null(source.nullable), arg, mode)
        return Cast(target.or_null(target.nullable or source.nullable), arg, mode)

    @staticmethod
    def _same(source: SqlType, target: SqlType) -> bool:
        match source.cls:
            case Class.DECIMAL:
                return source.scale == target.scale
            case Class.STRING:
                plain = source.kind not in (TypeKind.ENUM, TypeKind.SET)
                return source.collation == target.collation and plain
        return True

    def as_string(self, arg: Expression) -> Expression:
        source = arg.type
        if source.cls is Class.STRING and source.kind not in (TypeKind.ENUM, TypeKind.SET):
            return arg
        if source.cls is Class.NULL and isinstance(arg, Literal):
            return Literal(string_type(0, BINARY, True, source.coercibility), None)
        collation = source.collation if source.is_text else self.context.collation
        if source.cls is Class.JSON:
            target = string_type((1 << 32) - 1, "utf8mb4_bin", source.nullable, 2)
        else:
            target = string_type(text_length(source), collation, source.nullable, 4)
        return self.cast(self.shown(arg), target)

    def as_number(self, arg: Expression) -> Expression:
        if is_number_literal(arg):
            assert isinstance(arg, Literal)
            return self._number_of_bytes(arg)
        return self.cast(arg, numeric_type(arg.type))

    def _number_of_bytes(self, arg: Literal) -> Expression:
        """A hexadecimal or bit literal where a number is wanted."""
        if len(arg.value) > 8:
            text = f"x'{arg.value.hex().upper()}'"
            self.context.warn(1292, f"Truncated incorrect BINARY value: '{text}'")
            return Literal(int_type(21, arg.type.unsigned, False), 0)
        size = max(math.ceil(len(arg.value) * 8 * math.log10(2)), 1)
        unsigned = arg.type.unsigned  # hexadecimal; bit literals are signed
        made = int_type(size + (not unsigned), unsigned, False)
        return Literal(made, int.from_bytes(arg.value, "big"))

    def as_integer(self, arg: Expression) -> Expression:
        if is_number_literal(arg):
            return self.as_number(arg)
        if arg.type.cls is Class.INT:
            return arg
        return self.cast(arg, int_type(nullable=arg.type.nullable))

    def as_double(self, arg: Expression) -> Expression:
        if is_number_literal(arg):
            arg = self.as_number(arg)
        return self.cast(arg, double_type(nullable=arg.type.nullable))

    def as_condition(self, arg: Expression) -> Expression:
        """Where only "zero, not zero or NULL" counts."""
        if arg.type.cls is Class.JSON:
            self.context.warn(3986, SqlError(3986).message)
            return self.comparison("<>", arg, Literal(int_type(2, nullable=False), 0))
        return self.as_number(arg)

    def as_test(self, arg: Expression) -> Expression:
        """The condition of IF and CASE: a JSON value counts as a number."""
        return self.as_double(arg) if arg.type.cls is Class.JSON else self.as_condition(arg)

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
        return self.cast(as_number_in_json(arg), json_type(arg.type.nullable))

    # comparison

    def comparison(self, operator: str, left: Expression, right: Expression) -> Expression:
        left, right = self.comparable(operator, left, right)
        nullable = operator != "<=>" and nullable_of((left, right))
        return self.call(operator, bool_type(nullable), left, right)

    def comparable(
        self, operator: str, left: Expression, right: Expression
    ) -> tuple[Expression, Expression]:
        """Both sides cast to the class in which MySQL compares them."""
        left, right = self._typed_params(left, right)
        left, right = _constant_to_column(left, right)
        right, left = _constant_to_column(right, left)
        one, other = left.type.cls, right.type.cls
        if Class.NULL in (one, other):
            return self._with_null(left, right)
        if Class.JSON in (one, other):
            return self.as_json(left), self.as_json(right)
        if one is Class.STRING and other is Class.STRING:
            return self._same_collation(operator, left, right)
        if one in TEMPORAL or other in TEMPORAL:
            return self._as_temporals(left, right)
        left, right = self.as_number(left), self.as_number(right)
        if Class.DOUBLE in (left.type.cls, right.type.cls):
            return self.as_double(left), self.as_double(right)
        if Class.DECIMAL in (left.type.cls, right.type.cls):
            target = common_decimal([left.type, right.type])
            return self.cast(left, target), self.cast(right, target)
        return left, right

    def _with_null(self, left: Expression, right: Expression) -> tuple[Expression, Expression]:
        if left.type.cls is Class.NULL:
            return self.cast(left, right.type), right
        return left, self.cast(right, left.type)

    def _typed_params(self, left: Expression, right: Expression) -> tuple[Expression, Expression]:
        """A `?` compares in the type of the other side."""
        if _is_untyped(left) and not _is_untyped(right):
            left = self.cast(left, _param_target(right.type))
        elif _is_untyped(right) and not _is_untyped(left):
            right = self.cast(right, _param_target(left.type))
        elif _is_untyped(left) and _is_untyped(right):
            target = string_type(16383, self.context.collation)
            left, right = self.cast(left, target), self.cast(right, target)
        return left, right

    def _same_collation(
        self, operator: str, left: Expression, right: Expression
    ) -> tuple[Expression, Expression]:
        left, right = self.as_string(left), self.as_string(right)
        collation = self.collation([left.type, right.type], operator)
        return self.with_collation(left, collation), self.with_collation(right, collation)

    def _as_temporals(self, left: Expression, right: Expression) -> tuple[Expression, Expression]:
        one, other = left.type.cls, right.type.cls
        if one not in TEMPORAL:
            right, left = self._as_temporals(right, left)
            return left, right
        if other not in TEMPORAL:
            if other is not Class.STRING and not _is_moment(left.type, right):
                return self.as_double(self.as_number(left)), self.as_double(right)
            right = self._temporal_constant(right, left.type)
            other = right.type.cls
        if one is other:
            return left, right
        return self.as_moment(left), self.as_moment(right)

    def _temporal_constant(self, arg: Expression, like: SqlType) -> Expression:
        """What is compared with a temporal is one; ERROR 1525 if a constant cannot be."""
        made = self._temporal_cast(arg, like)
        if isinstance(made, Cast) and is_constant(arg):
            name = "DATETIME" if like.cls is Class.DATETIME else like.kind.name
            return replace(made, into=name)
        if isinstance(made, Cast) and not made.type.nullable:
            return replace(made, type=made.type.or_null())
        return made

    def _temporal_cast(self, arg: Expression, like: SqlType) -> Expression:
        if not isinstance(arg, Literal) or not isinstance(arg.value, str):
            arg = _pinned(arg)
        if like.cls is Class.TIME:
            return self.cast(arg, time_type(6))
        if like.cls is Class.DATE and isinstance(arg, Literal):
            arg = replace(arg, literal_no=None)  # whether it has a time decides the comparison
            shown = str(arg.value)
            has_time = len(shown.strip()) > 10
            return self.cast(arg, datetime_type(6) if has_time else date_type())
        return self.cast(arg, datetime_type(6))

    # bits

    def bitwise(self, operator: str, left: Expression, right: Expression) -> Expression:
        """``& | ^ << >>``: over numbers, or byte by byte over binary strings of one length."""
        if operator in ("<<", ">>"):
            right = self.as_bits(right)
            if is_binary_string(left):
                made = left.type.or_null(nullable_of((left, right)))
                return self.call(operator, made, left, right)
            left = self.as_bits(left)
        elif _works_on_bytes(left, right):
            length = max(left.type.length, right.type.length)
            made = string_type(length, BINARY, nullable_of((left, right)))
            return self.call(operator, made, left, right)
        else:
            left, right = self.as_bits(left), self.as_bits(right)
        return self.call(operator, int_type(21, True, nullable_of((left, right))), left, right)

    def as_bits(self, arg: Expression) -> Expression:
        """64 bits: DECIMALs beyond them are cut to an unsigned number."""
        if arg.type.cls in (Class.INT, Class.NULL) or is_number_literal(arg):
            return self.as_integer(arg)
        unsigned = arg.type.cls is Class.DECIMAL
        return self.cast(arg, int_type(unsigned=unsigned, nullable=arg.type.nullable))

    # arithmetic

    @property
    def division_digits(self) -> int:
        return int(self.context.system_variable("div_precision_increment", ""))

    def arithmetic(self, operator: str, left: Expression, right: Expression) -> Expression:
        """``+ - * / div %``."""
        if _is_untyped(left) or _is_untyped(right):
            other = right if _is_untyped(left) else left
            known = double_type() if _is_untyped(other) else numeric_type(other.type)
            left, right = self.cast(left, known), self.cast(right, known)
        measures = left.type, right.type
        if operator == "div":
            size = quotient_digits(*measures)
            return self._integer_division(self._exact(left), self._exact(right), size)
        left, right = self.as_number(left), self.as_number(right)
        nullable = nullable_of((left, right)) or operator in ("/", "%")
        classes = {left.type.cls, right.type.cls}
        if Class.NULL in classes and Class.DOUBLE not in classes:
            made = double_of_null(operator, *measures, self.division_digits)
            return self.call(operator, made, self.as_double(left), self.as_double(right))
        if Class.DOUBLE in classes:
            left, right = self.as_double(left), self.as_double(right)
            return self.call(operator, double_type(nullable=nullable), left, right)
        if operator == "/":
            made = division_type(left.type, right.type, self.division_digits)
            return self.call("/", made, left, right)
        if Class.DECIMAL in classes:
            made = decimal_result(operator, left.type, right.type, nullable)
            left, right = self._as_decimal(left), self._as_decimal(right)
            return self.call(operator, made, left, right)
        unsigned = left.type.unsigned or (right.type.unsigned and operator != "%")
        if operator == "-" and "NO_UNSIGNED_SUBTRACTION" in self.context.sql_mode:
            unsigned = False
        places = digits(left.type), digits(right.type)
        size = {"*": sum(places), "%": max(places)}.get(operator, max(places) + 1)
        made = int_type(size + (not unsigned or operator == "%"), unsigned, nullable)
        return self.call(operator, made, left, right)

    def _as_decimal(self, arg: Expression) -> Expression:
        if arg.type.cls is Class.DECIMAL:
            return arg
        return self.cast(arg, decimal_type(digits(arg.type), 0, arg.type.unsigned))

    def _exact(self, arg: Expression) -> Expression:
        """For DIV: strings and doubles count as decimals."""
        if arg.type.cls in (Class.STRING, Class.DOUBLE, Class.JSON):
            nullable = arg.type.nullable
            target = decimal_type(MAX_DECIMAL_DIGITS, MAX_DECIMAL_SCALE, nullable=nullable)
            return self.cast(arg, target)
        return self.as_number(arg)

    def _integer_division(self, left: Expression, right: Expression, size: int) -> Expression:
        unsigned = left.type.unsigned or right.type.unsigned
        made = int_type(size + (not unsigned), unsigned)
        if Class.DECIMAL in (left.type.cls, right.type.cls):
            left, right = self._as_decimal(left), self._as_decimal(right)
        return self.call("div", made, left, right)

    def negation(self, arg: Expression) -> Expression:
        if arg.type.cls in TEMPORAL:
            fsp = arg.type.scale
            made = double_type(23 if fsp else 17, arg.type.nullable, fsp)
            return self.call("neg", made, self.as_double(arg))
        arg = self.as_number(arg)
        source = arg.type
        match source.cls:
            case Class.INT:
                number = arg.value if isinstance(arg, Literal) else None
                if _is_negated(arg) or (number is not None and number > 1 << 63):
                    target = decimal_type(digits(source), 0, nullable=source.nullable)
                    return self.call("neg", target, self.cast(arg, target))
                return self.call("neg", int_type(digits(source) + 1, nullable=source.nullable), arg)
            case Class.DECIMAL:
                made = decimal_type(source.precision, source.scale, nullable=source.nullable)
                return self.call("neg", made, arg)
        return self.call("neg", double_type(nullable=source.nullable), self.as_double(arg))


def as_number_in_json(arg: Expression) -> Expression:
    """What chooses between TRUE and FALSE is a number in JSON, not a boolean."""
    if isinstance(arg, Call) and arg.function.name in _CHOICES and arg.type.cls is Class.INT:
        return replace(arg, type=replace(arg.type, length=max(arg.type.length, 2)))
    return arg


_CHOICES: Final = ("if", "ifnull", "case", "coalesce", "nullif")


def _is_negated(arg: Expression) -> bool:
    """``- -5``: MySQL makes a DECIMAL of it."""
    return (
        isinstance(arg, Call)
        and arg.function.name == "neg"
        and isinstance(arg.args[0], Literal)
        and bool(arg.args[0].value)
    )


def _is_moment(like: SqlType, arg: Expression) -> bool:
    """Whether a number is a constant that reads as a date."""
    if not isinstance(arg, Literal) or like.cls is Class.TIME or arg.value is None:
        return False
    return datetime_of_number(int(arg.value)) is not None


def _pinned(arg: Expression) -> Expression:
    return replace(arg, literal_no=None) if isinstance(arg, Literal) else arg


def _is_untyped(arg: Expression) -> bool:
    return isinstance(arg, Param) and arg.type.kind is TypeKind.NULL


def _param_target(sql_type: SqlType) -> SqlType:
    """The type a `?` takes from what it is compared with: wide enough for any value."""
    match sql_type.cls:
        case Class.INT:
            return int_type(20, sql_type.unsigned)
        case Class.STRING:
            return string_type(16383, sql_type.collation)
        case Class.DATE | Class.DATETIME:
            return datetime_type(6)
        case Class.TIME:
            return time_type(6)
    return sql_type.or_null()


def _constant_to_column(side: Expression, constant: Expression) -> tuple[Expression, Expression]:
    """A string literal compared with an integer column becomes an integer if it is one exactly."""
    if (
        isinstance(side, ColumnRef)
        and side.type.cls is Class.INT
        and isinstance(constant, Literal)
        and isinstance(constant.value, str)
    ):
        text = constant.value
        whole = text.isascii() and text.lstrip("-").isdigit() and len(text) <= 18
        made = int_type(20, nullable=False) if whole else constant.type
        return side, replace(
            constant, type=made, value=int(text) if whole else text, literal_no=None
        )
    return side, constant
