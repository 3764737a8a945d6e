"""System calls for kernels. Symbols are resolved in the process, so kernels that use them cache.

`errno` lives behind `__errno_location`. Each wrapper returns what the call returned, or -errno.
"""

from __future__ import annotations

from typing import Final

from redo import jit
from redo.coding_kernels import address_of, load_i64

EAGAIN: Final = 11
EINTR: Final = 4
MSG_DONTWAIT: Final = 0x40
MSG_NOSIGNAL: Final = 0x4000
CLOCK_MONOTONIC: Final = 1

if not jit.DISABLED:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    _errno_location = types.ExternalFunction("__errno_location", types.intp())
    _epoll_wait = types.ExternalFunction(
        "epoll_wait", types.int32(types.int32, types.intp, types.int32, types.int32)
    )
    _recv = types.ExternalFunction(
        "recv", types.int64(types.int32, types.intp, types.int64, types.int32)
    )
    _send = types.ExternalFunction(
        "send", types.int64(types.int32, types.intp, types.int64, types.int32)
    )
    _read = types.ExternalFunction("read", types.int64(types.int32, types.intp, types.int64))
    _clock_gettime = types.ExternalFunction(
        "clock_gettime", types.int32(types.int32, types.intp)
    )

    @intrinsic
    def _load_i32_at(typingctx, address):
        def codegen(context, builder, signature, args):
            pointer = builder.inttoptr(args[0], ir.IntType(32).as_pointer())
            return builder.sext(builder.load(pointer), ir.IntType(64))

        return types.int64(types.intp), codegen

    @jit.helper
    def errno():
        return _load_i32_at(_errno_location())

    @jit.helper
    def epoll_wait(mem, descriptor, events, limit, timeout_ms):
        """Ready descriptors into `events` (12 bytes each: u32 events, u64 data); how many."""
        found = _epoll_wait(descriptor, address_of(mem, events), limit, timeout_ms)
        return -errno() if found < 0 else found

    @jit.helper
    def receive(mem, descriptor, at, count):
        got = _recv(descriptor, address_of(mem, at), count, MSG_DONTWAIT)
        return -errno() if got < 0 else got

    @jit.helper
    def send(mem, descriptor, at, count):
        sent = _send(descriptor, address_of(mem, at), count, MSG_DONTWAIT | MSG_NOSIGNAL)
        return -errno() if sent < 0 else sent

    @jit.helper
    def read(mem, descriptor, at, count):
        got = _read(descriptor, address_of(mem, at), count)
        return -errno() if got < 0 else got

    @jit.helper
    def monotonic_ns(mem, scratch):
        """Nanoseconds of the monotonic clock; `scratch` is 16 bytes to write over."""
        _clock_gettime(CLOCK_MONOTONIC, address_of(mem, scratch))
        return load_i64(mem, scratch) * 1_000_000_000 + load_i64(mem, scratch + 8)
