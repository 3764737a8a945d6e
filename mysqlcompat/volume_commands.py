"""`mysqlcompat snapshot`, `clone`, `volume`, `backtrack`.

Each asks the supervisor that serves the volume, over its control socket. When nobody serves it, the
command takes the volume's lock, opens the volume as a start would, and does the same itself.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mysqlcompat.config import BadOption
from mysqlcompat.control_socket import Fields, ask
from mysqlcompat.startup import LOCK_NAME, lock_volume
from redo import frozen
from redo.disk import FileDisk
from redo.errors import VolumeError
from redo.metadata import VOLUME_FILE, load_volume
from redo.timeline import clock_text, refuse_future
from redo.volumes import SNAPSHOTS, VOLUMES, refuse_old_layout, snapshot_path, volume_path

if TYPE_CHECKING:
    from redo.storage import Storage

_RING_BYTES = 4 << 20
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def parse_moment(text: str) -> int:
    """µs since 1970 of ``YYYY-MM-DD HH:MM:SS[.ffffff]``, UTC. Raises BadOption."""
    form = "%Y-%m-%d %H:%M:%S.%f" if "." in text else "%Y-%m-%d %H:%M:%S"
    try:
        moment = datetime.strptime(text, form).replace(tzinfo=UTC) - _BEGINNING
    except ValueError:
        raise BadOption(f"{text!r} is not a moment: write 'YYYY-MM-DD HH:MM:SS[.ffffff]'") from None
    return (moment.days * 86400 + moment.seconds) * 1_000_000 + moment.microseconds


# -- snapshots ------------------------------------------------------------------------------


def create_snapshot(data: Path, volume: str, name: str) -> int:
    """Freeze a volume under a name."""
    path = snapshot_path(data, name)
    done = _freeze(data, volume, path, {"do": "snapshot", "name": name})
    _say(f"snapshot {name} of {volume}: {_state(done)}")
    return 0


def list_snapshots(data: Path) -> int:
    """One line per snapshot."""
    _must_be_data(data)
    rows = [("NAME", "FROM", "TAKEN (UTC)", "PAGES", "LOG")]
    for path in _directories(data / SNAPSHOTS):
        found = frozen.load(FileDisk(), path)
        sizes = (_size(found.page_bytes), _size(found.log_bytes))
        rows.append((path.name, found.volume.origin, clock_text(found.clock_us), *sizes))
    _table(rows)
    return 0


def drop_snapshot(data: Path, name: str) -> int:
    """Remove a snapshot; what was restored from it stays."""
    path = snapshot_path(data, name)
    _must_exist(path, "snapshot", name, data)
    found = frozen.load(FileDisk(), path)
    if found.elsewhere:
        _ask_about_zones(data, found, {"do": "drop snapshot", "name": name})
    else:
        frozen.remove(FileDisk(), path)
    _say(f"snapshot {name} is gone")
    return 0


def restore_snapshot(data: Path, name: str, to: str) -> int:
    """Make a volume of a snapshot."""
    source = snapshot_path(data, name)
    _must_exist(source, "snapshot", name, data)
    disk = FileDisk()
    found = frozen.load(disk, source)
    if found.elsewhere:
        _ask_about_zones(data, found, {"do": "restore snapshot", "name": name, "to": to})
        made = found
    else:
        volume = frozen.heir(found, f"snapshot {name}")
        made = frozen.refreeze(disk, source, volume_path(data, to), volume)
    _say(f"volume {to} from snapshot {name}: state of {clock_text(made.clock_us)} UTC")
    return 0


# -- volumes --------------------------------------------------------------------------------


def clone(data: Path, source: str, to: str) -> int:
    """Make a volume with the present state of another one."""
    done = _freeze(data, source, volume_path(data, to), {"do": "clone", "to": to})
    _say(f"volume {to} is a clone of {source}: {_state(done)}")
    return 0


def list_volumes(data: Path) -> int:
    """One line per volume."""
    _must_be_data(data)
    disk = FileDisk()
    rows = [("NAME", "STATE", "FROM")]
    for path in _directories(data / VOLUMES):
        folded = frozen.is_folded(disk, path)
        if not folded and not (path / VOLUME_FILE).exists():
            continue  # being made
        state = "not opened yet" if folded else "served" if _is_served(path) else "stopped"
        volume = frozen.load(disk, path).volume if folded else load_volume(disk, str(path))
        rows.append((path.name, state, volume.origin))
    _table(rows)
    return 0


def drop_volume(data: Path, name: str) -> int:
    """Remove a volume nobody serves; its clones and snapshots stay."""
    path = volume_path(data, name)
    _must_exist(path, "volume", name, data)
    lock_fd = lock_volume(data, name)
    try:
        frozen.remove(FileDisk(), path)
    finally:
        os.close(lock_fd)
    _say(f"volume {name} is gone")
    return 0


def backtrack(data: Path, volume: str, to_us: int) -> int:
    """Take a volume back to a moment, or forward again."""
    path = volume_path(data, volume)
    _must_exist(path, "volume", volume, data)
    done = ask(path, {"do": "backtrack", "to_us": to_us})
    if done is None:
        refuse_future(to_us, time.time_ns() // 1000)
        with _opened(data, volume) as storage:
            found = storage.rewind(to_us)
        done = {"lsn": found.lsn, "clock_us": found.clock_us}
    _say(f"volume {volume} is as of {clock_text(done['clock_us'])} UTC (LSN {done['lsn']})")
    return 0


# -- how ------------------------------------------------------------------------------------


def _freeze(data: Path, volume: str, path: Path, request: Fields) -> Fields:
    source = volume_path(data, volume)
    _must_exist(source, "volume", volume, data)
    disk = FileDisk()
    done = ask(source, request)
    if done is not None:
        return done
    if frozen.is_folded(disk, source):
        lock_fd = lock_volume(data, volume)
        try:
            found = frozen.load(disk, source)
            if found.elsewhere:
                raise VolumeError(f"parts of volume {volume} are on other hosts: serve it")
            made = frozen.refreeze(disk, source, path, frozen.heir(found, volume))
        finally:
            os.close(lock_fd)
    else:
        with _opened(data, volume) as storage:
            made = storage.freeze(path)
    return asdict(made)


def _ask_about_zones(data: Path, found: frozen.Frozen, request: Fields) -> Fields:
    """Have a cluster do it that is connected with the zones on other hosts. Raises VolumeError."""
    zones, failure = ", ".join(found.elsewhere), None
    for path in _directories(data / VOLUMES):
        try:
            done = ask(path, request) if _is_served(path) else None
        except VolumeError as error:
            failure = error
            continue
        if done is not None:
            return done
    if failure is not None:
        raise failure
    raise VolumeError(f"parts of it are on other hosts ({zones}): serve the volume they belong to")


@contextlib.contextmanager
def _opened(data: Path, volume: str) -> Iterator[Storage]:
    """A volume nobody serves, recovered in this process."""
    lock_fd = lock_volume(data, volume)
    from mysqlcompat.progress import compile_kernels

    compile_kernels()
    from redo.arena import create_ring
    from redo.environment import system_environment
    from redo.quorum import COPIES
    from redo.storage import Storage

    fds = [create_ring(_RING_BYTES), *(os.eventfd(0) for _ in range(COPIES + 1))]
    path = str(volume_path(data, volume))
    try:
        storage = Storage(system_environment(), path, fds[0], fds[1 : 1 + COPIES], fds[-1])
        storage.open()
        try:
            yield storage
        finally:
            storage.close()
    finally:
        for fd in (*fds, lock_fd):
            os.close(fd)


def _must_exist(path: Path, kind: str, name: str, data: Path) -> None:
    refuse_old_layout(data)
    if not path.is_dir():
        raise VolumeError(f"there is no {kind} {name} in {data}")


def _must_be_data(data: Path) -> None:
    refuse_old_layout(data)
    if not (data / VOLUMES).is_dir():
        raise VolumeError(f"there is no data directory {data}")


def _directories(path: Path) -> list[Path]:
    if not path.exists():
        return []
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))


def _is_served(path: Path) -> bool:
    try:
        with (path / LOCK_NAME).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _state(done: Fields) -> str:
    sizes = f"{_size(done['page_bytes'])} of pages, {_size(done['log_bytes'])} of log"
    took = f" ({done['took_us'] / 1000:.1f} ms)" if "took_us" in done else ""
    return f"state of {clock_text(done['clock_us'])} UTC (LSN {done['lsn']}), {sizes}{took}"


def _size(count: int) -> str:
    return f"{count / (1 << 20):.1f} MiB"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        _say("  ".join(cells).rstrip())
