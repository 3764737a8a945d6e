"""What a JSON Schema of draft 4 asks for, as MySQL understands it (`json_schema.py`).

Loaded when the first schema comes: the library takes its time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import jsonschema
import regex
from jsonschema import Draft4Validator, validators
from jsonschema.exceptions import ValidationError

from mysqlcompat import jsonb
from mysqlcompat.errors import SqlError

_PATTERN_S: Final = 1.0  #: how long one pattern may take


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


def _multiple_of(
    validator: Any, divisor: Any, value: Any, schema: Any
) -> Iterator[ValidationError]:
    """Doubles are multiples as far as a double can tell."""
    if not validator.is_type(value, "number") or not validator.is_type(divisor, "number"):
        return
    if isinstance(value, int) and isinstance(divisor, int):
        if divisor > 0 and value % divisor:
            yield ValidationError("multipleOf")
    elif divisor > 0:
        quotient = abs(value / divisor)
        if abs(round(quotient) - quotient) > 2 * quotient * sys.float_info.epsilon:
            yield ValidationError("multipleOf")


_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")
_Validator: Final = validators.extend(
    Draft4Validator,
    {
        "type": _type,
        "multipleOf": _multiple_of,
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


def first_mistake(rules: dict[str, Any], checked: Any) -> ValidationError | None:
    """The first thing about a document that its schema does not allow. Raises 1235."""
    try:
        return next(_validator(jsonb.text_of(rules)).iter_errors(checked), None)
    except (RecursionError, jsonschema.exceptions._WrappedReferencingError):
        raise SqlError(1235, "references in JSON Schema") from None
    except (TypeError, AttributeError):
        return None  # what is no rule asks for nothing
