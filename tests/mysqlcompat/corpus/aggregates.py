"""Aggregate functions over the groups of `g`: all of its rows, by group, of no rows."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import calls, section

_COLUMNS: Final = ("i", "u", "d", "f", "s", "bin", "da", "dt", "ti", "j", "e", "y", "k")
_MORE: Final = (
    "count(*)", "count(distinct i)", "count(distinct k, i)", "count(distinct s)", "count(distinct da)",
    "count(distinct null)", "sum(distinct i)", "avg(distinct i)", "min(distinct s)", "sum(i + d)",
    "sum(i) + avg(d)", "sum(1)", "sum(null)", "avg(null)", "min(null)", "max(1)", "sum(1.5)",
    "sum('x')", "sum('2')", "avg(1)", "avg(2.50)", "sum(if(i > 1, 1, 0))", "count(if(i > 1, 1, null))",
    "sum(i) / count(*)", "max(i) - min(i)", "group_concat(i)", "group_concat(s order by s)",
    "group_concat(s order by s desc separator '; ')", "group_concat(distinct i order by i)",
    "group_concat(distinct s order by s)", "group_concat(i, ':', d order by id)",
    "group_concat(k, i order by id separator '')", "group_concat(null)", "group_concat(d order by f desc)",
    "group_concat(s order by i, s desc)", "group_concat(distinct i, u order by id)",
    "group_concat(bin order by id)", "group_concat(j order by id)", "group_concat(e order by e)",
    "group_concat(da order by da)", "group_concat(1)", "group_concat(distinct k)",
    "group_concat(i order by 1)", "group_concat(i order by -i separator '|')",
    "bit_and(i)", "bit_or(i)", "bit_xor(i)", "bit_and(bin)", "bit_or(u)", "bit_xor(d)", "bit_or(s)",
    "bit_and(null)", "bit_or(null)", "bit_xor(distinct i)", "json_arrayagg(i)", "json_arrayagg(s)",
    "json_arrayagg(j)", "json_arrayagg(d)", "json_arrayagg(dt)", "json_objectagg(id, i)",
    "json_objectagg(id, s)", "json_objectagg(s, 1)", "json_objectagg(k, i)", "any_value(5)",
    "any_value(count(*))", "std(distinct i)", "sum(count(*))", "sum(i = 2)", "max(k = 'a')",
    "count(i, d)", "sum(i, d)", "min(1, 2)", "group_concat()", "sum(cast(i as unsigned))",
    "round(avg(i), 2)", "concat(min(s), max(s))", "coalesce(sum(null), 0)", "count(distinct i + 0, s)",
    "min(da) + interval 1 day", "cast(sum(i) as char)", "if(count(*) > 1, 'many', 'one')",
    "variance(1)", "var_samp(1)", "stddev_samp(2)", "sum(u)", "avg(u)", "min(u)", "max(u)",
)  # fmt: skip
_ALL: Final = (
    *calls("count sum avg min max std stddev_samp var_pop variance bit_or", _COLUMNS), *_MORE,
)  # fmt: skip
_ROLLUP: Final = (
    "k", "count(*)", "sum(i)", "grouping(k)", "group_concat(i order by id)", "ifnull(k, 'all')",
    "if(grouping(k), 'total', k)", "max(s)", "avg(d)", "count(distinct i)", "concat(k, 'x')",
)  # fmt: skip

SECTIONS: Final = (
    section(_ALL, tail="FROM g", node=True),
    section(_ALL, tail="FROM g GROUP BY k ORDER BY k", node=True),
    section(_ALL, tail="FROM g WHERE id > 99", node=True),
    section(_ROLLUP, tail="FROM g GROUP BY k WITH ROLLUP", node=True),
    section(
        ("group_concat(s order by id)", "group_concat(id order by id)", "length(group_concat(s, s))",
         "group_concat('ää')", "group_concat(bin)"),
        tail="FROM g", node=True, settings={"group_concat_max_len": "10"},
    ),
    section(("avg(i)", "avg(d)", "sum(i)/3"), tail="FROM g", node=True,
            settings={"div_precision_increment": "8"}),
)  # fmt: skip
