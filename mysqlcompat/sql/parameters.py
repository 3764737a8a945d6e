"""What type a `?` has: the one that its place suggests, or that of the value it is given.

While a statement is prepared nothing is known of its values, so a `?` takes a type from where it
stands (`placed`). A value that does not go with that type (`goes_with`) makes the statement be
compiled once more, for values like it (`of_value`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from btree.schema import TypeKind
from mysqlcompat import temporal, temporal_text
from mysqlcompat.character_sets import representable
from mysqlcompat.decimal_reading import leading_decimal
from mysqlcompat.errors import SqlError
from mysqlcompat.sql.typed import ASSIGNED, COMPARED, PLACED, Expression, Param
from mysqlcompat.sqltypes import (
    BINARY,
    MAX_DECIMAL_DIGITS,
    MAX_DECIMAL_SCALE,
    NUMERIC,
    TEMPORAL,
    Class,
    SqlType,
    date_type,
    datetime_type,
    decimal_type,
    double_type,
    int_type,
    json_type,
    string_type,
    time_type,
)

if TYPE_CHECKING:
    from mysqlcompat.sql.infer import Typing

TEXT_BYTES: Final = 65535
TEXT_CHARACTERS: Final = TEXT_BYTES // 4  #: of a text whose length is not known
_FSP: Final = 6
_DATE_CHARACTERS: Final = 10
#: Functions of which a `?` takes the type that the other arguments agree on; and from which on.
_CHOOSING: Final = {
    "if": 1, "ifnull": 0, "coalesce": 0, "nullif": 0, "greatest": 0, "least": 0, "any_value": 0,
    "field": 0, "strcmp": 0,
}  # fmt: skip
_BRANCHES: Final = ("if", "ifnull", "coalesce")  #: what gives one of its arguments as it is
#: Places of functions that look at their arguments' types: see `_OF_LETTERS`. The last is repeated.
_PLACES: Final = {
    "round": "mi", "truncate": "mi", "abs": "d", "ceil": "d", "ceiling": "d", "floor": "d",
    "mod": "dd", "unix_timestamp": "t", "from_unixtime": "ms", "sec_to_time": "m", "date": "D",
    "time": "T", "timestamp": "tT", "addtime": "TT", "subtime": "TT", "timediff": "TT",
    "maketime": "iim", "convert_tz": "ts", "hex": "s", "quote": "s", "weight_string": "s",
    "json_quote": "s", "json_unquote": "s", "bit_count": "b", "conv": "sii", "make_set": "is",
    "elt": "is", "interval": "d", "format": "mis", "str_to_date": "s", "date_format": "ts",
    "time_format": "ts", "monthname": "D", "last_day": "D", "aes_encrypt": "s",
    "aes_decrypt": "s", "isnull": "s", "json_length": "s", "charset": "s", "collation": "s",
    "coercibility": "s", "inet6_ntoa": "s", "is_ipv4_compat": "s", "is_ipv4_mapped": "s",
    "benchmark": "is", "sounds like": "s",
}  # fmt: skip
#: DECIMALs keep the digits that they are given with.
_OF_LETTERS: Final = {
    "d": double_type(),
    "i": int_type(),
    "m": replace(decimal_type(MAX_DECIMAL_DIGITS, MAX_DECIMAL_SCALE), mixed=True),
    "t": datetime_type(_FSP),
    "D": date_type(),
    "T": time_type(_FSP),
}


def is_untyped(arg: Expression) -> bool:
    """Whether it is a `?` that has no type yet."""
    return isinstance(arg, Param) and arg.type.kind is TypeKind.NULL


def text_type(collation: str) -> SqlType:
    """A text of which nothing is known."""
    return string_type(TEXT_BYTES if collation == BINARY else TEXT_CHARACTERS, collation)


def widest(sql_type: SqlType, collation: str) -> SqlType:
    """The type of a `?` whose surroundings are of this one: any value of its class fits."""
    match sql_type.cls:
        case Class.INT:
            return int_type(unsigned=sql_type.unsigned or sql_type.kind is TypeKind.BIT)
        case Class.DECIMAL:
            return _OF_LETTERS["m"]
        case Class.DOUBLE:
            return _OF_LETTERS["d"]
        case Class.STRING:
            return text_type(BINARY if sql_type.collation == BINARY else collation)
        case Class.DATETIME:
            return _OF_LETTERS["t"]
        case Class.TIME:
            return _OF_LETTERS["T"]
        case Class.JSON:
            return json_type()
        case Class.NULL:
            return text_type(collation)
    return sql_type.or_null()


def cast_type(target: SqlType, collation: str) -> SqlType:
    """The type of a `?` that is cast."""
    if target.cls in (Class.INT, Class.DECIMAL) and target.kind is not TypeKind.YEAR:
        return widest(target, collation)
    return text_type(collation)


def placed(typing: Typing, name: str, args: Sequence[Expression]) -> Sequence[Expression]:
    """Arguments of a function, each `?` with the type that its place suggests, if one does."""
    if not any(map(is_untyped, args)):
        return args
    collation = typing.context.collation
    begin, letters = _CHOOSING.get(name), _PLACES.get(name)
    if begin is not None:
        known = [arg for arg in args[begin:] if not is_untyped(arg)]
        wanted = (as_branch if name in _BRANCHES else agreed)(typing, known, name)
        return [*args[:begin], *(with_type(arg, wanted) for arg in args[begin:])]
    if letters is None:
        return args
    chosen = (letters[min(number, len(letters) - 1)] for number in range(len(args)))
    types = (
        _OF_LETTERS.get(letter) or text_type(BINARY if letter == "b" else collation)
        for letter in chosen
    )
    return [with_type(arg, wanted) for arg, wanted in zip(args, types, strict=False)]


def agreed(typing: Typing, known: Sequence[Expression], name: str) -> SqlType:
    """The type of a `?` that stands for what others stand for, too; a text if there are none."""
    collation = typing.context.collation
    if not known:
        return text_type(collation)
    return widest(typing.common_type(known, True, name), collation)


def as_branch(typing: Typing, known: Sequence[Expression], name: str) -> SqlType:
    """The type of a `?` that may be the result: beside documents, the text of one."""
    wanted = agreed(typing, known, name)
    return replace(wanted, mixed=True) if wanted.cls is Class.JSON else wanted


def among(typing: Typing, value: Expression, items: Sequence[Expression]) -> Expression:
    """A `?` compared with several of different classes, of the type that these agree on."""
    known = [item for item in items if not is_untyped(item)]
    if not is_untyped(value) or len({item.type.cls for item in known}) < 2:
        return value
    return with_type(value, agreed(typing, known, "in"))


def with_type(arg: Expression, wanted: SqlType) -> Expression:
    """An untyped `?` with this type; anything else as it is."""
    if isinstance(arg, Param) and is_untyped(arg):
        return replace(arg, type=wanted.or_null())
    return arg


def of_own_scale(arg: Expression) -> Expression:
    """A `?` whose DECIMALs have all the digits of its type; anything else as it is."""
    if isinstance(arg, Param) and arg.type.mixed:
        return replace(arg, type=replace(arg.type, mixed=False))
    return arg


def as_assigned(
    value: Any, source: SqlType, target: SqlType, collation: str
) -> tuple[Any, SqlType]:
    """What a value that is sent becomes before it is converted to the column it is assigned to: a
    moment that becomes text loses its fraction, a time keeps the digits it has, and messages show
    the bytes of what is no number. Raises 3988 for characters that the column's set lacks."""
    is_ascii = not isinstance(value, str) or value.isascii()
    if target.cls in (Class.DATE, Class.TIME) and isinstance(value, str) and _is_moment(value):
        read = temporal_text.read_datetime(value, temporal_text.FUZZY).value
        if isinstance(read, datetime):
            whole = temporal.with_fsp(read, 0) if target.cls is Class.DATE else read
            return whole, datetime_type(0 if target.cls is Class.DATE else _FSP)
    if target.cls is not Class.STRING:
        if is_ascii or target.cls is Class.JSON or target.cls in TEMPORAL:
            return value, source
        return value.encode(), string_type(len(value), BINARY)
    if not is_ascii and target.is_text and representable(value, target.collation) != value:
        raise SqlError(3988, collation, target.collation, "parameter")
    if source.cls is Class.DATETIME and temporal.has_fraction(value):
        return value.replace(microsecond=0), datetime_type(0)
    if source.cls is Class.TIME and temporal.has_fraction(value):
        digits = f"{value.microseconds:06}".rstrip("0")
        return value, time_type(len(digits))
    return value, source


def goes_with(param: Param, value: Any, source: SqlType) -> bool:
    """Whether a value of this type can be what a `?` stands for as it was compiled."""
    wanted = param.type
    if value is None:
        return True
    if param.place == ASSIGNED:
        return _is_assigned(value, source, wanted)
    if param.place == COMPARED and wanted.cls is Class.INT and source.cls in NUMERIC:
        least, greatest = wanted.range
        return bool(least <= value <= greatest) and value == int(value)
    if wanted.cls is Class.INT and source.cls is Class.INT:
        return wanted.kind is TypeKind.YEAR or source.unsigned == wanted.unsigned
    if wanted.cls is Class.DECIMAL and source.cls in (Class.INT, Class.DECIMAL):
        return _has_room(wanted, Decimal(value))
    if source.cls is Class.STRING:
        match wanted.cls:
            case Class.DATE:
                return not _is_moment(value)
            case Class.INT:
                return not _is_number(value) or _is_integer(value, param)
            case Class.STRING:
                return param.place == COMPARED or _is_like(value, wanted)
        return True
    match wanted.cls:
        case Class.DOUBLE:
            return source.cls in NUMERIC
        case Class.DATE:
            return source.cls not in (Class.DATETIME, Class.TIME)
        case Class.TIME:
            return source.cls is not Class.DATE
        case Class.DATETIME:
            return source.cls not in (Class.DATE, Class.TIME)
        case Class.NULL:
            return True
    return False


def _is_assigned(value: Any, source: SqlType, wanted: SqlType) -> bool:
    """Whether a column's `?` takes a value without a change, so that what is wrong with it is said
    where it is assigned."""
    if wanted.kind in (TypeKind.ENUM, TypeKind.SET, TypeKind.BIT, TypeKind.YEAR):
        return False
    if source.cls is not wanted.cls:
        return False
    match wanted.cls:
        case Class.INT:
            least, greatest = wanted.range
            return bool(least <= value <= greatest)
        case Class.DECIMAL:
            return _has_room(wanted, value)
        case Class.DOUBLE:
            return wanted.kind is TypeKind.DOUBLE
        case Class.STRING:
            return type(value) is str or wanted.collation == BINARY
    return wanted.cls is Class.DATE


def _has_room(wanted: SqlType, number: Decimal) -> bool:
    """Whether a DECIMAL holds a number without rounding it."""
    scale = max(-int(number.as_tuple().exponent), 0)
    return scale <= wanted.scale and number.adjusted() < wanted.precision - wanted.scale


def _is_number(value: str | bytes) -> bool:
    """Whether all of a text is a number."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return bool(text.strip()) and leading_decimal(text.strip())[1]


def _is_integer(value: str | bytes, param: Param) -> bool:
    """Whether a text is an integer of the type of a `?`; one less than zero is where nobody sees
    of what type it is."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    least, greatest = param.type.range
    digits = text.strip().removeprefix("+")
    if param.place == COMPARED or (not param.type.unsigned and not digits.strip("-0")):
        digits = digits.removeprefix("-")
    return digits.isdecimal() and digits.isascii() and least <= int(text) <= greatest


def _is_like(value: str | bytes, wanted: SqlType) -> bool:
    """Whether a text or bytes are what a place for the one or the other takes."""
    if isinstance(value, str) or wanted.collation == BINARY:
        return True
    try:
        value.decode(wanted.charset.replace("mb4", "").replace("mb3", ""))
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _is_moment(value: str | bytes) -> bool:
    """Whether a text is a date and a time of day."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if len(text.strip()) <= _DATE_CHARACTERS:
        return False
    return temporal_text.read_datetime(text, temporal_text.FUZZY).value is not None


def of_value(param: Param | None, value: Any, source: SqlType, collation: str) -> SqlType:
    """The type of a `?`, so far `param`, that is given a value of this one."""
    is_date = param is not None and param.type.cls is Class.DATE and param.place == PLACED
    if is_date and source.cls is Class.STRING and _is_moment(value):
        return datetime_type(_FSP)
    is_whole = param is not None and param.type.cls is Class.INT and param.place != ASSIGNED
    if is_whole and source.cls is Class.STRING and _is_number(value):
        return _OF_LETTERS["m"]
    if param is not None and param.place == ASSIGNED and source.cls in (Class.DATETIME, Class.TIME):
        return source if temporal.has_fraction(value) else replace(source, scale=0)
    if source.cls in TEMPORAL or source.cls in NUMERIC:
        return widest(source, collation)
    return text_type(BINARY if isinstance(value, bytes) else collation)
