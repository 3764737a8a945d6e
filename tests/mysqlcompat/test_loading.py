"""What a start loads, and what it does not have to do again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from redo import jit

LOAD = """
import sys
from redo import jit
import mysqlcompat.serve, mysqlcompat.storage_role
jit.import_all()
import mysqlcompat.node_role
print(*sys.modules)
"""


def run(*command: str, **environment: str) -> str:
    """What a command prints, run in an environment of its own."""
    changed = {**os.environ, **environment}
    done = subprocess.run(
        [sys.executable, *command], env=changed, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_who_serves_loads_neither_numba_nor_what_few_statements_need() -> None:
    jit.compile_all()
    loaded = run("-c", LOAD).split()
    assert "llvmlite" in loaded
    assert not {"numba", "scipy", "jsonschema"} & {*loaded}


def test_bytecode_is_kept_where_it_may_not_be_written_beside_the_sources(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    secret = ("-m", "mysqlcompat", "secret")
    run(*secret, str(tmp_path / "a"), MYSQLCOMPAT_CACHE=str(cache), PYTHONDONTWRITEBYTECODE="1")
    assert list(cache.rglob("volume_commands.*.pyc"))
    other = tmp_path / "other"
    run(*secret, str(tmp_path / "b"), MYSQLCOMPAT_CACHE=str(other), PYTHONDONTWRITEBYTECODE="")
    assert not list(other.rglob("*.pyc"))


def _heed_ctrl_c() -> None:
    """As at a terminal: who runs these tests in the background may have it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_while_kernels_compile_says_so_and_keeps_what_is_done(tmp_path: Path) -> None:
    environment = {**os.environ, "MYSQLCOMPAT_CACHE": str(tmp_path)}
    command = [sys.executable, "-m", "mysqlcompat", "compile"]
    with subprocess.Popen(
        command,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_ctrl_c,
    ) as compiling:
        deadline = time.monotonic() + 300
        while not list(tmp_path.glob("*/complete")):
            assert compiling.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(compiling.pid, signal.SIGINT)  # as a terminal does: to those that compile, too
        _, output = compiling.communicate()
    assert compiling.returncode == 130
    said = output.splitlines()
    (total,) = re.findall(r"^compiling (\d+) kernel modules", said[0])
    (left,) = re.findall(r"^interrupted: (\d+) of \d+ kernel modules are left", said[1])
    assert len(said) == 2
    assert int(left) == int(total) - len(list(tmp_path.glob("*/complete"))) < int(total)
