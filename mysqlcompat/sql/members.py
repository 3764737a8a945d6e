"""IN of a long list of constants: a value is looked up among them, not compared with each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from mysqlcompat import collations

LEAST: Final = 16  #: members; fewer are compared one by one
_EXACT: Final = (int, Decimal, float, str, date, datetime)  #: equal when their keys are


class Members:
    """The constants of one IN, all of one type. `of` gives None for others."""

    def __init__(self, kind: type, values: Sequence[Any], collation: str) -> None:
        self._kind = kind
        self._collation = collation
        self._otherwise = None if None in values else 0
        self._keys = {self._key(value) for value in values if value is not None}

    @classmethod
    def of(cls, values: Sequence[Any], collation: str) -> Members | None:
        kinds = {type(value) for value in values if value is not None}
        if len(kinds) != 1 or not kinds <= set(_EXACT):
            return None
        return cls(kinds.pop(), values, collation)

    def _key(self, value: Any) -> object:
        return collations.sort_key(value, self._collation) if self._kind is str else value

    def fits(self, values: Sequence[Any]) -> bool:
        """Whether these can be looked up."""
        return all(value is None or type(value) is self._kind for value in values)

    def contain(self, value: Any) -> int | None:
        """What IN is for a value."""
        if value is None:
            return None
        return 1 if self._key(value) in self._keys else self._otherwise
