"""What the recogniser notes of a statement on its way."""

from __future__ import annotations

from dataclasses import dataclass, field

from mysqlcompat.sql.grammar_json_table import JsonTableClause


@dataclass(slots=True)
class Item:
    """One select item in the text: start and end of its expression; whether an alias follows."""

    start: int
    end: int
    aliased: bool


@dataclass(slots=True)
class Reading:
    """What was noted on the way. `items` are those of the outermost (first) SELECT."""

    items: list[Item] = field(default_factory=list)
    selects: int = 0
    json_tables: list[JsonTableClause] = field(default_factory=list)  #: in the order of the text
    spaced: str = ""  #: first of the functions that must not be followed by a blank, and is
