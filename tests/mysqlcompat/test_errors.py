"""The table of errors, and what lower exceptions become."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

from btree import errors as btree_errors
from mysqlcompat.errors import TABLE, TRANSLATIONS, SqlError, not_supported, translate
from redo import errors as redo_errors
from replicas import errors as replicas_errors


def test_the_table_reads_as_mysqls() -> None:
    assert str(SqlError(1062, "1", "t.PRIMARY")) == (
        "ERROR 1062 (23000): Duplicate entry '1' for key 't.PRIMARY'"
    )
    assert SqlError(1045, "a", "localhost", "YES").message == (
        "Access denied for user 'a'@'localhost' (using password: YES)"
    )
    assert SqlError(1292, "DOUBLE", "x").message == "Truncated incorrect DOUBLE value: 'x'"
    assert SqlError(1292, "datetime", "x", "d", 1).message == (
        "Incorrect datetime value: 'x' for column 'd' at row 1"
    )
    assert not_supported("XA").sqlstate == "42000"
    assert all(re.fullmatch(r"[0-9A-Z]{5}", row.sqlstate) for row in TABLE.values())
    assert all(row.template.strip() == row.template != "" for row in TABLE.values())


@pytest.mark.parametrize("errno", sorted(TABLE))
def test_every_template_takes_its_arguments(errno: int) -> None:
    template = TABLE[errno].template
    count = template.replace("%%", "").count("%s")
    assert "%s" not in SqlError(errno, *("x",) * count).message
    with pytest.raises(TypeError):
        SqlError(errno, *("x",) * (count + 7))


def test_own_texts() -> None:
    error = SqlError.with_text(1644, "my message", "45000")
    assert (error.errno, error.sqlstate, error.message) == (1644, "45000", "my message")
    assert SqlError.with_text(65000, "x").sqlstate == "HY000"


def exceptions_of(module: ModuleType) -> list[type[Exception]]:
    return [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Exception)
    ]


@pytest.mark.parametrize(
    "kind",
    [kind for m in (btree_errors, redo_errors, replicas_errors) for kind in exceptions_of(m)],
)
def test_every_lower_exception_has_a_number(kind: type[Exception]) -> None:
    assert any(base in TRANSLATIONS for base in kind.__mro__)


def test_translation(caplog: pytest.LogCaptureFixture) -> None:
    assert translate(btree_errors.DuplicateKey("t.k", "7")).message == (
        "Duplicate entry '7' for key 't.k'"
    )
    assert translate(btree_errors.Deadlock()).errno == 1213
    assert translate(btree_errors.UnknownTable("shop.t")).message == "Table 'shop.t' doesn't exist"
    assert translate(redo_errors.LogUnavailable("two copies")).errno == 1030
    own = SqlError(1064, "a", "b", 1)
    assert translate(own) is own
    assert not caplog.records
    assert translate(ZeroDivisionError("x")).errno == 1105
    assert caplog.records[0].exc_info
