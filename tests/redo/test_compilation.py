"""Compilation ahead of time ends with what does not compile; kernels that check their bounds."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

#: Compiles two modules that depend on nothing, as if they were of the project.
SCRIPT = """
import sys
from pathlib import Path
from redo import jit

directory = Path(sys.argv[1])
sys.path.insert(0, str(directory))
jit.stale_modules = lambda: ["broken_kernels", "endless_kernels"]
jit._source_of = lambda module: directory / f"{module}.py"
try:
    jit.compile_all(processes=2)
except RuntimeError as error:
    print(error)
"""


def test_a_module_that_does_not_compile_leaves_no_child_behind(tmp_path: Path) -> None:
    (tmp_path / "broken_kernels.py").write_text("raise ValueError('broken here')\n")
    (tmp_path / "endless_kernels.py").write_text("import signal\nsignal.pause()\n")
    done = subprocess.run(  # it returns when everybody who has the pipes open is gone
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=500,
        check=True,
    )
    assert "broken_kernels do not compile" in done.stdout
    assert "broken here" in done.stderr


STRAY = """
import numpy as np
from redo import jit, record_kernels

assert jit.CHECKED
st, mem = np.zeros(4096, np.int64), np.zeros(1 << 16, np.uint8)
print(record_kernels.record_apply(st, mem, 0, 1 << 15), flush=True)
record_kernels.record_apply(st, mem, 0, (1 << 16) - 8)
"""


def test_kernels_that_check_their_bounds() -> None:
    checked = os.environ | {"NUMBA_BOUNDSCHECK": "1"}
    tests = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    run = {"env": checked, "capture_output": True, "text": True, "timeout": 110, "check": False}
    ran = subprocess.run([*tests, "tests/redo/test_edits.py"], **run)  # type: ignore[call-overload]
    assert ran.returncode == 0, ran.stdout[-4000:]
    stray = subprocess.run([sys.executable, "-c", STRAY], **run)  # type: ignore[call-overload]
    assert stray.stdout, stray.stderr
    assert stray.returncode in (-signal.SIGILL, -signal.SIGTRAP)


COUNT = """
from redo import checksum_kernels, compiled

kernels = [one for one in vars(checksum_kernels).values() if isinstance(one, compiled.Kernel)]
assert kernels
print(sum(one.compiled for one in kernels))
"""


def test_the_same_source_elsewhere_is_not_compiled_again(tmp_path: Path) -> None:
    here = Path(__file__).resolve().parents[2]
    there = tmp_path / "there"
    shutil.copytree(here / "redo", there / "redo", ignore=shutil.ignore_patterns("__pycache__"))
    misses = []
    for root in (here, there, here):
        changed = {"PYTHONPATH": str(root), "MYSQLCOMPAT_CACHE": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, "-c", COUNT],
            env=os.environ | changed,
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
        misses.append(int(done.stdout))
    assert misses[0] > 0
    assert misses[1:] == [0, 0]


def test_a_kernel_of_which_half_is_kept_is_compiled_again(tmp_path: Path) -> None:
    """Its machine code is written after what numba keeps: somebody may die in between."""
    script = "from redo import checksum_kernels as it; print(it.crc32c_of.compiled)"
    environment = os.environ | {"MYSQLCOMPAT_CACHE": str(tmp_path), "NUMBA_BOUNDSCHECK": "0"}

    def was_compiled() -> bool:
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=environment,
            capture_output=True,
            text=True,
            timeout=500,
            check=True,
        )
        return done.stdout.strip() == "True"

    assert was_compiled()
    assert not was_compiled()
    (code,) = tmp_path.glob("*/*.code")
    code.unlink()
    assert was_compiled()
    assert not was_compiled()
