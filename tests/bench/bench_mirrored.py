"""I/O of a transaction: redo alone to six copies, or redo and mirrored pages, from the same engine.

    python -m tests.bench.bench_mirrored [transactions] [rows]

The work is sysbench's write-only transaction: an update of an indexed column, one of another, a
row deleted and inserted again, at random rows. The engine's log goes to our volume; and the same
log drives a mirrored-page store beside it, which is what a MySQL with mirrored disks in other zones
does: redo to four disks at each commit, and pages, when they leave a pool of the same size or when
64 MiB of redo have gone by, first to the double-write buffer and then to their place, on all four.
Everything is really written. Counted is what leaves the database node; below that, what our storage
nodes write later on their own disks to make pages of the log.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from collections import OrderedDict
from pathlib import Path
from typing import Final

from redo.control import (
    COUNT_LOG_BYTES,
    COUNT_LOG_WRITES,
    COUNT_PAGE_BYTES,
    COUNT_PAGE_WRITES,
    CTRL_PUBLISHED,
)
from redo.dump import records_of
from redo.quorum import COPIES
from redo.record import (
    BATCH_HEADER_BYTES,
    BATCH_LENGTH_AT,
    KIND_PAGE,
    RECORD_KIND_AT,
    RECORD_LSN_AT,
    RECORD_PAGE_NO_AT,
)
from redo.volume import LocalVolume
from tests.mysqlcompat.local_node import LocalNode, Talk

MIRRORS: Final = 4
PAGE_BYTES: Final = 16384
CHECKPOINT_BYTES: Final = 64 << 20
DOUBLE_WRITE_PAGES: Final = 64  #: written to the double-write buffer with one write
#: (sessions that commit together, bytes of the pool)
CASES: Final = ((1, 8 << 20), (2, 8 << 20), (4, 8 << 20), (16, 8 << 20), (16, 64 << 20))


class GroupNode(LocalNode):
    """A node whose sessions commit together: who comes first publishes for all that are there."""

    async def durable(self, lsn: int) -> None:
        await asyncio.sleep(0)
        if self.volume.log.vdl < lsn:
            self.volume.log.publish()
            self.volume.log.wait_durable(lsn)


class MirroredDisks:
    """Redo log, double-write buffer and pages on four disks."""

    def __init__(self, directory: Path, volume: LocalVolume, pool_pages: int) -> None:
        self._volume = volume
        self._pool_pages = pool_pages
        self._fds = []
        for mirror in range(MIRRORS):
            place = directory / f"mirror-{mirror}"
            place.mkdir()
            flags = os.O_RDWR | os.O_CREAT
            self._fds.append([os.open(place / n, flags) for n in ("redo", "double", "pages")])
        self._at = volume.storage.control.get(CTRL_PUBLISHED)
        self._begun = self._at
        self._pages: OrderedDict[int, int] = OrderedDict()  #: in the pool -> first dirty LSN, 0
        self._leaving: list[int] = []
        self._frame = volume.arena.alloc(PAGE_BYTES)
        self.writes = self.bytes = 0

    def follow(self) -> None:
        """Do for the log that has come since what a mirrored server does for it."""
        volume = self._volume
        end = volume.storage.control.get(CTRL_PUBLISHED)
        while self._at < end:
            header = volume.storage.read_log(self._at, BATCH_HEADER_BYTES)
            length = int.from_bytes(header[BATCH_LENGTH_AT : BATCH_LENGTH_AT + 4], "little")
            batch = volume.storage.read_log(self._at, length)
            self._write(0, self._at - self._begun, batch)
            for record in records_of(batch):
                if (
                    int.from_bytes(record[RECORD_KIND_AT : RECORD_KIND_AT + 2], "little")
                    == KIND_PAGE
                ):
                    lsn, page_no = (
                        int.from_bytes(record[at : at + 8], "little")
                        for at in (RECORD_LSN_AT, RECORD_PAGE_NO_AT)
                    )
                    self._dirty(page_no, lsn)
            self._at += length
        self._checkpoint()

    def _dirty(self, page_no: int, lsn: int) -> None:
        first = self._pages.pop(page_no, 0)
        self._pages[page_no] = first or lsn
        while len(self._pages) > self._pool_pages:
            oldest, dirty = self._pages.popitem(last=False)
            if dirty:
                self._leave(oldest)

    def _checkpoint(self) -> None:
        """Pages that were dirty for too long are written, and stay in the pool."""
        horizon = self._at - CHECKPOINT_BYTES
        for page_no, dirty in list(self._pages.items()):
            if 0 < dirty < horizon:
                self._pages[page_no] = 0
                self._leave(page_no)

    def _leave(self, page_no: int) -> None:
        self._leaving.append(page_no)
        if len(self._leaving) == DOUBLE_WRITE_PAGES:
            self.flush()

    def flush(self) -> None:
        """Write the pages that are to leave: all to the double-write buffer, each to its place."""
        images = {}
        for page_no in dict.fromkeys(self._leaving):
            self._volume.read_page(page_no, self._volume.storage.control.vdl, self._frame)
            mem = self._volume.arena.mem
            images[page_no] = mem[self._frame : self._frame + PAGE_BYTES].tobytes()
        self._leaving.clear()
        if images:
            self._write(1, 0, b"".join(images.values()))
            for page_no, image in images.items():
                self._write(2, page_no * PAGE_BYTES, image)

    def _write(self, file: int, at: int, data: bytes) -> None:
        for fds in self._fds:
            self.writes += 1
            self.bytes += os.pwrite(fds[file], data, at)

    def finish(self) -> None:
        """At the end every page is on disk, as ours are in the log."""
        for page_no, dirty in self._pages.items():
            if dirty:
                self._leave(page_no)
        self._pages.clear()
        self.flush()

    def close(self) -> None:
        for fds in self._fds:
            for fd in fds:
                os.close(fd)


def load(node: LocalNode, rows: int) -> None:
    talk = Talk(node)
    talk.run("CREATE DATABASE b")
    talk.run(
        "CREATE TABLE b.t (id INT PRIMARY KEY, k INT NOT NULL, c CHAR(120) NOT NULL,"
        " pad CHAR(60) NOT NULL, INDEX (k))"
    )
    for start in range(0, rows, 500):
        some = range(start, min(rows, start + 500))
        values = ", ".join(f"({i}, {i * 7919 % rows}, '{'c' * 119}', '{'p' * 59}')" for i in some)
        talk.run(f"INSERT INTO b.t VALUES {values}")
    talk.session.close()


async def transaction(talk: Talk, rng: random.Random, rows: int) -> None:
    one, two, three = (rng.randrange(rows) for _ in range(3))
    await talk.ask("BEGIN")
    await talk.ask(f"UPDATE b.t SET k = k + 1 WHERE id = {one}")
    await talk.ask(f"UPDATE b.t SET c = '{rng.random():.17f}' WHERE id = {two}")
    await talk.ask(f"DELETE FROM b.t WHERE id = {three}")
    await talk.ask(f"INSERT INTO b.t VALUES ({three}, {rng.randrange(rows)}, 'c', 'p')")
    await talk.ask("COMMIT")


async def run(node: LocalNode, disks: MirroredDisks, sessions: int, count: int, rows: int) -> None:
    rng = random.Random(sessions)
    talks = []
    for _ in range(sessions):
        talk = Talk.__new__(Talk)
        talk.node, talk.sessions = node, TALKS.sessions
        talk.session = await TALKS.sessions.open(TALKS.sessions.own_client())
        talks.append(talk)
    for _ in range(count // sessions):
        await asyncio.gather(*(transaction(talk, rng, rows) for talk in talks))
        disks.follow()
    for talk in talks:
        talk.session.close()


def counted(volume: LocalVolume, word: int) -> int:
    control = volume.storage.control
    return sum(control.counted(copy_no, word) for copy_no in range(COPIES))


def wait_for_images(volume: LocalVolume) -> None:
    """Until our storage has made pages of all but the last megabyte of log."""
    end = volume.storage.control.vdl - (1 << 20)
    while any(c.segment.full and c.segment.mark.lsn < end for c in volume.storage.live()):
        time.sleep(0.1)


TALKS: Talk


def main() -> None:
    global TALKS
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    print(f"{count} transactions over {rows} rows; a transaction's writes and KiB")
    print("commit at a time   pool        ours           mirrored          fewer")
    for sessions, pool_bytes in CASES:
        with tempfile.TemporaryDirectory(prefix="bench-mirrored-") as directory:
            node = GroupNode(Path(directory) / "data", pool_bytes=pool_bytes, private_bytes=1 << 30)
            try:
                load(node, rows)
                TALKS = Talk(node)
                (Path(directory) / "mirrors").mkdir()
                disks = MirroredDisks(
                    Path(directory) / "mirrors", node.volume, pool_bytes // PAGE_BYTES
                )
                words = (COUNT_LOG_WRITES, COUNT_LOG_BYTES, COUNT_PAGE_WRITES, COUNT_PAGE_BYTES)
                before = [counted(node.volume, word) for word in words]
                asyncio.run(run(node, disks, sessions, count, rows))
                disks.finish()
                wait_for_images(node.volume)
                done = [
                    counted(node.volume, word) - start
                    for word, start in zip(words, before, strict=True)
                ]
                disks.close()
                ours = done[0] / count, done[1] / count / 1024
                theirs = disks.writes / count, disks.bytes / count / 1024
                print(
                    f"{sessions:6}{pool_bytes >> 20:14} MiB"
                    f"{ours[0]:8.2f}{ours[1]:9.1f}{theirs[0]:10.2f}{theirs[1]:9.1f}"
                    f"{theirs[0] / ours[0]:9.1f} x{theirs[1] / ours[1]:6.1f} x"
                )
                print(
                    f"       later, behind the volume: {done[2] / count:.2f} images,"
                    f" {done[3] / count / 1024:.1f} KiB, in three full copies together"
                )
            finally:
                node.close()


if __name__ == "__main__":
    main()
