"""Patterns of LIKE over Python texts, in time and memory that the lengths of both bound.

A pattern is *segments* with ``%`` between them; a segment is letters and places of any one
character (``_``), so it has a length. The first one must begin the text, the last one end it; each
of the others is taken where it is found first, as what follows has most room then. Nothing is
tried twice, unlike in a regular expression of the same meaning.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from typing import Final

from mysqlcompat import collations
from mysqlcompat.short_texts import remembered


class Segment:
    """What stands between two ``%``.

    letters       all its letters, one after the other, folded
    ends, places  of each run of letters: where it ends in `letters`, where it begins in the segment
    length        how many characters of a text it takes
    """

    __slots__ = ("ends", "length", "letters", "places")

    def __init__(self) -> None:
        self.letters = ""
        self.ends = array("q")
        self.places = array("q")
        self.length = 0

    def fits(self, text: str, at: int) -> bool:
        """Whether the text, which is long enough, goes on like this at `at`."""
        begin = 0
        for end, place in zip(self.ends, self.places, strict=True):
            if not text.startswith(self.letters[begin:end], at + place):
                return False
            begin = end
        return True

    def find(self, text: str, at: int, end: int) -> int:
        """Where it is first, from `at` on, ending at `end` at the latest; -1: nowhere."""
        if not self.ends:
            return at if at + self.length <= end else -1
        first, place = self.letters[: self.ends[0]], self.places[0]
        last = end - self.length  # where it could begin at the latest
        while at <= last:
            at = text.find(first, at + place, last + place + len(first)) - place
            if at + place < 0:
                return -1
            if self.fits(text, at):
                return at
            at += 1
        return -1


class LikePattern:
    """One pattern, its escape character and its collation."""

    def __init__(self, pattern: str, escape: str, collation: str) -> None:
        self._collation = collation
        self._least = len(pattern) - pattern.count("%")
        if escape:
            self._least -= pattern.count(escape)
        self._source: tuple[str, str] | None = (pattern, escape)
        self._segments: list[Segment] = []

    def matches(self, text: str) -> bool:
        """Whether the whole text is like the pattern."""
        if len(text) < self._least:
            return False
        if self._source is not None:
            self._segments = list(_segments(*self._source, self._collation))
            self._source = None
        text = collations.fold(text, self._collation)
        first, *between = self._segments
        end = len(text)
        if not between:
            return first.length == end and first.fits(text, 0)
        last = between.pop()
        if first.length + last.length > end or not first.fits(text, 0):
            return False
        end -= last.length
        if not last.fits(text, end):
            return False
        at = first.length
        for segment in between:
            at = segment.find(text, at, end)
            if at < 0:
                return False
            at += segment.length
        return True


def _segments(pattern: str, escape: str, collation: str) -> Iterator[Segment]:
    """The segments of a pattern, one more than it has runs of ``%``. An escape character at its end
    stands for itself."""
    special = "".join({*"%_", *escape})
    runs = rf"(%+)|(_+)|([^{re.escape(special)}]+)"
    if escape:
        mark = re.escape(escape)
        runs = rf"((?:{mark}.)+)|{runs}|({mark})"
    else:
        runs = rf"((?!))|{runs}|((?!))"
    segment = Segment()
    letters: list[str] = []
    for found in re.finditer(runs, pattern, re.DOTALL):
        kind, piece = found.lastindex, found[0]
        if kind == _PERCENT:
            segment.letters = "".join(letters)
            yield segment
            segment, letters = Segment(), []
            continue
        if kind != _ANY_ONE:
            piece = collations.fold(piece[1::2] if kind == _ESCAPED else piece, collation)
            letters.append(piece)
            segment.places.append(segment.length)
            segment.ends.append((segment.ends[-1] if segment.ends else 0) + len(piece))
        segment.length += len(piece)
    segment.letters = "".join(letters)
    yield segment


_ESCAPED: Final = 1
_PERCENT: Final = 2
_ANY_ONE: Final = 3


@remembered(1024)
def like_pattern(pattern: str, escape: str, collation: str) -> LikePattern:
    """`pattern` as LIKE reads it; empty `escape`: there is no such character."""
    return LikePattern(pattern, escape, collation)
