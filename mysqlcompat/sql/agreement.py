"""The character set and collation in which several strings meet, and how they are brought there.

The rules are MySQL's for coercibility: the lower number wins; between equal ones a character set
that contains the other does, then a ``_bin`` collation; constants may be converted to whatever
wins, if they can be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from btree.schema import TypeKind
from mysqlcompat import collations
from mysqlcompat.character_sets import characters_of, encoded
from mysqlcompat.errors import SqlError
from mysqlcompat.sql.describe import describe
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
    TEMPORAL,
    Class,
    SqlType,
    bytes_per_character,
    charset_of,
    string_type,
)
from mysqlcompat.sqltypes import (
    NUMERIC as NUMERIC_CLASSES,
)

if TYPE_CHECKING:
    from mysqlcompat.functions.table import Context, Function

_EXPLICIT: Final = 0
_UNDECIDED: Final = 1  #: the same while strings are being looked at
_CONSTANT: Final = 4
NUMERIC: Final = 5  #: coercibility of a number's text, as long as it is no result
_NULL: Final = 6
NO_COLLATION: Final = 7  #: coercibility of what has no collation: anything is stronger
_IMPLICIT: Final = 2
_SYSTEM_CONSTANT: Final = 3
_LONGEST_BYTES: Final = 65535  #: of a binary string that is no BLOB
_LONG: Final = (TypeKind.TINYBLOB, TypeKind.BLOB, TypeKind.MEDIUMBLOB, TypeKind.LONGBLOB)
_LONG_TEXTS: Final = (TypeKind.MEDIUMTEXT, TypeKind.LONGTEXT)
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
_NUMBERS_COLLATION: Final = "latin1_swedish_ci"


@dataclass(frozen=True, slots=True)
class _Met:
    """What strings agree on.

    tie         coercibility of collations none of which wins, unless one as strong comes; 0: of
                none such
    is_illegal  they cannot even become one string
    number      of the string whose collation it is
    """

    collation: str
    coercibility: int
    tie: int = 0
    is_illegal: bool = False
    number: int | None = None

    @property
    def charset(self) -> str:
        return charset_of(self.collation)

    def with_other(self, other: _Met, is_compared: bool) -> _Met:
        is_enough = not is_compared and other.collation != self.collation  # to be as strong
        if self.tie and other.coercibility < self.tie + is_enough:
            return other
        stronger = other if other.coercibility < self.coercibility else self
        if self.charset != other.charset:
            return self._with_charset(other, stronger)
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


def agree(types: Sequence[SqlType], operator: str, is_compared: bool = False) -> tuple[str, int]:
    """Collation and coercibility of strings of these types together: coercibility 7 where none of
    their collations wins; another one as strong does, unless they are compared. Raises 1267, 1270
    or 1271."""
    best = _met(types, is_compared)
    if best.is_illegal:
        raise illegal_mix(types, operator)
    return best.collation, NO_COLLATION if best.tie else best.coercibility


def strongest(types: Sequence[SqlType]) -> int | None:
    """The number of the string whose collation they take together; None: of none."""
    return _met(types, False).number


def _met(types: Sequence[SqlType], is_compared: bool) -> _Met:
    best, *others = [
        _Met(one.collation, one.coercibility, number=number) for number, one in enumerate(types)
    ]
    for other in others:
        best = best.with_other(other, is_compared)
        if best.is_illegal and best.coercibility == _EXPLICIT:
            break
    return best


def illegal_mix(types: Sequence[SqlType], operator: str) -> SqlError:
    """ERROR 1267, 1270 or 1271 for strings that do not agree."""
    shown = [
        part for one in types for part in (_own_collation(one), _COERCIBILITY[one.coercibility])
    ]
    if len(types) > 3:
        return SqlError(1271, operator)
    return SqlError(1267 if len(types) == 2 else 1270, *shown, operator)


class Agreement:
    """The part of `Typing` that brings strings together."""

    context: Context
    function: Callable[[str], Function]

    if TYPE_CHECKING:

        def cast(self, arg: Expression, target: SqlType, mode: int = IMPLICIT) -> Expression: ...

        def as_string(self, arg: Expression) -> Expression: ...

        def call(self, name: str, sql_type: SqlType, *args: Expression) -> Call: ...

    def as_result(self, made: SqlType) -> SqlType:
        """A string that a function makes of numbers counts as a constant, and is in the
        connection's character set."""
        if made.cls is not Class.STRING or made.coercibility != NUMERIC:
            return made
        return replace(made, collation=self.context.collation, coercibility=_CONSTANT)

    def result_collation(self, types: Sequence[SqlType], operator: str) -> tuple[str, int]:
        """Collation and coercibility of a string made of strings of these types. Where none of
        their collations wins there is none: the character set's binary one stands for it."""
        collation, best = agree(types, operator)
        return self.context.collation if best == NUMERIC else collation, best

    def searched(self, made: SqlType, args: Sequence[Expression], operator: str) -> SqlType:
        """The number that a search among strings gives: it counts as one of them."""
        found = self.result_collation([arg.type for arg in args], operator)
        return replace(made, collation=found[0], coercibility=found[1])

    def collation(self, types: Sequence[SqlType], operator: str) -> str:
        """The collation strings of these types are compared in. Raises 1267, 1270 or 1271."""
        collation, coercibility = agree(types, operator, is_compared=True)
        if coercibility != NO_COLLATION or len(types) == 1:  # which has nobody to agree with
            return collation
        decided = [one for one in types if one.coercibility != NO_COLLATION]
        if not decided or agree(decided, operator, is_compared=True)[1] == NO_COLLATION:
            raise illegal_mix(types, operator)
        return collation

    def check_mix(self, args: Sequence[Expression], operator: str) -> None:
        """Raise 1267, 1270 or 1271 where strings do not agree on a collation."""
        if all(arg.type.cls not in NUMERIC_CLASSES for arg in args):
            self.collation([self._met_type(arg) for arg in args], operator)

    def with_collation(self, arg: Expression, collation: str, at_once: bool = True) -> Expression:
        """`arg` compared in `collation`; `at_once`: see `in_charset`."""
        if arg.type.collation == collation:
            return arg
        if collation != BINARY and arg.type.charset != charset_of(collation):
            arg = self.in_charset(arg, collation, at_once)
        target = replace(arg.type, collation=collation)
        if isinstance(arg, Literal) and isinstance(arg.value, str) and collation != BINARY:
            return replace(arg, type=target)
        if collation == BINARY:
            size = arg.type.length * bytes_per_character(arg.type.collation)
            target = string_type(size, BINARY, arg.type.nullable)
            arg = as_written_bytes(arg)
        return Cast(target, arg)

    def all_gathered(self, args: Sequence[Expression], operator: str) -> Sequence[Expression]:
        """What is compared as strings, if no number is among it, in the collation that all of it
        takes. Raises 1267, 1270, 1271 and 3854."""
        if any(arg.type.cls in NUMERIC_CLASSES for arg in args):
            return args
        return self._gathered(args, operator)

    def some_gathered(
        self, value: Expression, items: Sequence[Expression], operator: str
    ) -> tuple[Expression, Sequence[Expression]]:
        """`value` and what it is compared with, one by one: where a string meets a string, all of
        them take one collation. Raises 1267, 1270, 1271 and 3854."""
        if value.type.cls in NUMERIC_CLASSES or all(
            item.type.cls in NUMERIC_CLASSES for item in items
        ):
            return value, items
        gathered, *items = self._gathered((value, *items), operator)
        is_numbered = value.type.kind in (TypeKind.ENUM, TypeKind.SET)
        if is_numbered and any(item.type.cls in NUMERIC_CLASSES for item in items):
            gathered = value  # which is a number beside numbers
        return gathered, items

    def _gathered(self, args: Sequence[Expression], operator: str) -> list[Expression]:
        """Beside dates only constants come into the character set."""
        collation = self.collation([self._met_type(arg) for arg in args], operator)
        is_dated = any(arg.type.cls in TEMPORAL for arg in args)
        made = []
        for arg in args:
            if self._is_converted_search(arg, collation):
                made.append(self.in_charset(self.as_string(arg), collation))
            elif arg.type.cls is not Class.STRING or arg.type.coercibility == _NULL:
                made.append(arg)
            elif is_dated:
                made.append(self.written_in(arg, collation))
            else:
                made.append(self.with_collation(self.as_string(arg), collation))
        return made

    def is_one_text(self, value: Expression, low: Expression, high: Expression) -> bool:
        """Whether the bounds of a date are constants and the same text. MySQL compares constant
        bounds in the character set of the value, unless the value has none or numbers are among
        them. Raises 3854 for what is not in it."""
        like = self._met_type(value).collation
        bounds = low, high
        is_dated = value.type.cls in TEMPORAL
        if like == BINARY or (value.type.is_text and value.type.charset == "utf8mb4"):
            return False
        if not all(map(self.is_known, bounds)):
            return False
        if not is_dated and any(bound.type.cls in NUMERIC_CLASSES for bound in bounds):
            return False
        one, other = (self._text_in(bound, like) for bound in bounds)
        if not is_dated or low.type.is_text != high.type.is_text:
            return False
        if one is None or other is None:
            return False
        return collations.sort_key(one, like) == collations.sort_key(other, like)

    def _text_in(self, arg: Expression, like: str) -> str | None:
        """The text of a constant string in the character set of `like`. Raises 3854."""
        value = self.constant_value(arg) if arg.type.cls is Class.STRING else None
        if isinstance(value, bytes):
            return value.decode("latin-1")
        return None if value is None else characters_of(value, arg.type.collation, like)

    def compared_pair(
        self, name: str, args: Sequence[Expression], count: int = 2
    ) -> tuple[Expression, ...]:
        """`args`, the first two of which are compared, in the collation these take, unless one is
        binary; the first `count` are all texts or all binary. Raises 3995, 1267, 3854."""
        one, other = args[:2]
        if _are_unlike([one], other):
            raise SqlError(3995, _own_collation(one.type), _own_collation(other.type), name)
        like = self.collation([self._met_type(one) for one in args[:2]], name)
        turned = [like == BINARY and is_constant(one) and _is_text(one) for one in args[:2]]
        kept = [one for one, is_turned in zip(args, turned, strict=False) if not is_turned]
        for arg in args[2:count]:
            if _are_unlike(kept, arg) or (any(turned) and _is_text(arg)):
                raise SqlError(3995, like, _own_collation(arg.type), name)
        if any(arg.type.collation == BINARY for arg in args[:2]):
            return tuple(args)
        return *self.all_gathered(args[:2], name), *args[2:]

    def _met_type(self, arg: Expression) -> SqlType:
        """The type of a member of a list of strings: numbers and dates are weak Latin ones."""
        found = arg.type
        if found.cls is Class.JSON:
            return self.as_string(arg).type
        if found.kind is TypeKind.BIT:
            return replace(found, coercibility=_IMPLICIT)
        if found.cls in (Class.STRING, Class.NULL) or found.coercibility < NUMERIC:
            return found
        return replace(found, collation=_NUMBERS_COLLATION)

    def written_in(self, arg: Expression, like: str) -> Expression:
        """A string that is compared as something else: only a constant is brought to the character
        set of `like`."""
        written = arg.value if isinstance(arg, Literal) and not arg.text else None
        if like == BINARY and isinstance(written, str):
            data = encoded(written, arg.type.collation)
            made = string_type(len(data), BINARY, arg.type.nullable, arg.type.coercibility)
            return Literal(made, data, text=describe(arg))
        if not is_constant(arg) or BINARY in (arg.type.collation, like):
            return arg
        return self.in_charset(arg, like)

    def _is_converted_search(self, arg: Expression, like: str) -> bool:
        """Whether a constant number that LOCATE found has the character set of the text it was
        found in, hence must be converted, and is a text from then on."""
        if arg.type.cls is not Class.INT or arg.type.coercibility >= NUMERIC:
            return False
        is_same = BINARY in (like, arg.type.collation) or arg.type.charset == charset_of(like)
        return not is_same and self.is_known(arg)

    def together(
        self, args: Sequence[Expression], like: str, at_once: bool = True, agreed: bool = True
    ) -> tuple[Expression, ...]:
        """Strings in the character set of collation `like`; `at_once`: see `in_charset`. agreed:
        all of them decided on that, not only one."""
        args = [as_written_bytes(arg) for arg in args] if agreed and like == BINARY else args
        return tuple(self.in_charset(arg, like, at_once) for arg in args)

    def in_charset(self, arg: Expression, like: str, at_once: bool = True) -> Expression:
        """A string in the character set of collation `like`, its own collation if that is one of
        it. Raises 3854 for a constant text that has no place there, unless that is to be found out
        only when it is looked at, as it always is of bytes."""
        source = arg.type
        if source.cls is Class.NULL or source.charset == charset_of(like):
            return arg
        if isinstance(arg, Literal) and arg.value is None:
            return arg
        if like == BINARY:
            inner = arg.arg if isinstance(arg, Cast) and arg.mode == IMPLICIT else arg
            is_number = source.coercibility == NUMERIC or inner.type.cls not in (
                Class.STRING,
                Class.JSON,
            )
            size = source.length * (1 if is_number else bytes_per_character(source.collation))
            return Cast(string_type(size, BINARY, source.nullable, source.coercibility), arg)
        made = string_type(source.length, like, source.nullable, source.coercibility)
        if source.collation == BINARY:
            text = _text_of_bytes(arg, like)
            if text is None:
                return self.call(self._conversion(arg, like), made, arg)
            return Literal(made, text, text=describe(arg))
        if not at_once:
            return self._later_in(arg, made, like)
        value = self.constant_value(arg)
        if value is None:
            is_null = source.coercibility != NUMERIC and self.is_known(arg)
            if is_null:
                return Literal(replace(made, length=0), None)
            return Call(made, self.function("to charset"), (arg,))  # which may be a number's
        text = characters_of(value, source.collation, like)
        is_literal = isinstance(arg, Literal) and source.coercibility != NUMERIC
        size = len(text) if is_literal else source.length
        made = string_type(size, like, source.nullable, source.coercibility)
        is_name = source.coercibility in (_SYSTEM_CONSTANT, NUMERIC)  # nothing is converted
        return Literal(made, text, text=describe(arg) if is_name and not is_literal else "")

    def _later_in(self, arg: Expression, made: SqlType, like: str) -> Expression:
        """A constant that fits into the character set of `like` as its text; anything else is
        converted where it is looked at."""
        is_plain = isinstance(arg, Literal | Cast) and self.is_known(arg)
        try:
            value = self.quiet_value(arg) if is_plain else None
            text = None if value is None else characters_of(value, arg.type.collation, like)
        except SqlError:
            text = None
        if text is None:
            return self.call(self._conversion(arg, like), made, arg)
        return Literal(made, text)

    def _conversion(self, arg: Expression, like: str) -> str:
        """The function that brings a string into a character set: of constants that are none of it
        one that nobody calls before they are looked at."""
        try:
            value = self.quiet_value(arg)
            if value is not None:
                characters_of(value, arg.type.collation, like)
        except SqlError:
            return "to charset@later"
        return "to charset"

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


def _own_collation(found: SqlType) -> str:
    return _NUMBERS_COLLATION if found.coercibility == NUMERIC else found.collation


def _are_unlike(args: Sequence[Expression], other: Expression) -> bool:
    """Whether binary strings meet texts. Numbers, NULL, documents, long binary strings and long
    texts that were computed may stand beside both."""
    if _is_bytes(other):
        return any(map(_is_text, args))
    return _is_text(other) and any(map(_is_bytes, args))


def _is_bytes(arg: Expression) -> bool:
    is_short = arg.type.kind not in _LONG and arg.type.length <= _LONGEST_BYTES
    return _is_string(arg) and arg.type.collation == BINARY and is_short


def _is_text(arg: Expression) -> bool:
    is_short = arg.type.kind not in _LONG_TEXTS or isinstance(arg, ColumnRef)
    return _is_string(arg) and arg.type.is_text and is_short


def _is_string(arg: Expression) -> bool:
    """Whether it is a string and always was."""
    if arg.type.cls is not Class.STRING or (isinstance(arg, Literal) and arg.value is None):
        return False
    return not (
        isinstance(arg, Cast) and arg.mode == IMPLICIT and arg.arg.type.cls is not Class.STRING
    )


def _text_of_bytes(arg: Expression, like: str) -> str | None:
    """The text that literal bytes are in the character set of `like`; None if they are none."""
    if not isinstance(arg, Literal) or not isinstance(arg.value, bytes):
        return None
    try:
        return characters_of(arg.value, BINARY, like)
    except SqlError:
        return None


def as_written_bytes(arg: Expression) -> Expression:
    """A literal behind an introducer as messages write it once it is binary."""
    if not isinstance(arg, Literal) or not arg.text.startswith("_"):
        return arg
    return replace(arg, text="_binary" + arg.text[arg.text.index("'") :])


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
