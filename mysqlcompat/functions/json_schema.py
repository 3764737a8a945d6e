"""JSON_SCHEMA_VALID and its report: JSON Schema, draft 4.

MySQL checks with RapidJSON, and so does this where it can: documents stay texts. Schemas with
references, which could lead RapidJSON in circles, and with patterns that are more than its own
regular expressions know, are read by `schema_rules`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

import rapidjson

from mysqlcompat import jsonb
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import JSON, define, implement
from mysqlcompat.functions.documents import document, document_of
from mysqlcompat.functions.table import Context
from mysqlcompat.json_stored import StoredJson
from mysqlcompat.jsonb import Json
from mysqlcompat.sql.infer import Typing, nullable_of
from mysqlcompat.sql.typed import Call, ColumnRef, Expression, is_constant
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


class Mistake(NamedTuple):
    """The first thing about a document that its schema does not allow: JSON pointers in URIs."""

    keyword: str
    schema_location: str
    document_location: str


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema that was read. validator: RapidJSON's, called with a document's text; None where it
    cannot be trusted with this schema."""

    rules: dict[str, Any]
    validator: Callable[[str], None] | None

    def mistake(self, value: Any) -> Mistake | None:
        """`value`: a document, or the text of one that is known to be one. Raises 1235."""
        if self.validator is None:
            found = _first_mistake(self.rules, _plain(_parsed(value)))
            return None if found is None else _located(self.rules, found)
        try:
            self.validator(value if isinstance(value, str) else jsonb.text_of(value.value))
        except rapidjson.ValidationError as error:
            return Mistake._make(error.args)
        return None


def _parsed(value: Any) -> Any:
    return jsonb.parse(value) if isinstance(value, str) else value.value


def _made(rules: dict[str, Any]) -> Schema:
    direct = all(map(_is_direct, _within(rules)))
    return Schema(rules, rapidjson.Validator(jsonb.text_of(rules)) if direct else None)


def _within(value: Any) -> Iterator[dict[str, Any]]:
    """All objects within a document."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from _within(inner)


#: Patterns that mean the same to RapidJSON as to others: letters, ranges of them, how often.
_DIRECT_PATTERN: Final = re.compile(
    r"\^?(?:(?:[A-Za-z0-9_ -]|\[[A-Za-z0-9]-[A-Za-z0-9]\])(?:[*+?]|\{[0-9]{1,2}\})?)*\$?"
)


def _is_direct(rules: dict[str, Any]) -> bool:
    if "$ref" in rules:
        return False
    patterns = rules.get("patternProperties")
    texts = [rules.get("pattern"), *(patterns if isinstance(patterns, dict) else ())]
    return all(_DIRECT_PATTERN.fullmatch(one) for one in texts if isinstance(one, str))


def _documents(call: Call, schema: Any, value: Any) -> tuple[Schema, Any] | None:
    """The schema and the document to be checked; None if one of them is NULL."""
    read = None if schema is None else _schema_of(call, schema)
    if value is None or (read is None and isinstance(value, str)):
        return None
    checked = Json(document(call, 1, value)) if isinstance(value, str) else value
    if not isinstance(checked, Json):
        document(call, 1, value)  # what is wrong with it
    return None if read is None else (read, checked)


def _schema_of(call: Call, schema: Any) -> Schema:
    """Raises what is wrong with a schema."""
    name = call.function.name
    is_kept = isinstance(schema, str) and len(schema) <= _KEPT_CHARACTERS
    return _kept_schema(name, schema) if is_kept else _schema(name, schema)


def _schema(name: str, schema: Any) -> Schema:
    rules = document_of(name, 0, schema)
    if not isinstance(rules, dict):
        raise SqlError(3853, 1, name, "object")
    return _made(rules)


_kept_schema = lru_cache(maxsize=64)(_schema)


def _first_mistake(rules: dict[str, Any], checked: Any) -> ValidationError | None:
    from mysqlcompat.functions.schema_rules import first_mistake

    return first_mistake(rules, checked)


def _schema_of_all(call: Call, schemas: Sequence[Any]) -> Schema | None:
    """The schema of texts of stored documents (`Function.as_texts`); None: it is not the same for
    all, or they are no texts."""
    is_text = isinstance(call.args[1], ColumnRef) and isinstance(call.args[1].stands_for, Call)
    if not is_text or not is_constant(call.args[0]) or schemas[0] is None:
        return None
    return _schema_of(call, schemas[0])


def _null_schema(typing: Typing, args: Sequence[Expression], made: SqlType) -> SqlType:
    return null_type() if args[0].type.cls is Class.NULL else made


def _columns_valid(
    context: Context, call: Call, schemas: Sequence[Any], texts: Sequence[Any]
) -> list[int | None] | None:
    schema = _schema_of_all(call, schemas)
    if schema is None:
        return None
    validator = schema.validator
    if validator is None:
        return [None if text is None else int(schema.mistake(text) is None) for text in texts]
    made: list[int | None] = []
    for text in texts:
        try:
            made.append(None if text is None else int(validator(text) is None))
        except rapidjson.ValidationError:
            made.append(0)
    return made


@define(
    "json_schema_valid", "jj",
    lambda typing, args: _null_schema(typing, args, bool_type(nullable_of(args))),
    null_rejects=False, as_texts=True, columns=_columns_valid,
)  # fmt: skip
def json_schema_valid(context: Context, call: Call, schema: Any, value: Any) -> int | None:
    documents = _documents(call, schema, value)
    return None if documents is None else int(documents[0].mistake(documents[1]) is None)


@implement("json_schema_valid or why", null_rejects=False)
def json_schema_valid_or_why(context: Context, call: Call, schema: Any, value: Any) -> int | None:
    """JSON_SCHEMA_VALID of a CHECK: ERROR 3934 is said before the constraint is violated."""
    documents = _documents(call, schema, value)
    if documents is None:
        return None
    mistake = documents[0].mistake(documents[1])
    if mistake is None:
        return 1
    context.warn(3934, _reason(mistake) + ".", "Error")
    return 0


def _columns_reported(
    context: Context, call: Call, schemas: Sequence[Any], texts: Sequence[Any]
) -> list[Json | None] | None:
    schema = _schema_of_all(call, schemas)
    if schema is None:
        return None
    validator = schema.validator
    if validator is None:
        return [None if text is None else _report(schema.mistake(text)) for text in texts]
    made: list[Json | None] = []
    for text in texts:
        try:
            if text is not None:
                validator(text)
            made.append(None if text is None else _VALID)
        except rapidjson.ValidationError as error:
            made.append(_report_of(error.args))
    return made


@define(
    "json_schema_validation_report", "jj",
    lambda typing, args: _null_schema(typing, args, JSON),
    null_rejects=False, as_texts=True, columns=_columns_reported,
)  # fmt: skip
def json_schema_validation_report(
    context: Context, call: Call, schema: Any, value: Any
) -> Json | None:
    documents = _documents(call, schema, value)
    return None if documents is None else _report(documents[0].mistake(documents[1]))


_VALID: Final = StoredJson(jsonb.encode({"valid": True}))


@lru_cache(maxsize=256)
def _report(mistake: Mistake | None) -> Json:
    if mistake is None:
        return _VALID
    members = {
        "valid": False,
        "reason": _reason(mistake),
        "schema-location": mistake.schema_location,
        "document-location": mistake.document_location,
        "schema-failed-keyword": mistake.keyword,
    }
    return StoredJson(jsonb.encode(jsonb.make_object(members)))


@lru_cache(maxsize=256)
def _report_of(args: tuple[str, str, str]) -> Json:
    """What RapidJSON says as a report."""
    return _report(Mistake._make(args))


def _reason(mistake: Mistake) -> str:
    return (
        f"The JSON document location '{mistake.document_location}' failed requirement "
        f"'{mistake.keyword}' at JSON Schema location '{mistake.schema_location}'"
    )


def _located(rules: dict[str, Any], mistake: ValidationError) -> Mistake:
    keywords = list(mistake.absolute_schema_path)
    at = next((n for n, one in enumerate(keywords) if one in _UNITING), len(keywords) - 1)
    inside = list(mistake.absolute_path)
    if at < len(keywords) - 1:  # what a schema within a schema finds counts as the outer's
        inside = inside[: _depth_of_value(keywords[:at])]
    return Mistake(str(keywords[at]), _pointer(_resolved(rules, keywords[:at])), _pointer(inside))


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
