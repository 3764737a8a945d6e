"""Strings compared in Python compare as MySQL says (STRCMP and LIKE of a real server, recorded)."""

from __future__ import annotations

import pytest

from mysqlcompat import collations
from mysqlcompat.collations import fold, sort_key

AI_CI = "utf8mb4_0900_ai_ci"
GENERAL = "utf8mb4_general_ci"


@pytest.mark.parametrize(
    ("collation", "left", "right", "order"),
    [
        (AI_CI, "ß", "ss", 0),
        (AI_CI, "Å", "a", 0),
        (AI_CI, "æ", "ae", 0),
        (AI_CI, "Ж", "ж", 0),
        (AI_CI, "a", "B", -1),
        (AI_CI, "一", "丁", -1),
        (AI_CI, "a ", "a", 1),
        (AI_CI, "e\u0301", "É", 0),
        (GENERAL, "ß", "ss", -1),
        (GENERAL, "Å", "a", 0),
        (GENERAL, "æ", "ae", 1),
        (GENERAL, "a ", "a", 0),
        ("utf8mb4_bin", "a", "A", 1),
        ("utf8mb4_bin", "a ", "a", 0),
        ("utf8mb4_0900_bin", "a ", "a", 1),
        ("binary", "a", "A", 1),
    ],
)
def test_order(collation: str, left: str, right: str, order: int) -> None:
    a, b = sort_key(left, collation), sort_key(right, collation)
    assert (a > b) - (a < b) == order  # type: ignore[operator]


def test_like_compares_character_by_character() -> None:
    assert fold("É", AI_CI) == fold("e", AI_CI)
    assert fold("æ", AI_CI) != fold("ae", AI_CI)
    assert len(fold("Straße", AI_CI)) == 6


def test_long_strings() -> None:
    assert sort_key("Ä" * 300_000, AI_CI) == sort_key("a" * 300_000, AI_CI)


def test_texts_of_many_megabytes_one_after_the_other() -> None:
    """Each longer than the one before: what was made ready for that is given back."""
    for megabytes in (5, 17, 40):
        key = sort_key("x" * (megabytes << 20), AI_CI)
        assert isinstance(key, bytes) and len(key) >= megabytes << 21


def test_the_first_key_may_be_of_nothing() -> None:
    collations._workbench.cache_clear()
    assert sort_key("", AI_CI) == sort_key("", AI_CI)
