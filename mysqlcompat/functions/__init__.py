"""The function table: every function and operator of SQL as one row and one Python implementation.

Read: `table` (a row, the evaluation context), `definitions` (how rows are made), then the
families: `operators`, `control`, `numeric`, `strings`, `temporals`, `intervals`, `time_format`,
`documents` (JSON), `info`, `aggregate`. `DEFINITIONS` has what can be called by name, `FUNCTIONS`
all implementations.
"""

from mysqlcompat.functions import (
    aggregate,
    control,
    documents,
    info,
    intervals,
    numeric,
    operators,
    strings,
    temporals,
    time_format,
)
from mysqlcompat.functions.definitions import DEFINITIONS, FUNCTIONS

FAMILIES = (
    operators,
    control,
    numeric,
    strings,
    temporals,
    intervals,
    time_format,
    documents,
    info,
    aggregate,
)

__all__ = ["DEFINITIONS", "FAMILIES", "FUNCTIONS"]
