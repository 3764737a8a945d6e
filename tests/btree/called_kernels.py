"""A pytest plugin: which functions of `btree`'s kernel modules were called, run as Python.

``-p tests.btree.called_kernels`` with CALLED_KERNELS=path writes "module function" lines there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import btree

_PACKAGE = str(Path(btree.__file__).parent) + os.sep
_called: set[tuple[str, str]] = set()
_known: dict[int, CodeType] = {}  #: kept, so that no other gets the same id


def _notice(frame: FrameType, event: str, argument: Any) -> None:
    code = frame.f_code
    if event == "call" and id(code) not in _known:
        _known[id(code)] = code
        path = code.co_filename
        if path.startswith(_PACKAGE) and path.endswith("_kernels.py"):
            _called.add((Path(path).stem, code.co_name))


def pytest_sessionstart() -> None:
    sys.setprofile(_notice)


def pytest_sessionfinish() -> None:
    sys.setprofile(None)
    lines = sorted(f"{module} {function}\n" for module, function in _called)
    Path(os.environ["CALLED_KERNELS"]).write_text("".join(lines), encoding="utf-8")
