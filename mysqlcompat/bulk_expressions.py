"""Cells of a bulk INSERT that are expressions: each text is parsed once, in a row of its own.

An expression means what it means on the long way, because its row is resolved as a statement of
one row, all other cells of which are NULL. Whatever that complains about is the long way's to say.

Bytes as dumps write them, ``_binary '…'`` and ``0x…``, differ from cell to cell: they are read
here, and take the place of other bytes. They are bytes, not text of the client's character set.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mysqlcompat.errors import SqlError, not_supported
from mysqlcompat.sql import typed
from mysqlcompat.sql.column_defaults import column_default
from mysqlcompat.sql.tokens import Kind
from mysqlcompat.sql.typed import Cast, ColumnRef, DefaultValue, Expression, Insert, Literal
from mysqlcompat.sqltypes import column_type

if TYPE_CHECKING:
    from mysqlcompat.session import Session

_MOST_KEPT: Final = 4096  #: trees; a dump may have a million different ones
_DIGITS: Final = re.compile(rb"0x([0-9a-fA-F]+)\s*")
_QUOTED: Final = re.compile(rb"_binary\s*('.*')\s*", re.DOTALL | re.IGNORECASE)


class CellExpressions:
    """Texts of cells as typed trees.

    head   the statement up to its first row
    width  cells of a row
    """

    def __init__(self, session: Session, head: bytes, width: int) -> None:
        self._session = session
        self._head = head
        self._width = width
        self._kept: dict[tuple[int, bytes], Expression] = {}

    def of(self, place: int, source: bytes) -> Expression:
        """The value that cell `place` of a row gives its column. Raises SqlError."""
        return self._of_bytes(place, source) or self._of_text(place, source)

    def _of_text(self, place: int, source: bytes) -> Expression:
        found = self._kept.get((place, source))
        if found is None:
            found = self._resolved(place, source)
            if len(self._kept) < _MOST_KEPT:
                self._kept[place, source] = found
        return found

    def _of_bytes(self, place: int, source: bytes) -> Expression | None:
        """The cell if it is a literal of bytes and nothing else."""
        if digits := _DIGITS.fullmatch(source):
            like = self._of_text(place, b"0x00")
            data = bytes.fromhex(digits[1].decode().rjust(len(digits[1]) + 1 & -2, "0"))
        elif quoted := _QUOTED.fullmatch(source):
            tokens = self._session.tokenize(quoted[1].decode("latin-1"))  # a character for a byte
            if [token.kind for token in tokens] != [Kind.STRING, Kind.END]:
                return None
            like = self._of_text(place, b"_binary ''")
            data = str(tokens[0].value).encode("latin-1")
        else:
            return None
        if not isinstance(like, Cast) or not isinstance(like.arg, Literal):
            return None
        sized = replace(like.arg.type, length=len(data))
        return replace(like, arg=replace(like.arg, type=sized, value=data))

    def _resolved(self, place: int, source: bytes) -> Expression:
        from mysqlcompat import compiler

        cells = [b"NULL"] * self._width
        cells[place] = source
        text = self._session.decode(self._head + b"(" + b",".join(cells) + b")")
        statement = compiler.resolved(text, self._session)
        if not isinstance(statement, Insert) or list(map(len, statement.rows)) != [self._width]:
            raise not_supported("this form of VALUES")
        value = statement.rows[0][place]
        if isinstance(value, DefaultValue):
            return self._default(statement, value.column_no)
        if any(isinstance(node, ColumnRef) for node in typed.walk(value)):
            raise SqlError(1235, "columns in VALUES")
        return value

    def _default(self, statement: Insert, column_no: int) -> Expression:
        column = statement.table.table.columns[column_no]
        if column.has_default_expression:
            raise SqlError(1235, "a default that other columns have a part in")
        if column.auto_increment:
            return Literal(column_type(column).or_null(), None)
        return column_default(column, statement.strict)


__all__ = ["CellExpressions"]
