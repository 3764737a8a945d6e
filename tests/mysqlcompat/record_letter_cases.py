"""Write `mysqlcompat/data/letter_cases.tsv`: what UPPER and LOWER of a real MySQL make of letters.

MYSQL_ORACLE=host:port python -m tests.mysqlcompat.record_letter_cases
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pymysql

from mysqlcompat import letter_cases
from mysqlcompat.wire.charsets import CHARACTER_SETS

TARGET: Final = Path(letter_cases.__file__).parent / "data/letter_cases.tsv"
#: One collation of each Unicode table.
UNICODE: Final = {
    "unicode": "utf8mb4_general_ci",
    "turkish": "utf8mb4_turkish_ci",
    "520": "utf8mb4_unicode_520_ci",
    "0900": "utf8mb4_0900_ai_ci",
}
AT_ONCE: Final = 500
#: Whatever some version of Unicode has in two cases.
CANDIDATES: Final = [one for one in map(chr, range(0x110000)) if one.upper() != one.lower()]


def tables() -> Iterator[tuple[str, str, str]]:
    """Name, character set and collation."""
    for name, collation in UNICODE.items():
        yield name, "utf8mb4", collation
    for row in CHARACTER_SETS.values():
        if row.name not in letter_cases.UNICODE_SETS and row.codec:
            yield row.name, row.name, row.default_collation


def pairs(cursor: Any, direction: str, charset: str, collation: str) -> Iterator[tuple[str, str]]:
    """Letters and what becomes of them. A MySQL cuts a text off where one would take more bytes
    than before: of these Unicode's is taken."""
    for at in range(0, len(CANDIDATES), AT_ONCE):
        asked = CANDIDATES[at : at + AT_ONCE]
        brought = [f"convert(x'{one.encode().hex()}' using utf8mb4)" for one in asked]
        given = [f"convert({one} using {charset}) collate {collation}" for one in brought]
        items = [f"convert({direction}({one}) using utf8mb4)" for one in given]
        kept = [f"convert({one} using utf8mb4)" for one in given]
        cursor.execute(f"SELECT {', '.join(items)}")
        made = cursor.fetchone()
        cursor.execute(f"SELECT {', '.join(kept)}")
        for one, same, other in zip(asked, cursor.fetchone(), made, strict=True):
            changed = other or getattr(one, direction)()
            if same == one and changed != one and len(changed) == 1:
                yield one, changed


def main() -> None:
    host, _, port = os.environ["MYSQL_ORACLE"].partition(":")
    connection = pymysql.connect(host=host, port=int(port), user="root", charset="utf8mb4")
    lines = []
    with connection.cursor() as cursor:
        for name, charset, collation in tables():
            for direction in ("upper", "lower"):
                found = list(pairs(cursor, direction, charset, collation))
                before, after = ("".join(one) for one in zip(*found, strict=True))
                lines.append(f"{name}\t{direction}\t{before}\t{after}\n")
    TARGET.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
