"""The arena: one stretch of memory that holds everything kernels touch, addressed by offsets.

::

    OFFSET          WHAT                                              SHARED WITH
    0               null page: offset 0 means "nothing"               nobody
    CONTROL_AT      control block: words both sides of the log read   storage, replicas
    RING_AT         the log ring, `ring_bytes`                        storage, replicas
    RING_AT + ring  the same ring again: runs never wrap              (same memory)
    private_at      frames, state, scratch, programs: `alloc`         nobody

The ring is a memfd mapped twice, one copy after the other, so that the byte of LSN ``x`` is at
``RING_AT + x % ring_bytes`` and whatever starts there may be read or written in one piece.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import threading
from typing import Final

import numpy as np
import numpy.typing as npt

Memory = npt.NDArray[np.uint8]
Words = npt.NDArray[np.int64]

CONTROL_AT: Final = 4096
CONTROL_BYTES: Final = 4096
RING_AT: Final = CONTROL_AT + CONTROL_BYTES

_MAP_FIXED: Final = 0x10
_MAP_NORESERVE: Final = 0x4000
_MADV_DONTNEED: Final = 4
_MADV_HUGEPAGE: Final = 14
_GIVEN_BACK: Final = 8 << 20  #: runs this large return to the system when they are freed
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_long,
]
_libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


def create_ring(ring_bytes: int) -> int:
    """A new shared log ring (control block and ring); its file descriptor, inheritable by fork."""
    assert ring_bytes % mmap.PAGESIZE == 0
    fd = os.memfd_create("redo-ring", 0)
    os.ftruncate(fd, CONTROL_BYTES + ring_bytes)
    return fd


class Arena:
    """One process's arena over a shared ring.

    mem      u1[::1], the whole of it
    alloc    hands out private memory, zero-filled on first use, 64-byte aligned
    free     takes a run back, for `alloc` of the same size class
    """

    def __init__(self, ring_fd: int, private_bytes: int) -> None:
        self.ring_bytes: int = os.fstat(ring_fd).st_size - CONTROL_BYTES
        self.private_at: int = RING_AT + 2 * self.ring_bytes
        private_bytes = -(-private_bytes // mmap.PAGESIZE) * mmap.PAGESIZE
        self.size: int = self.private_at + private_bytes
        self._base = self._map(None, self.size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
        shared = mmap.MAP_SHARED | _MAP_FIXED
        self._map(self._base + CONTROL_AT, CONTROL_BYTES, shared, ring_fd, 0)
        for at in (RING_AT, RING_AT + self.ring_bytes):
            self._map(self._base + at, self.ring_bytes, shared, ring_fd, CONTROL_BYTES)
        # Scans and lookups go all over it: a TLB's entries should reach far. Where the system has
        # no huge pages this is refused, and nothing is different.
        _libc.madvise(self._base + self.private_at, private_bytes, _MADV_HUGEPAGE)
        buffer = (ctypes.c_uint8 * self.size).from_address(self._base)
        self.mem: Memory = np.frombuffer(memoryview(buffer), dtype=np.uint8)
        self._lock = threading.Lock()
        #: [begin, end) of what belongs to no size class, first all there is; the longest last
        self._runs = [[self.private_at, self.size]]
        self._free: dict[int, list[int]] = {}  # of each size class

    @staticmethod
    def _map(at: int | None, size: int, flags: int, fd: int, offset: int) -> int:
        protection = mmap.PROT_READ | mmap.PROT_WRITE
        address = _libc.mmap(at, size, protection, flags | _MAP_NORESERVE, fd, offset)
        if address in (None, ctypes.c_void_p(-1).value):
            raise OSError(ctypes.get_errno(), "cannot map the arena")
        return int(address)

    def alloc(self, count: int) -> int:
        """Offset of `count` private bytes (zero on first use). Raises MemoryError when nowhere as
        many are free."""
        size = self.size_class(count)
        with self._lock:
            waiting = self._free.get(size)
            if waiting:
                return waiting.pop()
            run = self._runs[-1]
            if run[1] - run[0] < size:
                self._join_free()
                run = self._runs[-1]
                if run[1] - run[0] < size:
                    private_bytes = self.size - self.private_at
                    raise MemoryError(f"arena is full ({private_bytes} private bytes)")
            at = run[0]
            run[0] += size
            return at

    def _join_free(self) -> None:
        """Make runs, as long as can be, of all that is free: what was freed in one size class
        would else never be used for another."""
        freed = [[at, at + size] for size, waiting in self._free.items() for at in waiting]
        self._free = {}
        runs: list[list[int]] = []
        for begin, end in sorted([*self._runs, *freed]):
            if runs and runs[-1][1] == begin:
                runs[-1][1] = end
            else:
                runs.append([begin, end])
        self._runs = sorted(runs, key=lambda run: run[1] - run[0])

    def free(self, at: int, count: int) -> None:
        """Give back what ``alloc(count)`` returned."""
        size = self.size_class(count)
        if size >= _GIVEN_BACK:
            first, last = -(-at // mmap.PAGESIZE), (at + size) // mmap.PAGESIZE
            count = (last - first) * mmap.PAGESIZE
            _libc.madvise(self._base + first * mmap.PAGESIZE, count, _MADV_DONTNEED)
        with self._lock:
            self._free.setdefault(size, []).append(at)

    def prefer_large_pages(self, at: int, count: int) -> None:
        """Have the system keep this private memory in pages of 2 MiB where it can.

        For what is large and met at random: with pages of 4 KiB each look costs a walk through the
        processor's page tables as well, twice as much as the look itself. A system that will not
        is none the worse.
        """
        first, last = -(-at // mmap.PAGESIZE), (at + count) // mmap.PAGESIZE
        address = self._base + first * mmap.PAGESIZE
        _libc.madvise(address, (last - first) * mmap.PAGESIZE, _MADV_HUGEPAGE)

    @staticmethod
    def size_class(count: int) -> int:
        """Sizes are rounded up so that they recur: to powers of two below 1 MiB, above that to
        one of four steps between two powers."""
        if count >= 1 << 20:
            step = max(1 << 20, 1 << ((count - 1).bit_length() - 3))
            return -(-count // step) * step
        return max(64, 1 << max(0, count - 1).bit_length())

    def words(self, at: int, count: int) -> Words:
        """An int64 view of `count` words at `at` (8-byte aligned)."""
        return self.mem[at : at + 8 * count].view(np.int64)

    def close(self) -> None:
        """Unmap. No view of the arena may be used afterwards."""
        if self._base:
            self.mem = np.empty(0, np.uint8)
            _libc.munmap(self._base, self.size)
            self._base = 0
