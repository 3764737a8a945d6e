"""User variables: their types and values within a statement."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.edges import FEW
from tests.mysqlcompat.corpus.sections import section

_VALUES: Final = (*FEW, "1 + 1", "1 / 3", "concat('a', 'b')", "user()", "1 = 1", "pi()")

#: Expressions on which this server differs on purpose, and why.
DIFFERENT: Final = {
    "@undefined + 1": "a variable that is not set is a text; in MySQL it takes a type like a `?`",
    "@a.b$c := 3": "names with dots are refused, unless they are quoted",
    "@": "a variable without a name is refused",
}

SECTIONS: Final = (
    section(f"@a{place} := {value}" for place, value in enumerate(_VALUES)),
    section(
        f"concat(@b{place} := {value}, '|', coalesce(@b{place}, 'null'))"
        for place, value in enumerate(_VALUES)
    ),
    section(
        (
            "@undefined",
            "@undefined + 1",
            "@undefined is null",
            "@undefined = 'a'",
            "(@c := 5) + @c",
            "(@text := 'x') = @text",
            "@d := @d := 3",
            "@`quoted name` := 1",
            "@'single' := 2",
            "@a.b$c := 3",
            "@UPPER := 1",
            "(@t := 1) + (@T := 2) + @t",
            "@@div_precision_increment",
            "@@session.sql_mode",
            "@@nosuch",
            "@@global.div_precision_increment",
            "collation(@nothing)",
            "coercibility(@nothing)",
            "@e := null",
            "hex(@f := x'41')",
            "1 + (@g := 2) * 3",
            "@h := 1, 2",
            "if((@i := 1) = 1, @i := 2, @i := 3)",
            "@@local.time_zone",
            "@",
        )
    ),
)
