"""Keys for Python: the bytes an index has for given values, as `keys_kernels.py` encodes them."""

from __future__ import annotations

from collections.abc import Sequence

from btree import keys_kernels
from btree.collation_kernels import text_compare, text_hash, text_key
from btree.collations import code_of
from btree.layout import C_DESCENDING, COLUMN_WORDS, D_INDEXES_AT, I_PARTS_AT, RUN_SHIFT
from btree.rows import Value, describe_type, lane_of
from btree.schema import ColumnType, Table
from redo.arena import Arena, Words


class KeyEncoder:
    """Keys of one index of a described table; keeps staging memory in the arena."""

    def __init__(
        self, arena: Arena, st: Words, table: Table, index_no: int, room: int = 1 << 20
    ) -> None:
        """`room`: most bytes a key may take."""
        self._arena = arena
        self._st = st
        index = table.indexes[index_no]
        names = [part.column for part in index.parts]
        if index_no:
            names += [part.column for part in table.clustered.parts]
        stored = table.stored_columns
        self._types = [stored[table.column_no(name)].type for name in names]
        described = arena.words(table.descriptor, 16)
        self.parts_at = int(
            arena.words(int(described[D_INDEXES_AT]), 16 * len(table.indexes))[
                16 * index_no + I_PARTS_AT
            ]
        )
        self._value = arena.alloc(room >> 4)
        self.out_at = arena.alloc(room)

    def encode(self, values: Sequence[Value]) -> bytes:
        """Key bytes of the first ``len(values)`` parts: a whole key, or a prefix to search with."""
        made = b""
        for number, value in enumerate(values):
            description = self.parts_at + 8 * COLUMN_WORDS * number
            made += _encode(
                self._arena,
                self._st,
                description,
                self._types[number],
                value,
                self._value,
                self.out_at,
            )
        return made


def _encode(
    arena: Arena, st: Words, description: int, of: ColumnType, value: Value, staging: int, out: int
) -> bytes:
    lane = 0 if value is None else lane_of(of, value)
    if isinstance(lane, bytes):
        arena.mem[staging : staging + len(lane)] = bytearray(lane)
        lane = staging << RUN_SHIFT | len(lane)
    if lane >= 1 << 63:
        lane -= 1 << 64
    count = keys_kernels.key_encode(st, arena.mem, description, lane, int(value is None), out)
    return arena.mem[out : out + int(count)].tobytes()


class Sorter:
    """Keys for one type outside any table, as ORDER BY uses them."""

    def __init__(self, arena: Arena, st: Words, of: ColumnType, descending: bool = False) -> None:
        self._arena = arena
        self._st = st
        self._of = of
        words = describe_type(of, nullable=True)
        words[C_DESCENDING] = int(descending)
        self._description = arena.alloc(8 * COLUMN_WORDS)
        arena.words(self._description, COLUMN_WORDS)[:] = words
        self._value = arena.alloc(1 << 16)
        self._out = arena.alloc(1 << 20)

    def key(self, value: Value) -> bytes:
        """The key of a value; None is NULL."""
        return _encode(
            self._arena, self._st, self._description, self._of, value, self._value, self._out
        )


class Collation:
    """A collation for Python callers: compare, key and hash of strings."""

    def __init__(self, arena: Arena, st: Words, name: str) -> None:
        self._arena = arena
        self._st = st
        self._code = code_of(name)
        self._a = arena.alloc(1 << 16)
        self._b = arena.alloc(1 << 20)

    def _put(self, at: int, text: str) -> int:
        data = text.encode()
        self._arena.mem[at : at + len(data)] = bytearray(data)
        return len(data)

    def compare(self, a: str, b: str) -> int:
        """-1, 0 or 1."""
        a_bytes, b_bytes = self._put(self._a, a), self._put(self._b, b)
        mem = self._arena.mem
        return int(text_compare(self._st, mem, self._code, self._a, a_bytes, self._b, b_bytes))

    def key(self, text: str) -> bytes:
        """Bytes that order as the collation does."""
        count = self._put(self._a, text)
        made = int(text_key(self._st, self._arena.mem, self._code, self._a, count, self._b))
        return self._arena.mem[self._b : self._b + made].tobytes()

    def hash(self, text: str) -> int:
        """Equal for equal strings."""
        count = self._put(self._a, text)
        return int(text_hash(self._st, self._arena.mem, self._code, self._a, count))
