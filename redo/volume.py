"""Reading pages of the volume: through the storage process, or with storage inside this process.

Both classes are a `Volume`: ``read_page(page_no, lsn, frame)`` fills ``mem[frame:frame+page_bytes]``
with the page that has every record of LSN < `lsn` applied, crc bytes 0; E_NOT_FOUND (-1) is raised as
`PageUnavailable`. `NEWEST` stands for the volume's VDL.
"""

from __future__ import annotations

from typing import Final, Protocol

from redo.arena import Arena, Words
from redo.image import PAGE_BYTES
from redo.log import LogWriter, Recovered

NEWEST: Final = 1 << 62


class Volume(Protocol):
    """What an engine needs of the volume."""

    def read_page(self, page_no: int, lsn: int, frame: int) -> None: ...


class SocketVolume:
    """Client of the storage process.

    path    its Unix socket
    arena   pages are received straight into its frames
    """

    def __init__(self, path: str, arena: Arena) -> None:
        raise NotImplementedError

    def open_writer(self) -> Recovered:
        """Fence earlier writers: a new epoch, durable on four copies; where to go on writing."""
        raise NotImplementedError

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class LocalVolume:
    """The whole volume in this process: six copies on threads, and a writer's log over them.

    Formats `data_dir` when it is empty. Attributes: `arena`, `st` (for kernels), `log` (open for
    writing), `recovered`, `page_bytes`.
    """

    arena: Arena
    st: Words
    log: LogWriter
    recovered: Recovered
    page_bytes: int

    def __init__(
        self,
        data_dir: str,
        *,
        page_bytes: int = PAGE_BYTES,
        ring_bytes: int = 8 << 20,
        private_bytes: int = 256 << 20,
        chunk_bytes: int = 4 << 20,
        pg_pages: int = 655360,
        coalesce_bytes: int = 64 << 20,
        durable: bool = True,
    ) -> None:
        raise NotImplementedError

    def read_page(self, page_no: int, lsn: int, frame: int) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
