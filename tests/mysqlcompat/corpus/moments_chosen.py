"""By hand: what is chosen among dates and texts, and where it is compared or stored."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import section

#: In NULLIF beside dates; numbers below 1 beside moments.
_COMPARED: Final = r"""
nullif(case when i > 5 then cast(timestamp'2024-02-29 13:14:15' as datetime(3)) else 'x' end, da)
nullif(case when i > 5 then dt else 'x' end, da)
nullif(if(i > 5, dt, 'x'), da)
nullif(concat(dt), da)
nullif('2024-02-29 13:14:15', da)
(if(i > 5, dt, 'x') = da)
(if(i > 5, cast(dt as datetime(3)), 'x') = da)
nullif(if(i > 5, dt, if(ti<0,da,'x')), da)
nullif(if(i > 5, dt, if(ti<0,dt,'x')), da)
nullif(if(i > 5, dt, da), da)
nullif(if(i > 5, dt, ti), da)
nullif(if(i > 5, dt6, 'x'), dt)
nullif(if(i > 5, dt, 'x'), ti)
nullif(if(i > 5, dt, 'x'), t6)
nullif(if(i > 5, t6, 'x'), ti)
nullif(if(i > 5, ti, 'x'), da)
nullif(if(i > 5, da, 'x'), dt)
nullif(if(i > 5, da, 'x'), da)
nullif(if(i > 5, da, 5), da)
nullif(if(i > 5, dt, 5), da)
nullif(ifnull(dt, 'x'), da)
nullif(coalesce(dt, 'x'), da)
nullif(greatest(dt, 'x'), da)
nullif(greatest(dt, '1'), da)
nullif(nullif(dt, 'x'), da)
(dt6 = 0.5)
(dt6 = 0.4)
(dt6 = 0.5e0)
(dt6 = 0.51)
(dt6 = 0.9)
(dt6 = 1.5)
(dt6 = 10.5)
(dt6 = 100.5)
(dt6 = 101.5)
(dt6 = 0.05)
(dt = 0.5)
(dt = 0.6)
(dt = 0.9999999)
(dt = 0.9999995)
(dt = 0.4999995)
(dt6 = 0.4999995)
(dt6 = 0.4999994)
(dt6 = 0.9999995)
(dt6 = 0.9999994)
(da = 0.5)
(ts = 0.5)
(cast(dt as datetime(3)) = 0.5)
(cast(dt as datetime(6)) = 0.5)
(dt6 = 0.0)
(dt6 = 0)
"""

#: Texts among times as numbers.
_TEXTS: Final = r"""
(greatest(ifnull(date'9999-12-31', 127), maketime(12,7,1)) < 1)
(greatest(date'9999-12-31', 127) < 1)
(ifnull(date'9999-12-31', 127) < 1)
(ifnull(date'9999-12-31', 'a') < 1)
(greatest(ifnull(date'9999-12-31', 127), 'a') < 1)
(greatest(ifnull(date'9999-12-31', 127), '5') < 1)
(greatest(ifnull(date'9999-12-31', 127), time'10:00:00') < 1)
(greatest(ifnull(date'9999-12-31', 'abc'), time'10:00:00') < 1)
(greatest(ifnull('2024-02-29', 'abc'), time'10:00:00') < 1)
(greatest('2024-02-29', time'10:00:00') < 1)
(greatest(ifnull(time'10:00:00', 127), time'10:00:00') < 1)
(greatest(ifnull(time'10:00:00', 127), date'2024-02-29') < 1)
(greatest(ifnull(timestamp'2024-02-29 10:00:00', 127), time'10:00:00') < 1)
(greatest(if(i > 5, date'2024-02-29', 127), time'10:00:00') < 1)
(greatest(if(i > 5, da, 127), time'10:00:00') < 1)
(greatest(if(i > 5, da, 127), ti) < 1)
(greatest(ifnull(da, 127), ti) < 1)
(greatest(ifnull(date'9999-12-31', 127), ti) < 1)
(greatest(ifnull(date'9999-12-31', 127), s) < 1)
(greatest(ifnull(date'9999-12-31', 127), 5) < 1)
greatest(ifnull(date'9999-12-31', 127), ti) + 0
greatest(ifnull(date'9999-12-31', 127), ti)
greatest(ifnull(timestamp'2024-02-29 13:14:15', 'a,c'), ti) + 0
least('2147483647', ifnull(timestamp'2024-02-29 13:14:15', 'a,c'), ti) + 0
least('2147483647', ifnull(timestamp'2024-02-29 13:14:15', 'a,c'), time'10:00:00') + 0
least('2147483647', ifnull(timestamp'2024-02-29 13:14:15', 'a,c'), sec_to_time(167)) + 0
least(cast(2147483647 as char), ifnull(timestamp'2024-02-29 13:14:15', 'a,c'), sec_to_time(167)) + 0
(d65 > least(cast(2147483647 as char), ifnull(timestamp'2024-02-29 13:14:15', 'a,c'), ti))
least('2147483647', timestamp'2024-02-29 13:14:15', ti) + 0
greatest(timestamp'2024-02-29 13:14:15', ti) + 0
greatest(ifnull('2024-02-29 13:14:15', 'a,c'), sec_to_time(167)) + 0
greatest(ifnull('abc', 'a,c'), sec_to_time(167)) + 0
greatest('abc', sec_to_time(167)) + 0
greatest('abc', ti) + 0
greatest('a', 'abc') + 0
cast(greatest(ifnull(date'9999-12-31', 127), ti) as signed)
cast(greatest(ifnull('2024-02-29', 127), ti) as signed)
cast(greatest('2024-02-29', ti) as signed)
cast(greatest(ifnull('2024-02-29', 127), ti) as decimal(20,2))
cast(greatest(ifnull('2024-02-29', 127), ti) as double)
cast(greatest(ifnull('2024-02-29', 127), ti) as unsigned)
greatest(ifnull('2024-02-29', 127), ti) + 0.5
greatest(ifnull('2024-02-29', 127), ti) div 2
greatest(ifnull('2024-02-29', 127), ti) | 2
greatest(ifnull('2024-02-29', 127), ti) > 0.5
greatest(ifnull('2024-02-29', 127), ti) > d
greatest(concat('2024-02-29'), ti) > d
greatest('2024-02-29', ti) > d
greatest(concat('2024-02-29'), ti) + 0
greatest(ifnull(_latin1'2024-02-29', 'abc'), ti) + 0
greatest(concat(_latin1'2024-02-29'), ti) + 0
greatest(cast('2024-02-29' as char), ti) + 0
greatest(concat(x'41'), ti) + 0
greatest(concat(x'41'), ti, y) + 0
greatest(concat('a'), y) + 0
greatest('a', y) + 0
greatest(concat('2024-02-29'), y) + 0
greatest(user(), ti) + 0
greatest(concat(_latin1'2024-02-29'), ti) > d
greatest(concat(c), ti) > d
greatest(concat(c), ti) + 0
"""

#: As years.
_YEARS: Final = r"""
cast(greatest(timestamp'2024-12-31 23:59:59.999999', concat(j, '10:70:00')) as year)
cast(greatest(timestamp'2024-12-31 23:59:59.999999', concat(j)) as year)
cast(greatest(timestamp'9999-12-31 23:59:59.999999', concat(j)) as year)
cast(greatest(timestamp'9999-12-31 23:59:59.999999', concat(s)) as year)
cast(greatest(timestamp'9999-12-31 23:59:59.999999', tx) as year)
cast(greatest(timestamp'9999-12-31 23:59:59.999999', concat(tx)) as year)
cast(greatest(dt, concat(j)) as year)
cast(greatest(dt, concat(j)) as unsigned)
cast(greatest(dt, repeat(s,1000)) as year)
cast(least(timestamp'9999-12-31 23:59:59.999999', concat(j)) as year)
cast(greatest(date'9999-12-31', concat(j)) as year)
cast(greatest(date'9999-12-31', '2', concat(j)) as year)
cast(greatest(dt, tx) as year)
cast(greatest('9999-12-31', tx) as year)
cast(greatest('9999-12-31', c) as year)
cast(greatest('9999-12-31', concat('9', tx)) as year)
cast(greatest(timestamp'9999-12-31 10:00:00', j) as year)
cast(least('9999-12-31', c) as year)
"""

#: Beside a TIME.
_HELD: Final = r"""
least(nullif(greatest(date'1000-01-01', '2024-02-30'), ti), sec_to_time(0))
nullif(greatest(date'1000-01-01', '2024-02-30'), ti)
nullif(greatest(da, '2024-02-30'), ti)
nullif(least(date'1000-01-01', '2024-02-30'), ti)
nullif(greatest(date'1000-01-01', '2024-02-28'), ti)
nullif(greatest(date'1000-01-01', 'abc'), ti)
nullif(greatest(date'1000-01-01', 'abc'), t6)
nullif(greatest(date'1000-01-01', '2024-02-30', ti), ti)
nullif(greatest(date'1000-01-01', '2024-02-30'), da)
nullif(greatest(date'1000-01-01', '2024-02-30'), i)
"""

#: Which error of a CASE is found first.
_CASES: Final = r"""
case substring(s, dn, -1e100) when (dt6 = '2024-02-30') then 1 end
case substring(s, dn, -1e100) when 1 then (dt6 = '2024-02-30') end
case substring(s, dn, -1e100) when 1 then 1 else (dt6 = '2024-02-30') end
case (dt6 = '2024-02-30') when substring(s, dn, -1e100) then 1 else 1 end
case (dt6 = '2024-02-30') when 1 then substring(s, dn, -1e100) else 1 end
case (dt6 = '2024-02-30') when 1 then 1 else substring(s, dn, -1e100) end
case when substring(s, dn, -1e100) then 1 else (dt6 = '2024-02-30') end
case when 1 then (dt6 = '2024-02-30') when substring(s, dn, -1e100) then 1 else 2 end
case when 1 then substring(s, dn, -1e100) when (dt6 = '2024-02-30') then 1 else 2 end
case (dt = '2024-02-31') when (dt6 = '2024-02-30') then 1 else 2 end
case (dt = '2024-02-31') when 1 then 1 else (dt6 = '2024-02-30') end
case i when nullif(dt6, '2024-02-30') then 1 end
"""

#: In the character set of the value.
_BETWEEN: Final = r"""
(coalesce(t6, n'abc') between '2024-05-29' and timestamp'9999-12-31 23:59:59.999999')
(convert(c using utf8mb3) between concat('2024-02-29') and timestamp'9999-12-31 23:59:59.999999')
(convert(c using utf8mb3) between concat('abc') and timestamp'9999-12-31 23:59:59.999999')
(convert(c using utf8mb3) between concat('abc') and dt)
(convert(c using utf8mb3) between date_add('2024-02-29', interval 1 quarter) and dt)
(convert(c using latin1) between concat('2024-02-29') and timestamp'9999-12-31 23:59:59.999999')
(l1 between concat('2024-02-29') and timestamp'9999-12-31 23:59:59.999999')
(l1 between date_add('2024-02-29', interval 1 day) and timestamp'9999-12-31 23:59:59.999999')
(gc between date_add('2024-02-29', interval 1 day) and timestamp'9999-12-31 23:59:59.999999')
(sb between date_add('2024-02-29', interval 1 day) and timestamp'9999-12-31 23:59:59.999999')
(concat(l1) not between concat('2024-02-29') and timestamp'9999-12-31 23:59:59.999999')
(convert(c using utf8mb3) between timestamp'9999-12-31 23:59:59.999999' and concat('2024-02-29'))
(convert(c using utf8mb3) between concat('2024-02-29') and date'9999-12-31')
(convert(c using utf8mb3) between concat('2024-02-29') and time'10:00:00')
(convert(c using utf8mb3) between nullif('2024-02-29', '2024-02-29') and date'9999-12-31')
(coalesce(t6, n'abc') between '2024-05-29' and 'abc')
(if(i>5, t6, n'abc') between date_add('2024-02-29', interval 1 quarter) and dt)
(ifnull(c, n'abc') between date_add('2024-02-29', interval 1 quarter) and dt)
(coalesce(n'abc', i) between date_add('2024-02-29', interval 1 quarter) and dt)
(coalesce(_latin1'abc', i) between date_add('2024-02-29', interval 1 quarter) and dt)
(coalesce(i, _latin1'abc') between date_add('2024-02-29', interval 1 quarter) and dt)
(coalesce(_utf8mb4'abc', i) between date_add('2024-02-29', interval 1 quarter) and dt)
(coalesce(n'abc', t6) between date_add('2024-02-29', interval 1 quarter) and dt)
(coalesce(n'abc', n'abc') between date_add('2024-02-29', interval 1 quarter) and dt)
(coalesce(n, n'abc') between date_add('2024-02-29', interval 1 quarter) and dt)
(if(i>5, n'abc', n'abc') between date_add('2024-02-29', interval 1 quarter) and dt)
(convert(c using utf8mb3) between cast('abc' as char) and dt)
(convert(c using utf8mb3) between nullif('2024-02-29', '2024-02-29') and dt)
(convert(c using utf8mb3) between null and dt)
(convert(c using utf8mb3) between nullif(1, 1) and dt)
(convert(c using utf8mb3) between date_add('abc', interval 1 quarter) and dt)
(convert(c using utf8mb3) between concat(null) and dt)
(convert(c using utf8mb3) between cast('abc' as date) and dt)
(convert(c using utf8mb3) between cast('abc' as date) and '2024-01-01')
(convert(c using utf8mb3) between cast('abc' as datetime) and dt)
(concat(c) between concat(null) and dt)
(concat(c) between cast('abc' as date) and timestamp'2024-01-01 00:00:00')
(c between concat(null) and dt)
(l1 between concat(null) and dt)
"""

#: Dates off the calendar, as sql_mode lets them in.
_MODES: Final = r"""
greatest(date'1000-01-01', '2024-02-30')
greatest(date'1000-01-01', '0000-00-00')
least(date'1000-01-01', '0000-00-00')
least(date'1000-01-01', '2024-00-00')
greatest(date'1000-01-01', '2024-00-00')
least(da, '0000-00-00')
greatest(da, '2025-02-30')
greatest(da, '2025-02-30', i)
greatest(da, '2025-00-30')
greatest(dt, '2025-02-30')
greatest(dt, '2025-02-30 10:00:00')
least(dt, '0000-00-00')
least(dt, '0000-00-00 00:00:00')
greatest(dt, '2025-00-30')
greatest(dt, if(i>5,'2025-02-30',1))
least(da, if(i>5,'0000-00-00',1))
greatest(da, if(i>5,'2025-02-30',1))
greatest(da, 20250230)
greatest(da, 0)
greatest(da, x'41')
nullif(greatest(date'1000-01-01', '2024-02-30'), ti)
nullif(least(date'1000-01-01', '2024-02-30'), ti)
nullif(greatest(date'1000-01-01', '0000-00-00'), ti)
nullif(least(date'1000-01-01', '0000-00-00'), ti)
"""

#: Read where a zero date is none.
_READ: Final = r"""
str_to_date('2024-00-10', '%Y-%m-%d')
str_to_date('2024-02-00', '%Y-%m-%d')
str_to_date('0000-02-01', '%Y-%m-%d')
str_to_date('', '%Y-%m-%d')
str_to_date('0000-00-00', '%Y-%m-%d')
str_to_date('2024-00-10 10', '%Y-%m-%d %H')
str_to_date('10', '%H')
month(str_to_date('2024-00-10', '%Y-%m-%d'))
last_day(str_to_date('2024-00-10', '%Y-%m-%d'))
(str_to_date('2024-00-10', '%Y-%m-%d') = dt)
"""

_ASKED: Final = (_COMPARED, _TEXTS, _YEARS, _HELD, _CASES, _BETWEEN)
_SQL_MODES: Final = ("''", "'ALLOW_INVALID_DATES'", "'NO_ZERO_DATE'", "'NO_ZERO_IN_DATE'")

SECTIONS: Final = [
    *(section(text.strip().split("\n"), tail="FROM v") for text in _ASKED),
    *(
        section(text.strip().split("\n"), tail="FROM v", settings={"sql_mode": mode})
        for text in (_MODES, _READ)
        for mode in _SQL_MODES
    ),
]
