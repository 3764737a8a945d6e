"""Differences of random queries with aggregates for which there is a reason: MySQL's, not ours.

- *Any value*. What ANY_VALUE gives of several rows depends on the order in which MySQL reads them.
  The same query with MAX in its place is answered alike.
- *The order of lists*. Where rows are sorted by group, lists without ORDER BY have the order of
  that sort. The answers have the same characters.
- *Digits of doubles*. The last ones depend on the order of rows. The answers are equal when all
  numbers are rounded to ten digits.
- *Latin-1 in messages*. MySQL puts the bytes of such a text into its message, whose next character
  they take with them. Only warnings differ, and only in what is no ASCII and in quotes.
- *Which of equal texts* stands for a group depends on the order of rows, too.
- *Sorted documents*. MySQL sorts rows to find groups of documents, and warns of those it does not
  compare.
- *Names of documents*. Documents have other names in warnings where they are stored.
- *Zeros in temporary tables*. Before there is a least or greatest moment, the column for it holds
  NULL, of which MySQL makes a zero and warns of it.
- *Stored once more*. Where groups are sorted, told apart or joined, MySQL may store them and send
  the definitions of that table's columns. Only the types of columns differ.
- *Branches in temporary tables*. Joined rows that are sorted are stored, and what IF and COALESCE
  chose among members, moments and numbers is a text then. Texts in their place are answered alike.
- *Names of what is stored*. Errors call what has been stored `???`, `tmp_field` or by its text.
- *Long texts in temporary tables*. As numbers MySQL warns of them as VARCHAR, not as TEXT.
- *Lists nobody looks at*. MySQL cuts, and warns of, only those lists of which a value is wanted.
- *Cut documents*. MySQL cuts stored documents by group_concat_max_len, and cannot read them then.
- *Which error is found first*. Of a query's two errors one is found in MySQL's order of work.
- *Ordered by what is stored*. What ORDER BY computes may be computed of a temporary table's
  columns. Without it the query is answered alike.
- *The order of tables*. MySQL may read the second table of a join first. A left join in its place,
  whose order is known, is answered alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server says of a query: rows and warnings in order, types of columns; or an error."""

    rows: tuple[str, ...] = ()
    types: str = ""
    warnings: tuple[str, ...] = ()
    error: str = ""

    def __str__(self) -> str:
        return self.error or f"{list(self.rows)} {self.types} {list(self.warnings)}"


def reason(
    query: str, expected: Answer, got: Answer, alone: Callable[[str], tuple[Answer, Answer]]
) -> str:
    """Why the answers to `query` differ; "" if nobody knows. `alone`: what another is answered."""
    whys = []
    for why, applies, plain in _RULES:
        if not applies.search(query):
            continue
        before, (expected, got) = (expected, got), (plain(expected), plain(got))
        if before != (expected, got):
            whys.append(why)
        if expected == got:
            return " and ".join(whys[-1:])
    if expected.error.startswith("(3142"):
        return "cut documents"
    if expected.error and got.error:
        return "which error is found first" if expected.error[:5] != got.error[:5] else ""
    for why, odd, usual in _REWRITTEN:
        if odd.search(query):
            there, here = (reduced(query, one) for one in alone(odd.sub(usual, query)))
            if there == here:
                return why
    return ""


def reduced(query: str, answer: Answer) -> Answer:
    """An answer without all that rules allow to differ."""
    for _, applies, plain in _RULES:
        answer = plain(answer) if applies.search(query) else answer
    return answer


def _without_foreign(answer: Answer) -> Answer:
    """An answer whose warnings have neither letters that are no ASCII nor quotes and `?`."""
    plain = {re.sub(r"[^ -~]|[?']", "", one) for one in answer.warnings}
    return replace(answer, warnings=tuple(sorted(plain)))


def _rounded(answer: Answer) -> Answer:
    """An answer whose rows have numbers of ten digits."""
    rows = [_NUMBER.sub(lambda one: f"{float(one[0]):.9e}", row) for row in answer.rows]
    return replace(answer, rows=tuple(sorted(rows)))


def _characters(answer: Answer) -> Answer:
    """An answer with the characters of each row in order."""
    rows = ["".join(sorted(row)) for row in answer.rows]
    warnings = ["".join(sorted(one)) for one in answer.warnings]
    return replace(answer, rows=tuple(sorted(rows)), warnings=tuple(sorted(warnings)))


def _unsorted(answer: Answer) -> Answer:
    return _without(answer, re.compile("sorting of non-scalar JSON values"))


def _without_zeros(answer: Answer) -> Answer:
    return _without(answer, re.compile(r"(?i)'0000-00-00[ 0:.]*' for column '(MIN|MAX)\("))


def _without(answer: Answer, pattern: re.Pattern[str]) -> Answer:
    """An answer without some warnings."""
    return replace(
        answer, warnings=tuple(one for one in answer.warnings if not pattern.search(one))
    )


def _unnamed(answer: Answer) -> Answer:
    """An answer whose warnings do not call documents by name."""
    plain = {re.sub(r"(?<=from column ).*", "", one) for one in answer.warnings}
    return replace(answer, warnings=tuple(sorted(plain)))


def _folded(answer: Answer) -> Answer:
    """An answer without the case of letters."""
    return replace(answer, rows=tuple(sorted(row.casefold() for row in answer.rows)))


def _untyped(answer: Answer) -> Answer:
    return replace(answer, types="")


def _unlooked(answer: Answer) -> Answer:
    return _without(answer, re.compile("was cut by GROUP_CONCAT|1300 Invalid"))


def _unread(answer: Answer) -> Answer:
    return _without(answer, re.compile("1292 Truncated incorrect DOUBLE value"))


def _nameless(answer: Answer) -> Answer:
    """An answer without what its error is about."""
    return replace(answer, error=re.sub(r"value is out of range in .*", "", answer.error))


_STORED: Final = "GROUP BY.* ORDER BY|DISTINCT.*GROUP BY|JOIN.* GROUP BY"
#: Reasons, the queries they are about, and what makes answers equal, beside those before.
_RULES: Final = tuple(
    (why, re.compile(pattern), plain)
    for why, pattern, plain in (
        ("sorted documents", r"\bj\b|JSON_", _unsorted),
        ("zeros in temporary tables", "(MIN|MAX).* GROUP BY", _without_zeros),
        ("names of documents", "GROUP BY", _unnamed),
        ("names of what is stored", _STORED, _nameless),
        ("lists nobody looks at", "GROUP_CONCAT.*(IS NULL|HAVING)|HAVING", _unlooked),
        (
            "long texts in temporary tables",
            r"(?=.*GROUP BY).*(\b(tx|bl|j)\b|GROUP_CONCAT)",
            _unread,
        ),
        ("Latin-1 in messages", "l1", _without_foreign),
        ("stored once more", rf"{_STORED}|GROUP BY [^()]*,|HEX\(.*GROUP BY", _untyped),
        ("digits of doubles", r"(STD|VAR)\w*\(.*(GROUP BY|JOIN)|(SUM|AVG)\(.*ROLLUP", _rounded),
        ("the order of lists", r"(GROUP_CONCAT|JSON_\w+AGG)\(.*GROUP BY|JOIN", _characters),
        ("which of equal texts", "GROUP BY", _folded),
    )
)
#: Reasons, what MySQL does oddly, and what it does not in its place.
_REWRITTEN: Final = tuple(
    (why, re.compile(odd), usual)
    for why, odd, usual in (
        ("any value", r"ANY_VALUE\(", "MAX("),
        ("the order of tables", "(?<!LEFT )JOIN", "LEFT JOIN"),
        (
            "branches in temporary tables",
            r"\b((?:IF|COALESCE)\([^()]*\))(?=.* JOIN )",
            r"CONCAT(\1)",
        ),
        (
            "ordered by what is stored",
            r"(?<=\)|\w) ORDER BY (?!.* SEPARATOR)[^()]*(\(.*\).*)?$",
            "",
        ),
    )
)
