"""Information about the session, variables, and other functions without a family."""

from __future__ import annotations

import ipaddress
import uuid
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
from mysqlcompat.sql.typed import Call, Expression
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
        context.last_insert_id = value[0]
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


@define("uuid", "", text(36), once=False, pure=False)
def make_uuid(context: Context, call: Call) -> str:
    return str(uuid.uuid1())


@define("is_uuid", "s", BOOL, nullable=True)
def is_uuid(context: Context, call: Call, value: Any) -> int:
    shown = value if isinstance(value, str) else value.decode("latin-1")
    stripped = shown[1:-1] if shown.startswith("{") and shown.endswith("}") else shown
    try:
        parsed = uuid.UUID(stripped)
    except ValueError:
        return 0
    return int(stripped.lower() in (str(parsed), parsed.hex))


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
    return None if count is None or count < 0 else 0


@define("inet_aton", "s", integer(21, unsigned=True), nullable=True)
def inet_aton(context: Context, call: Call, value: str) -> int | None:
    parts = value.split(".")
    if not 1 <= len(parts) <= 4 or not all(part.isdigit() and int(part) < 256 for part in parts):
        context.warn(1411, f"Incorrect string value: ''{value}'' for function inet_aton")
        return None
    numbers = [int(part) for part in parts]
    numbers[-1:-1] = [0] * (4 - len(numbers))
    return int.from_bytes(bytes(numbers), "big")


@define("inet_ntoa", "i", text(31))
def inet_ntoa(context: Context, call: Call, value: int) -> str | None:
    return str(ipaddress.IPv4Address(value)) if 0 <= value < 1 << 32 else None


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
