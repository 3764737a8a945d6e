"""Literals and `?`: their types, values, and places in the text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from sqlglot import exp

from mysqlcompat.character_sets import ascii_of, decoded, representable
from mysqlcompat.errors import SqlError, not_supported
from mysqlcompat.functions.table import Context
from mysqlcompat.sql.describe import quoted
from mysqlcompat.sql.parse import Parsed
from mysqlcompat.sql.scope import FIELD_LIST
from mysqlcompat.sql.typed import Call, Expression, Literal, Param
from mysqlcompat.sqltypes import (
    BINARY,
    Class,
    SqlType,
    decimal_type,
    double_type,
    int_type,
    null_type,
    string_type,
)
from mysqlcompat.wire.charsets import default_collation

_WRONG_BYTES: Final = 3  #: that are shown of what is no text
_NATIONAL: Final = "utf8mb3_general_ci"


@dataclass(slots=True)
class Rules:
    """What the clause being resolved allows.

    aggregates  'no' (ERROR 1111), 'yes', 'inside' (within one already)
    pinned      literals are part of the plan (they shape a column's name or type)
    """

    clause: str = FIELD_LIST
    aggregates: str = "no"
    pinned: bool = False


Given = str | int | SqlType  #: what a `?` stands for in a run, or the type its value came with
NOTHING_GIVEN: Final[Mapping[int, Given]] = {}


class Literals:
    """The part of the resolver that reads literals."""

    parsed: Parsed
    context: Context
    rules: Rules
    given: Mapping[int, Given]

    def literal_no(self, node: Any) -> int | None:
        start = node.meta.get("start")
        if self.rules.pinned or start is None:
            return None
        return self.parsed.literal_numbers.get(start)

    def _made(self, node: Any, sql_type: SqlType, value: Any) -> Literal:
        start, end = node.meta.get("start", -1), node.meta.get("end", -2)
        offset = self.parsed.offset
        text = str(node.this) if sql_type.cls is Class.DOUBLE else ""
        places = start - offset, end + 1 - offset
        return Literal(sql_type, value, self.literal_no(node), *places, text)

    def literal(self, node: Any) -> Expression:
        if node.args.get("is_string"):
            return self.text(node, str(node.this))
        text = str(node.this)
        if "start" not in node.meta:  # sqlglot has put a zero before the point
            text = text.removeprefix("0")
        return self._made(node, *number_literal(text))

    def text(self, node: Any, text: str) -> Literal:
        made = string_type(len(text), self.context.collation, nullable=False)
        return self._made(node, made, text)

    def national(self, node: Any) -> Literal:
        """``N'…'``, which is of utf8mb3."""
        text = representable(str(node.this), _NATIONAL)
        return self._made(node, string_type(len(text), _NATIONAL, nullable=False), text)

    def parameter(self, node: Any) -> Expression:
        number = self.parsed.param_numbers[int(node.this)]
        given = self.given.get(number)
        if isinstance(given, SqlType):
            return Param(given, number)
        return Param(null_type(), number, given)

    def hex_string(self, node: Any) -> Literal:
        digits = str(node.this)
        data = bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)
        made = string_type(len(data), BINARY, nullable=False)
        return Literal(replace(made, unsigned=True, scale=0), data)

    def bit_string(self, node: Any) -> Literal:
        digits = str(node.this)
        data = int(digits or "0", 2).to_bytes(-(-len(digits) // 8), "big")
        made = string_type(len(data), BINARY, nullable=False)
        return Literal(replace(made, scale=0), data)

    def introduced(self, node: Any) -> Expression:
        charset = str(node.this).lstrip("_").lower()
        inner = node.expression
        if isinstance(inner, exp.HexString | exp.BitString):
            is_hex = isinstance(inner, exp.HexString)
            made = self.hex_string(inner) if is_hex else self.bit_string(inner)
            data: Any = made.value
        else:
            data = str(inner.this)
        shown = "" if isinstance(data, bytes) else f"_{charset}{quoted(data)}"
        if charset == "binary":
            data = data.encode() if isinstance(data, str) else data
            return Literal(string_type(len(data), BINARY, nullable=False), data, text=shown)
        try:
            collation = default_collation(charset).name
        except KeyError:
            raise SqlError(1115, charset) from None
        text = self._decoded(data.encode() if isinstance(data, str) else data, charset)
        return Literal(string_type(len(text), collation, nullable=False), text, text=shown)

    def _decoded(self, data: bytes, charset: str) -> str:
        """Bytes behind an introducer. Raises 1300; bytes that are no ASCII are `?`."""
        try:
            return decoded(data, charset)
        except UnicodeDecodeError as error:
            wrong = SqlError(1300, charset, data[error.start :][:_WRONG_BYTES].hex().upper())
            if charset != "ascii":
                raise wrong from None
            self.context.warn(1300, wrong.message)
            return ascii_of(data)
        except LookupError:
            raise not_supported(f"the character set {charset}") from None


def number_literal(text: str) -> tuple[SqlType, Any]:
    """Type and value of an unsigned number as written."""
    if "e" in text.lower():
        value = float(text)
        if value in (float("inf"), float("-inf")):
            raise SqlError(1367, "double", text)
        return double_type(len(text), nullable=False), value
    if "." in text:
        whole, _, fraction = text.partition(".")
        precision = max(len(whole) + len(fraction), 1)
        made = decimal_type(precision, len(fraction), nullable=False)
        return made, Decimal(text.rstrip(".") or "0")
    number = int(text)
    if number < 1 << 63:
        return int_type(len(str(number)) + 1, nullable=False), number
    if number < 1 << 64:
        return int_type(len(str(number)), unsigned=True, nullable=False), number
    return decimal_type(len(str(number)), 0, nullable=False), Decimal(number)


def folded_number(expression: Expression) -> Expression:
    """``-1`` as one literal; everything else as it is."""
    if isinstance(expression, Call) and expression.function.name == "neg":
        arg = expression.args[0]
        if isinstance(arg, Literal) and arg.value is not None:
            return Literal(expression.type, -arg.value)
    return expression
