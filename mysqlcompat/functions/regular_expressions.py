"""REGEXP and the REGEXP_ functions: ICU's expressions (`icu_pattern`) on the `regex` library."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from operator import is_
from typing import Any, Final

import regex

from mysqlcompat.character_sets import decoded
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import (
    BIGINT,
    BOOL,
    MAX_CHARACTERS,
    define,
    implement,
    length_of_choice,
    sized,
)
from mysqlcompat.functions.icu_pattern import BAD_ARGUMENT, BAD_GROUP_NAME, translate
from mysqlcompat.functions.table import Context, Suspended
from mysqlcompat.short_texts import remembered
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Expression, is_constant
from mysqlcompat.sqltypes import BINARY, SqlType, string_type

OUT_OF_BOUNDS: Final = 3686
TIMEOUT: Final = 3699
TOO_BIG: Final = 3700
#: Characters of a pattern, and those of them that are no letters: more than a second to compile.
_LONGEST, _MOST_ITEMS = 1 << 18, 1 << 14
_ITEMS: Final = ".[(|*+?{\\"
_DEFAULT_LIMIT: Final = 32  #: @@regexp_time_limit as it is shipped; it stands for `_DEFAULT_S`
_DEFAULT_S: Final = 0.5
_SHORT: Final = 200  #: characters
_TAME_LOOPS: Final = 2
_MOMENT_S: Final = 0.001  #: that others may be kept waiting
Pattern = Any  #: a compiled expression of `regex`


@remembered(512)
def _compiled(pattern: str | bytes, ignore_case: bool, options: str) -> Pattern:
    if not pattern:
        raise SqlError(BAD_ARGUMENT)
    characters = _characters(pattern)
    if _is_too_big(characters):
        raise SqlError(TOO_BIG)
    text = translate(characters, "m" in options, "n" in options, "u" in options)
    flags = regex.V1 | (regex.IGNORECASE | regex.FULLCASE if ignore_case else 0)
    try:
        return regex.compile(text, flags)
    except (regex.error, RecursionError, OverflowError):
        raise SqlError(BAD_ARGUMENT) from None


def _is_too_big(pattern: str) -> bool:
    """Whether it would keep others waiting to read it (MySQL's limit is 2^24 characters)."""
    if len(pattern) <= _MOST_ITEMS:
        return False
    return len(pattern) > _LONGEST or sum(map(pattern.count, _ITEMS)) > _MOST_ITEMS


class _Asked:
    """The last expression asked for: rows of a batch ask for the same."""

    key: tuple[Any, ...] = ()
    pattern: Pattern = None


def _expression(call: Call, name: str, pattern: Any, options: str) -> Pattern:
    """The compiled pattern. Raises the syntax errors."""
    key = (call, name, pattern, options)
    if not (_Asked.key and all(map(is_, key, _Asked.key))):
        _Asked.pattern, _Asked.key = _made(call, name, pattern, options), key
    return _Asked.pattern


def _check_options(name: str, options: str | None) -> None:
    """Match options are looked at before anything else."""
    if options is not None and not set(options) <= set("cimnu"):
        raise SqlError(1210, name)


def _made(call: Call, name: str, pattern: Any, options: str) -> Pattern:
    ignore_case = all(arg.type.collation.endswith("_ci") for arg in call.args[:2])
    for option in options:
        if option in "ci":
            ignore_case = option == "i"
    return _compiled(pattern, ignore_case, options)


def _time_limit_s(context: Context) -> float:
    return int(context.system_variable("regexp_time_limit", "")) * _DEFAULT_S / _DEFAULT_LIMIT


def _search(context: Context, pattern: Pattern, text: str, start: int) -> Any:
    """A match, or None. What takes longer than a moment goes on beside other sessions, where
    evaluation can be broken off."""
    if len(text) <= _SHORT and _is_tame(pattern.pattern):
        return pattern.search(text, start)
    effects = context.effects
    if not effects.may_wait:
        return _searched(pattern, text, start, _time_limit_s(context))
    place = (pattern, text, start)
    if place not in effects.slow:
        try:
            return pattern.search(text, start, timeout=_MOMENT_S)
        except TimeoutError:
            effects.slow.add(place)
    return effects.once(lambda: _search_aside(pattern, text, start, _time_limit_s(context)))


@remembered(512)
def _is_tame(pattern: str) -> bool:
    """Whether it needs no clock over a short text: it tries at most the square of its length."""
    return "(" not in pattern and sum(pattern.count(one) for one in "*+{") <= _TAME_LOOPS


def _searched(pattern: Pattern, text: str, start: int, limit_s: float, **options: Any) -> Any:
    try:
        return pattern.search(text, start, timeout=limit_s or None, **options)
    except TimeoutError:
        raise SqlError(TIMEOUT) from None


def _search_aside(pattern: Pattern, text: str, start: int, limit_s: float) -> Any:
    async def search(session: Any, uses_tables: bool) -> Any:
        return await asyncio.to_thread(_searched, pattern, text, start, limit_s, concurrent=True)

    raise Suspended(search)


def _occurrence(context: Context, pattern: Pattern, text: str, start: int, number: int) -> Any:
    """The match that is the `number`th at or after `start`, else None."""
    found = None
    for _ in range(max(number, 1)):
        found = _search(context, pattern, text, start)
        if found is None:
            return None
        start = found.end() + (found.end() == found.start())
        if start > len(text):
            break
    return found


def _one_expression(
    call: Call, name: str, given: Sequence[Any], patterns: Sequence[Any]
) -> Pattern | None:
    """The expression of a column, if it is one for all and needs no clock; `given`: how many
    arguments it may have, texts and pattern among them."""
    pattern = patterns[0]
    if len(call.args) not in given or not isinstance(pattern, str):
        return None
    if not all(map(is_constant, call.args[1:])):
        return None
    compiled = _expression(call, name, pattern, "")
    return compiled if _is_tame(compiled.pattern) else None


def _places(
    context: Context, call: Call, texts: Sequence[Any], patterns: Sequence[Any], *rest: Any
) -> list[int | None] | None:
    """REGEXP_INSTR of texts alone."""
    compiled = _one_expression(call, "regexp_instr", (2,), patterns)
    if compiled is None or not _are_short(texts):
        return None
    found = [None if text is None else compiled.search(text) for text in texts]
    return [
        None if text is None else 0 if one is None else one.start() + 1
        for text, one in zip(texts, found, strict=True)
    ]


def _parts(
    context: Context, call: Call, texts: Sequence[Any], patterns: Sequence[Any], *rest: Any
) -> list[str | None] | None:
    """REGEXP_SUBSTR of texts alone."""
    compiled = _one_expression(call, "regexp_substr", (2,), patterns)
    if compiled is None or not _are_short(texts):
        return None
    found = [None if text is None else compiled.search(text) for text in texts]
    return [None if one is None else one.group() for one in found]


def _changed(
    context: Context, call: Call, texts: Sequence[Any], patterns: Sequence[Any], *rest: Any
) -> list[str | None] | None:
    """REGEXP_REPLACE by the same plain text, of what is never empty."""
    compiled = _one_expression(call, "regexp_replace", (3,), patterns)
    if compiled is None or not _are_short(texts) or not isinstance(rest[0][0], str):
        return None
    new = rest[0][0]
    if "$" in new or "\\" in new or not _SOLID.fullmatch(patterns[0]):
        return None
    return [None if text is None else compiled.sub(new, text) for text in texts]


#: Expressions that find at least a character: of letters, digits and sets of them.
_SOLID: Final = regex.compile(r"(?:[\w ]|\[[\w-]+\]\+?)+")


def _are_short(texts: Sequence[Any]) -> bool:
    """Whether all are texts (bytes are read in another way), and short ones."""
    return all(text is None or (type(text) is str and len(text) <= _SHORT) for text in texts)


def _likes(
    context: Context, call: Call, texts: Sequence[Any], *rest: Sequence[Any]
) -> list[int | None] | None:
    """REGEXP_LIKE with one pattern for all, where that needs no clock."""
    if not all(map(is_constant, call.args[1:])) or call.args[0].type.collation == BINARY:
        return None
    pattern, options = rest[0][0], rest[1][0] if len(rest) > 1 else ""
    _check_options("regexp_like", options)
    if pattern is None or options is None:
        return [None] * len(texts)
    compiled = _expression(call, "regexp_like", pattern, options)
    if not _is_tame(compiled.pattern):
        return None
    search = compiled.search
    return [
        None
        if text is None
        else int(
            (search(text) if len(text) <= _SHORT else _search(context, compiled, text, 0))
            is not None
        )
        for text in texts
    ]


def like_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    made = BOOL.or_null(any(arg.type.nullable for arg in args))
    return typing.searched(made, args[:2], "regexp_like")


def _place_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    made = BIGINT.or_null(any(arg.type.nullable for arg in args))
    return typing.searched(made, args[:2], "regexp_instr")


@implement("regexp", null_rejects=False, waits=True, columns=_likes)
@define(
    "regexp_like", "sss", like_type, required=2, texts="compared", null_rejects=False,
    waits=True, columns=_likes,
)  # fmt: skip
def regexp_like(
    context: Context, call: Call, text: Any, pattern: Any, options: Any = ""
) -> int | None:
    _check_options("regexp_like", options)
    if pattern is None or options is None:
        return None
    compiled = _expression(call, "regexp_like", pattern, options)
    if text is None:
        return None
    return int(_search(context, compiled, _characters(text), 0) is not None)


@define(
    "regexp_instr", "ssiiis", _place_type, required=2, texts="compared", null_rejects=False,
    waits=True, columns=_places,
)  # fmt: skip
def regexp_instr(
    context: Context,
    call: Call,
    text: Any,
    pattern: Any,
    start: int | None = 1,
    number: int | None = 1,
    end: int | None = 0,
    options: Any = "",
) -> int | None:
    if end not in (0, 1, None):
        raise SqlError(1210, "regexp_instr: return_option must be 1 or 0.")
    _check_options("regexp_instr", options)
    if None in (pattern, start, number, end, options):
        return None
    assert start is not None and number is not None
    compiled = _expression(call, "regexp_instr", pattern, options)
    if text is None:
        return None
    text = _characters(text)
    if start < 1 or start > max(len(text), 1):
        raise SqlError(OUT_OF_BOUNDS)
    found = _occurrence(context, compiled, text, start - 1, number)
    return 0 if found is None else (found.end() if end else found.start()) + 1


def _part_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    like = _text_type(typing, args, "regexp_substr")
    size = length_of_choice(args[0], like)
    return string_type(size, like.collation, True, like.coercibility)


def _text_type(typing: Typing, args: Sequence[Expression], name: str) -> SqlType:
    """A string in the collation that text and pattern agree on."""
    collation, best = typing.result_collation([arg.type for arg in args[:2]], name)
    return string_type(0, collation, True, best)


@define(
    "regexp_substr", "ssiis", _part_type, required=2, texts="compared", null_rejects=False,
    waits=True, columns=_parts,
)  # fmt: skip
def regexp_substr(
    context: Context,
    call: Call,
    text: Any,
    pattern: Any,
    start: int | None = 1,
    number: int | None = 1,
    options: Any = "",
) -> str | bytes | None:
    _check_options("regexp_substr", options)
    if None in (pattern, start, number, options):
        return None
    assert start is not None and number is not None
    compiled = _expression(call, "regexp_substr", pattern, options)
    if text is None:
        return None
    text = _characters(text)
    _check_start("regexp_substr", start, text)
    found = _occurrence(context, compiled, text, start - 1, number)
    return None if found is None else _made_of(call, str(found.group()))


def _check_start(name: str, start: int, text: str) -> None:
    if start < 1:
        raise SqlError(1583, name)
    if start > len(text) + 1:
        raise SqlError(OUT_OF_BOUNDS)


def _replaced_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    return sized(MAX_CHARACTERS, _text_type(typing, args, "regexp_replace"))


@define(
    "regexp_replace", "sssiis", _replaced_type, required=3, texts="compared", null_rejects=False,
    waits=True, columns=_changed,
)  # fmt: skip
def regexp_replace(
    context: Context,
    call: Call,
    text: Any,
    pattern: Any,
    new: Any,
    start: int | None = 1,
    number: int | None = 0,
    options: Any = "",
) -> str | bytes | None:
    _check_options("regexp_replace", options)
    if None in (pattern, start, number, options):
        return None
    assert start is not None and number is not None
    compiled = _expression(call, "regexp_replace", pattern, options)
    if text is None or new is None:
        return None
    text, new = _characters(text), _characters(new)
    _check_start("regexp_replace", start, text)
    if not text:  # nothing is looked for in nothing
        return _made_of(call, "")
    out, at, count, scan = [], 0, 0, start - 1
    while scan <= len(text):
        found = _search(context, compiled, text, scan)
        if found is None:
            break
        count += 1
        if number == 0 or count == max(number, 1):
            out += [text[at : found.start()], _template(new, found)]
            at = found.end()
            if number != 0:
                break
        scan = found.end() + (found.end() == found.start())
    return _made_of(call, "".join(out) + text[at:])


def _characters(value: str | bytes) -> str:
    """What is matched: binary strings are Latin ones."""
    return value if isinstance(value, str) else decoded(value, "latin1")


def _made_of(call: Call, text: str) -> str | bytes:
    """A result; what is made of binary strings is one again, in the bytes of UTF-8."""
    return text.encode() if call.type.collation == BINARY else text


def _template(new: str, found: Any) -> str:
    """`new` with ``$1``, ``${name}`` and backslashes replaced. Raises 3686, 3887."""
    if "$" not in new and "\\" not in new:
        return new
    out, at = [], 0
    while at < len(new):
        one = new[at]
        at += 1
        if one == "\\":
            out.append(new[at : at + 1])
            at += 1
        elif one != "$":
            out.append(one)
        elif new[at : at + 1] == "{":
            end = new.find("}", at)
            name = new[at + 1 : end]
            if end < 0 or name not in found.re.groupindex:
                raise SqlError(BAD_GROUP_NAME)
            out.append(found.group(name) or "")
            at = end + 1
        else:
            at = _numbered(new, at, found, out)
    return "".join(out)


def _numbered(new: str, at: int, found: Any, out: list[str]) -> int:
    if not new[at : at + 1].isdigit():
        raise SqlError(BAD_GROUP_NAME)
    number = int(new[at])
    at += 1
    if number > found.re.groups:
        raise SqlError(OUT_OF_BOUNDS)
    while new[at : at + 1].isdigit() and number * 10 + int(new[at]) <= found.re.groups:
        number = number * 10 + int(new[at])
        at += 1
    out.append(found.group(number) or "")
    return at
