"""Tables that expressions read: `v`, one row of every type; `r`, the same and more rows; `g`,
groups; `w`, for statements."""

from __future__ import annotations

from typing import Final

DATABASE: Final = "values_golden"

#: name, SQL type, literal of its value in the one row of `v`
COLUMNS: Final = (
    ("id", "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY", "7"),
    ("i", "INT", "12"),
    ("u", "INT UNSIGNED", "3000000000"),
    ("t", "TINYINT", "-5"),
    ("b", "BIGINT", "-1234567890123"),
    ("bu", "BIGINT UNSIGNED NOT NULL", "18446744073709551615"),
    ("d", "DECIMAL(12,2)", "199.99"),
    ("dn", "DECIMAL(20,6) NOT NULL", "-0.125"),
    ("f", "DOUBLE", "1.5"),
    ("fl", "FLOAT", "0.1"),
    ("s", "VARCHAR(32)", "'Straße 12'"),
    ("sn", "VARCHAR(10) NOT NULL", "'42abc'"),
    ("c", "CHAR(8)", "'abc'"),
    ("bin", "VARBINARY(8)", "x'0041ff'"),
    ("dt", "DATETIME", "'2024-02-29 13:14:15'"),
    ("dt6", "DATETIME(6) NOT NULL", "'2023-12-31 23:59:59.999999'"),
    ("da", "DATE", "'2024-02-29'"),
    ("ti", "TIME", "'-13:14:15'"),
    ("ts", "TIMESTAMP NULL", "'2024-02-29 13:14:15'"),
    ("y", "YEAR", "2024"),
    ("j", "JSON", '\'{"city": "Bengaluru", "n": [1, 2.5, true, null]}\''),
    ("n", "INT", "NULL"),
    ("tx", "TEXT", "'text'"),
    ("e", "ENUM('small','medium','large')", "'medium'"),
    ("st", "SET('a','b','c','d')", "'a,c'"),
    ("bt", "BIT(10)", "b'1000000101'"),
    ("t6", "TIME(6)", "'13:14:15.123456'"),
    ("bl", "BLOB", "x'80ff00'"),
    ("gc", "VARCHAR(10) COLLATE utf8mb4_general_ci", "'Größe'"),
    ("sb", "VARCHAR(10) COLLATE utf8mb4_bin", "'Größe'"),
    ("l1", "VARCHAR(10) CHARACTER SET latin1", "'Größe'"),
    ("fu", "FLOAT", "3.402823e38"),
    (
        "d65",
        "DECIMAL(65,30)",
        f"-12345678901234567890123456789012345.{'1234567890' * 3}",
    ),
)

_COLUMNS_TEXT: Final = ", ".join(f"`{name}` {kind}" for name, kind, _ in COLUMNS)
CREATE_V: Final = f"CREATE TABLE v ({_COLUMNS_TEXT})"
INSERT_V: Final = f"INSERT INTO v VALUES ({', '.join(value for _, _, value in COLUMNS)})"

#: Further rows of `r`, in the order of the columns without `id`: zeros and empty texts, NULL where
#: it may be, greatest and least, fives, and odd ones.
_ROWS: Final = (
    "0, 0, 0, 0, 0, 0, 0, 0, 0, '', '', '', x'', '1970-01-01 00:00:00', "
    "'1000-01-01 00:00:00.000001', '1999-12-31', '00:00:00', '1970-01-01 00:00:01', 1901, '0', 0, "
    "'', 'small', '', b'0', '00:00:00', x'', '', '', '', 0, 0",
    "NULL, NULL, NULL, NULL, 1, NULL, 1, NULL, NULL, NULL, '1', NULL, NULL, NULL, "
    "'2024-01-01 00:00:00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
    "NULL, NULL, NULL, NULL, NULL, NULL",
    "-2147483648, 4294967295, 127, 9223372036854775807, 9223372036854775808, -9999999999.99, "
    "99999999999999.999999, -1e308, 1e30, '2024-05-06', '1.5e3', 'a b', x'e697a5', "
    "'9999-12-31 23:59:59', '9999-12-31 23:59:59.999999', '9999-12-31', '838:59:59', "
    "'2038-01-19 03:14:07', 2155, '\"2024-02-29\"', -1, '日本語😀', 'large', 'b,d', b'1111111111', "
    "'-838:59:59', x'31', 'GRÖSSE', 'abc', 'ÿ', -1e-30, 1e-30",
    "5, 5, 5, 5, 5, 5, 5, 5, 5, '5', '5', '5', '5', '2023-03-26 02:30:00', '2023-10-29 02:30:00', "
    "'2023-03-26', '05:00:00', '2023-03-26 02:30:00', 2005, '5', 5, '5', 'medium', 'a', 5, "
    "'05:05:05.5', '5', '5', '5', '5', 5, 5",
    "-1, 1, -1, -1, 255, -0.5, -0.5, -0.5, -0.25, '-0.5abc', 'true', 'é', x'ff', "
    "'2000-02-29 12:00:00', '2000-02-29 12:00:00.5', '2000-02-29', '-00:00:01', "
    "'2000-02-29 12:00:00', 2000, '[1, \"a\", {\"b\": -1.5}]', 3, '[1,2]', 'small', 'a,b,c,d', "
    "b'1', '-00:00:00.5', 'abc', 'abc', 'ABC', 'abc', 2.5, -0.5",
)
ALL_ROWS: Final = "FROM r ORDER BY id"

CREATE_W: Final = (
    "CREATE TABLE w (id INT NOT NULL PRIMARY KEY, v_id BIGINT NOT NULL, name VARCHAR(20), "
    "amount DECIMAL(10,2) NOT NULL, UNIQUE KEY uk (v_id, name), KEY k (name))"
)

CREATE_G: Final = (
    "CREATE TABLE g (id INT NOT NULL PRIMARY KEY, k VARCHAR(10), i INT, u BIGINT UNSIGNED, "
    "d DECIMAL(10,3), f DOUBLE, s VARCHAR(20), bin VARBINARY(8), da DATE, dt DATETIME(3), "
    "ti TIME, j JSON, e ENUM('z','y','x'), y YEAR)"
)
INSERT_G: Final = (
    "INSERT INTO g VALUES "
    "(1,'a',1,10,1.500,0.5,'one',x'0f','2024-02-29','2024-02-29 01:02:03.456','10:00:00',"
    "'1','z',2024),"
    "(2,'a',2,18446744073709551615,-2.250,1e10,'Two',x'f0','2023-01-31',"
    "'2000-01-01 00:00:00','-01:00:00','\"x\"','y',1999),"
    "(3,'a',2,0,2.250,-0.25,'two',x'ff',NULL,NULL,'838:59:59','[1, 2]','x',NULL),"
    "(4,'b',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),"
    "(5,'b',-7,3,9999999.999,3,'',x'00','1000-01-01','9999-12-31 23:59:59.999','00:00:00',"
    "'{\"a\": null}','z',2155),"
    "(6,NULL,2147483647,7,0.001,2.5,'Straße',x'aa55','2024-02-29','2024-02-29 01:02:03.456',"
    "'10:00:00','null','y',1901),"
    "(7,'c',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL)"
)
STATEMENTS: Final = (
    CREATE_V,
    INSERT_V,
    "CREATE TABLE r LIKE v",
    "INSERT INTO r SELECT * FROM v",
    *(f"INSERT INTO r VALUES ({100 + number}, {row})" for number, row in enumerate(_ROWS)),
    CREATE_W,
    CREATE_G,
    INSERT_G,
)
