"""LIKE: the same as a regular expression says, in less time."""

from __future__ import annotations

import random
import re
import time

from mysqlcompat.functions.like_pattern import like_pattern

BINARY = "utf8mb4_bin"
GENERAL = "utf8mb4_general_ci"


def expected(pattern: str, escape: str, text: str) -> bool:
    """What the pattern says of a text, by a regular expression."""
    made, at = "", 0
    while at < len(pattern):
        character = pattern[at]
        if character == escape and at + 1 < len(pattern):
            at += 1
            made += re.escape(pattern[at])
        else:
            made += {"%": ".*", "_": "."}.get(character, re.escape(character))
        at += 1
    return re.fullmatch(made, text, re.DOTALL) is not None


def test_random_patterns() -> None:
    rng = random.Random(4)
    matching = 0
    for _ in range(10_000):
        pattern = "".join(rng.choices("aab%_|", k=rng.randrange(8)))
        text = "".join(rng.choices("aab%_|", k=rng.randrange(9)))
        escape = rng.choice(("|", "", "%", "_", "a"))
        wanted = expected(pattern, escape, text)
        assert like_pattern(pattern, escape, BINARY).matches(text) == wanted, (pattern, text)
        matching += wanted
    assert matching > 500


def test_collations_decide() -> None:
    assert like_pattern("Ä_%|%", "|", GENERAL).matches("aXyz%")
    assert not like_pattern("Ä_%|%", "|", BINARY).matches("aXyz%")


def test_long_patterns_take_no_longer_than_they_are() -> None:
    began = time.process_time()
    long = "1e400" * 4_000_000
    assert not like_pattern(long, "\\", BINARY).matches("Thursday")
    assert like_pattern(long, "\\", BINARY).matches(long)
    assert like_pattern("%" + long, "\\", BINARY).matches("x" + long)
    many = "a" * 20_000
    assert not like_pattern("%a" * 50 + "%b", "\\", BINARY).matches(many)
    assert not like_pattern("%a_a%a_b%c", "\\", BINARY).matches(many)
    assert time.process_time() - began < 60
