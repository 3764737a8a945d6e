"""Functions that choose: IF, IFNULL, NULLIF, COALESCE, CASE, ANY_VALUE … (`extremes`: GREATEST)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from btree.schema import TypeKind
from mysqlcompat.functions.definitions import (
    FUNCTIONS,
    NUMBER,
    build_as,
    byte_length,
    implement,
    integer,
    is_weight_of_number,
)
from mysqlcompat.functions.operators import order
from mysqlcompat.functions.table import Context
from mysqlcompat.sql.branches import shown
from mysqlcompat.sql.common_types import computed_bits
from mysqlcompat.sql.held_constants import DATED
from mysqlcompat.sql.infer import Typing, is_number_literal, nullable_of
from mysqlcompat.sql.parameters import agreed, as_branch, is_untyped, with_type
from mysqlcompat.sql.replaced_constants import replaced
from mysqlcompat.sql.typed import Call, Expression, Literal, is_constant
from mysqlcompat.sqltypes import (
    BINARY,
    NOT_FIXED,
    NUMERIC,
    Class,
    SqlType,
    bool_type,
    charset_of,
    decimal_type,
    double_type,
    json_type,
    null_type,
    string_type,
)


@build_as("if", 3)
def build_if(typing: Typing, args: Sequence[Expression]) -> Expression:
    condition, then, otherwise = args
    made = typing.common_type(args[1:], nullable_of(args[1:]), "if")
    return typing.call(
        "if",
        made,
        _sure(typing.folded(typing.as_test(condition))),
        typing.to_result(then, made),
        typing.to_result(otherwise, made),
    )


def _sure(condition: Expression) -> Expression:
    """A condition of which only counts whether it is true: AND in it stops at NULL, too."""
    if not isinstance(condition, Call) or condition.function.name not in ("and", "or"):
        return condition
    args = tuple(map(_sure, condition.args))
    is_and = condition.function.name == "and"
    function = FUNCTIONS["and@sure"] if is_and else condition.function
    return replace(condition, function=function, args=args)


@implement("if", null_rejects=False)
def choose(context: Context, call: Call, condition: Any, then: Any, otherwise: Any) -> Any:
    return then if condition else otherwise


@build_as("ifnull", 2)
def build_ifnull(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _first_of(typing, "ifnull", args)


@build_as("coalesce", 1, 999)
def build_coalesce(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _first_of(typing, "coalesce", args)


def _first_of(typing: Typing, name: str, args: Sequence[Expression]) -> Expression:
    """A constant that another character set is made of is known not to be NULL."""
    made = typing.common_type(args, all(arg.type.nullable for arg in args), name)
    results = [typing.to_result(arg, made) for arg in args]
    is_null = made.nullable and not any(map(_is_brought, args, results))
    return typing.call(name, made.or_null(is_null), *results)


def _is_brought(arg: Expression, result: Expression) -> bool:
    """Whether a constant has become a text of another character set, which a number's is not."""
    is_text = isinstance(result, Literal) and result.value is not None
    is_number = result.type.coercibility == NUMBER
    return is_text and not is_number and not isinstance(arg, Literal)


@implement("ifnull,coalesce", null_rejects=False)
def first_not_null(context: Context, call: Call, *values: Any) -> Any:
    return next((value for value in values if value is not None), None)


@build_as("nullif", 2)
def build_nullif(typing: Typing, args: Sequence[Expression]) -> Expression:
    """``if(a = b, NULL, a)``, with the type that a has where it is compared."""
    typing.check_mix(args, "nullif")
    args = replaced(typing, *args), args[1]
    made = typing.common_type(args[:1], True)
    if made.cls is Class.INT:  # LOCATE() and others keep the collation of what they have searched
        first = args[0].type
        made = replace(made, collation=first.collation, coercibility=first.coercibility)
    if is_weight_of_number(args[0]):
        made = args[0].type
    is_bytes = made.collation == BINARY
    is_literal = made.cls is Class.STRING and is_bytes and args[0].type.scale != NOT_FIXED
    is_itself = made.cls in (Class.DOUBLE, Class.DECIMAL) or made.kind is TypeKind.BIT
    if is_itself or is_literal:
        made = args[0].type.or_null()
    elif args[0].type.kind in (TypeKind.ENUM, TypeKind.SET):
        made = replace(made, kind=TypeKind.CHAR)
    elif all(arg.type.cls in (Class.STRING, Class.JSON) for arg in args) and (
        made.cls is Class.STRING
    ):
        types = [typing.as_string(arg).type for arg in args]
        typing.pair_collation(types, "nullif")
        collation = typing.collation(types[: 2 - is_bytes], "nullif")
        is_brought = collation != BINARY and made.charset != charset_of(collation)
        is_brought = is_brought and typing.is_known(args[0])
        is_text = args[0].type.coercibility != NUMBER
        if is_brought and is_text and typing.quiet_value(args[0]) is None:  # no text at all
            typing.constant_value(args[0])
            return Literal(replace(null_type(), collation=collation), None)
        if is_brought or isinstance(args[0], Literal):  # it takes the collation it is compared in
            made = replace(made, collation=collation)
        if is_brought and is_text:
            made = replace(made, kind=TypeKind.VARCHAR)
        if collation == BINARY and isinstance(args[0], Literal):
            first = args[0].type
            made = string_type(byte_length(first), BINARY, True, first.coercibility)
    if made.cls is Class.DECIMAL:
        args = [shown(args[0]), args[1]]
        made = replace(made, mixed=args[0].type.mixed)
    pair = typing.comparable("nullif", *args)
    equal = typing.compared("=", bool_type(nullable_of(pair)), args, pair)
    call = typing.call("nullif", made, equal, typing.to_result(args[0], made))
    if args[0].type.cls is not Class.STRING or args[0].type.coercibility != NUMBER:
        return call
    kept = args[0].type  # what is quoted of a number stays that
    made = replace(call.type, collation=kept.collation, coercibility=kept.coercibility)
    return replace(call, type=made)


@implement("nullif", null_rejects=False)
def unless_equal(context: Context, call: Call, equal: Any, value: Any) -> Any:
    return None if equal else value


def build_case(
    typing: Typing,
    subject: Expression | None,
    branches: Sequence[tuple[Expression, Expression]],
    default: Expression | None,
) -> Expression:
    """CASE, always as the searched form."""
    subject, branches, default = _placed(typing, subject, branches, default)
    results = [result for _, result in branches] + ([default] if default is not None else [])
    made = typing.common_type(results, default is None or nullable_of(results))
    args: list[Expression] = []
    if subject is not None:
        given = subject
        subject, whens = typing.some_gathered(subject, [when for when, _ in branches], "case")
        branches = [(when, then) for when, (_, then) in zip(whens, branches, strict=True)]
    for when, then in branches:
        if subject is None:
            condition = typing.as_test(when)
        else:  # a number is compared with what was given, unless that is a text which was brought
            is_bytes = BINARY in (given.type.collation, subject.type.collation)
            is_bytes = is_bytes and (not isinstance(given, Literal) or is_number_literal(given))
            is_given = when.type.cls in NUMERIC and (is_bytes or not is_constant(given))
            condition = typing.equal_case(given if is_given else subject, when)
        args += [condition, typing.to_result(then, made)]
    if default is not None:
        args.append(typing.to_result(default, made))
    return typing.call("case", made, *args)


def _placed(
    typing: Typing,
    subject: Expression | None,
    branches: Sequence[tuple[Expression, Expression]],
    default: Expression | None,
) -> tuple[Expression | None, list[tuple[Expression, Expression]], Expression | None]:
    """The parts of a CASE: a `?` is of the type that those of its kind have."""
    whens, thens = [when for when, _ in branches], [then for _, then in branches]
    compared = whens if subject is None else [subject, *whens]
    chosen = thens if default is None else [*thens, default]
    if any(map(is_untyped, chosen)):
        wanted = as_branch(typing, [one for one in chosen if not is_untyped(one)], "case")
        thens = [with_type(one, wanted) for one in thens]
        default = default if default is None else with_type(default, wanted)
    if subject is not None and any(map(is_untyped, compared)):
        wanted = agreed(typing, [one for one in compared if not is_untyped(one)], "case")
        subject = with_type(subject, wanted)
        whens = [with_type(one, wanted) for one in whens]
    return subject, list(zip(whens, thens, strict=True)), default


@implement("case", null_rejects=False)
def case(context: Context, call: Call, *values: Any) -> Any:
    for at in range(0, len(values) - 1, 2):
        if values[at]:
            return values[at + 1]
    return values[-1] if len(values) % 2 else None


@build_as("isnull", 1)
def build_isnull(typing: Typing, args: Sequence[Expression]) -> Expression:
    return typing.is_null(args[0])


@build_as("any_value", 1)
def build_any_value(typing: Typing, args: Sequence[Expression]) -> Expression:
    arg = args[0]
    if arg.type.kind in (TypeKind.ENUM, TypeKind.SET):
        arg = typing.as_string(arg)
    if is_weight_of_number(arg):
        arg = typing.in_charset(arg, typing.context.collation)
    return typing.call("any_value", _any_type(arg.type), arg)


def _any_type(sql_type: SqlType) -> SqlType:
    """A type without what only literals and columns have."""
    match sql_type.cls:
        case Class.INT if sql_type.kind is TypeKind.BIT:
            return computed_bits(sql_type, True)
        case Class.DOUBLE if sql_type.scale == NOT_FIXED:
            return replace(sql_type, length=double_type().length)
        case Class.STRING if sql_type.collation == BINARY:
            return replace(sql_type, scale=NOT_FIXED, unsigned=False)
        case Class.INT if sql_type.kind is TypeKind.YEAR:
            return replace(sql_type, precision=1)  # without leading zeros
        case Class.INT:
            return replace(sql_type, precision=0, collation=BINARY, coercibility=NUMBER)
        case Class.DECIMAL:
            made = decimal_type(sql_type.precision, sql_type.scale, nullable=sql_type.nullable)
            return made if sql_type.unsigned else replace(sql_type, length=made.length)
        case Class.JSON:
            return json_type(sql_type.nullable)
    return sql_type


@implement("any_value", null_rejects=False)
def any_value(context: Context, call: Call, value: Any) -> Any:
    return value


@build_as("interval", 2, 999)
def build_interval(typing: Typing, args: Sequence[Expression]) -> Expression:
    """Integers and decimals are compared as decimals if the first is one of them."""
    for arg in args:  # MySQL looks at constants once while it prepares
        typing.constant_value(arg)
    is_exact = _is_exact(args[0])
    numbers = [
        typing.as_number(arg) if is_exact and _is_exact(arg) else typing.as_double(arg)
        for arg in args
    ]
    are_known = len(args) > _SEARCHED and all(map(typing.is_known, args[1:]))
    are_known = are_known and None not in map(typing.quiet_value, args[1:])
    made = replace(integer(2), nullable=False, precision=2)
    return typing.call("interval@sorted" if are_known else "interval", made, *numbers)


def _is_exact(arg: Expression) -> bool:
    return arg.type.cls in (Class.INT, Class.DECIMAL)


#: Constant limits behind this many arguments MySQL takes for sorted.
_SEARCHED: Final = 8


@implement("interval", null_rejects=False)
def interval(context: Context, call: Call, value: Any, *limits: Any) -> int:
    if value is None:
        return -1
    beyond = (
        at for at, limit in enumerate(limits) if limit is not None and _is_beyond(limit, value)
    )
    return next(beyond, len(limits))


@implement("interval@sorted", null_rejects=False)
def interval_searched(context: Context, call: Call, value: Any, *limits: Any) -> int:
    """The search of MySQL, which finds something in limits that are not sorted, too."""
    if value is None:
        return -1
    first, last = 0, len(limits) - 1
    while first < last:
        middle = (first + last + 1) // 2
        if _is_beyond(limits[middle], value):
            last = middle - 1
        else:
            first = middle
    return 0 if _is_beyond(limits[first], value) else first + 1


def _is_beyond(limit: Any, value: Any) -> bool:
    return bool(limit > (float(value) if isinstance(limit, float) else value))


@build_as("strcmp", 2)
def build_strcmp(typing: Typing, args: Sequence[Expression]) -> Expression:
    if {arg.type.cls for arg in args} & DATED:
        typing.comparison("=", *args)  # as which it is checked: a constant must be a date
    left, right = (typing.as_string(arg) for arg in args)
    left, right = typing.comparable("strcmp", left, right)
    return typing.call("strcmp", integer(2).or_null(nullable_of((left, right))), left, right)


@implement("strcmp")
def strcmp(context: Context, call: Call, left: Any, right: Any) -> int:
    result = order(left, right, call.args[0].type.collation)
    return (result > 0) - (result < 0)
