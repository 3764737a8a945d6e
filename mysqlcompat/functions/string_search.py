"""Functions that look for strings in strings, or choose one of several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from mysqlcompat import collations
from mysqlcompat.character_sets import decoded, encoded
from mysqlcompat.functions.definitions import (
    COERCIBLE,
    DEFINITIONS,
    NUMBER,
    build_as,
    define,
    implement,
    integer,
    length_of_choice,
    read_once,
    same_string,
    strings,
)
from mysqlcompat.functions.table import Context
from mysqlcompat.sql.agreement import agree
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Expression
from mysqlcompat.sqltypes import BINARY, Class, SqlType, charset_of, string_type


def _found(typing: Typing, args: Sequence[Expression], whole: Expression) -> SqlType:
    """The result of a search in `whole`, whose collation counts."""
    made = integer(11).or_null(any(arg.type.nullable for arg in args))
    return _as_text(typing.searched(made, [whole], "locate"))


def _as_text(made: SqlType) -> SqlType:
    """What was found in the text of a number or a date counts as found in a constant."""
    return replace(made, coercibility=COERCIBLE) if made.coercibility == NUMBER else made


def _compared(typing: Typing, args: Sequence[Expression]) -> SqlType:
    """The result of a comparison: a collation must win."""
    typing.collation([arg.type for arg in args[:2]], "find_in_set")
    return integer(11).or_null(any(arg.type.nullable for arg in args))


def _position(whole: Any, part: Any, collation: str, start: int = 1) -> int:
    """Where a part is in a whole, whose collation decides."""
    if start < 1 or start > len(whole) + 1:
        return 0
    if isinstance(whole, bytes):
        return int(whole.find(part, start - 1)) + 1
    return collations.find(whole, part, start - 1, collation) + 1


@define("instr", "ss", lambda typing, args: _found(typing, args, args[0]), texts="first")
def instr(context: Context, call: Call, value: Any, part: Any) -> int:
    return _position(value, part, call.args[0].type.collation)


@define(
    "locate", "ssi", lambda typing, args: _found(typing, args, args[1]), required=2, texts="second"
)  # fmt: skip
def locate(context: Context, call: Call, part: Any, value: Any, start: int = 1) -> int:
    return _position(value, part, call.args[1].type.collation, start)


@define("substring_index", "ssi", same_string, texts="first later")
def substring_index(context: Context, call: Call, value: Any, mark: Any, count: int) -> Any:
    if not mark or not count:
        return value[:0]
    if count > 0:
        return mark.join(value.split(mark, count if count <= len(value) else -1)[:count])
    return mark.join(value.split(mark)[count:])


def _equal(one: Any, other: Any, collation: str) -> bool:
    if isinstance(one, bytes) or isinstance(other, bytes):
        return bool(one == other)
    return collations.sort_key(one, collation) == collations.sort_key(other, collation)


@define("find_in_set", "ss", _compared)
def find_in_set(context: Context, call: Call, value: Any, members: Any) -> int:
    collation = agree([arg.type for arg in call.args], "find_in_set")[0]
    if len({charset_of(collation), *(arg.type.charset for arg in call.args)}) > 1:
        pairs = zip((value, members), call.args, strict=True)
        value, members = (_read_as(one, arg.type.collation, collation) for one, arg in pairs)
    comma = b"," if isinstance(members, bytes) else ","
    if isinstance(value, bytes) or isinstance(members, bytes):
        found: Iterable[bool] = (bool(value == one) for one in members.split(comma))
    else:
        key = _whole_key(value, collation)
        found = (_whole_key(one, collation) == key for one in members.split(comma))
    return next((number for number, is_it in enumerate(found, 1) if is_it), 0) if members else 0


def _whole_key(text: str, collation: str) -> object:
    """A key to which blanks at the end count in every collation."""
    return collations.sort_key(f"{text}0", collation)


def _read_as(value: Any, own: str, collation: str) -> Any:
    """The bytes of a string taken for text of another collation, if they are that."""
    data = value if isinstance(value, bytes) else encoded(value, own)
    try:
        return data if collation == BINARY else decoded(data, charset_of(collation))
    except UnicodeDecodeError:
        return data


_in_set: Final = DEFINITIONS["find_in_set"].build


@build_as("find_in_set", 2)
def build_find_in_set(typing: Typing, args: Sequence[Expression]) -> Expression:
    """Only constant texts come into the character set in which they are compared."""
    texts = [typing.as_string(arg) for arg in args]
    collation = typing.result_collation([text.type for text in texts], "find_in_set")[0]
    if collation != BINARY:
        texts = [
            typing.in_charset(text, collation)
            if text.type.collation != BINARY and typing.is_known(text)
            else text
            for text in texts
        ]
    return _in_set(typing, texts)


@build_as("field", 2, 999)
def build_field(typing: Typing, args: Sequence[Expression]) -> Expression:
    """Compared as strings in the collation of the first, or as numbers of one class: doubles where
    classes differ."""
    numbers = {Class.INT, Class.DECIMAL, Class.DOUBLE}
    classes = {arg.type.cls if arg.type.cls in numbers else Class.STRING for arg in args}
    made = integer(11).or_null(False)
    if classes == {Class.STRING}:
        texts = [typing.as_string(arg) for arg in args]
        is_number = texts[0].type.coercibility == NUMBER
        collation = typing.context.collation if is_number else texts[0].type.collation
        made = replace(made, collation=collation, coercibility=texts[0].type.coercibility)
        made = _as_text(made)
        texts = [texts[0], *(read_once(typing, arg, collation) for arg in texts[1:])]
        compared = [
            typing.with_collation(arg, collation) if arg.type.kind else arg for arg in texts
        ]
    elif classes <= {Class.INT, Class.DECIMAL}:
        compared = list(typing.alike(args))
    else:
        compared = [typing.as_double(arg) for arg in args]
    return typing.call("field", made, *compared)


@implement("field", null_rejects=False)
def field(context: Context, call: Call, value: Any, *choices: Any) -> int:
    if value is None:
        return 0
    is_text, collation = isinstance(value, str), call.args[0].type.collation
    for number, choice in enumerate(choices, 1):
        if choice is None:
            continue
        if _equal(value, choice, collation) if is_text else value == choice:
            return number
    return 0


@build_as("elt", 2, 999)
def build_elt(typing: Typing, args: Sequence[Expression]) -> Expression:
    choices = [typing.as_string(arg) for arg in args[1:]]
    like = strings(typing, choices, 0, "elt")
    if like.collation != BINARY:
        choices = list(typing.together(choices, like.collation))
    size = max(length_of_choice(choice, like) for choice in choices)
    made = string_type(size, like.collation, True, like.coercibility)
    choices = list(typing.together(choices, made.collation))
    return typing.call("elt", made, typing.as_integer(args[0]), *choices)


@implement("elt", null_rejects=False)
def elt(context: Context, call: Call, number: int | None, *choices: Any) -> Any:
    return choices[number - 1] if number and 1 <= number <= len(choices) else None
