"""The kernels as plain Python (``NUMBA_DISABLE_JIT=1``): the same tests, the same outcomes.

What is compiled and what is interpreted differ where an array's bounds or an integer's width do.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import btree
from redo import jit

CHOSEN = ["locks", "engine", "keys", "rows", "row_formats", "long_values", "foreign_keys"]
CHOSEN += ["prepared"]
#: Reached only through statements: their tests speak SQL.
BY_STATEMENTS = {"inline_kernels"}
#: What takes long as plain Python and reaches no other function.
SLOW = [
    *("room_for", "come_and_go", "more_transactions", "oracle", "order_as_values"),
    *("chains_follow", "collation_compares", "comparison_agrees", "long_cascade"),
]


@pytest.mark.skipif(jit.DISABLED, reason="this is the second interpreter")
def test_kernels_without_the_jit(tmp_path: Path) -> None:
    called = tmp_path / "called"
    options = ["-q", "-x", "-W", "ignore::RuntimeWarning", "-p", "no:cacheprovider"]
    options += ["-p", "tests.btree.called_kernels"]
    quick = ["-k", " and ".join(f"not {name}" for name in SLOW)]
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", *options, *quick),
            *(f"tests/btree/test_{name}.py" for name in CHOSEN),
        ],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "CALLED_KERNELS": str(called)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:]
    lines = (line.split() for line in called.read_text(encoding="utf-8").splitlines())
    found = {(module, function) for module, function in lines}
    unseen = {module.stem for module in modules() if not called_of(module, found)}
    assert unseen <= BY_STATEMENTS, "take a test of them among CHOSEN"


def called_of(module: Path, found: set[tuple[str, str]]) -> list[str]:
    """Functions of a module that were called."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    names = (node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    return [name for name in names if (module.stem, name) in found]


def modules() -> list[Path]:
    """Kernel modules of the package."""
    return sorted(Path(btree.__file__).parent.glob("*_kernels.py"))
