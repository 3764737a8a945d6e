"""JSON_SEARCH."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mysqlcompat import json_path
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import COERCIBLE, JSON, define
from mysqlcompat.functions.documents import document, path_of
from mysqlcompat.functions.like_pattern import like_pattern
from mysqlcompat.functions.table import Context
from mysqlcompat.jsonb import Json
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Expression
from mysqlcompat.sqltypes import Class, SqlType, string_type

_COLLATION: Final = "utf8mb4_bin"  #: of a document's strings


def _search_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    """Raises 1267 for a pattern of another binary collation that weighs as much as a document's
    strings do."""
    if args[2].type.cls is Class.STRING:
        strings = string_type(1, _COLLATION, coercibility=COERCIBLE)
        typing.collation([strings, args[2].type], "like")
    return JSON


@define("json_search", "jcccs*", _search_type, required=3, nullable=True, null_rejects=False)
def json_search(
    context: Context,
    call: Call,
    value: Any,
    mode: Any,
    wanted: Any,
    escape: Any = None,
    *paths: Any,
) -> Json | None:
    if escape is not None and len(escape) > 1:
        raise SqlError(1210, "ESCAPE")
    if value is None:
        return None
    root = document(call, 0, value)
    if mode is None:
        return None
    if mode.lower() not in ("one", "all"):
        raise SqlError(3154, "json_search")
    within: list[json_path.Path] = []
    for path in paths:
        if path is None:
            return None
        within.append(path_of(path))
    if wanted is None:
        return None
    pattern = like_pattern(wanted, "\\" if escape is None else escape, _COLLATION)
    found = dict.fromkeys(
        one.shown
        for path in within or [()]
        for start in json_path.places(root, path, wrap=False)
        for one in json_path.everything(start)
        if isinstance(one.value, str) and pattern.matches(one.value)
    )
    if not found:
        return None
    shown = list(found)
    return Json(shown[0] if mode.lower() == "one" or len(shown) == 1 else shown)
