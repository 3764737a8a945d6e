"""Reading and writing numbers and byte runs in one byte arena.  Everything else is built on these.

The arena is ``mem``, ``u1[::1]``; a place in it is an int64 offset. Fields need not be aligned.
Little-endian unless the name says ``be``. Loads give int64, so that arithmetic never mixes signs.
Offsets are trusted: an offset out of range reads garbage, exactly as in C. With NUMBA_BOUNDSCHECK=1
each is checked, and one that is out of range is the end of the process (SIGILL; a debug run, never
served). NUMBA_DISABLE_JIT=1 runs the Python twins at the end of this file, which check too.
"""

from __future__ import annotations

from typing import Any

from redo import jit

if not jit.DISABLED:
    types, ir, cgutils, intrinsic = jit.types, jit.ir, jit.cgutils, jit.Intrinsic

    def _place(context, builder, array_type, array, offset, count):
        """Pointer to `count` bytes of the arena; where bounds are checked, only if they are it."""
        data = jit.beginning(context, builder, array_type, array)
        if jit.CHECKED and count is not None:
            word = ir.IntType(64)
            items = context.make_array(array_type)(context, builder, array).nitems
            left = builder.sub(items, offset)
            bad = builder.icmp_signed("<", offset, word(0))
            bad = builder.or_(bad, builder.icmp_signed("<", count, word(0)))
            bad = builder.or_(bad, builder.icmp_signed("<", left, count))
            with builder.if_then(bad, likely=False):
                nothing = ir.FunctionType(ir.VoidType(), ())
                builder.call(builder.module.declare_intrinsic("llvm.trap", (), nothing), ())
        return builder.gep(data, [offset])

    def _pointer(context, builder, array_type, array, offset, bits, checked=True):
        count = ir.IntType(64)(bits // 8) if checked else None
        place = _place(context, builder, array_type, array, offset, count)
        return builder.bitcast(place, ir.IntType(bits).as_pointer())

    def _loader(
        bits: int, signed: bool, swapped: bool = False, order: str = "", checked: bool = True
    ) -> Any:
        @intrinsic
        def load(typingctx, mem, offset):
            def codegen(context, builder, signature, args):
                pointer = _pointer(
                    context, builder, signature.args[0], args[0], args[1], bits, checked
                )
                if order:
                    value = builder.load_atomic(pointer, order, bits // 8)
                else:
                    value = builder.load(pointer)
                    value.align = 1
                if swapped and bits > 8:
                    value = builder.bswap(value)
                if bits == 64:
                    return value
                extend = builder.sext if signed else builder.zext
                return extend(value, ir.IntType(64))

            return types.int64(mem, types.int64), codegen

        return load

    def _storer(bits: int, swapped: bool = False, order: str = "") -> Any:
        @intrinsic
        def store(typingctx, mem, offset, value):
            def codegen(context, builder, signature, args):
                pointer = _pointer(context, builder, signature.args[0], args[0], args[1], bits)
                value = args[2]
                if bits < 64:
                    value = builder.trunc(value, ir.IntType(bits))
                if swapped and bits > 8:
                    value = builder.bswap(value)
                if order:
                    builder.store_atomic(value, pointer, order, bits // 8)
                else:
                    builder.store(value, pointer).align = 1
                return context.get_dummy_value()

            return types.void(mem, types.int64, types.int64), codegen

        return store

    load_u8 = _loader(8, False)
    load_u16 = _loader(16, False)
    load_u32 = _loader(32, False)
    load_i32 = _loader(32, True)
    load_i64 = _loader(64, True)
    #: Of memory that is not the arena's: a distance from its beginning.
    load_i32_outside = _loader(32, True, checked=False)
    load_u16_be = _loader(16, False, swapped=True)
    load_u32_be = _loader(32, False, swapped=True)
    load_i64_be = _loader(64, True, swapped=True)
    store_u8 = _storer(8)
    store_u16 = _storer(16)
    store_u32 = _storer(32)
    store_i64 = _storer(64)
    store_u16_be = _storer(16, swapped=True)
    store_u32_be = _storer(32, swapped=True)
    store_i64_be = _storer(64, swapped=True)
    #: Words shared between processes: 8-byte aligned, ordered.
    atomic_load = _loader(64, True, order="acquire")
    atomic_store = _storer(64, order="release")

    @intrinsic
    def atomic_add(typingctx, mem, offset, value):
        """Add to a shared word; the value before."""

        def codegen(context, builder, signature, args):
            pointer = _pointer(context, builder, signature.args[0], args[0], args[1], 64)
            return builder.atomic_rmw("add", pointer, args[2], "seq_cst")

        return types.int64(mem, types.int64, types.int64), codegen

    @intrinsic
    def fence(typingctx):
        """A full memory barrier: needed between "publish" and "look whether somebody sleeps"."""

        def codegen(context, builder, signature, args):
            builder.fence("seq_cst")
            return context.get_dummy_value()

        return types.void(), codegen

    @intrinsic
    def move(typingctx, mem, to, source, count):
        """memmove of `count` bytes inside the arena; the runs may overlap."""

        def codegen(context, builder, signature, args):
            array = signature.args[0]
            target = _place(context, builder, array, args[0], args[1], args[3])
            origin = _place(context, builder, array, args[0], args[2], args[3])
            cgutils.raw_memmove(builder, target, origin, args[3], 1)
            return context.get_dummy_value()

        return types.void(mem, types.int64, types.int64, types.int64), codegen

    @intrinsic
    def fill(typingctx, mem, to, count, byte):
        """Set `count` bytes to `byte`."""

        def codegen(context, builder, signature, args):
            target = _place(context, builder, signature.args[0], args[0], args[1], args[2])
            byte = builder.trunc(args[3], ir.IntType(8))
            cgutils.memset(builder, target, args[2], byte)
            return context.get_dummy_value()

        return types.void(mem, types.int64, types.int64, types.int64), codegen

    @intrinsic
    def address_of(typingctx, mem, offset):
        """Machine address of a place in the arena, for system calls."""

        def codegen(context, builder, signature, args):
            place = _place(context, builder, signature.args[0], args[0], args[1], None)
            return builder.ptrtoint(place, ir.IntType(64))

        return types.int64(mem, types.int64), codegen

    @intrinsic
    def prefetch(typingctx, mem, offset):
        """Ask for the cache line at a place that will be read soon; any offset is harmless."""

        def codegen(context, builder, signature, args):
            place = _place(context, builder, signature.args[0], args[0], args[1], None)
            number = ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), (place.type, number, number, number))
            hint = builder.module.declare_intrinsic("llvm.prefetch", (place.type,), kind)
            builder.call(hint, (place, number(0), number(3), number(1)))
            return context.get_dummy_value()

        return types.void(mem, types.int64), codegen

    @intrinsic
    def float_of_bits(typingctx, bits):
        """The double whose IEEE bits are `bits`."""

        def codegen(context, builder, signature, args):
            return builder.bitcast(args[0], ir.DoubleType())

        return types.float64(types.int64), codegen

    @intrinsic
    def bits_of_float(typingctx, value):
        """IEEE bits of a double, as int64."""

        def codegen(context, builder, signature, args):
            return builder.bitcast(args[0], ir.IntType(64))

        return types.int64(types.float64), codegen

else:  # the naive twins: slow, checked, used by NUMBA_DISABLE_JIT=1 runs of the kernel tests
    import ctypes
    import struct

    def _load(form):
        unpack, size = struct.Struct(form).unpack_from, struct.calcsize(form)

        def load(mem, offset):
            assert 0 <= offset <= len(mem) - size, offset
            return unpack(mem, offset)[0]

        return load

    def _store(form):
        pack, bits = struct.Struct(form.upper() if form[-1] != "q" else form), 0
        bits = pack.size * 8

        def store(mem, offset, value):
            assert 0 <= offset <= len(mem) - bits // 8, offset
            mem[offset : offset + bits // 8] = bytearray(
                (int(value) & ((1 << bits) - 1)).to_bytes(
                    bits // 8, "big" if form[0] == ">" else "little"
                )
            )

        return store

    load_u8, load_u16, load_u32 = _load("<B"), _load("<H"), _load("<I")
    load_i32, load_i64 = _load("<i"), _load("<q")
    load_u16_be, load_u32_be, load_i64_be = _load(">H"), _load(">I"), _load(">q")
    store_u8, store_u16, store_u32, store_i64 = (
        _store("<B"),
        _store("<H"),
        _store("<I"),
        _store("<q"),
    )
    store_u16_be, store_u32_be, store_i64_be = _store(">H"), _store(">I"), _store(">q")
    atomic_load, atomic_store = load_i64, store_i64

    def load_i32_outside(mem, offset):
        return ctypes.c_int32.from_address(mem.ctypes.data + offset).value

    def prefetch(mem, offset):
        return None

    def atomic_add(mem, offset, value):
        before = load_i64(mem, offset)
        store_i64(mem, offset, before + value)
        return before

    def fence():
        return None

    def move(mem, to, source, count):
        assert 0 <= to and to + count <= len(mem) and 0 <= source and source + count <= len(mem)
        mem[to : to + count] = mem[source : source + count].copy()

    def fill(mem, to, count, byte):
        assert 0 <= to and to + count <= len(mem)
        mem[to : to + count] = byte

    def address_of(mem, offset):
        return mem.ctypes.data + offset

    def float_of_bits(bits):
        return ctypes.c_double.from_buffer(ctypes.c_int64(bits)).value

    def bits_of_float(value):
        return ctypes.c_int64.from_buffer(ctypes.c_double(value)).value


SIGN = -(2**63)


@jit.helper
def compare(mem, a, a_count, b, b_count):
    """memcmp of two runs, the shorter first where one begins the other: -1, 0 or 1."""
    shorter = min(a_count, b_count)
    at = 0
    while at + 8 <= shorter:
        x = load_i64_be(mem, a + at) ^ SIGN
        y = load_i64_be(mem, b + at) ^ SIGN
        if x != y:
            return -1 if x < y else 1
        at += 8
    while at < shorter:
        x = load_u8(mem, a + at)
        y = load_u8(mem, b + at)
        if x != y:
            return -1 if x < y else 1
        at += 1
    if a_count == b_count:
        return 0
    return -1 if a_count < b_count else 1


@jit.helper
def head_of(mem, at, count):
    """First eight bytes of a run as an int64 that orders as memcmp does; short runs end in 0."""
    if count >= 8:
        return load_i64_be(mem, at) ^ SIGN
    if count == 0:
        return SIGN
    value = (load_u8(mem, at) - 128) << 56  # never beyond int64, so the same without the JIT
    for i in range(1, count):
        value |= load_u8(mem, at + i) << (56 - 8 * i)
    return value


@jit.helper
def hash_bytes(mem, at, count):
    """A 63-bit hash of a run, for tables in memory (never stored)."""
    value = count * -7046029254386353131 + 1609587929392839161
    i = 0
    while i + 8 <= count:
        value = (value ^ load_i64(mem, at + i)) * -7046029254386353131
        value ^= (value >> 29) & 0x7FFFFFFFF
        i += 8
    while i < count:
        value = (value ^ load_u8(mem, at + i)) * -7046029254386353131
        value ^= (value >> 29) & 0x7FFFFFFFF
        i += 1
    # what the last bytes of a key say is in the high bits by now; tables look at the low ones
    value = (value ^ ((value >> 32) & 0xFFFFFFFF)) * -7046029254386353131
    value ^= (value >> 32) & 0xFFFFFFFF
    return value & 0x7FFFFFFFFFFFFFFF
