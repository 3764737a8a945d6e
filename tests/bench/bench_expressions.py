"""Expressions over many rows: ``python -m tests.bench.bench_expressions [rows] [only]``.

Arithmetic, comparisons, dates and strings over a table of numbers, decimals, doubles, dates and
text, as text and prepared, best of five; then functions that are Python's, in values a second.
With MYSQL_ORACLE=host:port the same on a MySQL, the servers in turn, and ratios. `only`: queries
whose name has it. Times are those of the thread that serves, on the CPU, where it can be seen (so
that other work on the machine does not count), else by the clock.
"""

from __future__ import annotations

import math
import os
import sys
import time
from pathlib import Path
from typing import Any, Final

import pymysql

from mysqlcompat.cluster import Cluster
from tests import binary_protocol

DATABASE: Final = "bench_expressions"
TABLES: Final = {
    "n": "id INT PRIMARY KEY, a INT NOT NULL, b INT NOT NULL, c INT NOT NULL, x BIGINT, y BIGINT,"
    " m DECIMAL(10,2), n DECIMAL(10,2), f DOUBLE, g DOUBLE",
    "e": "id INT PRIMARY KEY, d DATETIME, s VARCHAR(40), j JSON",
}
QUERIES: Final = {
    "SUM(a*b), INT": "SELECT SUM(a * b) FROM n WHERE c < 400",
    "SUM(x*y), BIGINT": "SELECT SUM(x * y) FROM n WHERE c < 400",
    "SUM(m*n), DECIMAL(10,2)": "SELECT SUM(m * n) FROM n WHERE m < 800",
    "SUM(f*g), DOUBLE": "SELECT SUM(f * g) FROM n WHERE f < 5000",
    "COUNT(*)": "SELECT COUNT(*) FROM n",
    "MIN, MAX": "SELECT MIN(a), MAX(m), MIN(f) FROM n",
    "GROUP BY 100 groups": "SELECT a DIV 10, COUNT(*), SUM(b) FROM n GROUP BY a DIV 10",
    "/ DIV %": "SELECT SUM(m / n), SUM(x DIV 7), SUM(a % 13) FROM n",
    "GROUP BY 500 groups": "SELECT c, SUM(a * b) FROM n GROUP BY c",
    "COUNT(DISTINCT a)": "SELECT COUNT(DISTINCT a) FROM n",
    "COUNT(DISTINCT s)": "SELECT COUNT(DISTINCT s) FROM e WHERE id < 200000",
    "LIKE '%77%'": "SELECT COUNT(*) FROM e WHERE s LIKE '%77%'",
    "LIKE 'Name-1%'": "SELECT COUNT(*) FROM e WHERE s LIKE 'name-1%'",
    "range of dates": "SELECT COUNT(*) FROM e WHERE d >= '2020-03-01' AND d < '2021-07-01'",
    "MIN(s), MAX(d)": "SELECT MIN(s), MAX(d) FROM e",
    "YEAR(d) = 2021": "SELECT COUNT(*) FROM e WHERE YEAR(d) = 2021",
    "d + INTERVAL": "SELECT COUNT(*) FROM e WHERE d + INTERVAL 3 DAY < '2021-06-01'",
    "GROUP BY DATE(d)": "SELECT DATE(d), COUNT(*) FROM e GROUP BY DATE(d)",
    "SUM(LENGTH(s))": "SELECT SUM(LENGTH(s)), SUM(CHAR_LENGTH(s)) FROM e",
    "UPPER, LEFT": "SELECT COUNT(*) FROM e WHERE UPPER(LEFT(s, 6)) = 'NAME-2'",
    "SUBSTRING, CONCAT": "SELECT COUNT(*) FROM e WHERE CONCAT(SUBSTRING(s, 6), 'x') > '4'",
    "CASE": "SELECT SUM(CASE WHEN c < 100 THEN a + b WHEN c < 200 THEN b ELSE 0 END) FROM n",
    "IN, BETWEEN": "SELECT COUNT(*) FROM n WHERE a IN (1, 5, 900) OR b BETWEEN 10 AND 20",
    "CAST": "SELECT SUM(CAST(m AS SIGNED)), SUM(CAST(a AS DECIMAL(12,3))) FROM n",
    "JSON path": "SELECT COUNT(*) FROM e WHERE j->'$.k' = 7 AND id < 200000",
}
#: Functions that no kernel does; each is asked for once a row.
CALLBACKS: Final = {
    "SQRT": "SELECT SUM(SQRT(x)) FROM n WHERE id >= 0",
    "BIT_COUNT": "SELECT SUM(BIT_COUNT(x)) FROM n WHERE id >= 0",
    "POW": "SELECT SUM(POW(f, 2)) FROM n WHERE id >= 0",
    "REVERSE": "SELECT COUNT(*) FROM e WHERE REVERSE(s) = 'x'",
    "REPLACE": "SELECT COUNT(*) FROM e WHERE REPLACE(s, 'a', 'b') = 'x'",
    "DATE_FORMAT": "SELECT COUNT(*) FROM e WHERE DATE_FORMAT(d, '%Y') = 'x'",
    "LAST_DAY": "SELECT COUNT(*) FROM e WHERE LAST_DAY(d) = d",
    "TRUNCATE": "SELECT SUM(TRUNCATE(m, 1)) FROM n WHERE id >= 0",
    "REGEXP": "SELECT COUNT(*) FROM e WHERE s REGEXP '7.*3'",
}
CALLBACK_ROWS: Final = 200_000
ROUNDS: Final = 5
FIRST: Final = 20_000  #: different rows; the others have the same values


def rows(i: int) -> tuple[str, str]:
    """The texts of row `i` of both tables."""
    numbers = f"{i},{i % 1000},{i % 777},{i % 500},{i * 7},{i % 3000}"
    fractions = f"{i % 100000 / 100},{i % 777 / 10},{i / 3},{i % 97 / 7}"
    day = f"'{2018 + i % 7}-{i % 12 + 1}-{i % 28 + 1} {i % 24}:{i % 60}:{i % 59}'"
    text = f"'Name-{i % 5000} of {i % 13}'"
    return f"({numbers},{fractions})", f"""({i},{day},{text},'{{"k": {i % 100}}}')"""


class Server:
    """One of the two, with the table in it."""

    def __init__(self, host: str, port: int) -> None:
        self.connection = pymysql.connect(host=host, port=port, user="root", autocommit=True)
        self.thread: Path | None = None  #: its statistics of the scheduler

    def watch_own_thread(self) -> None:
        """MySQL serves a connection in a thread of its own."""
        ((number,),) = self.run(
            "SELECT thread_os_id FROM performance_schema.threads"
            " WHERE processlist_id = CONNECTION_ID()"
        )
        self.thread = next(Path("/proc").glob(f"[0-9]*/task/{number}/schedstat"), None)

    def clock(self) -> float:
        """Seconds: a point in time."""
        if self.thread is None:
            return time.perf_counter()
        return int(self.thread.read_text().split()[0]) / 1e9

    def load(self, count: int) -> None:
        self.run(f"DROP DATABASE IF EXISTS {DATABASE}")
        self.run(f"CREATE DATABASE {DATABASE}")
        self.run(f"USE {DATABASE}")
        for name, columns in TABLES.items():
            self.run(f"CREATE TABLE {name} ({columns})")
        for start in range(0, FIRST, 1000):
            for name, texts in zip(
                TABLES, zip(*map(rows, range(start, start + 1000)), strict=True), strict=True
            ):
                self.run(f"INSERT INTO {name} VALUES {','.join(texts)}")
        have = FIRST
        while have < count:
            step = min(have, count - have)
            for name, columns in (("n", "a, b, c, x, y, m, n, f, g"), ("e", "d, s, j")):
                copied = f"SELECT id + {have}, {columns} FROM {name} WHERE id < {step}"
                self.run(f"INSERT INTO {name} {copied}")
            have += step

    def run(self, sql: str) -> Any:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def seconds(self, sql: str) -> tuple[float, float]:
        """Of the text, and of the prepared statement."""
        text = prepared = float("inf")
        for _ in range(ROUNDS):
            started = self.clock()
            self.run(sql)
            text = min(text, self.clock() - started)
            started = self.clock()
            binary_protocol.execute(self.connection, sql)
            prepared = min(prepared, self.clock() - started)
        return text, prepared

    def close(self) -> None:
        self.run(f"DROP DATABASE {DATABASE}")
        self.connection.close()


def compare(name: str, sql: str, ours: Server, theirs: Server | None) -> None:
    """One line: milliseconds as text and prepared, those of MySQL, ratios."""
    text, prepared = ours.seconds(sql)
    line = f"{name:26s} {1e3 * text:8.1f} {1e3 * prepared:8.1f}"
    if theirs is not None:
        assert close(ours.run(sql), theirs.run(sql)), f"{sql}: another answer"
        beside, beside_prepared = theirs.seconds(sql)
        line += f" {1e3 * beside:8.1f} {1e3 * beside_prepared:8.1f}"
        line += f" {beside / text:6.2f} {beside_prepared / prepared:6.2f}"
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def close(ours: Any, theirs: Any) -> bool:
    """The same rows, sums of doubles to ten digits."""
    pairs = zip(sorted(ours), sorted(theirs), strict=True)
    return all(
        a == b or (isinstance(a, float) and math.isclose(a, b, rel_tol=1e-10))
        for one, other in pairs
        for a, b in zip(one, other, strict=True)
    )


def main(count: int = 1_000_000, only: str = "") -> None:
    """Print the table."""
    oracle = os.environ.get("MYSQL_ORACLE")
    theirs = None
    if oracle:
        host, port = oracle.rsplit(":", 1)
        theirs = Server(host, int(port))
        theirs.watch_own_thread()
        theirs.load(count)
    with Cluster(replicas=0, buffer_pool="1G") as cluster:
        ours = Server("127.0.0.1", cluster.writer_port)
        ours.load(count)
        writer = cluster.pids["writer"]
        ours.thread = Path(f"/proc/{writer}/task/{writer}/schedstat")
        sys.stdout.write(f"{count} rows, ms: ours, ours prepared, MySQL, MySQL prepared; ratios\n")
        for name, sql in QUERIES.items():
            if only in name:
                compare(name, sql, ours, theirs)
        for name, sql in CALLBACKS.items():
            if only in name:
                seconds, _ = ours.seconds(f"{sql} AND id < {CALLBACK_ROWS}")
                rate = min(count, CALLBACK_ROWS) / seconds / 1e6
                sys.stdout.write(f"callback {name:17s} {rate:8.2f} M values/s\n")
                sys.stdout.flush()
        ours.connection.close()
    if theirs is not None:
        theirs.close()


if __name__ == "__main__":
    main(*(int(sys.argv[1]), *sys.argv[2:]) if len(sys.argv) > 1 else ())
