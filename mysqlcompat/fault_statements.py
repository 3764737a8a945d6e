"""ALTER SYSTEM CRASH and SIMULATE: faults of the running cluster, as Aurora's SQL asks for them.

Crashes are kill -9, carried out by the supervisor, which then starts anew what died. *INSTANCE* is
the database process one is connected to, *DISPATCHER* what writes to the volume, the storage
processes, *NODE* both. Simulated faults stand in the control block (`redo.faults`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mysqlcompat import accounts
from mysqlcompat.errors import SqlError
from mysqlcompat.results import Ok
from mysqlcompat.sql import statements as st
from redo import faults
from redo.control import REPLICA_STATE, REPLICAS_MAX, STATE_LIVE, replica_word
from replicas.endpoints import replica_name

if TYPE_CHECKING:
    from mysqlcompat.session import Session


async def crash(session: Session, statement: st.CrashSystem, binary: bool) -> Ok:
    """Kill; whoever asked for the death of its own process gets no answer."""
    accounts.require(session.client.account, "SUPER")
    node = session.node
    request = {"do": "crash", "what": statement.what, "name": node.server_id}
    await node.ask_supervisor(request)
    return Ok()


async def simulate_disk(session: Session, statement: st.SimulateDiskFault, binary: bool) -> Ok:
    """Let copies fail or be slow for a while."""
    accounts.require(session.client.account, "SUPER")
    disks = _disks(statement.place)
    until_us = session.node.clock_us() + statement.interval_s * 1_000_000
    control = session.node.control
    if statement.slower_ms is None:
        faults.fail_disks(control, disks, statement.percent, until_us)
    else:
        low, high = (1000 * ms for ms in statement.slower_ms)
        faults.slow_disks(control, disks, low, high, until_us, statement.percent)
    return Ok()


def _disks(place: tuple[str, int] | None) -> Sequence[int]:
    """Copies that are meant. ERROR 1210 names the highest number there is."""
    if place is None:
        return range(faults.DISKS)
    what, index = place
    count = faults.DISKS if what == "disk" else faults.NODES
    if index >= count:
        text = f"Incorrect arguments to {what.upper()}: {index} is beyond the last, {count - 1}"
        raise SqlError.with_text(1210, text)
    return (index,) if what == "disk" else faults.disks_of_node(index)


async def simulate_replica(
    session: Session, statement: st.SimulateReplicaFault, binary: bool
) -> Ok:
    """Let replicas get less of the log, or none, for a while."""
    accounts.require(session.client.account, "SUPER")
    control = session.node.control
    live = [
        number
        for number in range(REPLICAS_MAX)
        if control.get(replica_word(number, REPLICA_STATE)) == STATE_LIVE
    ]
    if statement.name is not None:
        by_name = {replica_name(number + 1): number for number in live}
        wanted = by_name.get(statement.name)
        if wanted is None:
            known = ", ".join(by_name) or "none"
            text = f"Incorrect arguments to TO: no replica {statement.name}; there are: {known}"
            raise SqlError.with_text(1210, text)
        live = [wanted]
    until_us = session.node.clock_us() + statement.interval_s * 1_000_000
    faults.fail_streams(control, live, statement.percent, until_us)
    return Ok()
