"""Where numba looks for a compiled kernel: by what was compiled, wherever the source lies.

`jit` names a kernel's cache directory after a hash of all that decides what it compiles to. numba
would make a directory of its own for each place the source is imported from below that, and so
compile again, one kernel after another and without a word, what another checkout of the same
source has compiled already.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numba.core import config
from numba.core.caching import UserProvidedCacheLocator

from redo import stored_code
from redo.compiled import CHECKED


class ContentLocator(UserProvidedCacheLocator):
    """`config.CACHE_DIR` itself, good for as long as it exists."""

    def __init__(self, py_func: Any, py_file: str) -> None:
        super().__init__(py_func, py_file)  # type: ignore[no-untyped-call]
        self._cache_path: str = config.CACHE_DIR  # type: ignore[attr-defined]
        self._forget_half(py_func)

    def _forget_half(self, py_func: Any) -> None:
        """What numba has kept of a kernel without the machine code beside it (whoever compiled it
        has died since, or is about to keep that) does not give the code away again: it is compiled
        once more."""
        directory = Path(self._cache_path)
        if not CHECKED and stored_code.find(directory, py_func) is None:
            for index in directory.glob(f"*.{py_func.__qualname__}-*.nbi"):
                index.unlink(missing_ok=True)

    def get_source_stamp(self) -> str:
        """The directory's name has the hash of the source in it."""
        return self._cache_path.rsplit("-", 1)[-1]
