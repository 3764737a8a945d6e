"""PERIOD_ADD and PERIOD_DIFF: months written YYYYMM or YYMM."""

from __future__ import annotations

from mysqlcompat.convert import wrap
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import BIGINT, define
from mysqlcompat.functions.table import Context
from mysqlcompat.sql.typed import Call


def _months(period: int, name: str) -> int:
    """Months since year 0. Raises 1210 where the period has none."""
    period = wrap(period, False)
    year, month = divmod(period, 100)
    if period <= 0 or not 1 <= month <= 12:
        raise SqlError(1210, name)
    if year < 100:
        year += 2000 if year < 70 else 1900
    return year * 12 + month - 1


@define("period_add", "ii", BIGINT)
def period_add(context: Context, call: Call, period: int, more: int) -> int:
    """Computed in unsigned BIGINT: before the year 0 are the last ones of that."""
    months = wrap(_months(period, "period_add") + more, True)
    year, month = divmod(months, 12)
    if year < 100:
        year += 2000 if year < 70 else 1900
    return wrap(year * 100 + month + 1, False)


@define("period_diff", "ii", BIGINT)
def period_diff(context: Context, call: Call, left: int, right: int) -> int:
    return _months(left, "period_diff") - _months(right, "period_diff")
