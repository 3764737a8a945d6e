"""MySQL's binary DECIMAL, as JSON documents keep it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

_DIGIT_BYTES: Final = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)  #: by number of digits


def decimal_bytes(value: Decimal) -> bytes:
    """Precision, scale, then MySQL's binary DECIMAL: nine digits in four bytes, big-endian, the
    first bit flipped, all bits of a negative number inverted."""
    sign, digits, exponent = value.as_tuple()
    scale = max(-int(exponent), 0)
    text = "".join(map(str, digits)) + "0" * max(int(exponent), 0)
    text = text.rjust(scale + 1, "0")
    whole, fraction = text[: len(text) - scale].lstrip("0"), text[len(text) - scale :]
    whole = whole or "0"
    made = bytearray()
    lead = len(whole) % 9
    groups = [whole[:lead]] if lead else []
    groups += [whole[i : i + 9] for i in range(lead, len(whole), 9)]
    groups += [fraction[i : i + 9] for i in range(0, len(fraction), 9)]
    for group in groups:
        made += int(group).to_bytes(_DIGIT_BYTES[len(group)], "big")
    made[0] ^= 0x80
    if sign and value:
        made = bytearray(byte ^ 0xFF for byte in made)
    return bytes([len(whole) + scale, scale]) + bytes(made)


def decimal_of_bytes(data: bytes) -> Decimal:
    precision, scale = data[0], data[1]
    body = bytearray(data[2:])
    negative = not body[0] & 0x80
    if negative:
        body = bytearray(byte ^ 0xFF for byte in body)
    body[0] ^= 0x80
    whole = precision - scale
    sizes = ([whole % 9] if whole % 9 else []) + [9] * (whole // 9)
    sizes += [9] * (scale // 9) + ([scale % 9] if scale % 9 else [])
    at, digits = 0, ""
    for size in sizes:
        width = _DIGIT_BYTES[size]
        digits += str(int.from_bytes(body[at : at + width], "big")).rjust(size, "0")
        at += width
    return Decimal((negative, tuple(map(int, digits or "0")), -scale))  # arithmetic would round
