"""SET: variables of the session, of the server and of the user, and what they change besides.

All values of one SET are computed before any is stored, and all system variables are checked before
any is stored: a SET which fails has done nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from mysqlcompat import variables
from mysqlcompat.compiler import evaluate
from mysqlcompat.errors import SqlError
from mysqlcompat.sql.statements import (
    Assignment,
    Bare,
    Default,
    SetNames,
    SetTransaction,
    SetVariables,
)
from mysqlcompat.variables import ALIASES, Value, Variable
from mysqlcompat.wire import charsets

if TYPE_CHECKING:
    from mysqlcompat.session import Session

Store = Callable[[], None]
_NAMES: Final = "names"
_CHARACTER_SET: Final = "character set"


async def set_variables(session: Session, statement: SetVariables) -> None:
    stores: list[Store] = []
    commits = False
    for assignment in statement.assignments:
        if assignment.kind == "user":
            stores.append(await _user(session, assignment))
        elif assignment.name in (_NAMES, _CHARACTER_SET):
            stores.append(_names_store(session, assignment))
        else:
            variable, value = await _system(session, assignment)
            turns_on = variable.name == "autocommit" and assignment.scope != "global" and value
            commits = commits or (bool(turns_on) and not session.transaction.autocommit)
            stores.append(_store(session, variable, value, assignment))
    if commits:
        await session.transaction.commit()
    for store in stores:
        store()
    session.variables_changed()


async def _user(session: Session, assignment: Assignment) -> Store:
    assert not isinstance(assignment.value, (Default, Bare))
    ((value, sql_type),) = await evaluate(session, assignment.value.text)
    return lambda: session.set_user_variable(assignment.name, value, sql_type)


async def _system(session: Session, assignment: Assignment) -> tuple[Variable, Value]:
    """The variable and its checked new value; ERROR 1193, 1228, 1229, 1231, 1232, 1238."""
    variable = variables.find(ALIASES.get(assignment.name.lower(), assignment.name))
    scope = assignment.scope or "session"
    if variable.read_only:
        raise SqlError.with_text(1238, f"Variable '{variable.name}' is a read only variable")
    if scope == "persist_only" or scope == "persist":
        raise SqlError(1235, "SET PERSIST")
    if scope in ("session", "next") and variable.scope == "global":
        raise SqlError(1229, variable.name)
    if scope == "global" and variable.scope == "session":
        raise SqlError(1228, variable.name)
    if scope == "session" and variable.follows:
        raise SqlError(1621, variable.name)
    given: Any
    if isinstance(assignment.value, Default):
        return variable, _default(session, variable, scope)
    if isinstance(assignment.value, Bare):
        given = assignment.value.word
    else:
        ((given, _),) = await evaluate(session, assignment.value.text)
    if isinstance(given, (bytes, bytearray)):
        given = bytes(given).decode("utf-8", "replace")
    return variable, variables.check(variable, given, session.warn)


def _default(session: Session, variable: Variable, scope: str) -> Value:
    """DEFAULT: the session's is the global value, the global one the built-in."""
    if scope == "session" and variable.scope != "session":
        return session.node.globals.get(variable.name)
    return variable.default


def _store(session: Session, variable: Variable, value: Value, assignment: Assignment) -> Store:
    name = variable.name
    if assignment.scope == "global":
        return lambda: session.node.globals.put(name, value)
    if assignment.scope == "next":
        is_isolation = name == "transaction_isolation"
        once = SetTransaction(
            "next",
            str(value) if is_isolation else None,
            None if is_isolation else bool(value),
        )
        return lambda: set_transaction(session, once)

    def store() -> None:
        _store_session(session, name, value)

    return store


def _store_session(session: Session, name: str, value: Value) -> None:
    put = session.variables.put
    if name in ("last_insert_id", "identity"):
        assert isinstance(value, int)
        session.last_insert_id = value
        return
    put(name, value)
    if name == "character_set_connection":
        put("collation_connection", charsets.default_collation(str(value)).name)
    elif name == "collation_connection":
        put("character_set_connection", charsets.BY_NAME[str(value)].charset.name)
    elif name in ("character_set_server", "character_set_database"):
        put(name.replace("character_set", "collation"), charsets.default_collation(str(value)).name)
    elif name in ("collation_server", "collation_database"):
        charset = charsets.BY_NAME[str(value)].charset.name
        put(name.replace("collation", "character_set"), charset)
    session.track(name, variables.show(value))


# SET NAMES, SET CHARACTER SET


def _names_store(session: Session, assignment: Assignment) -> Store:
    value = assignment.value
    charset = value.word if isinstance(value, Bare) else None
    only = assignment.name == _CHARACTER_SET
    return lambda: set_names(session, SetNames(charset, character_set_only=only))


def set_names(session: Session, statement: SetNames) -> None:
    """The three character sets of a connection at once; ERROR 1115, 1231, 1253, 1273."""
    variable = variables.find("character_set_client")
    name = statement.charset or "utf8mb4"
    charset = str(variables.check(variable, name, session.warn))
    collation = charsets.default_collation(charset).name
    if statement.collation is not None:
        checked = variables.check(
            variables.find("collation_connection"), statement.collation, session.warn
        )
        collation = str(checked)
        if charsets.BY_NAME[collation].charset.name != charset:
            raise SqlError(1253, collation, charset)
    connection = charset
    if statement.character_set_only:
        connection = str(session.system_variable("character_set_database"))
        collation = str(session.system_variable("collation_database"))
    put = session.variables.put
    put("character_set_client", charset)
    put("character_set_results", charset)
    put("character_set_connection", connection)
    put("collation_connection", collation)
    for tracked, stored in (
        ("character_set_client", charset),
        ("character_set_connection", connection),
        ("character_set_results", charset),
    ):
        session.track(tracked, stored)
    session.variables_changed()


# SET TRANSACTION


def set_transaction(session: Session, statement: SetTransaction) -> None:
    """For the next transaction (ERROR 1568 inside one), the session, or everybody."""
    transaction = session.transaction
    if statement.scope == "next":
        if transaction.in_transaction:
            raise SqlError(1568)
        if statement.isolation is not None:
            transaction.next_isolation = statement.isolation
        if statement.read_only is not None:
            transaction.next_read_only = statement.read_only
        return
    put = session.node.globals.put if statement.scope == "global" else session.variables.put
    if statement.isolation is not None:
        put("transaction_isolation", statement.isolation)
    if statement.read_only is not None:
        put("transaction_read_only", statement.read_only)
    session.variables_changed()
