"""Information about the session, variables, and other functions without a family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from btree.schema import TypeKind
from mysqlcompat.convert import convert
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import (
    BIGINT,
    BOOL,
    MAX_CHARACTERS,
    build_as,
    define,
    implement,
    integer,
    text,
)
from mysqlcompat.functions.table import Context, Suspended
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import LEVELS, Call, ColumnRef, Expression, Literal
from mysqlcompat.sqltypes import BINARY, Class, SqlType, charset_of, string_type


def _system(length: int) -> SqlType:
    """A string of the server's own, in the character set of names."""
    return string_type(length, "utf8mb3_general_ci", True, 3)


@build_as("version", 0)
def build_version(typing: Typing, args: Sequence[Expression]) -> Expression:
    value = str(typing.context.system_variable("version", ""))
    return typing.call("version", _system(len(value)).or_null(False))


@implement("version", pure=False, settled=True)
def version(context: Context, call: Call) -> str:
    return str(context.system_variable("version", ""))


@define("aurora_version", "", text(20), pure=False)
def aurora_version(context: Context, call: Call) -> str:
    return str(context.system_variable("aurora_version", ""))


@define("database schema", "", lambda typing, args: _system(64), pure=False, settled=True)
def database(context: Context, call: Call) -> str | None:
    return context.database


@define("user session_user system_user", "", lambda typing, args: _system(288), pure=False)
def user(context: Context, call: Call) -> str:
    return context.user


@define("current_user", "", lambda typing, args: _system(288), pure=False)
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


def _name_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    """The name of a character set or collation counts as a constant."""
    return replace(_system(64), coercibility=4)


@define("charset", "x", _name_type, null_rejects=False)
def charset(context: Context, call: Call, value: Any) -> str:
    return charset_of(collation(context, call, value))


@define("collation", "x", _name_type, null_rejects=False)
def collation(context: Context, call: Call, value: Any) -> str:
    """Of a JSON column MySQL says "binary", of other JSON not."""
    arg = call.args[0]
    is_json_column = isinstance(arg, ColumnRef) and arg.type.cls is Class.JSON
    return BINARY if is_json_column or arg.type.cls is Class.INT else arg.type.collation


_FORMATS: Final = ("date_format", "time_format")


@define("coercibility", "x", integer(10), nullable=False, null_rejects=False)
def coercibility(context: Context, call: Call, value: Any) -> int:
    arg = call.args[0]
    is_bits = isinstance(arg, ColumnRef) and arg.type.kind is TypeKind.BIT
    is_variable = isinstance(arg, Call) and arg.function.name == "user variable"
    is_own = is_bits or is_variable or arg.type.cls is Class.JSON
    while isinstance(arg, Call) and arg.function.name in _FORMATS:
        arg = arg.args[1]  # a text counts as its pattern does, also if that is a number
    return 2 if is_own else arg.type.coercibility


@define("benchmark", "ix", integer(1), nullable=True, once=False, null_rejects=False, waits=True)
def benchmark(context: Context, call: Call, count: int | None, value: Any) -> int | None:
    if count is not None and count < 0:
        context.warn(1411, f"Incorrect count value: '{count}' for function benchmark")
        return None
    return None if count is None else 0


@define("current_role", "", text(12582912), pure=False)
def current_role(context: Context, call: Call) -> str:
    """No roles: there are no grants yet."""
    return "NONE"


@define("roles_graphml", "", text(MAX_CHARACTERS // 4), nullable=False, pure=False)
def roles_graphml(context: Context, call: Call) -> str:
    """The graph of roles granted to roles: there are none."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns '
        'http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">\n'
        '  <key id="key0" for="edge" attr.name="color" attr.type="string" />\n'
        '  <key id="key1" for="node" attr.name="name" attr.type="string" />\n'
        '  <graph id="G" edgedefault="directed" parse.nodeids="canonical" '
        'parse.edgeids="canonical" parse.order="nodesfirst">\n'
        "  </graph>\n</graphml>\n"
    )


@define("icu_version", "", text(8), nullable=False)
def icu_version(context: Context, call: Call) -> str:
    """The ICU whose expressions are understood (`icu_pattern`)."""
    return "77.1"


@define("ps_current_thread_id", "", integer(21, unsigned=True), nullable=False, pure=False)
def ps_current_thread_id(context: Context, call: Call) -> int:
    return context.connection_id


@define("ps_thread_id", "i", integer(21, unsigned=True), nullable=True, pure=False)
def ps_thread_id(context: Context, call: Call, connection: int) -> int | None:
    """The thread of a connection, which has its number."""
    return connection if context.is_connected(connection) else None


GROUPING: Final = "grouping"


@build_as(GROUPING, 1, 999)
def build_grouping(typing: Typing, args: Sequence[Expression]) -> Expression:
    return typing.call(GROUPING, BIGINT, *args)


@implement(GROUPING, null_rejects=False)
def grouping(context: Context, call: Call, level: int | None, *numbers: int) -> int:
    """A bit for each group expression that is not kept at a level; outside of WITH ROLLUP and
    within aggregates, where `sql.rollup` has not put the level before the arguments, 0."""
    if not any(isinstance(arg, ColumnRef) and arg.table_no == LEVELS for arg in call.args[:1]):
        return 0
    bits = 0
    for number in numbers:
        bits = bits << 1 | (number >= (level or 0))
    return bits


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
    return typing.call("any_value", value.type.or_null(), value)


@implement("user variable", null_rejects=False, once=False, pure=False)
def user_variable(context: Context, call: Call, name: str) -> Any:
    value, known = context.user_variable(name)
    if value is None or known is None:
        return None
    return convert(context, value, known, call.type, False)


@implement("set user variable", null_rejects=False, once=False, pure=False)
def set_user_variable(context: Context, call: Call, name: str, value: Any) -> Any:
    context.set_user_variable(name, value, call.type)
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
