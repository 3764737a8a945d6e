"""String functions. Positions and lengths count characters; of binary strings, bytes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from mysqlcompat import collations
from mysqlcompat.functions.definitions import (
    BIGINT,
    build_as,
    constant_int,
    define,
    implement,
    integer,
    joined,
    same_string,
    strings,
)
from mysqlcompat.functions.table import Context
from mysqlcompat.numerals import decimal_text, double_text, round_decimal
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.measures import text_length
from mysqlcompat.sql.typed import Call, Cast, Expression
from mysqlcompat.sqltypes import BINARY, Class, SqlType, bytes_per_character, string_type

_MAX_PACKET = 67108864


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _stored(call: Call, value: Any) -> bytes:
    """The bytes of an argument in its own character set."""
    charset = call.args[0].type.charset
    if isinstance(value, bytes) or charset in ("utf8mb4", "utf8mb3", "binary", ""):
        return _bytes(value)
    from mysqlcompat.wire.charsets import BY_NAME

    made: bytes = value.encode(BY_NAME[call.args[0].type.collation].charset.codec, "replace")
    return made


def _like(model: Any, made: str) -> Any:
    return made.encode() if isinstance(model, bytes) else made


@define("concat", "s*", joined)
def concat(context: Context, call: Call, *values: Any) -> Any:
    if any(isinstance(value, bytes) for value in values):
        return b"".join(map(_bytes, values))
    return "".join(values)


def _joined_with_separators(typing: Typing, args: Sequence[Expression]) -> SqlType:
    separators = args[0].type.length * max(len(args) - 2, 0)
    return strings(typing, args, sum(arg.type.length for arg in args[1:]) + separators)


@define("concat_ws", "ss*", _joined_with_separators, null_rejects=False)
def concat_ws(context: Context, call: Call, separator: Any, *values: Any) -> Any:
    if separator is None:
        return None
    present = [value for value in values if value is not None]
    if any(isinstance(value, bytes) for value in (separator, *present)):
        return _bytes(separator).join(map(_bytes, present))
    return separator.join(present)


@define("lower lcase", "s", same_string)
def lower(context: Context, call: Call, value: Any) -> Any:
    return value if isinstance(value, bytes) else "".join(_one(c, c.lower()) for c in value)


@define("upper ucase", "s", same_string)
def upper(context: Context, call: Call, value: Any) -> Any:
    return value if isinstance(value, bytes) else "".join(_one(c, c.upper()) for c in value)


def _one(character: str, changed: str) -> str:
    """MySQL changes case character by character: no ß to SS."""
    return changed if len(changed) == 1 else character


@define("length octet_length", "s", integer(11))
def length(context: Context, call: Call, value: Any) -> int:
    return len(_stored(call, value))


@define("char_length character_length", "s", integer(11))
def char_length(context: Context, call: Call, value: Any) -> int:
    return len(value)


@define("bit_length", "s", integer(11))
def bit_length(context: Context, call: Call, value: Any) -> int:
    return 8 * len(_stored(call, value))


def _substring_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    first = args[0].type
    size = first.length
    start = constant_int(args[1])
    if start is not None:
        size = 0 if start == 0 else min(-start, size) if start < 0 else max(size - start + 1, 0)
    if len(args) > 2:
        count = constant_int(args[2])
        if count is not None:
            size = max(min(size, count), 0)
    return string_type(size, first.collation, True, first.coercibility)


@define("substring substr mid", "sii", _substring_type, required=2)
def substring(
    context: Context, call: Call, value: Any, start: int, count: int | None = None
) -> Any:
    if start == 0 or start < -len(value) or (count is not None and count <= 0):
        return value[:0]
    at = start - 1 if start > 0 else len(value) + start
    return value[at:] if count is None else value[at : at + count]


def _left_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    first = args[0].type
    count = constant_int(args[1])
    size = first.length if count is None else max(min(first.length, count), 0)
    return string_type(size, first.collation, True, first.coercibility)


@define("left", "si", _left_type)
def left(context: Context, call: Call, value: Any, count: int) -> Any:
    return value[: max(count, 0)]


@define("right", "si", _left_type)
def right(context: Context, call: Call, value: Any, count: int) -> Any:
    return value[-count:] if count > 0 else value[:0]


def _strip(value: Any, pad: Any, leading: bool, trailing: bool) -> Any:
    if pad:
        while leading and value.startswith(pad):
            value = value[len(pad) :]
        while trailing and value.endswith(pad):
            value = value[: -len(pad)]
    return value


def _pad_of(value: Any, given: tuple[Any, ...]) -> Any:
    if not given:
        return _like(value, " ")
    return _bytes(given[0]) if isinstance(value, bytes) else given[0]


@define("trim@both trim", "ss", same_string, required=1)
def trim(context: Context, call: Call, value: Any, *pad: Any) -> Any:
    return _strip(value, _pad_of(value, pad), True, True)


@define("ltrim trim@leading", "ss", same_string, required=1)
def ltrim(context: Context, call: Call, value: Any, *pad: Any) -> Any:
    return _strip(value, _pad_of(value, pad), True, False)


@define("rtrim trim@trailing", "ss", same_string, required=1)
def rtrim(context: Context, call: Call, value: Any, *pad: Any) -> Any:
    return _strip(value, _pad_of(value, pad), False, True)


def _replaced(typing: Typing, args: Sequence[Expression]) -> SqlType:
    return strings(typing, args, args[0].type.length)


@define("replace", "sss", _replaced)
def replace(context: Context, call: Call, value: Any, old: Any, new: Any) -> Any:
    if any(isinstance(part, bytes) for part in (value, old, new)):
        value, old, new = _bytes(value), _bytes(old), _bytes(new)
    return value.replace(old, new) if old else value


def _repeated(typing: Typing, args: Sequence[Expression]) -> SqlType:
    first = args[0].type
    count = constant_int(args[1])
    if count is None or count < 0:
        size = _MAX_PACKET // bytes_per_character(first.collation)
    else:
        size = first.length * count
    return string_type(size, first.collation, True, first.coercibility)


@define("repeat", "si", _repeated)
def repeat(context: Context, call: Call, value: Any, count: int) -> Any:
    if len(value) * count > _MAX_PACKET:
        context.warn(
            1301,
            f"Result of repeat() was larger than max_allowed_packet ({_MAX_PACKET}) - truncated",
        )
        return None
    return value * max(count, 0)


@define("space", "i", lambda typing, args: _spaces_type(typing, args))
def space(context: Context, call: Call, count: int) -> Any:
    return " " * max(count, 0) if count <= _MAX_PACKET else None


def _spaces_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    count = constant_int(args[0])
    size = _MAX_PACKET // 4 if count is None else max(count, 0)
    return string_type(size, typing.context.collation)


@define("reverse", "s", same_string)
def reverse(context: Context, call: Call, value: Any) -> Any:
    return value[::-1]


def _padded(typing: Typing, args: Sequence[Expression]) -> SqlType:
    count = constant_int(args[1])
    size = _MAX_PACKET // 4 if count is None or count < 0 else count
    return strings(typing, (args[0], *args[2:]), size)


def _pad(value: Any, count: int, pad: Any) -> Any:
    """What has to be added to `value`; None when it cannot be made longer."""
    missing = count - len(value)
    if missing <= 0:
        return value[:0]
    if not pad:
        return None
    return (pad * (missing // len(pad) + 1))[:missing]


@define("lpad", "sis", _padded, required=3)
def lpad(context: Context, call: Call, value: Any, count: int, pad: Any) -> Any:
    if count < 0 or count > _MAX_PACKET:
        return None
    added = _pad(value, count, pad)
    return value if added is None else (added + value[:count])[:count]


@define("rpad", "sis", _padded, required=3)
def rpad(context: Context, call: Call, value: Any, count: int, pad: Any) -> Any:
    if count < 0 or count > _MAX_PACKET:
        return None
    added = _pad(value, count, pad)
    return value if added is None else (value + added)[:count]


def _position(call: Call, text_value: Any, part: Any, start: int = 1) -> int:
    if isinstance(text_value, bytes) or isinstance(part, bytes):
        return _bytes(text_value).find(_bytes(part), start - 1) + 1 if start > 0 else 0
    collation = call.args[0].type.collation
    if start < 1 or start > len(text_value) + 1:
        return 0
    folded = collations.fold(text_value, collation)
    return folded.find(collations.fold(part, collation), start - 1) + 1


@define("instr", "ss", integer(11))
def instr(context: Context, call: Call, value: Any, part: Any) -> int:
    return _position(call, value, part)


@define("locate", "ssi", integer(11), required=2)
def locate(context: Context, call: Call, part: Any, value: Any, start: int = 1) -> int:
    return _position(call, value, part, start)


@build_as("hex", 1)
def build_hex(typing: Typing, args: Sequence[Expression]) -> Expression:
    arg = args[0]
    if arg.type.cls in (Class.INT, Class.DECIMAL, Class.DOUBLE):
        made = string_type(16, typing.context.collation)
        return typing.call("hex", made, typing.as_integer(arg))
    arg = typing.as_string(arg)
    size = 2 * arg.type.length * bytes_per_character(arg.type.collation)
    return typing.call("hex", string_type(size, typing.context.collation), arg)


@implement("hex")
def hexadecimal(context: Context, call: Call, value: Any) -> str:
    if isinstance(value, int):
        return f"{value & (1 << 64) - 1:X}"
    return _stored(call, value).hex().upper()


@define("unhex", "s", lambda typing, args: _binary_type((args[0].type.length + 1) // 2 * 4))
def unhex(context: Context, call: Call, value: Any) -> bytes | None:
    shown = value if isinstance(value, str) else value.decode("latin-1")
    try:
        return bytes.fromhex(shown if len(shown) % 2 == 0 else "0" + shown)
    except ValueError:
        context.warn(1411, f"Incorrect string value: ''{shown}'' for function unhex")
        return None


def _binary_type(length: int) -> SqlType:
    return string_type(length, BINARY)


def _format_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    arg = args[0].arg if isinstance(args[0], Cast) else args[0]
    size = text_length(arg.type)
    return string_type(size + size // 3 + 32, typing.context.collation)


@define("format", "nis", _format_type, required=2, nullable=True)
def format_number(context: Context, call: Call, value: Any, places: int, locale: str = "") -> str:
    exact = Decimal(double_text(value)) if isinstance(value, float) else Decimal(value)
    shown = decimal_text(round_decimal(exact, min(max(places, 0), 30)))
    sign, digits = ("-", shown[1:]) if shown.startswith("-") else ("", shown)
    whole, point, fraction = digits.partition(".")
    return sign + f"{int(whole):,}" + point + fraction


@define("ascii", "s", integer(4))
def ascii_code(context: Context, call: Call, value: Any) -> int:
    data = _bytes(value)
    return data[0] if data else 0


@define("ord", "s", BIGINT)
def ord_code(context: Context, call: Call, value: Any) -> int:
    return int.from_bytes(_bytes(value[:1]), "big")


def _characters_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    return string_type(4 * len(args), BINARY)


@define("char", "i*", _characters_type, nullable=True, null_rejects=False)
def char(context: Context, call: Call, *codes: int | None) -> bytes:
    return b"".join(
        (code & 0xFFFFFFFF).to_bytes(max((code.bit_length() + 7) // 8, 1) if code > 0 else 4, "big")
        for code in codes
        if code is not None
    )


@define(
    "char@text", "i*", lambda typing, args: string_type(4 * len(args), typing.context.collation),
    nullable=True, null_rejects=False,
)  # fmt: skip
def char_text(context: Context, call: Call, *codes: int | None) -> str:
    return str(char(context, call, *codes), "utf-8", "replace")


@build_as("elt", 2, 999)
def build_elt(typing: Typing, args: Sequence[Expression]) -> Expression:
    choices = [typing.as_string(arg) for arg in args[1:]]
    made = strings(typing, choices, max(choice.type.length for choice in choices))
    return typing.call("elt", made, typing.as_integer(args[0]), *choices)


@implement("elt", null_rejects=False)
def elt(context: Context, call: Call, number: int | None, *choices: Any) -> Any:
    return choices[number - 1] if number and 1 <= number <= len(choices) else None


@define("field", "s*", integer(11), nullable=False, null_rejects=False)
def field(context: Context, call: Call, value: Any, *choices: Any) -> int:
    collation = call.args[0].type.collation
    for number, choice in enumerate(choices, 1):
        if None not in (value, choice) and collations.sort_key(
            value, collation
        ) == collations.sort_key(choice, collation):
            return number
    return 0


@define("find_in_set", "ss", integer(11))
def find_in_set(context: Context, call: Call, value: str, members: str) -> int:
    collation = call.args[0].type.collation
    wanted = collations.sort_key(value, collation)
    for number, member in enumerate(members.split(",") if members else [], 1):
        if collations.sort_key(member, collation) == wanted:
            return number
    return 0


@define("quote", "s", lambda typing, args: _quoted_type(args), null_rejects=False)
def quote(context: Context, call: Call, value: Any) -> str:
    if value is None:
        return "NULL"
    escapes = {"\\": "\\\\", "'": "\\'", "\0": "\\0", "\x1a": "\\Z"}
    return "'" + "".join(escapes.get(c, c) for c in value) + "'"


def _quoted_type(args: Sequence[Expression]) -> SqlType:
    first = args[0].type
    return string_type(max(2 * first.length + 2, 4), first.collation, True, first.coercibility)


def _inserted(typing: Typing, args: Sequence[Expression]) -> SqlType:
    both = (args[0], args[3])
    return strings(typing, both, sum(arg.type.length for arg in both))


@define("insert", "siis", _inserted)
def insert(context: Context, call: Call, value: Any, start: int, count: int, new: Any) -> Any:
    if not 1 <= start <= len(value):
        return value
    end = len(value) if count < 0 else min(start - 1 + count, len(value))
    return value[: start - 1] + new + value[end:]


@define("substring_index", "ssi", same_string)
def substring_index(context: Context, call: Call, value: Any, mark: Any, count: int) -> Any:
    if not mark or not count:
        return value[:0]
    parts = value.split(mark)
    return mark.join(parts[:count] if count > 0 else parts[count:])


@define("soundex", "s", lambda typing, args: _soundex_type(args))
def soundex(context: Context, call: Call, value: str) -> str:
    codes = dict(zip("BFPVCGJKQSXZDTLMNR", "111122222222334556", strict=True))
    letters = [c for c in value.upper() if c.isalpha()]
    if not letters:
        return ""
    made, last = letters[0], codes.get(letters[0], "0")
    for letter in letters[1:]:
        code = codes.get(letter, "0" if letter not in "HW" else last)
        if code != last and code != "0":
            made += code
        last = code
    return made.ljust(4, "0")


def _soundex_type(args: Sequence[Expression]) -> SqlType:
    first = args[0].type
    return string_type(max(first.length, 4), first.collation)


@define("to_base64", "s", lambda typing, args: _base64_type(typing, args))
def to_base64(context: Context, call: Call, value: Any) -> str:
    encoded = base64.b64encode(_bytes(value)).decode()
    return "\n".join(encoded[at : at + 76] for at in range(0, len(encoded), 76))


def _base64_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    first = args[0].type
    size = (first.length * bytes_per_character(first.collation) + 2) // 3 * 4
    return string_type(size + max(size - 1, 0) // 76, typing.context.collation)


@define("from_base64", "s", lambda typing, args: _binary_type(args[0].type.length * 3))
def from_base64(context: Context, call: Call, value: Any) -> bytes | None:
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
