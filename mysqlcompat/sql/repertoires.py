"""What MySQL takes for ASCII: it knows of each string whether it has other characters, and is
sometimes wrong.

What several strings become takes that from the one whose collation it takes, the first among those
that are as strong. So CONCAT('a', 'ß') is taken for ASCII, and CONVERT … USING another character
set takes its bytes as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mysqlcompat.sql.agreement import NUMERIC, strongest
from mysqlcompat.sql.branches import BROUGHT, branches_of
from mysqlcompat.sql.typed import IMPLICIT, Call, Cast, Expression, Literal
from mysqlcompat.sqltypes import BINARY, Class, SqlType

_WIDE: Final = ("ucs2", "utf16", "utf16le", "utf32")  #: character sets in which no byte is ASCII
#: Functions whose strings are ASCII.
_ASCII: Final = ("hex", "to_base64", "md5", "sha1", "sha2", "format", "space", "inet6_ntoa")
#: Functions that say nothing of their own: their first string's counts.
_OF_FIRST: Final = (
    *("lower", "upper", "substring", "left", "right", "ltrim", "rtrim", "replace", "repeat"),
    *("trim@plain", "trim@both", "trim@leading", "trim@trailing", "reverse", "lpad", "rpad"),
    *("insert", "substring_index", "soundex", "any_value", "collate"),
)
#: Functions that give a part of a string, or the string itself.
_OF_OTHERS: Final = (
    *("left", "right", "substring", "ltrim", "rtrim", "substring_index", "any_value"),
    *("trim@plain", "trim@both", "trim@leading", "trim@trailing"),
)
_CHOOSING: Final = ("coalesce", "ifnull", "greatest", "least")
#: Functions that make one string of several, with the number of the first that counts.
_OF_ALL: Final = {
    **dict.fromkeys(("concat", "concat_ws", "coalesce", "ifnull", "greatest", "least"), 0),
    **{"elt": 1, "make_set": 1, "export_set": 1, "regexp_replace": 0, "regexp_substr": 0},
}
_COMPARED: Final = 2  #: strings of a regular expression that count


def is_taken_as_it_is(arg: Expression, target: SqlType) -> bool:
    """Whether the bytes of a text are its bytes in another character set, too."""
    source = arg.type
    if not (source.is_text and target.is_text) or source.charset == target.charset:
        return False
    if source.charset in _WIDE or target.charset in _WIDE or isinstance(arg, Literal):
        return False
    return _is_ascii(arg)


def is_said_nothing_of(arg: Expression, target: SqlType) -> bool:
    """Whether bytes become ASCII without a word of what is none: MySQL looks only at those that
    were there before, which a function has not written anew."""
    if target.charset != "ascii" or not target.is_text or arg.type.collation != BINARY:
        return False
    return arg.type.cls is Class.STRING and _is_written(arg)


def _is_written(arg: Expression) -> bool:
    match arg:
        case Cast():
            return True
        case Call(function=function, args=args):
            if function.name in _OF_OTHERS:
                return _is_written(args[0])
            if function.name in _CHOOSING:
                return all(map(_is_written, args))
            return all(_is_written(args[at]) for at in branches_of(arg))
    return False


def _is_ascii(arg: Expression) -> bool:
    match arg:
        case Literal(value=str() as value, start=start):  # from nowhere: converted
            return value.isascii() and start >= 0
        case Cast(mode=mode, arg=inner) if mode == IMPLICIT:
            if inner.type.cls is Class.STRING:
                return _is_ascii(inner)
            return arg.type.coercibility == NUMERIC
        case Call(function=function, args=args):
            return function.name in _ASCII or _is_made_ascii(function.name, arg, args)
    return False


def _is_made_ascii(name: str, call: Call, args: Sequence[Expression]) -> bool:
    if name in _OF_FIRST:
        return _is_ascii(args[0])
    if name == "quote":
        return args[0].type.coercibility != NUMERIC and _is_ascii(args[0])
    if name in ("date_format", "time_format"):
        return _is_ascii(args[1])
    if name in _OF_ALL:
        counted = args[_OF_ALL[name] :]
        if name.startswith("regexp"):
            counted = counted[:_COMPARED]
    else:
        counted = [args[at] for at in branches_of(call)]
    own = map(_unbrought, counted)
    texts = [one for one in own if one.type.cls in (Class.STRING, Class.NULL)]
    if not texts:
        return False
    winner = strongest([one.type for one in texts])
    return winner is not None and _is_ascii(texts[winner])


def _unbrought(arg: Expression) -> Expression:
    """A string before it was made what all of them are; what was none, as a string."""
    while True:
        match arg:
            case Cast(mode=mode, arg=inner) if mode == IMPLICIT and inner.type.cls is Class.STRING:
                arg = inner
            case Call(function=function, args=(inner,)) if function.name in BROUGHT:
                arg = inner
            case _:
                return arg
