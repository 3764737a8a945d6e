"""docs/compatibility.md says of every function of the manual whether it is there."""

from __future__ import annotations

import pytest

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.resolve import resolve_expression
from tests.mysqlcompat.function_list import MANUAL, is_there, table, written

NAMES = sorted({name for text in MANUAL.values() for name in text.split() if name.isidentifier()})
#: No calls by name.
ALWAYS_SPECIAL = {
    "BINARY", "CASE", "EXISTS", "IS", "ISNOT", "JSON_TABLE", "MEMBER_OF", "NOT_BETWEEN", "NOT_IN",
    "NOT_LIKE", "NOT_REGEXP", "SOUNDS_LIKE", "DEFAULT", "GROUPING", "JSON_VALUE",
}  # fmt: skip


def test_the_document_is_as_generated() -> None:
    assert written() == table(), "run python -m tests.mysqlcompat.function_list"


LACKING = [one for one in NAMES if not is_there(one) and one not in ALWAYS_SPECIAL]


@pytest.mark.parametrize("name", LACKING)
def test_what_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(SqlError) as refused:
        resolve_expression(f"{name}()")
    assert refused.value.errno in (1064, 1235, 1305, 1582, 1111)
