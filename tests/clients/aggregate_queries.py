"""Random queries with aggregate functions, and the tables they ask."""

from __future__ import annotations

import random
from typing import Final

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
_CONDITIONS: Final = (
    *("{} IS NOT NULL", "{} > 1", "{} = 0", "NOT {}", "{} BETWEEN 1 AND 9", "{} IN (1, 7)"),
)
OTHERS: Final = """CREATE TABLE u (k INT, w VARCHAR(10), n DECIMAL(6,2))"""
OTHER_ROWS: Final = "(1,'one',1.10),(1,'uno',2.25),(2,NULL,NULL),(7,'',-3.50)"
_JOINS: Final = (*[""] * 9, " JOIN u ON u.k = t.g", " LEFT JOIN u ON u.k = t.g")
#: What is set while some queries are asked.
SETTINGS: Final = (
    *["SET sql_mode = DEFAULT"] * 4,
    "SET sql_mode = 'ONLY_FULL_GROUP_BY,NO_ZERO_DATE'",
    "SET group_concat_max_len = 9",
    "SET group_concat_max_len = 600",
    "SET div_precision_increment = 0",
    "SET div_precision_increment = 9",
)
RESET: Final = (
    "SET sql_mode = DEFAULT, group_concat_max_len = DEFAULT, div_precision_increment = DEFAULT"
)


class Queries:
    """Queries of one seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._pick = self._random.choice

    def query(self) -> str:
        source = f"t{self._pick(_JOINS)}"
        where = self._pick(_WHERE).format(self._pick(COLUMNS))
        shown = self._shown()
        while self._chance(0.15):
            shown += f", {self._shown()}"
        if self._chance(0.4):
            more = self._pick(("", "", "", "i, ", "1, ", f"{self._value()}, "))
            having = self._having() if self._chance(0.1) else ""
            return f"SELECT {more}{shown} FROM {source}{where}{having}"
        group = self._group()
        while self._chance(0.2):
            group += f", {self._group()}"
        rollup = self._pick(("", "", "", " WITH ROLLUP"))
        having = self._having() if self._chance(0.25) else ""
        distinct = "DISTINCT " if self._chance(0.05) else ""
        more = self._pick(("", "", f"{group}, ", "GROUPING(g), " if rollup else "c, "))
        order = ""
        if self._chance(0.15) and not distinct:
            order = f" ORDER BY {self._pick((self._aggregate(), group, 'NULL', self._shown()))}"
        tail = f"{having}{order}"
        return f"SELECT {distinct}{more}{shown} FROM {source}{where} GROUP BY {group}{rollup}{tail}"

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _shown(self) -> str:
        value = self._aggregate()
        if self._chance(0.4):
            value = self._pick(_AROUND).format(value)
        if self._chance(0.05):
            value = f"{value} + {self._aggregate()}"
        return value

    def _group(self) -> str:
        names = [*"ggg", "id", "e", "da", "i % 2", *"vcsydftj", "l1", "bt", self._value()]
        return str(self._pick(names))

    def _having(self) -> str:
        forms = (
            "{} IS NOT NULL",
            "{} > 1",
            "{} = 0",
            "NOT {}",
            "{} BETWEEN 1 AND 9",
            "{} IN (1, 7)",
        )
        return f" HAVING {self._pick(forms).format(self._aggregate())}"

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
            more = f", {self._value()}" if self._chance(0.3) else ""
            return self._pick(("COUNT(*)", f"COUNT({value})", f"COUNT(DISTINCT {value}{more})"))
        return f"{name}({self._pick(('', '', 'DISTINCT '))}{value})"

    def _list(self, value: str) -> str:
        separator = self._pick(("", " SEPARATOR '|'", " SEPARATOR ''"))
        if self._chance(0.5):
            return f"GROUP_CONCAT(DISTINCT {value}{separator})"
        order = self._pick(("id", "id DESC", f"{self._pick(COLUMNS)}, id"))
        return f"GROUP_CONCAT({value} ORDER BY {order}{separator})"
