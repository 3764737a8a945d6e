"""JSON_SET, JSON_REPLACE and JSON_REMOVE of a column that is set to what they make of it.

The document is changed in its bytes where that can be (`json_partial`). UPDATE calls them by their
names and ``in place``.
"""

from __future__ import annotations

from typing import Any

from mysqlcompat import json_partial, json_path, jsonb
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import FUNCTIONS, implement
from mysqlcompat.functions.documents import scalar_of
from mysqlcompat.functions.table import Context
from mysqlcompat.json_stored import StoredJson
from mysqlcompat.jsonb import MAX_DEPTH, Json, nesting
from mysqlcompat.sql.typed import Call


def _in_place(call: Call, values: tuple[Any, ...], name: str) -> Json | None:
    """`json_set`, `json_replace` or `json_remove` of a column that is set to the result."""
    stored = values[0]
    assert isinstance(stored, StoredJson)
    data = stored.data
    if name == "json_remove":
        for text in values[1:]:
            path = json_path.single(text)
            if not path:
                raise SqlError(3153)
            data = json_partial.removed(data, path)
        return StoredJson(data)
    for at in range(1, len(values), 2):
        item = scalar_of(values[at + 1], call.args[at + 1])
        path = json_path.single(values[at])
        data = json_partial.replaced(data, path, item, name == "json_set")
        if isinstance(item, dict | list) and nesting(jsonb.decode(data)) > MAX_DEPTH:
            raise SqlError(3157)
    return StoredJson(data)


def _partial(name: str) -> None:
    whole = FUNCTIONS[name]

    @implement(f"{name} in place", null_rejects=whole.null_rejects)
    def change(context: Context, call: Call, *values: Any) -> Any:
        if isinstance(values[0], StoredJson) and None not in values[1::2]:
            try:
                return _in_place(call, values, name)
            except json_partial.DoesNotFit:
                pass
        return whole.python(context, call, *values)


for _name in ("json_set", "json_replace", "json_remove"):
    _partial(_name)
