"""Random queries with aggregate functions, here and on a real MySQL.

    MYSQL_ORACLE=host:port python -m tests.clients.fuzz_aggregates COUNT SEED [PORT]

Compared are rows (their order means nothing), the types of columns, errors, and which warnings
there are. What `explained_aggregates` knows a reason for is counted, not printed; exits with 1 if
anything else is found.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import pymysql

from mysqlcompat.cluster import Cluster
from tests.clients.aggregate_queries import (
    COLUMNS,
    OTHER_ROWS,
    OTHERS,
    RESET,
    ROWS,
    SETTINGS,
    TABLE,
    Queries,
)
from tests.clients.explained_aggregates import Answer, reason
from tests.mysqlcompat.fuzz_values import Difference

DATABASE: Final = "aggregates"
_BLOCK: Final = 50  #: queries between two settings
_VAGUE: Final = re.compile(r" ?at row \d+|\?+|\d+ (?=was cut)")  #: what it counts, cannot show


def connected(host: str, port: int) -> Any:
    """A connection to a database of its own with the tables."""
    connection = pymysql.connect(
        host=host, port=port, user="root", ssl_disabled=True, autocommit=True, conv={}
    )
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        cursor.execute(f"CREATE DATABASE {DATABASE}")
        cursor.execute(f"USE {DATABASE}")
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute(TABLE)
        for row in ROWS:
            cursor.execute(f"INSERT INTO t ({', '.join(COLUMNS[1:])}) VALUES ({row})")
        cursor.execute(OTHERS)
        cursor.execute(f"INSERT INTO u VALUES {OTHER_ROWS}")
    return connection


def answer(connection: Any, query: str) -> Answer:
    """What the server says."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(query)
        except pymysql.err.MySQLError as error:
            return Answer(error=str(error.args))
        rows = sorted(map(repr, cursor.fetchall()))
        fields = cursor._result.fields
        types = [(one.type_code, one.length, one.scale, one.flags, one.charsetnr) for one in fields]
        cursor.execute("SHOW WARNINGS")
        warnings = {f"{row[1]} {_VAGUE.sub('', row[2])}" for row in cursor.fetchall()}
        return Answer(tuple(rows), str(types), tuple(sorted(warnings)))


def fuzz(oracle: Any, ours: Any, count: int, seed: int) -> Iterator[tuple[str, Difference]]:
    """Those of `count` queries that differ, each with the reason; "": nobody knows any."""
    queries = Queries(seed)
    for number in range(count):
        if number % _BLOCK == 0:
            for statement in (RESET, SETTINGS[number // _BLOCK % len(SETTINGS)]):
                oracle.query(statement)
                ours.query(statement)
        query = queries.query()
        expected, got = answer(oracle, query), answer(ours, query)
        if expected == got:
            continue

        def alone(other: str) -> tuple[Answer, Answer]:
            return answer(oracle, other), answer(ours, other)

        yield reason(query, expected, got, alone), Difference(query, str(expected), str(got))


def main() -> None:
    count, seed, *given = map(int, sys.argv[1:])
    host, _, port = os.environ["MYSQL_ORACLE"].partition(":")
    with (
        Cluster(replicas=0, start=not given) as cluster,
        closing(connected(host, int(port))) as oracle,
        closing(connected("127.0.0.1", *(given or [cluster.writer_port]))) as ours,
    ):
        reasons: Counter[str] = Counter()
        for why, difference in fuzz(oracle, ours, count, seed):
            reasons[why] += 1
            if not why:
                print(difference, flush=True)
    unknown = reasons.pop("", 0)
    for why, times in reasons.most_common():
        print(f"explained: {times} {why}")
    print(f"{unknown} of {count} differ")
    sys.exit(int(unknown > 0))


if __name__ == "__main__":
    main()
