"""ERROR 1062: which entry of which key was there already, in MySQL's words."""

from __future__ import annotations

from typing import Any

from btree.schema import Index, Table, TypeKind
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.key_parts import elements_text
from mysqlcompat.machine import layout
from mysqlcompat.machine.program import Program
from mysqlcompat.machine.registers import RunMemory
from mysqlcompat.sqltypes import SqlType, column_type, of_column_type
from mysqlcompat.values import is_variable, of_bytes, of_lane, text_of
from redo.state import ST_DUPLICATE_INDEX

LONGEST_ENTRY = 64


def duplicate_error(program: Program, memory: RunMemory, st: Any, time_zone: str) -> SqlError:
    """The error for the row an INSERT or UPDATE stands at."""
    table: Table = program.written
    index = table.indexes[int(st[ST_DUPLICATE_INDEX])]
    lane = memory.get(layout.RUN_LANE)
    entry = ""
    for text in _texts(table, index, program, memory, lane, time_zone):
        entry += f"-{text}" if entry else text  # nothing stands between what is empty and the rest
    return SqlError(1062, entry[:LONGEST_ENTRY], f"{table.name}.{index.name}")


def _texts(
    table: Table, index: Index, program: Program, memory: RunMemory, lane: int, time_zone: str
) -> list[str]:
    texts: list[str] = []
    for part in index.parts:
        number = table.column_no(part.column)
        column = table.stored_columns[number]
        sql_type = column_type(column)
        at = memory.offset_of(program.row_registers[number])
        if memory.mem[at + layout.NULLS_AT + lane]:
            texts.append("NULL")
            continue
        word = int(memory.arena.words(at, lane + 1)[lane])
        if column.array is not None:
            texts.append(elements_text(memory.text(word), of_column_type(column.array, False)))
            continue
        if is_variable(sql_type):
            value = of_bytes(memory.text(word), sql_type)
        else:
            value = of_lane(word, sql_type, time_zone)
        if part.length:
            value = value[: part.length]
        texts.append(_shown(value, sql_type))
    return texts


def _shown(value: Any, sql_type: SqlType) -> str:
    """A value as the message shows it: bytes that are no text escaped, padding left out, what
    utf8mb3 does not have replaced."""
    if sql_type.kind is TypeKind.BIT:
        value = value.to_bytes((sql_type.length + 7) // 8, "big")
    elif sql_type.kind is TypeKind.BINARY and isinstance(value, bytes):
        value = value[:1] + value[1:].rstrip(b"\0")
    if not isinstance(value, bytes):
        return "".join(
            character if character < "\U00010000" else "?" for character in text_of(value, sql_type)
        )
    return "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02X}" for byte in value)
