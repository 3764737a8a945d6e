"""CRC32C (Castagnoli) of runs in the arena: the processor's instruction, or else a table."""

from __future__ import annotations

import platform

import numpy as np

from redo import jit
from redo.coding_kernels import load_i64, load_u8


def _table() -> np.ndarray:
    values = np.arange(256, dtype=np.int64)
    for _ in range(8):
        values = np.where(values & 1, (values >> 1) ^ 0x82F63B78, values >> 1)
    return values


CRC_TABLE = _table()


def _has_instruction() -> bool:
    if jit.DISABLED or platform.machine() not in ("x86_64", "AMD64"):
        return False
    import llvmlite.binding

    return bool(llvmlite.binding.get_host_cpu_features().get("sse4.2"))


HAS_INSTRUCTION = _has_instruction()

if HAS_INSTRUCTION:
    types, ir, intrinsic = jit.types, jit.ir, jit.Intrinsic

    @intrinsic
    def crc_u64(typingctx, crc, value):
        """`crc` after eight more bytes, given as a little-endian int64."""

        def codegen(context, builder, signature, args):
            word = ir.IntType(64)
            name = "llvm.x86.sse42.crc32.64.64"
            function = builder.module.declare_intrinsic(
                name, fnty=ir.FunctionType(word, [word, word])
            )
            return builder.call(function, args)

        return types.int64(types.int64, types.int64), codegen

else:

    @jit.helper
    def crc_u64(crc, value):
        """`crc` after eight more bytes, given as a little-endian int64."""
        for i in range(8):
            crc = CRC_TABLE[(crc ^ (value >> (8 * i))) & 255] ^ (crc >> 8)
        return crc


@jit.helper
def crc_run(mem, at, count, crc):
    """`crc` (raw: not inverted) after `count` more bytes of `mem`."""
    end = at + count
    while at + 8 <= end:
        crc = crc_u64(crc, load_i64(mem, at))
        at += 8
    while at < end:
        crc = CRC_TABLE[(crc ^ load_u8(mem, at)) & 255] ^ (crc >> 8)
        at += 1
    return crc


@jit.helper
def crc32c(mem, at, count):
    """CRC32C of a run, 0 … 2^32 - 1."""
    return crc_run(mem, at, count, 0xFFFFFFFF) ^ 0xFFFFFFFF


@jit.kernel("i8(u1[::1], i8, i8)")
def crc32c_of(mem, at, count):
    """`crc32c` for Python."""
    return crc32c(mem, at, count)
