"""Comparison of strings in Python: sort keys and folding by collation.

For values that pass through Python (constants, functions, LIKE). Keys come from the kernel that
makes index keys, so that both always agree; collations it does not know yet (accent- or
case-sensitive ones) are approximated from Unicode's decompositions.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import accumulate
from typing import Any, Final

import numpy as np

from btree.collation_kernels import text_key
from btree.collations import CODES, install
from mysqlcompat.errors import SqlError
from mysqlcompat.sqltypes import BINARY
from redo.arena import Arena, create_ring
from redo.jit import entry
from redo.state import ST_WORDS

_RANKS = {"Z": 0, "C": 0, "P": 1, "S": 2, "N": 3, "L": 4, "M": 4}
_KEY_BYTES_MOST: Final = 16  #: of one byte of text: eight weights of two bytes
_ADDRESS_SPACE: Final = 8 << 30  #: enough for keys of texts of 64 MiB, and of all below


class _Workbench:
    """An arena of this process in which keys are made."""

    def __init__(self) -> None:
        self._arena = Arena(create_ring(4096), _ADDRESS_SPACE)
        self._st = np.zeros(ST_WORDS, np.int64)
        install(self._arena, self._st)
        self._bytes = self._arena.mem.data
        self._key_of = entry(text_key)
        self._room = self._text = self._key = 0

    def key(self, code: int, data: bytes) -> bytes:
        """Bytes that order as the collation `code` does."""
        count = len(data)
        if count >= self._room:  # also the first time, with nothing to make a key of
            if self._room:
                self._arena.free(self._text, self._room)
                self._arena.free(self._key, _KEY_BYTES_MOST * self._room)
            self._room = max(4096, 1 << count.bit_length())
            self._text = self._arena.alloc(self._room)
            self._key = self._arena.alloc(_KEY_BYTES_MOST * self._room)
        mem = self._arena.mem
        self._bytes[self._text : self._text + count] = data
        made = self._key_of(self._st, mem, code, self._text, count, self._key)
        return bytes(self._bytes[self._key : self._key + made])


@cache
def _workbench() -> _Workbench:
    return _Workbench()


def is_binary(collation: str) -> bool:
    return collation == BINARY or collation.endswith("_bin")


@lru_cache(maxsize=65536)
def _approximated(character: str, accents: bool, case: bool) -> str:
    if not accents:
        decomposed = unicodedata.normalize("NFD", character)
        base = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
        character = base or decomposed
    return character if case else character.casefold()


@cache
def _representatives(collation: str) -> dict[bytes, str]:
    """Key of a character -> the character that stands for all that are equal to it."""
    ascii_characters = (chr(point) for point in range(128))
    if not _sensitivity(collation)[1]:
        ascii_characters = (character.lower() for character in ascii_characters)
    return {_workbench().key(CODES[collation], c.encode()): c for c in ascii_characters}


@lru_cache(maxsize=65536)
def _representative(character: str, collation: str) -> str:
    if collation not in CODES:
        return _approximated(character, *_sensitivity(collation))[:1]
    key = _workbench().key(CODES[collation], character.encode("utf-8", "replace"))
    return _representatives(collation).setdefault(key, character)


def _sensitivity(collation: str) -> tuple[bool, bool]:
    """(accents count, case counts)."""
    parts = collation.split("_")
    case = "cs" in parts
    accents = "as" in parts or (case and "ai" not in parts)
    return accents, case


def fold(text: str, collation: str) -> str:
    """`text` with everything removed that the collation does not tell apart, one character for one
    character as LIKE compares them."""
    if is_binary(collation):
        return text
    if text.isascii():
        return text if _sensitivity(collation)[1] else text.lower()
    return "".join(_representative(character, collation) for character in text)


_WEIGHT_BYTES: Final = 2


def weights(text: str, collation: str) -> bytes:
    """The bytes by which a collation orders `text`, as WEIGHT_STRING shows them."""
    if collation.endswith("_bin") and "0900" not in collation:
        return b"".join(ord(character).to_bytes(3, "big") for character in text)
    key = sort_key(text, collation)
    if not isinstance(key, bytes):
        raise SqlError(1235, f"WEIGHT_STRING in {collation}")  # its keys have another form
    if "_0900_as" in collation:
        return _weights_of_levels(key, _sensitivity(collation)[1])
    if "0900" in collation or is_binary(collation):
        return key
    space = _workbench().key(CODES[collation], b" .")[:_WEIGHT_BYTES]
    key += space * (len(text) - len(text.rstrip(" ")))  # keys end before them
    if "unicode" in collation:
        return key
    size = 1 if collation.startswith(("latin1", "ascii")) else _WEIGHT_BYTES
    words = (key[at : at + _WEIGHT_BYTES] for at in range(0, len(key), _WEIGHT_BYTES))
    # keys hold these weights with one added
    return b"".join((int.from_bytes(word, "big") - 1).to_bytes(size, "big") for word in words)


def weights_of_many(texts: Sequence[str | None], collation: str) -> list[bytes | None] | None:
    """The same of many texts, where a collation's keys are nothing else; None: they are not."""
    if "_0900_ai" not in collation or collation not in CODES:
        return None
    code, key = CODES[collation], _workbench().key
    return [None if one is None else key(code, one.encode("utf-8", "replace")) for one in texts]


_LEAST_ACCENT: Final = 0x20  #: which keys have as 1
_BETWEEN_LEVELS: Final = bytes(_WEIGHT_BYTES)


def _weights_of_levels(key: bytes, has_case: bool) -> bytes:
    """The weights in a key of several levels: those of letters, of accents (a byte each, less than
    they are) and of case (a byte each)."""
    at = 0
    while key[at : at + _WEIGHT_BYTES] != _BETWEEN_LEVELS:
        at += _WEIGHT_BYTES
    accents, _, cases = key[at + _WEIGHT_BYTES :].partition(b"\0")
    made = key[: at + _WEIGHT_BYTES]
    made += b"".join((one + _LEAST_ACCENT - 1).to_bytes(_WEIGHT_BYTES, "big") for one in accents)
    if not has_case:
        return made
    return made + _BETWEEN_LEVELS + b"".join(one.to_bytes(_WEIGHT_BYTES, "big") for one in cases)


@lru_cache(maxsize=65536)
def _weights(character: str, collation: str) -> bytes:
    return _workbench().key(CODES[collation], character.encode("utf-8", "replace"))


_MOST_WEIGHTS: Final = 8  #: of a character; two of most
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def find(whole: str, part: str, start: int, collation: str) -> int:
    """Index, from `start` on, of the first character where what the collation takes for `part`
    begins; -1 if there is none."""
    plain = whole.isascii() and part.isascii()
    if plain and (_CONTROL.search(part) or _CONTROL.search(whole)):  # some have no weight
        plain = False
    is_of_unicode = "0900_ai_ci" in collation or "_unicode_" in collation
    if plain or not is_of_unicode or collation not in CODES:
        return fold(whole, collation).find(fold(part, collation), start)
    wanted = b"".join(_weights(one, collation) for one in part)
    weights = [_weights(one, collation) for one in whole[start:]]
    places = list(accumulate(map(len, weights), initial=0))
    joined, at = b"".join(weights), -1
    while (at := joined.find(wanted, at + 1)) >= 0:
        number = bisect_left(places, at)
        if places[number] == at and start + number < len(whole) + (not part):
            return start + number
    return -1


def ordered_keys(left: str, right: str, collation: str) -> tuple[Any, Any]:
    """Keys that order two strings. PAD SPACE: the shorter one goes on with spaces, of which the
    usual keys have none, so that what is lower than a space would come behind it."""
    one, other = sort_key(left, collation), sort_key(right, collation)
    if one == other or "0900" in collation or collation == BINARY or min(left + right) >= " ":
        return one, other
    spaces = " " * (2 * max(len(left), len(right)) + _MOST_WEIGHTS) + "x"
    return sort_key(left + spaces, collation), sort_key(right + spaces, collation)


def sort_key(text: str, collation: str) -> object:
    """A key that orders and equates strings as the collation does."""
    if is_binary(collation) and collation != "latin1_bin":  # which orders by its own bytes
        padded = text if "0900" in collation or collation == BINARY else text.rstrip(" ")
        return padded.encode("utf-8", "surrogateescape")
    if collation in CODES:
        return _workbench().key(CODES[collation], text.encode("utf-8", "replace"))
    if "0900" not in collation:
        text = text.rstrip(" ")  # PAD SPACE
    accents, case = _sensitivity(collation)
    folded = "".join(_approximated(character, accents, case) for character in text)
    return tuple((_RANKS[unicodedata.category(c)[0]], c) for c in folded)
