"""Rows told apart that an access finds more than once: by one of several elements each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mysqlcompat.errors import SqlError
from mysqlcompat.machine.program import Register
from mysqlcompat.sql.typed import Expression, Literal
from mysqlcompat.sqltypes import SqlType, bool_type

MOST_ROWS: Final = 1 << 23  #: about a gigabyte of keys


@dataclass(frozen=True, slots=True)
class FirstSeen:
    """An instruction in Python: 1 in `to` for rows whose key has not been met before.

    keys   types and registers of the primary key
    state  what tells this instruction from others of the program
    """

    keys: tuple[tuple[SqlType, Register], ...]
    to: Register
    state: int

    @property
    def expression(self) -> Expression:
        return Literal(bool_type(False), 1)

    def answer(self, execution: Any, n: int) -> None:
        memory, zone = execution.memory, execution.session.time_zone
        columns = [memory.read(register, kind, n, zone) for kind, register in self.keys]
        seen: set[tuple[Any, ...]] = execution.seen.setdefault(self.state, set())
        values = []
        for key in zip(*columns, strict=True):
            values.append(int(key not in seen))
            seen.add(key)
        if len(seen) > MOST_ROWS:
            raise SqlError(1038)
        memory.write(self.to, bool_type(False), values, zone)
