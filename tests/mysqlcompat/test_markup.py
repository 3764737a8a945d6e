"""XPath from clients is XPath 1.0: what later versions added is refused, and reads nothing."""

from __future__ import annotations

import pytest

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
