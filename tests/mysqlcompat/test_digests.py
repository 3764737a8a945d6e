"""Statements of a form are taken for others of it only where their digests are made alike."""

from __future__ import annotations

import random

import pytest

from mysqlcompat.errors import SqlError
from mysqlcompat.functions.digests import _normalized, digest_text

_FORMS = (
    "SELECT {} FROM {} WHERE {} = {} AND {} IN ({}, {})",
    "INSERT INTO {} VALUES ({}, {}), ({}, {})",
    "UPDATE {} SET {} = {} WHERE {} > {}",
    "SELECT {}, {}.{} FROM {} {} ORDER BY {} LIMIT {}",
    "SELECT COUNT(*), {}({}) FROM {} GROUP BY {}",
    "{}{} {}",
)
_PARTS = (
    "a b1 `c-d` `e` `zq0zq` zq1zq x.y $x é day status _utf8mb4'x' 1 23 4.5 .5 5. 1e5 1.e5 0x41 "
    "x'41' 's' 'it''s' 'a\\'b' \"dq\" n'x' NULL ? ; % a%b 1a 'unclosed COUNT foo count( -1 +2 "
    "SELECT limit @a /*c*/ -- #" + " a b t 1 's' c_1 `d` 2.5" * 5
).split()


def _said(make: object, text: str) -> str:
    assert callable(make)
    try:
        return str(make(text))
    except SqlError as error:
        return error.message


@pytest.mark.parametrize("seed", range(3))
def test_a_form_says_what_its_tokens_say(seed: int) -> None:
    chosen = random.Random(seed)
    made = 0
    for _ in range(150):
        form = chosen.choice(_FORMS)
        text = form.format(*(chosen.choice(_PARTS) for _ in range(form.count("{}"))))
        said = _said(digest_text, text)
        assert said == _said(_normalized, text), text
        made += not said.startswith("Could not parse")
    assert made > 10


def test_names_of_a_known_form_are_its_statement_s_own() -> None:
    for name in ("one", "two", "three"):
        made = digest_text(f"SELECT {name}, `{name} x` FROM t_{name} WHERE a = 'b' AND c = 1.5")
        shown = f"SELECT `{name}` , `{name} x` FROM `t_{name}` WHERE `a` = ? AND `c` = ?"
        assert made == shown
