"""Rows of a SELECT on their way to the client: the last one ends the statement."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mysqlcompat.results import Chunk, Rows, RowSource

if TYPE_CHECKING:
    from mysqlcompat.session import Session


class StatementRows:
    """A `RowSource` around the machine's."""

    def __init__(self, session: Session, result: Rows, uses_tables: bool) -> None:
        self._session = session
        self._result = result
        self._inner: RowSource = result.source
        self._uses_tables = uses_tables
        self._rows = 0
        self._open = True

    async def read(self, sequence: int, limit: int) -> Chunk:
        try:
            chunk = await self._inner.read(sequence, limit)
        except (Exception, asyncio.CancelledError) as error:
            self._open = False
            self._inner.close()
            raise await self._session.fail_rows(error) from error
        self._rows += chunk.rows
        if chunk.end:
            self._result.warnings = self._session.diagnostics.warning_count
            self._finish()
        return chunk

    def close(self) -> None:
        self._inner.close()
        self._finish()

    def _finish(self) -> None:
        if self._open:
            self._open = False
            self._session.finish_rows(self._uses_tables, self._rows)
