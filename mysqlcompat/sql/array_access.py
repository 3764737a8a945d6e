"""MEMBER OF, JSON_CONTAINS and JSON_OVERLAPS of a document whose elements an index holds.

Asked with constants of the elements' class, they become conditions on the stored elements: "has
any" or "has all" of some values, which an index finds by one of them. That is what MySQL compares
then, too: the elements as the index has them. The text of a document that may be another in the
next run gives its elements when the run begins; it has as many then, of the same kinds
(`key_parts.shape_of`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from btree.schema import Column, Table
from mysqlcompat import jsonb
from mysqlcompat.errors import SqlError
from mysqlcompat.functions import FUNCTIONS
from mysqlcompat.functions.key_parts import ELEMENT, ITSELF, element_of, elements_of
from mysqlcompat.jsonb import Json
from mysqlcompat.sql.table_expressions import array_document
from mysqlcompat.sql.typed import (
    EXPLICIT,
    IMPLICIT,
    Call,
    Cast,
    ColumnRef,
    Expression,
    Literal,
    Param,
    anonymous,
    transform,
)
from mysqlcompat.sqltypes import (
    Class,
    SqlType,
    bool_type,
    column_type,
    int_type,
    of_column_type,
)

Array = tuple[int, int, Column]  #: table number, column number, the hidden column
ANY: Final = "array has any"
ALL: Final = "array has all"
_EXACT: Final = (Class.INT, Class.STRING, Class.DATE, Class.DATETIME, Class.TIME)


def over_elements(
    table: Table, arrays: Sequence[Array], condition: Expression
) -> Expression | None:
    """The condition on stored elements that `condition` is; None: it is none."""
    if not arrays or not isinstance(condition, Call):
        return None
    for document, asked, name in _questions(condition):
        for table_no, column_no, column in arrays:
            if _comparable(document) != _comparable(_document_of(table, table_no, column)):
                continue
            assert column.array is not None
            element = of_column_type(column.array, False)
            values = _values(asked, element, condition.function.name == "member@of")
            if values:
                held = ColumnRef(column_type(column), table_no, column_no, column.name)
                args = (held, Literal(element, 0), *values)
                return Call(bool_type(True), FUNCTIONS[name], args)
    return None


def _questions(condition: Call) -> list[tuple[Expression, Expression, str]]:
    """(document, what is asked for, ANY or ALL), each way it may be read."""
    args = condition.args
    match condition.function.name:
        case "member@of":
            return [(args[1], args[0], ALL)]
        case "json_contains" if len(args) == 2:
            return [(args[0], args[1], ALL)]
        case "json_overlaps":
            return [(args[0], args[1], ANY), (args[1], args[0], ANY)]
    return []


def _document_of(table: Table, table_no: int, column: Column) -> Expression:
    assert column.generated is not None

    def move(node: Expression) -> Expression:
        return replace(node, table_no=table_no) if isinstance(node, ColumnRef) else node

    return transform(array_document(table, column.generated), move)


def _comparable(expression: Expression) -> Expression:
    def forget(node: Expression) -> Expression:
        return replace(node, name="") if isinstance(node, ColumnRef) else node

    return transform(anonymous(_bare(expression)), forget)


def _bare(expression: Expression) -> Expression:
    while isinstance(expression, Cast) and expression.mode == IMPLICIT:
        expression = expression.arg
    return expression


def _values(asked: Expression, element: SqlType, is_value: bool) -> list[Expression]:
    """The constants asked for, of the elements' type; none when the index cannot tell.

    is_value  `asked` is a SQL value; otherwise it is a document, or the text of one
    """
    asked = _bare(asked)
    if is_value and asked.type.cls is not Class.JSON:
        if not isinstance(asked, Literal | Param):
            return []
        made = _of_class(asked, element)
        return [made] if made is not None else []
    try:
        inner, document = _constant_document(asked, is_value)
    except (SqlError, jsonb.InvalidJson):
        return []
    if document is None or (is_value and isinstance(document.value, list | dict)):
        return []
    values = [element_of(item, element) for item in elements_of(document)]
    if None in values:
        return []
    is_other = isinstance(inner, Literal) and inner.literal_no is not None and not is_value
    if is_other or isinstance(inner, Param):
        return [
            Call(
                element,
                FUNCTIONS[ELEMENT],
                (inner, Literal(int_type(), ITSELF if is_value else number)),
            )
            for number in range(len(values))
        ]
    return [Literal(element, value) for value in values]


def _of_class(value: Literal | Param, element: SqlType) -> Expression | None:
    given = value.type
    if isinstance(value, Literal) and value.value is None:
        return None
    if given.cls is element.cls and given.cls in _EXACT:
        return value
    fits = given.cls is Class.INT or (given.cls is Class.DECIMAL and given.scale <= element.scale)
    return Cast(element, value, IMPLICIT) if element.cls is Class.DECIMAL and fits else None


def _constant_document(asked: Expression, is_value: bool) -> tuple[Expression, Json | None]:
    """A constant document, and what says it: a text of JSON, or CAST(text AS JSON), or `?`."""
    inner = asked
    if isinstance(inner, Param) and inner.given is not None:
        return inner, Json(inner.given if is_value else jsonb.parse(str(inner.given)))
    if isinstance(inner, Cast) and inner.mode == EXPLICIT and inner.type.cls is Class.JSON:
        inner = inner.arg
    if not isinstance(inner, Literal) or inner.value is None:
        return inner, None
    if isinstance(inner.value, str):
        return inner, Json(jsonb.parse(inner.value))
    if asked is not inner and isinstance(inner.value, int):
        return replace(inner, literal_no=None), Json(inner.value)
    return inner, None
