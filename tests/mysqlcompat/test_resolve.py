"""Names, grouping rules, result columns and syntax errors against what a real MySQL said."""

from __future__ import annotations

import json
from typing import Any, Final

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.metadata import result_columns
from mysqlcompat.sql.parse import parse_statement
from mysqlcompat.sql.resolve import resolve
from mysqlcompat.sql.typed import (
    NEW_ROW,
    Call,
    Cast,
    ColumnRef,
    DefaultValue,
    Insert,
    Literal,
    Param,
    Select,
    Update,
    walk,
)
from mysqlcompat.sqltypes import Class
from tests.mysqlcompat.corpus.ours import Tables, client_length, context_of, table_of
from tests.mysqlcompat.corpus.sections import GOLDEN, Section
from tests.mysqlcompat.corpus.tables import CREATE_V, CREATE_W

#: What this version refuses with ERROR 1235.
REFUSED: Final = frozenset(("select * from w natural join (select 1) x",))


class TwoTables(Tables):
    def table(self, database: str, name: str) -> Any:
        if database != "values_golden":
            raise SqlError(1049, database)
        return super().table(database, name)


TABLES: Final = TwoTables(v=table_of(CREATE_V), w=table_of(CREATE_W))


def resolved(sql: str) -> Any:
    return resolve(parse_statement(sql), TABLES, context_of(Section(())))


def outcome_of(sql: str) -> list[Any]:
    try:
        statement = resolved(sql)
    except SqlError as error:
        return [error.errno, error.message]
    if not isinstance(statement, Select):
        return []
    made = []
    for column in result_columns(statement):
        length = client_length(column)
        made.append(
            [
                *(column.name, column.org_name, column.table, column.org_table, column.schema),
                *(column.wire_type, length, column.decimals, column.flags),
            ]
        )
    return made


def test_statements_are_resolved_as_recorded() -> None:
    recorded = json.loads((GOLDEN / "statements.json").read_text(encoding="utf-8"))
    assert recorded
    wrong = []
    for statement, expected in recorded:
        got = outcome_of(statement)
        if statement in REFUSED:
            assert got[0] == 1235, statement
        elif got != expected:
            wrong.append(f"{statement}\n  expected {expected}\n  got      {got}")
    assert not wrong, f"{len(wrong)} of {len(recorded)} differ:\n" + "\n".join(wrong)


def test_literals_keep_their_number_where_the_plan_does_not_depend_on_them() -> None:
    statement = resolved("select i, 5 from v where id = 10 and s = 'x' limit 3")
    where = [node for node in walk(statement.where) if isinstance(node, Literal)]
    assert [(node.value, node.literal_no) for node in where] == [(10, 1), ("x", 2)]
    assert statement.limit == Literal(statement.limit.type, 3, 3, 51, 52)
    assert statement.items[1].expression.literal_no is None


def test_an_integer_column_is_compared_with_a_string_of_digits_as_a_number() -> None:
    where = resolved("select 1 from v where id = '10'").where
    assert where.args[1].value == 10
    assert where.args[1].literal_no is None  # another string would be another plan


def test_a_decimal_column_keeps_its_scale_when_compared() -> None:
    where = resolved("select 1 from v where d > 100").where
    assert isinstance(where.args[0], ColumnRef)
    assert where.args[1].type.scale == 2


def test_parameters_take_the_type_of_what_they_meet() -> None:
    where = resolved("select 1 from v where id = ? and dt > ? and s = ? limit ?, ?").where
    kinds = {node.param_no: node.type.cls for node in walk(where) if isinstance(node, Param)}
    assert kinds == {0: Class.INT, 1: Class.DATETIME, 2: Class.STRING}


def test_parameters_of_limit_are_counted_in_the_order_of_the_text() -> None:
    statement = resolved("select 1 from v limit ?, ?")
    assert (statement.offset.param_no, statement.limit.param_no) == (0, 1)


def test_insert_values_are_cast_to_their_columns() -> None:
    statement = resolved("insert into w (id, amount, name) values (1, '2.5', default)")
    assert isinstance(statement, Insert)
    number, amount, name = statement.rows[0]
    assert isinstance(number, Cast) and number.into == "id"
    assert isinstance(amount, Cast) and amount.type.scale == 2
    assert isinstance(name, DefaultValue) and name.column_no == 2


def test_on_duplicate_key_update_sees_both_rows() -> None:
    insert = "insert into w (id, amount) values (1, 2)"
    for tail in (
        "on duplicate key update amount = amount + values(amount)",
        "as new on duplicate key update amount = w.amount + new.amount",
        "as new(x, y) on duplicate key update amount = w.amount + y",
    ):
        ((column, value),) = resolved(f"{insert} {tail}").on_duplicate
        refs = [node.table_no for node in walk(value) if isinstance(node, ColumnRef)]
        assert column == 3 and refs == [0, NEW_ROW]


def test_update_with_order_and_limit() -> None:
    statement = resolved("update w set amount = amount * 2 where id > 3 order by id desc limit 5")
    assert isinstance(statement, Update)
    assert statement.order_by[0].descending and statement.limit.value == 5


def test_replace_and_ignore_are_kept() -> None:
    assert resolved("replace into w (id) values (1)").replace
    assert resolved("insert low_priority ignore into w (id) values (1)").ignore
    assert resolved("update ignore w set id = 1").ignore


def test_version_comments_are_text_and_newer_ones_are_not() -> None:
    assert len(resolved("select 1 /*!80000 , 2 */").items) == 2
    assert len(resolved("select 1 /*!99999 , 2 */").items) == 1


def test_arrows_inside_calls_are_json() -> None:
    item = resolved("select upper(j->>'$.city') from v").items[0].expression
    assert isinstance(item, Call)
    assert [n.function.name for n in walk(item) if isinstance(n, Call)] == [
        "upper", "json_unquote", "json_extract",
    ]  # fmt: skip
