"""What the engine of this node has done and holds: figures of SHOW STATUS and of its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from btree.state import (
    ST_COMMITS,
    ST_LOCK_COUNT,
    ST_PURGED,
    ST_ROLLBACKS,
    ST_ROWS_DELETED,
    ST_ROWS_INSERTED,
    ST_ROWS_READ,
    ST_ROWS_UPDATED,
    ST_UNDO_PAGES,
)
from redo.state import ST_NEXT_LSN, ST_VDL

if TYPE_CHECKING:
    from btree.pool import BufferPool


def pool_figures(pool: BufferPool) -> dict[str, int]:
    """The buffer pool, by the names of SHOW STATUS without `Innodb_buffer_pool_`."""
    page_bytes = 1 << pool.page_shift
    data = pool.frames - pool.free
    dirty = pool.not_durable()
    return {
        "pages_data": data,
        "bytes_data": data * page_bytes,
        "pages_dirty": dirty,
        "bytes_dirty": dirty * page_bytes,
        "pages_flushed": 0,  # the log is the database: nothing is written back
        "pages_free": pool.free,
        "pages_misc": 0,
        "pages_total": pool.frames,
        "read_ahead_rnd": 0,
        "read_ahead": pool.read_ahead,
        "read_ahead_evicted": 0,
        "read_requests": pool.hits + pool.misses,
        "reads": pool.reads,
        "wait_free": pool.waits,
    }


def status_figures(engine: Any) -> dict[str, int]:
    """Rows of SHOW STATUS that begin with Innodb_."""
    st, pool = engine.st, engine.pool
    page_bytes = 1 << pool.page_shift
    read = pool.reads + pool.read_ahead
    figures = {f"buffer_pool_{name}": value for name, value in pool_figures(pool).items()}
    figures |= {
        "data_read": read * page_bytes,
        "data_reads": read,
        "os_log_written": int(st[ST_NEXT_LSN]) - engine.first_lsn,
        "page_size": page_bytes,
        "pages_created": engine.pages_created,
        "pages_read": read,
        "pages_written": 0,
        "redo_log_current_lsn": int(st[ST_NEXT_LSN]),
        "redo_log_flushed_to_disk_lsn": int(st[ST_VDL]),
        "rows_deleted": int(st[ST_ROWS_DELETED]),
        "rows_inserted": int(st[ST_ROWS_INSERTED]),
        "rows_read": int(st[ST_ROWS_READ]),
        "rows_updated": int(st[ST_ROWS_UPDATED]),
    }
    return {f"Innodb_{name}": value for name, value in figures.items()}


def metrics(engine: Any) -> list[tuple[str, str, int, str, str]]:
    """(name, subsystem, value, type, comment) of information_schema.INNODB_METRICS."""
    st, pool = engine.st, engine.pool
    page_bytes = 1 << pool.page_shift
    made = [
        ("buffer_pool_size", "server", pool.frames * page_bytes, "value", "Buffer pool in bytes"),
        ("lock_row_lock_current", "lock", int(st[ST_LOCK_COUNT]), "value", "Row locks held"),
        ("trx_rw_commits", "transaction", int(st[ST_COMMITS]), "counter", "Commits with changes"),
        ("trx_rollbacks", "transaction", int(st[ST_ROLLBACKS]), "counter", "Rollbacks"),
        ("trx_active_transactions", "transaction", engine.active_count, "value", "With changes"),
        (
            *("trx_rseg_history_len", "transaction", engine.history_length, "value"),
            "Ended transactions whose old versions are kept",
        ),
        (
            *("trx_undo_pages", "transaction", int(st[ST_UNDO_PAGES]), "value"),
            "Undo pages appended less undo pages freed since the start",
        ),
        ("purge_undo_records", "purge", int(st[ST_PURGED]), "counter", "Undo records passed"),
        ("dml_reads", "dml", int(st[ST_ROWS_READ]), "counter", "Rows read"),
        ("dml_inserts", "dml", int(st[ST_ROWS_INSERTED]), "counter", "Rows inserted"),
        ("dml_deletes", "dml", int(st[ST_ROWS_DELETED]), "counter", "Rows deleted"),
        ("dml_updates", "dml", int(st[ST_ROWS_UPDATED]), "counter", "Rows updated"),
    ]
    for name, value in pool_figures(pool).items():
        kind = "counter" if name in _COUNTED else "value"
        comment = f"Innodb_buffer_pool_{name}"
        made.append((f"buffer_pool_{name}", "buffer", value, kind, comment))
    return sorted(made)


_COUNTED = frozenset({"read_ahead", "read_ahead_rnd", "read_ahead_evicted", "read_requests"}) | {
    "reads",
    "wait_free",
    "pages_flushed",
}
