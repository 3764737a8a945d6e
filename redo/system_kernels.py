"""System calls for kernels.  Addresses travel as integers; results are the C library's, unchecked.

A descriptor or prototype that is wrong fails silently and looks fast: look at every result.
"""

from __future__ import annotations

import platform

from redo import jit
from redo.coding_kernels import address_of, load_i32_outside, load_i64, load_u32, store_i64

if not jit.DISABLED:
    sys_read = jit.External("read", "int64", "int32", "intp", "int64")
    sys_write = jit.External("write", "int64", "int32", "intp", "int64")
    sys_pread = jit.External("pread", "int64", "int32", "intp", "int64", "int64")
    sys_pwrite = jit.External("pwrite", "int64", "int32", "intp", "int64", "int64")
    sys_fdatasync = jit.External("fdatasync", "int32", "int32")
    sys_clock_gettime = jit.External("clock_gettime", "int32", "int32", "intp")
    sys_usleep = jit.External("usleep", "int32", "uint32")
    sys_errno_address = jit.External("__errno_location", "intp")
    sys_call = jit.External("syscall", "int64", "int64", "int64", "intp")
else:  # the same functions for kernels run as Python
    import ctypes

    _libc = ctypes.CDLL(None, use_errno=False)

    def _function(name, result, *arguments):
        function = ctypes.CFUNCTYPE(result, *arguments)((name, _libc))
        return function

    _i32, _i64 = ctypes.c_int32, ctypes.c_int64
    sys_read = _function("read", _i64, _i32, _i64, _i64)
    sys_write = _function("write", _i64, _i32, _i64, _i64)
    sys_pread = _function("pread", _i64, _i32, _i64, _i64, _i64)
    sys_pwrite = _function("pwrite", _i64, _i32, _i64, _i64, _i64)
    sys_fdatasync = _function("fdatasync", _i32, _i32)
    sys_clock_gettime = _function("clock_gettime", _i32, _i32, _i64)
    sys_usleep = _function("usleep", _i32, ctypes.c_uint32)
    sys_errno_address = _function("__errno_location", _i64)
    sys_call = _function("syscall", _i64, _i64, _i64, _i64)

#: Number of fstat and offset of `st_nlink` in its answer; old C libraries have no symbol for it.
_FSTAT_BY_MACHINE = {"x86_64": (5, 16), "aarch64": (80, 20)}
FSTAT_CALL, NLINK_AT = _FSTAT_BY_MACHINE.get(platform.machine(), (-1, 0))
STAT_BYTES = 192


@jit.helper
def errno(mem):
    """The thread's errno after a call that failed."""
    return load_i32_outside(mem, sys_errno_address() - address_of(mem, 0))


@jit.helper
def clock_us(mem, scratch):
    """Wall clock in microseconds.  `scratch`: 16 bytes of `mem` that may be overwritten."""
    sys_clock_gettime(0, address_of(mem, scratch))
    return load_i64(mem, scratch) * 1000000 + load_i64(mem, scratch + 8) // 1000


@jit.helper
def event_signal(mem, event_fd, scratch):
    """Add one to an eventfd.  `scratch`: 8 bytes of `mem` that may be overwritten."""
    store_i64(mem, scratch, 1)
    return sys_write(event_fd, address_of(mem, scratch), 8)


@jit.helper
def file_is_deleted(mem, fd, scratch):
    """Has an open file lost its name? `scratch`: STAT_BYTES of `mem`. False if nobody can know."""
    if FSTAT_CALL < 0 or sys_call(FSTAT_CALL, fd, address_of(mem, scratch)) != 0:
        return False
    return load_u32(mem, scratch + NLINK_AT) == 0
