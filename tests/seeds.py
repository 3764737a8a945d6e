"""Seeds of random tests: the same on every run, other ones with EXPLORE=1 (`make soak`)."""

from __future__ import annotations

import os
import random
import zlib


def seed_of(name: str, below: int = 10_000) -> int:
    """The seed of the test `name`, 0 … below - 1; printed, so that a failure shows it."""
    fixed = zlib.crc32(name.encode()) % below
    seed = random.SystemRandom().randrange(below) if "EXPLORE" in os.environ else fixed
    print(f"seed {seed}")
    return seed


def seed_from(variable: str, name: str, below: int = 10_000) -> int:
    """The same, unless an environment variable says which."""
    return int(os.environ[variable]) if variable in os.environ else seed_of(name, below)
