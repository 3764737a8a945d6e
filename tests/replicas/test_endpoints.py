"""Who accepts where."""

from __future__ import annotations

import pytest

from replicas.endpoints import endpoints_of, replica_name, replica_number

CASES = [
    ("writer", 2, ("writer",)),
    ("writer", 0, ("writer", "reader")),
    ("replica-1", 2, ("reader",)),
    ("replica-15", 15, ("reader",)),
]


@pytest.mark.parametrize(("name", "replicas", "expected"), CASES)
def test_endpoints(name: str, replicas: int, expected: tuple[str, ...]) -> None:
    assert endpoints_of(name, replicas) == expected


def test_names_count_from_one() -> None:
    assert [replica_name(n) for n in (1, 2)] == ["replica-1", "replica-2"]
    assert [replica_number(name) for name in ("replica-1", "replica-15")] == [0, 14]
    assert replica_number("writer") is None
