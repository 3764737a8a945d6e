"""`mysqlcompat restore` and `mysqlcompat archive`: a new data directory out of a backup, and what a
backup has. No server is needed for either.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from redo.errors import VolumeError
from redo.timeline import clock_text
from redo.volumes import volume_path

Report = Callable[[str, int, int], None]


def restore(url: str, source: str, to_us: int | None, data: Path, volume: str) -> int:
    """Make `volume` in `data` as of a moment (None: the latest) of what `source` was."""
    from mysqlcompat.progress import compile_kernels

    path = volume_path(data, volume)
    if path.exists():
        raise VolumeError(f"{data} holds a volume {volume} already: choose another --data")
    compile_kernels()
    from redo.archive import Archive
    from redo.restore import make_plan
    from redo.restore import restore as run

    started = time.monotonic()
    archive = Archive(url, _find(url, source))
    plan = make_plan(archive, to_us)
    with _progress() as report:
        run(archive, plan, path, report)
    bytes_made = sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
    seconds = time.monotonic() - started
    ago_s = time.time() - plan.last_us / 1e6
    _say(
        f"volume {volume} in {data} is as of {clock_text(to_us or plan.last_us)} UTC"
        f" (LSN {plan.target}); {bytes_made / (1 << 20):.0f} MiB in {seconds:.1f} s"
    )
    _say(
        f"the last log in it is of {clock_text(plan.last_us)} UTC, {ago_s:.1f} s ago:"
        " what was committed later is not in it"
    )
    return 0


def list_archives(url: str) -> int:
    """One line per volume: from when to when it can be restored."""
    from redo.archive import Archive, volumes_at
    from redo.restore import window

    for name in volumes_at(url):
        try:
            earliest, latest = window(Archive(url, name))
            _say(f"{name}  {clock_text(earliest)}  to  {clock_text(latest)} UTC")
        except VolumeError as error:
            _say(f"{name}  {error}")
    return 0


def _find(url: str, source: str) -> str:
    """The directory of a volume in the archive: by its whole name, or by that of the volume."""
    from redo.archive import volumes_at

    names = volumes_at(url)
    if source in names:
        return source
    found = [name for name in names if name.rpartition("-")[0] == source]
    if len(found) == 1:
        return found[0]
    if not found:
        have = ", ".join(names) or "nothing"
        raise VolumeError(f"{url} has no archive of volume {source}; it has {have}")
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
