"""`mysqlcompat restore`, `archive` and `keyring`: a new volume out of an archive, what archives
there are, and the keys to them. No server is needed.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mysqlcompat.encryption import encrypted_below, rewrap
from redo.errors import VolumeError
from redo.keyring import LocalKeyring
from redo.timeline import clock_text
from redo.volumes import volume_path

if TYPE_CHECKING:
    from redo.archive import Archive

Report = Callable[[str, int, int], None]


def restore(
    url: str, source: str, to_us: int | None, data: Path, volume: str, keyring: Path | None
) -> int:
    """Make `volume` in `data` as of a moment (None: the latest) of what `source` was.

    keyring   the one the archive was encrypted with, if it was: the volume will be, with another
              data key
    """
    from mysqlcompat.progress import compile_kernels

    path = volume_path(data, volume)
    if path.exists():
        raise VolumeError(f"{data} holds a volume {volume} already: choose another --data")
    compile_kernels()
    from redo.restore import make_plan, window
    from redo.restore import restore as run

    started = time.monotonic()
    archive = _opened(url, _find(url, source), keyring)
    plan = make_plan(archive, to_us)
    latest_us = window(archive)[1]
    with _progress() as report:
        run(archive, plan, path, report, None if keyring is None else LocalKeyring(keyring))
    bytes_made = sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
    seconds = time.monotonic() - started
    until_us = to_us or max(latest_us, plan.last_us)
    _say(
        f"volume {volume} in {data} is as of {clock_text(until_us)} UTC"
        f" (LSN {plan.target}); {bytes_made / (1 << 20):.0f} MiB in {seconds:.1f} s"
    )
    if to_us is None:
        ago_s = time.time() - until_us / 1e6
        if ago_s < 0:
            _say(f"the clock of its log is {-ago_s:.1f} s ahead of this host's")
        else:
            _say(f"what was committed in the {ago_s:.1f} s since then is not in it")
    return 0


def list_archives(url: str, keyring: Path | None) -> int:
    """One line per volume: from when to when it can be restored."""
    from redo.archive import volumes_at
    from redo.restore import window

    names = volumes_at(url)
    if not names:
        raise VolumeError(f"there is no archive at {url}")
    for name in names:
        try:
            earliest, latest = window(_opened(url, name, keyring))
            _say(f"{name}  {clock_text(earliest)}  to  {clock_text(latest)} UTC")
        except VolumeError as error:
            _say(f"{name}  {error}")
    return 0


def create_keyring(path: Path) -> int:
    """A keyring with a new master key."""
    _say(f"keyring {path} with master key {LocalKeyring.create(path).current}: keep a copy of it")
    return 0


def rotate_keyring(path: Path, data: Path | None) -> int:
    """A new master key; at once for what is in a data directory."""
    keys = LocalKeyring(path)
    name = keys.rotate()
    _say(f"keyring {path}: master key {name} from now on; each server uses it when it starts next")
    for found in encrypted_below(data) if data is not None else ():
        rewrap(found, keys)
        _say(f"{found.parent.name.removesuffix('s')} {found.name}: its data key is wrapped by it")
    return 0


def _opened(url: str, name: str, keyring: Path | None) -> Archive:
    from redo.archive import Archive

    archive = Archive(url, name, None if keyring is None else LocalKeyring(keyring))
    archive.open()
    return archive


def _find(url: str, source: str) -> str:
    """The directory of a volume in the archive: by its whole name, or by that of the volume."""
    from redo.archive import volumes_at

    names = volumes_at(url)
    if source in names:
        return source
    found = [name for name in names if name.rpartition("-")[0] == source]
    if len(found) == 1:
        return found[0]
    if not names:
        raise VolumeError(f"there is no archive at {url}")
    if not found:
        raise VolumeError(f"{url} has no archive of volume {source}; it has {', '.join(names)}")
    raise VolumeError(f"{url} has several volumes {source}: name one with --source {found}")


@contextlib.contextmanager
def _progress() -> Iterator[Report]:
    """A bar per stage on a terminal, a line per stage elsewhere."""
    if not sys.stderr.isatty():
        yield _line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        yield report


def _line(what: str, done: int, total: int) -> None:
    if done == total:
        sys.stderr.write(f"{what}: {total} done\n")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
