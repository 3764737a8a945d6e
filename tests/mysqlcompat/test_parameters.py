"""Parameters of the binary protocol: each kind that clients send, in each kind of place.

A `?` has the type that its place suggests, or that of its value. What a real MySQL answers is
recorded in `tests/golden/parameters.txt`: value, type, and warnings.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pymysql
import pytest
from pymysql.constants import FIELD_TYPE as T

from tests import binary_protocol
from tests.binary_protocol import Sent
from tests.mysqlcompat.corpus.asking import Asker, meta_of
from tests.mysqlcompat.corpus.sections import rows_shown, section
from tests.mysqlcompat.local_node import serve

RECORDED: Final = Path(__file__).parent.parent / "golden" / "parameters.txt"


def _text(value: str | bytes, kind: int = T.VAR_STRING) -> Sent:
    data = value.encode() if isinstance(value, str) else value
    return kind, False, bytes((len(data),)) + data


def _packed(kind: int, layout: str, *parts: int) -> Sent:
    data = struct.pack(layout, *parts)
    return kind, False, bytes((len(data),)) + data


KINDS: Final[dict[str, Sent]] = {
    "tiny": (T.TINY, False, b"\7"),
    "long": (T.LONG, False, struct.pack("<i", -3)),
    "unsigned": (T.LONGLONG, True, b"\xff" * 8),
    "float": (T.FLOAT, False, struct.pack("<f", 2.5)),
    "double": (T.DOUBLE, False, struct.pack("<d", 1.5)),
    "decimal": _text("12.345", T.NEWDECIMAL),
    "old decimal": _text("-0.5", T.DECIMAL),
    "words": _text("12abc"),
    "fraction": _text("12.7", T.STRING),
    "minus": _text("-7"),
    "moment": _text("2024-02-29 13:14:15.5"),
    "no date": _text("2024-02-30"),
    "bytes": _text(b"abc", T.BLOB),
    "date": _packed(T.DATE, "<HBB", 2024, 2, 29),
    "datetime": _packed(T.DATETIME, "<HBBBBBI", 2023, 12, 31, 23, 59, 59, 500000),
    "timestamp": _packed(T.TIMESTAMP, "<HBBBBB", 2024, 1, 2, 3, 4, 5),
    "time": _packed(T.TIME, "<BIBBBI", 1, 1, 2, 3, 4, 50000),
    "null": (T.NULL, False, None),
}
PLACES: Final = (
    *("?", "? + 1", "? + ?", "d * ?", "? div ?", "-?", "abs(?)", "round(?, 1)", "sqrt(?)"),
    *("i = ?", "u > ?", "d = ?", "dt6 < ?", "s = ?", "i in (?, 12)", "i between ? and 20"),
    *("? in (7, 1.5, 'abc')", "? between 1 and 'x'"),
    *("coalesce(?, i)", "ifnull(?, f)", "if(i > 0, ?, da)", "case when ? then 1 else ? end"),
    *("nullif(?, 7)", "concat(?, s)", "upper(?)", "left(s, ?)", "length(?)", "hex(?)", "? & 7"),
    *("dayofweek(?)", "hour(?)", "date_add(?, interval 1 day)", "date_add(dt, interval ? second)"),
    *("timestampdiff(day, ?, dt)", "sec_to_time(?)", "unix_timestamp(?)", "json_array(?)"),
    *("cast(? as signed)", "cast(? as decimal(8, 2))", "s like ?", "not ?", "isnull(?)"),
)

_LATE: Final = "texts are converted when they are given, not when they are looked at"
_NO_DATE: Final = "numbers and days that are in no calendar are no dates here"
_NUMBERS: Final = ("tiny", "float", "double", "decimal", "old decimal", "no date")
_NO_MOMENTS: Final = ("long", "unsigned", "words", "fraction", "minus", "bytes", "date")
_AMONG: Final = (
    *("float", "double", "words", "fraction", "minus", "moment", "no date", "bytes", "date"),
    *("datetime", "timestamp", "null"),
)
#: What differs on purpose.
DIFFERENT: Final[dict[tuple[str, str], str]] = {
    **{("s = ?", one): "wording" for one in ("date", "datetime", "timestamp")},
    **{("if(i > 0, ?, da)", one): _NO_DATE for one in _NUMBERS},
    **{("case when ? then 1 else ? end", one): _LATE for one in ("words", "moment", "no date")},
    **{("? in (7, 1.5, 'abc')", one): "which members are looked at" for one in _AMONG},
    ("dayofweek(?)", "time"): "a time is of today, before midnight or after",
    ("hour(?)", "no date"): "MySQL takes it for a time, without a word",
    ("date_add(dt, interval ? second)", "unsigned"): "wording",
    ("timestampdiff(day, ?, dt)", "no date"): _NO_DATE,
    **{("unix_timestamp(?)", one): "no moment: NULL" for one in (*_NUMBERS, *_NO_MOMENTS)},
}


def _answer(asker: Asker, place: str, sent: Sent) -> str:
    sql = f"SELECT {place} FROM v LIMIT 1"
    try:
        result = binary_protocol.execute(asker.connection, sql, [sent] * place.count("?"))
    except pymysql.err.MySQLError as error:
        return f"!{error.args[0]} {error.args[1]}".replace(asker.database, "values")
    values = [row[0].encode() if isinstance(row[0], str) else row[0] for row in result.rows]
    warnings = dict.fromkeys(asker._warnings())
    return "\t".join((rows_shown(values), meta_of(result.fields[0]), *warnings))


def _answers(asker: Asker) -> Iterator[str]:
    asker.prepare(section(()))
    for place in PLACES:
        for name, sent in KINDS.items():
            yield f"{place}\t{name}\t{_answer(asker, place, sent)}"


def test_each_kind_in_each_place(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        host, _, port = os.environ["MYSQL_ORACLE"].partition(":")
        asker = Asker(host, int(port), "parameters_recorded")
        RECORDED.write_text("\n".join(_answers(asker)) + "\n", encoding="utf-8")
        asker.close()
        return
    expected: list[Any] = RECORDED.read_text(encoding="utf-8").splitlines()
    with serve(tmp_path) as port:
        asker = Asker("127.0.0.1", port)
        got = list(_answers(asker))
        asker.close()
    unlike = [pair for pair in zip(expected, got, strict=True) if pair[0] != pair[1]]
    places = {(one.split("\t")[0], one.split("\t")[1]) for one, _ in unlike}
    assert DIFFERENT.keys() <= places, f"no longer differ: {DIFFERENT.keys() - places}"
    wrong = [pair for pair in unlike if tuple(pair[0].split("\t")[:2]) not in DIFFERENT]
    assert not wrong, "\n".join(f"expected {one}\ngot      {other}" for one, other in wrong)
