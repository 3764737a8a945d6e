"""Addresses of the engine's row kernels, for the operands of sources, joins and writers."""

from __future__ import annotations

from dataclasses import dataclass

from btree import cascade_kernels, cursor_kernels, row_kernels
from mysqlcompat.machine.calls import address_of
from mysqlcompat.wire import encode_kernels


@dataclass(frozen=True, slots=True)
class Writers:
    """Addresses of what changes rows of a table."""

    row_insert: int
    row_update: int
    row_delete: int


@dataclass(frozen=True, slots=True)
class RowCalls:
    """One process's addresses."""

    row_get: int
    plain: Writers
    foreign: Writers  #: for tables with foreign keys, on either side
    autoinc_next: int
    cursor_open: int
    cursor_next: int
    row_lock: int
    cursor_again: int
    rows_encode: int


def row_calls() -> RowCalls:
    return RowCalls(
        address_of(row_kernels.row_get),
        Writers(
            address_of(row_kernels.row_insert),
            address_of(row_kernels.row_update),
            address_of(row_kernels.row_delete),
        ),
        Writers(
            address_of(cascade_kernels.foreign_insert),
            address_of(cascade_kernels.foreign_update),
            address_of(cascade_kernels.foreign_delete),
        ),
        address_of(row_kernels.autoinc_next),
        address_of(cursor_kernels.cursor_open),
        address_of(cursor_kernels.cursor_next),
        address_of(cursor_kernels.row_lock),
        address_of(cursor_kernels.cursor_again),
        address_of(encode_kernels.rows_encode),
    )
