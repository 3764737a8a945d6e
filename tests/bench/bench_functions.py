"""Every function of the table over many rows: ``python -m tests.bench.bench_functions [rows]
[only]``.

Arguments are columns (numbers, strings, moments, documents) and, where a function has more of
them, constants: the first that give a value. Printed are values a second of the serving thread, on
the CPU, the slowest first, and the functions nothing suitable was found for. `only`: functions
whose name has it.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pymysql

from mysqlcompat.cluster import Cluster
from mysqlcompat.functions import DEFINITIONS
from tests.bench.bench_expressions import Server

#: Waits, changes something, or is about a session rather than a value.
_OTHER: Final = """
    sleep benchmark get_lock release_lock release_all_locks is_free_lock is_used_lock load_file
    last_insert_id row_count found_rows connection_id database schema user current_user
    session_user system_user version rand uuid uuid_short
"""
COLUMNS: Final = (
    "id INT PRIMARY KEY, s VARCHAR(40), x BIGINT, f DOUBLE, m DECIMAL(10,2), d DATETIME, t TIME,"
    " j JSON, b VARBINARY(16)"
)
ROW: Final = (
    "SELECT {i}, CONCAT('Name-', {i} % 5000), {i} * 7, {i} / 3000, {i} / 100,"
    " '2020-01-01' + INTERVAL {i} MINUTE, SEC_TO_TIME({i} % 80000),"
    " JSON_OBJECT('k', {i} % 100, 'a', JSON_ARRAY({i}, 'x')), CONCAT('bytes', {i})"
)
FIRST: Final = ("s", "x", "f", "m", "d", "t", "j", "b", "'Name-7'", "'$.k'")
LATER: Final = ("2", "'a'", "'$.k'", "'%Y-%m-%d'", "x", "s", "d", "j", "'7'", "'k'", "'+01:00'")
MOST_ARGUMENTS: Final = 4
#: Where nothing of that would do, or only what nobody asks for.
GIVEN: Final = {
    "timestampdiff": "timestampdiff(HOUR, d, '2024-01-01')",
    "timestampadd": "timestampadd(DAY, 2, d)",
    "str_to_date": "str_to_date(DATE(d), '%Y-%m-%d')",
    "convert_tz": "convert_tz(d, '+00:00', 'Europe/Berlin')",
    "date_format": "date_format(d, '%Y-%m-%d')",
    "time_format": "time_format(t, '%H:%i')",
    "week": "week(d, 3)",
    "year": "year(d)",
    "month": "month(d)",
    "day": "day(d)",
    "hour": "hour(t)",
    "minute": "minute(t)",
    "log": "log(x + 1)",
    "ln": "ln(x + 1)",
    "log10": "log10(x + 1)",
    "json_set": "json_set(j, '$.k', x)",
    "json_contains": "json_contains(j, '7', '$.k')",
    "json_search": "json_search(j, 'one', 'x')",
    "sha2": "sha2(s, 256)",
    "greatest": "greatest(x, 7)",
    "least": "least(x, 7)",
    "field": "field(s, 'Name-1', 'Name-2')",
    "truncate": "truncate(m, 1)",
    "round": "round(m, 1)",
}


def calls(name: str) -> Iterator[str]:
    """Ways to call a function, likely ones first."""
    definition = DEFINITIONS[name]
    for count in range(definition.low, min(definition.high, MOST_ARGUMENTS) + 1):
        if count == 0:
            yield f"{name}()"
        for first in FIRST if count else ():
            for rest in itertools.product(LATER, repeat=count - 1):
                yield f"{name}({', '.join((first, *rest))})"


def suitable(server: Server, name: str, tries: int = 600) -> str | None:
    """A call that reads a column and gives a value, without an error or a warning."""
    if name in GIVEN:
        return GIVEN[name]
    columns = set("sxfmdtjb")
    marks = str.maketrans("(),", "   ")
    for call in itertools.islice(calls(name), tries):
        if columns.isdisjoint(call[len(name) :].translate(marks).split()):
            continue
        try:
            with server.connection.cursor() as cursor:
                cursor.execute(f"SELECT {call} FROM v WHERE id = 77")
                ((value,),) = cursor.fetchall()
                if value is not None and not cursor._result.warning_count:
                    return call
        except (pymysql.MySQLError, UnicodeDecodeError, ValueError):
            continue
    return None


def load(server: Server, count: int) -> None:
    server.run("CREATE DATABASE bench_functions")
    server.run("USE bench_functions")
    server.run(f"CREATE TABLE v ({COLUMNS})")
    have = min(count, 1000)
    for i in range(have):
        server.run(f"INSERT INTO v {ROW.format(i=i)}")
    while have < count:
        step = min(have, count - have)
        source = f"FROM v WHERE id < {step}"
        server.run(f"INSERT INTO v SELECT id + {have}, s, x, f, m, d, t, j, b {source}")
        have += step


def main(count: int = 100_000, only: str = "") -> None:
    """Print the table."""
    with Cluster(replicas=0, buffer_pool="256M") as cluster:
        server = Server("127.0.0.1", cluster.writer_port)
        load(server, count)
        writer = cluster.pids["writer"]
        server.thread = Path(f"/proc/{writer}/task/{writer}/schedstat")
        found: list[tuple[float, str]] = []
        missing, others = [], _OTHER.split()
        names = sorted(name for name in DEFINITIONS if only in name and name not in others)
        scan = server.seconds("SELECT COUNT(s) FROM v")[0]
        for name in names:
            call = suitable(server, name)
            try:
                started = server.clock()
                server.run(f"SELECT COUNT({call}) FROM v")
                spent = server.clock() - started - scan
                found.append((count / max(spent, 1e-9) / 1e6, str(call)))
            except pymysql.MySQLError:  # there is none, or another row's value is refused
                missing.append(name)
        for rate, call in sorted(found):
            sys.stdout.write(f"{rate:10.2f} M values/s  {call}\n")
        sys.stdout.write(f"without a call: {' '.join(missing)}\n")
        server.connection.close()


if __name__ == "__main__":
    main(*(int(sys.argv[1]), *sys.argv[2:]) if len(sys.argv) > 1 else ())
