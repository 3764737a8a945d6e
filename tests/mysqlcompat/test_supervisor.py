"""The supervisor with real processes that do nothing but live: starts, deaths, silence, stops."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: A second of silence is death; elsewhere nobody is taken for dead, however busy the machine is.
HASTY = ("nobody", "3", "1000")
NAMES = ["storage", "writer", "replica-1", "replica-2"]


class Toy:
    """The toy cluster and the events it reported."""

    def __init__(self, *arguments: str) -> None:
        read_end, write_end = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.mysqlcompat.toy_cluster", str(write_end), *arguments],
            pass_fds=[write_end],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(write_end)
        self.notes = os.fdopen(read_end)
        self.pids: dict[str, int] = {}

    def until(self, event: str, name: str | None = None) -> list[tuple[str, str]]:
        """Read events up to the one asked for, and return them."""
        seen = []
        for line in self.notes:
            note = json.loads(line)
            seen.append((note["event"], note["name"]))
            if note["event"] == "started":
                self.pids[note["name"]] = note["pid"]
            if note["event"] == event and name in (None, note["name"]):
                return seen
        raise AssertionError(f"no {event} {name}: {seen} {self.process.communicate()}")

    def finish(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=500)
        self.notes.close()
        return self.process.returncode, out, err


@pytest.fixture
def toy(request: pytest.FixtureRequest) -> Iterator[Toy]:
    toy = Toy(*getattr(request, "param", ()))
    yield toy
    if toy.process.poll() is None:
        toy.process.kill()
        toy.finish()


def is_gone(pid: int) -> bool:
    """Wait until the process is dead, whoever its parent is."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([pidfd], [], [], 300)[0])
    finally:
        os.close(pidfd)


def test_starts_in_order_and_stops_in_reverse(toy: Toy) -> None:
    seen = toy.until("all-ready")
    started = [name for event, name in seen if event == "started"]
    assert started == NAMES
    assert seen.index(("ready", "storage")) < seen.index(("started", "writer"))
    assert seen.index(("ready", "writer")) < seen.index(("started", "replica-1"))
    toy.process.send_signal(signal.SIGTERM)
    code, out, err = toy.finish()
    lines = out.split("\n")
    assert code == 0, err
    assert lines.index("all serve") == 0
    assert lines.index("replica-2 stopped") < lines.index("writer stopped")
    assert lines.index("writer stopped") < lines.index("storage stopped")
    assert all(is_gone(pid) for pid in toy.pids.values())


def test_ctrl_c_stops_cleanly(toy: Toy) -> None:
    toy.until("all-ready")
    for pid in [*toy.pids.values(), toy.process.pid]:  # the terminal signals the whole group
        os.kill(pid, signal.SIGINT)
    code, out, err = toy.finish()
    assert (code, err) == (0, "")
    assert out.count("stopped") == 4


@pytest.mark.parametrize("name", NAMES)
def test_what_is_killed_is_started_again(toy: Toy, name: str) -> None:
    toy.until("all-ready")
    before = toy.pids[name]
    os.kill(before, signal.SIGKILL)
    toy.until("died", name)
    toy.until("ready", name)
    assert toy.pids[name] != before
    toy.process.send_signal(signal.SIGTERM)
    code, _, err = toy.finish()
    assert code == 0
    assert f"{name} (pid {before}): killed by SIGKILL" in err


@pytest.mark.parametrize("toy", [HASTY], indirect=True)
def test_silence_is_death(toy: Toy) -> None:
    toy.until("all-ready")
    os.kill(toy.pids["writer"], signal.SIGSTOP)
    toy.until("died", "writer")
    toy.until("ready", "writer")


def test_who_does_not_stop_is_killed(toy: Toy) -> None:
    """One of two: the other has gone by then."""
    toy.until("all-ready")
    os.kill(toy.pids["replica-2"], signal.SIGSTOP)
    toy.process.send_signal(signal.SIGTERM)
    code, _, err = toy.finish()
    assert (code, err) == (0, "")
    assert all(is_gone(pid) for pid in toy.pids.values())


def test_without_storage_nobody_is_waited_for() -> None:
    """Who stands still because storage went first is killed, whatever the patience."""
    toy = Toy("nobody", "100000")
    toy.until("all-ready")
    for name in ("writer", "replica-2"):
        os.kill(toy.pids[name], signal.SIGSTOP)
    toy.process.send_signal(signal.SIGTERM)
    toy.until("died", "replica-1")  # the stop is under way
    os.kill(toy.pids["storage"], signal.SIGTERM)
    code, _, err = toy.finish()
    assert (code, err) == (0, "")
    assert all(is_gone(pid) for pid in toy.pids.values())


@pytest.mark.parametrize("toy", [HASTY], indirect=True)
def test_who_computes_is_not_dead(toy: Toy) -> None:
    """A process that is kept from beating by its work: storage only shows that time goes on."""
    toy.until("all-ready")
    os.kill(toy.pids["writer"], signal.SIGUSR1)
    assert toy.process.stdout is not None
    for line in toy.process.stdout:
        if line == "writer computed\n":
            break
    os.kill(toy.pids["storage"], signal.SIGKILL)
    seen = toy.until("ready", "storage")
    assert ("died", "writer") not in seen


def test_children_die_with_a_killed_supervisor(toy: Toy) -> None:
    toy.until("all-ready")
    toy.process.kill()
    assert all(is_gone(pid) for pid in toy.pids.values())
    toy.finish()


@pytest.mark.parametrize("name", ["storage", "writer", "replica-2"])
def test_a_process_that_cannot_start_ends_the_start_with_its_line(name: str) -> None:
    toy = Toy(name)
    code, _, err = toy.finish()
    assert code == 1
    assert f"mysqlcompat: {name} cannot start, on purpose\n" in err
