"""Kernel compilation before the first query, with a progress bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from typing import TextIO

from redo import jit


def compile_kernels(out: TextIO | None = None) -> float:
    """Compile what is stale; seconds it took, 0.0 when everything was ready."""
    out = out or sys.stderr
    total = len(jit.stale_modules())
    if total == 0:
        return 0.0
    if not out.isatty():
        return _compile_with_lines(total, out)
    return _compile_with_bar(total)


def _compile_with_lines(total: int, out: TextIO) -> float:
    print(f"compiling {total} kernel modules (first start, or their source changed)", file=out)
    seconds = jit.compile_all()
    print(f"compiled in {seconds:.1f} s", file=out)
    return seconds


def _compile_with_bar(total: int) -> float:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("compiling kernels"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[module]}"),
    )
    # No refreshing thread: the supervisor forks, and forks only while it is single-threaded.
    console = Console(stderr=True)
    with Progress(*columns, console=console, auto_refresh=False, transient=True) as progress:
        task = progress.add_task("", total=total, module="")
        progress.refresh()

        def report(done: int, _total: int, module: str) -> None:
            progress.update(task, completed=done, module=module)
            progress.refresh()

        return jit.compile_all(report)
