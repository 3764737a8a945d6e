"""The house rules that a machine can check (CONTRIBUTING.md). Lists of exceptions only shrink."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("redo", "btree", "replicas", "mysqlcompat")  # each imports only those to its left
#: Who may know numba.
COMPILERS = {
    f"redo/{name}.py" for name in ("lean", "shortcuts", "places", "wrappers", "kernel_cache")
}
LINE_LENGTH = 100
FILE_LINES = 500
FUNCTION_LINES = 69
KERNEL_LINES = 100
DRAWERS = {"utils", "util", "helpers", "common", "misc", "types", "inspect", "copy", "bytes"}
MARKERS = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")))
#: Generated or tabular modules, where the limit would only scatter one table.
LONG_FILES: set[str] = set()
LONG_FUNCTIONS: set[str] = set()
#: Command line programs write to standard output.
PRINTERS = {"mysqlcompat/progress.py"}


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}: relative import"
            yield node.module or ""


PACKAGE_FILES = sources(*PACKAGES)
ALL_FILES = PACKAGE_FILES + sources("tests", "examples")


@pytest.mark.parametrize("path", ALL_FILES, ids=name_of)
def test_lines_and_markers(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    if name_of(path) not in LONG_FILES:
        assert len(lines) <= FILE_LINES
    for number, line in enumerate(lines, 1):
        assert len(line) <= LINE_LENGTH, f"line {number} is {len(line)} columns"
        assert not MARKERS.search(line), f"line {number}: {line.strip()}"


@pytest.mark.parametrize("path", PACKAGE_FILES, ids=name_of)
def test_functions_are_short(path: Path) -> None:
    limit = KERNEL_LINES if path.stem.endswith("_kernels") else FUNCTION_LINES
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            if f"{name_of(path)}:{node.name}" not in LONG_FUNCTIONS:
                assert length <= limit, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", PACKAGE_FILES, ids=name_of)
def test_imports_go_left(path: Path) -> None:
    mine = PACKAGES.index(path.relative_to(ROOT).parts[0])
    forbidden = {*PACKAGES[mine + 1 :], "tests", "examples"}
    for module in imports_of(path):
        assert module.split(".")[0] not in forbidden, f"imports {module}"


@pytest.mark.parametrize("path", PACKAGE_FILES, ids=name_of)
def test_one_door_to_numba(path: Path) -> None:
    """Who serves does without numba: it is for who compiles, and `redo.jit` is how it is used."""
    if name_of(path) in COMPILERS:
        return
    imported = {module.split(".")[0] for module in imports_of(path)}
    assert "numba" not in imported


@pytest.mark.parametrize("path", PACKAGE_FILES, ids=name_of)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(tree_of(path)), "no docstring"
    assert path.stem not in DRAWERS, "a drawer for everything"


@pytest.mark.parametrize("path", PACKAGE_FILES, ids=name_of)
def test_no_print(path: Path) -> None:
    if path.stem in ("__main__", "dump") or name_of(path) in PRINTERS:
        return
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "breakpoint"), f"line {node.lineno}"


@pytest.mark.parametrize("path", PACKAGE_FILES, ids=name_of)
def test_no_error_vanishes(path: Path) -> None:
    """`except Exception: pass` and a bare `except:` hide lost durability."""
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        assert node.type is not None, f"line {node.lineno}: bare except"
        broad = isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
        silent = len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
        assert not (broad and silent), f"line {node.lineno}"
