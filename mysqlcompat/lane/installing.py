"""Which programs the lane may run, and how they get there.

A program is installed when it needs no Python and its parameters reach it as they come: slot i is
literal (or `?`) number i of the statement, of a class whose lane value the binding kernels make.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from mysqlcompat.lane.lane import Lane
from mysqlcompat.results import (
    WIRE_LONG,
    WIRE_LONGLONG,
    WIRE_STRING,
    WIRE_VAR_STRING,
    WIRE_VARCHAR,
    Parameter,
)
from mysqlcompat.sqltypes import Class, SqlType
from mysqlcompat.wire.columns import result_head
from mysqlcompat.wire.constants import CLIENT_DEPRECATE_EOF

if TYPE_CHECKING:
    from mysqlcompat.machine.program import Program
    from mysqlcompat.plan_cache import Fingerprint

_WIRE_TYPES: Final = {
    Class.INT: frozenset((WIRE_LONG, WIRE_LONGLONG)),
    Class.STRING: frozenset((WIRE_STRING, WIRE_VAR_STRING, WIRE_VARCHAR)),
}


def head(program: Program, results_collation: int) -> tuple[bytes, int]:
    """Column count and definitions as packets from number 1, and how many packets that is."""
    packets, following = result_head(
        program.columns, CLIENT_DEPRECATE_EOF, results_collation, 0, 0, 1
    )
    return packets, following - 1


def install_text(
    lane: Lane, read: Fingerprint, context: int, program: Program, results_collation: int
) -> None:
    """Serve texts of this shape in the lane, if the program allows."""
    if not program.kernel_only or len(program.slots) != len(read.literals):
        return
    for number, slot in enumerate(program.slots):
        if slot.literal_no != number or not _takes_literal(slot.type):
            return
    packets, count = head(program, results_collation)
    lane.install(read.shape, context, program.at, len(program.slots), packets, count)


def _takes_literal(sql_type: SqlType) -> bool:
    if sql_type.cls is Class.DECIMAL:
        return not sql_type.is_wide_decimal
    return sql_type.cls is Class.INT or sql_type.is_text


def prepared_types(program: Program, parameters: Sequence[Parameter]) -> bytes | None:
    """Wire types with which the lane may run a prepared program; None: it may not."""
    if not program.kernel_only or len(program.slots) != len(parameters):
        return None
    for number, (slot, parameter) in enumerate(zip(program.slots, parameters, strict=True)):
        wanted = _WIRE_TYPES.get(slot.type.cls, frozenset())
        if slot.param_no != number or parameter.wire_type not in wanted or parameter.unsigned:
            return None
        if slot.type.cls is Class.STRING and not slot.type.is_text:
            return None
    return bytes(parameter.wire_type for parameter in parameters)
