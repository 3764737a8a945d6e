"""XPath from clients is MySQL's XPath 1.0: what later versions added is refused, and reads nothing.
What kernels find in documents is what Python finds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mysqlcompat.errors import SqlError
from mysqlcompat.functions import markup, xpath
from mysqlcompat.machine import function_codes as codes
from mysqlcompat.machine import layout
from mysqlcompat.machine.ops import markup_kernels
from mysqlcompat.sql.code_markup import _Steps, _TooMuch
from mysqlcompat.sqltypes import string_type
from redo.arena import Arena, create_ring
from tests.mysqlcompat.corpus import ours
from tests.mysqlcompat.corpus.sections import section
from tests.mysqlcompat.machine.test_ops import Bench


@pytest.mark.parametrize(
    "path",
    [
        "count(1 to 99999999999)",
        "doc('file:///etc/hostname')",
        "for x in /a return x",
        "matches(/a, 'b')",
        "if (/a) then 1 else 2",
    ],
)
def test_later_xpath_is_a_syntax_error(path: str) -> None:
    call = f"extractvalue('<a>1</a>', \"{path}\")"
    assert ours.answer(section([call]), call).text().startswith("!1105 HY000 XPATH syntax error")


_PATHS = [
    *("/a", "/a/b", "//b", "//*", "/a/*", "/a/b[1]", "//b[2]", "/a/b[last()]", "//a[@x]", "//@x"),
    *("/a/@x", "/a/b/@y", "//b[@y]/c", "/a/text()", "//b/text()", "/*/b", "/a//c", "//b[1]/@x"),
    *("count(/a/b)", "count(//@*)", '/a/b[text()="x"]', '//*[@x="1"]', '/a[b="X"]/c', "/", "."),
    *("//*[position()=2]", "//a//b", '//*[.="x"]', "//*[last()]", "//*[b]", '//b[.="X"][1]', "//."),
]
_TEXTS = ("", "x", "y z", " ", "1", "&lt;", "é", "a>b", "X", "<!-- c -->", "<![CDATA[<q>]]>", "\n")
_BROKEN = (
    *(
        "<",
        "</b>",
        "<b",
        "a < b",
        "<a x=1>",
        "<a x y>",
        "<!x/>",
        "<![CDATA[",
        "<!--",
        "<b ",
        '<b x="',
    ),
    *("<b x=", "</", "</ >", "<?", "<?x", "<!", "<a/", "<a / >", "\0", "<\0>", "<a \0", "\n\n<1"),
)
_ATTRIBUTES = ("", "", ' x="1"', " x='2' y=\"3\"", ' y="<b>"', ' x = "4"', " x=c", " x y", ' x=""')
_ASIDE = ('<?xml version="1.0"?>', '<!DOCTYPE a SYSTEM "x">', "<?p x?>", "<!---->", "<!-->")
_NAMES = ("a", "b", "c", "a", "b", "c", "é", "ab", "a:b", "_a-1.2")
_COLLATION = "utf8mb4_0900_ai_ci"
_TEXT = string_type(1 << 20, _COLLATION)
_N = 64


def _document(chosen: random.Random, depth: int = 0) -> str:
    if depth > 3 or chosen.random() < 0.3:
        return chosen.choice(_TEXTS if chosen.random() < 0.98 else _BROKEN)
    if chosen.random() < 0.05:
        return chosen.choice(_ASIDE)
    name, attributes = chosen.choice(_NAMES), chosen.choice(_ATTRIBUTES)
    if chosen.random() < 0.15:
        return f"<{name}{attributes}{chosen.choice(('/', ' /', '/ '))}>"
    inner = "".join(_document(chosen, depth + 1) for _ in range(chosen.randrange(4)))
    return f"<{name}{attributes}>{inner}</{name}{chosen.choice(('', '', ' '))}>"


class _Warned:
    """A context that remembers what is said."""

    collation = _COLLATION

    def __init__(self) -> None:
        self.said: list[Any] = []

    def warn(self, *said: Any) -> None:
        self.said.append(said)


@pytest.fixture
def bench() -> Iterator[Bench]:
    arena = Arena(create_ring(1 << 16), 64 << 20)
    made = Bench(arena)
    made.memory.replace_heap(1 << 24)
    yield made
    arena.close()


def _by_kernel(bench: Bench, path: str, documents: list[str], new: str | None) -> list[Any]:
    """Bytes, or None where Python is asked; raises _TooMuch."""
    found = markup.path_of(path, _COLLATION)
    steps = _Steps(bench, found, _COLLATION)  # type: ignore[arg-type]
    what, nodes = codes.MARKUP_TEXT if new is None else codes.MARKUP_UPDATE, found.found
    if isinstance(nodes, xpath.Value):
        what, nodes = codes.MARKUP_COUNT, steps.counted(nodes)
    words = np.array(steps.words(what, nodes), np.int64)
    at = bench.asm.block(words.tobytes())
    source = bench.fill(documents, _TEXT)
    other = source if new is None else bench.fill([new] * len(documents), _TEXT)
    to, count = bench.registers[0], len(documents)
    code = bench.call(markup_kernels.op_markup, to, source, at, other, n=count)
    begin = bench.memory.offset_of(to)
    lanes = bench.arena.words(begin, count).tolist()
    nulls = bench.arena.mem[begin + layout.NULLS_AT :][:count].tolist()
    assert (code == count) == (codes.LANE_FAILED not in nulls)
    mem = bench.arena.mem
    return [
        None if null else mem[lane >> 28 : (lane >> 28) + (lane & (1 << 28) - 1)].tobytes()
        for lane, null in zip(lanes, nulls, strict=True)
    ]


def _by_python(path: str, document: str, new: str | None) -> Any:
    """A value and what was said about it."""
    call, context = SimpleNamespace(type=_TEXT), _Warned()
    if new is None:
        made = markup.extractvalue(context, call, document, path)  # type: ignore[arg-type]
    else:
        made = markup.updatexml(context, call, document, path, new)  # type: ignore[arg-type]
    return made, context.said


@pytest.mark.parametrize("new", [None, "<z/>"])
def test_kernels_find_what_python_finds(bench: Bench, new: str | None) -> None:
    chosen = random.Random(1 if new is None else 2)
    alone = 0
    for path in _PATHS:
        documents = [_document(chosen) + _document(chosen) for _ in range(_N)]
        if new is not None and path.startswith("count"):
            continue
        made = _by_kernel(bench, path, documents, new)
        for document, lane in zip(documents, made, strict=True):
            value, said = _by_python(path, document, new)
            if lane is not None:
                assert (lane.decode(), []) == (value, said), (path, document)
                alone += 1
    assert alone > len(_PATHS) * _N * 0.5


def test_kernels_read_what_is_cut_anywhere(bench: Bench) -> None:
    whole = "<?x y=\"1\"?><!--c--><a b='1' c = d>é<![CDATA[x]]><b/><a:b >2</a:b ></a> "
    pieces = [whole.encode()[:end].decode(errors="ignore") for end in range(len(whole.encode()))]
    for first in range(0, len(pieces), _N):
        some = pieces[first : first + _N]
        for document, lane in zip(some, _by_kernel(bench, "//*", some, None), strict=True):
            assert lane is None or (lane.decode(), []) == _by_python("//*", document, None)


@pytest.mark.parametrize(
    "document",
    [
        "<a>" * 253 + "x" + "</a>" * 253,
        "<a>" * 255 + "x" + "</a>" * 255,
        "<a>x</a>" * 9000,
        "<a b=''>x<!-- = --></a>" * 20000,
        "<a>x</a>" * 140000,
        "<" * 70000,
        "<a " + "b=c " * 15000 + ">x</a>",
    ],
    ids=["deep", "too deep", "long", "dense", "too long", "open", "attributes"],
)
def test_documents_that_ask_much(bench: Bench, document: str) -> None:
    (lane,) = _by_kernel(bench, "//a", [document], None)
    value, said = _by_python("//a", document, None)
    assert lane is None or (lane.decode(), []) == (value, said)


def test_sets_that_grow_without_end_are_an_error() -> None:
    document = "<a>" * 250 + "</a>" * 250
    with pytest.raises(SqlError, match="too many nodes"):
        _by_python("//*//*//*//*//*", document, None)


@pytest.mark.parametrize(
    "path", ["/a/..", "1+1", "/a|/b", "/a[b>1]", "/a[1 or b]", "/a[é='é']", "sum(/a)"]
)
def test_other_paths_are_pythons(bench: Bench, path: str) -> None:
    with pytest.raises(_TooMuch):
        _by_kernel(bench, path, ["<a/>"], None)


@pytest.mark.parametrize("new", [None, "<z/>"])
def test_a_batch_of_long_documents(bench: Bench, new: str | None) -> None:
    document = "<a>x</a><b>" + "y" * 300_000 + "</b>"
    lanes = _by_kernel(bench, "//a", [document] * 20, new)
    value, _ = _by_python("//a", document, new)
    assert {lane for lane in lanes if lane is not None} == {value.encode()}
    assert lanes.count(None) < 10
