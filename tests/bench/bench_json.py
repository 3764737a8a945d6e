"""Documents: ``python -m tests.bench.bench_json [rows]``.

Scans by constant paths, every function over small documents, path lookups with and without an
index (functional and multi-valued), JSON_TABLE, small changes of documents and the rate of them.
With MYSQL_ORACLE=host:port the same on a MySQL beside ours.
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
SCANS: Final = {
    "WHERE j->'$.n' = 77": "SELECT COUNT(*) FROM d WHERE j->'$.n' = 77",
    "WHERE j->'$.more.a[1]' > 2.4": "SELECT COUNT(*) FROM d WHERE j->'$.more.a[1]' > 2.4",
    "WHERE j->>'$.name' = 'name 77'": "SELECT COUNT(*) FROM d WHERE j->>'$.name' = 'name 77'",
    "SUM(j->>'$.n')": "SELECT SUM(j->>'$.n') FROM d",
    "SUM(CAST(j->'$.n' AS SIGNED))": "SELECT SUM(CAST(j->'$.n' AS SIGNED)) FROM d",
    "JSON_VALUE … RETURNING SIGNED": "SELECT MAX(JSON_VALUE(j, '$.n' RETURNING SIGNED)) FROM d",
    "JSON_LENGTH": "SELECT SUM(JSON_LENGTH(j, '$.tags')) FROM d",
    "JSON_CONTAINS_PATH": "SELECT SUM(JSON_CONTAINS_PATH(j, 'one', '$.no', '$.more.a')) FROM d",
    "JSON_CONTAINS": "SELECT COUNT(*) FROM d WHERE JSON_CONTAINS(j->'$.tags', '[77, 78]')",
    "GROUP BY j->>'$.tags[3]'": "SELECT j->>'$.tags[3]', COUNT(*) FROM d GROUP BY j->>'$.tags[3]'",
    "whole documents to the client": "SELECT j FROM d WHERE id < 2000",
    "JSON_TABLE, one level": (
        "SELECT COUNT(*), SUM(t.tag) FROM d, JSON_TABLE(d.j, '$.tags[*]' COLUMNS (tag INT PATH"
        " '$')) t WHERE d.id < 10000"
    ),
    "JSON_TABLE, NESTED": (
        "SELECT COUNT(*), SUM(t.n), MAX(t.name), SUM(t.tag) FROM d, JSON_TABLE(d.j, '$' COLUMNS"
        " (n INT PATH '$.n', name VARCHAR(20) PATH '$.name', NESTED PATH '$.tags[*]' COLUMNS"
        " (o FOR ORDINALITY, tag INT PATH '$'))) t WHERE d.id < 10000"
    ),
}
#: Of the small documents of table s.
CALLS: Final = (
    "json_object('k', id, 's', s)", "json_array(id, s)", "json_set(j, '$.n', id)",
    "json_set(j, '$.more.x', s, '$.tags[1]', 5)", "json_insert(j, '$.q', id)",
    "json_replace(j, '$.name', s)", "json_remove(j, '$.tags[0]')",
    "json_array_append(j, '$.tags', id)", "json_array_insert(j, '$.tags[0]', id)",
    "json_keys(j)", "json_length(j, '$.tags')", "json_merge_patch(j, k)",
    "json_merge_preserve(j, k)", "json_search(j, 'one', 'name 7')", "json_search(j, 'all', '%a%')",
    "json_overlaps(j, k)", "json_contains(j, k)", "id member of (j->'$.tags')", "json_pretty(j)",
    "json_depth(j)", "json_storage_size(j)", "json_storage_free(j)", "json_quote(s)",
    "json_unquote(j->'$.name')", "json_type(j->'$.tags')", "json_valid(s)", "cast(t as json)",
    "json_extract(t, '$.name')", "json_extract(j, '$**.a')", "json_extract(j, '$.tags[*]')",
    "json_extract(j, '$.n', '$.name')", "json_value(j, '$.n' returning signed)",
    "json_contains_path(j, 'all', '$.n', '$.name')", "cast(j as char)", "j->>'$.name'",
    """json_schema_valid('{"required": ["n"], "properties": {"n": {"type": "number"}}}', j)""",
)  # fmt: skip
RUNS: Final = 4
LONG: Final = 20_000  #: bytes of a document outside of its row


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

    def seconds(self, sql: str) -> float:
        """The shortest time of some runs."""
        best = float("inf")
        for _ in range(RUNS):
            started = time.perf_counter()
            self.run(sql)
            best = min(best, time.perf_counter() - started)
        return best

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


def scans(servers: list[Server]) -> None:
    """Milliseconds of statements over all documents, the best of some runs."""
    for name, sql in SCANS.items():
        answers = [sorted(map(repr, server.run(sql))) for server in servers]
        assert all(answer == answers[0] for answer in answers), name
        best = [float("inf")] * len(servers)
        for _ in range(RUNS):
            for number, server in enumerate(servers):
                started = time.perf_counter()
                server.run(sql)
                best[number] = min(best[number], 1000 * (time.perf_counter() - started))
        report(name, best, "ms")


def calls(servers: list[Server], rows: int) -> None:
    """Millions of values a second of each function, less what the scan takes."""
    for server in servers:
        server.run("CREATE TABLE s (id INT PRIMARY KEY, j JSON, k JSON, s VARCHAR(40), t TEXT)")
        for start in range(0, rows, 500):
            values = []
            for i in range(start, min(start + 500, rows)):
                small = {
                    "n": i,
                    "name": f"name {i}",
                    "tags": [i, i + 1, 7],
                    "more": {"a": [1, 2.5]},
                }
                other = {"n": i, "q": [1, 2], "more": {"a": 5}}
                texts = json.dumps(small), json.dumps(other), f"text {i}", json.dumps(small)
                values.append(f"({i}, '{texts[0]}', '{texts[1]}', '{texts[2]}', '{texts[3]}')")
            server.run("INSERT INTO s VALUES " + ",".join(values))
    scans = [server.seconds("SELECT COUNT(s) FROM s") for server in servers]
    for call in CALLS:
        spent = [server.seconds(f"SELECT COUNT({call}) FROM s") for server in servers]
        each = [max(one - scan, 1e-4) for one, scan in zip(spent, scans, strict=True)]
        report(call[:50], [rows / one / 1e6 for one in each], " M/s")


def long_changes(servers: list[Server]) -> None:
    """Small changes of long documents a second."""
    text = json.dumps({"n": 1, "text": "x" * LONG})
    for server in servers:
        server.run("CREATE TABLE l (id INT PRIMARY KEY, j JSON)")
        for i in range(100):
            server.run(f"INSERT INTO l VALUES ({i}, '{text}')")
    changes = [
        server.rate(lambda i: f"UPDATE l SET j = JSON_SET(j, '$.n', {i}) WHERE id = {i % 100}")
        for server in servers
    ]
    report(f"UPDATE … JSON_SET of {LONG // 1000} KB", changes, "/s")


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
        scans(servers)
        calls(servers, rows)
        lookups(servers, "no index")
        for statement in INDEXES:
            seconds = []
            for server in servers:
                started = time.perf_counter()
                server.run(statement)
                seconds.append(time.perf_counter() - started)
            report(f"index {statement.split()[5]} made", seconds, "s ")
        lookups(servers, "indexed")
        changes = [
            server.rate(lambda i: f"UPDATE d SET j = JSON_SET(j, '$.n', {i}) WHERE id = {i}")
            for server in servers
        ]
        report("UPDATE … JSON_SET, three indexes", changes, "/s")
        long_changes(servers)
        for server in servers:
            server.run(f"DROP DATABASE {DATABASE}")
            server.connection.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
