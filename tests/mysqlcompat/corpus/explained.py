"""Differences of random expressions for which there is a reason: MySQL's, not ours.

A reason is a rule, not an expression: `reason` finds the rule that explains a difference entirely.

- *Constants*. MySQL evaluates constant parts while it prepares, whether or not they will be
  reached, some of them again while it runs, and others never. Warnings that a constant part of the
  expression gives by itself are explained, and the error that one of them is by itself, here and
  there; values and types are not.
- *Formats that are not utf8mb4*. MySQL copies the bytes of DATE_FORMAT's pattern into a text of the
  connection's character set, which may be none then.
- *BIT among numbers*. Where IF or CASE chooses a BIT column among numbers, MySQL sends its bytes as
  the text of a number. Such a column's number in its place explains the difference.
- *NULLIF of numbers beside moments*. Of a constant number that is compared with a DATETIME column
  MySQL makes the 64 bits it stores, takes these for the number of a date and finds none. A computed
  DATETIME in the column's place explains the difference.
- *Dates in documents*. The text of a date that GREATEST or LEAST chose has the character set that a
  buffer had before: in JSON_ARRAY and JSON_OBJECT that of an earlier text, otherwise none. The
  answers are equal once what is of none is read.
- *Sizes of decimals*. JSON_STORAGE_SIZE depends on how MySQL has computed a DECIMAL, not only on
  its value.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tests.mysqlcompat.corpus.grammar_of_values import Tree
from tests.mysqlcompat.corpus.tables import COLUMNS

_COLUMN: Final = re.compile(rf"\b(?:{'|'.join(name for name, _, _ in COLUMNS)})\b")
_TEXT: Final = re.compile(r"(?:\b[nbx])?'(?:[^'\\]|\\.|'')*'")
#: What MySQL does oddly, what it does not in its place, and the reason.
_ODDITIES: Final = (
    (
        "date_format({t}, {s})",
        "date_format({t}, convert({s} using utf8mb4))",
        "formats that are not utf8mb4",
    ),
    ("json_storage_size({j})", "json_length({j})", "sizes of decimals"),
)
_OPAQUE: Final = re.compile("base64:type15:([A-Za-z0-9+/]*=*)")
_MOMENTS: Final = ("dt", "dt6", "ts")


def is_constant(tree: Tree) -> bool:
    """Whether no column is in it."""
    return not _COLUMN.search(_TEXT.sub("''", tree.text))


def reason(
    tree: Tree,
    expected: str,
    got: str,
    warnings_of: Callable[[str], set[str]],
    alone: Callable[[str], tuple[str, str]],
) -> str | None:
    """Why the answers to `tree` differ; None if nobody knows. `warnings_of`: what an expression
    warns of when it is asked by itself, here and there; `alone`: what is answered to it then."""
    if expected.startswith("!") or got.startswith("!"):
        return "errors of constants" if _is_of_constant(tree, expected, got, alone) else None
    value, meta, *warned = expected.split("\t")
    other_value, other_meta, *other_warned = got.split("\t")
    if value == other_value and meta == other_meta:
        beyond = set(warned) ^ set(other_warned)
        constants = {one.text for one in (tree, *tree.below()) if one.inner and is_constant(one)}
        known = set().union(*map(warnings_of, constants)) if constants else set()
        if beyond <= known:
            return "constants"
    used = {one.template for one in (tree, *tree.below())}
    if _is_document_of_dates(used) and _readable(expected) == _readable(got):
        return "dates in documents"
    for plain, why in (
        (_numbered(tree), "BIT among numbers"),
        (_computed(tree), "NULLIF of numbers beside moments"),
    ):
        if plain != tree:
            there, here = alone(plain.text)
            if there == here:
                return why
    for odd, usual, why in _ODDITIES:
        if odd in used:
            there, here = alone(_rewritten(tree, odd, usual).text)
            if there == here:
                return why
    return None


def _rewritten(tree: Tree, template: str, other: str) -> Tree:
    """`tree` with another template wherever it has `template`."""
    inner = tuple(_rewritten(one, template, other) for one in tree.inner)
    return replace(
        tree, template=other if tree.template == template else tree.template, inner=inner
    )


def _is_document_of_dates(used: set[str]) -> bool:
    """Whether among the templates are those of a document and of what chooses among dates."""
    made = any(one.startswith(("json_array(", "json_object(")) for one in used)
    return made and any(one.startswith(("greatest(", "least(")) for one in used)


def _readable(answer: str) -> str:
    """An answer with the texts of no character set that are in it as texts."""
    return _OPAQUE.sub(lambda found: base64.b64decode(found[1]).decode("latin-1"), answer)


def _numbered(tree: Tree) -> Tree:
    """`tree` with the number of a BIT column wherever IF or CASE may choose it."""
    inner = tuple(map(_numbered, tree.inner))
    if tree.template.startswith(("if(", "case ")):
        inner = tuple(
            replace(one, template="(bt + 0)") if one.text == "bt" else one for one in inner
        )
    return replace(tree, inner=inner)


def _computed(tree: Tree) -> Tree:
    """`tree` with a computed DATETIME for a column in which NULLIF looks for a number."""
    inner = tuple(map(_computed, tree.inner))
    if tree.template == "nullif({t}, {t})" and inner[1].text in _MOMENTS and is_constant(inner[0]):
        inner = inner[0], replace(inner[1], template=f"cast({inner[1].text} as datetime(6))")
    return replace(tree, inner=inner)


def _is_of_constant(
    tree: Tree, expected: str, got: str, alone: Callable[[str], tuple[str, str]]
) -> bool:
    """Whether each error among the answers is that of a constant part, both here and there."""
    errors = {answer for answer in (expected, got) if answer.startswith("!")}
    constants = {one.text for one in tree.below() if one.inner and is_constant(one)}
    known = {there for there, here in map(alone, constants) if there == here}
    return errors <= known
