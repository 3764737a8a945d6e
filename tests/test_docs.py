"""Documentation that cannot rot: maps name every module, tables name every option and command."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from mysqlcompat import operations
from mysqlcompat.__main__ import COMMANDS
from mysqlcompat.config import options

ROOT = Path(__file__).resolve().parents[1]
DOCS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
SHOP = ROOT / "examples" / "orders"


@pytest.mark.parametrize("package", ["redo", "btree", "replicas", "mysqlcompat"])
def test_the_map_names_every_module(package: str) -> None:
    folder = ROOT / package
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    assert text, "no map"
    words = set(re.findall(r"\w+", text))
    modules = {path.stem for path in folder.glob("*.py")}
    folders = {path.parent.name for path in folder.glob("*/*.py")}
    missing = (modules | folders) - {"__init__", "__main__"} - words
    assert not missing, f"{package}/__init__.py does not mention {sorted(missing)}"


def test_operations_lists_every_option_with_its_default() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for option in options():
        default = f"`{option.default_text}`" if option.default_text else "(empty)"
        row = f"| `{option.flag}` | {option.unit} | {default} | {option.meaning} |"
        assert row in text, row


def test_operations_lists_every_command() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"`mysqlcompat {command.name}" in text, command.name


def test_operations_lists_what_the_control_socket_answers() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    asked = re.findall(r'"do": "(\w+)"', operations.__doc__ or "")
    assert len(asked) >= 5
    for request in asked:
        assert f'| `{{"do": "{request}"' in text, request


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_code_that_is_named_exists(path: Path) -> None:
    """`package/module.py` and `package/folder` in backticks are files of this repository."""
    pattern = r"`((?:redo|btree|replicas|mysqlcompat|tests|examples)/[\w/.]+)`"
    for name in re.findall(pattern, path.read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), name


def test_the_shop_explains_each_of_its_files() -> None:
    text = (SHOP / "README.md").read_text(encoding="utf-8")
    for path in SHOP.iterdir():
        if path.suffix in (".py", ".sql") and path.stem != "shop":
            assert f"`{path.name}`" in text, path.name
