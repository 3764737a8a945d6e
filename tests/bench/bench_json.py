"""Documents: ``python -m tests.bench.bench_json [rows]``.

Path lookups with and without an index (functional and multi-valued), JSON_TABLE, small changes of
documents and the rate of them. With MYSQL_ORACLE=host:port the same on a MySQL beside ours.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import pymysql

from mysqlcompat.cluster import Cluster

DATABASE: Final = "bench_json"
SECONDS: Final = 1.0
TABLE: Final = "id INT PRIMARY KEY, j JSON"
INDEXES: Final = (
    "ALTER TABLE d ADD INDEX number ((CAST(j->'$.n' AS UNSIGNED)))",
    "ALTER TABLE d ADD INDEX name ((CAST(j->>'$.name' AS CHAR(30)) COLLATE utf8mb4_bin))",
    "ALTER TABLE d ADD INDEX tags ((CAST(j->'$.tags' AS UNSIGNED ARRAY)))",
)
LOOKUPS: Final = {
    "CAST(j->'$.n' AS UNSIGNED) = ?": "CAST(j->'$.n' AS UNSIGNED) = {0}",
    "j->>'$.name' = ?": "j->>'$.name' = 'name {0}'",
    "? MEMBER OF (j->'$.tags')": "{0} MEMBER OF (j->'$.tags')",
    "JSON_CONTAINS(j->'$.tags', '[?, ?]')": "JSON_CONTAINS(j->'$.tags', '[{0}, {1}]')",
    "JSON_OVERLAPS(j->'$.tags', '[?, ?]')": "JSON_OVERLAPS(j->'$.tags', '[{0}, {1}]')",
}
EXPANDED: Final = (
    "SELECT COUNT(*), SUM(t.tag) FROM d, JSON_TABLE(d.j, '$.tags[*]' COLUMNS (tag INT PATH '$')) t"
    " WHERE d.id < 10000"
)


def document(i: int) -> str:
    tags = [i, i + 1, i * 7 % 1000 + 1_000_000, i % 50 + 2_000_000]
    made = {"n": i, "name": f"name {i}", "tags": tags, "note": "x" * 200, "more": {"a": [1, 2.5]}}
    return json.dumps(made)


class Server:
    """One of the two, with the documents in it."""

    def __init__(self, host: str, port: int, rows: int) -> None:
        self.rows = rows
        self.connection = pymysql.connect(host=host, port=port, user="root", autocommit=True)
        for sql in (
            f"DROP DATABASE IF EXISTS {DATABASE}",
            f"CREATE DATABASE {DATABASE}",
            f"USE {DATABASE}",
            f"CREATE TABLE d ({TABLE})",
        ):
            self.run(sql)
        for start in range(0, rows, 500):
            values = (f"({i}, '{document(i)}')" for i in range(start, min(start + 500, rows)))
            self.run("INSERT INTO d VALUES " + ",".join(values))

    def run(self, sql: str) -> Any:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def rate(self, sql: Callable[[int], str]) -> float:
        """Statements a second, each with another number."""
        count, started = 0, time.perf_counter()
        while (passed := time.perf_counter() - started) < SECONDS:
            self.run(sql(count * 7919 % self.rows))
            count += 1
        return count / passed


def lookups(servers: list[Server], title: str) -> None:
    for name, condition in LOOKUPS.items():

        def sql(i: int, condition: str = condition) -> str:
            return f"SELECT id FROM d WHERE {condition.format(i, i + 1)}"

        answers = [sorted(server.run(sql(77))) for server in servers]
        assert all(answer == answers[0] for answer in answers), (name, answers)
        report(f"{name}, {title}", [server.rate(sql) for server in servers], "/s")


def report(name: str, figures: list[float], unit: str) -> None:
    shown = "".join(f"{figure:12.1f}{unit}" for figure in figures)
    sys.stdout.write(f"{name:52s}{shown}\n")
    sys.stdout.flush()


def main(rows: int = 50_000) -> None:
    """Print ours, and MySQL's beside it."""
    oracle = os.environ.get("MYSQL_ORACLE")
    with Cluster(replicas=0, buffer_pool="512M") as cluster:
        servers = [Server("127.0.0.1", cluster.writer_port, rows)]
        if oracle:
            host, port = oracle.rsplit(":", 1)
            servers.append(Server(host, int(port), rows))
        lookups(servers, "no index")
        for statement in INDEXES:
            seconds = []
            for server in servers:
                started = time.perf_counter()
                server.run(statement)
                seconds.append(time.perf_counter() - started)
            report(f"index {statement.split()[5]} made", seconds, "s ")
        lookups(servers, "indexed")
        started = [server.rate(lambda _: EXPANDED) * 40_000 / 1000 for server in servers]
        report("JSON_TABLE", started, "k rows/s")
        changes = [
            server.rate(lambda i: f"UPDATE d SET j = JSON_SET(j, '$.n', {i}) WHERE id = {i}")
            for server in servers
        ]
        report("UPDATE … JSON_SET, three indexes", changes, "/s")
        for server in servers:
            server.run(f"DROP DATABASE {DATABASE}")
            server.connection.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
