"""Typed expressions as text, the way MySQL prints them in messages: ``(`shop`.`t`.`a` + 1)``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, TypeGuard

from btree.schema import TypeKind
from mysqlcompat.character_sets import encoded
from mysqlcompat.convert import is_boolean
from mysqlcompat.message_text import LONGEST_CHARACTER, read_as_text
from mysqlcompat.sql.rules import MIRRORED
from mysqlcompat.sql.typed import (
    EXPLICIT,
    LEVELS,
    PADDED,
    ROLLED,
    STORED,
    Aggregate,
    Call,
    Cast,
    ColumnRef,
    DefaultValue,
    Expression,
    Literal,
    Param,
    Source,
    has_aggregate,
    is_constant,
    walk,
)
from mysqlcompat.sqltypes import NUMERIC, TEMPORAL, Class, SqlType, bytes_per_character
from mysqlcompat.values import text_of

_ESCAPES: Final = str.maketrans(
    {"\0": "\\0", "\n": "\\n", "\r": "\\r", "\\": "\\\\", "'": "\\'", "\x1a": "\\Z"}
)
#: `Cast.wording` of a CAST that became one of each branch of its argument,
OF_BRANCH: Final = "branch"
USING_OF_BRANCH: Final = "branch using"  #: a CONVERT(… USING …) that did,
WRITTEN: Final = "written"  #: of an implicit one that is written: DATE(), TIME(), TIMESTAMP(),
USING: Final = "using"  #: and of CONVERT(… USING …)
SIGNED: Final = "signed"  #: of an unsigned branch that is read as the signed whole is
#: Text of the zero that an integer is combined with where its sign does not count.
WITHOUT_SIGN = "without sign"
#: A column as it is printed.
_COLUMN: Final = re.compile("`[^`]*`[.]`([^`]*)`[.]`([^`]*)`")
#: Aggregate functions that are printed under another of their names.
_PRINTED: Final = {"stddev_pop": "std", "var_pop": "variance"}
_INFIX = {
    "=", "<>", "<", "<=", ">", ">=", "<=>", "+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>",
    "and", "or", "xor", "div", "regexp",
}  # fmt: skip


def describe(expression: Expression, sources: Sequence[Source] = ()) -> str:
    match expression:
        case Literal(value=None):
            return "NULL"
        case Literal(value=str(), text=text) if text:
            return text
        case Literal(type=kind, value=str() as text, start=start):
            is_brought = start < 0 and bytes_per_character(kind.collation) == 1
            if is_brought and not text.isascii():
                behind = b"'" * LONGEST_CHARACTER
                data = encoded(quoted(text), kind.collation)
                return read_as_text(data + behind)[:-LONGEST_CHARACTER]
            return quoted(text)
        case Literal(value=bytes() as data, text=text):
            return text or (f"0x{data.hex()}" if data else "X''")
        case Literal(type=kind, value=value, text=text):
            if text:
                return text
            shown = text_of(value, kind)
            if isinstance(value, date | timedelta):
                word = "TIMESTAMP" if isinstance(value, datetime) else kind.kind.name
                return f"{word}'{shown}'"
            return ("true" if value else "false") if is_boolean(kind) else shown
        case Param():
            return "?"
        case Call(function=function, args=args) if function.name == PADDED:
            return describe(args[0], sources)
        case ColumnRef(stands_for=computed) if computed is not None:
            return describe(computed, sources)
        case ColumnRef(table_no=table_no, name=name):
            if not 0 <= table_no < len(sources):
                return f"`{name}`"
            source = sources[table_no]
            return f"`{source.database}`.`{source.alias}`.`{name}`"
        case Cast(type=target, arg=arg, mode=mode, wording=wording):
            inner = describe(arg, sources)
            if wording == USING:
                return f"convert({inner} using {target.charset})"
            is_written = mode == EXPLICIT or wording == WRITTEN
            return f"cast({inner} as {cast_name(target)})" if is_written else inner
        case Aggregate():
            return _aggregate(expression, sources)
        case DefaultValue():
            return "default"
        case Call():
            return _call(expression, sources)


def _aggregate(node: Aggregate, sources: Sequence[Source]) -> str:
    """An aggregate function; of a temporary table the column, whose name may be unknown."""
    if node.place == STORED and not node.is_column:
        return "???"
    inner = ",".join(describe(arg, sources) for arg in node.args) or "0"
    function = _PRINTED.get(node.function, node.function)
    is_distinct = node.distinct and function not in ("min", "max")
    made = f"{function}({'distinct ' if is_distinct else ''}{inner})"
    if node.place == STORED:
        return "`" + _COLUMN.sub(r"\1.\2", made) + "`"
    return f"rollup_sum_switcher({made})" if node.place == ROLLED else made


def itself(node: Aggregate, is_computed: bool = False) -> Aggregate:
    """The aggregate that says something is wrong: in a ROLLUP it is not switched, and not stored
    yet when it is computed."""
    return replace(node, place="") if is_computed or node.place == ROLLED else node


def quoted(text: str) -> str:
    return "'" + text.translate(_ESCAPES) + "'"


def origin(arg: Expression) -> Expression:
    """What was computed before, where `arg` is the place that it was put."""
    stands_for = arg.stands_for if isinstance(arg, ColumnRef) else None
    if isinstance(stands_for, Aggregate) and stands_for.is_column:
        return arg
    return arg if stands_for is None else stands_for


def function_name(arg: Expression) -> str:
    """The function, or the aggregate function, whose value an argument is."""
    match origin(arg):
        case Call(function=function):
            return function.name
        case Aggregate(function=name):
            return name
    return ""


def origin_name(arg: Expression) -> str:
    """What MySQL calls an argument in warnings: its column or its function."""
    match origin(arg):
        case ColumnRef(name=name):
            return name
        case Call(function=function) as call:
            rolled = rolled_group(call)
            return function.name if rolled is None else origin_name(rolled[0])
        case Aggregate(function="min" | "max", args=args):
            return origin_name(args[0])
        case Aggregate(function=name):
            return name
        case Cast(type=target, mode=mode) if mode == EXPLICIT and target.cls is Class.JSON:
            return "cast_as_json"
    return ""


def cast_name(target: SqlType) -> str:
    """The type of a CAST as MySQL prints it."""
    fsp = f"({target.scale})" if target.scale else ""
    match target.cls:
        case Class.INT:
            if target.kind is TypeKind.YEAR:
                return "year"
            return "unsigned" if target.unsigned else "signed"
        case Class.DECIMAL:
            return f"decimal({target.precision},{target.scale})"
        case Class.DATETIME | Class.TIME:
            return target.kind.name.lower() + fsp
        case Class.STRING:
            size = f"({target.length})" if target.precision else ""
            return f"char{size} charset {target.charset}"
    return target.kind.name.lower()


def rolled_group(arg: Expression) -> tuple[Expression, Expression] | None:
    """What a ROLLUP groups by, and its number, if `arg` is what becomes of it in subtotals."""
    if not isinstance(arg, Call) or arg.function.name != "if" or not isinstance(arg.args[0], Call):
        return None
    level, *numbers = arg.args[0].args
    is_rolled = isinstance(level, ColumnRef) and level.table_no == LEVELS
    return (arg.args[1], numbers[0]) if is_rolled else None


def _call(call: Call, sources: Sequence[Source]) -> str:
    rolled = rolled_group(call)
    if rolled is not None:
        return f"rollup_group_item({','.join(describe(one, sources) for one in rolled)})"
    if any(_is_of_branch(arg) for arg in call.args):
        inner = tuple(arg.arg if _is_of_branch(arg) else arg for arg in call.args)
        whole = _call(replace(call, args=inner), sources)
        if any(_is_of_branch(arg) and arg.wording == USING_OF_BRANCH for arg in call.args):
            return f"convert({whole} using {call.type.charset})"
        return f"cast({whole} as {cast_name(call.type)})"
    name, args = call.function.name, [describe(arg, sources) for arg in call.args]
    if any(
        has_aggregate(origin(node)) for node in walk(call)
    ):  # a group beside one is called so twice
        args = [
            shown if rolled is None else f"rollup_group_item({shown},{describe(rolled[1])})"
            for shown, rolled in zip(args, map(rolled_group, map(origin, call.args)), strict=True)
        ]
    printer = _PRINTERS.get(name)
    if printer is not None:
        return printer(args)
    special = _OF_CALLS.get(name)
    if special is not None:
        return special(call, args)
    listed = _LISTED.get(name)
    if listed is not None:
        return f"({' '.join(listed(call, args, sources))})"
    match name:
        case "case":
            return _case(call, args, sources)
        case "nullif" if isinstance(call.args[0], Call):
            return f"nullif({','.join(describe(arg, sources) for arg in call.args[0].args[:2])})"
        case "and" | "and@sure" | "or" | "xor":
            return "(" + f" {name.partition('@')[0]} ".join(_tested(call, args)) + ")"
        case "is true" | "is false":
            return f"({_tested(call, args)[0]} {name})"
        case "not":
            return _negated(call.args[0], args[0], sources)
        case "collate":
            return f"({args[0]} collate {call.type.collation})"
    name, _, form = name.partition("@")  # what follows tells forms of one name apart
    if form == "near":
        args = args[:2]
    if form == "fuzzy" or name == "clock":
        return args[0]
    if name == "|" and args[-1] == WITHOUT_SIGN:
        return args[0]
    if name in _INFIX and len(args) >= 2:
        if (name in MIRRORED or name == "<>") and not any(map(is_constant, call.args)):
            args = _compared(call.args[:2], args)
        shown = "DIV" if name == "div" else name
        return "(" + f" {shown} ".join(args) + ")"
    return f"{_NAMES.get(name, name)}({','.join(args)})"


def _is_of_branch(arg: Expression) -> TypeGuard[Cast]:
    return isinstance(arg, Cast) and arg.wording in (OF_BRANCH, USING_OF_BRANCH)


def _is_condition(arg: Expression) -> bool:
    """Whether MySQL takes it for true, false or NULL without comparing it with zero."""
    if isinstance(arg, Literal):
        return is_boolean(arg.type) and arg.value is not None
    return isinstance(arg, Call) and (is_boolean(arg.type) or arg.function.name in _TRUTHS)


def _tested(call: Call, args: list[str]) -> list[str]:
    """Operands of AND, OR, XOR and IS TRUE."""
    return [
        shown if _is_condition(arg) else f"(0 <> {shown})"
        for arg, shown in zip(call.args, args, strict=True)
    ]


def _negated(arg: Expression, shown: str, sources: Sequence[Source]) -> str:
    """NOT arg."""
    if isinstance(arg, Call):
        inner = [describe(one, sources) for one in arg.args]
        listed = _LISTED.get(arg.function.name)
        if listed is not None:
            return f"({' not '.join(listed(arg, inner, sources))})"
        match arg.function.name:
            case "is null":
                return f"({inner[0]} is not null)"
            case "is true" | "is false" as name:
                return f"({_tested(arg, inner)[0]} is not {name[3:]})"
            case "not":
                return _tested(arg, inner)[0]
    return f"(not({shown}))" if _is_condition(arg) else f"(0 = {shown})"


def _case(call: Call, args: list[str], sources: Sequence[Source]) -> str:
    conditions = call.args[:-1:2]
    subject = ""
    if all(isinstance(one, Call) and one.function.name == "=@when" for one in conditions):
        pairs = [one.args for one in conditions if isinstance(one, Call)]
        subject = describe(pairs[0][0], sources) + " "
        args[:-1:2] = [describe(when, sources) for _, when in pairs]
    branches = " ".join(
        f"when {when} then {then}" for when, then in zip(args[:-1:2], args[1::2], strict=False)
    )
    otherwise = f" else {args[-1]}" if len(args) % 2 else ""
    return f"(case {subject}{branches}{otherwise} end)"


def _compared(args: Sequence[Expression], shown: Sequence[str]) -> list[str]:
    """The sides of a comparison of what is not constant: a CAST shows what becomes a date, or a
    DOUBLE where they are not both numbers."""
    given = [_given(arg).type for arg in args]
    is_plain = all(one.cls in NUMERIC for one in given)
    is_plain = is_plain or any(
        one.kind is TypeKind.YEAR and other.cls in TEMPORAL for one, other in (given, given[::-1])
    )
    made = []
    for arg, one, text in zip(args, given, shown, strict=True):
        is_cast = arg.type.cls is not one.cls and arg.type.cls in (*TEMPORAL, Class.DOUBLE)
        made.append(f"cast({text} as {cast_name(arg.type)})" if is_cast and not is_plain else text)
    return made


def _given(arg: Expression) -> Expression:
    """What is compared, as it is written."""
    while isinstance(arg, Cast) and arg.mode != EXPLICIT:
        arg = arg.arg
    return arg


def _in(call: Call, args: list[str], sources: Sequence[Source]) -> tuple[str, str]:
    return args[0], f"in ({','.join(args[1:])})"


def _between(call: Call, args: list[str], sources: Sequence[Source]) -> tuple[str, str]:
    value, low, *_, high = args
    return value, f"between {low} and {high}"


def _like(call: Call, args: list[str]) -> str:
    text, pattern, escape = args
    chosen = call.args[2]
    is_given = isinstance(chosen, Literal) and chosen.start >= 0
    return f"({text} like {pattern}" + (f" escape {escape})" if is_given else ")")


def _clock(call: Call, args: list[str]) -> str:
    return f"{call.function.name}({call.type.scale or ''})"


def _weight_string(call: Call, args: list[str]) -> str:
    size = args[1] if len(args) > 1 else "NULL"
    if size == "NULL":
        return f"weight_string({args[0]})"
    return f"weight_string({args[0]} as char({size}))"


def _json_value(call: Call, args: list[str]) -> str:
    shown, target = "", call.type
    if target.cls is Class.DECIMAL:
        kind = f"decimal({target.precision}, {target.scale})"
    elif target.is_text:
        kind = f"char({target.length})"
    else:
        kind = cast_name(target)
    for event, action, value in zip(("empty", "error"), args[2::2], args[3::2], strict=True):
        words = ("", "error", f"default {value}")[int(action)]
        shown += f" {words} on {event}" if words else ""
    return f"json_value({args[0]}, {args[1]} returning {kind}{shown})"


def _system_variable(call: Call, args: list[str]) -> str:
    name, scope = map(_word, args)
    return f"@@{scope}.{name}" if scope else f"@@{name}"


def _word(literal: str) -> str:
    """A unit, which is a string in the typed tree."""
    return literal.strip("'")


def _rows(operator: str, args: list[str]) -> str:
    return f"(({','.join(args[::2])}) {operator} ({','.join(args[1::2])}))"


def _row_in(call: Call, args: list[str], sources: Sequence[Source]) -> tuple[str, str]:
    size = int(args[0])
    rows = [f"({','.join(args[at : at + size])})" for at in range(1, len(args), size)]
    return rows[0], f"in ({','.join(rows[1:])})"


def _in_apart(call: Call, args: list[str], sources: Sequence[Source]) -> tuple[str, str]:
    """An IN whose members are compared one by one, of values or of rows."""
    sought, members = "", []
    for one in call.args:
        assert isinstance(one, Call)
        pairs = (
            [arg.args for arg in one.args if isinstance(arg, Call)]
            if one.function.name == "and"
            else [one.args]
        )
        sought, member = (
            _row([describe(side, sources) for side in sides]) for sides in zip(*pairs, strict=True)
        )
        members.append(member)
    return sought, f"in ({','.join(members)})"


def _row(values: Sequence[str]) -> str:
    return f"({','.join(values)})" if len(values) > 1 else values[0]


#: Numbers that are conditions.
_TRUTHS: Final = ("strcmp", "json_valid", "json_contains", "json_contains_path")
_NAMES: Final = {"ceil": "ceiling", "substring": "substr", "day": "dayofmonth"}
_PRINTERS: Final[dict[str, Callable[[list[str]], str]]] = {
    "neg": lambda args: f"-({args[0]})",
    "is null": lambda args: f"({args[0]} is null)",
    **{f"row {sign}": partial(_rows, sign) for sign in ("<", "<=", ">", ">=")},
    "regexp": lambda args: f"regexp_like({args[0]},{args[1]})",
    "member@of": lambda args: f"{args[0]} member of ({args[1]})",
    "document text": lambda args: args[0],
    "quiet text": lambda args: args[0],
    "digits of": lambda args: args[0],
    "opaque": lambda args: args[0],
    "no text": lambda args: args[0],
    "date@extreme": lambda args: args[0],
    "bin": lambda args: f"conv({','.join(args)})",
    "oct": lambda args: f"conv({','.join(args)})",
    "char using": lambda args: args[0],
    "instr": lambda args: f"locate({args[1]},{args[0]})",
    "datediff": lambda args: f"(to_days({args[0]}) - to_days({args[1]}))",
    **dict.fromkeys(("to charset", "to charset@later"), lambda args: args[0]),
    "characters": lambda args: args[0],
    "user variable": lambda args: f"(@`{_word(args[0])}`)",
    "set user variable": lambda args: f"(@{_word(args[0])}:={args[1]})",
    "yearweek": lambda args: f"yearweek({','.join([*args, '0'][:2])})",
    "week": lambda args: f"week({','.join([*args, '0'][:2])})",
    "weekofyear": lambda args: f"week({args[0]},3)",
    "extract": lambda args: f"extract({_word(args[0]).lower()} from {args[1]})",
    "timestampdiff": lambda args: f"timestampdiff({_word(args[0])},{args[1]},{args[2]})",
    "get_format": lambda args: f"get_format({_word(args[0])}, {args[1]})",
    "date_add": lambda args: f"({args[0]} + interval {args[1]} {_word(args[2]).lower()})",
    "date_sub": lambda args: f"({args[0]} - interval {args[1]} {_word(args[2]).lower()})",
    "trim@plain": lambda args: f"trim({' from '.join(reversed(args))})",
    "trim@both": lambda args: f"trim(both {' from '.join(reversed(args))})",
    "trim@leading": lambda args: f"trim(leading {' from '.join(reversed(args))})",
    "trim@trailing": lambda args: f"trim(trailing {' from '.join(reversed(args))})",
}
#: What is looked for and where, of which NOT comes between the two.
_LISTED: Final[dict[str, Callable[[Call, list[str], Sequence[Source]], tuple[str, str]]]] = {
    "in": _in,
    "in@date": _in,
    "or@in": _in_apart,
    "row in": _row_in,
    "between": _between,
    "between@each": _between,
}
#: The same for what hangs on more than the wording of its arguments.
_OF_CALLS: Final[dict[str, Callable[[Call, list[str]], str]]] = {
    "like": _like,
    "weight_string": _weight_string,
    "json_value": _json_value,
    "system variable": _system_variable,
    **dict.fromkeys(("now", "sysdate", "curtime", "utc_time", "utc_timestamp"), _clock),
}
