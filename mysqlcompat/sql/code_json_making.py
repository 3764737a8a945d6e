"""Documents made, changed and merged: `op_json_make`. What it does not know is a callback."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from btree.schema import TypeKind
from mysqlcompat import json_build_kernels as build
from mysqlcompat import json_path, json_stored
from mysqlcompat import json_walk_kernels as walk
from mysqlcompat.convert import is_boolean, opaque_code
from mysqlcompat.errors import SqlError
from mysqlcompat.functions import FUNCTIONS
from mysqlcompat.json_kernels import (
    LEG_ALL,
    LEG_ANYWHERE,
    LEG_CELL,
    LEG_CELL_FROM_END,
    LEG_CELLS,
    LEG_MEMBER,
    LEG_MEMBERS,
)
from mysqlcompat.machine import function_codes as codes
from mysqlcompat.machine.ops import json_make_kernels, text_kernels
from mysqlcompat.machine.program import Assembler, Constant, Register
from mysqlcompat.sql import typed
from mysqlcompat.sql.typed import EXPLICIT, Call, Cast, Expression, Literal
from mysqlcompat.sqltypes import Class, SqlType, json_type
from mysqlcompat.values import is_variable

if TYPE_CHECKING:
    from mysqlcompat.sql.code_expressions import Coder

Maker = tuple[int, int | Constant, int]  #: kind, x, y of op_json_make
_MOMENTS: Final = {Class.DATE: 10, Class.TIME: 11, Class.DATETIME: 12}
_ASCII: Final = 128


def path_words(asm: Assembler, legs: json_path.Path) -> Constant:
    """A path as kernels read it."""
    words: list[int] = [len(legs)]
    for leg in legs:
        if isinstance(leg, json_path.Member) and leg.name is None:
            words += [LEG_MEMBERS, 0, 0]
        elif isinstance(leg, json_path.Member):
            name = str(leg.name).encode("utf-8", "surrogatepass")
            words += [LEG_MEMBER, asm.block(name or b"\0"), len(name)]
        elif leg is json_path.ALL:
            words += [LEG_ALL, 0, 0]
        elif isinstance(leg, json_path.Cells):
            words += [LEG_CELLS, *(2 * one.index + one.from_end for one in (leg.low, leg.high))]
        elif isinstance(leg, json_path.Anywhere):
            words += [LEG_ANYWHERE, 0, 0]
        elif isinstance(leg, json_path.Cell):
            kind = LEG_CELL_FROM_END if leg.from_end else LEG_CELL
            words += [kind, leg.index, 0]
    return asm.words(words)


def plain_path(path: Expression) -> json_path.Path | None:
    """A constant path that leads to one value at most."""
    if not isinstance(path, Literal) or path.literal_no is not None:
        return None
    return json_stored.plain_path(path.value)


def wild_path(path: Expression) -> json_path.Path | None:
    """A constant path that may lead to several values."""
    if not isinstance(path, Literal) or path.literal_no is not None or plain_path(path) is not None:
        return None
    try:
        return json_path.parse_path(path.value) if isinstance(path.value, str) else None
    except SqlError:
        return None


def is_text(sql_type: SqlType) -> bool:
    return sql_type.cls is Class.STRING and sql_type.is_text and is_variable(sql_type)


def document(coder: Coder, expression: Expression) -> Register | None:
    """The register of an argument that is a document or the text of one; lanes without any bytes
    are no documents, which Python says then. None: it is something else."""
    if expression.type.cls is Class.JSON:
        return coder.value(expression)
    if not is_text(expression.type):
        return None
    if typed.is_constant(expression):
        return coder.value(Call(json_type(), FUNCTIONS["json document"], (expression,)))
    known: Register | None = coder.remembered("document", expression)
    if known is None:
        a = coder.value(expression)
        known = coder.asm.register()
        op = json_make_kernels.op_json_make
        coder.asm.emit(op, known, codes.MAKE_PARSED, a, a, 0, 1)
        coder.remember("document", expression, known)
    return known


def make(
    coder: Coder, node: Expression, maker: Maker, a: Register, b: Register | None = None
) -> Register:
    """op_json_make; `node` is evaluated for the lanes it leaves."""
    kind, x, y = maker
    op = json_make_kernels.op_json_make
    return coder.emit_checked(op, node, kind, a, a if b is None else b, x, y, partial=True)


# Of SQL values ----------------------------------------------------------------------------------


def of_value(coder: Coder, cast: Cast) -> Register | None:
    """A value as a document: what functions take, or CAST(… AS JSON)."""
    source = cast.arg.type
    if is_text(source) and cast.mode == EXPLICIT:
        return make(coder, cast, (codes.MAKE_PARSED, 0, 0), coder.value(cast.arg))
    maker = _maker_of(source)
    return None if maker is None else make(coder, cast, maker, coder.value(cast.arg))


def _maker_of(source: SqlType) -> Maker | None:
    match source.cls:
        case Class.INT if source.kind is TypeKind.BIT:
            return None
        case Class.INT if is_boolean(source):
            return codes.MAKE_OF_TRUTH, 0, 0
        case Class.INT:
            unsigned = source.unsigned or source.kind is TypeKind.YEAR
            return codes.MAKE_OF_INTEGER, int(unsigned), 0
        case Class.DOUBLE:
            return codes.MAKE_OF_DOUBLE, 0, 0
        case Class.DECIMAL if not source.is_wide_decimal:
            return codes.MAKE_OF_DECIMAL, 10**source.scale, source.scale
        case Class.DATE | Class.TIME | Class.DATETIME if source.kind is not TypeKind.TIMESTAMP:
            return codes.MAKE_OF_MOMENT, _MOMENTS[source.cls], 0
        case Class.STRING if is_text(source):
            return codes.MAKE_OF_TEXT, 0, 0
        case Class.STRING if is_variable(source):
            return codes.MAKE_OF_BYTES, opaque_code(source), 0
    return None


def found(coder: Coder, call: Call) -> Register | None:
    """JSON_EXTRACT by one path with wildcards, or by several without."""
    root, *paths = call.args
    made = document(coder, root)
    if made is None:
        return None
    if len(paths) == 1:
        legs = wild_path(paths[0])
        words = None if legs is None else path_words(coder.asm, legs)
        return None if words is None else make(coder, call, (codes.MAKE_FOUND, words, 0), made)
    if any(plain_path(path) is None for path in paths):
        return None
    parts = [coder.value(replace(call, args=(root, path))) for path in paths]
    listed = coder.asm.words([len(parts), *parts])  # type: ignore[list-item]
    return make(coder, call, (codes.MAKE_PRESENT, listed, 0), parts[0])


# Functions --------------------------------------------------------------------------------------


def _container(coder: Coder, call: Call) -> Register | None:
    kind = codes.MAKE_OBJECT if call.function.name == "json_object" else codes.MAKE_ARRAY
    for number, arg in enumerate(call.args):
        is_key = kind == codes.MAKE_OBJECT and number % 2 == 0
        if not (is_text(arg.type) if is_key else arg.type.cls is Class.JSON):
            return None
    parts = [coder.value(arg) for arg in call.args]
    listed = coder.asm.words([len(parts), *parts])  # type: ignore[list-item]
    op = json_make_kernels.op_json_make
    some = parts[0] if parts else coder.asm.register()
    return coder.emit_checked(op, call, kind, some, some, listed, 0, partial=True)


_CHANGES: Final = {
    "json_set": build.SET, "json_insert": build.INSERT, "json_replace": build.REPLACE,
    "json_array_append": build.APPEND, "json_array_insert": build.INSERT_CELL,
    "json_remove": build.REMOVE,
}  # fmt: skip


def _changed(coder: Coder, call: Call) -> Register | None:
    """One change after the other; each is a call by itself for Python."""
    kind = _CHANGES[call.function.name]
    first, *rest = call.args
    step = 1 if kind == build.REMOVE else 2
    paths = [plain_path(path) for path in rest[::step]]
    if any(path is None or (not path and kind >= build.INSERT_CELL) for path in paths):
        return None
    if kind == build.INSERT_CELL and not all(
        isinstance(path[-1], json_path.Cell) for path in paths if path
    ):
        return None
    made = document(coder, first)
    if made is None or any(value.type.cls is not Class.JSON for value in rest[1::2][: step - 1]):
        return None
    for number, legs in enumerate(paths):
        assert legs is not None
        done = Call(call.type, call.function, call.args[: 1 + step * (number + 1)])
        value = None if kind == build.REMOVE else coder.value(rest[2 * number + 1])
        op = json_make_kernels.op_json_make
        words = path_words(coder.asm, legs)
        other = made if value is None else value
        made = coder.emit_checked(
            op, done, codes.MAKE_CHANGE, made, other, words, kind, partial=True
        )
    return made


def _merged(coder: Coder, call: Call) -> Register | None:
    way = build.PATCH if call.function.name == "json_merge_patch" else build.PRESERVE
    registers = [document(coder, arg) for arg in call.args]
    made = registers[0]
    for number, other in enumerate(registers[1:], 2):
        if made is None or other is None:
            return None
        done = Call(call.type, call.function, call.args[:number])
        made = make(coder, done, (codes.MAKE_MERGE, way, 0), made, other)
    return made


def _search(coder: Coder, call: Call) -> Register | None:
    """JSON_SEARCH in all of a document, if the number and the escape are written out."""
    root, mode, pattern, *rest = call.args
    every = {"one": 0, "all": 1}.get(_written(mode) or "")
    escape = _written(rest[0]) if rest else ""
    if every is None or escape is None or len(rest) > 1 or not is_text(pattern.type):
        return None
    stop = escape.encode() or b"\\"
    if len(stop) > 1 or stop in (b"%", b"_") or stop[0] >= _ASCII:
        return None
    made = document(coder, root)
    if made is None:
        return None
    return make(coder, call, (codes.MAKE_SEARCH, stop[0], every), made, coder.value(pattern))


def _written(arg: Expression) -> str | None:
    """A text that is part of the plan; of NULL the empty one."""
    if not isinstance(arg, Literal) or arg.literal_no is not None:
        return None
    if arg.value is None:
        return ""
    return arg.value.lower() if isinstance(arg.value, str) else None


def _keys(coder: Coder, call: Call) -> Register | None:
    if len(call.args) > 1:
        return None
    made = document(coder, call.args[0])
    return None if made is None else make(coder, call, (codes.MAKE_KEYS, 0, 0), made)


def _asked(coder: Coder, call: Call) -> Register | None:
    """What is asked of a document alone."""
    made = document(coder, call.args[0])
    return None if made is None else make(coder, call, _ASKED[call.function.name], made)


_ASKED: Final[dict[str, Maker]] = {
    "json_depth": (codes.MAKE_MEASURE, walk.DEPTH, 0),
    "json_storage_free": (codes.MAKE_MEASURE, walk.COMPACT, 0),
    "json_pretty": (codes.MAKE_PRETTY, 0, 0),
}


def _stored(coder: Coder, call: Call) -> Register | None:
    """What is asked of the bytes of a column's document."""
    (one,) = call.args
    if one.type.cls is not Class.JSON:
        return None
    if call.function.name == "json_storage_free":
        return _asked(coder, call)
    a = coder.value(one)
    return coder.emit_checked(text_kernels.op_text, call, a, codes.LENGTH, a, a, 1)


def _valid(coder: Coder, call: Call) -> Register | None:
    (text,) = call.args
    if not is_text(text.type):
        return None
    return make(coder, call, (codes.MAKE_VALID, 0, 0), coder.value(text))


def _sort_key(coder: Coder, call: Call) -> Register | None:
    scalars_only = int(call.function.name == "json order key")
    return make(coder, call, (codes.MAKE_SORT_KEY, scalars_only, 0), coder.value(call.args[0]))


def _text(coder: Coder, call: Call) -> Register | None:
    """JSON_QUOTE, and JSON_UNQUOTE of what is no document."""
    (text,) = call.args
    if not is_text(text.type):
        return None
    kind = codes.MAKE_QUOTED if call.function.name == "json_quote" else codes.MAKE_UNQUOTED
    return make(coder, call, (kind, 0, 0), coder.value(text))


#: Function -> its instructions, or None when Python has to.
CODED: Final[dict[str, Callable[[Coder, Call], Register | None]]] = {
    "json_array": _container,
    "json_object": _container,
    **dict.fromkeys(_CHANGES, _changed),
    "json_merge_patch": _merged,
    "json_merge_preserve": _merged,
    "json_search": _search,
    "json_keys": _keys,
    "json_depth": _asked,
    "json_pretty": _asked,
    "json_storage_size": _stored,
    "json_storage_free": _stored,
    "json_valid": _valid,
    "json sort key": _sort_key,
    "json order key": _sort_key,
    "json_quote": _text,
    "json_unquote": _text,
}
