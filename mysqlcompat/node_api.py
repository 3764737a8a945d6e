"""What a session needs from the node it runs on: the seam between one connection and the process.

The composition root builds one object per process that satisfies `Node`; tests build a small one
around an engine on a `LocalVolume`. A session never reaches around it to redo or processes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from mysqlcompat.metadata_locks import MetadataLocks
from redo.control import Control

if TYPE_CHECKING:
    from mysqlcompat.lane.lane import Lane
    from mysqlcompat.plan_cache import PlanCache
    from mysqlcompat.session import Session
    from mysqlcompat.variables import GlobalVariables
    from mysqlcompat.write_gate import WriteGate


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """One row of information_schema.replica_host_status."""

    server_id: str
    is_writer: bool
    session_id: str  #: MASTER_SESSION_ID for the writer, a UUID for a reader
    lag_ms: float = 0.0
    last_update_us: int = 0  #: wall clock, µs since 1970
    cpu_percent: float = 0.0
    durable_lsn: int = 0
    applied_lsn: int = 0
    view_trx_id: int = 0  #: lowest transaction that its oldest open view does not show, 0: none
    view_session: int = 0  #: connection that holds this view, 0: none does


class ProcessList:
    """The sessions of one node by connection id; KILL and SHOW PROCESSLIST look here."""

    def __init__(self) -> None:
        self._sessions: dict[int, Session] = {}
        self.locks = MetadataLocks()
        self.deadlock = ""  #: the latest, described
        self._next_id = 8  # MySQL's first client id is small too; 0 means "nobody" to the engine

    def next_id(self) -> int:
        """A connection id never given before by this node."""
        self._next_id += 1
        return self._next_id - 1

    def add(self, session: Session) -> None:
        self._sessions[session.connection_id] = session

    def remove(self, session: Session) -> None:
        self._sessions.pop(session.connection_id, None)

    def get(self, connection_id: int) -> Session | None:
        return self._sessions.get(connection_id)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def __len__(self) -> int:
        return len(self._sessions)


@dataclass(slots=True)
class Counters:
    """What SHOW GLOBAL STATUS counts on this node; bumped by sessions and the lane. Bytes are those
    of sessions that have ended."""

    started_us: int = 0
    connections: int = 0
    max_used_connections: int = 0
    aborted_connects: int = 0
    aborted_clients: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    questions: int = 0
    slow_queries: int = 0
    commands: dict[str, int] = field(default_factory=dict)  #: "select" → Com_select

    def count(self, command: str, times: int = 1) -> None:
        self.commands[command] = self.commands.get(command, 0) + times


class Node(Protocol):
    """One database process: a writer, or a reader which follows the writer's stream."""

    engine: Any  #: btree.engine.Engine, or replicas' ReadEngine
    read_only: bool  #: every write is answered with ERROR 1290
    disk_full: bool  #: changes are answered with ERROR 1021
    gate: WriteGate  #: changes wait there while the volume has no write quorum
    server_id: str  #: Aurora's instance name: @@aurora_server_id
    processlist: ProcessList
    counters: Counters
    globals: GlobalVariables  #: values of the GLOBAL system variables
    plans: PlanCache
    config: Mapping[str, Any]  #: "port", "data", "version" … as started
    control: Control  #: words that all processes of the cluster share

    @property
    def lane(self) -> Lane | None:
        """What serves hot statements without Python; None where there is no lane."""

    def recall(self) -> None:
        """Have the sessions told what the lane has served for them so far."""

    def is_committing(self, session: Session) -> bool:
        """Does a commit of this session, which the lane serves, wait to be durable?"""

    def durable(self, lsn: int) -> Awaitable[None]:
        """Done as soon as VDL >= lsn, with the log published meanwhile; blocks nobody else."""

    def clock_us(self) -> int:
        """Wall clock, µs since 1970."""

    def ask_supervisor(self, request: dict[str, Any]) -> Awaitable[dict[str, Any]]:
        """Have the supervisor do something (`operations.py`). Raises VolumeError."""

    def volume_status(self) -> dict[str, Any]:
        """What storage says of the volume (`redo.health`), as far as it answers."""

    def replica_status(self) -> list[ReplicaStatus]:
        """The writer first, then every reader that is alive."""


def sleep(seconds: float) -> Awaitable[None]:
    """SLEEP() and lock timeouts: the loop's own clock, so that simulations can replace it."""
    return asyncio.sleep(seconds)
