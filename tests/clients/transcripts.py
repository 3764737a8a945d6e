"""The issue's script through one client, written down: what it sees of metadata, rows, affected
rows, insert ids and warnings. Times stand still, so two servers give the same text.
"""

from __future__ import annotations

import re
import subprocess
import warnings as python_warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tests.clients.shop_script import statements

SETTINGS: Final = "SET timestamp = 1700000000, time_zone = '+00:00'"
#: Beyond the script: a warning, an error, affected rows.
MORE: Final = (
    "UPDATE orders SET status = 'PAID' WHERE user_id = 1001",
    "UPDATE orders SET status = 'PAID' WHERE user_id = 1001",
    "UPDATE orders SET total_amount = 10.005 WHERE user_id = 1002",
    "SELECT COUNT(*), SUM(total_amount), AVG(total_amount), MAX(created_at) FROM orders",
    "SELECT * FROM orders",
    "SELECT user_id, shipping_address->>'$.city' FROM orders WHERE order_id = 1",
    "SELECT nothing FROM orders",
    "DELETE FROM orders WHERE user_id = 1002",
)
READS: Final = ("SELECT * FROM orders ORDER BY order_id", "SHOW TABLES", "SELECT 1 + 1 AS two")
REFUSED: Final = "INSERT INTO orders (user_id, status, total_amount) VALUES (1, 'PLACED', 1.00)"


def script(database: str) -> list[str]:
    return [
        *statements("schema.sql", database), *statements("queries.sql", database), *MORE,
    ]  # fmt: skip


def reads(database: str) -> list[str]:
    """What the reader must answer as the writer does."""
    return [f"USE {database}", *statements("queries.sql", database), *READS]


def of_command(command: Sequence[str], port: int, sql: Sequence[str]) -> str:
    """What a command line client prints, without the time statements took."""
    options = [
        "-h127.0.0.1",
        f"-P{port}",
        "-uroot",
        "--table",
        "-vvv",
        "--force",
        "--show-warnings",
    ]
    text = ";\n".join((SETTINGS, *sql)) + ";\n"
    done = subprocess.run(
        [*command, *options, "--column-type-info"],
        input=text, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    printed = re.sub(r" ?\(\d+\.\d+ sec\)", "", done.stdout)
    return printed + re.sub(r"at line \d+( in file: '.*')?", "at line", done.stderr)


def of_driver(cursor: Any, sql: Sequence[str], error_class: type[Exception]) -> str:
    """What a DB-API cursor of a driver says about each statement."""
    return "\n".join(_lines(cursor, sql, error_class)) + "\n"


def _lines(cursor: Any, sql: Sequence[str], error_class: type[Exception]) -> Iterator[str]:
    for statement in (SETTINGS, *sql):
        yield f"> {statement}"
        try:
            with python_warnings.catch_warnings():  # connector warns by Python's means, too
                python_warnings.simplefilter("ignore")
                cursor.execute(statement)
        except error_class as error:
            yield f"{type(error).__name__} {error.args[:2]}"
            continue
        if cursor.description is None:
            yield f"{cursor.rowcount} affected, insert id {cursor.lastrowid or 0}"
            continue
        yield from (f"  {column}" for column in cursor.description)
        yield from (f"| {row}" for row in cursor.fetchall())
        warned = getattr(cursor, "warnings", None)
        if warned:
            yield f"warnings {warned}"


def compare(path: Path, answered: str, update: bool) -> None:
    """With `update` the answer is kept as MySQL's; otherwise it must be what is kept."""
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(answered, encoding="utf-8")
    assert answered == path.read_text(encoding="utf-8")
