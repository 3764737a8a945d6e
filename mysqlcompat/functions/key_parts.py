"""Functional key parts: how their values are computed, and what goes wrong in the index's name.

``array elements``  (document, a literal of the elements' type) -> what a multi-valued part stores
``array has any``   (stored elements, a literal of …, wanted …) -> whether one of them is there
``array has all``   the same for all of them
``json element``    (text of a document, number) -> that element of it, as the index has it
"""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import Any, Final

from btree.elements import MOST_ELEMENTS, MOST_STRING_BYTES, pack, unpack
from mysqlcompat import jsonb
from mysqlcompat.errors import SqlError, not_supported
from mysqlcompat.functions.definitions import implement
from mysqlcompat.functions.table import Context
from mysqlcompat.jsonb import Json
from mysqlcompat.short_texts import remembered
from mysqlcompat.sql.typed import Call
from mysqlcompat.sqltypes import Class, SqlType, int_type, json_type, string_type
from mysqlcompat.values import is_variable, of_bytes, of_lane, to_bytes, to_lane

HIDDEN: Final = "!hidden!"
ELEMENT: Final = "json element"
ITSELF: Final = -1
_JSON: Final = json_type()
_TEXT: Final = string_type((1 << 32) - 1, "utf8mb4_bin")
_BY_JSON: Final = (Class.INT, Class.DECIMAL, Class.DOUBLE)
#: What MySQL says of an index in place of what it says of a column or a cast.
_SIGNED_END: Final = 1 << 63
_OF_INDEX: Final = {3156: 3903, 3155: 3904, 1264: 3752, 1292: 3751, 1265: 3751, 1406: 3751}
_WARNED: Final = (3903, 3904)
#: The same for elements of a multi-valued part.
_OF_ELEMENT: Final = {3156: 3903, 3155: 3904, 1406: 3907, 1292: 3751, 1366: 3903}


def hidden_name(index: str, part: int) -> str:
    """Name of the column that holds a functional key part (from 0)."""
    return f"{HIDDEN}{index}!{part}!0"


def index_of_hidden(column: str) -> str:
    """The index a hidden column belongs to."""
    return column.removeprefix(HIDDEN).rsplit("!", 2)[0]


class IndexContext:
    """A context that words mistakes as those of a functional index."""

    def __init__(self, context: Context, column: str) -> None:
        self._context = context
        self._index = index_of_hidden(column)

    def warn(self, errno: int, message: str, level: str = "Warning") -> None:
        if errno not in _OF_INDEX or level == "Note":
            self._context.warn(errno, message, level)
            return
        error = self.error(errno)
        if self._context.strict and error.errno not in _WARNED:
            raise error
        self._context.warn(error.errno, error.message)

    def error(self, errno: int) -> SqlError:
        """The mistake of that number, as one of the index."""
        number = _OF_INDEX.get(errno, errno)
        if number in (3751, 3752):
            return SqlError(number, self._index, self._context.row)
        return SqlError(number, self._index)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


@implement("array elements")
def array_elements(context: Context, call: Call, document: Json, _: Any, column: str) -> bytes:
    """Raises 1235, 3752, 3903, 3904, 3905, 3906, 3907, 3908."""
    value, index = document.value, index_of_hidden(column)
    if isinstance(value, dict):
        raise not_supported("CAST-ing JSON OBJECT type to array")
    of = call.args[1].type
    found = [
        _element(context, one, of, index) for one in (value if type(value) is list else [value])
    ]
    stored = pack(found)
    elements = unpack(stored)
    if len(elements) > MOST_ELEMENTS:
        raise SqlError(3905, index, len(elements) - MOST_ELEMENTS)
    size = sum(map(len, elements))
    if is_variable(of) and size > MOST_STRING_BYTES:
        raise SqlError(3906, index, size - MOST_STRING_BYTES)
    return stored


def _element(context: Context, value: Any, of: SqlType, index: str) -> int | bytes:
    """A lane, or the bytes of a string."""
    from mysqlcompat.assign import assign  # which itself imports this package

    if value is None:
        raise SqlError(3903, index)
    if isinstance(value, dict | list):
        raise SqlError(3908, index)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    source = _JSON
    given: Any = Json(value)
    if of.cls is Class.STRING:
        source, given = _TEXT, jsonb.scalar_text(value)
    elif of.cls not in _BY_JSON and isinstance(value, str):
        source, given = _TEXT, value
    elif of.cls not in _BY_JSON and is_number:
        source, given = int_type(unsigned=value >= _SIGNED_END), value
    elif of.cls is Class.INT and is_number and value >= _SIGNED_END:
        source, given = int_type(unsigned=True), value
    try:
        made = assign(_Strict(context, index), given, source, of, index, index)
    except SqlError as error:
        number = _OF_ELEMENT.get(error.errno, 3752)
        if number == 3907 and not context.strict:
            number = 3752
        words = (index, context.row) if number in (3751, 3752) else (index,)
        lost = SqlError(3752, index, context.row)
        raise SqlError(number, *words).followed_by(lost) from None
    return to_bytes(made, of) if is_variable(of) else to_lane(made, of)


class _Strict:
    """A context in which whatever is lost is an error, but for digits after the point."""

    strict = True

    def __init__(self, context: Context, index: str) -> None:
        self._context = context
        self._index = index

    def warn(self, errno: int, message: str, level: str = "Warning") -> None:
        if level != "Note":
            raise SqlError.with_text(errno, message)
        if errno == 1265:
            message = SqlError(3751, self._index, self._context.row).message
            self._context.warn(3751, message, level)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def _wanted(call: Call, values: tuple[Any, ...]) -> list[bytes]:
    of = call.args[1].type
    if is_variable(of):
        return [to_bytes(value, of) for value in values]
    return [struct.pack("<q", to_lane(value, of)) for value in values]


def elements_text(stored: bytes, of: SqlType) -> str:
    """Stored elements as messages show them: a JSON array."""
    elements = unpack(stored)
    if is_variable(of):
        values: list[Any] = [of_bytes(one, of) for one in elements]
    else:
        values = [of_lane(struct.unpack("<q", one)[0], of) for one in elements]
    return jsonb.text_of(sorted(values))


@implement("array has any")
def array_has_any(context: Context, call: Call, stored: bytes, _: Any, *values: Any) -> int:
    return int(not set(unpack(stored)).isdisjoint(_wanted(call, values)))


@implement("array has all")
def array_has_all(context: Context, call: Call, stored: bytes, _: Any, *values: Any) -> int:
    return int(set(unpack(stored)).issuperset(_wanted(call, values)))


# What is asked for


def elements_of(document: Json) -> list[Any]:
    """What JSON_CONTAINS and JSON_OVERLAPS look for, one by one."""
    return document.value if isinstance(document.value, list) else [document.value]


def element_of(item: Any, of: SqlType) -> Any:
    """An element of a document as an index of that type has it; None: the index cannot tell."""
    if isinstance(item, bool):
        return None
    if of.cls is Class.INT and isinstance(item, int):
        low, high = of.range
        return int(item) if low <= item <= high else None
    if of.cls is Class.STRING and isinstance(item, str) and of.is_text:
        return item
    if of.cls is Class.DECIMAL and isinstance(item, int | Decimal):
        exact = Decimal(item)
        return exact if -exact.as_tuple().exponent <= of.scale else None  # type: ignore[operator]
    return None


def shape_of(text: str) -> bytes | None:
    """What makes two documents take the same plan: how many elements there are, of which kinds;
    integers are of as many bits. None: it is no document."""
    try:
        return b"".join(map(_kind_of, elements_of(_document(text))))
    except (SqlError, jsonb.InvalidJson):
        return None


def _kind_of(item: Any) -> bytes:
    if type(item) in (int, jsonb.Unsigned):
        return b"-" if item < 0 else b"U" if item >= 1 << 63 else b"i"
    return b"s" if isinstance(item, str) else repr(item).encode()


@remembered(256)
def _document(text: str) -> Json:
    return Json(jsonb.parse(text))


@implement(ELEMENT)
def json_element(context: Context, call: Call, asked: Any, number: int) -> Any:
    """An element of the document whose text is given; ITSELF: a value that is asked for."""
    if number == ITSELF:
        return element_of(asked.value if isinstance(asked, Json) else asked, call.type)
    return element_of(elements_of(_document(asked))[number], call.type)
