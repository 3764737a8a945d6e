"""EXTRACTVALUE and UPDATEXML: documents are read by `markup_reader`, paths by `xpath_parser`.

`mysqlcompat.sql.code_markup` makes instructions of paths that do not ask much; documents in which
something is wrong are read here, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import IGNORABLE, define
from mysqlcompat.functions.markup_reader import ELEMENT, Broken, Document, read
from mysqlcompat.functions.table import Context
from mysqlcompat.functions.xpath import Path, Search, Value
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, ColumnRef, Expression, Literal, walk
from mysqlcompat.sqltypes import SqlType, string_type

_LENGTH: Final = 67108864 // 4


def path_of(path: str, collation: str) -> Path:
    """A path in documents of a collation. Raises 1105."""
    from mysqlcompat.functions.xpath_parser import parse  # which needs functions

    return parse(path, collation)


def _document_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    path, first = args[1], args[0].type
    if any(isinstance(node, ColumnRef) for node in walk(path)):
        raise SqlError.with_text(1105, "Only constant XPATH queries are supported")
    if isinstance(path, Literal) and isinstance(path.value, str):
        path_of(path.value, first.collation)
    if first.coercibility == IGNORABLE:
        return string_type(_LENGTH, typing.context.collation)
    return string_type(_LENGTH, first.collation, True, first.coercibility)


def _document(context: Context, text: str) -> Document | None:
    try:
        return read(text.encode())
    except Broken as broken:
        context.warn(1525, f"Incorrect XML value: '{broken}'")
        return None


@define("extractvalue", "cq", _document_type)
def extractvalue(context: Context, call: Call, text: str, path: str) -> Any:
    wanted = path_of(path, call.type.collation)
    document = _document(context, text)
    if document is None:
        return None
    search = Search(wanted, document, context)
    if isinstance(wanted.found, Value):
        return search.value(wanted.found, wanted.as_text)
    return search.text(wanted.found)


@define("updatexml", "cqc", _document_type)
def updatexml(context: Context, call: Call, text: str, path: str, new: str) -> str | None:
    wanted = path_of(path, call.type.collation)
    document = _document(context, text)
    if document is None or isinstance(wanted.found, Value):
        return None
    places = Search(wanted, document, context).nodes(wanted.found)
    if len(places) != 1:
        return text
    ((node, _, _),) = places
    if not document.level[node]:
        return new
    around = int(document.kind[node] == ELEMENT)  # its < and >, or what MySQL takes for that
    data = document.data
    before, behind = data[: document.begin[node] - around], data[document.close[node] + around :]
    return before.decode() + new + behind.decode(errors="replace")
