"""Values, types, lengths, decimals, flags, collations and warnings of expressions against what a
real MySQL said (`record_values`), through parse, resolve and the Python implementations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from btree.schema import Column, ColumnType, Index, IndexPart, Table, TypeKind
from mysqlcompat.assign import assign
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.aggregate import accumulator
from mysqlcompat.results import ColumnDef
from mysqlcompat.sql.evaluate import Evaluator
from mysqlcompat.sql.metadata import result_columns
from mysqlcompat.sql.parse import parse_statement
from mysqlcompat.sql.resolve import PlainContext, resolve, resolve_expression
from mysqlcompat.sql.typed import Aggregate, Expression, Literal, Select, transform
from mysqlcompat.sqltypes import bytes_per_character, column_type
from mysqlcompat.values import text_of
from mysqlcompat.wire.charsets import COLLATIONS
from tests.mysqlcompat.value_tables import COLUMNS

GOLDEN: Final = Path(__file__).parents[1] / "golden" / "values"
FAMILIES: Final = sorted(path.stem for path in GOLDEN.glob("*.json") if path.stem != "statements")
SILENT: Final = (1287, 3720, 4095)
#: Where this server gives another answer on purpose, or does not know better yet, and why.
DIFFERENT: Final[dict[str, str]] = {
    ".5": "sqlglot's tokens write it as 0.5, and MySQL measures what was written",
    **dict.fromkeys(
        (
            "null div 0",
            "null div 1",
            "null div -3",
            "null div null",
            "null div true",
            "null div date'2024-02-29'",
        ),
        "length of a quotient that is always NULL",
    ),
    "null div 'x'": "MySQL does not look at the right side once the left is NULL",
    **dict.fromkeys(
        (
            "18446744073709551615 % 2.50",
            "18446744073709551615 % -0.125",
            "18446744073709551615 % 1e0",
            "18446744073709551615 % '7'",
            "18446744073709551615 % 'x'",
            "18446744073709551615 % null",
            "18446744073709551615 % timestamp'2024-02-29 13:14:15.5'",
        ),
        "MySQL calls a DECIMAL or DOUBLE remainder unsigned",
    ),
    **dict.fromkeys(("tx + 1", "tx = 1", "-tx", "not tx"), "MySQL does not warn about TEXT"),
    **dict.fromkeys(
        ("concat(tx,'')", "ifnull(tx,0)", "if(1,tx,tx)"),
        "MySQL multiplies the bytes of a TEXT by four again",
    ),
    **dict.fromkeys(
        ("dt = 1", "dt6 = 1", "da = 1", "ts = 1"),
        "MySQL warns when it tries the constant as a column value",
    ),
    **dict.fromkeys(("ifnull(u,0)", "ifnull(y,0)"), "MySQL leaves no room for the sign"),
    "not j": "warning 3986 about JSON as a condition",
}

_TEXT: Final = {"charset": "utf8mb4", "collation": "utf8mb4_0900_ai_ci"}
_TYPES: Final = {
    "VARCHAR(32)": ColumnType(TypeKind.VARCHAR, 32, **_TEXT),
    "VARCHAR(10)": ColumnType(TypeKind.VARCHAR, 10, **_TEXT),
    "CHAR(8)": ColumnType(TypeKind.CHAR, 8, **_TEXT),
    "TEXT": ColumnType(TypeKind.TEXT, 65535, **_TEXT),
    "VARBINARY(8)": ColumnType(TypeKind.VARBINARY, 8),
    "DECIMAL(12,2)": ColumnType(TypeKind.DECIMAL, precision=12, scale=2),
    "DECIMAL(20,6)": ColumnType(TypeKind.DECIMAL, precision=20, scale=6),
    "DATETIME(6)": ColumnType(TypeKind.DATETIME, scale=6),
    "INT UNSIGNED": ColumnType(TypeKind.INT, unsigned=True),
    "BIGINT UNSIGNED": ColumnType(TypeKind.BIGINT, unsigned=True),
}


def _column(name: str, declared: str) -> Column:
    kind = declared.split(" NOT NULL")[0].split(" NULL")[0]
    column_kind = _TYPES.get(kind) or ColumnType(TypeKind[kind])
    return Column(
        name,
        column_kind,
        nullable="NOT NULL" not in declared,
        auto_increment="AUTO_INCREMENT" in declared,
    )


def _table() -> Table:
    columns = tuple(_column(name, declared) for name, declared, _ in COLUMNS)
    primary = Index("PRIMARY", (IndexPart("id"),), unique=True, primary=True)
    return Table("v", "values_golden", columns, (primary,))


TABLE: Final = _table()


class OneTable:
    """A catalog of one table."""

    current_database: str | None = "values_golden"

    def table(self, database: str, name: str) -> Any:
        if name != "v":
            raise SqlError(1146, database, name)
        return TABLE


def context() -> PlainContext:
    made = PlainContext(database="values_golden")
    made.variables["version"] = "8.4.6"
    return made


def row_values() -> list[Any]:
    """The row as INSERT stores it."""
    made = context()
    values = []
    for column, (_, _, literal) in zip(TABLE.columns, COLUMNS, strict=True):
        expression = resolve_expression(literal)
        value = Evaluator(made).value(expression)
        values.append(assign(made, value, expression.type, column_type(column), column.name))
    return values


ROW: Final = row_values()


def outcome_of(expression: str, from_table: bool) -> list[Any]:
    """What this server says of an expression, in the form of the recording."""
    asked = context()
    try:
        parsed = parse_statement(f"SELECT {expression}" + (" FROM v" if from_table else ""))
        select = resolve(parsed, OneTable(), asked)
        assert isinstance(select, Select)
        evaluator = Evaluator(asked, row=lambda _, number: ROW[number], sources=select.tables)
        value = evaluator.value(_over_one_row(select.items[0].expression, evaluator))
    except SqlError as error:
        return [error.errno, error.message]
    column = result_columns(select)[0]
    shown = None
    if isinstance(value, bytes):
        shown = value.decode("utf-8", "backslashreplace")
    elif value is not None:
        shown = text_of(value, select.items[0].expression.type)
    warnings = [[errno, text] for _, errno, text in asked.warnings if errno not in SILENT]
    return [
        shown,
        column.wire_type,
        _length_for_client(column),
        column.decimals,
        column.flags,
        63 if column.collation == 63 else 255,
        warnings,
    ]


def _over_one_row(expression: Expression, evaluator: Evaluator) -> Expression:
    """Aggregates replaced by their value over the one row."""

    def total(node: Expression) -> Expression:
        if not isinstance(node, Aggregate):
            return node
        group = accumulator(node)
        group.add([evaluator.value(arg) for arg in node.args])
        return Literal(node.type, group.result())

    return transform(expression, total)


def _length_for_client(column: ColumnDef) -> int:
    """Text lengths as a utf8mb4 client is told them."""
    if column.collation == 63 or column.length > 1 << 28 or column.wire_type == 245:
        return column.length
    width = bytes_per_character(COLLATIONS[column.collation].name)
    return column.length * 4 // width


@pytest.mark.parametrize("family", FAMILIES)
def test_expressions_are_as_recorded(family: str) -> None:
    recorded = json.loads((GOLDEN / f"{family}.json").read_text(encoding="utf-8"))
    assert recorded
    wrong = []
    for expression, expected in recorded:
        got = outcome_of(expression, family in ("columns", "aggregate"))
        if (got != expected) != (expression in DIFFERENT):
            wrong.append(f"{expression}\n  expected {expected}\n  got      {got}")
    assert not wrong, f"{len(wrong)} of {len(recorded)} differ:\n" + "\n".join(wrong)
