"""The C functions that kernels call, given other addresses: clock, files and wake-ups of a world.

Machine code out of the cache is linked by symbol when it is loaded, so `install` comes before the
first import of a kernel, and a process that has called it simulates for the rest of its life.
"""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

import llvmlite.binding

if TYPE_CHECKING:
    from tests.simulator.world import World

_i32, _i64 = ctypes.c_int32, ctypes.c_int64
_errno = ctypes.c_int32(0)
_worlds: list[World] = []


def enter(world: World) -> None:
    """From now on kernels are in this world."""
    _worlds[:] = [world]


def _result(value: int) -> int:
    """As the C library says it: -1 and errno."""
    if value >= 0:
        return value
    _errno.value = -value
    return -1


def _clock_gettime(_: int, address: int) -> int:
    seconds, us = divmod(_worlds[0].wall_us(), 1_000_000)
    _i64.from_address(address).value = seconds
    _i64.from_address(address + 8).value = us * 1000
    return 0


def _read(fd: int, address: int, count: int) -> int:
    try:
        data = os.read(fd, count)
    except OSError as error:
        return _result(-(error.errno or 5))
    ctypes.memmove(address, data, len(data))
    return len(data)


def _pread(fd: int, address: int, count: int, at: int) -> int:
    return _result(_worlds[0].kernel(lambda disk: disk.kernel_read(fd, address, count, at)))


def _pwrite(fd: int, address: int, count: int, at: int) -> int:
    return _result(_worlds[0].kernel(lambda disk: disk.kernel_write(fd, address, count, at)))


def _fdatasync(fd: int) -> int:
    return _result(_worlds[0].kernel(lambda disk: disk.kernel_sync(fd)))


def _usleep(us: int) -> int:
    _worlds[0].pass_time(us / 1e6)
    return 0


def _errno_location() -> int:
    return ctypes.addressof(_errno)


_FUNCTIONS = {
    "clock_gettime": ctypes.CFUNCTYPE(_i32, _i32, _i64)(_clock_gettime),
    "read": ctypes.CFUNCTYPE(_i64, _i32, _i64, _i64)(_read),
    "pread": ctypes.CFUNCTYPE(_i64, _i32, _i64, _i64, _i64)(_pread),
    "pwrite": ctypes.CFUNCTYPE(_i64, _i32, _i64, _i64, _i64)(_pwrite),
    "fdatasync": ctypes.CFUNCTYPE(_i32, _i32)(_fdatasync),
    "usleep": ctypes.CFUNCTYPE(_i32, ctypes.c_uint32)(_usleep),
    "__errno_location": ctypes.CFUNCTYPE(_i64)(_errno_location),
}


def install() -> None:
    """Let kernels that are loaded from now on call these."""
    for name, function in _FUNCTIONS.items():
        llvmlite.binding.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
