"""System variables: the table, what SET may store, and what SHOW prints."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mysqlcompat import variables
from mysqlcompat.errors import SqlError
from mysqlcompat.variables import GlobalVariables, check, find, show


def stored(name: str, value: Any) -> tuple[Any, list[int]]:
    warnings: list[int] = []
    result = check(find(name), value, lambda errno, message: warnings.append(errno))
    return result, warnings


def test_every_default_may_be_assigned() -> None:
    for variable in variables.VARIABLES.values():
        if not variable.read_only and variable.default not in (None, ""):
            given = variable.default
            assert stored(variable.name, given) == (given, []), variable.name


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("autocommit", "off", False),
        ("autocommit", 1, True),
        ("max_error_count", 10, 10),
        ("transaction_isolation", "read-committed", "READ-COMMITTED"),
        ("transaction_isolation", 3, "SERIALIZABLE"),
        ("sql_mode", 0, ""),
        ("sql_mode", 1 << 19, "NO_AUTO_VALUE_ON_ZERO"),
        ("character_set_results", None, None),
        ("character_set_client", "UTF8", "utf8mb3"),
        ("collation_connection", 46, "utf8mb4_bin"),
        ("time_zone", "+5:30", "+05:30"),
        ("time_zone", "Europe/Berlin", "Europe/Berlin"),
        ("max_allowed_packet", 5000, 4096),
        ("long_query_time", Decimal("0.5"), 0.5),
    ],
)
def test_stored(name: str, value: Any, result: Any) -> None:
    assert stored(name, value) == (result, [])


def test_clamped_with_a_warning() -> None:
    assert stored("max_error_count", 1 << 40) == (65535, [1292])
    assert stored("wait_timeout", -1) == (1, [1292])


@pytest.mark.parametrize(
    ("name", "value", "errno"),
    [
        ("autocommit", 2, 1231),
        ("autocommit", None, 1231),
        ("autocommit", 1.0, 1232),
        ("max_error_count", "x", 1232),
        ("transaction_isolation", "NONE", 1231),
        ("sql_mode", "NONE,ANSI", 1231),
        ("character_set_client", "utf16", 1231),
        ("character_set_client", "x", 1115),
        ("collation_connection", "x", 1273),
        ("time_zone", "+15:00", 1298),
        ("default_storage_engine", "x", 1286),
    ],
)
def test_refused(name: str, value: Any, errno: int) -> None:
    with pytest.raises(SqlError) as caught:
        stored(name, value)
    assert caught.value.errno == errno


def test_unknown() -> None:
    with pytest.raises(SqlError, match="Unknown system variable 'nothing'"):
        find("nothing")


def test_sessions_start_with_the_global_values() -> None:
    node = GlobalVariables([("wait_timeout", 7)])
    session = node.new_session()
    assert session.get("wait_timeout") == 7
    session.put("wait_timeout", 8)
    assert node.get("wait_timeout") == 7
    node.put("max_connections", 3)
    assert session.get("max_connections") == 3
    session.reset()
    assert session.get("wait_timeout") == 7


def test_shown() -> None:
    assert [show(value) for value in (True, False, 5, 10.0, "x", None)] == [
        "ON", "OFF", "5", "10.000000", "x", "",
    ]  # fmt: skip
