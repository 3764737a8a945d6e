"""EXTRACTVALUE and UPDATEXML.

The document is cut by a small lax reader of our own, as MySQL's is: entities stay as they are, more
than one root may be there, and every element remembers where it stands in the text, which UPDATEXML
replaces; `markup_shapes` remembers what is found in documents that are alike. XPath 1.0 is
`elementpath`'s; its parser of 2.0, in compatibility mode, evaluates, as the one of 1.0 does not
compare attributes with numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from xml.etree import ElementTree

from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import IGNORABLE, define
from mysqlcompat.functions.markup_shapes import find
from mysqlcompat.functions.table import Context
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Expression
from mysqlcompat.sqltypes import SqlType, string_type

_TOKEN: Final = re.compile(
    r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(?P<data>.*?)\]\]>|<![^>]*>"
    r"|</(?P<close>[^\s>]+)\s*>"
    r"|<(?P<open>[^\s/>!?]+)(?P<attributes>(?:\s+[^\s=/>]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)"
    r"\s*(?P<empty>/?)>",
    re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(r"([^\s=/>]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_PLAIN_PATH: Final = re.compile(r"(?:/[A-Za-z_][A-Za-z0-9_]*)+")
_LENGTH: Final = 67108864 // 4


class _Broken(Exception):
    """Text that is no XML: what is wrong, where."""


@dataclass(slots=True)
class _Document:
    """An element over all roots, and where each element stands in the text."""

    root: ElementTree.Element = field(default_factory=lambda: ElementTree.Element("document"))
    places: dict[ElementTree.Element, tuple[int, int]] = field(default_factory=dict)


def _read(text: str) -> _Document:
    document = _Document()
    path: list[tuple[ElementTree.Element, int]] = [(document.root, 0)]
    at = 0
    for token in _TOKEN.finditer(text):
        _add_text(path[-1][0], text[at : token.start()])
        at = token.end()
        if token["data"] is not None:
            _add_text(path[-1][0], token["data"])
        elif token["close"]:
            if len(path) == 1 or path[-1][0].tag != token["close"]:
                raise _Broken(_wrong_end(text, token, path))
            element, start = path.pop()
            document.places[element] = (start, at)
        elif token["open"]:
            pairs = _ATTRIBUTE.findall(token["attributes"])
            names = {name: double or single for name, double, single in pairs}
            element = ElementTree.SubElement(path[-1][0], token["open"], names)
            if token["empty"]:
                document.places[element] = (token.start(), at)
            else:
                path.append((element, token.start()))
    if len(path) > 1 or "<" in text[at:]:
        raise _Broken(f"{_where(text, len(text))}: unexpected END-OF-INPUT")
    _add_text(document.root, text[at:])
    return document


def _wrong_end(
    text: str, token: re.Match[str], path: Sequence[tuple[ElementTree.Element, int]]
) -> str:
    where = _where(text, token.end() - 1)
    if len(path) == 1:
        return f"{where}: '</{token['close']}>' unexpected (END-OF-INPUT wanted)"
    return f"{where}: '</{token['close']}>' unexpected ('</{path[-1][0].tag}>' wanted)"


def _where(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    return f"parse error at line {line} pos {at - (text.rfind(chr(10), 0, at) + 1) + 1}"


def _add_text(element: ElementTree.Element, text: str) -> None:
    if not text:
        return
    children = list(element)
    if children:
        children[-1].tail = (children[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def _children(root: ElementTree.Element, names: Sequence[str]) -> list[ElementTree.Element]:
    """What a path of nothing but names leads to."""
    found = [root]
    for name in names:
        found = [child for element in found for child in element if child.tag == name]
    return found


def _select(document: _Document, path: str) -> Any:
    """What XPath finds: a list of nodes, or one value. Raises 1105."""
    if _PLAIN_PATH.fullmatch(path):
        return _children(document.root, path.split("/")[1:])
    from elementpath import ElementPathError  # no start has to wait for this

    variable = re.search(r"\$@?\w*", path)
    if variable:
        raise SqlError.with_text(1105, f"Unknown XPATH variable at: '{path[variable.start() :]}'")
    try:
        return _selector(path).select(ElementTree.ElementTree(document.root))
    except (ElementPathError, RecursionError):
        raise SqlError.with_text(1105, "XPATH syntax error: ''") from None


@lru_cache(maxsize=256)
def _selector(path: str) -> Any:
    """A path that is read once for all documents. Raises elementpath's errors."""
    from elementpath import Selector, XPath1Parser, XPath2Parser

    anchored = re.sub(r"(?<![\w\])*.@/:'\"])/(?=[^/])", "/document/", path)
    if path.strip() == "/":
        anchored = "/document"
    XPath1Parser().parse(anchored)  # nothing of later XPath: no ranges, no documents by address
    return Selector(anchored, parser=XPath2Parser, compatibility_mode=True)


def _parsed(context: Context, text: str) -> _Document | None:
    try:
        return _read(text)
    except _Broken as broken:
        context.warn(1525, f"Incorrect XML value: '{broken}'")
        return None


def _document_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    first = args[0].type
    if first.coercibility == IGNORABLE:
        return string_type(_LENGTH, typing.context.collation)
    return string_type(_LENGTH, first.collation, True, first.coercibility)


def _look(marked: str, path: str) -> tuple[list[str], tuple[int, int] | None]:
    """Texts found in a document, and where its one element found is (`markup_shapes.Look`)."""
    try:
        document = _read(marked)
        found = _select(document, path)
    except (_Broken, SqlError) as error:
        raise ValueError from error
    texts = [part for one in found for part in _texts(one, document.root)]
    if document.root in found:  # which has no place
        raise ValueError
    is_one = len(found) == 1 and isinstance(found[0], ElementTree.Element)
    return texts, document.places[found[0]] if is_one else None


@define("extractvalue", "cc", _document_type)
def extractvalue(context: Context, call: Call, text: str, path: str) -> str | None:
    known = find(text, path, _look)
    if known is not None:
        return known[0].text(known[1])
    document = _parsed(context, text)
    if document is None:
        return None
    found = _select(document, path)
    if isinstance(found, bool):
        return str(int(found))
    if isinstance(found, float):
        return str(int(found)) if found.is_integer() else repr(found)
    if not isinstance(found, list):
        return str(found)
    return " ".join(part for one in found for part in _texts(one, document.root))


def _texts(found: Any, root: ElementTree.Element) -> list[str]:
    """The texts that are a node's own: not those of elements within."""
    if isinstance(found, str):
        return [found]
    if found is root or not isinstance(found, ElementTree.Element):
        return []
    own = [found.text, *(child.tail for child in found)]
    return [part for part in own if part]


@define("updatexml", "ccc", _document_type)
def updatexml(context: Context, call: Call, text: str, path: str, new: str) -> str | None:
    known = find(text, path, _look)
    if known is not None:
        return known[0].replaced(known[1], new)
    document = _parsed(context, text)
    if document is None:
        return None
    found = _select(document, path)
    if not isinstance(found, list):
        return None
    if len(found) != 1 or not isinstance(found[0], ElementTree.Element):
        return text
    if found[0] is document.root:
        return new
    start, end = document.places[found[0]]
    return text[:start] + new + text[end:]
