"""Long statement texts are read on a thread of their own: others are served meanwhile.

Reading a text (tokens, grammar, tree) needs nothing of the session but its sql_mode, and a mistake
at the end of a megabyte is found after seconds. What follows (names, types, plan, code) looks at
the catalog and stays where the engine is.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.parse import Parsed, parse_statement
from mysqlcompat.sql.tokens import Token, split_statements, tokenize

LONG_CHARACTERS: Final = 4096  #: a shorter text is read in some milliseconds
_PARSED: Final = ("SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH", "(")


@dataclass(frozen=True, slots=True)
class LongText:
    """A text of one statement, read ahead. `parsed` is what `parse_statement` gives or raises;
    None: it is for another parser."""

    text: str
    sql_mode: frozenset[str]
    tokens: list[Token]
    parsed: Parsed | Exception | None

    def is_for(self, text: str, sql_mode: frozenset[str]) -> bool:
        return text == self.text and sql_mode == self.sql_mode


def tokens_of(text: str, sql_mode: frozenset[str]) -> list[Token]:
    """The tokens of a text under a session's sql_mode."""
    ansi, backslash = "ANSI_QUOTES" in sql_mode, "NO_BACKSLASH_ESCAPES" not in sql_mode
    return tokenize(text, ansi_quotes=ansi, backslash_escapes=backslash)


async def read_ahead(text: str, sql_mode: frozenset[str]) -> LongText | None:
    """A long text, read while others run; None: it is short, or more than one plain statement."""
    if len(text) < LONG_CHARACTERS:
        return None
    return await asyncio.to_thread(_read, text, sql_mode)


def _read(text: str, sql_mode: frozenset[str]) -> LongText | None:
    try:
        tokens = tokens_of(text, sql_mode)
        if split_statements(text, tokens) != [(0, len(text))]:
            return None
    except SqlError:  # which is found again where it is answered
        return None
    parsed: Parsed | Exception | None = None
    if tokens[0].value in _PARSED:
        try:
            parsed = parse_statement(text, sql_mode)
        except Exception as error:
            parsed = error
    return LongText(text, sql_mode, tokens, parsed)
