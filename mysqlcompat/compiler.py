"""From statement text to a program, and small evaluations: the one door from sessions to sqlglot,
resolver, planner, code generator and machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from btree.schema import Column, Table
from mysqlcompat.catalog_view import CatalogView
from mysqlcompat.errors import SqlError
from mysqlcompat.results import ColumnDef, Result
from mysqlcompat.sql.statements import Explain

if TYPE_CHECKING:
    from mysqlcompat.machine.program import Program
    from mysqlcompat.prepared import Prepared
    from mysqlcompat.session import Session


def catalog_view(session: Session) -> CatalogView:
    return CatalogView(session)
