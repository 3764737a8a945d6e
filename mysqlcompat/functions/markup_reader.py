"""The reader of XML behind EXTRACTVALUE and UPDATEXML: a document's bytes as an array of nodes.

It is as lax as MySQL's, whose rules these are: there may be any number of roots and text beside
them; entities stay as they are; `<?x …?>` and `<!x …>` are elements; the end of an element must
have a name as long as that of its beginning; a name without a value is no attribute, unless another
name follows, which is lost. `mysqlcompat.machine.ops.markup_kernels` reads the same way.
"""

from __future__ import annotations

import re
from typing import Final

ELEMENT, ATTRIBUTE, TEXT = range(3)
MOST_LEVELS: Final = 255  #: of elements and attributes one within the other, the root included
_NAMED_BYTES: Final = 31  #: of a name in a message
_COMMENT, _DATA, _STRING, _NAME, _NOTHING, _END = "COMMENT", "CDATA", "STRING", "IDENT", "", "EOF"
_TOKEN: Final = re.compile(
    rb"[\t\n\r ]*+(?:(<!--)|(<!\[CDATA\[)|([?=/<>!\0])|(\"[^\"]*+\"?|'[^']*+'?)"
    rb"|([A-Za-z_:\x80-\xff][-.0-9A-Za-z_:\x80-\xff]*+))?"
)
_KINDS: Final = (_NOTHING, _COMMENT, _DATA, "mark", _STRING, _NAME)
_SHOWN: Final = {_NOTHING: "unknown token", _END: "END-OF-INPUT", "\0": "unknown token"}


class Broken(Exception):
    """Bytes that are no XML: what is wrong, where."""


class Document:
    """Nodes in the order in which they begin; the first is the root, around everything.

    level, kind, parent   of each node; parent: its number
    begin, end            of an element's or attribute's name, of a text
    close                 where it was over: before the ``>`` of an element
    """

    __slots__ = ("begin", "close", "data", "end", "kind", "level", "parent")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.level, self.kind, self.parent = [0], [ELEMENT], [0]
        self.begin, self.end, self.close = [0], [0], [0]

    def add(self, kind: int, level: int, parent: int, begin: int, end: int) -> int:
        """A node; its number."""
        self.level.append(level)
        self.kind.append(kind)
        self.parent.append(parent)
        self.begin.append(begin)
        self.end.append(end)
        self.close.append(end)
        return len(self.level) - 1

    def behind(self, node: int) -> int:
        """The first node that is not within another one."""
        level, count = self.level, len(self.level)
        at, own = node + 1, level[node]
        while at < count and level[at] > own:
            at += 1
        return at

    def text(self, node: int) -> bytes:
        return self.data[self.begin[node] : self.end[node]]


def read(data: bytes) -> Document:
    """The nodes of a document. Raises Broken."""
    return _Reader(data).document


class _Reader:
    """One document while it is read: where (`at`), and the elements around that."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        self.begin = self.end = 0  #: of the last token
        self.document = Document(data)
        self.around = [0]
        while self.at < len(data):
            if data[self.at] == 0x3C:
                self._markup()
            else:
                end = data.find(b"<", self.at)
                end = len(data) if end < 0 else end
                self._text(self.at, end)
                self.at = end
        if len(self.around) > 1:
            raise self._broken("unexpected END-OF-INPUT")

    def _scan(self) -> str:
        """Kind of the next token."""
        data = self.data
        found = _TOKEN.match(data, self.at)
        assert found is not None
        kind = _KINDS[found.lastindex or 0]
        if kind == _NOTHING:
            self.at = self.begin = self.end = found.end()
            return _END if self.at == len(data) else _NOTHING
        self.begin, self.end = found.span(found.lastindex or 0)
        self.at = self.end
        if kind == _COMMENT:
            end = data.find(b"-->", self.begin)
            self.at = len(data) if end < 0 else end + 3
        elif kind == _DATA:
            self.begin, self.end = self.end, data.find(b"]]>", self.at)
            if self.end < 0:  # where MySQL reads what is not there
                self.at = len(data)
                raise self._broken("unexpected END-OF-INPUT")
            self.at = self.end + 3
        elif kind == _STRING:
            self.begin += 1
            is_closed = self.end > self.begin and data[self.end - 1] == data[self.begin - 1]
            self.end -= is_closed
        return chr(data[self.begin]) if kind == "mark" else kind

    def _markup(self) -> None:
        kind = self._scan()
        if kind == _COMMENT:
            return
        if kind == _DATA:
            self._text(self.begin, self.end)
            return
        kind = self._scan()
        if kind == "/":
            self._end_of_element()
            self._require(self._scan(), ">")
            return
        mark = kind if kind in ("!", "?") else ""
        if mark:
            kind = self._scan()
        if kind != _NAME:
            raise self._unexpected(kind, "ident or '/'")
        self._enter(ELEMENT)
        kind = self._attributes(mark == "!")
        if kind == "/" and mark == "?":
            kind = self._question(self.at)
        elif kind == "/" and not mark:
            self._leave()
            kind = self._scan()
            mark = "/"
        if mark == "?":
            self._require(kind, "?")
            self._leave()
            kind = self._scan()
        elif mark == "!":
            self._leave()
        self._require(kind, ">")

    def _question(self, at: int) -> str:
        """What a slash at the end of ``<?x …`` counts as."""
        if self._scan() == "?":
            return "?"
        self.at = at
        return "/"

    def _attributes(self, is_declaration: bool) -> str:
        """Kind of the token behind them."""
        while True:
            kind = self._scan()
            if kind != _NAME and not (kind == _STRING and is_declaration):
                return kind
            name = self.begin, self.end
            kind = self._scan()
            if kind == "=":
                kind = self._scan()
                if kind not in (_NAME, _STRING):
                    raise self._unexpected(kind, "ident or string")
                value = self.begin, self.end
                self._attribute(*name)
                self._text(*value)
                self._leave()
            elif kind == _NAME:
                self._attribute(*name)
                self._leave()
            elif kind != _STRING or not is_declaration:
                return kind

    def _attribute(self, begin: int, end: int) -> None:
        self.begin, self.end = begin, end
        self._enter(ATTRIBUTE)

    def _enter(self, kind: int) -> None:
        if len(self.around) == MOST_LEVELS:
            raise self._broken("")
        begin, end = self.begin, self.end
        number = self.document.add(kind, len(self.around), self.around[-1], begin, end)
        self.around.append(number)

    def _text(self, begin: int, end: int) -> None:
        self.document.add(TEXT, len(self.around), self.around[-1], begin, end)

    def _leave(self) -> None:
        if len(self.around) > 1:
            self.document.close[self.around.pop()] = self.at

    def _end_of_element(self) -> None:
        kind = self._scan()
        if kind != _NAME:
            raise self._unexpected(kind, "ident")
        wanted = self.document.text(self.around[-1])
        if self.end - self.begin != len(wanted):
            name = _shown(self.data[self.begin : self.end])
            if len(self.around) == 2:  # MySQL takes its name's first byte for a separator
                wanted = wanted[1:]
            what = f"'</{_shown(wanted)}>'" if len(self.around) > 1 else "END-OF-INPUT"
            raise self._broken(f"'</{name}>' unexpected ({what} wanted)")
        self._leave()

    def _require(self, kind: str, wanted: str) -> None:
        if kind != wanted:
            raise self._unexpected(kind, f"'{wanted}'")

    def _unexpected(self, kind: str, wanted: str) -> Broken:
        shown = _SHOWN.get(kind) or (f"'{kind}'" if len(kind) == 1 else kind)
        return self._broken(f"{shown} unexpected ({wanted} wanted)")

    def _broken(self, what: str) -> Broken:
        line = self.data.count(b"\n", 0, self.at) + 1
        position = self.at - max(self.data.rfind(b"\n", 0, self.at), 0) + 1
        return Broken(f"parse error at line {line} pos {position}: {what}")


def _shown(name: bytes) -> str:
    return name[:_NAMED_BYTES].decode(errors="replace").replace("\ufffd", "?")
