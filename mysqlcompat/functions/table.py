"""The function table's row, and what an implementation may ask of its surroundings.

A function is one Python function over values plus a type rule. Implementations get
``(context, call, *values)``: the evaluation context, the `typed.Call` (its type: the scale of a
division; its arguments' types: the collation of a comparison), and the argument values, already
converted to the classes that `sql.infer` chose. None is NULL.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from mysqlcompat.sqltypes import SqlType


class OutOfRange(Exception):
    """A result beyond its type: ERROR 1690 once the expression is known. `args[0]`: BIGINT …"""


class Unfit(Exception):
    """A first argument that cannot be read: NULL with a warning 1411 once the expression is known.
    `args`: what it is no value of ("string", "integer"), the function's name."""


class Suspended(Exception):
    """Evaluation has reached a call that waits; whoever evaluates awaits `wait(session, over
    tables)`, tells `Effects.done` its result, and evaluates again."""

    def __init__(self, wait: Callable[[Any, bool], Awaitable[Any]]) -> None:
        super().__init__(wait)
        self.wait = wait


class Effects:
    """Calls within one evaluation (one expression for a batch of rows) that wait or change
    something: SLEEP(), GET_LOCK(), RELEASE_LOCK(). As evaluation begins anew after each wait, what
    is over is not done again: its result is kept."""

    def __init__(self) -> None:
        self._results: list[Any] = []  #: of the calls that are over
        self._at = 0
        self.may_wait = False  #: whoever evaluates can be made to wait for what takes long
        self.slow: set[Any] = set()  #: what has turned out to take long
        self.seeded: dict[int, tuple[int, int]] = {}  #: by RAND(n) of the statement: how it goes on

    def once(self, call: Callable[[], Any]) -> Any:
        """The result of the next call, made now if it has not been made; it may be `Suspended`."""
        if self._at == len(self._results):
            self._results.append(call())
        self._at += 1
        return self._results[self._at - 1]

    def done(self, result: Any) -> None:
        """The wait that was reached is over; evaluation begins anew."""
        self._results.append(result)
        self._at = 0

    def clear(self) -> None:
        """An evaluation is done."""
        self._results.clear()
        self.slow.clear()
        self._at, self.may_wait = 0, False


class Context(Protocol):
    """What evaluation needs from the session. `now_us` is the statement's start, so that NOW() is
    the same everywhere in a statement."""

    now_us: int  #: µs since 1970, UTC
    sql_mode: frozenset[str]  #: names in upper case
    strict: bool  #: STRICT_TRANS_TABLES or STRICT_ALL_TABLES, and the statement changes data
    null_fails: bool  #: NULL for a NOT NULL column is an error
    told: set[str] | None  #: of columns without values; None: all is told, again and again
    time_zone: str  #: "SYSTEM", "+05:30" or a zone's name
    collation: str  #: @@collation_connection
    database: str | None
    user: str  #: "root@localhost", as USER() gives it
    account: str  #: as CURRENT_USER() gives it
    connection_id: int
    last_insert_id: int
    asked_insert_id: int  #: given to LAST_INSERT_ID() by this statement
    row_count: int
    found_rows: int
    row: int  #: number of the row being written, from 1, for messages
    effects: Effects
    user_locks: Any  #: `user_locks.UserLocks`

    def warn(self, errno: int, message: str, level: str = "Warning") -> None: ...

    def user_variable(self, name: str) -> tuple[Any, SqlType | None]: ...

    def set_user_variable(self, name: str, value: Any, sql_type: SqlType) -> None: ...

    def system_variable(self, name: str, scope: str) -> Any: ...

    def random(self) -> float: ...

    def is_connected(self, connection_id: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Function:
    """One function or operator.

    python         ``python(context, call, *values) -> value``; may raise SqlError or OutOfRange
    null_rejects   any NULL argument makes the result NULL, without a call
    once           same value for the same arguments throughout one execution (NOW is, RAND is not)
    pure           same value for the same arguments for ever: may be folded into the plan
    settled        not pure only as it asks for settings that a plan is made for, or for the day a
                   TIME is of: known while a statement is prepared
    waits          may take long, which it does beside other sessions where it can
    columns        ``columns(context, call, *columns) -> column or None``: the same for many rows,
                   where that is another way of doing it; None: not for these arguments
    as_texts       documents of a batch that ops have are given as their texts
    """

    name: str
    python: Callable[..., Any]
    null_rejects: bool = True
    once: bool = True
    pure: bool = True
    settled: bool = False
    waits: bool = False
    columns: Callable[..., list[Any] | None] | None = None
    as_texts: bool = False
