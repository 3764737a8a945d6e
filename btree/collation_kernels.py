"""Collations inside kernels: compare, key, hash of UTF-8 strings.  Tables: `collations.py`.

A weight table in the arena::

    0      256 B   128 × u2: weights of ASCII (0: ignorable)
    256    17 KiB  4352 × u4: per 256 code points, offset of their entries from the table's start
    ..             entries, 256 × u4 a block: 0 ignorable · 1..0xFFFF the weight ·
                   IMPLICIT, HANGUL, PLAIN: computed here · count << 24 | offset of `count` u2
                   weights
    ..             weights of the expansions

In `utf8mb4_general_ci` and latin1's collations weights are MySQL's plus one (U+0000 has weight 0).
A collation has one table, or one for each of its two or three levels: accents count on the second,
case on the third, and a level counts when all before it are equal. In keys the second and third
level take one byte a weight (less `SECOND_LEAST`: no secondary weight is above 276), and each ends
with a zero.
Contractions do not exist in these collations as MySQL has them, so strings may be compared from the
first differing character on.
"""

from __future__ import annotations

from btree.layout import (
    COLLATION_0900_AI_CI,
    COLLATION_0900_AS_CI,
    COLLATION_0900_AS_CS,
    COLLATION_0900_BIN,
    COLLATION_BINARY,
    COLLATION_GENERAL_CI,
    COLLATION_LATIN1_BIN,
    COLLATION_LATIN1_GENERAL_CI,
    COLLATION_LATIN1_SWEDISH_CI,
    COLLATION_UNICODE_520_CI,
    COLLATION_UNICODE_CI,
)
from btree.state import (
    ST_WEIGHTS_0900,
    ST_WEIGHTS_520,
    ST_WEIGHTS_GENERAL,
    ST_WEIGHTS_LATIN1,
    ST_WEIGHTS_LATIN1_BIN,
    ST_WEIGHTS_LATIN1_GENERAL,
    ST_WEIGHTS_SECONDARY,
    ST_WEIGHTS_TERTIARY,
    ST_WEIGHTS_UNICODE,
)
from redo import jit
from redo.coding_kernels import (
    compare,
    hash_bytes,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    move,
    store_u8,
    store_u16_be,
)

TABLE_BLOCKS = 256
ENTRY_IMPLICIT = 1 << 16
ENTRY_HANGUL = 2 << 16
ENTRY_PLAIN = 3 << 16  #: implicit, whatever the character is
SECOND_LEAST = 0x1F  #: secondary weights are above it
SPACE = 0x20


@jit.helper
def code_point(mem, at, end):
    """Code point at `at` and the offset after it; a broken sequence counts as one byte, U+FFFD."""
    lead = load_u8(mem, at)
    if lead < 0x80:
        return lead, at + 1
    if lead < 0xC2:
        return 0xFFFD, at + 1
    if lead < 0xE0 and at + 2 <= end:
        return (lead & 0x1F) << 6 | (load_u8(mem, at + 1) & 0x3F), at + 2
    if lead < 0xF0 and at + 3 <= end:
        tail = (load_u8(mem, at + 1) & 0x3F) << 6 | (load_u8(mem, at + 2) & 0x3F)
        return (lead & 0x0F) << 12 | tail, at + 3
    if lead < 0xF5 and at + 4 <= end:
        high = (lead & 0x07) << 18 | (load_u8(mem, at + 1) & 0x3F) << 12
        tail = (load_u8(mem, at + 2) & 0x3F) << 6 | (load_u8(mem, at + 3) & 0x3F)
        return high | tail, at + 4
    return 0xFFFD, at + 1


@jit.helper
def weights_of(st, collation):
    """Offset of a collation's table of primary weights; 0 for those that compare bytes."""
    if (
        collation == COLLATION_0900_AI_CI
        or collation == COLLATION_0900_AS_CI
        or collation == COLLATION_0900_AS_CS
    ):
        return st[ST_WEIGHTS_0900]
    if collation == COLLATION_UNICODE_CI:
        return st[ST_WEIGHTS_UNICODE]
    if collation == COLLATION_UNICODE_520_CI:
        return st[ST_WEIGHTS_520]
    if collation == COLLATION_LATIN1_GENERAL_CI:
        return st[ST_WEIGHTS_LATIN1_GENERAL]
    if collation == COLLATION_LATIN1_BIN:
        return st[ST_WEIGHTS_LATIN1_BIN]
    if collation == COLLATION_GENERAL_CI:
        return st[ST_WEIGHTS_GENERAL]
    if collation == COLLATION_LATIN1_SWEDISH_CI:
        return st[ST_WEIGHTS_LATIN1]
    return 0


@jit.helper
def levels_of(collation):
    """How many levels a collation has."""
    if collation == COLLATION_0900_AS_CS:
        return 3
    return 2 if collation == COLLATION_0900_AS_CI else 1


@jit.helper
def pads_space(collation):
    """1 for PAD SPACE collations: trailing spaces do not count."""
    if (
        collation == COLLATION_BINARY
        or collation == COLLATION_0900_BIN
        or collation == COLLATION_0900_AI_CI
        or levels_of(collation) > 1
    ):
        return 0
    return 1


@jit.helper
def entry_of(mem, table, point):
    """Entry of a code point."""
    block = load_u32(mem, table + TABLE_BLOCKS + 4 * (point >> 8))
    return load_u32(mem, table + block + 4 * (point & 0xFF))


@jit.helper
def implicit_weights(point):
    """Both weights of a code point without an entry, second << 16 | first (UCA 9, 10.1.3)."""
    base = 0xFBC0
    if 0x4E00 <= point <= 0x9FD5 or 0xFA0E <= point <= 0xFA29:
        base = 0xFB40
    elif (
        0x3400 <= point <= 0x4DB5
        or 0x20000 <= point <= 0x2A6D6
        or 0x2A700 <= point <= 0x2B734
        or 0x2B740 <= point <= 0x2B81D
        or 0x2B820 <= point <= 0x2CEA1
    ):
        base = 0xFB80
    elif 0x17000 <= point <= 0x18AFF:
        return ((point - 0x17000) | 0x8000) << 16 | 0xFB00
    return ((point & 0x7FFF) | 0x8000) << 16 | base + (point >> 15)


@jit.helper
def hangul_weights(mem, table, point):
    """Weights of a Hangul syllable: its two or three jamo, packed as u2 from the lowest up."""
    index = point - 0xAC00
    lead = entry_of(mem, table, 0x1100 + index // 588)
    vowel = entry_of(mem, table, 0x1161 + index % 588 // 28)
    packed = vowel << 16 | lead
    if index % 28 != 0:
        packed |= entry_of(mem, table, 0x11A7 + index % 28) << 32
    return packed


@jit.helper
def weight_next(mem, table, at, end, rest):
    """Next weight of a string: (weight or -1 at the end, offset after, rest).

    rest  what is left of the last character: 0 nothing; > 0: offset << 8 | count in an expansion;
          < 0: minus a word of packed u2 weights. Start with 0.
    """
    if rest > 0:
        left = (rest & 0xFF) - 1
        place = rest >> 8
        return load_u16(mem, place), at, ((place + 2) << 8 | left) if left > 0 else 0
    if rest < 0:
        return -rest & 0xFFFF, at, -(-rest >> 16)
    while at < end:
        lead = load_u8(mem, at)
        if lead < 0x80:
            at += 1
            entry = load_u16(mem, table + 2 * lead)
            if entry != 0:
                return entry, at, 0
            continue
        point, at = code_point(mem, at, end)
        entry = entry_of(mem, table, point)
        if entry == 0:
            continue
        if entry < ENTRY_IMPLICIT:
            return entry, at, 0
        if entry == ENTRY_IMPLICIT:
            packed = implicit_weights(point)
            return packed & 0xFFFF, at, -(packed >> 16)
        if entry == ENTRY_PLAIN:
            return 0xFBC0 + (point >> 15), at, -((point & 0x7FFF) | 0x8000)
        if entry == ENTRY_HANGUL:
            packed = hangul_weights(mem, table, point)
            return packed & 0xFFFF, at, -(packed >> 16)
        place = table + (entry & 0xFFFFFF)
        return load_u16(mem, place), at, (place + 2) << 8 | ((entry >> 24) - 1)
    return -1, at, 0


@jit.helper
def ascii_weights(mem, table, at, end, out):
    """Weights of the ASCII characters that a string begins with, two bytes each, big-endian.

    Offsets after the last character read, and after the last weight written. A weight that is
    ignorable is written too, and overwritten by the next: `out` has room for one more.
    """
    while at < end:
        lead = load_u8(mem, at)
        if lead >= 0x80:
            break
        weight = load_u16(mem, table + 2 * lead)
        store_u16_be(mem, out, weight)
        out += 2 if weight != 0 else 0
        at += 1
    return at, out


@jit.helper
def text_stripped(mem, at, count):
    """Bytes of a string without its trailing spaces."""
    while count > 0 and load_u8(mem, at + count - 1) == SPACE:
        count -= 1
    return count


@jit.helper
def compare_padded(mem, a, a_bytes, b, b_bytes):
    """Compare as bytes, the shorter one continued with spaces."""
    shorter = min(a_bytes, b_bytes)
    order = compare(mem, a, shorter, b, shorter)
    if order != 0 or a_bytes == b_bytes:
        return order
    longer = a if a_bytes > b_bytes else b
    sign = 1 if a_bytes > b_bytes else -1
    for i in range(shorter, max(a_bytes, b_bytes)):
        byte = load_u8(mem, longer + i)
        if byte != SPACE:
            return sign if byte > SPACE else -sign
    return 0


@jit.helper
def same_prefix(mem, a, b, count):
    """How many bytes two strings have in common at their start, ending between characters."""
    i = 0
    while i + 8 <= count and load_i64(mem, a + i) == load_i64(mem, b + i):
        i += 8
    while i < count and load_u8(mem, a + i) == load_u8(mem, b + i):
        i += 1
    return i


@jit.helper
def collate_compare(st, mem, collation, a, a_bytes, b, b_bytes):
    """Order of two strings: -1, 0 or 1."""
    table = weights_of(st, collation)
    if table == 0:
        if pads_space(collation) == 1:
            return compare_padded(mem, a, a_bytes, b, b_bytes)
        return compare(mem, a, a_bytes, b, b_bytes)
    shorter = min(a_bytes, b_bytes)
    same = same_prefix(mem, a, b, shorter)
    if same == a_bytes and same == b_bytes:
        return 0
    while same > 0 and (
        (same < a_bytes and load_u8(mem, a + same) & 0xC0 == 0x80)
        or (same < b_bytes and load_u8(mem, b + same) & 0xC0 == 0x80)
    ):
        same -= 1
    pad = load_u16(mem, table + 2 * SPACE) if pads_space(collation) == 1 else -1
    order = level_compare(mem, table, a + same, a + a_bytes, b + same, b + b_bytes, pad)
    levels = levels_of(collation)
    if levels == 1 or order != 0:
        return order
    table = st[ST_WEIGHTS_SECONDARY]
    order = level_compare(mem, table, a + same, a + a_bytes, b + same, b + b_bytes, -1)
    if levels == 2 or order != 0:
        return order
    table = st[ST_WEIGHTS_TERTIARY]
    return level_compare(mem, table, a + same, a + a_bytes, b + same, b + b_bytes, -1)


@jit.helper
def level_compare(mem, table, x_at, x_end, y_at, y_end, pad):
    """Order of two strings by the weights of one table; the shorter one goes on with `pad`."""
    x_rest = 0
    y_rest = 0
    while True:
        x, x_at, x_rest = weight_next(mem, table, x_at, x_end, x_rest)
        y, y_at, y_rest = weight_next(mem, table, y_at, y_end, y_rest)
        if x == y:
            if x < 0:
                return 0
            continue
        if x < 0:
            x = pad
        if y < 0:
            y = pad
        if x != y:
            return -1 if x < y else 1


@jit.helper
def primary_key(mem, table, at, end, out):
    """Weights of a string, two bytes each; where they end."""
    at, to = ascii_weights(mem, table, at, end, out)
    weight, at, rest = weight_next(mem, table, at, end, 0)
    while weight >= 0:
        store_u16_be(mem, to, weight)
        to += 2
        weight, at, rest = weight_next(mem, table, at, end, rest)
    return to


@jit.helper
def weights_stripped(mem, table, out, to):
    """End of primary weights without those of trailing spaces (ignorable characters may follow)."""
    space = load_u16(mem, table + 2 * SPACE)
    while to > out and load_u8(mem, to - 2) << 8 | load_u8(mem, to - 1) == space:
        to -= 2
    return to


@jit.routine
def levels_key(st, mem, collation, at, end, out):
    """What follows the primary weights: their end, then the other levels; where that ends."""
    store_u16_be(mem, out, 0)
    to = out + 2
    table = st[ST_WEIGHTS_SECONDARY]
    less = SECOND_LEAST
    for level in range(1, levels_of(collation)):
        if level == 2:
            store_u8(mem, to, 0)
            to += 1
            table = st[ST_WEIGHTS_TERTIARY]
            less = 0
        weight, here, rest = weight_next(mem, table, at, end, 0)
        while weight >= 0:
            store_u8(mem, to, weight - less)
            to += 1
            weight, here, rest = weight_next(mem, table, here, end, rest)
    return to


@jit.helper
def collate_key(st, mem, collation, at, count, out):
    """Bytes at `out` whose memcmp order and equality are the collation's; how many. No terminator.

    Weights are two bytes, big-endian; collations that compare bytes give the bytes. PAD SPACE:
    without the trailing spaces, so what is lower than a space is out of order (`key_text` is not).
    `key_bound` says how much room it may take.
    """
    if pads_space(collation) == 1:
        count = text_stripped(mem, at, count)
    table = weights_of(st, collation)
    if table == 0:
        move(mem, out, at, count)
        return count
    to = primary_key(mem, table, at, at + count, out)
    if pads_space(collation) == 1:
        to = weights_stripped(mem, table, out, to)
    if levels_of(collation) > 1:
        to = levels_key(st, mem, collation, at, at + count, to)
    return to - out


@jit.inlined
def hash_mixed(value, weight):
    """A hash with one more weight."""
    value = (value ^ weight) * -7046029254386353131
    return value ^ ((value >> 29) & 0x7FFFFFFFF)


@jit.helper
def collate_hash(st, mem, collation, at, count):
    """A 63-bit hash, equal for strings that are equal under the collation. Never stored."""
    if pads_space(collation) == 1:
        count = text_stripped(mem, at, count)
    table = weights_of(st, collation)
    if table == 0:
        return hash_bytes(mem, at, count)
    end = at + count
    value = 1609587929392839161
    space = load_u16(mem, table + 2 * SPACE) if pads_space(collation) == 1 else -1
    spaces = 0
    weight, at, rest = weight_next(mem, table, at, end, 0)
    while weight >= 0:
        if weight == space:
            spaces += 1
        else:
            while spaces > 0:
                value = hash_mixed(value, space)
                spaces -= 1
            value = hash_mixed(value, weight)
        weight, at, rest = weight_next(mem, table, at, end, rest)
    return value & 0x7FFFFFFFFFFFFFFF


@jit.helper
def text_prefix(mem, at, count, characters):
    """Bytes of the first `characters` characters of a UTF-8 string."""
    end = at + count
    here = at
    while here < end and characters > 0:
        _, here = code_point(mem, here, end)
        characters -= 1
    return here - at


@jit.helper
def bytes_escaped(mem, at, count, out):
    """Copy bytes so that 0 may end them: 0 becomes 0, 255; how many bytes."""
    to = out
    for i in range(count):
        byte = load_u8(mem, at + i)
        store_u8(mem, to, byte)
        to += 1
        if byte == 0:
            store_u8(mem, to, 255)
            to += 1
    return to - out


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8)")
def text_compare(st, mem, collation, a, a_bytes, b, b_bytes):
    """`collate_compare` for Python."""
    return collate_compare(st, mem, collation, a, a_bytes, b, b_bytes)


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def text_key(st, mem, collation, at, count, out):
    """`collate_key` for Python."""
    return collate_key(st, mem, collation, at, count, out)


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def text_hash(st, mem, collation, at, count):
    """`collate_hash` for Python."""
    return collate_hash(st, mem, collation, at, count)
