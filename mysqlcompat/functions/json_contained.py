"""Documents held against each other: JSON_CONTAINS, JSON_OVERLAPS, MEMBER OF, order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from mysqlcompat import json_order, json_path, jsonb
from mysqlcompat.errors import SORTS_NO_MEMBERS, SqlError
from mysqlcompat.functions.definitions import BIGINT, define, implement, integer
from mysqlcompat.functions.documents import document, scalar_of, single_path
from mysqlcompat.functions.table import Context
from mysqlcompat.json_stored import StoredJson
from mysqlcompat.jsonb import Json
from mysqlcompat.sql.typed import Call
from mysqlcompat.sqltypes import Class

_DOUBLE_DIGITS: Final = 15  #: of a decimal that the double nearest to it says in full


@define("json_contains", "jjp", BIGINT, required=2, nullable=True, null_rejects=False)
def json_contains(context: Context, call: Call, target: Any, candidate: Any, *path: Any) -> Any:
    if target is None:
        return None
    root = document(call, 0, target)
    if candidate is None:
        return None
    wanted = document(call, 1, candidate)
    if not path:
        return int(json_order.contains(root, wanted))
    if path[0] is None:
        return None
    found = json_path.find(root, single_path(path[0]))
    return int(json_order.contains(found[0], wanted)) if found else None


@define("json_overlaps", "jj", integer(1))
def json_overlaps(context: Context, call: Call, left: Any, right: Any) -> int:
    one, other = document(call, 0, left), document(call, 1, right)
    if isinstance(one, dict) and isinstance(other, dict):
        return int(
            any(key in other and json_order.compare(one[key], other[key]) == 0 for key in one)
        )
    first = one if isinstance(one, list) else [one]
    second = other if isinstance(other, list) else [other]
    return int(any(json_order.compare(a, b) == 0 for a in first for b in second))


@define("member@of", "vj", integer(1))
def member_of(context: Context, call: Call, value: Any, array: Any) -> int:
    wanted = scalar_of(value, call.args[0])
    cells = document(call, 1, array)
    cells = cells if isinstance(cells, list) else [cells]
    return int(any(json_order.compare(wanted, cell) == 0 for cell in cells))


@implement("json operand")
def json_operand(context: Context, call: Call, value: Any) -> StoredJson:
    """A constant that documents are compared with, as kernels compare it: a decimal as the double
    which orders alike beside integers and doubles. Nothing, if it is no document."""
    if call.args[0].type.cls is Class.JSON and not isinstance(value, Json):
        value = Json(scalar_of(value, call.args[0]))  # what a `?` has been given
    found = _document_or_none(call, value)
    if found is None:
        return StoredJson(b"")
    wanted = found.value
    if isinstance(wanted, Decimal) and len(wanted.as_tuple().digits) <= _DOUBLE_DIGITS:
        wanted = float(wanted)
    return StoredJson(jsonb.encode(wanted))


@implement("json document")
def json_document(context: Context, call: Call, value: Any) -> Json:
    """The document a constant text is; nothing, if it is none."""
    return _document_or_none(call, value) or StoredJson(b"")


def _document_or_none(call: Call, value: Any) -> Json | None:
    try:
        return Json(document(call, 0, value))
    except SqlError:
        return None


@implement("json sort key")
def json_sort_key(context: Context, call: Call, value: Json) -> bytes:
    """What GROUP BY, DISTINCT and hash joins tell JSON values apart by."""
    return json_order.sort_key(value.value)


@implement("json order key")
def json_order_key(context: Context, call: Call, value: Json) -> bytes:
    """What ORDER BY orders JSON values by; once a statement it warns that it does not look into
    arrays and objects."""
    if isinstance(value.value, list | dict):
        context.warn(1235, SORTS_NO_MEMBERS)
    return json_order.order_key(value.value)
