"""The OK of a statement that changes rows: what its run has counted."""

from __future__ import annotations

from typing import Any

from mysqlcompat.machine import layout
from mysqlcompat.machine.program import Program
from mysqlcompat.machine.registers import RunMemory
from mysqlcompat.results import Ok


def ok_of(program: Program, memory: RunMemory, session: Any) -> Ok:
    changed = memory.get(layout.RUN_CHANGED)
    matched = memory.get(layout.RUN_MATCHED)
    info, affected = "", changed
    warnings = session.diagnostics.warning_count if hasattr(session, "diagnostics") else 0
    if program.statement_kind == "update":
        info = f"Rows matched: {matched}  Changed: {changed}  Warnings: {warnings}"
        affected = matched if getattr(session, "found_rows_capability", False) else changed
    elif program.statement_kind == "insert" and (changed > 1 or program.from_select):
        info = f"Records: {changed}  Duplicates: 0  Warnings: {warnings}"
    generated = memory.get(layout.RUN_INSERT_ID)
    insert_id = generated or memory.get(layout.RUN_LAST_ID)
    if program.statement_kind == "update":
        insert_id = session.asked_insert_id
    wrap = 1 << 64  # -1 goes out as MySQL sends it
    return Ok(affected, insert_id % wrap, info, generated_id=generated % wrap)
