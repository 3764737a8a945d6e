"""The storage process: opens the volume, runs the six copies, serves pages on a Unix socket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from redo.image import PAGE_BYTES


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """Settings of a storage process. Sizes in bytes."""

    data_dir: str
    socket_path: str
    page_bytes: int = PAGE_BYTES  #: of a new volume; an existing one has its own
    chunk_bytes: int = 16 << 20  #: log file size of a new volume
    pg_pages: int = 655360  #: pages per protection group of a new volume (10 GiB)
    coalesce_bytes: int = 64 << 20  #: log beyond this becomes page versions
    durable: bool = True  #: False: no fdatasync (tests of everything but crashes)


def main(
    config: StorageConfig, ring_fd: int, copy_wake_fds: Sequence[int], writer_wake_fd: int
) -> int:
    """Run until SIGTERM; the exit code. Formats the volume when the directory is empty or missing."""
    raise NotImplementedError
