"""Typed expressions as text, the way MySQL prints them in messages: ``(`shop`.`t`.`a` + 1)``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from btree.schema import TypeKind
from mysqlcompat.convert import is_boolean
from mysqlcompat.sql.typed import (
    EXPLICIT,
    NEW_ROW,
    Aggregate,
    Call,
    Cast,
    ColumnRef,
    DefaultValue,
    Expression,
    Literal,
    Param,
    Source,
)
from mysqlcompat.sqltypes import BINARY, Class, SqlType
from mysqlcompat.values import text_of

_INFIX = {
    "=", "<>", "<", "<=", ">", ">=", "<=>", "+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>",
    "and", "or", "xor", "div", "like", "regexp",
}  # fmt: skip


def describe(expression: Expression, sources: Sequence[Source] = ()) -> str:
    match expression:
        case Literal(value=None):
            return "NULL"
        case Literal(value=str() as text):
            return "'" + text.replace("'", "''") + "'"
        case Literal(value=bytes() as data):
            return f"0x{data.hex()}"
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
        case ColumnRef(table_no=table_no, name=name):
            if table_no == NEW_ROW or table_no >= len(sources):
                return f"`{name}`"
            source = sources[table_no]
            return f"`{source.database}`.`{source.alias}`.`{name}`"
        case Cast(type=target, arg=arg, mode=mode):
            inner = describe(arg, sources)
            return f"cast({inner} as {cast_name(target)})" if mode == 1 else inner
        case Aggregate(function=function, args=args, distinct=distinct):
            inner = ",".join(describe(arg, sources) for arg in args) or "0"
            return f"{function}({'distinct ' if distinct else ''}{inner})"
        case DefaultValue():
            return "default"
        case Call():
            return _call(expression, sources)


def origin_name(arg: Expression) -> str:
    """What MySQL calls an argument in warnings: its column or its function."""
    match arg:
        case ColumnRef(name=name):
            return name
        case Call(function=function):
            return function.name
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
            if target.collation == BINARY:
                return f"char({target.length}) charset binary"
            return f"char({target.length}) charset {target.charset}"
    return target.kind.name.lower()


def _call(call: Call, sources: Sequence[Source]) -> str:
    name = call.function.name.partition("@")[0]  # what follows tells forms of one name apart
    args = [describe(arg, sources) for arg in call.args]
    if name in _INFIX and len(args) >= 2:
        shown = "DIV" if name == "div" else name
        return "(" + f" {shown} ".join(args[:2] if name == "like" else args) + ")"
    if name == "nullif" and isinstance(call.args[0], Call):
        return f"nullif({','.join(describe(arg, sources) for arg in call.args[0].args)})"
    if name == "case":
        pairs = zip(args[:-1:2], args[1::2], strict=False)
        branches = " ".join(f"when {when} then {then}" for when, then in pairs)
        otherwise = f" else {args[-1]}" if len(args) % 2 else ""
        return f"(case {branches}{otherwise} end)"
    if name == "ceil":
        name = "ceiling"
    if name == "neg":
        return f"-({args[0]})"
    if name == "not":
        return f"(not({args[0]}))"
    if name.startswith("is "):
        return f"({args[0]} {name})"
    if name == "between":
        return f"({args[0]} between {args[1]} and {args[2]})"
    if name == "in":
        return f"({args[0]} in ({','.join(args[1:])}))"
    return f"{name}({','.join(args)})"
