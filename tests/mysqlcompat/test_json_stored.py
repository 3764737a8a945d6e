"""Paths followed in a document's bytes lead where they lead in the decoded document."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysqlcompat import json_path, json_stored, jsonb
from mysqlcompat.json_path import Cell, Leg, Member
from mysqlcompat.json_stored import StoredJson

_KEYS = st.sampled_from(["a", "b", "ab", "key", "日本", "", "a longer key"])
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False,
    allow_infinity=False), st.text(max_size=200),
)  # fmt: skip
_DOCUMENTS = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.dictionaries(_KEYS, inner, max_size=7).map(jsonb.make_object),
    ),
    max_leaves=25,
)
_LEGS: st.SearchStrategy[Leg] = st.one_of(
    _KEYS.map(Member), st.builds(Cell, st.integers(0, 4), st.booleans())
)


@settings(max_examples=300, deadline=None)
@given(_DOCUMENTS, st.lists(_LEGS, max_size=4))
def test_bytes_and_values_agree(document: Any, legs: list[Leg]) -> None:
    path = tuple(legs)
    stored = StoredJson(jsonb.encode(document))
    assert json_stored.find(stored, path) == json_path.find(stored.value, path)


@pytest.mark.parametrize("count", [300, 70_000])
def test_containers_of_both_widths(count: int) -> None:
    document = jsonb.make_object({f"k{number}": [number, "x"] for number in range(count)})
    stored = StoredJson(jsonb.encode(document))
    for number in (0, 1, count // 2, count - 1):
        assert json_stored.find(stored, json_path.parse_path(f"$.k{number}[0]")) == [number]
    assert json_stored.find(stored, json_path.parse_path(f"$.k{count}")) == []


def test_nothing_else_is_decoded() -> None:
    """Bytes that cannot be decoded do no harm where the path does not lead."""
    data = bytearray(jsonb.encode(jsonb.make_object({"a": "ruined", "bb": 7})))
    at = data.index(b"ruined")
    data[at : at + 6] = b"\xff" * 6
    assert json_stored.find(StoredJson(bytes(data)), json_path.parse_path("$.bb")) == [7]
    with pytest.raises(UnicodeDecodeError):
        jsonb.decode(bytes(data))
