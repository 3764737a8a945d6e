"""How a function is defined: its name, its arguments' classes, its type, its implementation.

    @define("lower lcase", "s", same_length)
    def _lower(context, result, text): …

Letters of `takes`, one for each argument, the last repeated for further ones when `*` follows:

    s string   e string that is compared by its bytes where it is chosen
    c string of characters   q the same, part of the plan if it is a literal
    n number (strings become DOUBLE, temporals numbers)
    i integer   d double
    b condition (zero, not zero, NULL)   t DATETIME   D DATE   T TIME
    j JSON document (a string is parsed by the function)   v any SQL value, later a JSON value
    p JSON path: a string, part of the plan if it is a literal   x as it is
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from mysqlcompat.errors import SqlError
from mysqlcompat.functions.table import Function
from mysqlcompat.sqltypes import (
    BINARY,
    NUMERIC,
    TEMPORAL,
    Class,
    SqlType,
    bool_type,
    bytes_per_character,
    charset_of,
    double_type,
    int_type,
    json_type,
    string_type,
)

if TYPE_CHECKING:
    from mysqlcompat.sql.infer import Typing
    from mysqlcompat.sql.typed import Expression

    TypeRule = Callable[[Typing, Sequence[Expression]], SqlType]
    Builder = Callable[[Typing, Sequence[Expression]], Expression]


@dataclass(frozen=True, slots=True)
class Definition:
    """One row of the table of callable names."""

    name: str
    low: int
    high: int
    build: Builder


#: Every function that can be called by name, lower case.
DEFINITIONS: Final[dict[str, Definition]] = {}
#: Every implementation, operators included, by name.
FUNCTIONS: Final[dict[str, Function]] = {}
_MANY: Final = 999
_DOUBLE_LENGTH: Final = 22  #: of a DOUBLE's text, to which MySQL adds a sign here
COERCIBLE: Final = 4  #: coercibility of a constant text
NUMBER: Final = 5  #: and of a number's text
OF_NUMBERS: Final = "latin1_swedish_ci"  #: collation of what has none
_U32: Final = (1 << 32) - 1
#: Functions that give a part of a string, and those that find out that it is none of its character
#: set.
_LOOKING_AT_NOTHING: Final = ("left", "right", "substring", "repeat", "soundex", "upper", "lower")
_LOOKING: Final = ("reverse", "ltrim", "rtrim")
IGNORABLE: Final = 6  #: coercibility of NULL
MAX_CHARACTERS: Final = 16777216  #: of the longest string an expression makes, in bytes


def implement(name: str, **traits: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register an implementation without a callable name (operators, parts of builders)."""

    def register(python: Callable[..., Any]) -> Callable[..., Any]:
        for one in name.split(","):
            FUNCTIONS[one] = Function(one, python, **traits)
        return python

    return register


def define(
    names: str,
    takes: str,
    result: TypeRule | SqlType,
    required: int | None = None,
    nullable: bool | None = None,
    texts: str = "",
    **traits: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function under `names` (separated by blanks; the first is its own).

    required  arguments that must be given; all of `takes` by default
    texts     the character set its strings are brought to: that of the "first" or "second" one
              ("first later": when they are looked at), or the one they have "agreed" on;
              "compared": the first two are compared, and those that must be given are all texts
              or all binary; "" leaves them alone
    nullable  True: may be NULL whatever the arguments are; False: never; None: as its arguments
    traits    fields of `Function`
    """
    letters = takes.rstrip("*")
    high = _MANY if takes.endswith("*") else len(letters)
    low = len(letters) if required is None else required

    def register(python: Callable[..., Any]) -> Callable[..., Any]:
        name = names.split()[0]
        function = Function(name, python, **traits)
        FUNCTIONS[name] = function

        def build(typing: Typing, args: Sequence[Expression]) -> Expression:
            from mysqlcompat.sql.typed import Call

            chosen = [letters[min(number, len(letters) - 1)] for number in range(len(args))]
            taken = tuple(_take(typing, *one) for one in zip(chosen, args, strict=True))
            if taken and not texts and is_weight_of_number(taken[0]):
                taken = (_weight_as_text(typing, name, taken[0]), *taken[1:])
            for at, letter in enumerate(chosen):
                if letter == "j":
                    one = as_document(typing, taken[at], at + 1, name, taken[:at])
                    taken = (*taken[:at], one, *taken[at + 1 :])
            if texts == "compared":
                taken = typing.compared_pair(name, taken, low)
            elif texts:
                taken = _brought_together(typing, name, letters, taken, texts)
            made = result if isinstance(result, SqlType) else result(typing, taken)
            if nullable is not None:
                made = made.or_null(nullable)
            elif isinstance(result, SqlType):
                made = made.or_null(any(arg.type.nullable for arg in taken))
            if nullable is None and made.cls is Class.STRING and not typing.is_strict:
                made = made.or_null(any(arg.type.nullable for arg in taken))
            return Call(typing.as_result(made), function, taken)

        for one in names.split():
            DEFINITIONS[one] = Definition(one, low, high, build)
        return python

    return register


def build_as(names: str, low: int, high: int | None = None) -> Callable[[Builder], Builder]:
    """Register a function that is built by its own code (types that depend on arguments)."""

    def register(builder: Builder) -> Builder:
        for one in names.split():
            DEFINITIONS[one] = Definition(one, low, high or low, builder)
        return builder

    return register


def _take(typing: Typing, letter: str, arg: Expression) -> Expression:
    from mysqlcompat.functions.moments import day_of_number, of_calendar
    from mysqlcompat.sql.held_constants import pinned
    from mysqlcompat.sql.parameters import text_type, with_type

    match letter:
        case "s":
            text = typing.as_string(arg)
            is_number = text.type.is_text and text.type.coercibility == NUMBER
            return typing.in_charset(text, typing.context.collation) if is_number else text
        case "e":
            return _exact(typing.as_string(arg))
        case "n":
            return typing.as_number(arg)
        case "i":
            return typing.as_integer(arg)
        case "c":
            return typing.as_characters(arg)
        case "q":
            return pinned(typing.as_characters(arg))
        case "d":
            return typing.as_double(arg)
        case "b":
            return typing.as_condition(arg)
        case "t":
            return typing.as_moment(of_calendar(typing, arg))
        case "D":
            return typing.as_date(of_calendar(typing, arg))
        case "N":
            return day_of_number(typing, of_calendar(typing, arg))
        case "T":
            return typing.as_time(arg)
        case "v":
            return typing.as_json(arg)
        case "p":
            return typing.as_path(arg)
    return with_type(arg, text_type(typing.context.collation))


def is_weight_of_number(arg: Expression) -> bool:
    """Whether it is bytes that count as the text of a number: WEIGHT_STRING of one."""
    kind = arg.type
    return kind.cls is Class.STRING and kind.collation == BINARY and kind.coercibility == NUMBER


def _weight_as_text(typing: Typing, name: str, arg: Expression) -> Expression:
    """The weight of a number where texts are wanted: functions that copy a part of it do not look
    what it is."""
    if name in _LOOKING_AT_NOTHING:
        like = string_type(arg.type.length, typing.context.collation, True, NUMBER)
        return typing.call("characters@kept", like, arg)
    return typing.in_charset(arg, typing.context.collation) if name in _LOOKING else arg


def _exact(arg: Expression) -> Expression:
    """GREATEST and LEAST of texts, for which a checksum is all in the bytes, by their bytes."""
    from mysqlcompat.sql.typed import Call

    if not isinstance(arg, Call) or arg.function.name not in ("greatest", "least"):
        return arg
    if not arg.type.is_text:
        return arg
    return replace(arg, type=replace(arg.type, collation=f"{arg.type.charset}_bin"))


def as_document(
    typing: Typing, arg: Expression, number: int, name: str, earlier: Sequence[Expression] = ()
) -> Expression:
    """A document that can be none, not even as NULL: ERROR 3146 when it is evaluated, after what
    is wrong with the documents of `earlier` arguments."""
    from mysqlcompat.sql.typed import Literal

    arg = typing.without_charset(arg, name != "json_valid")
    is_document = arg.type.cls in (Class.STRING, Class.JSON, Class.NULL)
    if is_document or not arg.type.nullable or name == "json_valid":
        return arg
    said = Literal(string_type(len(name), nullable=False), name.replace("@", " "))
    place = Literal(int_type(2, nullable=False), number)
    read = () if name.startswith("json_schema") else earlier
    return typing.call("no document", json_type(), arg, place, said, *read)


def _brought_together(
    typing: Typing, name: str, letters: str, args: Sequence[Expression], texts: str
) -> tuple[Expression, ...]:
    """`args` with its strings in one character set."""
    places = [at for at in range(len(args)) if letters[min(at, len(letters) - 1)] == "s"]
    chosen = [args[at] for at in places]
    types = [arg.type for arg in chosen]
    if texts == "agreed":
        like = typing.result_collation(types, name)[0]
    else:
        first = texts == "second"
        is_number = types[first].coercibility == NUMBER
        like = typing.context.collation if is_number else types[first].collation
        chosen = [
            arg if number == first or texts.endswith("later") else read_once(typing, arg, like)
            for number, arg in enumerate(chosen)
        ]
    made = typing.together(chosen, like, not texts.endswith("later"), texts == "agreed")
    changed = dict(zip(places, made, strict=True))
    return tuple(changed.get(at, arg) for at, arg in enumerate(args))


def read_once(typing: Typing, arg: Expression, like: str) -> Expression:
    """A constant that must be brought to a character set: its text."""
    from mysqlcompat.sql.describe import describe
    from mysqlcompat.sql.typed import IMPLICIT, Cast, Literal

    is_shown = isinstance(arg, Cast) and arg.mode == IMPLICIT and arg.arg.type.cls in _SHOWN
    is_shown = is_shown or arg.type.coercibility == NUMBER  # also what chooses among numbers
    if is_shown and arg.type.coercibility >= NUMBER:
        is_brought = charset_of(like) not in _ASCII_SETS
    else:
        is_text = arg.type.cls is Class.STRING and BINARY not in (like, arg.type.collation)
        is_brought = is_text and arg.type.charset != charset_of(like)
    is_plain = isinstance(arg, Literal) and arg.type.coercibility != NUMBER
    if not is_brought or is_plain or not typing.is_known(arg):
        return arg
    text = typing.constant_value(arg)
    said = "" if is_shown or text is None else describe(arg)
    return Literal(replace(arg.type, length=len(text or "")), text, text=said)


def check_count(name: str, count: int) -> Definition:
    """The definition of `name`, if it takes `count` arguments. Raises 1305 or 1582."""
    definition = DEFINITIONS.get(name.lower())
    if definition is None:
        raise SqlError(1305, "FUNCTION", name)
    if not definition.low <= count <= definition.high:
        raise SqlError(1582, name)
    return definition


# Types that many functions have -----------------------------------------------------------------

BOOL: Final = bool_type()
BIGINT: Final = int_type(21)
DOUBLE: Final = double_type()
JSON: Final = json_type()


def integer(length: int, unsigned: bool = False) -> SqlType:
    return int_type(length, unsigned)


def text(length: int) -> TypeRule:
    """A string in the connection's collation; may always be NULL, as MySQL has it."""

    def rule(typing: Typing, args: Sequence[Expression]) -> SqlType:
        return string_type(length, typing.context.collation, True)

    return rule


def same_string(typing: Typing, args: Sequence[Expression]) -> SqlType:
    """As long as the first argument, in its collation."""
    first = args[0].type
    return string_type(first.length, first.collation, True, first.coercibility)


def joined(typing: Typing, args: Sequence[Expression]) -> SqlType:
    """As long as all arguments together, in the collation they agree on."""
    made = strings(typing, args, 0)
    return sized(sum(length_in(arg, made) for arg in args), made)


def strings(
    typing: Typing, args: Sequence[Expression], length: int, name: str = "concat"
) -> SqlType:
    types = [arg.type for arg in args if arg.type.kind]
    if not types:
        return string_type(length, typing.context.collation)
    collation, best = typing.result_collation(types, name)
    if best == NUMBER:  # nothing but numbers, quoted ones too
        collation = typing.context.collation
    return string_type(length, collation, True, best)


def sized(length: int, like: SqlType) -> SqlType:
    """A string of `length` characters, but never longer than strings can be, in the collation of
    `like`."""
    longest = MAX_CHARACTERS // bytes_per_character(like.collation)
    return string_type(min(length, longest), like.collation, True, like.coercibility)


def length_in(arg: Expression, like: SqlType) -> int:
    """Length of a string where it becomes part of one of type `like`: bytes, if that is binary;
    what a number or a date shows are ASCII characters."""
    from mysqlcompat.sql.typed import IMPLICIT, Cast

    if like.collation != BINARY:
        return arg.type.length
    is_plain = isinstance(arg, Cast) and arg.mode == IMPLICIT and arg.arg.type.cls in _SHOWN
    if is_plain or arg.type.coercibility == NUMBER:  # also what chooses among numbers
        return arg.type.length
    return byte_length(arg.type)


def length_of_choice(choice: Expression, like: SqlType) -> int:
    """Length of a string that may become one of type `like`: characters; only a literal is a
    binary string before its length is looked at."""
    from mysqlcompat.sql.typed import Literal

    return length_in(choice, like) if isinstance(choice, Literal) else choice.type.length


_SHOWN: Final = (*NUMERIC, *TEMPORAL)
_ASCII_SETS: Final = ("latin1", "binary")  #: what numbers and dates show is of them


def wrapped(characters: int, collation: str) -> int:
    """A number of characters whose bytes MySQL counts in 32 bits, and loses what is beyond."""
    width = bytes_per_character(collation)
    return (characters * width & _U32) // width


def plain_length(arg: Expression) -> int:
    """Bytes of a string argument; of what became one, the characters it shows."""
    from mysqlcompat.sql.typed import IMPLICIT, Call, Cast

    inner = arg.arg if isinstance(arg, Cast) and arg.mode == IMPLICIT else arg
    if inner.type.cls is Class.JSON:
        return _U32
    if inner.type.is_text and inner.type.coercibility == NUMBER:  # chosen among numbers, or quoted
        is_quoted = inner.type.collation == OF_NUMBERS
        if isinstance(inner, Call) and inner.function.name == "to charset":
            is_quoted = inner.args[0].type.collation == OF_NUMBERS
        return inner.type.length + (inner.type.length == _DOUBLE_LENGTH and not is_quoted)
    return min(byte_length(inner.type), _U32)


def byte_length(sql_type: SqlType) -> int:
    return sql_type.length * bytes_per_character(sql_type.collation)


def constant_int(arg: Expression) -> int | None:
    """Value of an argument that is a plain integer in the text (also ``-5``), else None."""
    from mysqlcompat.sql.typed import Call, Literal

    match arg:
        case Literal(value=int() as value):
            return value
        case Call(function=function, args=(Literal(value=int() as value),)):
            return -value if function.name == "neg" else None
    return None


def known_int(typing: Typing, arg: Expression) -> int | None:
    """Value of an integer argument that is constant, with the warnings it gives; else None."""
    plain = constant_int(arg)
    return typing.constant_value(arg) if plain is None else plain
