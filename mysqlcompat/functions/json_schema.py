"""JSON_SCHEMA_VALID and its report: JSON Schema, draft 4."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from mysqlcompat import jsonb
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import JSON, define, implement
from mysqlcompat.functions.documents import document, document_of
from mysqlcompat.functions.table import Context
from mysqlcompat.jsonb import Json
from mysqlcompat.sql.infer import Typing, nullable_of
from mysqlcompat.sql.typed import Call, Expression
from mysqlcompat.sqltypes import Class, SqlType, bool_type, null_type

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_KEPT_CHARACTERS: Final = 1 << 16  #: longer schemas are read for every document
_UNITING: Final = ("allOf", "anyOf", "oneOf", "not")


def _plain(value: Any) -> Any:
    """A document with nothing in it but JSON's own types."""
    match value:
        case dict():
            return {key: _plain(member) for key, member in value.items()}
        case list():
            return [_plain(item) for item in value]
        case Decimal():
            return float(value)
        case None | bool() | int() | float() | str():
            return value
    return jsonb.scalar_text(value)


def _documents(call: Call, schema: Any, value: Any) -> tuple[dict[str, Any], Any] | None:
    """The schema and the document to be checked; None if one of them is NULL."""
    rules = None
    if schema is not None:
        is_text = isinstance(schema, str) and len(schema) <= _KEPT_CHARACTERS
        rules = _rules(call.function.name, schema) if is_text else document(call, 0, schema)
        if not isinstance(rules, dict):
            raise SqlError(3853, 1, call.function.name, "object")
    if value is None or (rules is None and isinstance(value, str)):
        return None
    checked = _plain(document(call, 1, value))
    return None if rules is None else (rules, checked)


@lru_cache(maxsize=64)
def _rules(name: str, schema: str) -> Any:
    """The schema that a text is, which is not changed. Raises what `document_of` raises."""
    return document_of(name, 0, schema)


def _first_mistake(rules: dict[str, Any], checked: Any) -> ValidationError | None:
    from mysqlcompat.functions.schema_rules import first_mistake

    return first_mistake(rules, checked)


def _null_schema(typing: Typing, args: Sequence[Expression], made: SqlType) -> SqlType:
    return null_type() if args[0].type.cls is Class.NULL else made


@define(
    "json_schema_valid", "jj",
    lambda typing, args: _null_schema(typing, args, bool_type(nullable_of(args))),
    null_rejects=False,
)  # fmt: skip
def json_schema_valid(context: Context, call: Call, schema: Any, value: Any) -> int | None:
    documents = _documents(call, schema, value)
    return None if documents is None else int(_first_mistake(*documents) is None)


@implement("json_schema_valid or why", null_rejects=False)
def json_schema_valid_or_why(context: Context, call: Call, schema: Any, value: Any) -> int | None:
    """JSON_SCHEMA_VALID of a CHECK: ERROR 3934 is said before the constraint is violated."""
    report = json_schema_validation_report(context, call, schema, value)
    if report is None or report.value["valid"]:
        return None if report is None else 1
    context.warn(3934, report.value["reason"] + ".", "Error")
    return 0


@define(
    "json_schema_validation_report", "jj",
    lambda typing, args: _null_schema(typing, args, JSON),
    null_rejects=False,
)  # fmt: skip
def json_schema_validation_report(
    context: Context, call: Call, schema: Any, value: Any
) -> Json | None:
    documents = _documents(call, schema, value)
    if documents is None:
        return None
    rules = documents[0]
    mistake = _first_mistake(*documents)
    if mistake is None:
        return Json({"valid": True})
    keywords = list(mistake.absolute_schema_path)
    at = next((n for n, one in enumerate(keywords) if one in _UNITING), len(keywords) - 1)
    inside = list(mistake.absolute_path)
    if at < len(keywords) - 1:  # what a schema within a schema finds counts as the outer's
        inside = inside[: _depth_of_value(keywords[:at])]
    keyword, where = str(keywords[at]), _pointer(inside)
    which = _pointer(_resolved(rules, keywords[:at]))
    return Json(
        jsonb.make_object(
            {
                "valid": False,
                "reason": f"The JSON document location '{where}' failed requirement '{keyword}' "
                f"at JSON Schema location '{which}'",
                "schema-location": which,
                "document-location": where,
                "schema-failed-keyword": keyword,
            }
        )
    )


def _depth_of_value(keywords: Sequence[Any]) -> int:
    """How many steps into the document these keywords take."""
    return sum(one in ("properties", "items", "additionalItems") for one in keywords)


def _resolved(schema: Any, place: Sequence[Any]) -> list[Any]:
    """`place` with references followed: where the rule stands."""
    at: list[Any] = []
    here = schema
    for part in place:
        here = here[part]
        at.append(part)
        while isinstance(here, dict) and isinstance(here.get("$ref"), str):
            at = [one for one in here["$ref"].lstrip("#").split("/") if one]
            here = schema
            for one in at:
                here = here[one] if isinstance(here, dict) else here[int(one)]
    return at


def _pointer(parts: Sequence[Any]) -> str:
    """A JSON pointer as part of a URI."""
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return "#" + "".join("/" + quote(part, safe="~!$&'()*+,;=:@-._") for part in escaped)
