"""What is upper and lower case, by collation: the versions of Unicode that collations follow, and
the tables of other character sets.

The data file has a line for each table and direction: name, ``upper`` or ``lower``, letters, and
what becomes of each, separated by tabs (`tests/mysqlcompat/record_letter_cases.py` writes it).
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

from mysqlcompat.sqltypes import charset_of

UNICODE_SETS: Final = ("utf8mb4", "utf8mb3", "ucs2", "utf16", "utf16le", "utf32", "binary")

Table = dict[int, int]  #: as `str.translate` takes it


@cache
def _tables() -> dict[tuple[str, str], Table]:
    data = resources.files("mysqlcompat").joinpath("data/letter_cases.tsv")
    made = {}
    for line in data.read_text(encoding="utf-8").split("\n"):
        if line:
            name, direction, before, after = line.split("\t")
            made[name, direction] = str.maketrans(before, after)
    return made


@cache
def letter_table(collation: str, direction: str) -> Table:
    """What `direction` (``upper`` or ``lower``) makes of letters in texts of a collation."""
    charset = charset_of(collation)
    if (charset, direction) in _tables():
        return _tables()[charset, direction]
    for name in ("0900", "520", "turkish"):
        if f"_{name}_" in collation:
            return _tables()[name, direction]
    return _tables()["unicode", direction]
