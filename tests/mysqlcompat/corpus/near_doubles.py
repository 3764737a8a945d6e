"""Doubles of known decimals beside other numbers: equal within half a unit behind the last decimal
of both sides, in `=` and what is made of it; not in lists, CASE and bounds."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import section
from tests.mysqlcompat.corpus.tables import ALL_ROWS

_OPERATORS: Final = ("=", "<=>", "<>", "<", "<=", ">", ">=")
_PAIRS: Final = (
    ("pi()", "3.141593"),
    ("pi()", "3.1415926"),
    ("pi() + d", "203.131593"),
    ("n * pi()", "n * 3.141593"),
    ("time'00:00:03.141593'", "pi()"),
    ("round(fl, 3)", "0.1"),
    ("ifnull(fl, pi())", "0.1"),
    ("(pi(), 1)", "(3.141593, 0)"),
)
_OTHERS: Final = r"""
pi() = '3.141593'
pi() = 3
abs(pi()) = 3.141593
cast(pi() as double) = 3.141593
pi() = cast(3.141593 as json)
mod(pi(), 10) = 3.141593
greatest(pi(), 3) = 3.141593
if(i = 12, pi(), 5) in (3.141593)
if(i = 12, pi(), 5) not in (3.141593)
pi() in (3.141593, 1)
pi() between 3.141593 and 4
pi() between 3.141593 and 3.141593
pi() not between 3.141593 and 3.141593
case pi() when 3.141593 then 1 else 0 end
case when pi() = 3.141593 then 'x' end
nullif(pi(), 3.141593)
nullif(pi() + d, 203.131593)
not pi() = 3.141593
field(pi(), 3.141593)
(pi(), s) > (3.141593, 0)
(pi(), 1) in ((3.141593, 1))
(pi(), 1) in ((3.141593, 1), (2, 2))
round(f / 1.1, 2) = 1.3600001
round(1.23456e0, 2) = 1.23e0
unhex(if(pi() + d >= 203.131593, 'xx', 'zz'))
unhex(nullif(concat('z', pi() + d), if(pi() + d <=> 203.131593, 'x', 'y')))
""".strip().splitlines()
_EXPRESSIONS: Final = [
    *(f"{one} {operator} {other}" for one, other in _PAIRS for operator in _OPERATORS),
    *_OTHERS,
]

SECTIONS: Final = (
    section(_EXPRESSIONS, tail="FROM v"),
    section(
        [f"round(f, 2) {operator} round(d, 1) + 0e0" for operator in _OPERATORS]
        + [f"pi() + coalesce(i, d) {operator} i + 3.141593" for operator in _OPERATORS],
        tail=ALL_ROWS,
        node=True,
    ),
)
