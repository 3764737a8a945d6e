"""Collations by name, and their weight tables: built once per machine, kept in the kernel cache.

The Unicode collations take their weights from `uca.py`, a table for each level. Those called
general and latin1's have one weight for each character: that of the upper-case base letter, with
the exceptions named below.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from btree.collation_kernels import TABLE_BLOCKS
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
    COLLATION_UTF8MB4_BIN,
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
from btree.uca import PRIMARY, SECONDARY, TERTIARY, Weights, uca_400, uca_520, uca_900
from redo.arena import Arena, Words
from redo.cache_place import cache_root

#: Collations that can be stored and compared, by MySQL's name. Strings are UTF-8, always.
CODES: Final = {
    "binary": COLLATION_BINARY,
    "utf8mb4_bin": COLLATION_UTF8MB4_BIN,
    "utf8mb3_bin": COLLATION_UTF8MB4_BIN,
    "latin1_bin": COLLATION_LATIN1_BIN,
    "ascii_bin": COLLATION_UTF8MB4_BIN,
    "utf8mb4_0900_bin": COLLATION_0900_BIN,
    "utf8mb4_general_ci": COLLATION_GENERAL_CI,
    "utf8mb3_general_ci": COLLATION_GENERAL_CI,
    "ascii_general_ci": COLLATION_GENERAL_CI,
    "utf8mb4_0900_ai_ci": COLLATION_0900_AI_CI,
    "utf8mb4_0900_as_ci": COLLATION_0900_AS_CI,
    "utf8mb4_0900_as_cs": COLLATION_0900_AS_CS,
    "utf8mb4_unicode_ci": COLLATION_UNICODE_CI,
    "utf8mb3_unicode_ci": COLLATION_UNICODE_CI,
    "utf8mb4_unicode_520_ci": COLLATION_UNICODE_520_CI,
    "utf8mb3_unicode_520_ci": COLLATION_UNICODE_520_CI,
    "latin1_swedish_ci": COLLATION_LATIN1_SWEDISH_CI,
    "latin1_general_ci": COLLATION_LATIN1_GENERAL_CI,
}

_POINTS: Final = 0x110000
_BLOCKS: Final = _POINTS >> 8
_ALIKE: Final = 0x300  #: from this block on all are alike, but for
_TAGS: Final = (0xE00, 0xE01)
_FORM: Final = 2  #: of the tables; part of their file name

Table = npt.NDArray[np.uint8]
_tables: dict[str, Table] = {}  #: those that are cached, mapped: they take no memory of ours


def code_of(name: str) -> int:
    """COLLATION_… of a collation name; KeyError when it cannot be stored yet."""
    return CODES[name.lower()]


def install(arena: Arena, st: Words) -> None:
    """Put the weight tables into a node's arena, once; before any string is compared there."""
    if st[ST_WEIGHTS_0900]:
        return
    for word, name, weights in (
        (ST_WEIGHTS_0900, "0900", lambda: uca_900(PRIMARY)),
        (ST_WEIGHTS_SECONDARY, "0900-2", lambda: uca_900(SECONDARY)),
        (ST_WEIGHTS_TERTIARY, "0900-3", lambda: uca_900(TERTIARY)),
        (ST_WEIGHTS_UNICODE, "400", uca_400),
        (ST_WEIGHTS_520, "520", uca_520),
        (ST_WEIGHTS_GENERAL, "general", lambda: _raised(general_weight)),
        (ST_WEIGHTS_LATIN1, "latin1", lambda: _raised(swedish_weight)),
        (ST_WEIGHTS_LATIN1_GENERAL, "latin1-general", lambda: _raised(latin1_general_weight)),
        (ST_WEIGHTS_LATIN1_BIN, "latin1-bin", lambda: _raised(lambda point: (_cp1252(point),))),
    ):
        table = _tables.get(name)
        if table is None:
            table = _tables[name] = _kept(name, weights)
        at = arena.alloc(len(table))
        arena.mem[at : at + len(table)] = table
        st[word] = at


def _kept(name: str, weights: Callable[[], Weights]) -> Table:
    """A table from the cache, built and put there when it is not."""
    here = Path(__file__)
    source = here.read_bytes() + here.with_name("uca.py").read_bytes()
    source += unicodedata.unidata_version.encode()
    stamp = hashlib.sha256(source).hexdigest()[:12]
    path = cache_root() / f"weights-{name}-{_FORM}-{stamp}.npy"
    if path.exists():
        return np.asarray(np.load(path, mmap_mode="r"), np.uint8)
    table = pack(weights())
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.npy")
    np.save(draft, table)
    draft.replace(path)
    return table


def pack(weights: Weights) -> Table:
    """A weight table (`collation_kernels` says how it looks).

    weights  code point → its weights of one level, or ENTRY_IMPLICIT, ENTRY_HANGUL, ENTRY_PLAIN
    """
    expansions: list[int] = []
    blocks: dict[tuple[int, ...], int] = {}
    at_of_block = np.zeros(_BLOCKS, np.uint32)
    entries: list[tuple[int, ...]] = []
    first = TABLE_BLOCKS + 4 * _BLOCKS
    longer: list[tuple[int, int, int, int]] = []
    for block in range(_BLOCKS):
        if block > _ALIKE and block not in _TAGS:
            at_of_block[block] = at_of_block[_ALIKE]
            continue
        row: list[int] = []
        for low in range(256):
            found = weights(block << 8 | low)
            if isinstance(found, int):
                row.append(found)
            elif len(found) <= 1:
                row.append(found[0] if found else 0)
            else:
                # Marked by a number no other entry can be, resolved when the size is known.
                row.append(1 << 31 | len(longer))
                longer.append((len(expansions), len(found), block, low))
                expansions.extend(found)
        key = tuple(row)
        if key not in blocks:
            blocks[key] = first + 1024 * len(entries)
            entries.append(key)
        at_of_block[block] = blocks[key]
    table = np.array(entries, np.uint32).reshape(-1)
    tail = first + 4 * len(table)
    marked = np.nonzero(table & np.uint32(1 << 31))[0]
    for index in marked:
        start, count, _, _ = longer[int(table[index]) & 0x7FFFFFFF]
        table[index] = count << 24 | (tail + 2 * start)
    ascii_weights = np.array([_single(weights(point)) for point in range(128)], "<u2")
    parts = (ascii_weights, at_of_block, table, np.array(expansions, "<u2"))
    return np.concatenate([part.view(np.uint8) for part in parts])


def _raised(weights: Weights) -> Weights:
    """Weights plus one: in these collations U+0000 has weight 0, and 0 means ignorable in a table.

    U+FFFE and U+FFFF, which are no characters, become equal by it.
    """

    def raised(point: int) -> tuple[int, ...] | int:
        found = weights(point)
        assert not isinstance(found, int)
        return tuple(min(weight + 1, 0xFFFF) for weight in found)

    return raised


def _single(found: tuple[int, ...] | int) -> int:
    assert not isinstance(found, int) and len(found) <= 1, "ASCII has one weight a character"
    return found[0] if found else 0


#: MySQL's table for general_ci follows Unicode 3.0; these got their upper case later.
_UPPER_LATER: Final = frozenset({0x19E, 0x3D9, 0x48B, 0x4C6, 0x4CA, 0x4CE, *range(0x501, 0x510, 2)})
#: Characters whose weight follows no rule: sharp s, lunate sigma, and short i keeps its breve.
_GENERAL_ODD: Final = {0xDF: 0x53, 0x3F2: 0x3A3, 0x3F5: 0x3F5, 0x419: 0x419, 0x439: 0x419}


def general_weight(point: int) -> tuple[int, ...]:
    """Weight of a character in `utf8mb4_general_ci`: its base letter in upper case.

    Only Latin, Greek and Cyrillic letters lose their accents; beyond the BMP all are equal.
    """
    if point > 0xFFFF:
        return (0xFFFD,)
    if point in _GENERAL_ODD:
        return (_GENERAL_ODD[point],)
    letter = chr(point)
    old = unicodedata.ucd_3_2_0
    parts = old.decomposition(letter)
    if " " in parts and not parts.startswith("<") and old.category(letter)[0] == "L":
        base = old.normalize("NFD", letter)[0]
        if ord(base) < 0x2B0 or 0x370 <= ord(base) < 0x530:
            letter = base
    upper = letter.upper()
    later = ord(letter) in _UPPER_LATER or old.category(letter) == "Cn"
    if later or len(upper) != 1 or ord(upper) > 0xFFFF or old.category(upper) == "Cn":
        return (ord(letter),)
    return (ord(upper),)


#: latin1_swedish_ci: letters that sort under another one, as (weights, members) in Latin-1.
_SWEDISH: Final = (
    ("A", "ÀÁÂÃ"),
    ("C", "Ç"),
    ("E", "ÈÉÊË"),
    ("I", "ÌÍÎÏ"),
    ("D", "Ð"),
    ("N", "Ñ"),
    ("O", "ÒÓÔÕ"),
    ("U", "ÙÚÛ"),
    ("Y", "ÜÝ"),
    ("[", "Å"),
    ("\\", "ÄÆ"),
    ("]", "Ö"),
)
_SWEDISH_WEIGHT: Final = {member: ord(letter) for letter, members in _SWEDISH for member in members}
#: Bytes without a character in cp1252; MySQL maps them to the control characters of that number.
_CP1252_HOLES: Final = frozenset({0x81, 0x8D, 0x8F, 0x90, 0x9D})


def swedish_weight(point: int) -> tuple[int, ...]:
    """Weight of a character in `latin1_swedish_ci`: by its cp1252 byte; without one, "?"."""
    letter = chr(point)
    if "a" <= letter <= "z" or ("à" <= letter <= "þ" and letter != "÷"):
        letter = letter.upper()
    if letter in _SWEDISH_WEIGHT:
        return (_SWEDISH_WEIGHT[letter],)
    return (_cp1252(ord(letter)),)


#: latin1_general_ci: weights of the 256 bytes, as MySQL 9.7 answers for WEIGHT_STRING.
_LATIN1_GENERAL: Final = bytes.fromhex(
    "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B"
    "2C2D2E2F303132333435363738393A3B3C3D3E3F40415153575B6567696B7577797B7D818F919395989AA4A6"
    "A8AAAFB3B4B5B6B7B8415153575B6567696B7577797B7D818F919395989AA4A6A8AAAFB9BABBBCBFC0C1C2C3"
    "C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF"
    "F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF434547494B4D4F555D5F61636D6F7173597F838587898BBD8D9C9EA0"
    "A2ACB197434547494B4D4F555D5F61636D6F7173597F838587898BBE8D9C9EA0A2ACB1AE"
)


def latin1_general_weight(point: int) -> tuple[int, ...]:
    """Weight of a character in `latin1_general_ci`."""
    return (_LATIN1_GENERAL[_cp1252(point)],)


def _cp1252(point: int) -> int:
    """Byte of a character in MySQL's latin1; without one, "?"."""
    if point in _CP1252_HOLES:
        return point
    return chr(point).encode("cp1252", "replace")[0] if not 0xD800 <= point < 0xE000 else 63
