"""Parameters of the binary protocol on their way into columns: each kind that clients send, into
each kind of column, in strict mode and outside it.

What a real MySQL stores, and says, is recorded in `tests/golden/assigned_parameters.txt`.
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
from tests.mysqlcompat.corpus.asking import Asker
from tests.mysqlcompat.corpus.sections import rows_shown, section
from tests.mysqlcompat.local_node import serve
from tests.mysqlcompat.test_parameters import KINDS as OTHERS
from tests.mysqlcompat.test_parameters import _packed, _text

RECORDED: Final = Path(__file__).parent.parent / "golden" / "assigned_parameters.txt"
COLUMNS: Final = {
    "i": "TINYINT",
    "u": "BIGINT UNSIGNED",
    "d": "DECIMAL(30, 4) UNSIGNED",
    "f": "DOUBLE",
    "c": "CHAR(5)",
    "v": "VARCHAR(40)",
    "l": "VARCHAR(10) CHARACTER SET latin1",
    "x": "TEXT",
    "b": "VARBINARY(6)",
    "da": "DATE",
    "dt": "DATETIME(3)",
    "t": "TIME",
    "y": "YEAR",
    "bi": "BIT(64)",
    "e": "ENUM('a', 'abc', '7')",
    "j": "JSON",
}
KINDS: Final[dict[str, Sent]] = {
    **{name: OTHERS[name] for name in ("tiny", "long", "unsigned", "double", "decimal", "null")},
    **{name: OTHERS[name] for name in ("words", "minus", "moment", "no date", "bytes", "date")},
    **{name: OTHERS[name] for name in ("datetime", "timestamp", "time")},
    "300": (T.LONGLONG, False, struct.pack("<q", 300)),
    "a day": (T.LONG, False, struct.pack("<i", 20240229)),
    "letters": _text("é€"),
    "foreign": _text("Ж"),
    "long": _text("x" * 100),
    "document": _text('{"a": [1, 2]}'),
    "no day": (T.DATE, False, b"\0"),
    "short time": _packed(T.TIME, "<BIBBBI", 0, 0, 10, 11, 12, 120000),
    "longest time": _packed(T.TIME, "<BIBBB", 0, 34, 22, 59, 59),
    "beyond time": _packed(T.TIME, "<BIBBB", 0, 34, 23, 0, 0),
    "bits": _text(b"\5", T.BIT),
}
FORMS: Final = {
    "INSERT INTO given ({}) VALUES (?)": KINDS,
    "INSERT INTO given ({}) VALUES (? + 1)": ("tiny", "decimal", "minus", "short time"),
    "INSERT INTO given ({}) SELECT ?": ("300", "foreign", "datetime", "minus", "long", "null"),
    "INSERT INTO given ({}) SELECT CONCAT(?, '')": ("words", "foreign", "date", "null"),
    "UPDATE given SET {} = IF(id > 0, ?, {}) LIMIT 1": ("300", "no day", "letters", "minus"),
}
INTO, PLUS, SELECTED, _, BRANCH = FORMS
_WORDING: Final = "MySQL shows what it first made of the number or day, not what was sent"
_SIGNED: Final = "MySQL takes the greatest number for -1"
_BITS: Final = "MySQL reads a number out of a text only if that is below zero"
_FRACTION: Final = "MySQL refuses a fraction here that it takes where it is written in the text"
#: What differs on purpose: by form, column and kind.
DIFFERENT: Final[dict[tuple[str, str, str], str]] = {
    **{(INTO, column, kind): _WORDING for column in ("da", "dt") for kind in ("unsigned", "300")},
    **{(form, column, "300"): _WORDING for form in (SELECTED, BRANCH) for column in ("da", "dt")},
    **{(BRANCH, "dt", "no day"): _WORDING},
    **{(INTO, "t", kind): _SIGNED for kind in ("unsigned", "all")},
    **{(form, "bi", kind): _BITS for form in (INTO, SELECTED) for kind in ("minus", "all")},
    **{(PLUS, column, "short time"): _FRACTION for column in ("da", "dt")},
    **{(PLUS, column, "all"): _FRACTION for column in ("da", "dt")},
    **{(PLUS, column, "minus"): _WORDING for column in ("da", "dt")},
}


def _outcome(asker: Asker, sql: str, sent: Sent) -> str:
    try:
        binary_protocol.execute(asker.connection, sql, [sent])
    except pymysql.err.MySQLError as error:
        return f"!{error.args[0]} {error.args[1]}".replace(asker.database, "values")
    return "\t".join(("ok", *asker._warnings()))


def _answers(asker: Asker) -> Iterator[tuple[str, str]]:
    """(form, mode, column, kind) and what became of it."""
    asker.prepare(section(()))
    asker.run("CREATE TABLE given (id INT PRIMARY KEY AUTO_INCREMENT)")
    for name, kind in COLUMNS.items():
        asker.run(f"ALTER TABLE given ADD COLUMN {name} {kind}")
    for mode in ("DEFAULT", "''"):
        asker.run(f"SET sql_mode = {mode}")
        for form, kinds in FORMS.items():
            for column in COLUMNS:
                asker.run("DELETE FROM given")
                asker.run("INSERT INTO given () VALUES ()")
                for kind in kinds:
                    sent = KINDS[kind]
                    place = "\t".join((form, mode, column, kind))
                    yield place, _outcome(asker, form.format(column, column), sent)
                values = [row[0] for row in asker.run(f"SELECT {column} FROM given").fetchall()]
                yield f"{form}\t{mode}\t{column}\tall", rows_shown(values)
    asker.run("SET sql_mode = DEFAULT")


def test_each_kind_into_each_column(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        host, _, port = os.environ["MYSQL_ORACLE"].partition(":")
        asker = Asker(host, int(port), "parameters_assigned")
        lines = ["\t".join(answer) for answer in _answers(asker)]
        RECORDED.write_text("\n".join(lines) + "\n", encoding="utf-8")
        asker.close()
        return
    expected: list[Any] = RECORDED.read_text(encoding="utf-8").splitlines()
    with serve(tmp_path) as port:
        asker = Asker("127.0.0.1", port)
        got = list(_answers(asker))
        asker.close()
    places = [place.split("\t") for place, _ in got]
    found = [
        (form, column, kind)
        for (form, _, column, kind), one, line in zip(places, got, expected, strict=True)
        if "\t".join(one) != line
    ]
    known = DIFFERENT.keys()
    assert known <= set(found), f"no longer differ: {known - set(found)}"
    wrong = [
        (line, "\t".join(one))
        for (form, _, column, kind), one, line in zip(places, got, expected, strict=True)
        if "\t".join(one) != line and (form, column, kind) not in known
    ]
    assert not wrong, "\n".join(f"expected {line}\ngot      {one}" for line, one in wrong)
