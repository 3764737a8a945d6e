"""What words mean in a statement's digest: the table of `mysqlcompat.digest_kernels`.

MySQL shows a keyword by the last of the names its token has (CHAR is CHARACTER), those of functions
only where a parenthesis follows at once; every other word is a name.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np

from mysqlcompat import digest_kernels as kernels
from mysqlcompat.sql.keywords import KEYWORDS
from mysqlcompat.wire.charsets import COLLATIONS

_SHOWN: Final = {
    "ANY": "SOME", "BIGINT": "INT8", "CHAR": "CHARACTER", "COLUMNS": "FIELDS",
    "CURRENT_DATE": "CURDATE", "CURRENT_TIME": "CURTIME", "CURRENT_TIMESTAMP": "NOW",
    "DATABASE": "SCHEMA", "DATABASES": "SCHEMAS", "DAY": "SQL_TSI_DAY", "DEC": "DECIMAL",
    "DESCRIBE": "EXPLAIN", "DISTINCT": "DISTINCTROW", "DOUBLE": "FLOAT8", "FLOAT": "FLOAT4",
    "GEOMCOLLECTION": "GEOMETRYCOLLECTION", "HOUR": "SQL_TSI_HOUR", "INT": "INTEGER",
    "INT1": "TINYINT", "INT2": "SMALLINT", "INT3": "MIDDLEINT", "INT4": "INTEGER",
    "IO_THREAD": "RELAY_THREAD", "LOCALTIME": "NOW", "LOCALTIMESTAMP": "NOW",
    "MEDIUMINT": "MIDDLEINT", "MINUTE": "SQL_TSI_MINUTE", "MONTH": "SQL_TSI_MONTH",
    "NDB": "NDBCLUSTER", "QUARTER": "SQL_TSI_QUARTER", "REGEXP": "RLIKE",
    "SECOND": "SQL_TSI_SECOND", "SQL_TSI_WEEK": "WEEK", "SQL_TSI_YEAR": "YEAR",
    "USER": "SYSTEM_USER", "VARCHAR": "VARCHARACTER", "MID": "SUBSTRING", "SUBSTR": "SUBSTRING",
    "SESSION_USER": "SYSTEM_USER", "STD": "STDDEV_POP", "STDDEV": "STDDEV_POP",
    "VARIANCE": "VAR_POP",
}  # fmt: skip
_FUNCTIONS: Final = """
    ADDDATE BIT_AND BIT_OR BIT_XOR CAST COUNT CURDATE CURTIME DATE_ADD DATE_SUB EXTRACT GROUP_CONCAT
    JSON_ARRAYAGG JSON_OBJECTAGG MAX MID MIN NOW POSITION SESSION_USER STD STDDEV STDDEV_POP
    STDDEV_SAMP ST_COLLECT SUBDATE SUBSTR SUBSTRING SUM SYSDATE SYSTEM_USER TRIM VARIANCE VAR_POP
    VAR_SAMP
"""
#: An expression follows: a sign there is part of a number.
_BEFORE_EXPRESSION: Final = """
    EVERY AT STARTS ENDS DEFAULT RETURN IF ELSEIF CASE WHEN THEN ELSE WHILE UNTIL SELECT OR XOR AND
    NOT BETWEEN LIKE REGEXP RLIKE INTERVAL DIV MOD
"""
#: Go on with an expression that a number has begun.
_BETWEEN_EXPRESSIONS: Final = """
    OR XOR AND NOT BETWEEN LIKE REGEXP RLIKE DIV MOD IS IN COLLATE MEMBER SOUNDS
"""
_BEHIND_LISTS: Final = """
    HAVING LIMIT FOR INTO UNION EXCEPT INTERSECT ROWS RANGE GROUPS SEPARATOR WINDOW LOCK WITH ON
    PARTITIONS SUBPARTITION SUBPARTITIONS
"""
#: Behind them NULL is no value.
_TYPES: Final = """
    BIGINT BINARY BIT BLOB BOOL BOOLEAN CHAR CHARACTER DATE DATETIME DEC DECIMAL DOUBLE FIXED FLOAT
    FLOAT4 FLOAT8 GEOMETRY INT INT1 INT2 INT3 INT4 INT8 INTEGER JSON LONG LONGBLOB LONGTEXT
    MEDIUMBLOB MEDIUMINT MEDIUMTEXT MIDDLEINT NCHAR NUMERIC NVARCHAR POINT PRECISION REAL SERIAL SET
    SIGNED SMALLINT TEXT TIME TIMESTAMP TINYBLOB TINYINT TINYTEXT UNSIGNED VARBINARY VARCHAR
    VARCHARACTER YEAR ZEROFILL KEY UNIQUE STORED VIRTUAL VISIBLE INVISIBLE IS
"""
_FLAGS: Final = (
    (_FUNCTIONS, kernels.CALLED),
    (_BEFORE_EXPRESSION, kernels.BEFORE_EXPRESSION),
    (_BETWEEN_EXPRESSIONS, kernels.GOES_ON),
    (_BEHIND_LISTS, kernels.BEHIND_LIST),
    (_TYPES, kernels.TYPE),
)
_ROLES: Final = {
    "BY": kernels.ROLE_BY, "IN": kernels.ROLE_IN, "IS": kernels.ROLE_IS, "NOT": kernels.ROLE_NOT,
    "NULL": kernels.ROLE_NULL,
}  # fmt: skip
_LEAST_SLOTS: Final = 4


def _meaningful() -> frozenset[str]:
    """Words the parser knows, MySQL's or not: with another one a statement may be none."""
    from sqlglot.dialects.mysql import MySQL

    tables = (getattr(cls, name) for cls in (MySQL.Parser, MySQL.Tokenizer) for name in dir(cls))
    sets = (one for one in tables if isinstance(one, dict | set | frozenset))
    words = (key.split() for one in sets for key in one if isinstance(key, str))
    return frozenset(word.upper() for key in words for word in key)


def _words() -> dict[str, tuple[str, int]]:
    """Word -> how it is shown, flags; "" of what is only a name."""
    words = dict.fromkeys(_meaningful(), ("", 0))
    charsets = {one.charset.name for one in COLLATIONS.values()}
    words |= {f"_{charset}".upper(): ("(_charset)", 0) for charset in charsets}
    words |= {word: (word, 0) for word in (*KEYWORDS, *_FUNCTIONS.split())}
    for listed, flag in _FLAGS:
        for word in listed.split():
            words[word] = word, words[word][1] | flag
    for word, role in _ROLES.items():
        words[word] = word, words[word][1] | role
    return {word: (_SHOWN.get(word, shown), flags) for word, (shown, flags) in words.items()}


def _hash(word: bytes) -> int:
    """As the kernels do it."""
    made = kernels.SEED
    for byte in word:
        made = (made ^ byte) * kernels.PRIME & kernels.MASK
    return made


@lru_cache(maxsize=1)
def table() -> tuple[Any, Any]:
    """(slots, bytes of words) as the kernels take them."""
    words = {word.encode(): made for word, made in _words().items()}
    count = 1
    while count < _LEAST_SLOTS * len(words):
        count *= 2
    slots = np.zeros(count * kernels.SLOT_WORDS + 1, np.int64)
    slots[0] = count
    data = bytearray()
    for word, (shown, flags) in words.items():
        at = _hash(word) & (count - 1)
        while slots[1 + at * kernels.SLOT_WORDS]:
            at = (at + 1) & (count - 1)
        places = []
        for text in (word, shown.encode()):
            places.append(len(data) << kernels.LENGTH_BITS | len(text))
            data += text
        first = 1 + at * kernels.SLOT_WORDS
        slots[first : first + kernels.SLOT_WORDS] = (*places, flags)
    return slots, np.frombuffer(bytes(data), np.uint8).copy()
