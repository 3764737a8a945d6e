"""Python's bytecode is kept, like kernels are, where it may not be written beside the sources.

Containers often say so (PYTHONDONTWRITEBYTECODE), which is meant for what lies in an image. Every
start would then translate all sources anew: a third of its time.
"""

from __future__ import annotations

import sys

from redo.cache_place import cache_root


def keep_bytecode() -> None:
    """From now on, modules come out of our own cache, and go into it."""
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode = False
        sys.pycache_prefix = str(cache_root() / "bytecode")
