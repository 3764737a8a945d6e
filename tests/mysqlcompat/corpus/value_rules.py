"""What random expressions are made of: leaves, and templates whose places are expressions.

Kinds: n number, s string, t date or time, b condition, j JSON, y binary string. Only functions
whose value does not depend on the clock, the session or chance. A tuple among the templates is one
function in several forms: they share its chance.
"""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.edges import DECIMALS, DOUBLES, INTEGERS, STRINGS, TEMPORALS

Rules = dict[str, tuple[str | tuple[str, ...], ...]]

LEAVES: Final = {
    "n": (*INTEGERS[:16], *DECIMALS[:7], *DOUBLES[:5], "null", "i", "d", "f", "t", "u", "n"),
    "s": (*STRINGS[:14], "null", "s", "sn", "c", "gc"),
    "t": (*TEMPORALS[:8], "da", "dt6", "ti", "null"),
    "b": ("true", "false", "null", "i > 5", "n is null"),
    "j": ("cast('[1, 2]' as json)", "cast('{\"a\": 1}' as json)", "j", "cast('1' as json)"),
}
#: Result kind -> templates; each {x} is an expression of that kind.
RULES: Final[Rules] = {
    "n": (
        "({n} + {n})", "({n} - {n})", "({n} * {n})", "({n} / {n})", "({n} div {n})", "({n} % {n})",
        "-({n})", "abs({n})", "sign({n})", "round({n}, 2)", "truncate({n}, 1)", "floor({n})",
        "ceil({n})", "mod({n}, {n})", "({n} & {n})", "({n} | 5)", "length({s})", "char_length({s})",
        "locate({s}, {s})", "ascii({s})", "cast({s} as signed)", "cast({n} as decimal(10,2))",
        "cast({t} as unsigned)", "if({b}, {n}, {n})", "ifnull({n}, {n})", "nullif({n}, {n})",
        "coalesce({n}, {n}, {n})", "greatest({n}, {n})", "least({n}, {n})", "year({t})",
        "case when {b} then {n} else {n} end", "({b})", "strcmp({s}, {s})", "interval({n}, 1, 10)",
    ),
    "s": (
        "concat({s}, {s})", "upper({s})", "lower({s})", "left({s}, 3)", "right({s}, 2)",
        "trim({s})",
        "replace({s}, {s}, 'x')", "substring({s}, 2)", "reverse({s})", "concat({n}, {s})",
        "cast({n} as char)", "cast({t} as char)", "if({b}, {s}, {s})", "ifnull({s}, {s})",
        "coalesce({s}, {n})", "repeat({s}, 2)", "hex({n})", "lpad({s}, 5, '*')",
        "elt(2, {s}, {s})",
        "case when {b} then {s} else {s} end", "nullif({s}, {s})", "concat_ws(',', {s}, {n})",
    ),
    "t": (
        "cast({t} as date)", "cast({t} as datetime(3))", "if({b}, {t}, {t})", "ifnull({t}, {t})",
        "date_add({t}, interval 1 day)", "coalesce({t}, {t})", "cast('2024-02-29' as date)",
    ),
    "b": (
        "({n} = {n})", "({n} < {n})", "({n} <=> {n})", "({s} = {s})", "({s} > {s})", "({s} <> {s})",
        "({t} < {t})", "({t} = {t})", "({b} and {b})", "({b} or {b})", "not ({b})", "({b} xor {b})",
        "({n} between {n} and {n})", "({n} in ({n}, {n}))", "({s} in ({s}, {s}))", "({s} like {s})",
        "({n} is null)", "(({b}) is true)", "isnull({s})", "({n} = {s})",
    ),
    "j": ("json_array({n}, {s})", "json_object('k', {n})", "json_extract({j}, '$[0]')"),
}  # fmt: skip

# The wide grammar: whatever the manual's chapter has ------------------------------------------

_UNITS: Final = (
    "microsecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year",
)  # fmt: skip
_LONG_UNITS: Final = (
    *_UNITS, "second_microsecond", "minute_microsecond", "minute_second", "hour_microsecond",
    "hour_second", "hour_minute", "day_microsecond", "day_second", "day_minute", "day_hour",
    "year_month",
)  # fmt: skip
_COLLATIONS: Final = ("bin", "general_ci", "0900_ai_ci", "0900_as_cs", "unicode_ci")


def _one_argument(names: str, kind: str) -> tuple[str, ...]:
    """``name({kind})`` for each of `names`."""
    return tuple(f"{name}({{{kind}}})" for name in names.split())


WIDE_LEAVES: Final = {
    "n": (
        *LEAVES["n"], *INTEGERS[16:], *DECIMALS[7:], *DOUBLES[5:], "bu", "b", "dn", "fl", "y", "bt",
        "e + 0", "st + 0", "20240229", "131415", "20240229131415.5", "0x41", "b'101'", "id", "fu",
        "d65", "'12'", "3", "7",
    ),
    "s": (
        *LEAVES["s"], *STRINGS[14:], "tx", "e", "st", "sb", "l1", "'2024-02-29'", "'13:14:15'",
        "'2024-02-29 13:14:15.5'", "'2024-02-30'", "'10:70:00'", "_latin1'abc'", "_utf8mb3'x'",
        "n'abc'", "'%a%'", "'1,2'", "'[1, 2]'", "'Europe/Berlin'",
    ),
    "t": (
        *LEAVES["t"], *TEMPORALS[8:], "dt", "ts", "t6", "date'0000-00-00'", "date'2023-12-31'",
        "timestamp'2023-03-26 02:30:00'",
    ),
    "b": (*LEAVES["b"], "ti < 0", "s like '%a%'", "y = 2024", "e = 'medium'"),
    "j": (
        *LEAVES["j"], "cast('null' as json)", "cast('true' as json)", "cast('\"abc\"' as json)",
        "cast('-1.5' as json)", "cast('\"12\"' as json)", "null", "cast(1.25 as json)",
        "cast('18446744073709551615' as json)", "cast(date'2024-02-29' as json)",
        "cast('[1, \"a\", {\"b\": [2, null]}]' as json)", "j->'$.n'", "j->>'$.city'",
    ),
    "y": (
        "x'41'", "x'80ff'", "_binary'abc'", "bin", "bl", "b'101'", "x''", "null", "_binary'12'",
        "cast('abc' as binary)", "x'0001020304050607'",
    ),
}  # fmt: skip
WIDE_RULES: Final[Rules] = {
    "n": (
        *RULES["n"],
        ("({n} ^ {n})", "({n} << {n})", "({n} >> {n})", "~({n})", "({n} | {n})", "bit_count({n})"),
        ("bit_count({y})", "length({y})", "crc32({y})", "ascii({y})", "({y} + 0)", "-{y}"),
        ("({t} + 0)", "({t} - {n})", "({t} * 2)", "-({t})", "({s} + {n})", "({s} / {s})"),
        ("({j} + {n})", "({j} * 2)", "-({j})", "cast({j} as signed)", "cast({j} as decimal(8,2))"),
        _one_argument("ord crc32 bit_length octet_length", "s"),
        ("instr({s}, {s})", "position({s} in {s})", "locate({s}, {s}, {n})", "length({j})"),
        ("field({n}, {n}, {n})", "field({s}, {s}, {s})", "field({t}, {t}, {s})"),
        ("find_in_set({s}, {s})", "uncompressed_length({y})", "coercibility({s})"),
        _one_argument("month day dayofweek weekday dayofyear quarter weekofyear", "t"),
        _one_argument("hour minute second microsecond to_days to_seconds time_to_sec", "t"),
        ("week({t})", "week({t}, 1)", "week({t}, 3)", "week({t}, 4)", "week({t}, 6)"),
        ("yearweek({t})", "yearweek({t}, 2)", "yearweek({t}, {n})", "week({t}, {n})"),
        tuple(f"extract({unit} from {{t}})" for unit in _LONG_UNITS),
        tuple(f"timestampdiff({unit}, {{t}}, {{t}})" for unit in _UNITS),
        ("datediff({t}, {t})", "unix_timestamp({t})", "unix_timestamp({s})", "datediff({s}, {t})"),
        ("period_add({n}, {n})", "period_diff({n}, {n})", "month({s})", "hour({s})", "year({n})"),
        ("year({s})", "dayofmonth({n})", "to_days({s})", "minute({n})", "time_to_sec({s})"),
        _one_argument("sqrt ln log log2 log10 exp sin cos tan cot asin acos atan degrees", "n"),
        ("log({n}, {n})", "pow({n}, {n})", "atan({n}, {n})", "radians({n})"),
        ("round({n})", "round({n}, {n})", "truncate({n}, {n})", "round({n}, -1)", "round({s}, 1)"),
        ("cast({s} as unsigned)", "cast({n} as signed)", "cast({n} as unsigned)"),
        ("cast({n} as double)", "cast({s} as float)", "cast({s} as decimal(20,4))"),
        ("cast({t} as decimal(20,3))", "cast({s} as double)", "cast({n} as decimal(5,0))"),
        ("cast({n} as year)", "cast({s} as year)", "cast({t} as year)"),
        ("json_length({j})", "json_depth({j})", "json_storage_size({j})", "json_valid({s})"),
        ("if({b}, {n}, {s})", "ifnull({t}, {n})", "coalesce({n}, {t})", "greatest({n}, {s})"),
        ("case {n} when {n} then {n} else {n} end", "nullif({n}, {s})", "least({t}, {n})"),
        ("inet_aton({s})", "any_value({n})", "interval({n}, {n}, {n})", "regexp_instr({s}, {s})"),
    ),
    "s": (
        *RULES["s"],
        ("conv({n}, 10, 16)", "conv({s}, 16, 10)", "conv({n}, {n}, {n})", "bin({n})", "oct({n})"),
        ("hex({s})", "hex({y})", "hex(cast({s} as binary))", "to_base64({s})", "to_base64({y})"),
        ("sha2({s}, 256)", "sha2({s}, {n})"),
        ("insert({s}, {n}, {n}, {s})", "insert({s}, 2, 1, 'xy')", "substring({s}, {n}, {n})"),
        ("left({s}, {n})", "right({s}, {n})", "mid({s}, 2, 2)", "substring({s}, {n})"),
        ("ltrim({s})", "rtrim({s})", "trim(leading {s} from {s})", "trim(both 'a' from {s})"),
        ("substring_index({s}, {s}, {n})", "substring_index({s}, ',', 1)", "rpad({s}, {n}, {s})"),
        ("export_set({n}, 'Y', 'N', ',', 4)", "make_set({n}, {s}, {s}, {s})", "elt({n}, {s}, {s})"),
        ("format({n}, 2)", "format({n}, {n})", "format({n}, 2, 'de_DE')", "format({s}, 1)"),
        ("quote({s})", "soundex({s})", "space({n})", "repeat({s}, {n})", "lpad({s}, {n}, {s})"),
        ("char({n}, {n})", "char({n} using utf8mb4)", "quote({n})", "hex(char({n}))"),
        ("date_format({t}, '%Y-%m-%d %H:%i:%s.%f')", "date_format({t}, '%W %M %D %y %U %v %x')",
         "date_format({t}, {s})", "time_format({t}, '%H %k %h %i %p %f')",
         "date_format({s}, '%j')"),
        ("dayname({t})", "monthname({t})", "dayname({s})", "concat({t}, {s})", "concat({t}, {n})"),
        ("cast({s} as char(3))", "cast({n} as char(2))", "cast({j} as char)", "concat({j}, {s})"),
        ("convert({s} using latin1)", "convert({s} using utf8mb3)", "convert({s} using binary)",
         "convert({s} using ascii)"),
        tuple(f"({{s}} collate utf8mb4_{name})" for name in _COLLATIONS),
        ("regexp_replace({s}, 'a', {s})", "regexp_substr({s}, '[0-9]+')", "inet_ntoa({n})"),
        ("charset({s})", "collation({s})", "collation({n})", "collation({t})"),
        ("json_unquote({j})", "json_type({j})", "json_pretty({j})", "json_quote({s})"),
        ("if({b}, {n}, {s})", "if({b}, {t}, {s})", "ifnull({t}, {s})", "coalesce({t}, {s}, {n})"),
        ("greatest({s}, {s})", "least({s}, {n})", "greatest({t}, {s})", "least({s}, {s}, {t})"),
        ("if({b}, {j}, {s})", "coalesce({j}, {n})", "ifnull({y}, {s})", "concat({y}, {s})"),
        ("case {s} when {s} then {s} when {n} then {t} else {n} end", "nullif({s}, {n})"),
        ("case {t} when {s} then {s} else {n} end", "nullif({t}, {s})", "concat_ws({s}, {t}, {j})"),
        ("hex(weight_string({s}))", "hex(weight_string({s} as char(3)))", "reverse({n})"),
        ("upper({n})", "lower({t})", "concat({n}, {n})", "replace({n}, 1, {n})", "trim({n})"),
    ),
    "t": (
        *RULES["t"],
        ("cast({t} as time)", "cast({t} as time(2))", "cast({t} as datetime)", "date({t})"),
        ("cast({s} as date)", "cast({s} as datetime(6))", "cast({s} as time(3))", "time({t})"),
        ("cast({n} as date)", "cast({n} as datetime)", "cast({n} as time)", "date({s})"),
        ("cast({j} as date)", "cast({j} as datetime)", "time({s})", "timestamp({s})"),
        tuple(f"date_add({{t}}, interval {{n}} {unit})" for unit in _LONG_UNITS),
        tuple(f"({{t}} - interval {{n}} {unit})" for unit in _UNITS),
        tuple(f"date_sub({{t}}, interval {{s}} {unit})" for unit in _LONG_UNITS),
        tuple(f"date_add({{s}}, interval {{n}} {unit})" for unit in _UNITS),
        tuple(f"timestampadd({unit}, {{n}}, {{t}})" for unit in _UNITS),
        ("addtime({t}, {t})", "subtime({t}, {t})", "timediff({t}, {t})", "addtime({t}, {s})"),
        ("subtime({s}, {t})", "addtime({s}, {s})", "timediff({s}, {s})"),
        ("makedate({n}, {n})", "maketime({n}, {n}, {n})", "sec_to_time({n})", "from_days({n})"),
        ("from_unixtime({n})", "last_day({t})", "last_day({s})", "timestamp({t})"),
        ("timestamp({t}, {t})", "timestamp({s}, {s})", "str_to_date({s}, '%Y-%m-%d')"),
        ("str_to_date({s}, '%H:%i:%s')", "str_to_date({s}, {s})", "adddate({t}, {n})"),
        ("convert_tz({t}, '+00:00', '+05:30')", "convert_tz({t}, 'Europe/Berlin', 'UTC')",
         "convert_tz({t}, {s}, '-08:00')"),
        ("greatest({t}, {t})", "least({t}, {t})", "nullif({t}, {t})", "any_value({t})"),
        ("case when {b} then {t} else {t} end", "if({b}, {t}, {s})", "coalesce({t}, {s})"),
        ("greatest({t}, {s})", "ifnull({t}, {n})", "case {t} when {t} then {t} end"),
    ),
    "b": (
        *RULES["b"],
        ("({n} <> {n})", "({n} >= {n})", "({n} <= {s})", "({s} <=> {s})", "({t} <=> {t})"),
        ("({t} = {s})", "({t} > {s})", "({t} < {n})", "({t} = {n})", "({s} >= {t})", "({n} = {t})"),
        ("({j} = {n})", "({j} < {s})", "({j} = {j})", "({j} >= {t})", "({j} <=> {n})"),
        ("({y} = {s})", "({y} < {y})", "({y} = {n})", "({y} like {s})", "({s} = {j})"),
        ("(({n}, {s}) = ({n}, {s}))", "(({n}, {n}) < ({n}, {n}))", "(({t}, {s}) <=> ({s}, {n}))"),
        ("(({n}, {n}) in (({n}, {n}), ({n}, {n})))", "(({s}, {n}) in ((null, {n}), ({s}, 1)))"),
        ("(({n}, {s}) <> ({s}, {n}))", "(({s}, {t}) >= ({s}, {t}))"),
        ("({s} between {s} and {s})", "({t} between {t} and {t})", "({t} between {s} and {s})"),
        ("({n} not between {s} and {n})", "({s} between {n} and {t})", "({n} between {t} and {n})"),
        ("({n} in ({n}, null, {n}))", "({s} not in ({s}, null))", "({t} in ({t}, {t}))"),
        ("({t} in ({s}, {s}))", "({n} in ({s}, {n}, {t}))", "({s} in ({n}, {s}))",
         "({j} in (1, {n}))"),
        ("({n} not in ({n}, {n}, {n}))", "({s} in ({t}, {s}))", "({t} not in ({n}, {t}))"),
        ("({s} not like {s})", "({s} like {s} escape '|')", "({n} like {s})", "({t} like {s})"),
        ("({s} regexp '^[a-z]')", "regexp_like({s}, 'A', 'c')", "({s} sounds like {s})"),
        ("(({b}) is not true)", "(({b}) is unknown)", "(({n}) is false)", "(({s}) is not null)"),
        ("({n} && {s})", "({t} or {n})", "(! {n})", "not ({s})", "({n} xor {t})", "({j} or {b})"),
        ("json_contains({j}, {j})", "json_overlaps({j}, {j})", "({n} member of ({j}))"),
        ("({s} member of ({j}))", "json_contains_path({j}, 'one', '$.a')", "json_valid({j})"),
        ("is_ipv4({s})", "is_uuid({s})", "is_ipv6({s})", "isnull({t})", "({j} is null)"),
        ("json_schema_valid('{\"type\": \"number\"}', {j})", "(({t}) is true)"),
    ),
    "j": (
        *RULES["j"],
        ("json_set({j}, '$.a', {n})", "json_insert({j}, '$.b', {s})",
         "json_replace({j}, '$[0]', {t})"),
        ("json_remove({j}, '$.a')", "json_array_append({j}, '$', {n})", "json_quote({s})"),
        ("json_merge_patch({j}, {j})", "json_merge_preserve({j}, {j})", "json_keys({j})"),
        ("json_search({j}, 'all', {s})", "json_array_insert({j}, '$[1]', {n})"),
        ("cast({n} as json)", "cast({t} as json)", "cast({b} as json)", "cast({y} as json)"),
        ("json_array({t}, {b}, {j})", "json_object({s}, {j})", "json_array({y}, {n})"),
        ("json_extract({j}, '$.*')", "json_extract({j}, '$**.b')", "json_extract({j}, '$[last]')"),
        ("json_value({j}, '$[0]' returning signed)",
         "json_value({j}, '$.a' returning decimal(6,2))",
         "json_value({j}, '$')", "json_value({j}, '$.a' returning char(3))",
         "json_value({j}, '$[1]' returning date null on error)"),
        ("if({b}, {j}, {j})", "coalesce({j}, {j})", "ifnull({j}, {j})", "nullif({j}, {j})"),
        ("case when {b} then {j} else {j} end", "json_array({s}, {s}, {s})", "any_value({j})"),
    ),
    "y": (
        ("({y} & {y})", "({y} | {y})", "({y} ^ {y})", "~{y}", "({y} << {n})", "({y} >> 1)"),
        ("cast({s} as binary)", "cast({s} as binary(4))", "cast({n} as binary)", "binary {s}"),
        ("unhex({s})", "from_base64({s})", "concat({y}, {y})", "substring({y}, 2)", "reverse({y})"),
        ("cast({t} as binary)", "left({y}, {n})", "lpad({y}, 4, {y})", "repeat({y}, 2)"),
        ("if({b}, {y}, {y})", "coalesce({y}, {y})", "ifnull({y}, {y})", "nullif({y}, {y})"),
        ("inet6_aton({s})", "weight_string({s})", "char({n}, {n})", "uncompress(compress({s}))"),
        ("aes_encrypt({s}, 'key')", "replace({y}, {y}, {y})", "trim({y})", "greatest({y}, {y})"),
    ),
}  # fmt: skip
