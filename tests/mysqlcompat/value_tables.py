"""The tables that recorded expressions and statements are about: `v` with one row, and `w`."""

from __future__ import annotations

from typing import Final

#: name, SQL type, literal of its value in the one row
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
)

CREATE_W: Final = (
    "CREATE TABLE w (id INT NOT NULL PRIMARY KEY, v_id BIGINT NOT NULL, name VARCHAR(20), "
    "amount DECIMAL(10,2) NOT NULL, UNIQUE KEY uk (v_id, name), KEY k (name))"
)
