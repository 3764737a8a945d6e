"""A virtual table: a definition like any other table's, and a function that makes its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from btree.schema import Table

if TYPE_CHECKING:
    from mysqlcompat.session import Session

RowMaker = Callable[["Session"], Iterable[tuple[Any, ...]]]


def _no_rows(session: Session) -> Iterable[tuple[Any, ...]]:
    return ()


@dataclass(frozen=True, slots=True)
class VirtualTable(Table):
    """A table whose rows are made when a statement reads it.

    rows  (session) -> rows of Python values in column order; None is NULL
    """

    rows: RowMaker = _no_rows
