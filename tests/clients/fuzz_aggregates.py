"""Random queries with aggregate functions, here and on a real MySQL.

    MYSQL_ORACLE=host:port python -m tests.clients.fuzz_aggregates COUNT SEED [PORT]

Compared are rows (their order means nothing), errors, and, where nothing is grouped, the types of
columns and which warnings there are. Left out is what MySQL's way of grouping decides (a temporary
table, a sort, an index): ANY_VALUE, lists and extremes of a ROLLUP, the last digits of variances,
AVG as an integer; and what it says of texts that SUM(DISTINCT …) stores, of aggregates that are
never NULL, and of Latin-1 texts whose last letter ends its message.
"""

from __future__ import annotations

import os
import random
import re
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import pymysql

from mysqlcompat.cluster import Cluster
from tests.mysqlcompat.fuzz_values import Difference

DATABASE: Final = "aggregates"
TABLE: Final = """CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, g INT, i INT, iu INT UNSIGNED,
 b BIGINT, bu BIGINT UNSIGNED, ti TINYINT, d DECIMAL(10,3), d65 DECIMAL(65,30), f FLOAT, db DOUBLE,
 da DATE, t TIME(3), dt DATETIME(6), ts TIMESTAMP(3) NULL, y YEAR, c CHAR(10), v VARCHAR(30),
 tx TEXT, bl BLOB, vb VARBINARY(20), e ENUM('z','a','m'), s SET('x','y','z'), j JSON, bt BIT(12),
 l1 VARCHAR(20) CHARACTER SET latin1)"""
COLUMNS: Final = (
    *("id", "g", "i", "iu", "b", "bu", "ti", "d", "d65", "f", "db", "da", "t", "dt", "ts", "y"),
    *("c", "v", "tx", "bl", "vb", "e", "s", "j", "bt", "l1"),
)
_NULLS: Final = ", ".join(["NULL"] * (len(COLUMNS) - 2))
ROWS: Final = (
    "1,1,2,-5,18446744073709551615,-128,1.5,0.000000000000000000000000000001,1.5,2.25,'2024-02-29',"
    "'10:11:12.123','2024-02-29 23:59:59.999999','2024-01-01 00:00:00',2024,'abc','Straße','tx1',"
    "x'ff00','vb1','z','x,y','{\"a\":1}',b'101','größe'",
    "1,2147483647,4294967295,9223372036854775807,0,127,-9999999.999,"
    "12345678901234567890.123456789,3.4e38,1e308,'1000-01-01','-838:59:59','1000-01-01 00:00:00',"
    "'1970-01-02 00:00:01',1901,'ABC','strasse','tx1',x'ff01','vb1','a','x','[1,2]',"
    "b'111111111111','GRÖSSE'",
    "2,-2147483648,0,-9223372036854775808,1,0,0,0,0,0,'9999-12-31','838:59:59',"
    "'9999-12-31 23:59:59','2038-01-19 03:14:07',2155,'','',' ','','','m','','null',b'0',''",
    f"2,{_NULLS}",
    f"3,{_NULLS}",
    "NULL,7,7,7,7,7,7.777,7.7,7.7,7.7,'2007-07-07','07:07:07','2007-07-07 07:07:07',"
    "'2007-07-07 07:07:07',2007,'7','7','7','7','7','z','z','7',b'111','7'",
    "NULL,7,8,9,10,11,12.5,13.25,14.5,15.75,'2007-07-07','00:00:00','2007-07-07 07:07:07.5',"
    "'2007-07-07 07:07:07',2008,'a ','A','b','B','b','a','y,z','\"x\"',b'1','ä'",
    "1,1,3,4,5,6,1.5,0.5,0.1,0.1,'2024-02-29','10:11:12.123','2024-02-29 23:59:59.999999',"
    "'2024-01-01 00:00:00',2024,'😀','😀','😀','x','x','z','x','{\"a\": 1}',b'101','é'",
)
_CONSTANTS: Final = ("1", "NULL", "1.5", "1e0", "DATE'2024-01-01'", "-1")
_AROUND: Final = (
    "ABS({})", "{} + 1", "CONCAT({})", "IFNULL({}, 0)", "{} IS NULL", "CAST({} AS CHAR)", "-{}",
    "COALESCE({}, 'x')", "HEX({})", "ROUND({}, 2)", "{} = 1", "LEAST({}, 5)", "{} | 0", "UPPER({})",
    "JSON_ARRAY({})", "LENGTH({})", "CAST({} AS SIGNED)",
)  # fmt: skip
_WHERE: Final = ("", "", "", " WHERE id > 100", " WHERE id < 4", " WHERE {} IS NOT NULL")
_PLAIN: Final = (
    *("STD", "STDDEV_SAMP", "VAR_POP", "VAR_SAMP", "BIT_AND", "BIT_OR", "BIT_XOR"),
    *("ANY_VALUE", "JSON_ARRAYAGG"),
)
_UNSTEADY: Final = re.compile(
    r"(ANY_VALUE|GROUP_CONCAT|JSON_\w+AGG|MIN|MAX)\(.* WITH ROLLUP|(STD|VAR)\w*\(.*GROUP BY"
    r"|(HEX|SIGNED).*GROUP BY"
)
_WARNED_OTHERWISE: Final = re.compile(r"(SUM|AVG)\(DISTINCT|IS NULL|l1")


class Queries:
    """Queries of one seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._pick = self._random.choice

    def query(self) -> str:
        value = self._aggregate()
        if self._random.random() < 0.4:
            value = self._pick(_AROUND).format(value)
        where = self._pick(_WHERE).format(self._pick(COLUMNS))
        if self._random.random() < 0.4:
            return f"SELECT {value} FROM t{where}"
        group = self._pick(
            [*"ggg", "id", "e", "da", "i % 2", *"vcsydftj", "l1", "bt", self._value()]
        )
        rollup = self._pick(("", "", "", " WITH ROLLUP"))
        having = self._pick(("", "", "", f" HAVING {self._aggregate()} IS NOT NULL"))
        shown = self._pick(("", f"{group}, "))
        return f"SELECT {shown}{value} FROM t{where} GROUP BY {group}{rollup}{having}"

    def _value(self) -> str:
        a, b = self._pick(COLUMNS), self._pick(COLUMNS)
        constant = self._pick(("0", "1.5", "'x'", "NULL", "1e3"))
        forms = (a,) * 8 + (
            f"{a} + {b}", f"CONCAT({a}, '-', {b})", f"IF({a} IS NULL, {b}, {a})",
            f"COALESCE({a}, {constant})",
        )  # fmt: skip
        return self._pick(forms)

    def _aggregate(self) -> str:
        value = self._pick((*[self._value()] * 12, self._pick(_CONSTANTS)))
        name = self._pick((*_PLAIN, "SUM", "AVG", "MIN", "MAX", "COUNT", "list", "object"))
        if name in _PLAIN:
            return f"{name}({value})"
        if name == "list":
            return self._list(value)
        if name == "object":
            return f"JSON_OBJECTAGG({self._pick(('id', 'c', 'v', 'i', 'da'))}, {value})"
        if name == "COUNT":
            more = f", {self._value()}" if self._random.random() < 0.3 else ""
            return self._pick(("COUNT(*)", f"COUNT({value})", f"COUNT(DISTINCT {value}{more})"))
        return f"{name}({self._pick(('', '', 'DISTINCT '))}{value})"

    def _list(self, value: str) -> str:
        separator = self._pick(("", " SEPARATOR '|'", " SEPARATOR ''"))
        if self._random.random() < 0.5:
            return f"GROUP_CONCAT(DISTINCT {value}{separator})"
        order = self._pick(("id", "id DESC", f"{self._pick(COLUMNS)}, id"))
        return f"GROUP_CONCAT({value} ORDER BY {order}{separator})"


def connected(host: str, port: int) -> Any:
    """A connection to a database of its own with the table."""
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
    return connection


def answer(connection: Any, query: str) -> str:
    """What the server says, as a text to compare."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(query)
        except pymysql.err.MySQLError as error:
            return str(error.args) if not _UNSTEADY.search(query) else ""
        rows = sorted(map(repr, cursor.fetchall()))
        if _UNSTEADY.search(query):
            return ""
        if "GROUP BY" in query:
            return " ".join(rows)
        fields = cursor._result.fields
        types = [(one.type_code, one.length, one.scale, one.flags, one.charsetnr) for one in fields]
        if _WARNED_OTHERWISE.search(query):
            return f"{rows} {types}"
        cursor.execute("SHOW WARNINGS")
        warnings = {(row[1], re.sub(r"\?+|at row \d+", "", row[2])) for row in cursor.fetchall()}
        return f"{rows} {types} {sorted(warnings)}"


def fuzz(oracle: Any, ours: Any, count: int, seed: int) -> Iterator[Difference]:
    """Those of `count` queries that differ."""
    queries = Queries(seed)
    for _ in range(count):
        query = queries.query()
        expected, got = answer(oracle, query), answer(ours, query)
        if expected != got:
            yield Difference(query, expected, got)


def main() -> None:
    count, seed, *given = map(int, sys.argv[1:])
    host, _, port = os.environ["MYSQL_ORACLE"].partition(":")
    with (
        Cluster(replicas=0, start=not given) as cluster,
        closing(connected(host, int(port))) as oracle,
        closing(connected("127.0.0.1", *(given or [cluster.writer_port]))) as ours,
    ):
        found = 0
        for difference in fuzz(oracle, ours, count, seed):
            found += 1
            print(difference, flush=True)
        print(f"{found} of {count} differ")


if __name__ == "__main__":
    main()
