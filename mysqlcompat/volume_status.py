"""`mysqlcompat storage status`: how each copy of a volume is, and who keeps what, for people."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from mysqlcompat.config import format_size
from mysqlcompat.control_socket import Fields, ask
from mysqlcompat.startup import lock_volume
from redo.errors import VolumeError
from redo.timeline import clock_text
from redo.volumes import refuse_old_layout, volume_path

MIB: Final = 1 << 20


def storage_status(data: Path, volume: str, as_json: bool) -> int:
    """`mysqlcompat storage status`: of a volume that is served, or of one that is not."""
    refuse_old_layout(data)
    path = volume_path(data, volume)
    if not path.is_dir():
        raise VolumeError(f"there is no volume {volume} in {data}")
    status = ask(path, {"do": "status"})
    if status is None:
        status = _of_files(data, volume)
    if as_json:
        sys.stdout.write(json.dumps(status, indent=1) + "\n")
    else:
        sys.stdout.write("\n".join(text_of(volume, status)) + "\n")
    return 0


def _of_files(data: Path, volume: str) -> Fields:
    lock_fd = lock_volume(data, volume)
    try:
        from mysqlcompat.progress import compile_kernels

        compile_kernels()
        from redo.inspection import inspect

        return inspect(str(volume_path(data, volume)))
    finally:
        os.close(lock_fd)


def text_of(volume: str, status: Fields) -> list[str]:
    """Lines for people."""
    served = "" if status.get("served", True) else " (not served)"
    lines = [f"volume {volume}: {status['state']}{served}"]
    if "groups" in status:
        size = format_size(status["group_bytes"])
        lines.append(
            f"VDL {status['vdl']}, epoch {status['epoch']}, membership"
            f" {status['membership_epoch']}, protection groups {status['groups']} of {size}"
        )
    lines += _clock_lines(status)
    rows: list[tuple[str, ...]] = [
        ("COPY", "STATE", "HEALTH", "SCL", "BEHIND", "CHECKPOINT", "LOG", "PAGES", "NOTES")
    ]
    rows += [_copy_row(row) for row in status["copies"]]
    lines += ["", *_aligned(rows)]
    if status["pins"]:
        pins = [("PINNED BY", "FROM LSN", "BEHIND")]
        pins += [(p["who"], str(p["lsn"]), _size(p["behind_bytes"])) for p in status["pins"]]
        lines += ["", *_aligned(pins)]
    if status["archive"]:
        lines += ["", _backup_line(status["archive"])]
    return lines


def _clock_lines(status: Fields) -> list[str]:
    """Said when this host's clock was turned back since the volume was last written to."""
    ahead_s = status.get("ahead_us", 0) // 1_000_000
    if not ahead_s:
        return []
    return [
        f"its log is of {clock_text(status['batch_us'])} UTC, {ahead_s} s ahead of this host:"
        " what is committed until then is all of that moment"
    ]


def _backup_line(archive: dict[str, Any]) -> str:
    window = f"restorable from {archive['earliest']} to {archive['latest']} UTC"
    behind = f"backup: {_size(archive['lag_bytes'])} behind"
    trouble = f"; {archive['error']}" if archive["error"] else ""
    return f"{behind}, {window if archive['latest'] else 'nothing restorable yet'}{trouble}"


def _copy_row(row: dict[str, Any]) -> tuple[str, ...]:
    notes = [row[name] for name in ("reason", "simulated") if row.get(name)]
    counts = [f"{row[name]} {name}" for name in ("damaged", "mended", "rebuilt") if row.get(name)]
    return (
        *(row["copy"], row["state"], row["health"], str(row["durable"])),
        *(_size(row["behind_bytes"]), str(row.get("checkpoint", ""))),
        *(_size(row.get("log_bytes")), _size(row.get("page_bytes")), ", ".join([*notes, *counts])),
    )


def _size(count: int | None) -> str:
    if count is None:
        return ""
    return f"{count / MIB:.1f} MiB" if count >= MIB // 10 else f"{count} B"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
