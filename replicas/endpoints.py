"""Which node answers on which endpoint. Pure: names in, names out.

The listening sockets belong to the supervisor; a node accepts on those which this module gives it.
All replicas accept from one shared reader socket, so a connection is never refused while one of
them, or the supervisor that restarts them, is there.
"""

from __future__ import annotations

from typing import Final

from replicas.failover import WRITER

WRITER_ENDPOINT: Final = "writer"
READER_ENDPOINT: Final = "reader"


def replica_name(number: int) -> str:
    """Name of the replica with this number, from 1."""
    return f"replica-{number}"


def replica_number(name: str) -> int | None:
    """Place of the replica called `name` in the control block, from 0; None for others."""
    return int(name.removeprefix("replica-")) - 1 if name.startswith("replica-") else None


def endpoints_of(name: str, replica_count: int) -> tuple[str, ...]:
    """Endpoints the node `name` accepts on; without replicas the writer serves readers as well."""
    if name == WRITER:
        return (WRITER_ENDPOINT, READER_ENDPOINT) if replica_count == 0 else (WRITER_ENDPOINT,)
    return (READER_ENDPOINT,)
