"""Disks that forget: files of a tmpfs, with what a power cut may take back of them.

What the fault model allows, and no more:

- a write that was not synced is there after a power cut, or not, or its first sectors only; later
  ones may be there though earlier ones are not
- names that were made, changed or removed since the directory was synced: the first few of these
  changes are there, the others not
- a sync that fails loses what it should have made durable, also if a later sync succeeds
- a disk may be full, slow (`Drive.speed`), gone for a while, fail to read, or have a bit flipped
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from redo.disk import FileDisk
from redo.quorum import COPIES, copy_directory

if TYPE_CHECKING:
    from tests.simulator.world import World

SECTOR_BYTES = 512


class PowerCut(BaseException):
    """The power is gone: nothing of the process that runs is left."""


@dataclass
class Drive:
    """What one copy is on.

    speed   how often its copy's turn comes, of 1
    """

    name: str
    speed: float = 1.0
    full: bool = False
    away: bool = False
    failing_syncs: int = 0
    failing_writes: int = 0
    failing_reads: int = 0

    @property
    def good(self) -> bool:
        failing = self.failing_syncs or self.failing_writes or self.failing_reads
        return not (self.full or self.away or failing)


@dataclass
class File:
    """What is not certain of a file.

    base     content that would be found after a power cut if nothing written since survived
    writes   (offset, bytes) since the last sync, in order; bytes None: cut to offset
    lost     a sync has failed: (offset, end) of what will never be durable
    """

    fd: int
    base: bytearray
    writes: list[tuple[int, bytes | None]] = field(default_factory=list)
    lost: list[tuple[int, int]] = field(default_factory=list)


def applied(base: bytearray, writes: list[tuple[int, bytes | None]]) -> bytearray:
    """Content after these writes."""
    for at, data in writes:
        if data is None:
            del base[at:]
            base.extend(bytes(at - len(base)))
        else:
            base.extend(bytes(max(0, at - len(base))))
            base[at : at + len(data)] = data
    return base


def outside(stretches: list[tuple[int, int]], at: int, end: int) -> list[tuple[int, int]]:
    """What of these stretches is not in [at, end)."""
    parts = [part for a, b in stretches for part in ((a, min(b, at)), (max(a, end), b))]
    return [(a, b) for a, b in parts if a < b]


class Drives(FileDisk):
    """All files of the simulated machines, below `root`; a drive for each copy."""

    def __init__(self, world: World, root: Path) -> None:
        super().__init__(durable=False)
        self.world = world
        self.root = str(root)
        self.drives = [Drive(copy_directory(copy_no)) for copy_no in range(COPIES)]
        self.open_files: dict[int, str] = {}
        self._files: dict[int, File] = {}
        self._paths: dict[int, str] = {}
        self._names: dict[str, list[tuple[Callable[[], None], str]]] = {}
        self._graves = f"{root}/graves"
        self._grave_no = 0
        os.makedirs(self._graves)

    # which drive

    def drive_at(self, path: str) -> Drive | None:
        """The drive a path is on; None: the machine's own, which never fails."""
        return next((d for d in self.drives if f"/{d.name}" in path), None)

    def drive_of(self, fd: int) -> Drive | None:
        """The drive an open file is on."""
        return self.drive_at(self._paths.get(os.fstat(fd).st_ino, ""))

    def _must_be_there(self, path: str) -> None:
        self.world.power()
        drive = self.drive_at(path)
        if drive is not None and drive.away:
            raise OSError(errno.EIO, "the disk is away", path)

    # files

    def open(self, path: str) -> int:
        self._must_be_there(path)
        fd = super().open(path)
        self.open_files[fd] = path
        self._paths[os.fstat(fd).st_ino] = path
        return fd

    def close(self, fd: int) -> None:
        self.open_files.pop(fd, None)
        super().close(fd)

    def create(self, path: str, count: int) -> int:
        self._must_be_there(path)
        self._may_write(self.drive_at(path))
        made = not os.path.exists(path)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        inode = os.fstat(fd).st_ino
        self._forget(inode)
        self.open_files[fd] = path
        self._paths[inode] = path
        os.ftruncate(fd, count)
        if made:
            self._noted(path, lambda: self._unlink(path))
        return fd

    @staticmethod
    def _unlink(path: str) -> None:
        if os.path.exists(path):
            os.unlink(path)

    def read(self, fd: int, at: int, count: int) -> bytes:
        self.world.power()
        self._may_read(self.drive_at(self.open_files.get(fd, "")))
        return super().read(fd, at, count)

    def _may_read(self, drive: Drive | None) -> None:
        if drive is not None and (drive.away or drive.failing_reads > 0):
            drive.failing_reads = max(0, drive.failing_reads - 1)
            raise OSError(errno.EIO, "read failed")

    def write(self, fd: int, at: int, data: bytes) -> None:
        self.world.power()
        self._may_write(self.drive_of(fd))
        self._track(fd).writes.append((at, bytes(data)))
        super().write(fd, at, data)

    def _may_write(self, drive: Drive | None) -> None:
        if drive is None:
            return
        if drive.away or drive.failing_writes > 0:
            drive.failing_writes = max(0, drive.failing_writes - 1)
            raise OSError(errno.EIO, "write failed")
        if drive.full:
            raise OSError(errno.ENOSPC, "no space left")

    def _track(self, fd: int) -> File:
        inode = os.fstat(fd).st_ino
        file = self._files.get(inode)
        if file is None:
            size = os.fstat(fd).st_size
            file = self._files[inode] = File(os.dup(fd), bytearray(os.pread(fd, size, 0)))
        return file

    def _forget(self, inode: int) -> None:
        file = self._files.pop(inode, None)
        if file is not None:
            os.close(file.fd)

    def sync(self, fd: int) -> None:
        self.world.power()
        drive = self.drive_of(fd)
        inode = os.fstat(fd).st_ino
        file = self._files.get(inode)
        if drive is not None and (drive.away or drive.failing_syncs > 0):
            drive.failing_syncs = max(0, drive.failing_syncs - 1)
            if file is not None:
                file.lost += [(at, at + len(data)) for at, data in file.writes if data]
                file.writes.clear()
            raise OSError(errno.EIO, "sync failed")
        if file is None:
            return
        if not file.lost:
            self._forget(inode)
            return
        for at, data in file.writes:  # what is written anew is saved this time
            file.lost = outside(file.lost, at, at + len(data or b""))
        applied(file.base, file.writes)
        file.writes.clear()
        if not file.lost:
            self._forget(inode)

    def truncate(self, fd: int, count: int) -> None:
        self.world.power()
        self._track(fd).writes.append((count, None))
        super().truncate(fd, count)

    def release(self, fd: int, at: int, count: int) -> None:
        self.world.power()
        self._track(fd).writes.append((at, bytes(count)))
        super().write(fd, at, bytes(count))

    def unsynced(self, path: str) -> Iterator[tuple[int, int]]:
        """Stretches (offset, end) of a file that a power cut may take."""
        file = self._files.get(os.stat(path).st_ino)
        if file is not None:
            yield from file.lost
            yield from ((at, at + len(data)) for at, data in file.writes if data)

    # what kernels do (`syscalls`)

    def kernel_read(self, fd: int, address: int, count: int, at: int) -> int:
        """pread(2): bytes read, or -errno."""
        try:
            data = self.read(fd, at, count)
        except OSError as error:
            return -(error.errno or errno.EIO)
        ctypes.memmove(address, data, len(data))
        return len(data)

    def kernel_write(self, fd: int, address: int, count: int, at: int) -> int:
        """pwrite(2): bytes written, or -errno."""
        try:
            self.write(fd, at, ctypes.string_at(address, count))
        except OSError as error:
            return -(error.errno or errno.EIO)
        return count

    def kernel_sync(self, fd: int) -> int:
        """fdatasync(2): 0 or -errno."""
        try:
            self.sync(fd)
        except OSError as error:
            return -(error.errno or errno.EIO)
        return 0

    # names

    def _noted(self, path: str, undo: Callable[[], None], grave: str = "") -> None:
        self._names.setdefault(os.path.dirname(path), []).append((undo, grave))

    def _bury(self, path: str) -> str:
        self._grave_no += 1
        grave = f"{self._graves}/{self._grave_no}"
        os.rename(path, grave)
        return grave

    def move(self, path: str, to: str) -> None:
        self._must_be_there(path)
        grave = self._bury(to) if os.path.exists(to) else ""
        os.rename(path, to)

        def undo() -> None:
            if os.path.exists(to) and os.path.isdir(os.path.dirname(path)):
                os.rename(to, path)
            if grave:
                os.rename(grave, to)

        self._noted(to, undo, grave)

    def link(self, path: str, to: str) -> None:
        self._must_be_there(path)
        super().link(path, to)
        self._noted(to, lambda: self._unlink(to))

    def remove(self, path: str) -> None:
        self._must_be_there(path)
        if not os.path.exists(path):
            return
        grave = self._bury(path)

        def undo() -> None:
            if not os.path.exists(path):
                os.rename(grave, path)

        self._noted(path, undo, grave)

    def rename(self, path: str, to: str) -> None:
        self.move(path, to)
        self.world.power()
        self.sync_directory(os.path.dirname(to))

    def replace_file(self, path: str, data: bytes) -> None:
        new = path + ".new"
        fd = self.create(new, 0)
        try:
            self.write(fd, 0, data)
            self.sync(fd)
        finally:
            self.close(fd)
        self.rename(new, path)

    def read_file(self, path: str) -> bytes:
        self._must_be_there(path)
        self._may_read(self.drive_at(path))
        return super().read_file(path)

    def names(self, path: str) -> list[str]:
        self._must_be_there(path)
        return super().names(path)

    def exists(self, path: str) -> bool:
        self.world.power()
        drive = self.drive_at(path)
        return not (drive is not None and drive.away) and super().exists(path)

    def make_directory(self, path: str, durable: bool = True) -> None:
        self._must_be_there(path)
        super().make_directory(path, durable)

    def remove_tree(self, path: str) -> None:
        self._must_be_there(path)
        for directory in [d for d in self._names if d == path or d.startswith(path + "/")]:
            self._settle(directory)
        super().remove_tree(path)

    def sync_directory(self, path: str) -> None:
        self._must_be_there(path)
        self._settle(path)

    def _settle(self, directory: str) -> None:
        for _, grave in self._names.pop(directory, []):
            if grave and os.path.exists(grave):
                os.unlink(grave)

    # faults

    def cut_power(self) -> None:
        """What a power cut leaves."""
        chance = self.world.chance
        for directory in sorted(self._names):
            changes = self._names[directory]
            kept = chance.randint(0, len(changes))
            if not os.path.isdir(directory):
                kept = len(changes)
            for undo, _ in reversed(changes[kept:]):
                undo()
        for directory in list(self._names):
            self._settle(directory)
        for file in self._files.values():
            kept_writes = [self._survivor(*write) for write in file.writes]
            content = applied(file.base, [write for write in kept_writes if write is not None])
            os.pwrite(file.fd, content, 0)
            os.ftruncate(file.fd, len(content))
            os.close(file.fd)
        self._files.clear()

    def _survivor(self, at: int, data: bytes | None) -> tuple[int, bytes | None] | None:
        chance = self.world.chance
        fate = chance.random()
        if fate < 0.4:
            return None
        if fate < 0.7 and data is not None:
            return at, data[: chance.randint(0, len(data) // SECTOR_BYTES) * SECTOR_BYTES]
        return at, data

    def flip(self, path: str, at: int, bit: int) -> None:
        """Flip a bit on the disk."""
        fd = os.open(path, os.O_RDWR)
        try:
            byte = os.pread(fd, 1, at)[0] ^ 1 << bit
            os.pwrite(fd, bytes([byte]), at)
            file = self._files.get(os.fstat(fd).st_ino)
            if file is not None and at < len(file.base):
                file.base[at] ^= 1 << bit
        finally:
            os.close(fd)

    def kill(self, part: str = "") -> None:
        """Close what the processes had open whose files are below `part`."""
        for fd, path in list(self.open_files.items()):
            if part in path:
                self.close(fd)

    def close_all(self) -> None:
        """Forget everything."""
        self.kill()
        for inode in list(self._files):
            self._forget(inode)
