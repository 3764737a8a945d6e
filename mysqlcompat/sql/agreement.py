"""The character set and collation in which several strings meet, and how they are brought there.

The rules are MySQL's for coercibility: the lower number wins; between equal ones a character set
that contains the other does, then a ``_bin`` collation; constants may be converted to whatever
wins, if they can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from mysqlcompat.character_sets import characters_of
from mysqlcompat.errors import SqlError
from mysqlcompat.sql.typed import IMPLICIT, Call, Cast, Expression, Literal, Param, is_constant
from mysqlcompat.sqltypes import (
    BINARY,
    Class,
    SqlType,
    bytes_per_character,
    charset_of,
    string_type,
)

if TYPE_CHECKING:
    from mysqlcompat.functions.table import Context

_EXPLICIT: Final = 0
#: The same while strings are being looked at: a stronger one decides then; `precision` has the
#: coercibility of those that do not agree.
_UNDECIDED: Final = 1
_CONSTANT: Final = 4
NUMERIC: Final = 5  #: coercibility of a number's text, as long as it is no result
_NULL: Final = 6
_NO_COLLATION: Final = 7  #: coercibility of what has no collation: anything is stronger
_SYSTEM_CONSTANT: Final = 3
_COERCIBILITY: Final = (
    "EXPLICIT",
    "NONE",
    "IMPLICIT",
    "SYSCONST",
    "COERCIBLE",
    "NUMERIC",
    "NULL",
    "NONE",
)
#: Unicode's character sets -> whether characters beyond U+FFFF are in it.
_UNICODE: Final = {
    "utf8mb4": True,
    "utf16": True,
    "utf16le": True,
    "utf32": True,
    "utf8mb3": False,
    "ucs2": False,
}


def as_result(made: SqlType) -> SqlType:
    """A string that a function makes of numbers counts as a constant."""
    if made.cls is Class.STRING and made.coercibility == NUMERIC:
        return replace(made, coercibility=_CONSTANT)
    return made


class _Disagreement(Exception):
    """No collation wins; `args[0]` is the character set they share, or ""."""


def _contains(one: SqlType, other: SqlType) -> bool:
    """Whether `other` may become the character set of `one`, which may hold all of it."""
    mine, theirs = _UNICODE.get(one.charset), _UNICODE.get(other.charset)
    if mine is None or one.coercibility > other.coercibility:
        return False
    if one.coercibility < other.coercibility:
        return True
    return theirs is None or (mine and not theirs)


def _winner(one: SqlType, other: SqlType) -> SqlType:
    """Of two types the one whose collation both take. Raises `_Disagreement`."""
    stronger = other if other.coercibility < one.coercibility else one
    if one.charset != other.charset:
        if BINARY in (one.collation, other.collation):
            if one.coercibility != other.coercibility:
                return stronger
            return one if one.collation == BINARY else other
        for first, second in ((one, other), (other, one)):
            if _contains(first, second):
                return first
            weak = second.coercibility >= _SYSTEM_CONSTANT
            if first.coercibility < second.coercibility and weak:
                return first
        raise _Disagreement("")
    if one.coercibility == _UNDECIDED and other.coercibility < one.precision:
        return other
    if one.coercibility != other.coercibility or one.collation == other.collation:
        return stronger
    if one.coercibility == _EXPLICIT:
        raise _Disagreement("")
    if one.collation.endswith("_bin"):
        return one
    if other.collation.endswith("_bin"):
        return other
    bare = f"{one.charset}_bin"
    return replace(one, collation=bare, coercibility=_UNDECIDED, precision=one.coercibility)


def agree(types: Sequence[SqlType], operator: str) -> tuple[str, int]:
    """Collation and coercibility of strings of these types together: coercibility 7 where none of
    their collations wins. Raises 1267, 1270 or 1271."""
    best = types[0]
    try:
        for other in types[1:]:
            best = _winner(best, other)
    except _Disagreement:
        raise _illegal_mix(types, operator) from None
    if best.coercibility == _UNDECIDED:
        return best.collation, _NO_COLLATION
    return best.collation, best.coercibility


def _illegal_mix(types: Sequence[SqlType], operator: str) -> SqlError:
    shown = [part for one in types for part in (one.collation, _COERCIBILITY[one.coercibility])]
    if len(types) > 3:
        return SqlError(1271, operator)
    return SqlError(1267 if len(types) == 2 else 1270, *shown, operator)


class Agreement:
    """The part of `Typing` that brings strings together."""

    context: Context

    if TYPE_CHECKING:

        def cast(self, arg: Expression, target: SqlType, mode: int = IMPLICIT) -> Expression: ...

        def as_string(self, arg: Expression) -> Expression: ...

        def call(self, name: str, sql_type: SqlType, *args: Expression) -> Call: ...

    def result_collation(self, types: Sequence[SqlType], operator: str) -> tuple[str, int]:
        """Collation and coercibility of a string made of strings of these types. Where none of
        their collations wins there is none: the character set's binary one stands for it."""
        return agree(types, operator)

    def searched(self, made: SqlType, args: Sequence[Expression], operator: str) -> SqlType:
        """The number that a search among strings gives: it counts as one of them."""
        found = self.result_collation([arg.type for arg in args], operator)
        return replace(made, collation=found[0], coercibility=found[1])

    def collation(self, types: Sequence[SqlType], operator: str) -> str:
        """The collation strings of these types are compared in. Raises 1267, 1270 or 1271."""
        collation, coercibility = agree(types, operator)
        if coercibility != _NO_COLLATION:
            return collation
        decided = [one for one in types if one.coercibility != _NO_COLLATION]
        if not decided or agree(decided, operator)[1] == _NO_COLLATION:
            raise _illegal_mix(types, operator)
        return collation

    def with_collation(self, arg: Expression, collation: str) -> Expression:
        """`arg` compared in `collation`."""
        if arg.type.collation == collation:
            return arg
        if collation != BINARY and arg.type.charset != charset_of(collation):
            arg = self.in_charset(arg, collation)
        target = replace(arg.type, collation=collation)
        if isinstance(arg, Literal) and isinstance(arg.value, str) and collation != BINARY:
            return replace(arg, type=target)
        if collation == BINARY:
            size = arg.type.length * bytes_per_character(arg.type.collation)
            target = string_type(size, BINARY, arg.type.nullable)
        return Cast(target, arg)

    def gathered(self, args: Sequence[Expression], operator: str) -> Sequence[Expression]:
        """Texts that are compared with one another, in the collation that all of them take; what
        is not all text stays as it is."""
        texts = [arg for arg in args if arg.type.coercibility != _NULL]
        if len({arg.type.collation for arg in texts}) <= 1:
            return args
        if not all(arg.type.is_text for arg in texts):
            return args
        strings = [self.as_string(arg) for arg in args]
        collation = self.collation([arg.type for arg in strings], operator)
        return [
            arg if arg.type.coercibility == _NULL else self.with_collation(string, collation)
            for arg, string in zip(args, strings, strict=True)
        ]

    def together(self, args: Sequence[Expression], like: str) -> tuple[Expression, ...]:
        """Strings in the character set of collation `like`."""
        return tuple(self.in_charset(arg, like) for arg in args)

    def in_charset(self, arg: Expression, like: str) -> Expression:
        """A string in the character set of collation `like`, its own collation if that is one of
        it. Raises 3854 for a constant that has no place there."""
        source = arg.type
        if source.cls is Class.NULL or source.charset == charset_of(like):
            return arg
        if isinstance(arg, Literal) and arg.value is None:
            return arg
        is_number = isinstance(arg, Cast) and arg.arg.type.cls not in (Class.STRING, Class.JSON)
        if like == BINARY:
            size = source.length * (1 if is_number else bytes_per_character(source.collation))
            return Cast(string_type(size, BINARY, source.nullable, source.coercibility), arg)
        value = self.constant_value(arg)
        if value is None:
            made = string_type(source.length, like, source.nullable, source.coercibility)
            return self.call("to charset", made, arg)
        text = characters_of(value, source.collation, like)
        is_name = source.charset == "utf8mb3" and isinstance(arg, Call)  # nothing to convert
        size = source.length if is_number or is_name else len(text)
        return Literal(string_type(size, like, source.nullable, source.coercibility), text)

    def is_known(self, arg: Expression) -> bool:
        """Whether it is a constant whose value is known while the statement is prepared."""
        return is_constant(arg) and not has_param(arg)

    def constant_value(self, arg: Expression) -> Any:
        """What a constant is while the statement is prepared, with the warnings that gives; None
        also for what is unknown until then."""
        from mysqlcompat.sql.evaluate import Evaluator

        if not self.is_known(arg):
            return None
        return Evaluator(self.context).value(arg)

    def quiet_value(self, arg: Expression) -> Any:
        """What a constant is, without a warning. What it cannot be converted to is an error while
        the statement is prepared, even if the constant will never be looked at (1525)."""
        from mysqlcompat.convert_compared import Listener
        from mysqlcompat.sql.evaluate import Evaluator

        if not self.is_known(arg):
            return None
        quiet: Any = Listener(self.context)
        return Evaluator(quiet).value(arg)


def has_param(arg: Expression) -> bool:
    """Whether its value is unknown while the statement is prepared."""
    match arg:
        case Param():
            return True
        case Cast(arg=inner):
            return has_param(inner)
        case Call(args=args, function=function):
            return not (function.pure or function.settled) or any(map(has_param, args))
    return False
