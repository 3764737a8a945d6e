"""Information about the session, variables, and other functions without a family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import (
    BIGINT,
    BOOL,
    build_as,
    define,
    implement,
    integer,
    text,
)
from mysqlcompat.functions.table import Context, Suspended
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Expression, Literal
from mysqlcompat.sqltypes import string_type


@build_as("version", 0)
def build_version(typing: Typing, args: Sequence[Expression]) -> Expression:
    value = str(typing.context.system_variable("version", ""))
    return typing.call("version", string_type(len(value), typing.context.collation, False, 3))


@implement("version", pure=False)
def version(context: Context, call: Call) -> str:
    return str(context.system_variable("version", ""))


@define("aurora_version", "", text(20), pure=False)
def aurora_version(context: Context, call: Call) -> str:
    return str(context.system_variable("aurora_version", ""))


@define("database schema", "", text(64), pure=False)
def database(context: Context, call: Call) -> str | None:
    return context.database


@define("user session_user system_user", "", text(288), pure=False)
def user(context: Context, call: Call) -> str:
    return context.user


@define("current_user", "", text(288), pure=False)
def current_user(context: Context, call: Call) -> str:
    return context.account


@define("connection_id", "", integer(21, unsigned=True), nullable=False, pure=False)
def connection_id(context: Context, call: Call) -> int:
    return context.connection_id


@define("last_insert_id", "i", integer(21, unsigned=True), required=0, once=False, pure=False)
def last_insert_id(context: Context, call: Call, *value: int) -> int:
    """LAST_INSERT_ID(n) also sets what the next LAST_INSERT_ID() gives."""
    if value:
        context.last_insert_id = context.asked_insert_id = value[0] & (1 << 64) - 1
    return context.last_insert_id


@define("row_count", "", BIGINT, nullable=False, pure=False)
def row_count(context: Context, call: Call) -> int:
    return context.row_count


@define("found_rows", "", BIGINT, nullable=False, pure=False)
def found_rows(context: Context, call: Call) -> int:
    context.warn(
        1287,
        "FOUND_ROWS() is deprecated and will be removed in a future release. "
        "Consider using COUNT(*) instead.",
    )
    return context.found_rows


@define("charset", "x", text(64), nullable=True, null_rejects=False)
def charset(context: Context, call: Call, value: Any) -> str:
    return call.args[0].type.charset


@define("collation", "x", text(64), nullable=True, null_rejects=False)
def collation(context: Context, call: Call, value: Any) -> str:
    return call.args[0].type.collation


@define("coercibility", "x", integer(10), nullable=False, null_rejects=False)
def coercibility(context: Context, call: Call, value: Any) -> int:
    return call.args[0].type.coercibility


@define("benchmark", "ix", integer(1), nullable=True, once=False, null_rejects=False)
def benchmark(context: Context, call: Call, count: int | None, value: Any) -> int | None:
    if count is not None and count < 0:
        context.warn(1411, f"Incorrect count value: '{count}' for function benchmark")
        return None
    return None if count is None else 0


@define("current_role", "", text(50331648), pure=False)
def current_role(context: Context, call: Call) -> str:
    """No roles: there are no grants yet."""
    return "NONE"


@define("icu_version", "", text(8))
def icu_version(context: Context, call: Call) -> str:
    """The ICU whose expressions are understood (`icu_pattern`)."""
    return "77.1"


@define("ps_current_thread_id", "", integer(21, unsigned=True), nullable=False, pure=False)
def ps_current_thread_id(context: Context, call: Call) -> int:
    return context.connection_id


@define("ps_thread_id", "i", integer(21, unsigned=True), nullable=True, pure=False)
def ps_thread_id(context: Context, call: Call, connection: int) -> int | None:
    return connection if connection == context.connection_id else None


@build_as("name_const", 2)
def build_name_const(typing: Typing, args: Sequence[Expression]) -> Expression:
    """NAME_CONST('name', literal): what statements of stored programs are written with."""
    name, value = args
    if isinstance(name, Literal) and name.value is None:
        raise SqlError(1382, "NAME_CONST")
    if isinstance(value, Call) and value.function.name == "neg":
        inner: Expression = value.args[0]
    else:
        inner = value
    if not isinstance(name, Literal) or not isinstance(inner, Literal):
        raise SqlError(1210, "NAME_CONST")
    return value


@implement("user variable", null_rejects=False, once=False, pure=False)
def user_variable(context: Context, call: Call, name: str) -> Any:
    return context.user_variable(name)[0]


@implement("set user variable", null_rejects=False, once=False, pure=False)
def set_user_variable(context: Context, call: Call, name: str, value: Any) -> Any:
    context.set_user_variable(name, value, call.args[1].type)
    context.warn(
        1287,
        "Setting user variables within expressions is deprecated and will be removed in a future "
        "release. Consider alternatives: 'SET variable=expression, ...', or "
        "'SELECT expression(s) INTO variables(s)'.",
    )
    return value


@implement("system variable", null_rejects=False, pure=False)
def system_variable(context: Context, call: Call, name: str, scope: str) -> Any:
    value = context.system_variable(name, scope)
    return int(value) if isinstance(value, bool) else value


@implement("collate")
def collate(context: Context, call: Call, value: Any) -> Any:
    return value


@define("sleep", "d", BIGINT, nullable=False, once=False, pure=False, null_rejects=False)
def sleep(context: Context, call: Call, seconds: float | None) -> int:
    """Evaluation cannot wait, so it breaks off with `Suspended` until its caller has done so; then
    it is begun anew and gets here the results of the calls that are over."""
    if seconds is None or seconds < 0:
        raise SqlError(1210, "sleep.")
    return int(context.effects.once(lambda: _sleep(float(seconds))))


def _sleep(seconds: float) -> int:
    raise Suspended(lambda session, uses_tables: session.sleep(seconds, uses_tables))


# Locks by name

_COUNT = integer(21, unsigned=True)


@define("get_lock", "si", BOOL, nullable=True, once=False, pure=False, null_rejects=False)
def get_lock(context: Context, call: Call, name: Any, timeout_s: int | None) -> int:
    return int(context.effects.once(lambda: context.user_locks.get(name, timeout_s)))


@define("release_lock", "s", BOOL, nullable=True, once=False, pure=False, null_rejects=False)
def release_lock(context: Context, call: Call, name: Any) -> Any:
    return context.effects.once(lambda: context.user_locks.release(name))


@define("release_all_locks", "", _COUNT, nullable=False, once=False, pure=False)
def release_all_locks(context: Context, call: Call) -> Any:
    return context.effects.once(lambda: context.user_locks.release_all())


@define("is_free_lock", "s", BOOL, nullable=True, once=False, pure=False, null_rejects=False)
def is_free_lock(context: Context, call: Call, name: Any) -> int:
    return int(context.effects.once(lambda: context.user_locks.holder(name)) is None)


@define("is_used_lock", "s", _COUNT, nullable=True, once=False, pure=False, null_rejects=False)
def is_used_lock(context: Context, call: Call, name: Any) -> Any:
    return context.effects.once(lambda: context.user_locks.holder(name))
