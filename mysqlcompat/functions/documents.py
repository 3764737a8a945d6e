"""JSON functions. Arguments that are documents may be strings, which are parsed; arguments that are
values become JSON values as they are (a string a JSON string, TRUE a JSON true)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from btree.schema import TypeKind
from mysqlcompat import json_partial, json_path, json_stored, jsonb
from mysqlcompat.convert import json_scalar, parse_json
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import (
    BIGINT,
    DEFINITIONS,
    JSON,
    as_document,
    build_as,
    define,
    implement,
    integer,
)
from mysqlcompat.functions.table import Context
from mysqlcompat.json_stored import StoredJson
from mysqlcompat.jsonb import Json
from mysqlcompat.sql.infer import Typing, is_binary_string
from mysqlcompat.sql.measures import DOCUMENT_CHARACTERS
from mysqlcompat.sql.typed import Call, Expression
from mysqlcompat.sqltypes import Class, string_type
from mysqlcompat.values import text_of

_BINARY_COLLATION = "utf8mb4_bin"
MERGING = ("json_merge_preserve", "json_merge")  #: which a NULL ends


def document(call: Call, number: int, value: Any) -> Any:
    """The Python form of the document in argument `number` (from 0). Raises 3141, 3146, 3144."""
    return document_of(call.function.name.replace("@", " "), number, value)


def document_of(name: str, number: int, value: Any) -> Any:
    """The same for function `name`."""
    match value:
        case Json():
            return value.value
        case str():
            return parse_json(value, number + 1, name).value
        case bytes():
            raise SqlError(3144, "binary")
    raise SqlError(3146, number + 1, name)


@implement("document text")
def document_text(context: Context, call: Call, value: Json) -> str:
    return text_of(value, call.args[0].type)


@implement("no text")
def no_text(context: Context, call: Call, value: Any) -> None:
    """Bytes where only text will do."""
    raise SqlError(3144, "binary")


@implement("no document", null_rejects=False)
def no_document(
    context: Context, call: Call, value: Any, number: int, name: str, *earlier: Any
) -> None:
    """A number or a date where a document is wanted: the documents before it are read first."""
    for at, one in enumerate(earlier):
        if one is not None:
            document_of(name, at, one)
        elif name in MERGING:
            return
    raise SqlError(3146, number, name)


def path_of(value: Any) -> json_path.Path:
    if isinstance(value, bytes):
        raise SqlError(3144, "binary")
    return json_path.parse_path(value)


def scalar_of(value: Any, arg: Expression) -> Any:
    """A SQL value as a value within a document."""
    return None if value is None else json_scalar(value, arg.type).value


def single_path(value: Any) -> json_path.Path:
    """A path that names one place."""
    if isinstance(value, bytes):
        raise SqlError(3144, "binary")
    return json_path.single(value)


# Making -----------------------------------------------------------------------------------------


@build_as("json_object", 0, 999)
def build_json_object(typing: Typing, args: Sequence[Expression]) -> Expression:
    if len(args) % 2:
        raise SqlError(1582, "json_object")
    taken = [
        typing.as_json(arg)
        if number % 2
        else arg
        if _is_bytes(arg)
        else typing.without_charset(typing.as_string(arg))
        for number, arg in enumerate(args)
    ]
    return typing.call("json_object", JSON, *taken)


def _is_bytes(arg: Expression) -> bool:
    """What has no character set as a string: bytes, BIT."""
    return is_binary_string(arg) or arg.type.kind is TypeKind.BIT


@implement("json_object", null_rejects=False)
def json_object(context: Context, call: Call, *values: Any) -> Json:
    members: dict[str, Any] = {}
    for at in range(0, len(values), 2):
        if values[at] is None:
            raise SqlError(3158)
        if not isinstance(values[at], str):
            raise SqlError(3144, "binary")
        members[str(values[at])] = scalar_of(values[at + 1], call.args[at + 1])
    return Json(jsonb.make_object(members))


@define("json_array", "v*", JSON, required=0, nullable=True, null_rejects=False)
def json_array(context: Context, call: Call, *values: Any) -> Json:
    return Json([scalar_of(value, arg) for value, arg in zip(values, call.args, strict=True)])


def _text_argument(typing: Typing, arg: Expression) -> Expression:
    """A string as it is; what is no text is refused when it has a value."""
    if arg.type.cls not in (Class.STRING, Class.NULL):
        return arg
    return typing.without_charset(typing.as_string(arg))


@build_as("json_quote", 1)
def build_json_quote(typing: Typing, args: Sequence[Expression]) -> Expression:
    arg = _text_argument(typing, args[0])
    shown = typing.as_string(args[0]).type.length
    made = string_type(6 * shown + 2, _BINARY_COLLATION, True)
    return typing.call("json_quote", made, arg)


@implement("json_quote")
def json_quote(context: Context, call: Call, value: Any) -> str:
    """Raises 3144 for bytes, 3064 for what is no string."""
    if isinstance(value, bytes):
        raise SqlError(3144, "binary")
    if not isinstance(value, str):
        raise SqlError(3064, 1, "json_quote")
    return jsonb.quote(value)


# Reading ----------------------------------------------------------------------------------------


@define("json_extract", "jpp*", JSON, required=2, nullable=True, null_rejects=False)
def json_extract(context: Context, call: Call, value: Any, *paths: Any) -> Json | None:
    if value is None:
        return None
    stored = value if isinstance(value, StoredJson) else None
    root = None if stored else document(call, 0, value)
    legs: list[json_path.Path] = []
    for path in paths:  # what is wrong before a NULL is said
        if path is None:
            return None
        legs.append(path_of(path))
    if stored is not None and not any(map(json_path.is_wild, legs)):
        found = [item for path in legs for item in json_stored.find(stored, path)]
    else:
        root = stored.value if stored else root
        found = [item for path in legs for item in json_path.find(root, path)]
    if not found:
        return None
    if len(legs) > 1 or json_path.is_wild(legs[0]):
        return Json(found)
    return Json(found[0])


@build_as("json_unquote", 1)
def build_json_unquote(typing: Typing, args: Sequence[Expression]) -> Expression:
    arg = args[0]
    if arg.type.cls is Class.JSON:
        size, kind = DOCUMENT_CHARACTERS, TypeKind.LONGTEXT
    else:
        size, kind = typing.as_string(arg).type.length, TypeKind.VARCHAR
        arg = _text_argument(typing, arg)
    made = string_type(size, _BINARY_COLLATION, True, kind=kind)
    return typing.call("json_unquote", made, arg)


@implement("json_unquote")
def json_unquote(context: Context, call: Call, value: Any) -> str:
    if isinstance(value, Json):
        return jsonb.scalar_text(value.value)
    if isinstance(value, bytes):
        raise SqlError(3144, "binary")
    if not isinstance(value, str):
        raise SqlError(3064, 1, "json_unquote")
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    return str(parse_json(value, 1, "json_unquote").value)


@define(
    "json_type", "j", lambda typing, args: string_type(17, _BINARY_COLLATION, True), nullable=True
)
def json_type(context: Context, call: Call, value: Any) -> str:
    return kind_of(document(call, 0, value))


def kind_of(value: Any) -> str:
    name = type(value).__name__
    if isinstance(value, int) and not isinstance(value, bool):
        return "UNSIGNED INTEGER" if isinstance(value, jsonb.Unsigned) else "INTEGER"
    if isinstance(value, jsonb.Opaque) and value.type_code == jsonb.CODE_BIT:
        return "BIT"
    return {
        "dict": "OBJECT", "list": "ARRAY", "str": "STRING", "bool": "BOOLEAN", "NoneType": "NULL",
        "float": "DOUBLE", "Decimal": "DECIMAL", "date": "DATE", "datetime": "DATETIME",
        "timedelta": "TIME", "Opaque": "BLOB", "Timestamp": "TIMESTAMP",
    }[name.removeprefix("Partial").lower() if "Partial" in name else name]  # fmt: skip


@define("json_valid", "j", integer(21), nullable=True, null_rejects=False)
def json_valid(context: Context, call: Call, value: Any) -> int | None:
    source = call.args[0].type
    if source.kind in (TypeKind.ENUM, TypeKind.SET):  # no document, NULL or not
        return 0
    if value is None and source.cls in (Class.STRING, Class.JSON, Class.NULL):
        return None
    if isinstance(value, Json):
        return 1
    if not isinstance(value, str):
        return 0
    try:
        jsonb.parse(value)
    except jsonb.InvalidJson:
        return 0
    return 1


@build_as("json_length", 1, 2)
def build_json_length(typing: Typing, args: Sequence[Expression]) -> Expression:
    """With a path it is the length of what JSON_EXTRACT gives."""
    arg = as_document(typing, args[0], 1, "json_length")
    if len(args) > 1:
        arg = DEFINITIONS["json_extract"].build(typing, args)
    return typing.call("json_length", BIGINT, arg)


@implement("json_length")
def json_length(context: Context, call: Call, value: Any) -> int:
    item = document(call, 0, value)
    return len(item) if isinstance(item, dict | list) else 1


@define("json_depth", "j", BIGINT, nullable=True)
def json_depth(context: Context, call: Call, value: Any) -> int:
    return jsonb.depth(document(call, 0, value))


@define("json_keys", "js", JSON, required=1, nullable=True)
def json_keys(context: Context, call: Call, value: Any, *path: Any) -> Json | None:
    root = document(call, 0, value)
    found = json_path.places(root, single_path(path[0]) if path else (), wrap=False)
    if not found:
        return None
    return Json(list(found[0].value)) if isinstance(found[0].value, dict) else None


@define("json_contains_path", "jcp*", BIGINT, required=3, nullable=True, null_rejects=False)
def json_contains_path(
    context: Context, call: Call, value: Any, mode: Any, *paths: Any
) -> int | None:
    if value is None or mode is None:
        return None
    root = document(call, 0, value)
    if mode.lower() not in ("one", "all"):
        raise SqlError(3154, "json_contains_path")
    for path in paths:  # one after the other, until it is decided
        if path is None:
            return None
        hit = bool(json_path.find(root, path_of(path)))
        if hit == (mode.lower() == "one"):
            return int(hit)
    return int(mode.lower() == "all")


@define(
    "json_pretty", "j",
    lambda typing, args: string_type(16777216, _BINARY_COLLATION, True, kind=TypeKind.LONGTEXT),
)  # fmt: skip
def json_pretty(context: Context, call: Call, value: Any) -> str:
    return jsonb.pretty(document(call, 0, value))


@define("json_storage_size", "j", BIGINT, nullable=True)
def json_storage_size(context: Context, call: Call, value: Any) -> int:
    if isinstance(value, StoredJson):
        return len(value.data)
    return len(jsonb.encode(document(call, 0, value)))


@define("json_storage_free", "j", BIGINT)
def json_storage_free(context: Context, call: Call, value: Any) -> int:
    """What partial changes have left unused in a column's document."""
    document(call, 0, value)
    return json_partial.free_bytes(value.data) if isinstance(value, StoredJson) else 0


# Changing ---------------------------------------------------------------------------------------


def _build_pairs(name: str) -> None:
    """Functions of a document and (path, value) pairs."""

    def build(typing: Typing, args: Sequence[Expression]) -> Expression:
        if len(args) % 2 == 0:
            raise SqlError(1582, name)
        taken = [as_document(typing, args[0], 1, name)]
        for number, arg in enumerate(args[1:], 1):
            taken.append(typing.as_string(arg) if number % 2 else typing.as_json(arg))
        return typing.call(name, JSON, *taken)

    build_as(name, 3, 999)(build)


for _name in ("json_set", "json_insert", "json_replace", "json_array_append", "json_array_insert"):
    _build_pairs(_name)


def _store(call: Call, values: tuple[Any, ...], insert: bool, replace: bool) -> Json | None:
    if values[0] is None or None in values[1::2]:
        return None
    root = document(call, 0, values[0])
    for at in range(1, len(values), 2):
        item = scalar_of(values[at + 1], call.args[at + 1])
        root = json_path.store(root, single_path(values[at]), item, insert, replace)
    return Json(root)


@implement("json_set", null_rejects=False)
def json_set(context: Context, call: Call, *values: Any) -> Json | None:
    return _store(call, values, insert=True, replace=True)


@implement("json_insert", null_rejects=False)
def json_insert(context: Context, call: Call, *values: Any) -> Json | None:
    return _store(call, values, insert=True, replace=False)


@implement("json_replace", null_rejects=False)
def json_replace(context: Context, call: Call, *values: Any) -> Json | None:
    return _store(call, values, insert=False, replace=True)


@implement("json_array_append", null_rejects=False)
def json_array_append(context: Context, call: Call, *values: Any) -> Json | None:
    if values[0] is None or None in values[1::2]:
        return None
    root = document(call, 0, values[0])
    for at in range(1, len(values), 2):
        path = single_path(values[at])
        found = json_path.find(root, path)
        if found:
            cells = found[0] if isinstance(found[0], list) else [found[0]]
            item = scalar_of(values[at + 1], call.args[at + 1])
            root = json_path.store(root, path, [*cells, item], False, True)
    return Json(root)


@implement("json_array_insert", null_rejects=False)
def json_array_insert(context: Context, call: Call, *values: Any) -> Json | None:
    if values[0] is None or None in values[1::2]:
        return None
    root = document(call, 0, values[0])
    for at in range(1, len(values), 2):
        path = single_path(values[at])
        if not path or not isinstance(path[-1], json_path.Cell):
            raise SqlError(3165)
        found = json_path.find(root, path[:-1])
        if found and isinstance(found[0], list):
            cells = list(found[0])
            index = max(json_path.position(path[-1], len(cells)), 0)
            cells.insert(index, scalar_of(values[at + 1], call.args[at + 1]))
            root = json_path.store(root, path[:-1], cells, False, True)
    return Json(root)


@define("json_remove", "jss*", JSON, required=2, nullable=True, null_rejects=False)
def json_remove(context: Context, call: Call, value: Any, *paths: Any) -> Json | None:
    if value is None:
        return None
    root = document(call, 0, value)
    places: list[json_path.Path] = []
    for text in paths:
        if text is None:
            return None
        places.append(json_path.single(text))
    for path in places:
        if not path:
            raise SqlError(3153)
        root = json_path.remove(root, path)
    return Json(root)


@define("json_merge_patch", "jjj*", JSON, required=2, nullable=True, null_rejects=False)
def json_merge_patch(context: Context, call: Call, *values: Any) -> Json | None:
    documents = _documents_of(call, values)
    merged = documents[0]
    for patch in documents[1:]:
        if patch is None or (merged is None and isinstance(patch.value, dict)):
            merged = None
        else:
            merged = Json(_patched(merged.value if merged else None, patch.value))
    return merged


def _documents_of(call: Call, values: Sequence[Any]) -> list[Json | None]:
    return [
        None if value is None else Json(document(call, number, value))
        for number, value in enumerate(values)
    ]


def _patched(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    members = dict(target) if isinstance(target, dict) else {}
    for key, item in patch.items():
        if item is None:
            members.pop(key, None)
        else:
            members[key] = _patched(members.get(key), item)
    return jsonb.make_object(members)


@define(
    "json_merge_preserve json_merge", "jjj*", JSON, required=2, nullable=True, null_rejects=False
)
def json_merge_preserve(context: Context, call: Call, *values: Any) -> Json | None:
    merged: Any = None
    for number, value in enumerate(values):
        if value is None:
            return None
        other = document(call, number, value)
        merged = _preserved(merged, other) if number else other
    return Json(merged)


def _preserved(left: Any, right: Any) -> Any:
    if isinstance(left, dict) and isinstance(right, dict):
        members = dict(left)
        for key, item in right.items():
            members[key] = _preserved(members[key], item) if key in members else item
        return jsonb.make_object(members)
    one = left if isinstance(left, list) else [left]
    other = right if isinstance(right, list) else [right]
    return [*one, *other]
