"""JSON values of rows: sorted, grouped, aggregated."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import section

_AGGREGATED: Final = (
    "i",
    "u",
    "d",
    "f",
    "s",
    "bin",
    "da",
    "dt",
    "ti",
    "j",
    "e",
    "y",
    "k",
    "null",
    "1 = 1",
    "i > 1",
    "json_array(i, s)",
    "json_object('s', s)",
    "cast(i as char)",
    "j->'$.a'",
)

_SORTED: Final = (
    section(("id", "j", "j is null"), tail="FROM g ORDER BY j, id", node=True),
    section(("id", "j", "j is null"), tail="FROM g ORDER BY j DESC, id", node=True),
    section(("id", "j", "j is null"), tail="FROM g WHERE j > 0 ORDER BY j, id", node=True),
    section(("j, count(*)", "json_type(j)"), tail="FROM g GROUP BY j ORDER BY j", node=True),
    section(("distinct j",), tail="FROM g ORDER BY 1", node=True),
    section(("group_concat(distinct j order by j)",), tail="FROM g", node=True),
)
SECTIONS: Final = (
    *(
        section(
            [
                *(f"json_arrayagg({one})" for one in _AGGREGATED),
                *(f"json_objectagg(id, {one})" for one in _AGGREGATED),
                *(f"json_objectagg({one}, id)" for one in _AGGREGATED),
            ],
            tail=f"FROM g {tail}".rstrip(),
            node=True,
        )
        for tail in ("", "GROUP BY k ORDER BY k", "WHERE id > 99", "WHERE s IS NOT NULL")
    ),
    section(
        (
            "max(j)",
            "min(j)",
            "count(distinct j)",
            "count(j)",
            "sum(j)",
            "avg(j)",
            "group_concat(j order by id)",
            "group_concat(distinct j order by j)",
            "json_length(json_arrayagg(j))",
            "json_pretty(json_arrayagg(i))",
            "json_objectagg(s, i)",
            "json_objectagg('a', i)",
            "json_objectagg(null, i)",
            "json_arrayagg()",
            "json_arrayagg(i, j)",
            "json_objectagg(i)",
            "bit_or(j)",
            "json_extract(json_arrayagg(id), '$[0]')",
            "json_arrayagg(distinct i)",
        ),
        tail="FROM g",
        node=True,
    ),
    *(
        section(("id", "j", "j is null"), tail=tail, node=True)
        for tail in (
            "FROM g ORDER BY j, id",
            "FROM g ORDER BY j DESC, id",
            "FROM g WHERE j = 1 ORDER BY id",
            "FROM g WHERE j > 0 ORDER BY j, id",
            "FROM g WHERE j = 'x'",
            "FROM g WHERE j IS NULL",
            "FROM g ORDER BY j->'$.a', id",
            "FROM g WHERE j->>'$[0]' = '1'",
            "FROM g ORDER BY CAST(s AS JSON)",
            "FROM g WHERE 1 MEMBER OF (j) ORDER BY id",
        )
    ),
    section(("j, count(*)", "json_type(j)"), tail="FROM g GROUP BY j ORDER BY j", node=True),
    section(("distinct j", "distinct json_type(j)"), tail="FROM g ORDER BY 1", node=True),
)
