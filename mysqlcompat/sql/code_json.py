"""Values within documents: what an op does with a constant path; everything else is a callback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from btree.layout import RUN_SHIFT
from btree.schema import TypeKind
from mysqlcompat import json_path
from mysqlcompat.functions import FUNCTIONS
from mysqlcompat.functions.json_value import NULL
from mysqlcompat.machine import function_codes as codes
from mysqlcompat.machine import layout
from mysqlcompat.machine.ops import json_ops_kernels, logic_kernels
from mysqlcompat.machine.program import Register
from mysqlcompat.sql import code_json_making as making
from mysqlcompat.sql import code_texts, typed
from mysqlcompat.sql.code_json_making import path_words, plain_path
from mysqlcompat.sql.describe import origin
from mysqlcompat.sql.lane_forms import ANYTHING, assignable
from mysqlcompat.sql.measures import DOCUMENT_CHARACTERS
from mysqlcompat.sql.typed import Call, Cast, ColumnRef, Expression, Literal
from mysqlcompat.sqltypes import Class, SqlType, json_type, string_type
from mysqlcompat.values import is_variable

if TYPE_CHECKING:
    from mysqlcompat.sql.code_expressions import Coder

_NOT_LIMITED: Final = 1 << 20  #: characters: texts of types that are longer are not counted
_NAMES: Final = (
    "OBJECT", "OBJECT", "ARRAY", "ARRAY", "NULL", "INTEGER", "UNSIGNED INTEGER", "INTEGER",
    "UNSIGNED INTEGER", "INTEGER", "UNSIGNED INTEGER", "DOUBLE", "STRING", "", "", "", "BOOLEAN",
)  # fmt: skip
_MIRRORED: Final = {
    layout.LT: layout.GT, layout.LE: layout.GE, layout.GT: layout.LT, layout.GE: layout.LE,
}  # fmt: skip
_HELD: Final = {"json_contains": 0, "json_overlaps": 1, "member@of": 2}
Wanted = tuple[int, int, int, int]  #: kind, x, y, flags of op_json


def _is_document(expression: Expression) -> bool:
    return expression.type.cls is Class.JSON


def _is_one(expression: Expression) -> bool:
    """Whether a function's document is one, or a text of which one is made."""
    is_text = making.is_text(expression.type) and not typed.is_constant(expression)
    return is_text or _is_document(expression)


def _reached(coder: Coder, document: Expression) -> tuple[Expression, json_path.Path]:
    """The document in which a value is looked for, and its place there."""
    if coder.is_known(document):
        return document, ()
    match document:
        case Call(function=function, args=(inner, path)) if function.name == "json_extract":
            legs = plain_path(path)
            if legs is not None and _is_document(inner):
                return inner, legs
    return document, ()


def emit(
    coder: Coder,
    node: Expression,
    document: Expression,
    wanted: Wanted,
    legs: json_path.Path = (),
    other: Register | None = None,
) -> Register:
    """op_json of what `legs` lead to in `document`; `node` is evaluated where it gives up."""
    root, before = _reached(coder, document)
    kind, x, y, flags = wanted
    documents = making.document(coder, root)
    assert documents is not None
    return coder.emit_checked(
        json_ops_kernels.op_json,
        node,
        documents,
        path_words(coder.asm, before + legs),
        kind | flags << 8,
        x if other is None else other,
        y,
        partial=True,
    )


def taken(call: Call, by_ops: bool) -> tuple[Expression, ...]:
    """The arguments of a call as Python gets them: some functions take texts of documents that ops
    have."""
    if not by_ops or not call.function.as_texts:
        return call.args
    return tuple(_text(arg) if isinstance(arg, ColumnRef) else arg for arg in call.args)


def _text(column: ColumnRef) -> Expression:
    if not _is_document(column):
        return column
    made = string_type(DOCUMENT_CHARACTERS, "utf8mb4_bin", column.type.nullable)
    return Call(made, FUNCTIONS["document text"], (column,))


def is_shown(node: Expression) -> bool:
    """Whether ops make a text of a column, which there always is, before Python gets it: of a
    computed value, which may not be looked at, something might be said."""
    if typed.is_constant(node) or typed.has_effects(node):
        return False
    if isinstance(node, Call) and node.function.name == "document text":
        return isinstance(node.args[0], ColumnRef)
    return isinstance(node, Cast) and isinstance(node.arg, ColumnRef) and code_texts.is_shown(node)


def _whole_text(coder: Coder, call: Call) -> Register | None:
    (document,) = call.args
    if not isinstance(document, ColumnRef):
        return None
    python = Cast(call.type, document, typed.IMPLICIT)
    return emit(coder, python, document, (codes.JSON_TEXT, 0, -1, codes.JSON_QUOTED))


# Functions --------------------------------------------------------------------------------------


def _extract(coder: Coder, call: Call) -> Register | None:
    legs = plain_path(call.args[1])
    if len(call.args) != 2 or legs is None:
        return making.found(coder, call)
    if not _is_one(call.args[0]):
        return None
    return emit(coder, call, call.args[0], (codes.JSON_VALUE, 0, 0, 0), legs)


def _unquote(coder: Coder, call: Call) -> Register | None:
    (document,) = call.args
    if not _is_document(document):
        return making.CODED["json_unquote"](coder, call)
    return emit(coder, call, document, (codes.JSON_TEXT, 0, -1, 0))


def _type(coder: Coder, call: Call) -> Register | None:
    (document,) = call.args
    if not _is_one(document):
        return None
    names = [name.encode() for name in _NAMES]
    lanes = [coder.asm.block(name or b"\0") << RUN_SHIFT | len(name) for name in names]
    table = coder.asm.block(b"".join(lane.to_bytes(8, "little") for lane in lanes))
    return emit(coder, call, document, (codes.JSON_TYPE, table, 0, 0))


def _length(coder: Coder, call: Call) -> Register | None:
    return _at(coder, call, call.args[0], call.args[1:], (codes.JSON_LENGTH, 0, 0, 0))


def _at(
    coder: Coder,
    call: Call,
    document: Expression,
    path: Sequence[Expression],
    wanted: Wanted,
    other: Register | None = None,
) -> Register | None:
    """What is asked at an optional path."""
    legs = plain_path(path[0]) if path else ()
    if legs is None or not _is_one(document):
        return None
    return emit(coder, call, document, wanted, legs, other)


def _contains_path(coder: Coder, call: Call) -> Register | None:
    document, mode, *paths = call.args
    every = [plain_path(path) for path in paths]
    if not _is_one(document) or None in every or not isinstance(mode, Literal):
        return None
    operator = {"one": layout.OR, "all": layout.AND}.get(str(mode.value).lower())
    if operator is None or mode.literal_no is not None:
        return None
    if _reached(coder, document)[1]:  # if nothing is there, nothing is known of what it contains
        return None
    made: Register | None = None
    for legs in every:
        one = emit(coder, call, document, (codes.JSON_EXISTS, 0, 0, 0), legs or ())
        if made is not None:
            to = coder.asm.register()
            coder.asm.emit(logic_kernels.op_logic, to, made, one, operator)
            one = to
        made = one
    return made


def _holds(coder: Coder, call: Call) -> Register | None:
    """JSON_CONTAINS, JSON_OVERLAPS, MEMBER OF."""
    name = call.function.name
    document, asked = call.args[:2][::-1] if name == "member@of" else call.args[:2]
    if not _is_one(document) or not (typed.is_constant(asked) or _is_document(asked)):
        return None
    if typed.is_constant(document):
        return None
    if not (_is_document(document) or _is_something(asked)):  # a text is checked before a NULL
        return None
    wanted = (codes.JSON_HOLDS, 0, _HELD[name], 0)
    return _at(coder, call, document, call.args[2:], wanted, _operand(coder, asked))


def _is_something(asked: Expression) -> bool:
    """Whether it is a value that was written, or is in a row."""
    given = origin(asked)
    return isinstance(given, Literal) and given.value is not None


def _operand(coder: Coder, value: Expression) -> Register:
    """The register of a document that others are held against."""
    if typed.is_constant(value):
        value = Call(json_type(), FUNCTIONS["json operand"], (value,))
    return coder.value(value)


def comparison(coder: Coder, operator: int, left: Expression, right: Expression) -> Register | None:
    if operator == layout.NULL_SAFE_EQ:
        return None
    if typed.is_constant(left):
        left, right, operator = right, left, _MIRRORED.get(operator, operator)
    if typed.is_constant(left):
        return None
    other = _operand(coder, right)
    name = {layout.EQ: "=", layout.NE: "<>", layout.LT: "<", layout.LE: "<="}.get(operator)
    name = name or (">" if operator == layout.GT else ">=")
    node = Call(_TRUTH, FUNCTIONS[name], (left, right))
    return emit(coder, node, left, (codes.JSON_COMPARE, 0, operator, 0), (), other)


_TRUTH: Final = SqlType(TypeKind.BIGINT, 1)


def _value(coder: Coder, call: Call) -> Register | None:
    """JSON_VALUE."""
    document, path, *_ = call.args
    legs = plain_path(path)
    wanted = wanted_as(call.type)
    if legs is None or wanted is None or not _is_one(document):
        return None
    kind, x, y, flags = wanted
    on_empty = call.args[2]
    if not isinstance(on_empty, Literal) or on_empty.value != NULL:
        flags |= codes.JSON_MISSING_FAILS
    return emit(coder, call, document, (kind, x, y, flags), legs)


def wanted_as(target: SqlType) -> Wanted | None:
    """How a value becomes one of a type, if that loses nothing; JSON's null is NULL."""
    flags = codes.JSON_NULL_IS_NULL
    if target.cls is Class.JSON:
        return codes.JSON_VALUE, 0, 0, flags
    if target.cls is Class.STRING:
        return _as_text(target, flags) if target.kind is not TypeKind.CHAR else None
    return _as_number(target, flags)


def _as_text(target: SqlType, flags: int) -> Wanted | None:
    if not (is_variable(target) and target.is_text and target.charset == "utf8mb4"):
        return None
    most = max(min(target.length, _NOT_LIMITED), 0)
    return codes.JSON_TEXT, 0, most, flags


def _as_number(target: SqlType, flags: int) -> Wanted | None:
    match target.cls:
        case Class.DOUBLE if target.kind is TypeKind.DOUBLE and not target.unsigned:
            return codes.JSON_TO_DOUBLE, 0, 0, flags
        case Class.INT if target.kind not in (TypeKind.YEAR, TypeKind.BIT):
            low, high = target.range
            kind = codes.JSON_TO_UNSIGNED if high > ANYTHING[1] else codes.JSON_TO_SIGNED
            return kind, low, min(high, ANYTHING[1]), flags
        case Class.DECIMAL if not target.is_wide_decimal and not target.unsigned:
            return codes.JSON_TO_DECIMAL, 10**target.scale, 10**target.precision - 1, flags
    return None


# Casts ------------------------------------------------------------------------------------------


def cast(coder: Coder, node: Expression, one: Cast) -> Register | None:
    """A document, or the text of one, as a number or text; `node` is what Python evaluates."""
    arg, target = one.arg, one.type
    flags = 0
    if target.cls is Class.JSON and not _is_document(arg) and node is one:
        return making.of_value(coder, one)
    if isinstance(arg, Call) and arg.function.name == "json_unquote":
        (arg,) = arg.args
        flags = codes.JSON_AS_TEXT
    if not _is_document(arg) or typed.is_constant(arg):
        return None
    wanted: Wanted | None
    if target.cls is Class.STRING:
        wanted = _as_text(target, 0 if flags else codes.JSON_QUOTED)
        if wanted is not None and wanted[2] == _NOT_LIMITED:
            wanted = (codes.JSON_TEXT, 0, -1, wanted[3])
    elif one.mode == typed.COMPARE:
        return None
    else:
        wanted = _as_number(target, flags)
    return None if wanted is None else emit(coder, node, arg, wanted)


def key_part(coder: Coder, assigned: Cast) -> Register | None:
    """A functional key part that is a cast of a document: Python says what it complains of."""
    inner = assigned.arg
    if isinstance(inner, Call) and inner.function.name == "collate":
        (inner,) = inner.args
    if not isinstance(inner, Cast) or assignable(assigned.arg.type, assigned.type) != ANYTHING:
        return None
    return cast(coder, assigned, inner)


#: Function -> its instructions, or None when Python has to.
CODED: Final[dict[str, Callable[[Coder, Call], Register | None]]] = {
    **making.CODED,
    "document text": _whole_text,
    "json_extract": _extract,
    "json_unquote": _unquote,
    "json_type": _type,
    "json_length": _length,
    "json_contains_path": _contains_path,
    "json_contains": _holds,
    "json_overlaps": _holds,
    "member@of": _holds,
    "json_value": _value,
}
