"""Comparison of strings in Python: sort keys and folding by collation.

The kernels' weights are in `btree/collation_kernels.py`; this is their equal for values that pass
through Python (constants, functions, LIKE).
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from mysqlcompat.sqltypes import BINARY

_RANKS = {"Z": 0, "C": 0, "P": 1, "S": 2, "N": 3, "L": 4, "M": 4}


def is_binary(collation: str) -> bool:
    return collation == BINARY or collation.endswith("_bin")


@lru_cache(maxsize=65536)
def _folded(character: str, accents: bool, case: bool) -> str:
    if not accents:
        decomposed = unicodedata.normalize("NFD", character)
        base = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
        character = base or decomposed
    return character if case else character.casefold()


def _sensitivity(collation: str) -> tuple[bool, bool]:
    """(accents count, case counts)."""
    parts = collation.split("_")
    case = "cs" in parts
    accents = "as" in parts or (case and "ai" not in parts)
    return accents, case


def fold(text: str, collation: str) -> str:
    """`text` with everything removed that the collation does not tell apart, one character for one
    character as far as LIKE can see."""
    if is_binary(collation):
        return text
    if text.isascii():
        return text if _sensitivity(collation)[1] else text.lower()
    accents, case = _sensitivity(collation)
    return "".join(_folded(character, accents, case)[:1] for character in text)


def sort_key(text: str, collation: str) -> object:
    """A key that orders and equates strings as the collation does."""
    if is_binary(collation):
        padded = text if "0900" in collation or collation == BINARY else text.rstrip(" ")
        return padded.encode("utf-8", "surrogateescape")
    if "0900" not in collation:
        text = text.rstrip(" ")  # PAD SPACE
    accents, case = _sensitivity(collation)
    folded = "".join(_folded(character, accents, case) for character in text)
    return tuple((_RANKS[unicodedata.category(c)[0]], c) for c in folded)
