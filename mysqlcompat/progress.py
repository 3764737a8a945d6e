"""Kernel compilation before the first query, with a progress bar on a terminal, lines elsewhere."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from redo import jit


def compile_kernels(out: TextIO | None = None) -> float:
    """Compile what is stale; seconds it took, 0.0 when everything was ready.

    Raises RuntimeError when something does not compile; KeyboardInterrupt, having said so.
    """
    out = out or sys.stderr
    total = len(jit.stale_modules())
    if total == 0:
        return 0.0
    try:
        with _interrupted_alone():
            if not out.isatty():
                return _compile_with_lines(total, out)
            return _compile_with_bar(total)
    except KeyboardInterrupt:
        left = len(jit.stale_modules())
        said = f"interrupted: {left} of {total} kernel modules are left for the next start"
        print(said, file=out)
        raise


@contextmanager
def _interrupted_alone() -> Iterator[None]:
    """Ctrl-C is for every process of a terminal: this one is interrupted and ends the compiling
    ones, which themselves have nothing to say about it."""
    before, process = signal.getsignal(signal.SIGINT), os.getpid()
    if threading.current_thread() is not threading.main_thread() or before is signal.SIG_IGN:
        yield
        return

    def interrupt(_signal: int, _frame: object) -> None:
        if os.getpid() == process:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _compile_with_lines(total: int, out: TextIO) -> float:
    first = f"compiling {total} kernel modules (first start, or their source changed)"
    print(first, file=out, flush=True)
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
