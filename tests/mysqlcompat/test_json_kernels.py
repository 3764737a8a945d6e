"""Kernels make of documents in binary form what Python makes of the decoded ones, to the byte; what
they leave to Python they say; damaged documents do no harm."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from btree.layout import RUN_MASK, RUN_SHIFT
from mysqlcompat import json_build_kernels as build
from mysqlcompat import json_compare_kernels as comparing
from mysqlcompat import json_order, json_path, jsonb
from mysqlcompat import json_walk_kernels as walk
from mysqlcompat.functions import documents
from mysqlcompat.json_find_kernels import json_find
from mysqlcompat.json_kernels import BROKEN, place_of
from mysqlcompat.json_parse_kernels import json_parsed
from mysqlcompat.json_path import Cell, Member
from mysqlcompat.json_text_kernels import json_text
from mysqlcompat.sql.code_json_making import path_words

_KEYS = st.sampled_from(["a", "b", "ab", "key", "日本", "", "a longer key", 'q"\\'])
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.integers(-9, 9),
    st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=12), st.sampled_from("ab"),
).map(lambda value: 0 if value == 0 and value is not False else value)  # fmt: skip
_DOCUMENTS = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(_KEYS, inner, max_size=6).map(jsonb.make_object),
    ),
    max_leaves=20,
)
_LEGS = st.one_of(_KEYS.map(Member), st.builds(Cell, st.integers(0, 3), st.booleans()))
_PATHS = st.lists(_LEGS, max_size=4).map(tuple)
SCRATCH = 1 << 20


class _Memory:
    """Documents, paths and scratch memory for kernels."""

    def __init__(self) -> None:
        self.st = np.zeros(4096, np.int64)
        self.mem = np.zeros(2 << 20, np.uint8)
        self.free = 8

    def put(self, data: bytes) -> int:
        at = self.free
        self.mem[at : at + len(data)] = np.frombuffer(data, np.uint8)
        self.free += len(data) + 8 & -8
        return at

    def document(self, value: Any) -> tuple[int, int]:
        data = jsonb.encode(value)
        return self.put(data), len(data)

    def place(self, value: Any) -> tuple[int, int]:
        """A value's place, and where the document ends."""
        at, size = self.document(value)
        return place_of(int(self.mem[at]), at + 1), at + size

    def path(self, legs: json_path.Path) -> int:
        return path_words(self, legs)  # type: ignore[arg-type,return-value]

    block = put  # as an `Assembler` has them

    def words(self, words: list[int]) -> int:
        return self.put(np.array(words, np.int64).tobytes())

    def bytes_of(self, lane: int) -> bytes:
        at, size = lane >> RUN_SHIFT, lane & RUN_MASK
        return self.mem[at : at + size].tobytes()


def _changed(kind: int, value: Any, path: json_path.Path, new: Any) -> Any:
    """What Python makes of it."""
    if kind == build.REMOVE:
        return json_path.remove(value, path)
    if kind in (build.SET, build.INSERT, build.REPLACE):
        return json_path.store(value, path, new, kind != build.REPLACE, kind != build.INSERT)
    if kind == build.APPEND:
        found = json_path.find(value, path)
        cells = found[0] if found and isinstance(found[0], list) else found
        return json_path.store(value, path, [*cells, new], False, True) if found else value
    found = json_path.find(value, path[:-1])
    if not found or not isinstance(found[0], list):
        return value
    cells = list(found[0])
    cells.insert(max(json_path.position(path[-1], len(cells)), 0), new)  # type: ignore[arg-type]
    return json_path.store(value, path[:-1], cells, False, True)


@settings(max_examples=60, deadline=None)
@given(_DOCUMENTS, _PATHS, _DOCUMENTS, st.integers(build.SET, build.REMOVE))
def test_changes(value: Any, path: json_path.Path, new: Any, kind: int) -> None:
    if kind == build.REMOVE and not path:
        return
    if kind == build.INSERT_CELL and (not path or not isinstance(path[-1], Cell)):
        return
    memory = _Memory()
    words = memory.path(path)
    document, other = memory.document(value), memory.document(new)
    made = build.json_changed(
        memory.st, memory.mem, *document, words, kind, *other, SCRATCH, 2 << 20
    )
    expected = jsonb.encode(_changed(kind, value, path, new))
    if made == build.UNCHANGED:
        assert expected == jsonb.encode(value)
    else:
        assert memory.bytes_of(made) == expected


@settings(max_examples=40, deadline=None)
@given(_DOCUMENTS, _DOCUMENTS)
def test_merging(left: Any, right: Any) -> None:
    memory = _Memory()
    a, a_end = memory.place(left)
    b, b_end = memory.place(right)
    ways = [(build.PRESERVE, documents._preserved(left, right))]
    if isinstance(right, dict):
        ways.append((build.PATCH, documents._patched(left, right)))
    for way, expected in ways:
        made = build.json_merged(memory.st, memory.mem, a, a_end, b, b_end, way, SCRATCH, 2 << 20)
        assert memory.bytes_of(made) == jsonb.encode(expected)


@settings(max_examples=40, deadline=None)
@given(_DOCUMENTS, _DOCUMENTS)
def test_order_keys_and_containment(left: Any, right: Any) -> None:
    memory = _Memory()
    a, a_end = memory.place(left)
    b, b_end = memory.place(right)
    order = comparing.json_order(memory.st, memory.mem, a, a_end, b, b_end)
    expected = json_order.compare(left, right)
    if order != comparing.UNORDERED:
        assert order == (expected > 0) - (expected < 0)
    held = comparing.json_holds(memory.st, memory.mem, a, a_end, b, b_end, comparing.CONTAINS)
    assert held in (BROKEN, int(json_order.contains(left, right)))
    key = walk.json_sort_key(memory.st, memory.mem, a, a_end, SCRATCH, 1 << 19, (1 << 20) - 8192)
    assert memory.mem[SCRATCH : SCRATCH + key].tobytes() == json_order.sort_key(left)
    for what, measure in ((walk.DEPTH, jsonb.depth(left)), (walk.COMPACT, a_end - (a >> 8) + 1)):
        assert walk.json_measure(memory.st, memory.mem, a, a_end, what, SCRATCH) == measure


@settings(max_examples=40, deadline=None)
@given(_DOCUMENTS, st.booleans(), st.sampled_from([None, 1]))
def test_texts(value: Any, ascii_only: bool, indent: int | None) -> None:
    """Parsing gives the document of the text, or leaves it to Python."""
    memory = _Memory()
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    data = text.encode()
    made = json_parsed(memory.st, memory.mem, memory.put(data), len(data), SCRATCH, 2 << 20)
    if made != BROKEN:
        assert memory.bytes_of(made) == jsonb.encode(jsonb.parse(text))
    place, end = memory.place(value)
    for quoted, expected in ((1, jsonb.text_of(value)), (2, jsonb.pretty(value))):
        size = json_text(
            memory.st, memory.mem, place, end, SCRATCH, 1 << 19, (1 << 20) - 8192, quoted
        )
        assert memory.mem[SCRATCH : SCRATCH + size].tobytes() == expected.encode()


_WILD = st.lists(
    st.one_of(
        _LEGS, st.just(Member(None)), st.just(json_path.ALL), st.just(json_path.Anywhere()),
        st.builds(json_path.Cells, *[st.builds(Cell, st.integers(0, 3), st.booleans())] * 2),
    ),
    min_size=1, max_size=4,
).map(tuple).filter(lambda legs: not isinstance(legs[-1], json_path.Anywhere))  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(_DOCUMENTS, _WILD)
def test_wildcards(value: Any, path: json_path.Path) -> None:
    memory = _Memory()
    place, end = memory.place(value)
    words = memory.path(path)
    last = json_find(memory.st, memory.mem, place, end, words, SCRATCH, SCRATCH + (1 << 19))
    assert last >= SCRATCH
    made = build.json_container(memory.st, memory.mem, SCRATCH, last, 0, last, 2 << 20)
    body = memory.mem[last : last + (made >> 8)].tobytes()
    expected = [one.value for one in json_path.places(value, path)]
    assert bytes([made & 255]) + body == jsonb.encode(expected)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=60), st.text(alphabet='{}[]",:\\u0e1.- tnrf', max_size=40))
def test_what_is_no_document(data: bytes, text: str) -> None:
    """Bytes of any kind are refused or read; texts that are no JSON are not taken for some."""
    memory = _Memory()
    written = text.encode()
    made = json_parsed(memory.st, memory.mem, memory.put(written), len(written), SCRATCH, 2 << 20)
    if made != BROKEN:
        assert memory.bytes_of(made) == jsonb.encode(jsonb.parse(text))
    if not data:
        return
    at = memory.put(data)
    end, path = at + len(data), memory.path((Member("a"), Cell(0)))
    place = place_of(data[0] & 15, at + 1)
    args = memory.st, memory.mem
    build.json_changed(*args, at, len(data), path, build.SET, at, len(data), SCRATCH, 2 << 20)
    build.json_merged(*args, place, end, place, end, build.PATCH, SCRATCH, 2 << 20)
    comparing.json_holds(*args, place, end, place, end, comparing.CONTAINS)
    walk.json_sort_key(*args, place, end, SCRATCH, 1 << 19, (1 << 20) - 8192)
    walk.json_measure(*args, place, end, walk.COMPACT, SCRATCH)
