"""``python -m tests.bench.bench_redo [DATA]``: durable commits and page reads of the volume.

Of a plain volume, then of an encrypted one.
A storage process on real files, fdatasync on, and a writer that appends 256 bytes of redo per
commit. With n waiters, n commits are appended, published as one batch and waited for together:
what the lane does with n connections in one turn.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from redo.arena import Arena, create_ring
from redo.cipher import encrypt
from redo.disk import FileDisk
from redo.keyring import LocalKeyring
from redo.log import LogWriter, new_state
from redo.metadata import load_volume
from redo.quorum import COPIES
from redo.storage_server import StorageConfig, main
from redo.volume import NEWEST, SocketVolume
from tests.redo.editing import NEW, WRITE, Editor, Step

PAGES = 2000
COMMITS = {1: 2000, 16: 16000, 64: 48000}


def start(data: Path, keyring: str) -> tuple[int, Arena, SocketVolume, Editor, LogWriter]:
    """Fork storage and connect a writer to it. `keyring`: of an encrypted volume."""
    ring_fd = create_ring(64 << 20)
    wake_fds = [os.eventfd(0) for _ in range(COPIES)]
    writer_fd = os.eventfd(0, os.EFD_NONBLOCK)
    config = StorageConfig(
        str(data / "data"), str(data / "socket"), keyring=keyring, encrypt=bool(keyring)
    )
    data.mkdir(parents=True, exist_ok=True)
    (data / "socket").unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        os._exit(main(config, ring_fd, wake_fds, writer_fd))
    while not (data / "socket").exists():
        time.sleep(0.01)
    arena = Arena(ring_fd, 256 << 20)
    volume = SocketVolume(config.socket_path, arena)
    st = new_state(arena, volume.page_bytes)
    encrypt(arena, st, load_volume(FileDisk(), config.data_dir), config.keys)
    log = LogWriter(arena, st, wake_fds, writer_fd)
    log.open(volume.open_writer())
    return pid, arena, volume, Editor(arena, st, log, PAGES), log


def commits(editor: Editor, log: LogWriter, waiters: int, count: int) -> float:
    """Durable commits a second."""
    started = time.perf_counter()
    for i in range(0, count, waiters):
        end = 0
        for k in range(waiters):
            end = editor.run([Step(WRITE, (i + k) % PAGES, 100, 208, k)])
        log.wait_durable(end)
    return count / (time.perf_counter() - started)


def reads(volume: SocketVolume, frame: int, count: int) -> list[float]:
    """Microseconds of each page read."""
    times = []
    for i in range(count):
        started = time.perf_counter()
        volume.read_page(i * 7 % PAGES, NEWEST, frame)
        times.append((time.perf_counter() - started) * 1e6)
    return sorted(times)


def run(data: Path, keyring: str) -> None:
    """Print the table."""
    pid, arena, volume, editor, log = start(data, keyring)
    for page in range(PAGES):
        editor.run([Step(NEW, page)])
    log.wait_durable(log.next_lsn)
    for waiters, count in COMMITS.items():
        rate = commits(editor, log, waiters, count)
        print(f"durable commits, {waiters:2} at once   {rate:8.0f} /s")
    frame = arena.alloc(volume.page_bytes)
    volume.read_page(0, NEWEST, frame)
    times = reads(volume, frame, 4000)
    p99 = times[len(times) * 99 // 100]
    print(f"page read              p50 {statistics.median(times):6.0f} µs   p99 {p99:6.0f} µs")
    started = time.perf_counter()
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    log_mib = log.vdl / (1 << 20)
    pid, *_ = start(data, keyring)
    took = time.perf_counter() - started
    print(f"cold restart after kill -9, {log_mib:.0f} MiB of log   {took:6.2f} s")
    os.kill(pid, 15)
    os.waitpid(pid, 0)


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="bench-redo"))
    try:
        run(place / "plain", "")
        LocalKeyring.create(place / "keyring")
        print("encrypted:")
        run(place / "encrypted", str(place / "keyring"))
    finally:
        shutil.rmtree(place)
