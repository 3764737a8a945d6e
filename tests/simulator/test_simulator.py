"""Two hundred seeds show nothing; every planted bug shows, under its name.

The simulator runs in a process of its own: kernels are linked to its system calls when loaded.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)  # a machine may be busy

SEEDS = 200
STEPS = 60
HUNT_SEEDS = 60
HUNT_STEPS = 250
TRAPS = [f"F{number}" for number in range(1, 13)] + ["F10b", "C5", "C15", "C31", "C32", "C33", "K"]


def simulator(*options: str | int) -> subprocess.CompletedProcess[str]:
    """Run it, as `make simulate` does."""
    command = [sys.executable, "-m", "tests.simulator", *map(str, options)]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )


def test_seeds_show_no_violation() -> None:
    done = simulator("--seed", 1, "--count", SEEDS, "--steps", STEPS)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    assert done.stdout.splitlines()[-1].startswith(f"{SEEDS} seeds, 0 with violations")


def test_every_planted_bug_is_found_by_its_invariant() -> None:
    """A trap of `docs/simulator.md` that is not found, or by something else, says so."""
    done = simulator("--count", HUNT_SEEDS, "--steps", HUNT_STEPS, "--mutation", "all")
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    found = [line.split()[0] for line in done.stdout.splitlines()]
    assert sorted(found) == sorted(TRAPS)


def test_a_seed_does_the_same_twice() -> None:
    first, second = (
        simulator("--seed", 7, "--steps", 120, "--trace", "--tail", 400).stdout.splitlines()
        for _ in range(2)
    )
    assert len(first) > 5
    assert first[:-1] == second[:-1]  # the last line says how long it took
