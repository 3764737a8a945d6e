"""Compilation ahead of time: what does not compile ends it, children and all."""

from __future__ import annotations

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
        timeout=30,
        check=True,
    )
    assert "broken_kernels do not compile" in done.stdout
    assert "broken here" in done.stderr
