"""Every function of the manual with 0 to 7 arguments, and with each of its arguments NULL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mysqlcompat.functions import DEFINITIONS
from mysqlcompat.functions.aggregate import AGGREGATES
from tests.mysqlcompat.corpus.sections import Section, section
from tests.mysqlcompat.function_list import MANUAL

#: What gives another answer every time, or on every server.
_VARYING: Final = {
    "RAND", "UUID", "UUID_SHORT", "SLEEP", "BENCHMARK", "RANDOM_BYTES", "CONNECTION_ID", "VERSION",
    "USER", "SESSION_USER", "SYSTEM_USER", "CURRENT_USER", "ICU_VERSION", "PS_CURRENT_THREAD_ID",
    "PS_THREAD_ID", "LOAD_FILE", "SYSDATE", "STATEMENT_DIGEST", "ROLES_GRAPHML", "LAST_INSERT_ID",
    "FOUND_ROWS", "ROW_COUNT", "GET_LOCK", "IS_FREE_LOCK", "IS_USED_LOCK", "RELEASE_LOCK",
    "RELEASE_ALL_LOCKS",
}  # fmt: skip
_REMOVED: Final = frozenset(("MD5", "SHA", "SHA1"))  #: from MySQL 9, which records this
_MOST: Final = 7


def _names() -> list[str]:
    """Functions called by name, one of those that are others' names only where it has its own."""
    every = {name for text in MANUAL.values() for name in text.split()}
    known = {name for name in every if name.lower() in DEFINITIONS}
    return sorted(known - _VARYING - _REMOVED - {name.upper() for name in AGGREGATES})


def _counts() -> Iterator[str]:
    for name in _names():
        for count in range(_MOST + 1):
            yield f"{name.lower()}({', '.join(['1'] * count)})"


def _nulls() -> Iterator[str]:
    for name in _names():
        definition = DEFINITIONS[name.lower()]
        for count in range(max(definition.low, 1), min(definition.high, 4) + 1):
            for place in range(count):
                arguments = ["'2'"] * count
                arguments[place] = "null"
                yield f"{name.lower()}({', '.join(arguments)})"


_LENGTHS: Final = "as long as the number's type may be, not as long as this number is"
DIFFERENT: Final = {
    "compress(1)": _LENGTHS,
    "insert(1, 1, 1, 1)": _LENGTHS,
    "extractvalue(1, 1)": "length of a string that numbers became",
    "updatexml(1, 1, 1)": "length of a string that numbers became",
    **dict.fromkeys(
        (f"weight_string({', '.join(['1'] * count)})" for count in range(2, _MOST + 1)),
        "a form of MySQL's own, which it does not document",
    ),
    **dict.fromkeys(
        ("convert_tz(1, 1, 1)", "convert_tz('2', null, '2')", "convert_tz('2', '2', null)"),
        "MySQL looks at the zones first and says nothing of the moment",
    ),
    **dict.fromkeys(
        (f"regexp_replace({', '.join(['1'] * count)})" for count in range(3, 6)),
        "MySQL says NOT NULL of what may be NULL",
    ),
}

SECTIONS: Final[tuple[Section, ...]] = (section(_counts()), section(_nulls()))
