"""Files, as storage uses them. `FileDisk` is the real thing; a simulator has its own `Disk`.

Paths are plain strings. Descriptors are integers. Everything raises OSError. Nothing here retries:
after a failed sync nobody knows what is on the disk, so whoever called gives the file up.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from typing import Final, Protocol

_ZEROS = bytes(1 << 20)
_SYNC_PIECES: Final = 4
_KEEP_SIZE: Final = 1  #: of fallocate
_PUNCH_HOLE: Final = 2
_libc = ctypes.CDLL(None)
_libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]


def is_full_disk(error: OSError) -> bool:
    """No space, or a quota reached: the one error that goes away when somebody makes room."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


class Disk(Protocol):
    """What a copy needs of a file system."""

    def make_directory(self, path: str, durable: bool = True) -> None: ...
    def names(self, path: str) -> list[str]: ...
    def exists(self, path: str) -> bool: ...
    def open(self, path: str) -> int: ...
    def create(self, path: str, count: int) -> int: ...
    def close(self, fd: int) -> None: ...
    def read(self, fd: int, at: int, count: int) -> bytes: ...
    def write(self, fd: int, at: int, data: bytes) -> None: ...
    def sync(self, fd: int) -> None: ...
    def size(self, fd: int) -> int: ...
    def truncate(self, fd: int, count: int) -> None: ...
    def release(self, fd: int, at: int, count: int) -> None: ...
    def linked(self, fd: int) -> bool: ...
    def shared(self, fd: int) -> bool: ...
    def link(self, path: str, to: str) -> None: ...
    def move(self, path: str, to: str) -> None: ...
    def read_file(self, path: str) -> bytes: ...
    def replace_file(self, path: str, data: bytes) -> None: ...
    def rename(self, path: str, to: str) -> None: ...
    def remove(self, path: str) -> None: ...
    def remove_tree(self, path: str) -> None: ...
    def sync_directory(self, path: str) -> None: ...


class FileDisk:
    """The operating system's files.

    durable   False leaves every sync out: for tests that never cut the power
    """

    def __init__(self, durable: bool = True) -> None:
        self.durable = durable

    def make_directory(self, path: str, durable: bool = True) -> None:
        """Make a directory and its parents, durably as far as the last one's name goes."""
        os.makedirs(path, exist_ok=True)
        if durable:
            self.sync_directory(os.path.dirname(path) or ".")

    def names(self, path: str) -> list[str]:
        """Sorted names in a directory."""
        return sorted(os.listdir(path))

    def exists(self, path: str) -> bool:
        """Is there a file or directory of this name?"""
        return os.path.exists(path)

    def open(self, path: str) -> int:
        """Open for reading and writing."""
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def create(self, path: str, count: int) -> int:
        """A new file of `count` zero bytes, really written: later syncs move no metadata."""
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            if count:
                os.posix_fallocate(fd, 0, count)
            for at in range(0, count, len(_ZEROS)):
                self.write(fd, at, _ZEROS[: count - at])
                if (at // len(_ZEROS)) % _SYNC_PIECES == _SYNC_PIECES - 1:
                    self.sync(fd)  # others that sync something wait for little of this at a time
            self.sync(fd)
        except BaseException:
            os.close(fd)
            os.unlink(path)
            raise
        return fd

    def close(self, fd: int) -> None:
        """Close a descriptor."""
        os.close(fd)

    def read(self, fd: int, at: int, count: int) -> bytes:
        """Up to `count` bytes from `at`; fewer at the end of the file."""
        return os.pread(fd, count, at)

    def write(self, fd: int, at: int, data: bytes) -> None:
        """Write all of `data` at `at`."""
        view = memoryview(data)
        while view:
            done = os.pwrite(fd, view, at)
            view = view[done:]
            at += done

    def sync(self, fd: int) -> None:
        """Make what was written durable."""
        if self.durable:
            os.fdatasync(fd)

    def size(self, fd: int) -> int:
        """Bytes in the file."""
        return os.fstat(fd).st_size

    def truncate(self, fd: int, count: int) -> None:
        """Cut the file to `count` bytes."""
        os.ftruncate(fd, count)

    def release(self, fd: int, at: int, count: int) -> None:
        """Let a stretch of the file be zeros that take no room, where file systems can do that."""
        _libc.fallocate(fd, _PUNCH_HOLE | _KEEP_SIZE, at, count)

    def linked(self, fd: int) -> bool:
        """Has the open file still a name? (Deleted files go on taking writes nobody can find.)"""
        return os.fstat(fd).st_nlink > 0

    def shared(self, fd: int) -> bool:
        """Has the open file more than one name, so that another volume reads it too?"""
        return os.fstat(fd).st_nlink > 1

    def link(self, path: str, to: str) -> None:
        """Give a file a second name. The directory is for the caller to sync."""
        os.link(path, to)

    def move(self, path: str, to: str) -> None:
        """Rename. The directories are for the caller to sync."""
        os.replace(path, to)

    def read_file(self, path: str) -> bytes:
        """The whole of a small file."""
        with open(path, "rb") as file:
            return file.read()

    def replace_file(self, path: str, data: bytes) -> None:
        """Put a small file in place atomically: afterwards it has all of `data`, or what it had."""
        new = path + ".new"
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            self.write(fd, 0, data)
            if self.durable:
                os.fsync(fd)
        finally:
            os.close(fd)
        self.rename(new, path)

    def rename(self, path: str, to: str) -> None:
        """Rename, durably."""
        os.replace(path, to)
        self.sync_directory(os.path.dirname(to) or ".")

    def remove(self, path: str) -> None:
        """Remove a file if it is there."""
        if os.path.exists(path):
            os.unlink(path)

    def remove_tree(self, path: str) -> None:
        """Remove a directory and everything in it, whatever is missing already."""
        shutil.rmtree(path, ignore_errors=True)

    def sync_directory(self, path: str) -> None:
        """Make the names in a directory durable."""
        if not self.durable:
            return
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
