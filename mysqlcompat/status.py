"""SHOW STATUS: counters of the node and the session by MySQL's names; Lane_statements is ours."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from mysqlcompat.engine_status import status_figures
from mysqlcompat.information_schema import volume
from mysqlcompat.lane.lane_layout import L_SERVED
from mysqlcompat.wire.constants import CLIENT_COMPRESS
from mysqlcompat.wire.framing import COMPRESSION_LEVEL
from redo.timeline import clock_text

if TYPE_CHECKING:
    from mysqlcompat.node_api import Node
    from mysqlcompat.session import Session

_COMMANDS: Final = (
    "alter_table", "analyze", "begin", "check", "commit", "create_db", "create_index",
    "create_table", "delete", "do", "drop_db", "drop_index", "drop_table", "execute_sql",
    "explain_other", "flush", "insert", "kill", "optimize", "prepare_sql", "release_savepoint",
    "rename_table", "replace", "rollback", "rollback_to_savepoint", "savepoint", "select",
    "set_option", "show_charsets", "show_collations", "show_create_db", "show_create_table",
    "show_databases", "show_engine_status", "show_errors", "show_fields", "show_grants",
    "show_keys",
    "show_plugins", "show_privileges", "show_processlist", "show_status", "show_storage_engines",
    "show_table_status", "show_tables", "show_triggers", "show_variables", "show_warnings",
    "truncate", "unlock_tables", "update", "use_db", "with",
)  # fmt: skip


def status_rows(session: Session) -> list[tuple[str, str]]:
    """(Variable_name, Value), sorted by name."""
    node, client = session.node, session.client
    counters = node.counters
    received, sent = _traffic(node)
    compressed = bool(client.capabilities & CLIENT_COMPRESS)
    rows: dict[str, object] = {
        "Aborted_clients": counters.aborted_clients,
        "Aborted_connects": counters.aborted_connects,
        "Bytes_received": received,
        "Bytes_sent": sent,
        "Compression": "ON" if compressed else "OFF",
        "Compression_algorithm": "zlib" if compressed else "",
        "Compression_level": COMPRESSION_LEVEL if compressed else 0,
        "Connections": counters.connections,
        "Lane_statements": 0 if node.lane is None else int(node.lane.words[L_SERVED]),
        "Max_used_connections": counters.max_used_connections,
        "Queries": counters.questions,
        "Questions": counters.questions,
        "Slow_queries": counters.slow_queries,
        "Ssl_cipher": client.cipher,
        "Ssl_version": client.tls_version,
        "Threads_connected": len(node.processlist),
        "Threads_running": sum(one.command != "Sleep" for one in node.processlist),
        "Uptime": uptime_s(session),
        "Uptime_since_flush_status": uptime_s(session),
    }
    rows |= status_figures(node.engine)
    rows |= volume.counters(node)
    rows |= _backup_figures(session) | _backtrack_figures(session)
    for command in _COMMANDS:
        rows[f"Com_{command}"] = counters.commands.get(command, 0)
    return sorted((name, str(value)) for name, value in rows.items())


def _traffic(node: Node) -> tuple[int, int]:
    """Bytes received and sent by all connections there are and have been."""
    received, sent = node.counters.bytes_received, node.counters.bytes_sent
    for session in node.processlist:
        more_received, more_sent = session.client.traffic()
        received, sent = received + more_received, sent + more_sent
    return received, sent


def _backup_figures(session: Session) -> dict[str, object]:
    """What storage says of the archive; nothing when there is none, or storage does not answer."""
    if not session.node.config.get("backup_url"):
        return {}
    archive = session.node.volume_status()["archive"]
    if not archive:
        return {}
    return {
        "Backup_archived_lsn": archive["archived"],
        "Backup_earliest_restorable_time": archive["earliest"],
        "Backup_lag_bytes": archive["lag_bytes"],
        "Backup_lag_ms": archive["lag_ms"],
        "Backup_last_error": archive["error"],
        "Backup_latest_restorable_time": archive["latest"],
        "Backup_retention_days": archive["retention_days"],
    }


def _backtrack_figures(session: Session) -> dict[str, object]:
    """How far back in time the volume can be taken, and what that takes; nothing when it cannot."""
    if not session.node.config.get("backtrack_window"):
        return {}
    kept = session.node.volume_status().get("backtrack")
    if kept is None:
        return {}
    earliest_us = kept["earliest_us"]
    ago_s = max(0, time.time_ns() // 1000 - earliest_us) // 1_000_000 if earliest_us else 0
    return {
        "Backtrack_earliest_time": clock_text(earliest_us) if earliest_us else "",
        "Backtrack_journeys": kept["journeys"],
        "Backtrack_log_bytes": kept["log_bytes"],
        "Backtrack_window_actual_s": ago_s,
        "Backtrack_window_s": session.node.config["backtrack_window"],
    }


def uptime_s(session: Session) -> int:
    return max(0, time.time_ns() // 1000 - session.node.counters.started_us) // 1_000_000
