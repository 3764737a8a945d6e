"""Errors with MySQL's numbers: one table, one exception, one translator.

`SqlError(errno, *arguments)` is raised by everything from here up; text and SQLSTATE come from the
table. Packages below raise their own exceptions and know no number: `translate` gives them one, at
the session's edge. What nobody foresaw becomes 1105 and a traceback in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from btree import errors as btree_errors
from mysqlcompat import errors_1000, errors_1292
from mysqlcompat.message_text import named
from redo import errors as redo_errors
from replicas import errors as replicas_errors

log = logging.getLogger(__name__)


class ErrorRow(NamedTuple):
    """SQLSTATE and message template (`%s` for each argument) of one number."""

    sqlstate: str
    template: str


def _rows(table: str) -> Iterator[tuple[int, ErrorRow]]:
    for line in table.replace("\n  ", " ").splitlines():
        errno, sqlstate, template = line.split(" ", 2)
        yield int(errno), ErrorRow(sqlstate, template.replace("\\n", "\n"))


TABLE: Final[dict[int, ErrorRow]] = dict(_rows(errors_1000.TABLE + errors_1292.TABLE))

#: MySQL sends some numbers with a second text; the count of arguments tells which is meant.
ALTERNATIVES: Final[dict[tuple[int, int], str]] = {
    # Two templates share the number of an incorrect value: in an expression, and for a column.
    (1292, 4): TABLE[1366].template,
    (1044, 0): "Access denied",
}


#: Warnings that are errors when a statement changes data in strict mode.
STRICT: Final = frozenset(
    (
        *(1048, 1210, 1260, 1261, 1262, 1263, 1264, 1265, 1292, 1364, 1365, 1366, 1369, 1406),
        *(1301, 1411, 1441, 3020, 3155, 3156),
    )
)


#: Errors that print an expression, in characters the text of errors has none of.
_EXPRESSIONS: Final = (1690,)


class SqlError(Exception):
    """An error as the client sees it: `errno`, `sqlstate`, `message`."""

    of_value = False  #: computed in mid-statement (`machine.in_turn`)
    rows_before = 0  #: that the statement had changed
    #: What SHOW WARNINGS has of it, if that is more than the error: level, number, text.
    listed: tuple[tuple[str, int, str], ...] = ()

    def __init__(self, errno: int, *arguments: object) -> None:
        row = TABLE[errno]
        template = ALTERNATIVES.get((errno, len(arguments)), row.template)
        self.errno = errno
        self.sqlstate = row.sqlstate
        if errno not in _EXPRESSIONS:
            arguments = tuple(map(named, arguments))
        self.message = template % arguments
        super().__init__(errno, self.message)

    @classmethod
    def with_text(cls, errno: int, message: str, sqlstate: str = "") -> SqlError:
        """An error whose text is not the table's (SIGNAL, second texts of a number)."""
        self = cls.__new__(cls)
        row = TABLE.get(errno)
        self.errno = errno
        self.sqlstate = sqlstate or (row.sqlstate if row else "HY000")
        self.message = message
        Exception.__init__(self, errno, message)
        return self

    def followed_by(self, other: SqlError) -> SqlError:
        """This error, behind which SHOW WARNINGS has another one."""
        self.listed = (self.condition(), other.condition())
        return self

    def condition(self, level: str = "Error") -> tuple[str, int, str]:
        return level, self.errno, self.message

    def __str__(self) -> str:
        return f"ERROR {self.errno} ({self.sqlstate}): {self.message}"


def not_supported(feature: str) -> SqlError:
    """ERROR 1235 naming what this version lacks."""
    return SqlError(1235, feature)


#: The warning that a statement gives once.
SORTS_NO_MEMBERS: Final = SqlError(1235, "sorting of non-scalar JSON values").message
_READ_ONLY: Final = "--read-only"
_GENERIC_ENGINE_ERROR: Final = 168  #: HA_ERR_GENERIC, as in "Got error 168 - … from storage engine"


def _engine(error: Exception) -> SqlError:
    """1030 with the reason: the storage below cannot do its part now."""
    return SqlError(1030, _GENERIC_ENGINE_ERROR, str(error) or type(error).__doc__)


#: What exceptions of the packages below mean to a client; a class without a row takes its base's.
TRANSLATIONS: Final[dict[type[Exception], Callable[..., SqlError]]] = {
    btree_errors.DuplicateKey: lambda error: SqlError(1062, error.entry, error.index),
    btree_errors.LockTimeout: lambda error: SqlError(1205),
    btree_errors.Deadlock: lambda error: SqlError(1213),
    btree_errors.TooManyLocks: lambda error: SqlError(1206),
    btree_errors.RowTooLarge: lambda error: SqlError(1118, 8126),
    btree_errors.ReadOnlyEngine: lambda error: SqlError(1290, _READ_ONLY),
    btree_errors.PageCorrupt: lambda error: SqlError(1712, error),
    btree_errors.PoolExhausted: lambda error: SqlError(1041),
    btree_errors.UnknownDatabase: lambda error: SqlError(1049, error),
    btree_errors.DatabaseExists: lambda error: SqlError(1007, error),
    btree_errors.TableExists: lambda error: SqlError(1050, error),
    btree_errors.UnknownTable: lambda error: SqlError(1146, *str(error).split(".", 1)),
    btree_errors.TooManyTransactions: lambda error: SqlError.with_text(
        1637, "Too many active concurrent transactions"
    ),
    btree_errors.BtreeError: _engine,
    redo_errors.StaleEpoch: lambda error: SqlError(1290, _READ_ONLY),
    redo_errors.VolumeError: _engine,
    replicas_errors.ReplicasError: _engine,
    MemoryError: lambda error: SqlError(1041),
    RecursionError: lambda error: SqlError.with_text(
        1436, "Thread stack overrun: the statement is nested too deeply"
    ),
}


def translate(error: Exception) -> SqlError:
    """The error a client gets for `error`; an unforeseen one is logged with its traceback."""
    if isinstance(error, SqlError):
        return error
    for kind in type(error).__mro__:
        made = TRANSLATIONS.get(kind)
        if made is not None:
            return made(error)
    log.error("unforeseen error in a statement", exc_info=error)
    return SqlError.with_text(1105, f"Unknown error: {type(error).__name__}: {error}")
