"""JSON_TABLE to instructions: levels one within the other are joins with the matches of their
paths, columns are what `op_json` finds in a match, or callbacks.

Levels beside each other (NESTED … , NESTED …), paths with other wildcards than a last ``[*]``, and
conditions of LEFT JOIN are left to `machine.expansion`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from mysqlcompat import json_path
from mysqlcompat.functions import FUNCTIONS
from mysqlcompat.json_table import COLUMN, DOCUMENT, JsonTable, Level, TableColumn
from mysqlcompat.machine import function_codes as codes
from mysqlcompat.machine.ops import json_ops_kernels
from mysqlcompat.machine.program import Register
from mysqlcompat.sql import code_json
from mysqlcompat.sql.code_frames import key_of
from mysqlcompat.sql.code_json_making import path_words
from mysqlcompat.sql.grammar_json_table import EXISTS, ORDINALITY
from mysqlcompat.sql.typed import Call, ColumnRef, Expression, Literal
from mysqlcompat.sqltypes import Class, column_type, int_type, json_type

if TYPE_CHECKING:
    from mysqlcompat.sql.code_expressions import Coder
    from mysqlcompat.sql.code_scans import ScanCoder

_MOST_LEVELS: Final = 3  #: each may stand on the stack of a run while its rows are used up
_FEW_TABLES: Final = 16
_JSON: Final = json_type()
_ALL: Final = json_path.parse_path("$[*]")[0]


def expanded(
    scans: ScanCoder, table_no: int, outer: bool, on: Expression | None
) -> Register | None:
    """Join the batch with a JSON_TABLE; the register of lanes its rows belong to. None: Python
    makes the rows."""
    table: JsonTable = scans.sources[table_no].table
    levels = list(_chain(table.level))
    document = _document(table.document)
    most_levels = _MOST_LEVELS if len(scans.sources) <= _FEW_TABLES else 1
    if on is not None or document is None or len(levels) > most_levels:
        return None
    paths = [_rows_path(level.path) for level in levels]
    if levels[-1].nested or None in paths:
        return None
    scans.pin()
    lanes: Register | None = None
    for depth, (level, path) in enumerate(zip(levels, paths, strict=True)):
        assert path is not None
        match = ColumnRef(_JSON, table_no, -1 - depth, "match")
        flags = codes.ROWS_OUTER if outer or depth else 0
        lanes = _join(scans, level, match, document, path, flags)
        for column in level.columns:
            _compute(scans.coder, table, table_no, column, match)
        document = match
    return lanes


def _chain(level: Level) -> Iterator[Level]:
    """A level and those within, as long as there is one in each."""
    yield level
    if len(level.nested) == 1:
        yield from _chain(level.nested[0])


def _document(document: Expression) -> Expression | None:
    """The document as JSON."""
    if document.type.cls is Class.JSON:
        return document
    if document.type.cls is not Class.STRING:
        return None
    return Call(_JSON, FUNCTIONS[DOCUMENT], (document,))


def _rows_path(path: json_path.Path) -> tuple[json_path.Path, bool] | None:
    """(legs, whether the cells behind them are the rows) of a path that leads there so."""
    cells = bool(path) and path[-1] == _ALL
    legs = path[:-1] if cells else path
    return None if json_path.is_wild(legs) else (legs, cells)


def _join(
    scans: ScanCoder,
    level: Level,
    match: ColumnRef,
    document: Expression,
    path: tuple[json_path.Path, bool],
    flags: int,
) -> Register:
    """One level: its matches and their numbers are in the frame then."""
    asm, coder = scans.asm, scans.coder
    lanes, matches, numbers = asm.register(), asm.register(), asm.register()
    legs, cells = path
    asm.emit(
        json_ops_kernels.op_json_rows,
        lanes,
        matches,
        numbers,
        coder.value(document),
        path_words(asm, legs),
        asm.state(json_ops_kernels.ROWS_STATE_BYTES),
        flags | codes.ROWS_OF_CELLS * cells,
    )
    frame = scans.gathered(lanes)
    frame.registers[key_of(match)] = matches
    for column in level.columns:
        if column.kind == ORDINALITY:
            place = ColumnRef(column.type, match.table_no, column.number)
            frame.registers[key_of(place)] = numbers
    coder.enter(frame)
    return lanes


def _compute(
    coder: Coder, table: JsonTable, table_no: int, column: TableColumn, match: ColumnRef
) -> None:
    """A column of the rows, into the frame: what is wrong with it is said though nobody asks."""
    if column.kind == ORDINALITY:
        return
    made_type = column_type(table.columns[column.number])
    call = Call(made_type, FUNCTIONS[COLUMN], (match, Literal(int_type(), (column, table.name))))
    made = _by_kernel(coder, call, column, match)
    place = ColumnRef(made_type, table_no, column.number)
    coder.frame.registers[key_of(place)] = coder.callback(call) if made is None else made


def _by_kernel(coder: Coder, call: Call, column: TableColumn, match: ColumnRef) -> Register | None:
    if json_path.is_wild(column.path):
        return None
    if column.kind == EXISTS:
        wanted: code_json.Wanted | None = (codes.JSON_EXISTS, 0, 0, 0)
        if column.type.cls is not Class.INT or column.greatest < 1:
            return None
    else:
        wanted = code_json.wanted_as(column.type)
    if wanted is None:
        return None
    kind, x, y, flags = wanted
    if column.kind != EXISTS and column.empty.action != 0:
        flags |= codes.JSON_MISSING_FAILS
    return code_json.emit(coder, call, match, (kind, x, y, flags), column.path)
