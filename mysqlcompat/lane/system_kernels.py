"""Sockets, epoll and the monotonic clock for kernels. Each call gives its result, or -errno."""

from __future__ import annotations

from typing import Final

from redo import jit
from redo.coding_kernels import address_of, load_i64
from redo.system_kernels import errno, sys_clock_gettime, sys_read

EAGAIN: Final = 11
MSG_DONTWAIT: Final = 0x40
MSG_NOSIGNAL: Final = 0x4000
CLOCK_MONOTONIC: Final = 1

if not jit.DISABLED:
    _epoll_wait = jit.External("epoll_wait", "int32", "int32", "intp", "int32", "int32")
    _recv = jit.External("recv", "int64", "int32", "intp", "int64", "int32")
    _send = jit.External("send", "int64", "int32", "intp", "int64", "int32")

    @jit.helper
    def epoll_wait(mem, descriptor, events, limit, timeout_ms):
        """Ready descriptors into `events` (12 bytes each: u32 events, u64 data); how many."""
        found = _epoll_wait(descriptor, address_of(mem, events), limit, timeout_ms)
        return -errno(mem) if found < 0 else found

    @jit.helper
    def receive(mem, descriptor, at, count):
        got = _recv(descriptor, address_of(mem, at), count, MSG_DONTWAIT)
        return -errno(mem) if got < 0 else got

    @jit.helper
    def send(mem, descriptor, at, count):
        sent = _send(descriptor, address_of(mem, at), count, MSG_DONTWAIT | MSG_NOSIGNAL)
        return -errno(mem) if sent < 0 else sent

    @jit.helper
    def read(mem, descriptor, at, count):
        got = sys_read(descriptor, address_of(mem, at), count)
        return -errno(mem) if got < 0 else got

    @jit.helper
    def monotonic_ns(mem, scratch):
        """Nanoseconds of the monotonic clock; `scratch` is 16 bytes to write over."""
        sys_clock_gettime(CLOCK_MONOTONIC, address_of(mem, scratch))
        return load_i64(mem, scratch) * 1_000_000_000 + load_i64(mem, scratch + 8)
