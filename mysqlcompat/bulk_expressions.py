"""Cells of a bulk INSERT that are expressions: each shape is parsed once, in a row of its own.

Texts of one shape (`plan_cache`) differ in literals only: the tree of the first serves for all of
them, with their own literals in it, but for those that have become part of the tree.

An expression means what it means on the long way, because its row is resolved as a statement of
one row, all other cells of which are NULL. Whatever that complains about is the long way's to say.

Bytes as dumps write them, ``_binary '…'`` and ``0x…``, differ from cell to cell: they are read
here, and take the place of other bytes. They are bytes, not text of the client's character set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from mysqlcompat.errors import SqlError, not_supported
from mysqlcompat.plan_cache import Fingerprint
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


@dataclass(slots=True)
class _Form:
    """Trees of one shape. `pinned`: numbers of the literals that are part of the trees; their
    sources tell the trees apart."""

    pinned: tuple[int, ...]
    trees: dict[tuple[bytes, ...], Expression] = field(default_factory=dict)


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
        self._forms: dict[tuple[int, bytes], _Form] = {}

    def of(self, place: int, source: bytes) -> Expression:
        """The value that cell `place` of a row gives its column. Raises SqlError."""
        return self._of_bytes(place, source) or self._of_text(place, source)

    def _of_text(self, place: int, source: bytes) -> Expression:
        found = self._kept.get((place, source))
        if found is not None:
            return found
        read = self._session.plans.fingerprint(source)
        form = self._forms.get((place, read.shape)) if read is not None else None
        if form is not None and read is not None:
            tree = form.trees.get(tuple(map(read.source, form.pinned)))
            if tree is not None:
                return self._with_literals(tree, read)
        return self._keep(place, source, read)

    def _with_literals(self, tree: Expression, read: Fingerprint) -> Expression:
        """The tree of another text of this shape, made this text's."""
        values = [
            read.value(number, self._session.plans.unquote) for number in range(len(read.literals))
        ]

        def given(node: Expression) -> Expression:
            if isinstance(node, Literal) and node.literal_no is not None:
                return replace(node, value=values[node.literal_no])
            return node

        return typed.transform(tree, given)

    def _keep(self, place: int, source: bytes, read: Fingerprint | None) -> Expression:
        """Resolve a text, and keep its tree for those like it."""
        tree, text = self._resolved(place, source)
        if len(self._kept) < _MOST_KEPT:
            self._kept[place, source] = tree
        if read is None:
            return tree
        used = {
            node.literal_no: text[node.start : node.end].encode()
            for node in typed.walk(tree)
            if isinstance(node, Literal) and node.literal_no is not None
        }
        sources = dict(enumerate(map(read.source, range(len(read.literals)))))
        if used.items() <= sources.items():  # parser and kernel have counted alike
            pinned = sources.keys() - used.keys()
            form = self._forms.get((place, read.shape))
            if form is None or not pinned <= set(form.pinned):
                pinned |= set() if form is None else set(form.pinned)
                form = self._forms[place, read.shape] = _Form(tuple(sorted(pinned)))
            if len(form.trees) < _MOST_KEPT:
                form.trees[tuple(map(read.source, form.pinned))] = tree
        return tree

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

    def _resolved(self, place: int, source: bytes) -> tuple[Expression, str]:
        """The tree of a cell, and the text its literals have their places in."""
        from mysqlcompat import compiler

        cells = [b"NULL"] * self._width
        cells[place] = source
        text = self._session.decode(self._head + b"(" + b",".join(cells) + b")")
        statement = compiler.resolved(text, self._session)
        if not isinstance(statement, Insert) or list(map(len, statement.rows)) != [self._width]:
            raise not_supported("this form of VALUES")
        value = statement.rows[0][place]
        if isinstance(value, DefaultValue):
            return self._default(statement, value.column_no), text
        if any(isinstance(node, ColumnRef) for node in typed.walk(value)):
            raise SqlError(1235, "columns in VALUES")
        return value, text

    def _default(self, statement: Insert, column_no: int) -> Expression:
        column = statement.table.table.columns[column_no]
        if column.has_default_expression:
            raise SqlError(1235, "a default that other columns have a part in")
        if column.auto_increment:
            return Literal(column_type(column).or_null(), None)
        return column_default(column, statement.strict)


__all__ = ["CellExpressions"]
