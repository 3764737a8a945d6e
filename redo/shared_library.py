"""Finding a shared library: by the names it may have, then as the linker would."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterable, Sequence


def find_library(
    names: Sequence[str],
    family: str,
    functions: Iterable[str],
    kind: type[ctypes.CDLL] = ctypes.CDLL,
) -> ctypes.CDLL | None:
    """The first of these libraries that is here and has all the functions; None: there is none.

    names   file names, the best first;  family  its name for the linker ("ssl")
    kind    PyDLL: calls keep the interpreter's lock
    """
    for name in (*names, ctypes.util.find_library(family)):
        try:
            library = kind(name) if name else None
        except OSError:
            continue
        if library is not None and all(hasattr(library, function) for function in functions):
            return library
    return None
