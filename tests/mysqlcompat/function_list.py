"""The functions and operators of MySQL's reference manual, and which of them this server has.

    python -m tests.mysqlcompat.function_list

writes the table into docs/compatibility.md; a test keeps it equal to the function table. Not in the
list: spatial, full-text, GTID, enterprise and internal functions, and what the manual has removed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mysqlcompat.functions import DEFINITIONS, FUNCTIONS
from mysqlcompat.functions.aggregate import AGGREGATES
from mysqlcompat.sql.expressions import SYNTACTIC

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "compatibility.md"
BEGIN: Final = "<!-- functions -->"
END: Final = "<!-- end of functions -->"

#: Section of the manual -> its names.
MANUAL: Final = {
    "operators": """
        & > >> >= < <>, != << <= <=> % * + - - (minus) -> ->> / := = ^ | ~ AND && BETWEEN BINARY
        CASE DIV EXISTS IN IS ISNOT ISNULL LIKE MEMBER_OF MOD NOT ! NOT_BETWEEN NOT_IN NOT_LIKE
        NOT_REGEXP OR || REGEXP RLIKE SOUNDS_LIKE XOR COLLATE
    """,
    "control flow": "CASE IF IFNULL NULLIF COALESCE GREATEST INTERVAL ISNULL LEAST STRCMP",
    "numeric": """
        ABS ACOS ASIN ATAN ATAN2 CEIL CEILING CONV COS COT CRC32 DEGREES EXP FLOOR LN LOG LOG10
        LOG2 MOD PI POW POWER RADIANS RAND ROUND SIGN SIN SQRT TAN TRUNCATE
    """,
    "date and time": """
        ADDDATE ADDTIME CONVERT_TZ CURDATE CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURTIME DATE
        DATE_ADD DATE_FORMAT DATE_SUB DATEDIFF DAY DAYNAME DAYOFMONTH DAYOFWEEK DAYOFYEAR EXTRACT
        FROM_DAYS FROM_UNIXTIME GET_FORMAT HOUR LAST_DAY LOCALTIME LOCALTIMESTAMP MAKEDATE MAKETIME
        MICROSECOND MINUTE MONTH MONTHNAME NOW PERIOD_ADD PERIOD_DIFF QUARTER SEC_TO_TIME SECOND
        STR_TO_DATE SUBDATE SUBTIME SYSDATE TIME TIME_FORMAT TIME_TO_SEC TIMEDIFF TIMESTAMP
        TIMESTAMPADD TIMESTAMPDIFF TO_DAYS TO_SECONDS UNIX_TIMESTAMP UTC_DATE UTC_TIME
        UTC_TIMESTAMP WEEK WEEKDAY WEEKOFYEAR YEAR YEARWEEK
    """,
    "string": """
        ASCII BIN BIT_LENGTH CHAR CHAR_LENGTH CHARACTER_LENGTH CONCAT CONCAT_WS ELT EXPORT_SET FIELD
        FIND_IN_SET FORMAT FROM_BASE64 HEX INSERT INSTR LCASE LEFT LENGTH LOAD_FILE LOCATE LOWER
        LPAD LTRIM MAKE_SET MID OCT OCTET_LENGTH ORD POSITION QUOTE REPEAT REPLACE REVERSE RIGHT
        RPAD RTRIM SOUNDEX SPACE SUBSTR SUBSTRING SUBSTRING_INDEX TO_BASE64 TRIM UCASE UNHEX UPPER
        WEIGHT_STRING
    """,
    "regular expressions": "REGEXP_INSTR REGEXP_LIKE REGEXP_REPLACE REGEXP_SUBSTR",
    "cast": "BINARY CAST CONVERT",
    "XML": "EXTRACTVALUE UPDATEXML",
    "bit": "BIT_COUNT & ~ | ^ << >>",
    "encryption and compression": """
        AES_DECRYPT AES_ENCRYPT COMPRESS MD5 RANDOM_BYTES SHA SHA1 SHA2 STATEMENT_DIGEST
        STATEMENT_DIGEST_TEXT UNCOMPRESS UNCOMPRESSED_LENGTH VALIDATE_PASSWORD_STRENGTH
    """,
    "locking": "GET_LOCK IS_FREE_LOCK IS_USED_LOCK RELEASE_ALL_LOCKS RELEASE_LOCK",
    "information": """
        BENCHMARK CHARSET COERCIBILITY COLLATION CONNECTION_ID CURRENT_ROLE CURRENT_USER DATABASE
        FOUND_ROWS ICU_VERSION LAST_INSERT_ID ROLES_GRAPHML ROW_COUNT SCHEMA SESSION_USER
        SYSTEM_USER USER VERSION
    """,
    "JSON": """
        JSON_ARRAY JSON_ARRAY_APPEND JSON_ARRAY_INSERT JSON_CONTAINS JSON_CONTAINS_PATH JSON_DEPTH
        JSON_EXTRACT JSON_INSERT JSON_KEYS JSON_LENGTH JSON_MERGE JSON_MERGE_PATCH
        JSON_MERGE_PRESERVE JSON_OBJECT JSON_OVERLAPS JSON_PRETTY JSON_QUOTE JSON_REMOVE
        JSON_REPLACE JSON_SCHEMA_VALID JSON_SCHEMA_VALIDATION_REPORT JSON_SEARCH JSON_SET
        JSON_STORAGE_FREE JSON_STORAGE_SIZE JSON_TABLE JSON_TYPE JSON_UNQUOTE JSON_VALID JSON_VALUE
    """,
    "aggregate": """
        AVG BIT_AND BIT_OR BIT_XOR COUNT GROUP_CONCAT JSON_ARRAYAGG JSON_OBJECTAGG MAX MIN STD
        STDDEV STDDEV_POP STDDEV_SAMP SUM VAR_POP VAR_SAMP VARIANCE
    """,
    "window": """
        CUME_DIST DENSE_RANK FIRST_VALUE LAG LAST_VALUE LEAD NTH_VALUE NTILE PERCENT_RANK RANK
        ROW_NUMBER
    """,
    "performance schema": """
        FORMAT_BYTES FORMAT_PICO_TIME PS_CURRENT_THREAD_ID PS_THREAD_ID
    """,
    "miscellaneous": """
        ANY_VALUE BIN_TO_UUID DEFAULT GROUPING INET_ATON INET_NTOA INET6_ATON INET6_NTOA IS_IPV4
        IS_IPV4_COMPAT IS_IPV4_MAPPED IS_IPV6 IS_UUID NAME_CONST SLEEP UUID UUID_SHORT UUID_TO_BIN
        VALUES
    """,
}
#: Operators whose implementation has another name, and calls the grammar knows.
_WRITTEN: Final = {
    "->": "json_extract", "->>": "json_unquote", ":=": "set user variable", "AND": "and",
    "&&": "and", "OR": "or", "||": "or", "NOT": "not", "!": "not", "XOR": "xor", "!=": "<>",
    "<>,": "<>", "(minus)": "neg", "IS": "is true", "ISNOT": "is null", "MOD": "%",
    "NOT_BETWEEN": "between", "NOT_IN": "in", "NOT_LIKE": "like", "NOT_REGEXP": "regexp_like",
    "REGEXP": "regexp_like", "RLIKE": "regexp_like", "SOUNDS_LIKE": "soundex",
    "MEMBER_OF": "member@of", "DIV": "div", "BINARY": "collate", "ISNULL": "is null",
}  # fmt: skip
#: Parsed with a syntax of their own.
_GRAMMAR: Final = {
    "CAST", "CONVERT", "EXTRACT", "GROUP_CONCAT", "JSON_TABLE", "VALUES", "DEFAULT", "TRIM",
    "POSITION",
}  # fmt: skip


def is_there(name: str) -> bool:
    """Whether this server evaluates the function or operator."""
    known = _WRITTEN.get(name, name.lower())
    return (
        known in DEFINITIONS
        or known in FUNCTIONS
        or known in AGGREGATES
        or known in SYNTACTIC
        or name in _GRAMMAR
    )


def table() -> str:
    """The section of the document."""
    lines = ["| functions | work | refused |", "|---|---|---|"]
    for section, text in MANUAL.items():
        names = [name.rstrip(",") for name in dict.fromkeys(text.split()) if name != "(minus)"]
        there = [_shown(name) for name in names if is_there(name)]
        lacking = [_shown(name) for name in names if not is_there(name)]
        lines.append(f"| {section} | {' '.join(there)} | {' '.join(lacking)} |")
    total = [name for text in MANUAL.values() for name in text.split()]
    count = sum(map(is_there, total))
    lines += ["", f"{count} of {len(total)} names of the manual."]
    return "\n".join(lines)


def _shown(name: str) -> str:
    name = {"ISNOT": "IS NOT"}.get(name, name.replace("_", " ") if name in _SPACED else name)
    return "`" + name.replace("|", "\\|") + "`"


_SPACED: Final = ("MEMBER_OF", "NOT_BETWEEN", "NOT_IN", "NOT_LIKE", "NOT_REGEXP", "SOUNDS_LIKE")


def written() -> str:
    """The section as the document has it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return text.partition(BEGIN)[2].partition(END)[0].strip()


def write() -> None:
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write()
