"""XPath from clients is XPath 1.0: what later versions added is refused, and reads nothing.
What was found in a document is found in others of its shape."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from mysqlcompat.functions import markup
from tests.mysqlcompat.corpus import ours
from tests.mysqlcompat.corpus.sections import section


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
]
_TEXTS = ("", "x", "y z", " ", "1", "&lt;", "é", "a>b", "a < b", "<!-- c -->", "<![CDATA[<q>]]>")
_ATTRIBUTES = ("", "", ' x="1"', " x='2' y=\"3\"", ' y="<b>"', ' x = "4"')


def _document(chosen: random.Random, depth: int = 0) -> str:
    if depth > 3 or chosen.random() < 0.35:
        return chosen.choice(_TEXTS if chosen.random() < 0.97 else ("<", "</b>", "<b"))
    name, attributes = chosen.choice("abc"), chosen.choice(_ATTRIBUTES)
    if chosen.random() < 0.15:
        return f"<{name}{attributes}/>"
    inner = "".join(_document(chosen, depth + 1) for _ in range(chosen.randrange(4)))
    return f"<{name}{attributes}>{inner}</{name}>"


class _Warned:
    def __init__(self) -> None:
        self.said: list[Any] = []

    def warn(self, *said: Any) -> None:
        self.said.append(said)


def _made(function: Callable[..., Any], *values: str) -> Any:
    context = _Warned()
    return function(context, None, *values), context.said


def test_shapes_of_documents_find_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = random.Random(1)
    cases = [
        (_document(chosen) + _document(chosen) * (chosen.random() < 0.2), chosen.choice(_PATHS))
        for _ in range(1500)
    ]

    def all_of_them() -> list[Any]:
        return [
            (_made(markup.extractvalue, *case), _made(markup.updatexml, *case, "<z/>"))
            for case in cases
        ]

    assert sum(markup.find(*case, markup._look) is not None for case in cases) > len(cases) // 2
    by_shape = all_of_them()
    monkeypatch.setattr(markup, "find", lambda *_: None)
    assert by_shape == all_of_them()
