"""Whether the functions that put values into documents have a place for one."""

from __future__ import annotations

from typing import Any

from mysqlcompat import json_path
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.documents import document
from mysqlcompat.sql.typed import Call


def has_place(call: Call, value: Any, path: str) -> bool:
    """Whether JSON_INSERT, JSON_ARRAY_APPEND or JSON_ARRAY_INSERT have something to do there."""
    root, steps = document(call, 0, value), json_path.single(path)
    match call.function.name:
        case "json_array_append":
            return bool(json_path.find(root, steps))
        case "json_insert":
            is_there = not steps or bool(json_path.find(root, steps))
            return not is_there and bool(json_path.find(root, steps[:-1]))
    if not steps or not isinstance(steps[-1], json_path.Cell):
        raise SqlError(3165)
    return any(isinstance(one, list) for one in json_path.find(root, steps[:-1]))
