"""Aggregate functions over Python values: an accumulator for each group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any, Final

from btree.schema import TypeKind
from mysqlcompat import collations, json_order, jsonb
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.aggregate import BITS
from mysqlcompat.functions.operators import order
from mysqlcompat.json_stored import StoredJson, put_together
from mysqlcompat.jsonb import Json
from mysqlcompat.numerals import EXACT, round_decimal
from mysqlcompat.sql.typed import Aggregate
from mysqlcompat.sqltypes import BINARY, Class, SqlType
from mysqlcompat.values import member_number, text_of, to_bytes

if TYPE_CHECKING:
    from mysqlcompat.functions.table import Context


class Accumulator:
    """One group's value of one aggregate. `take_all` gets the values of rows, `take` of one: the
    arguments, then the expressions of ORDER BY; `add` the arguments of those that DISTINCT lets
    through. `kept_bytes` is about what it holds in memory."""

    kept_bytes = 512

    def __init__(self, node: Aggregate, context: Context) -> None:
        self.node = node
        self.context = context
        self.seen: set[Any] = set()

    def take_all(self, columns: Sequence[list[Any]]) -> None:
        """The values of rows, column by column."""
        rows: Iterable[Sequence[Any]] = zip(*columns, strict=True)
        if self.node.distinct:  # most of many are the same
            first: dict[Any, Sequence[Any]] = {}
            for row in rows:
                first.setdefault(row[: len(self.node.args)], row)
            rows = first.values()
        for row in rows:
            self.take(row)

    def take(self, row: Sequence[Any]) -> None:
        if self.node.distinct:
            key = distinct_key(row[: len(self.node.args)], [arg.type for arg in self.node.args])
            if key in self.seen:
                return
            self.seen.add(key)
            self.kept_bytes += _kept_bytes(key)
        self.add(row)

    def add(self, values: Sequence[Any]) -> None:
        raise NotImplementedError

    def result(self) -> Any:
        raise NotImplementedError


_KEPT_BYTES: Final = 64  #: about what a value takes beside its bytes


def _kept_bytes(values: Sequence[Any]) -> int:
    """About what values take in memory."""
    size = 64
    for value in values:
        if isinstance(value, StoredJson):
            size += 8 * len(value.data)
        else:
            size += 64 + (len(value) if isinstance(value, str | bytes) else 0)
    return size


_NINE: Final = 9  #: digits that MySQL keeps in a word


class _Sum(Accumulator):
    total: Any = None
    count = 0

    def add(self, values: Sequence[Any]) -> None:
        value = values[0]
        if value is None:
            return
        self.count += 1
        if isinstance(value, int):
            value = Decimal(value)
        if self.total is None:
            self.total = value
        elif isinstance(value, Decimal):
            self.total = EXACT.add(self.total, value)
        else:
            self.total += value

    def result(self) -> Any:
        if self.total is None or isinstance(self.total, float):
            return self.total
        return round_decimal(self.total, self.node.type.scale)


class _Average(_Sum):
    def result(self) -> Any:
        if self.total is None:
            return None
        if isinstance(self.total, float):
            return self.total / self.count
        return round_decimal(self._quotient(), self.node.type.scale)

    def _quotient(self) -> Decimal:
        """The total by the count with as many digits as MySQL computes, which come in nines."""
        more = int(self.context.system_variable("div_precision_increment", ""))
        exponent = self.total.as_tuple().exponent
        scale = -exponent if isinstance(exponent, int) else 0
        whole = _NINE * -(-scale // _NINE)
        digits = whole + max(more - (whole - scale), 0)
        unit = Decimal(1).scaleb(-_NINE * -(-digits // _NINE))
        quotient: Decimal = EXACT.divide(self.total, Decimal(self.count))
        return quotient.quantize(unit, ROUND_DOWN, EXACT)


class _DistinctDoubles(Accumulator):
    """SUM and AVG of DISTINCT doubles, which are added up from the least on."""

    def __init__(self, node: Aggregate, context: Context) -> None:
        super().__init__(node, context)
        self.values: set[float] = set()

    def take_all(self, columns: Sequence[list[Any]]) -> None:
        before = len(self.values)
        self.values.update(columns[0])
        self.values.discard(None)
        self.kept_bytes += _KEPT_BYTES * (len(self.values) - before)

    def result(self) -> float | None:
        if not self.values:
            return None
        total = 0.0
        for value in sorted(self.values):
            total += value
        return total if self.node.function == "sum" else total / len(self.values)


class _Extreme(Accumulator):
    best: Any = None

    def add(self, values: Sequence[Any]) -> None:
        value = values[0]
        if value is None:
            return
        sign = 1 if self.node.function == "max" else -1
        collation = self.node.args[0].type.collation
        if self.best is None or order(value, self.best, collation) * sign > 0:
            self.best = value

    def result(self) -> Any:
        return self.best


class _Bits(Accumulator):
    """BIT_AND, BIT_OR, BIT_XOR over binary strings of one length."""

    bits: int | None = None
    length = 0

    def add(self, values: Sequence[Any]) -> None:
        value = values[0]
        if value is None:
            return
        if self.bits is not None and len(value) != self.length:
            raise SqlError(3513)
        self.length, bits = len(value), int.from_bytes(value, "big")
        if self.bits is None:
            self.bits = bits
        elif self.node.function == "bit_and":
            self.bits &= bits
        elif self.node.function == "bit_or":
            self.bits |= bits
        else:
            self.bits ^= bits

    def result(self) -> bytes:
        """Of no values: all bits set for BIT_AND, none for the others."""
        length = self.node.args[0].type.length if self.bits is None else self.length
        neutral = (1 << 8 * length) - 1 if self.node.function == "bit_and" else 0
        return (neutral if self.bits is None else self.bits).to_bytes(length, "big")


class _Concatenation(Accumulator):
    """GROUP_CONCAT: the rows' texts are kept, sorted and cut at the end."""

    def __init__(self, node: Aggregate, context: Context) -> None:
        super().__init__(node, context)
        self.texts: list[Any] = []
        self.orders: list[Sequence[Any]] = []  #: values of ORDER BY beside them, if there is one
        self.least_bytes = 0  #: of what has been given
        self.limit = int(context.system_variable("group_concat_max_len", ""))

    def take_all(self, columns: Sequence[list[Any]]) -> None:
        if self._is_full and not self.node.order_by:
            return
        if len(columns) > 1 or self.node.distinct or self.node.args[0].type.cls is not Class.STRING:
            super().take_all(columns)
            return
        taken = [value for value in columns[0] if value is not None]
        self._keep(taken, sum(map(len, taken)))

    def add(self, values: Sequence[Any]) -> None:
        args = self.node.args
        if None in values[: len(args)] or (self._is_full and not self.node.order_by):
            return
        pairs = zip(values, args, strict=False)
        text: str | bytes
        if self.node.type.collation == BINARY:
            text = b"".join(to_bytes(value, arg.type) for value, arg in pairs)
        else:
            text = "".join(text_of(value, arg.type) for value, arg in pairs)
        self._keep([text], len(text))
        if self.node.order_by:
            self.orders.append(values[len(args) :])
            self.kept_bytes += _kept_bytes(values)

    @property
    def _is_full(self) -> bool:
        """Whether nothing more is shown."""
        return self.least_bytes > self.limit

    def _keep(self, texts: list[Any], size: int) -> None:
        self.texts += texts
        self.least_bytes += size
        self.kept_bytes += size + _KEPT_BYTES * len(texts)

    def result(self) -> str | bytes | None:
        if not self.texts:
            return None
        if self.node.order_by:
            self._sort()
        return self._cut(self.texts)

    def _sort(self) -> None:
        rows = list(zip(self.orders, self.texts, strict=True))
        for number in reversed(range(len(self.node.order_by))):
            ordering = self.node.order_by[number]
            key = _sorting(ordering.expression.type, number)
            rows.sort(key=key, reverse=ordering.descending)
        self.texts = [text for _, text in rows]

    def _cut(self, parts: Sequence[Any]) -> str | bytes:
        """The parts joined, at most group_concat_max_len bytes of them."""
        limit = self.limit
        is_text = isinstance(parts[0], str)
        separator = self.node.separator if is_text else self.node.separator.encode()
        size, count = 0, 0
        for part in parts:
            count += 1
            size += len(part.encode() if is_text else part) + (len(separator) if count > 1 else 0)
            if size > limit:
                self.context.warn(1260, SqlError(1260, count).message)
                break
        joined: Any = separator.join(parts[:count])
        if size <= limit:
            return str(joined) if is_text else bytes(joined)
        if is_text:
            return str(joined).encode()[:limit].decode("utf-8", "ignore")
        return bytes(joined[:limit])


def _sorting(sql_type: SqlType, number: int) -> Callable[[Any], Any]:
    """Sort key of a row's ORDER BY value. MySQL looks at the bytes of a field whether it is NULL or
    not: NULL is among the zeros, the empty strings, before the dates. ENUMs are in the order of
    members."""
    zero = _ZEROS.get(sql_type.cls)
    if sql_type.cls is Class.STRING:
        zero = "" if sql_type.is_text else b""
    if sql_type.kind in (TypeKind.ENUM, TypeKind.SET):
        zero = 0

    def key(row: tuple[Sequence[Any], Any]) -> Any:
        value = row[0][number]
        if value is None:
            value = zero
        if isinstance(value, str) and sql_type.kind in (TypeKind.ENUM, TypeKind.SET):
            value = member_number(value, sql_type)
        elif isinstance(value, str):
            value = collations.sort_key(value, sql_type.collation)
        return (0,) if value is None else (1, value)

    return key


#: Values whose fields are all zeros.
_ZEROS: Final = {
    Class.INT: 0, Class.DECIMAL: 0, Class.DOUBLE: 0.0, Class.TIME: timedelta(0),
}  # fmt: skip


class _JsonArray(Accumulator):
    """JSON_ARRAYAGG: the documents' bytes, put together at the end."""

    def __init__(self, node: Aggregate, context: Context) -> None:
        super().__init__(node, context)
        self.documents: list[bytes] = []

    def take_all(self, columns: Sequence[list[Any]]) -> None:
        taken = [_document(value) for value in columns[0]]
        self.documents += taken
        self.kept_bytes += sum(map(len, taken)) + _KEPT_BYTES * len(taken)

    def result(self) -> Json | None:
        return put_together(self.documents) if self.documents else None


class _JsonObject(Accumulator):
    """JSON_OBJECTAGG: of members with one key the last."""

    def __init__(self, node: Aggregate, context: Context) -> None:
        super().__init__(node, context)
        self.members: dict[str, bytes] = {}

    def add(self, values: Sequence[Any]) -> None:
        key, value = values
        if key is None:
            raise SqlError(3158)
        if isinstance(key, bytes):
            raise SqlError(3144, "binary")
        document = _document(value)
        self.kept_bytes += len(document) + len(key) + 2 * _KEPT_BYTES
        self.members[key] = document

    def result(self) -> Json | None:
        members = jsonb.make_object(self.members)
        return put_together(members.values(), members) if members else None


def _document(value: Json | None) -> bytes:
    """A document in its binary form; NULL is JSON's null."""
    if isinstance(value, StoredJson):
        return value.data
    return jsonb.encode(None if value is None else value.value)


_ACCUMULATORS: Final[dict[str, Callable[[Aggregate, Context], Accumulator]]] = {
    "sum": _Sum,
    "avg": _Average,
    "min": _Extreme,
    "max": _Extreme,
    "group_concat": _Concatenation,
    "json_arrayagg": _JsonArray,
    "json_objectagg": _JsonObject,
    **dict.fromkeys(BITS, _Bits),
}


def accumulator(node: Aggregate, context: Context) -> Accumulator:
    """An empty group's accumulator for `node`."""
    if node.distinct and node.function in ("sum", "avg") and node.type.cls is Class.DOUBLE:
        return _DistinctDoubles(node, context)
    return _ACCUMULATORS[node.function](node, context)


def distinct_key(values: Sequence[Any], types: Sequence[SqlType]) -> tuple[Any, ...]:
    """A key under which equal values of a DISTINCT aggregate meet."""
    return tuple(
        collations.sort_key(value, one.collation)
        if isinstance(value, str)
        else json_order.sort_key(value.value)
        if isinstance(value, Json)
        else value
        for value, one in zip(values, types, strict=True)
    )
