"""ALTER SYSTEM: grammar, who may use it, and what it leaves in the control block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from mysqlcompat.errors import SqlError
from mysqlcompat.results import Ok
from mysqlcompat.sql.router import route
from mysqlcompat.sql.statements import CrashSystem, SimulateDiskFault, SimulateReplicaFault
from redo import faults
from redo.control import (
    FAULT_FAILS_UNTIL,
    REPLICA_STATE,
    STATE_LIVE,
    replica_word,
    stream_fault_word,
)
from tests.mysqlcompat.local_node import LocalNode, Talk, local_node

GOOD = {
    "CRASH": CrashSystem("instance"),
    "CRASH INSTANCE": CrashSystem("instance"),
    "crash dispatcher": CrashSystem("dispatcher"),
    "CRASH NODE": CrashSystem("node"),
    "SIMULATE 25 PERCENT DISK FAILURE FOR INTERVAL 3 SECOND": SimulateDiskFault(25, None, None, 3),
    "SIMULATE 100 PERCENT DISK FAILURE IN DISK 4 FOR INTERVAL 2 MINUTE": SimulateDiskFault(
        100, None, ("disk", 4), 120
    ),
    "SIMULATE 7 PERCENT DISK FAILURE NODE 1 FOR INTERVAL 1 WEEK": SimulateDiskFault(
        7, None, ("node", 1), 604800
    ),
    "SIMULATE 50 PERCENT DISK CONGESTION BETWEEN 10 AND 20 MILLISECONDS IN NODE 2"
    " FOR INTERVAL 1 HOUR": SimulateDiskFault(50, (10, 20), ("node", 2), 3600),
    "SIMULATE 9 PERCENT READ REPLICA FAILURE TO ALL FOR INTERVAL 1 DAY": SimulateReplicaFault(
        9, None, 86400
    ),
    "SIMULATE 9 PERCENT READ REPLICA FAILURE FOR INTERVAL 1 DAY": SimulateReplicaFault(
        9, None, 86400
    ),
    "SIMULATE 9 PERCENT READ REPLICA FAILURE TO 'replica-2' FOR INTERVAL 1 QUARTER": (
        SimulateReplicaFault(9, "replica-2", 91 * 86400)
    ),
}
BAD = [
    "",
    "CRASH BOARD",
    "CRASH INSTANCE NOW",
    "RESTART",
    "SIMULATE",
    "SIMULATE PERCENT DISK FAILURE FOR INTERVAL 1 SECOND",
    "SIMULATE 101 PERCENT DISK FAILURE FOR INTERVAL 1 SECOND",
    "SIMULATE -1 PERCENT DISK FAILURE FOR INTERVAL 1 SECOND",
    "SIMULATE 1.5 PERCENT DISK FAILURE FOR INTERVAL 1 SECOND",
    "SIMULATE 10 PERCENT DISK FAILURE",
    "SIMULATE 10 PERCENT DISK FAILURE FOR INTERVAL 1 FORTNIGHT",
    "SIMULATE 10 PERCENT DISK FAILURE IN RACK 1 FOR INTERVAL 1 SECOND",
    "SIMULATE 10 PERCENT DISK CONGESTION FOR INTERVAL 1 SECOND",
    "SIMULATE 10 PERCENT DISK CONGESTION BETWEEN 9 AND 3 MILLISECONDS FOR INTERVAL 1 SECOND",
    "SIMULATE 10 PERCENT DISK CONGESTION BETWEEN 1 AND 3 SECONDS FOR INTERVAL 1 SECOND",
    "SIMULATE 10 PERCENT READ REPLICA FAILURE TO FOR INTERVAL 1 SECOND",
]


@pytest.mark.parametrize("text", GOOD)
def test_grammar(text: str) -> None:
    assert route(f"ALTER SYSTEM {text}") == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_anything_else_is_a_parse_error(text: str) -> None:
    with pytest.raises(SqlError) as caught:
        route(f"ALTER SYSTEM {text}")
    assert caught.value.errno == 1064


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalNode]:
    with local_node(tmp_path_factory.mktemp("node") / "data") as made:
        yield made


def test_only_super_may(node: LocalNode) -> None:
    talk = Talk(node)
    talk.session.client.account = replace(talk.session.client.account, user="somebody")
    for text in GOOD:
        answer = talk.run(f"ALTER SYSTEM {text}")
        assert isinstance(answer, SqlError) and answer.errno == 1227, text
        assert "SUPER" in answer.message
    assert all(faults.of_disk(node.control, disk) == faults.Simulated() for disk in range(6))


def test_faults_are_in_the_control_block_and_in_the_status(node: LocalNode) -> None:
    talk = Talk(node)
    slow = "SIMULATE 100 PERCENT DISK CONGESTION BETWEEN 1 AND 2 MILLISECONDS IN NODE 2"
    assert isinstance(talk.run(f"ALTER SYSTEM {slow} FOR INTERVAL 1 HOUR"), Ok)
    found = [faults.of_disk(node.control, disk) for disk in range(6)]
    assert [one.high_us for one in found] == [0, 0, 0, 0, 2000, 2000]
    assert found[5].text(node.clock_us()).startswith("100 % slower by 1 to 2 ms, 3")
    stop = slow.replace("100 PERCENT", "0 PERCENT")
    assert isinstance(talk.run(f"ALTER SYSTEM {stop} FOR INTERVAL 1 HOUR"), Ok)
    assert faults.of_disk(node.control, 5).text(node.clock_us()) == ""
    beyond = talk.run("ALTER SYSTEM SIMULATE 1 PERCENT DISK FAILURE IN DISK 6 FOR INTERVAL 1 HOUR")
    assert isinstance(beyond, SqlError) and beyond.errno == 1210 and "5" in beyond.message


def test_a_replica_is_named_or_refused(node: LocalNode) -> None:
    talk = Talk(node)
    node.control.put(replica_word(1, REPLICA_STATE), STATE_LIVE)
    fail = "ALTER SYSTEM SIMULATE 100 PERCENT READ REPLICA FAILURE TO '{}' FOR INTERVAL 1 HOUR"
    answer = talk.run(fail.format("replica-1"))
    assert isinstance(answer, SqlError) and answer.errno == 1210 and "replica-2" in answer.message
    assert isinstance(talk.run(fail.format("replica-2")), Ok)
    until = [node.control.get(stream_fault_word(i, FAULT_FAILS_UNTIL)) for i in range(3)]
    assert until[0] == until[2] == 0 and until[1] > node.clock_us()
    node.control.put(replica_word(1, REPLICA_STATE), 0)
