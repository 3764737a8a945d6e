"""`mysqlcompat check`: recovers a stopped volume in this process and verifies all of it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from mysqlcompat.config import MIB
from mysqlcompat.encryption import wrapped_key
from mysqlcompat.startup import StartError
from redo.keyring import LocalKeyring, unwrapped
from redo.volumes import refuse_old_layout, volume_path

POOL_BYTES = 256 * MIB


def check(data: Path, volume_name: str, keyring: Path | None) -> int:
    """Verify every page, tree, index and version; 0 when all is well, 1 with a line per problem."""
    refuse_old_layout(data)
    path = volume_path(data, volume_name)
    if not path.exists():
        raise StartError(f"{data} holds no volume {volume_name}")
    keys = None if keyring is None else LocalKeyring(keyring)
    if (wrapped := wrapped_key(path)) is not None:
        unwrapped(wrapped, keys)  # said here if it cannot be
    from mysqlcompat.progress import compile_kernels

    compile_kernels()
    from btree.engine import Engine
    from redo.volume import LocalVolume

    started = time.monotonic()
    volume = LocalVolume(
        str(path), ring_bytes=64 * MIB, private_bytes=POOL_BYTES + 1024 * MIB, keys=keys
    )
    try:
        engine = Engine(volume.arena, volume.st, volume.log, volume, POOL_BYTES)
        engine.open()
        while engine.background_step():
            pass  # transactions that a crash cut off are rolled back first
        problems = engine.check()
        for problem in problems:
            sys.stdout.write(f"{problem}\n")
    finally:
        volume.close()
    seconds = time.monotonic() - started
    found = f"{len(problems)} problems" if problems else "all is well"
    sys.stdout.write(f"{path}: {found} ({seconds:.1f} s, VDL {volume.recovered.vdl})\n")
    return 1 if problems else 0
