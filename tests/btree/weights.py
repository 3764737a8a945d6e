"""Weights of every character, and the order of random strings, as MySQL has them: as digests.

``MYSQL_ORACLE=host:port python tests/btree/weights.py`` records them into `weights.txt`, beside
this file. A line is a collation, a block of 256 code points (hexadecimal), and the CRC-32 of
``WEIGHT_STRING`` of the string of all its characters; or a collation, ``order``, and the CRC-32 of
the dense ranks of `random_strings`.
"""

from __future__ import annotations

import os
import random
import zlib
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("weights.txt")
UNICODE = (
    "utf8mb4_0900_ai_ci",
    "utf8mb4_0900_as_ci",
    "utf8mb4_0900_as_cs",
    "utf8mb4_unicode_ci",
    "utf8mb4_unicode_520_ci",
    "utf8mb4_general_ci",
)
ONE_BYTE = ("latin1_swedish_ci", "latin1_general_ci")
ORDERED = (*UNICODE, "utf8mb4_bin", "utf8mb4_0900_bin")
STRINGS = 3000


def blocks(collation: str) -> list[int]:
    """Blocks that are recorded: planes 0 and 1, and where others begin and end."""
    if collation in ONE_BYTE:
        return [0]
    beyond = (0x200, 0x2A6, 0x2A7, 0x2B7, 0x2B8, 0x2CE, 0x2F8, 0x300, 0xE00, 0xE01, 0x10FF)
    return [*range(0xD8), *range(0xE0, 0x200), *beyond]


def characters(collation: str, block: int) -> str:
    """The string of a block. latin1 has what its 256 bytes stand for."""
    if collation not in ONE_BYTE:
        # U+FFFE and U+FFFF, which are no characters, are equal in our utf8mb4_general_ci.
        points = range(block << 8, (block << 8) + 256)
        return "".join(
            chr(point) for point in points if point != 0xFFFF or "general" not in collation
        )
    holes = {0x81, 0x8D, 0x8F, 0x90, 0x9D}
    return "".join(
        chr(byte) if byte in holes else bytes([byte]).decode("cp1252") for byte in range(256)
    )


def random_strings() -> list[str]:
    """Strings that differ by case, accents, expansions, ignorables, spaces, scripts."""
    rng = random.Random(97)
    letters = (
        "aAáÁäÄbBßsSſœŒoeéÉêzZ019 -_.'\u0301\u0308\u200d\u00ad한글日本あアカｶﾞЖжЁёЕеαάΩÅÅﬀﬁ😀𝒜ﷺǅ"
    )
    return ["".join(rng.choices(letters, k=rng.randrange(6))) for _ in range(STRINGS)]


def ranks_of(keys: list[Any]) -> str:
    """Dense ranks as text."""
    place = {key: number for number, key in enumerate(sorted(set(keys)))}
    return " ".join(str(place[key]) for key in keys)


def digest(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def recorded() -> dict[tuple[str, str], str]:
    """What `weights.txt` says, by collation and block or "order"."""
    rows = (line.split() for line in FILE.read_text().splitlines())
    return {(collation, what): crc for collation, what, crc in rows}


def record(cursor: Any) -> None:
    lines = []
    for collation in (*UNICODE, *ONE_BYTE):
        charset = collation.split("_")[0]
        for block in blocks(collation):
            text = characters(collation, block).encode("utf-8")
            of = f"CONVERT(_utf8mb4 X'{text.hex()}' USING {charset}) COLLATE {collation}"
            cursor.execute(f"SELECT HEX(WEIGHT_STRING({of}))")
            lines.append(f"{collation} {block:x} {digest(cursor.fetchone()[0])}")
    strings = random_strings()
    for collation in ORDERED:
        cursor.execute(
            "CREATE TEMPORARY TABLE r1_order (i INT PRIMARY KEY, s VARCHAR(10) COLLATE "
            + collation
            + ")"
        )
        cursor.executemany("INSERT INTO r1_order VALUES (%s, %s)", list(enumerate(strings)))
        cursor.execute("SELECT i, DENSE_RANK() OVER (ORDER BY s) - 1 FROM r1_order ORDER BY i")
        ranks = " ".join(str(rank) for _, rank in cursor.fetchall())
        lines.append(f"{collation} order {digest(ranks)}")
        cursor.execute("DROP TEMPORARY TABLE r1_order")
    FILE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    import pymysql

    host, port = os.environ["MYSQL_ORACLE"].split(":")
    oracle = pymysql.connect(host=host, port=int(port), user="root", charset="utf8mb4")
    with oracle, oracle.cursor() as cursor:
        cursor.execute("CREATE DATABASE IF NOT EXISTS r1_weights")
        cursor.execute("USE r1_weights")
        record(cursor)
        cursor.execute("DROP DATABASE r1_weights")
