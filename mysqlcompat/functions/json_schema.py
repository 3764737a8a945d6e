"""JSON_SCHEMA_VALID and its report: JSON Schema, draft 4."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

import jsonschema
import regex
from jsonschema import Draft4Validator, validators
from jsonschema.exceptions import ValidationError

from mysqlcompat import jsonb
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import JSON, define
from mysqlcompat.functions.documents import document
from mysqlcompat.functions.table import Context
from mysqlcompat.jsonb import Json
from mysqlcompat.sql.infer import Typing, nullable_of
from mysqlcompat.sql.typed import Call, Expression
from mysqlcompat.sqltypes import Class, SqlType, bool_type, null_type

_PATTERN_S: Final = 1.0  #: how long one pattern may take
_UNITING: Final = ("allOf", "anyOf", "oneOf", "not")


def _matches(pattern: str, text: str) -> bool:
    try:
        return regex.search(pattern, text, timeout=_PATTERN_S) is not None
    except regex.error:
        return True  # a pattern that is none asks for nothing
    except TimeoutError:
        raise SqlError(3699) from None


def _pattern(validator: Any, pattern: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and isinstance(pattern, str) and not _matches(pattern, value):
        yield ValidationError("pattern")


def _pattern_properties(
    validator: Any, patterns: Any, value: Any, schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    for pattern, inner in patterns.items():
        for key, member in value.items():
            if _matches(pattern, key):
                for _ in validator.descend(member, inner, path=key, schema_path=pattern):
                    yield ValidationError("patternProperties", path=[key])


def _additional_properties(
    validator: Any, allowed: Any, value: Any, schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(value, dict) or allowed is True:
        return
    patterns = schema.get("patternProperties", {})
    for key, member in value.items():
        if key in schema.get("properties", {}) or any(_matches(one, key) for one in patterns):
            continue
        if allowed is False:
            yield ValidationError("additionalProperties", path=[key])
        else:
            yield from validator.descend(member, allowed, path=key)


def _type(validator: Any, types: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """A type that is none of JSON's has no values."""
    wanted = types if isinstance(types, list) else [types]
    known = validator.TYPE_CHECKER
    if not any(one in _TYPES and known.is_type(value, one) for one in wanted):
        yield ValidationError("type")


_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")
_Validator: Final = validators.extend(
    Draft4Validator,
    {
        "type": _type,
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
    },
)


@lru_cache(maxsize=64)
def _validator(text: str) -> Any:
    """For a schema as JSON text. ERROR 1235 for references to other documents."""
    schema = jsonb.parse(text)
    _check_references(schema)
    return _Validator(schema)


def _check_references(schema: Any) -> None:
    if isinstance(schema, dict):
        target = schema.get("$ref")
        if isinstance(target, str) and not target.startswith("#"):
            raise SqlError(1235, "references in JSON Schema")
    for inner in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(inner, dict | list):
            _check_references(inner)


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
        rules = document(call, 0, schema)
        if not isinstance(rules, dict):
            raise SqlError(3853, 1, call.function.name, "object")
    if value is None or (rules is None and isinstance(value, str)):
        return None
    checked = _plain(document(call, 1, value))
    return None if rules is None else (rules, checked)


def _first_mistake(rules: dict[str, Any], checked: Any) -> ValidationError | None:
    try:
        return next(_validator(jsonb.text_of(rules)).iter_errors(checked), None)
    except (RecursionError, jsonschema.exceptions._WrappedReferencingError):
        raise SqlError(1235, "references in JSON Schema") from None
    except (TypeError, AttributeError):
        return None  # what is no rule asks for nothing


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
        if part == "$ref" and isinstance(here, dict):
            at = [one for one in here["$ref"].lstrip("#").split("/") if one]
            here = schema
            for one in at:
                here = here[one] if isinstance(here, dict) else here[int(one)]
        else:
            at.append(part)
            here = here[part]
    return at


def _pointer(parts: Sequence[Any]) -> str:
    """A JSON pointer as part of a URI."""
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return "#" + "".join("/" + quote(part, safe="~!$&'()*+,;=:@-._") for part in escaped)
