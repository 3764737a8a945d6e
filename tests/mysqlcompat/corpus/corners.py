"""Corners where rules meet, by rule: dates among texts, times as dates, choices, IN, weights."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import section

_AMONG_DATES: Final = (
    "greatest(da, c)",
    "greatest(da, if(i > 5, 'abc', upper('x')))",
    "greatest(da, if(i > 5, 'x', 0))",
    "greatest(da, if(i < 5, 'x', 20240401))",
    "greatest(da, nullif(c, 'x'))",
    "greatest(da, ifnull(n, 'abc'))",
    "least(da, if(i < 5, 'x', 1.5))",
    "least(date'9999-12-31', if(null, 'a', t6))",
    "least('0.0.0.0', '2024-01-01', date'9999-12-31')",
    "least(da, 0)",
    "least(da, year(date'1000-01-01'))",
    "least(dt, y)",
    "greatest(cast(dt as datetime(3)), c)",
    "cast(greatest(da, c) as signed)",
    "cast(greatest(da, 'abc') as signed)",
    "cast(least(dt, tx) as signed)",
    "cast(least(tx, dt) as year)",
    "greatest(dt, tx) + 0",
    "dt > if(i > 5, c, 'x')",
    "dt > if(i > 5, 'abc', 'x')",
    "dt = nullif(tx, 'x')",
)
_LISTS: Final = (
    "concat(n) in (time'13:14:15', 'abc')",
    "c in (time'13:14:15', 'abc')",
    "concat('2') in (time'13:14:15', 'abc', '2')",
    "0 in (1e-5, 1e19)",
    "i - 11 in (1.2e0, 4e0)",
    "i in (12.2e0, 4e0)",
    "1 in ('1.2', 1.4e0)",
    "1 in (1.2, 4.5)",
    "18446744073709551615 in (1e10, 1e19)",
)
_DAYS: Final = (
    "date(time'34:45:44')",
    "date(time'34:45:45')",
    "date(time'23:59:59')",
    "date(time'-14:00:00')",
    "date(time'-37:14:15')",
    "timestamp(time'34:45:45')",
    "dayname(time'838:59:59')",
    "date(if(i, time'34:50:00', 'x'))",
    "yearweek(from_days(7), n)",
    "dayofyear(from_days(365))",
    "dayofyear('2024-02-31')",
    "weekday(from_days(7))",
    "dayname(from_days(7))",
    "weekofyear(from_days(7))",
    "datediff(from_days(7), dt)",
    "datediff('2024-02-31', dt)",
    "month(year(da))",
    "month(y)",
    "month(if(i, y, y))",
    "month(ifnull(y, y))",
    "date_add(year(da), interval 1 day)",
    "unix_timestamp(year(da))",
    "timediff(y, '1:1:1')",
    "time(y)",
    "time(if(n is null, da, 'x'))",
    "cast(cast(n as double) as time)",
    "cast(cast(n as double) as date)",
    "cast(cast(n as signed) as time)",
    "cast('18446744073709551716-1' as time)",
    "cast('92233720368547758082024:1' as time(3))",
    "period_add(200001, -24012)",
    "period_add(7, -9223372036854775808)",
)
_READ: Final = (
    "str_to_date('+7:8:9', '%H:%i:%s')",
    "str_to_date('-7', '%H')",
    "str_to_date('+72', '%H')",
    "str_to_date('1.+7', '%s.%f')",
    "str_to_date('2024+60', '%Y%j')",
    "unix_timestamp(if(i > 5, 'x', 'y'))",
    "unix_timestamp(if(i > 5, s, 'y'))",
    "unix_timestamp(nullif('x', 'y'))",
    "addtime('2024-02-29 13:14:15.5a,c', '1')",
    "addtime('12:11:10a', '1')",
    "addtime('13:14:15a', '1')",
    "timediff('2024-02-29x', '2024-02-29')",
    "timediff(bin(-129), '10')",
    "locate('\\0', 'b')",
    "locate('a\\0b', 'ab')",
    "locate('\\0', '')",
    "locate('\\0', sb)",
)
_SHOWN: Final = (
    "json_array(unix_timestamp('2024-02-29 13:14:15.50'))",
    "json_array(unix_timestamp(concat(dt)))",
    "json_array(ifnull(ti, t6) + 0)",
    "json_array(cast(ti as time(3)) + 0)",
    "json_array(time'13:14:15.50' + 0)",
    "json_array(round(99.995, i - 11))",
    "json_array(truncate(d, i - 11))",
    "json_array(if(i, da, dt))",
    "json_array(if(n, da, ti))",
    "json_array(nullif(da, 1))",
    "cast(repeat(x'41', 58) as json)",
    "concat(date_add(cast(ti as time(2)), interval 1 hour))",
    "concat(addtime(time'00:00:00.5', '1'))",
    "addtime(time'00:00:00.50', '1')",
    "concat(ifnull(date_add(t6, interval 876544 microsecond), t6))",
    "sha2(greatest('B', 'a'), 256) = sha2('a', 256)",
    "sha2(concat(greatest('B', 'a')), 256) = sha2('B', 256)",
    "round(nullif(e, 'x'))",
    "if(i, st, 'x') + 0",
    "cast(nullif(e, 'x') as signed)",
)
_WEIGHTS: Final = (
    *("1", "18446744073709551615", "1.5", "1.5e0", "i", "y", "bt", "d", "f", "da", "ti", "t6"),
    *("dt6", "date'2024-02-29'", "if(i, da, dt)", "i as binary(4)", "c as binary(5)", "e"),
)

SECTIONS: Final = [
    section(made, tail="FROM v")
    for made in (
        _AMONG_DATES,
        _LISTS,
        _DAYS,
        _READ,
        _SHOWN,
        [f"hex(weight_string({one}))" for one in _WEIGHTS],
    )
]
