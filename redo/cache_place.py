"""Where what was compiled is kept."""

from __future__ import annotations

import os
from pathlib import Path


def cache_root() -> Path:
    """Where compiled kernels live: ``$MYSQLCOMPAT_CACHE`` or ``~/.cache/mysqlcompat/kernels``."""
    chosen = os.environ.get("MYSQLCOMPAT_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "mysqlcompat" / "kernels"
