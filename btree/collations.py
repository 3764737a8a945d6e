"""Collations by name, and their weight tables: built once per machine, kept in the kernel cache.

`utf8mb4_0900_ai_ci` takes its primary weights from the Default Unicode Collation Element Table of
Unicode 9.0.0 (shipped by pyuca). `utf8mb4_general_ci` and `latin1_swedish_ci` have one weight for
each character: that of the upper-case base letter, with the exceptions named below.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from btree.collation_kernels import ENTRY_HANGUL, ENTRY_IMPLICIT, TABLE_BLOCKS
from btree.layout import (
    COLLATION_0900_AI_CI,
    COLLATION_0900_BIN,
    COLLATION_BINARY,
    COLLATION_GENERAL_CI,
    COLLATION_LATIN1_SWEDISH_CI,
    COLLATION_UTF8MB4_BIN,
)
from btree.state import ST_WEIGHTS_0900, ST_WEIGHTS_GENERAL, ST_WEIGHTS_LATIN1
from redo import jit
from redo.arena import Arena, Words

#: Collations that can be stored and compared, by MySQL's name. Strings are UTF-8, always.
CODES: Final = {
    "binary": COLLATION_BINARY,
    "utf8mb4_bin": COLLATION_UTF8MB4_BIN,
    "utf8mb3_bin": COLLATION_UTF8MB4_BIN,
    "latin1_bin": COLLATION_UTF8MB4_BIN,
    "ascii_bin": COLLATION_UTF8MB4_BIN,
    "utf8mb4_0900_bin": COLLATION_0900_BIN,
    "utf8mb4_general_ci": COLLATION_GENERAL_CI,
    "utf8mb3_general_ci": COLLATION_GENERAL_CI,
    "ascii_general_ci": COLLATION_GENERAL_CI,
    "utf8mb4_0900_ai_ci": COLLATION_0900_AI_CI,
    "latin1_swedish_ci": COLLATION_LATIN1_SWEDISH_CI,
}

_POINTS: Final = 0x110000
_BLOCKS: Final = _POINTS >> 8
_FORM: Final = 1  #: of the tables; part of their file name

Weights = Callable[[int], tuple[int, ...] | int]
Table = npt.NDArray[np.uint8]


def code_of(name: str) -> int:
    """COLLATION_… of a collation name; KeyError when it cannot be stored yet."""
    return CODES[name.lower()]


def install(arena: Arena, st: Words) -> None:
    """Put the weight tables into a node's arena, once; before any string is compared there."""
    if st[ST_WEIGHTS_0900]:
        return
    for word, table in (
        (ST_WEIGHTS_0900, _kept("0900", lambda: pack(_ducet()))),
        (ST_WEIGHTS_GENERAL, _kept("general", lambda: pack(_raised(general_weight)))),
        (ST_WEIGHTS_LATIN1, _kept("latin1", lambda: pack(_raised(swedish_weight)))),
    ):
        at = arena.alloc(len(table))
        arena.mem[at : at + len(table)] = table
        st[word] = at


def _kept(name: str, build: Callable[[], Table]) -> Table:
    """A table from the cache, built and put there when it is not."""
    source = Path(__file__).read_bytes() + unicodedata.unidata_version.encode()
    stamp = hashlib.sha256(source).hexdigest()[:12]
    path = jit.cache_root() / f"weights-{name}-{_FORM}-{stamp}.npy"
    if path.exists():
        return np.asarray(np.load(path), np.uint8)
    table = build()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.npy")
    np.save(draft, table)
    draft.replace(path)
    return table


def pack(weights: Weights) -> Table:
    """A weight table (`collation_kernels` says how it looks).

    weights  code point → its primary weights, or ENTRY_IMPLICIT, or ENTRY_HANGUL
    """
    expansions: list[int] = []
    blocks: dict[tuple[int, ...], int] = {}
    at_of_block = np.zeros(_BLOCKS, np.uint32)
    entries: list[tuple[int, ...]] = []
    first = TABLE_BLOCKS + 4 * _BLOCKS
    longer: list[tuple[int, int, int, int]] = []
    for block in range(_BLOCKS):
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


def _ducet() -> Weights:
    """Primary weights of the Default Unicode Collation Element Table 9.0.0."""
    text = resources.files("pyuca").joinpath("allkeys-9.0.0.txt").read_text("utf-8")
    known: dict[int, tuple[int, ...]] = {}
    for line in text.splitlines():
        points, semicolon, elements = line.partition("#")[0].partition(";")
        if not semicolon or " " in points.strip():
            continue  # a directive, or a contraction
        weights = (int(part[1:5], 16) for part in elements.strip()[1:-1].split("]["))
        # MySQL keeps eight weights of a character; only U+FDFA has more.
        known[int(points, 16)] = tuple(weight for weight in weights if weight)[:8]

    def weights_of(point: int) -> tuple[int, ...] | int:
        # MySQL decomposes up to U+D7AF, past the last syllable.
        if 0xAC00 <= point <= 0xD7AF and point not in known:
            return ENTRY_HANGUL
        return known.get(point, ENTRY_IMPLICIT)

    return weights_of


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
    if point in _CP1252_HOLES:
        return (point,)
    code = letter.encode("cp1252", "replace") if not 0xD800 <= point < 0xE000 else b"?"
    return (code[0],)
