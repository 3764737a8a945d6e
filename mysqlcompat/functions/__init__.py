"""The function table: every function and operator of SQL as one row and one Python implementation.

Read: `table` (a row, the evaluation context), `definitions` (how rows are made), then the
families: `operators` (on `like_pattern`, `operator_columns`), `control`, `extremes`, `numeric`,
`strings`, `string_search`, `string_codes` (HEX, CHAR, BASE64 …), `number_format` (FORMAT), `sets`,
`regular_expressions` (on `icu_pattern`),
`encryption`, `compression`, `digests` (by `digest_words`), `network`, `markup` (XML;
`markup_reader`, `xpath` by `xpath_parser` and `xpath_values`), `temporals`, `seconds`,
`intervals`, `time_differences`, `time_format` (on `format_columns`), `documents` (JSON;
`json_contained`, `json_search`, `json_value`, `json_schema` by `schema_rules`, `in_place`),
`key_parts` (functional ones), `defaults` (implicit ones), `info`, `aggregate` (`accumulators`).
`DEFINITIONS` has what can be called by name, `FUNCTIONS` all implementations.
"""

from mysqlcompat.functions import (
    aggregate,
    compression,
    control,
    defaults,
    digests,
    documents,
    encryption,
    extremes,
    in_place,
    info,
    intervals,
    json_contained,
    json_schema,
    json_search,
    json_value,
    key_parts,
    markup,
    network,
    number_format,
    numeric,
    operators,
    periods,
    regular_expressions,
    seconds,
    sets,
    string_codes,
    string_search,
    strings,
    temporals,
    time_differences,
    time_format,
    time_parse,
    time_zones,
)
from mysqlcompat.functions.definitions import DEFINITIONS, FUNCTIONS

FAMILIES = (
    operators,
    control,
    extremes,
    numeric,
    strings,
    string_search,
    string_codes,
    number_format,
    sets,
    regular_expressions,
    encryption,
    compression,
    digests,
    network,
    markup,
    temporals,
    seconds,
    intervals,
    time_differences,
    time_format,
    time_parse,
    time_zones,
    periods,
    documents,
    json_value,
    json_contained,
    json_search,
    json_schema,
    in_place,
    key_parts,
    defaults,
    info,
    aggregate,
)

__all__ = ["DEFINITIONS", "FAMILIES", "FUNCTIONS"]
