"""The volume in SQL: SHOW VOLUME STATUS, counters of storage, and two tables of information_schema.

What is shown comes from `redo.health`: the control block knows the state of every copy also while
storage is down, storage processes add sizes, checkpoints and reasons when they answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from mysqlcompat.write_gate import NO_QUORUM
from redo import faults, health
from redo.quorum import COPIES

if TYPE_CHECKING:
    from mysqlcompat.information_schema.virtual import RowMaker, Wanted
    from mysqlcompat.node_api import Node
    from mysqlcompat.session import Session

Row = tuple[Any, ...]
_COPIES: Final = (
    "COPY_NO int unsigned NOT NULL, COPY_NAME varchar(64) NOT NULL, ZONE varchar(64) NOT NULL, "
    "KIND varchar(16) NOT NULL, STATE varchar(16) NOT NULL, HEALTH varchar(64) NOT NULL, "
    "DURABLE_LSN bigint unsigned NOT NULL, BEHIND_BYTES bigint unsigned NOT NULL, "
    "CHECKPOINT_LSN bigint unsigned, KEPT_LSN bigint unsigned, LOG_BYTES bigint unsigned, "
    "PAGE_BYTES bigint unsigned, PROTECTION_GROUPS int unsigned, MEMBER int unsigned, "
    "REASON varchar(512), SIMULATED varchar(256) NOT NULL, "
    "LOG_WRITES bigint unsigned NOT NULL, LOG_BYTES_WRITTEN bigint unsigned NOT NULL, "
    "LOG_SYNCS bigint unsigned NOT NULL, PAGE_READS bigint unsigned NOT NULL, "
    "PAGE_WRITES bigint unsigned NOT NULL, PAGE_BYTES_WRITTEN bigint unsigned NOT NULL, "
    "SCRUBBED_BYTES bigint unsigned NOT NULL, DAMAGED bigint unsigned NOT NULL, "
    "MENDED bigint unsigned NOT NULL, REBUILT bigint unsigned NOT NULL, "
    "SIMULATED_FAILURES bigint unsigned NOT NULL"
)
_COUNT: Final = ("live", "filling")  #: copies in these states are part of a quorum
_PINS: Final = (
    "HOLDER varchar(128) NOT NULL, LSN bigint unsigned NOT NULL, "
    "BEHIND_BYTES bigint unsigned NOT NULL"
)


def _copies(session: Session, wanted: Wanted) -> Iterator[Row]:
    status = session.node.volume_status()
    for row in status["copies"]:
        yield (
            *(row["copy_no"], row["copy"], row["zone"], row["kind"], row["state"], row["health"]),
            *(row["durable"], row["behind_bytes"]),
            *(row.get("checkpoint"), row.get("kept"), row.get("log_bytes"), row.get("page_bytes")),
            *(status.get("groups"), row.get("member"), row.get("reason") or None),
            row["simulated"],
            *(row[name] for name in health.COUNTERS),
        )


def _pins(session: Session, wanted: Wanted) -> Iterator[Row]:
    for pin in session.node.volume_status()["pins"]:
        yield (pin["who"], pin["lsn"], pin["behind_bytes"])


def status_rows(node: Node) -> list[tuple[str, str]]:
    """SHOW VOLUME STATUS: Aurora's two rows, then the volume, its copies and who keeps what."""
    status = node.volume_status()
    rows: list[tuple[str, object]] = [
        ("Disks", faults.DISKS),
        ("Nodes", faults.NODES),
        ("Volume_state", status["state"]),
        ("Volume_writes", _writes(node, status)),
        ("Volume_durable_lsn", status["vdl"]),
        ("Volume_published_lsn", status["published"]),
        ("Volume_epoch", status["epoch"]),
        ("Membership_epoch", status.get("membership_epoch", "")),
        ("Protection_groups", status.get("groups", "")),
        ("Protection_group_bytes", status.get("group_bytes", "")),
    ]
    if ahead_s := status["ahead_us"] // 1_000_000:
        rows.append(("Volume_clock_ahead_s", ahead_s))
    archive = status["archive"]
    if archive:
        rows += [
            ("Backup_lag_bytes", archive["lag_bytes"]),
            ("Backup_window", f"{archive['earliest']} to {archive['latest']}"),
        ]
    rows += [(f"Copy_{row['copy'].replace('/', '_')}", _copy_text(row)) for row in status["copies"]]
    rows += [
        (f"Pin_{pin['who'].replace(' ', '_')}", f"LSN {pin['lsn']}, {pin['behind_bytes']} behind")
        for pin in status["pins"]
    ]
    rows += [
        (f"Stream_replica-{number + 1}", text)
        for number in range(faults.STREAMS)
        if (text := faults.of_stream(node.control, number).text(node.clock_us()))
    ]
    return [(name, str(value)) for name, value in rows]


def _writes(node: Node, status: dict[str, Any]) -> str:
    """Do changes go on, and if not, for which copies do they wait?"""
    if node.gate.closed or status["state"] in (health.READ_ONLY, health.LOST):
        rows = status["copies"]
        missing = [row["copy"] for row in rows if row["durable"] < status["published"]]
        missing = missing or [row["copy"] for row in rows if row["state"] not in _COUNT]
        return f"{NO_QUORUM}: {', '.join(missing)}"
    return "refused: no room for log" if status["state"] == health.FULL else "go on"


def _copy_text(row: dict[str, Any]) -> str:
    parts = [row["state"], row["health"], f"SCL {row['durable']}"]
    if row.get("log_bytes") is not None:
        parts.append(f"log {row['log_bytes']} bytes")
    if row.get("page_bytes"):
        parts.append(f"pages {row['page_bytes']} bytes")
    parts += [row[name] for name in ("reason", "simulated") if row.get(name)]
    return ", ".join(parts)


def counters(node: Node) -> dict[str, object]:
    """Rows of SHOW STATUS about storage: sums over the six copies."""
    control = node.control
    figures: dict[str, object] = {"Storage_state": health.state_of(control)}
    for name, word in health.COUNTERS.items():
        figures[f"Storage_{name}"] = sum(control.counted(i, word) for i in range(COPIES))
    return figures


TABLES: Final[dict[str, tuple[str, RowMaker]]] = {
    "VOLUME_COPIES": (_COPIES, _copies),
    "VOLUME_PINS": (_PINS, _pins),
}
