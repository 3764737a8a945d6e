"""The character set and collation in which several strings meet, and how they are brought there.

The rules are MySQL's for coercibility: the lower number wins; between equal ones a character set
that contains the other does, then a ``_bin`` collation; constants may be converted to whatever
wins, if they can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
_UNDECIDED: Final = 1  #: the same while strings are being looked at
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
_UNICODE: Final = frozenset(("utf8mb4", "utf8mb3", "ucs2", "utf16", "utf16le", "utf32"))
#: What numbers and dates bring along where they are compared with strings.
NUMBERS_COLLATION: Final = "latin1_swedish_ci"


def as_result(made: SqlType) -> SqlType:
    """A string that a function makes of numbers counts as a constant."""
    if made.cls is Class.STRING and made.coercibility == NUMERIC:
        return replace(made, coercibility=_CONSTANT)
    return made


@dataclass(frozen=True, slots=True)
class _Met:
    """What strings agree on.

    tie         coercibility of collations none of which wins, unless a stronger one comes; 0: of
                none such
    is_illegal  they cannot even become one string
    """

    collation: str
    coercibility: int
    tie: int = 0
    is_illegal: bool = False

    @property
    def charset(self) -> str:
        return charset_of(self.collation)

    def with_other(self, other: _Met) -> _Met:
        stronger = other if other.coercibility < self.coercibility else self
        if self.charset != other.charset:
            return self._with_charset(other, stronger)
        if self.tie and other.coercibility < self.tie:
            return other
        if self.coercibility != other.coercibility or self.collation == other.collation:
            return stronger
        if self.coercibility == _EXPLICIT:
            return replace(self, is_illegal=True)
        bare = [one for one in (self, other) if one.collation.endswith("_bin")]
        if len(bare) == 1:
            return bare[0]
        return _Met(f"{self.charset}_bin", _UNDECIDED, self.coercibility, is_illegal=bool(bare))

    def _with_charset(self, other: _Met, stronger: _Met) -> _Met:
        """The same for another character set."""
        if BINARY in (self.collation, other.collation):
            if self.coercibility != other.coercibility:
                return stronger
            return self if self.collation == BINARY else other
        for first, second in ((self, other), (other, self)):
            weak = second.coercibility >= _SYSTEM_CONSTANT
            if _contains(first, second) or (first.coercibility < second.coercibility and weak):
                return first
        return _Met(BINARY, _UNDECIDED, is_illegal=True)


def _contains(one: _Met, other: _Met) -> bool:
    """Whether `other` may become the character set of `one`, which may hold all of it."""
    if one.coercibility > other.coercibility:
        return False
    if one.charset not in _UNICODE:
        return other.charset == "ascii"
    if one.coercibility < other.coercibility:
        return True
    return other.charset not in _UNICODE or one.charset == "utf8mb4"


def agree(types: Sequence[SqlType], operator: str) -> tuple[str, int]:
    """Collation and coercibility of strings of these types together: coercibility 7 where none of
    their collations wins. Raises 1267, 1270 or 1271."""
    best, *others = [_Met(one.collation, one.coercibility) for one in types]
    for other in others:
        best = best.with_other(other)
        if best.is_illegal and best.coercibility == _EXPLICIT:
            break
    if best.is_illegal:
        raise _illegal_mix(types, operator)
    return best.collation, _NO_COLLATION if best.tie else best.coercibility


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
