"""What a path finds in documents that differ in texts and attributes' values only.

Most documents of a column have the same elements. Where a path does not ask for values, what it
finds is found once for all documents of a shape: a `Find` says which pieces of a document's text it
is. To make one, the path is followed in a document whose texts are marks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final, NamedTuple

#: Paths of names and numbers, which do not look at values.
_SHAPELY: Final = re.compile(
    r"""(?:(?://?(?:[A-Za-z_][A-Za-z0-9_]*|\*)
            (?:\[(?:[0-9]{1,9}|last\(\)|@[A-Za-z_][A-Za-z0-9_]*)\])*)+
        (?:/@[A-Za-z_][A-Za-z0-9_]*|/text\(\))?)""",
    re.VERBOSE,
)
#: Cuts a document into what is between (1) markup, of which (2) attributes and (3) the end of a
#: start tag are apart.
_PIECES: Final = re.compile(
    r"""(<!--.*?-->|<\?.*?\?>|<![^>]*>|</[^\s>]+\s*>)
      | (?:(<[^\s/>!?]+)((?:\s+[^\s=/>]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)(\s*/?>))""",
    re.DOTALL | re.VERBOSE,
)
_STEP: Final = _PIECES.groups + 1
_ATTRIBUTES: Final = 3
#: The same for documents without attributes and without comments and their like: (1) tags.
_TAGS: Final = re.compile(r"(</[^\s>]+\s*>|<[^\s/>!?]+\s*/?>)")
_TAG_STEP: Final = _TAGS.groups + 1
_ATTRIBUTE: Final = re.compile(r"([^\s=/>]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_MARK: Final = re.compile("\ue000([0-9]+)(?:\ue001([^\ue002]*))?\ue002")
_KNOWN: Final = 256
_DOCUMENT_CHARACTERS: Final = 4096  #: of the longest one whose shape is looked for


class Find(NamedTuple):
    """What a path finds in documents of one shape.

    texts   of each text found, the numbers of the pieces it is made of, and names of attributes
    only    the piece that is all there is found, else -1
    place   first piece of the one element found, and the one behind it
    """

    texts: list[list[tuple[int, str]]]
    only: int
    place: tuple[int, int] | None

    def text(self, pieces: Sequence[Any]) -> str:
        """The texts found."""
        if self.only >= 0:
            return str(pieces[self.only])
        made = ("".join([_value(pieces, *one) for one in text]) for text in self.texts)
        return " ".join(filter(None, made))

    def replaced(self, pieces: Sequence[Any], new: str) -> str:
        """The document with something else in the element's place."""
        if self.place is None:
            return "".join(filter(None, pieces))
        start, end = self.place
        return "".join(filter(None, (*pieces[:start], new, *pieces[end:])))


#: What is found in a document of marks: the texts, and where the one element is. Raises ValueError.
Look = Callable[[str, str], tuple[list[str], tuple[int, int] | None]]

_known: dict[tuple[Any, ...], Find | None] = {}


def find(text: str, path: str, look: Look) -> tuple[Find, Sequence[Any]] | None:
    """What `path` finds in a document, and the document's pieces; None where it is to be read."""
    if not _is_shapely(path) or len(text) > _DOCUMENT_CHARACTERS or "<![CDATA[" in text:
        return None
    pieces: list[Any]
    key: tuple[Any, ...]
    if "=" in text or "<!" in text or "<?" in text:
        step, pieces = _STEP, _PIECES.split(text)
        key = (path, *pieces[1::_STEP], *pieces[2::_STEP], *pieces[4::_STEP])
        if "@" in path:
            key = (*key, *map(_names, pieces[_ATTRIBUTES::_STEP]))
    else:
        step, pieces = _TAG_STEP, _TAGS.split(text)
        key = (path, *pieces[1::_TAG_STEP])
    if "<" in pieces[-1]:  # not closed
        return None
    if key in _known:
        found = _known[key]
    else:
        found = _find(pieces, step, path, look)
        if len(_known) >= _KNOWN:
            del _known[next(iter(_known))]
        _known[key] = found
    return None if found is None else (found, pieces)


@lru_cache(maxsize=256)
def _is_shapely(path: str) -> bool:
    return _SHAPELY.fullmatch(path) is not None


def _names(attributes: str | None) -> tuple[str, ...]:
    return tuple(one[0] for one in _ATTRIBUTE.findall(attributes)) if attributes else ()


def _find(pieces: Sequence[Any], step: int, path: str, look: Look) -> Find | None:
    marked = [_marked(number, number % step, piece) for number, piece in enumerate(pieces)]
    try:
        texts, place = look("".join(marked), path)
    except ValueError:
        return None
    if place is not None:
        starts = list(accumulate(map(len, marked), initial=0))
        first = next(at for at, piece in enumerate(marked) if starts[at] == place[0] and piece)
        place = first, starts.index(place[1])
    named = [[(int(one[1]), one[2] or "") for one in _MARK.finditer(text)] for text in texts]
    is_plain = len(named) == 1 and len(named[0]) == 1 and not named[0][0][1]
    return Find(named, named[0][0][0] if is_plain else -1, place)


def _marked(number: int, role: int, piece: str | None) -> str:
    """What stands for a text or attributes in a document of marks; other pieces are themselves."""
    if piece is None:
        return ""
    if role == 0:
        return f"\ue000{number}\ue002"
    if role == _ATTRIBUTES:
        return _ATTRIBUTE.sub(f'\\1="\ue000{number}\ue001\\1\ue002"', piece)
    return piece


def _value(pieces: Sequence[Any], number: int, attribute: str) -> str:
    if not attribute:
        return str(pieces[number])
    pairs = _ATTRIBUTE.findall(pieces[number])
    values: dict[str, str] = {name: double or single for name, double, single in pairs}
    return values[attribute]
