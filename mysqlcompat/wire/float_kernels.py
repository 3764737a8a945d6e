"""Doubles and floats as MySQL prints them.

MySQL prints the shortest digits that read back as the same double (FLOAT: six digits), without an
exponent while the number is "nice": at least 1e-15 and either below 1e15 or with digits after the
point. Digits come from libc (`gcvt` is printf's %g, correctly rounded; 15, 16, then 17 of them, the
first that `strtod` reads back unchanged); layout is ours.
"""

from redo import jit
from redo.coding_kernels import (
    address_of,
    bits_of_float,
    fill,
    float_of_bits,
    load_u8,
    move,
    store_u8,
)

if not jit.DISABLED:
    types, ir, intrinsic = jit.types, jit.ir, jit.Intrinsic

    _gcvt = jit.External("gcvt", "intp", "float64", "int32", "intp")
    _strtod = jit.External("strtod", "float64", "intp", "intp")

    @intrinsic
    def float32_bits(typingctx, value):
        """IEEE bits of a double rounded to single precision."""

        def codegen(context, builder, signature, args):
            single = builder.fptrunc(args[0], ir.FloatType())
            return builder.zext(builder.bitcast(single, ir.IntType(32)), ir.IntType(64))

        return types.int64(types.float64), codegen

    @intrinsic
    def float32_value(typingctx, bits):
        """The double that equals the single whose IEEE bits are `bits`."""

        def codegen(context, builder, signature, args):
            single = builder.bitcast(builder.trunc(args[0], ir.IntType(32)), ir.FloatType())
            return builder.fpext(single, ir.DoubleType())

        return types.float64(types.int64), codegen

else:
    import ctypes
    import struct

    _libc = ctypes.CDLL(None)
    _gcvt = _libc.gcvt
    _gcvt.argtypes = [ctypes.c_double, ctypes.c_int, ctypes.c_void_p]
    _strtod = _libc.strtod
    _strtod.argtypes, _strtod.restype = [ctypes.c_void_p, ctypes.c_void_p], ctypes.c_double

    def float32_bits(value):
        return struct.unpack("<I", struct.pack("<f", value))[0]

    def float32_value(bits):
        return struct.unpack("<f", struct.pack("<I", bits))[0]


#: Bytes that `double_text` and `fixed_text` may touch from `out` on.
FLOAT_ROOM = 96
FIXED_ROOM = 416

_ZERO, _POINT, _MINUS, _E = 48, 46, 45, 101
_SCRATCH = 40  # where %g's text is put: after any text of ours
_MOST_PLAIN_DIGITS = 15
_SMALLEST_NORMAL = 1 << 52  # IEEE bits: below it are fewer than 15 good digits
_INFINITE = 0x7FF0000000000000  #: the exponent of infinities
_MANTISSA = (1 << 52) - 1


@jit.helper
def _digits(mem, out, text):
    """Strip %g's text at `text` (positive) to its digits at `out`: count << 32 | (decpt + 1024).

    decpt is the place of the decimal point counted from before the first digit: 0.d1d2… × 10^decpt.
    """
    count = 0
    decpt = 0
    seen_point = False
    at = text
    byte = load_u8(mem, at)
    while byte != 0 and byte != _E:
        if byte == _POINT:
            seen_point = True
        elif byte == _ZERO and count == 0:
            if seen_point:
                decpt -= 1
        else:
            store_u8(mem, out + count, byte)
            count += 1
            if not seen_point:
                decpt += 1
        at += 1
        byte = load_u8(mem, at)
    if byte == _E:
        negative = load_u8(mem, at + 1) == _MINUS
        at += 2
        exponent = 0
        while load_u8(mem, at) != 0:
            exponent = exponent * 10 + load_u8(mem, at) - _ZERO
            at += 1
        decpt += -exponent if negative else exponent
    while count > 1 and load_u8(mem, out + count - 1) == _ZERO:
        count -= 1
    return count << 32 | (decpt + 1024)


@jit.helper
def _lay_out(mem, out, count, decpt):
    """Turn `count` digits at `out` into a number's text in place: bytes."""
    if decpt < -_MOST_PLAIN_DIGITS + 1 or (decpt > _MOST_PLAIN_DIGITS and count <= decpt):
        if count > 1:
            move(mem, out + 2, out + 1, count - 1)
            store_u8(mem, out + 1, _POINT)
            count += 1
        at = out + count
        store_u8(mem, at, _E)
        at += 1
        exponent = decpt - 1
        if exponent < 0:
            store_u8(mem, at, _MINUS)
            at += 1
            exponent = -exponent
        if exponent >= 100:
            store_u8(mem, at, _ZERO + exponent // 100)
            at += 1
        if exponent >= 10:
            store_u8(mem, at, _ZERO + exponent // 10 % 10)
            at += 1
        store_u8(mem, at, _ZERO + exponent % 10)
        return at + 1 - out
    if decpt <= 0:
        move(mem, out + 2 - decpt, out, count)
        fill(mem, out, 2 - decpt, _ZERO)
        store_u8(mem, out + 1, _POINT)
        return count + 2 - decpt
    if decpt < count:
        move(mem, out + decpt + 1, out + decpt, count - decpt)
        store_u8(mem, out + decpt, _POINT)
        return count + 1
    fill(mem, out + count, decpt - count, _ZERO)
    return decpt


@jit.helper
def _plain_integer(mem, out, number):
    """Digits of 0 <= number < 1e15: bytes."""
    size = 1
    rest = number // 10
    while rest > 0:
        rest //= 10
        size += 1
    at = out + size
    while at > out:
        at -= 1
        store_u8(mem, at, _ZERO + number % 10)
        number //= 10
    return size


@jit.helper
def _try_sixteen(mem, text, place, value, bits):
    """Of a power of two: the 16 digits above it instead of 17, where they read back the same.

    Doubles above a power of two are twice as far away as those below, so the nearest number of 16
    digits may be somebody else's while the one above is still ours. `text` holds %.17g.
    """
    last = text
    for at in range(text, text + 24):
        byte = load_u8(mem, at)
        if byte == 0 or byte == _E:
            break
        last = at
    before = last - 1
    if load_u8(mem, before) == _POINT or load_u8(mem, before) == _ZERO + 9:
        return
    store_u8(mem, last, _ZERO)
    store_u8(mem, before, load_u8(mem, before) + 1)
    if bits_of_float(_strtod(place, 0)) != bits:
        _gcvt(value, 17, place)


@jit.helper
def _shortest(mem, out, text, bits):
    """The fewest digits that read back as the positive double `bits`: as `_digits`."""
    value = float_of_bits(bits)
    place = address_of(mem, text)
    wanted = 15 if bits >= _SMALLEST_NORMAL else 1
    _gcvt(value, wanted, place)
    while wanted < 17 and bits_of_float(_strtod(place, 0)) != bits:
        wanted += 1
        _gcvt(value, wanted, place)
    if wanted == 17 and bits & _MANTISSA == 0:
        _try_sixteen(mem, text, place, value, bits)
    return _digits(mem, out, text)


@jit.routine
def double_text(mem, out, bits, single):
    """Text of the double with IEEE bits `bits` at `out`, as MySQL prints DOUBLE (single: FLOAT).

    -> bytes. Touches FLOAT_ROOM bytes. Infinities, which sums may be, are shown as 0.
    """
    if bits & _INFINITE == _INFINITE:
        store_u8(mem, out, _ZERO)
        return 1
    at = out
    if bits < 0:
        store_u8(mem, at, _MINUS)
        at += 1
        bits &= 0x7FFFFFFFFFFFFFFF
    value = float_of_bits(bits)
    whole = 1000000.0 if single else 1e15
    if value < whole:
        number = int(value)
        if float(number) == value:
            return at - out + _plain_integer(mem, at, number)
    text = out + _SCRATCH
    if single:
        _gcvt(value, 6, address_of(mem, text))
        packed = _digits(mem, at, text)
    else:
        packed = _shortest(mem, at, text, bits)
    return at - out + _lay_out(mem, at, packed >> 32, (packed & 0xFFFFFFFF) - 1024)


@jit.helper
def double_of_text(mem, at):
    """The bits of the double whose text is at `at` and ends with a zero byte."""
    return bits_of_float(_strtod(address_of(mem, at), 0))


@jit.helper
def _put_fixed(mem, out, digits, count, decpt, decimals):
    """Write `count` digits at `digits` with the point after `decpt` of them and padding: bytes."""
    at = out
    if decpt <= 0:
        store_u8(mem, at, _ZERO)
        at += 1
    for place in range(decpt):
        store_u8(mem, at, load_u8(mem, digits + place) if place < count else _ZERO)
        at += 1
    if decimals > 0:
        store_u8(mem, at, _POINT)
        at += 1
    for place in range(decpt, decpt + decimals):
        store_u8(mem, at, load_u8(mem, digits + place) if 0 <= place < count else _ZERO)
        at += 1
    return at - out


@jit.helper
def fixed_text(mem, out, bits, decimals):
    """Text of a double with exactly `decimals` (< 31) digits after the point: bytes.

    As MySQL's: the shortest digits, padded, where they are enough; else correctly rounded.
    Touches FIXED_ROOM bytes.
    """
    at = out
    if bits < 0:
        store_u8(mem, at, _MINUS)
        at += 1
        bits &= 0x7FFFFFFFFFFFFFFF
    digits = out + 352
    text = digits + 32
    packed = _shortest(mem, digits, text, bits)
    count = packed >> 32
    decpt = (packed & 0xFFFFFFFF) - 1024
    kept = decpt + decimals  # digits there is room for
    if count > kept:
        if kept > 0:
            _gcvt(float_of_bits(bits), kept, address_of(mem, text))
            packed = _digits(mem, digits, text)
            count = packed >> 32
            decpt = (packed & 0xFFFFFFFF) - 1024
        else:
            # 0.00…0|d…: the first digit decides; more digits show what is above a half.
            _gcvt(float_of_bits(bits), 17, address_of(mem, text))
            packed = _digits(mem, digits, text)
            first = load_u8(mem, digits) - _ZERO
            kept = (packed & 0xFFFFFFFF) - 1024 + decimals
            up = kept == 0 and (first > 5 or (first == 5 and packed >> 32 > 1))
            store_u8(mem, digits, _ZERO + 1 if up else _ZERO)
            count = 1
            decpt = 1 - decimals
    return at - out + _put_fixed(mem, at, digits, count, decpt, decimals)
