"""An engine on a local volume and a session as small as a run of the machine needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from btree.engine import Engine
from btree.schema import Column, ColumnType, Index, IndexPart, Table, TypeKind
from mysqlcompat.functions import operators
from mysqlcompat.functions.definitions import FUNCTIONS
from mysqlcompat.functions.table import Effects
from mysqlcompat.machine.machine import machine_of
from mysqlcompat.machine.run import execute
from mysqlcompat.results import Ok, Rows
from mysqlcompat.sql import typed
from mysqlcompat.sql.typed import Call, Cast, ColumnRef, Item, Literal, Source
from mysqlcompat.sqltypes import (
    SqlType,
    bool_type,
    column_type,
    decimal_type,
    int_type,
    string_type,
)
from redo.volume import LocalVolume

assert operators


class Session:
    """What functions and runs ask of a session."""

    def __init__(self, engine: Engine) -> None:
        self.node = SimpleNamespace(engine=engine)
        self.ctx = engine.open_context()
        self.now_us = 1_700_000_000_000_000
        self.sql_mode: frozenset[str] = frozenset({"STRICT_TRANS_TABLES"})
        self.strict = True
        self.time_zone = "UTC"
        self.collation = "utf8mb4_0900_ai_ci"
        self.warnings: list[tuple[int, str]] = []
        self.effects = Effects()
        self.auto_increment = None
        self.asked_insert_id = 0

    def warn(self, errno: int, message: str, level: str = "Warning") -> None:
        self.warnings.append((errno, message))

    def system_variable(self, name: str, scope: str = "") -> Any:
        return {"innodb_lock_wait_timeout": 5, "div_precision_increment": 4}[name]


class Shop:
    """The orders table, and statements over it as typed trees."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.machine = machine_of(engine)
        engine.catalog.create_database("shop")
        big = ColumnType(TypeKind.BIGINT)
        collation = "utf8mb4_0900_ai_ci"
        text = ColumnType(TypeKind.VARCHAR, 32, charset="utf8mb4", collation=collation)
        money = ColumnType(TypeKind.DECIMAL, precision=12, scale=2)
        self.orders = engine.catalog.create_table(
            Table(
                "orders",
                "shop",
                (
                    Column("id", big, nullable=False, auto_increment=True),
                    Column("user", big, nullable=False),
                    Column("status", text, nullable=False),
                    Column("total", money, nullable=False),
                    Column("note", text),
                ),
                (
                    Index("PRIMARY", (IndexPart("id"),), unique=True, primary=True),
                    Index("user", (IndexPart("user"),)),
                    Index("status", (IndexPart("status"),)),
                ),
            )
        )
        self.users = engine.catalog.create_table(
            Table(
                "users",
                "shop",
                (Column("id", big, nullable=False), Column("name", text, nullable=False)),
                (Index("PRIMARY", (IndexPart("id"),), unique=True, primary=True),),
            )
        )

    def source(self, table: Table, alias: str = "") -> Source:
        return Source(table, alias or table.name, "shop")

    # running

    def run(self, session: Session, statement: typed.Statement, params: Sequence[Any] = ()) -> Any:
        """Result of a statement: rows as lists of text, or the Ok."""
        program = self.machine.compile(statement)
        try:
            return asyncio.run(self.run_program(session, program, params))
        finally:
            program.close()

    async def run_program(self, session: Session, program: Any, params: Sequence[Any] = ()) -> Any:
        result = await execute(program, session, params)
        if isinstance(result, Ok):
            return result
        return text_rows(await read_all(result), len(result.columns))


async def read_all(result: Rows) -> bytes:
    sequence, parts = 1, []
    while True:
        chunk = await result.source.read(sequence, 0)
        parts.append(chunk.packets)
        sequence = chunk.sequence
        if chunk.end:
            return b"".join(parts)


def text_rows(packets: bytes, columns: int) -> list[list[str | None]]:
    """Rows of the text protocol."""
    rows, at = [], 0
    while at < len(packets):
        size = int.from_bytes(packets[at : at + 3], "little")
        payload, at = packets[at + 4 : at + 4 + size], at + 4 + size
        row: list[str | None] = []
        place = 0
        for _ in range(columns):
            first = payload[place]
            place += 1
            if first == 0xFB:
                row.append(None)
                continue
            assert first < 0xFB, "short strings only"
            row.append(payload[place : place + first].decode())
            place += first
        rows.append(row)
    return rows


def column(table: Table, name: str, table_no: int = 0) -> ColumnRef:
    number = table.column_no(name)
    return ColumnRef(column_type(table.columns[number]), table_no, number, name)


def number(value: int, literal_no: int | None = None) -> Literal:
    return Literal(int_type(nullable=False), value, literal_no)


def text(value: str) -> Literal:
    return Literal(string_type(len(value)), value)


def money(value: Any) -> Literal:
    return Literal(decimal_type(12, 2), value)


def call(name: str, *args: Any, type: SqlType | None = None) -> Call:
    return Call(type or bool_type(), FUNCTIONS[name], args)


def assigned(table: Table, name: str, value: Any) -> Cast:
    of = table.columns[table.column_no(name)]
    return Cast(column_type(of), value, typed.ASSIGN, name)


def item(expression: Any, name: str = "x") -> Item:
    return Item(expression, name)


@contextmanager
def open_shop(directory: Path, pool_bytes: int = 8 << 20) -> Iterator[Shop]:
    volume = LocalVolume(str(directory), ring_bytes=8 << 20, durable=False)
    try:
        engine = Engine(volume.arena, volume.st, volume.log, volume, pool_bytes)
        engine.create()
        yield Shop(engine)
    finally:
        volume.close()
