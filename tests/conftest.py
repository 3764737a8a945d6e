"""Options of the whole suite."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

# However slow the machine is; and the same examples on every run: EXPLORE=1 looks for new ones.
settings.register_profile(
    "suite",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="EXPLORE" not in os.environ,
)
settings.load_profile("suite")

#: What takes long, longest first: begun early, the processes that run the tests end together.
LONG = [
    *("test_golden", "simulator/", "test_values", "test_healing", "test_zones", "test_lane_writes"),
    *("test_kill", "test_compilation", "test_volumes", "test_restore", "test_no_quorum"),
    *("test_failpoints", "test_long_values", "test_interpreted", "test_limits", "test_encrypted"),
    *("test_lost_copies", "test_hostile_clients", "test_pages", "test_volume", "test_processes"),
    *("test_examples", "test_tools", "test_supervisor", "test_frozen", "test_full_disk"),
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="record golden scripts from the MySQL at MYSQL_ORACLE=host:port",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {item.path: _place(str(item.path)) for item in items}
    items.sort(key=lambda item: places[item.path])


def _place(path: str) -> int:
    return next((place for place, name in enumerate(LONG) if name in path), len(LONG))


def pytest_collection_finish() -> None:
    gc.freeze()  # thousands of tests and all modules: no collection need look at them again
