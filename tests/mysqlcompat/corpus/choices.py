"""IF, CASE, COALESCE, GREATEST and their kin: the type that different branches agree on."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.edges import COLUMNS, FEW
from tests.mysqlcompat.corpus.sections import calls, section

_MORE: Final = (
    "case when 1 then 1 end",
    "case when 0 then 1 end",
    "case 1 when 1 then 'a' else 2 end",
    "case 'a' when 'A' then 1 else 2 end",
    "case null when null then 1 else 2 end",
    "case when null then 1 else 2 end",
    "case 1.5 when '1.5' then 'x' end",
    "case when 1 then 1.50 when 2 then 2.123 else 3 end",
    "case when 0 then 1.5 else 1e0 end",
    "case when 1 then date'2024-02-29' else time'10:00:00' end",
    "case x when 1 then 2 end",
    "case when 1 then null end",
    "case when 1 then 18446744073709551615 else -1 end",
    "case 1 when 1.0 then 'dec' when 1 then 'int' end",
    "case when 'a' then 1 else 0 end",
    "if(1, 1.5, 2.125)",
    "if(0, 1.5, 2.125)",
    "if(null, 'a', 'b')",
    "if('x', 1, 2)",
    "if(0.5, 1, 2)",
    "if(1, 'a', x'41')",
    "if(1, 1, '1')",
    "if(1, null, null)",
    "if(1, null, 5)",
    "if(0, 1)",
    "ifnull(1, 'a')",
    "ifnull(1.5, 2.25)",
    "ifnull(null, 1.125)",
    "nullif(1, 1.0)",
    "nullif('a', 'A')",
    "nullif(1.50, 2)",
    "nullif(date'2024-02-29', '2024-02-29')",
    "nullif(null, 1)",
    "nullif(1, null)",
    "coalesce(null, null)",
    "coalesce(null, 1, 2.5)",
    "coalesce()",
    "coalesce(null, date'2024-02-29', 'x')",
    "greatest(1)",
    "greatest(1, null)",
    "greatest('a', 'B', 'c')",
    "greatest(1, 2.5, 3e0)",
    "greatest('10', 9)",
    "least('10', 9)",
    "greatest(date'2024-02-29', '2025-01-01')",
    "least(date'2024-02-29', timestamp'2024-02-29 00:00:01')",
    "greatest(-1, 18446744073709551615)",
    "least(-1, 18446744073709551615)",
    "greatest(time'10:00:00', '09:00:00')",
    "least(x'41', 'a')",
    "greatest('a', 'A' collate utf8mb4_bin)",
    "least(1, 2, 3, null)",
    "greatest(1.5, 1.25)",
    "isnull(null)",
    "isnull(1)",
    "isnull(1/0)",
    "if(isnull(null), 'y', 'n')",
    "any_value(5)",
    "case when 1 then 'a' collate utf8mb4_bin else 'b' collate utf8mb4_general_ci end",
)

_BIT = "MySQL gives the bits as text where the type says that they are a number, or the reverse"
#: Expressions on which this server differs on purpose, and why.
DIFFERENT: Final = {
    **dict.fromkeys(
        (*(f"if(0, {one}, bt)" for one in ("n", "i", "t", "d", "dn")),),
        _BIT,
    ),
    "least(da, j)": "to MySQL what is no date is less here than any date",
    "least(j, da)": "the same",
    "greatest(st, null)": "MySQL calls the text a SET",
}

#: NULLIF has the digits of what it chose.
_FLOATS: Final = (
    "replace(nullif(fl, 5), 1, 2)",
    "concat(nullif(fl, 5))",
    "concat(nullif(fu, 5))",
    "concat(nullif(least(fu,9223372036854775808), 5))",
    "concat(least(fu,9223372036854775808))",
    "concat(least(fu,9223372036854775808), '')",
    "concat(least(fl,5.5))",
    "concat(nullif(least(fl,5.5),5))",
    "concat(nullif(greatest(fl,fu),5))",
    "concat(nullif(greatest(fu, 1),5))",
    "replace(nullif(greatest(fu, 1),5),1,2)",
    "replace(greatest(fu, 1),1,2)",
    "replace(least(fu, 9223372036854775808),1,2)",
    "concat(coalesce(least(fu,9223372036854775808), 5))",
)

SECTIONS: Final = (
    section(_MORE),
    section(calls("ifnull nullif greatest least", FEW, FEW)),
    section(f"if({which}, {one}, {other})" for which in "10" for one in FEW for other in FEW),
    section(f"case when {one} then {other} else 2.5 end" for one in FEW for other in FEW),
    section(calls("coalesce least", COLUMNS, COLUMNS), tail="FROM v"),
    section(calls("if", ("0",), COLUMNS, COLUMNS), tail="FROM v"),
    section(calls("greatest", COLUMNS[::2], ("1", "2.5", "'2024-03-01'", "null")), tail="FROM v"),
    section(_FLOATS, tail="FROM v"),
)
