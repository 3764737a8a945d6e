"""Tables that expressions read: `v`, one row of every type; `g`, groups; `w`, for statements."""

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
STATEMENTS: Final = (CREATE_V, INSERT_V, CREATE_W, CREATE_G, INSERT_G)
