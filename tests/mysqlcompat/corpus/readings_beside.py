"""By hand: dates and times read beside others."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import section

#: Texts beside moments; lengths in bytes; documents as times.
_EXTREMES: Final = r"""
timediff(concat(_binary'12', s), dt)
addtime(concat(_binary'12', s), 1)
time(concat(_binary'12', s))
time(concat('12', s))
time('12Straße 12')
time('12Straße 1')
time(_latin1'12Straße 12')
time(convert('12Straße 12' using latin1))
date_format(if(e = 'medium', cast('{"a": 1}' as json), '3'), '%j')
date_format(cast('{"a": 1}' as json), '%j')
date_format(j, '%j')
date_format(if(i,j,j), '%j')
time_format(if(i,j,'3'), '%H')
time_format(j, '%H')
extract(year from j)
extract(hour from j)
extract(hour from if(i,j,'x'))
month(j)
month(if(i,j,'x'))
last_day(j)
unix_timestamp(j)
unix_timestamp(if(i,j,'x'))
to_days(j)
greatest(timestamp'2024-02-29 13:14:15', '1000000000000000')
greatest(timestamp'2024-02-29 13:14:15', bin(32768))
greatest(dt, bin(32768))
date_add(greatest(timestamp'2024-02-29 13:14:15', 'x'), interval 1 day)
date_add(greatest(dt, 'x'), interval 1 day)
greatest(dt, 'x')
date_add(greatest(dt, 'x'), interval least(dt6, y) microsecond)
cast(greatest(from_days(bt), nullif('1e3', 1e16)) as date)
greatest(from_days(bt), nullif('1e3', 1e16))
cast(greatest(from_days(bt), '1e3') as date)
cast(greatest(da, '1e3') as date)
cast(greatest(da, nullif('1e3',1)) as date)
cast(greatest(da, nullif('1e3',1)) as datetime)
cast(greatest(da, if(i,'1e3',1)) as date)
cast(greatest(da, if(i,'1e3','x')) as date)
cast(greatest(da, if(i,'1e3','x')) as datetime)
greatest(da, if(i,'1e3','x'))
date(greatest(da, if(i,'1e3','x')))
greatest(timestamp'1970-01-01 00:00:01.5', '2024-02-30')
greatest(timestamp'1970-01-01 00:00:01.5', '2024-02-301e400')
greatest(timestamp'1970-01-01 00:00:01.5', concat('2024-02-30'))
greatest(timestamp'1970-01-01 00:00:01.5', concat('2024-02-3','01e400'))
greatest(timestamp'1970-01-01 00:00:01.5', '2024-02-28 10:10:10.123')
greatest(timestamp'1970-01-01 00:00:01.5', '2024-02-30 10:10:10.123')
greatest(timestamp'1970-01-01 00:00:01.5', '2024-02-2812')
greatest(timestamp'1970-01-01 00:00:01.5', '2024-02-28x')
greatest(timestamp'1970-01-01 00:00:01.5', '2024-02-31x')
greatest(timestamp'1970-01-01 00:00:01.5', '2024-02')
greatest(timestamp'1970-01-01 00:00:01.5', '2024-13-01')
greatest(timestamp'1970-01-01 00:00:01.5', '2024-1-99')
greatest(timestamp'1970-01-01 00:00:01.5', '16383-15-31')
greatest(timestamp'1970-01-01 00:00:01.5', least(da,'x'))
greatest(nullif(date'9999-12-31', timestamp'1970-01-01 00:00:01.5'), lpad('null', 5, '*'))
greatest(dt, concat_ws(',', '1,2', 0.5))
greatest(dt, '1,2,0.5')
greatest(dt, '1,2,3')
date_add(greatest(dt, '1,2,0.5'), interval 1 day)
date_add(greatest(dt, '1,2'), interval 1 day)
date_add(greatest(dt, 'x,2'), interval 1 day)
date_add(greatest(dt, concat('x')), interval 1 day)
cast(greatest(dt, '1,2,0.5') as datetime)
cast(greatest(dt, 'x') as datetime)
date_add(greatest(dt, '2024-02-31'), interval 1 day)
nullif(case when null then time'23:59:59.999999' else date'2023-12-31' end, ti)
nullif(if(n, time'23:59:59.999999', date'2023-12-31'), ti)
nullif(if(n, time'23:59:59', date'2023-12-31'), ti)
nullif(date'2023-12-31', ti)
nullif(dt, ti)
nullif(timestamp'2023-12-31 10:10:10', ti)
if(n, time'23:59:59', date'2023-12-31') = ti
case when null then time'23:59:59' else date'2023-12-31' end = ti
if(null, time'23:59:59', date'2023-12-31') = ti
nullif(if(null, time'23:59:59', date'2023-12-31'), ti)
nullif(if(null, time'23:59:59', date'2023-12-31'), t6)
nullif(ti,if(null, time'23:59:59', date'2023-12-31'))
coalesce(date'2023-12-31',time'23:59:59') = ti
nullif(coalesce(date'2023-12-31',time'23:59:59'), ti)
"""
#: Numbers beside DATE columns; decimals with more digits than there are.
_NOTES: Final = r"""
time_format(if(y = 2024, from_days(1.5), ''), '%H')
time_format(if(y = 2024, from_days(400), ''), '%H')
time_format(if(y = 2024, da, ''), '%H')
time_format(if(y = 2024, dt, ''), '%H')
time_format(if(y = 2024, date'0000-01-02', ''), '%H')
time_format(date'0000-01-02', '%H')
time_format('0000-01-02', '%H')
time_format('2024-01-02', '%H')
time_format(concat(da), '%H')
time(concat(da))
time(if(i,da,''))
json_contains(json_array(from_days(0x41)), '1')
json_array(from_days(65))
date_sub(dt, interval repeat('9',81) second)
date_sub(dt, interval repeat('9',82) second)
date_sub(dt, interval repeat('9',65) second)
date_sub(dt, interval repeat('9',66) second)
date_sub(dt, interval repeat('12',66) second)
date_sub(dt, interval concat(repeat('9',66),'x') second)
sec_to_time(repeat('9',82))
repeat('9',82) div 1
maketime(1,2,repeat('9',82))
from_unixtime(repeat('9',82))
hex(weight_string('Straße' as char(3)))
repeat(hex(weight_string('Straße' as char(3))), 2)
date_sub(dt, interval repeat(hex(weight_string('Straße' as char(3))), 2) second)
date_sub(dt, interval '1E951CC41E951CC4' second)
date_sub(dt, interval '1E95' second)
date_sub(dt, interval '1E9' second)
((256 + 3) div 2.2250738585072014e-308)
(65535 div 2.2250738585072014e-308)
if((da < cast(timestamp'2024-02-29 13:14:15' as unsigned)),1,2)
da < cast(timestamp'2024-02-29 13:14:15' as unsigned)
da < 20240229131415
dt < 20240229131415
da < 20240229131415.5
da = 20240229000000
da < cast(timestamp'2024-02-29 13:14:15' as decimal(20,0))
da < cast(20240229131415 as unsigned)
da < timestamp'2024-02-29 13:14:15' + 0
nullif(da, 20240229131415)
da = 20240229131415
da < 20240229131415e0
da < 202402291314150000
da in (20240229131415, 1)
da in (20240229131415, 20240228131415)
da between 20240229131415 and 20250229131415
da <=> 20240229131415
20240229131415 > da
case da when 20240229131415 then 1 end
da < 240229131415
da < '2024-02-29 13:14:15'
da < concat('20240229131415')
da < timestamp'2024-02-29 13:14:15'
da < cast('20240229131415' as json)
da < 20240229.5
da < 20240229000000.5
(da,1) = (20240229131415,1)
nullif(20240229131415, da)
da < 20240230131415
da < 20240229131465
da < 20240000131415
da < 5
da < abs(20240229131415)
da < -20240229131415
da < dt + 0
from_days(700000) < 20240229131415
ts < 20240229131415
da < 20240229131415 + i
cast(da as date) < 20240229131415
cast('12' as json) = from_days(65)
json_contains(json_array(from_days(400)), '1')
json_length(json_array(from_days(65)))
json_array(from_days(65), timestamp(from_days(65),1))
json_array_append(json_array(from_days(65)), '$', 1)
json_extract(json_array(from_days(65)), '$[0]')
json_type(json_extract(json_array(from_days(65)), '$[0]'))
time_format(20240229131415,'%H')
time_format(131415,'%H')
time_format('24-02-29','%H')
time_format('131415','%H')
time_format('101112','%H')
time_format('x','%H')
time_format('10:11:12 x','%H')
time_format(y,'%H')
time_format(bt,'%H')
time_format(d,'%H')
time_format(f,'%H')
time_format(bu,'%H')
time_format('2024-02-29 10:11:12','%H %k %Y %d')
time_format('2024-02-30','%H')
sec_to_time('99999999999999')
sec_to_time('3.50')
cast(repeat('9',64) as decimal(65,0))
cast(repeat('9',66) as decimal(65,0))
cast(repeat('9',82) as decimal(10,0))
da = 20240229
da < 20240229.0
da < 20240229.00001
da = 20240229.5e0
da < 20240229000000.0
dt = 20240229.5
da in (20240229131415)
da not in (20240229131415)
da between 20240229 and 20240229131415
da between 20240229131415 and n
case da when 20240229 then 1 end
case da when 20240229000000 then 1 end
case da when '2024-02-29 13:14:15' then 1 end
case dt when 20240229131415 then 1 end
da < 99991231235959
da < 20240200131415
da < 20240200
da < 10000000
da < 101
da < 240200
da < 20240231
da < 20240230
da = 20240230131415
"""
#: What is not looked at; zero as a date.
_NULLS: Final = r"""
timestampadd(minute, 20240229131415, ti) in (cast(null as time), ti)
timestampadd(minute, 20240229131415, ti) in (null, ti)
timestampadd(minute, 20240229131415, ti) = dt
ti in (cast(null as time), date_add(cast(0x41 as datetime), interval 1 hour_minute))
timestampadd(minute, 20240229131415, ti) in (cast(null as time), cast(null as datetime))
cast('日本語' as date) = addtime('2024-02-29 13:14:15.52024-02-29 13:14:15.5', '-1')
addtime('2024-02-29 13:14:15.52024-02-29 13:14:15.5', '-1')
dt = addtime('10:10:10', '-1')
dt = addtime('10:10:10', '1')
da = addtime('10:10:10', '1')
dt = subtime('10:10:10', t6)
subtime('13:14:15', '13:14:15') = dt
subtime('13:14:15', ti) = dt
subtime('13:14:15', ti) = cast(null as datetime)
subtime('13:14:15', ti) = date_add(cast(null as date), interval 1 hour)
subtime('13:14:15', ti) = timestamp'2024-02-29 13:14:15'
subtime('13:14:15', ti) < timestamp'2024-02-29 13:14:15'
concat('00:00:00') = cast(null as datetime)
concat(c) = cast(null as datetime)
c = date_add(cast(null as datetime),interval 1 day)
c = (makedate(5, 18446744073709551615) - interval 0 hour)
c = (makedate(i, 18446744073709551615) - interval 0 hour)
c = makedate(5, 18446744073709551615)
(cast(null as datetime) = c)
c = (makedate(5, i) - interval 0 hour)
cast(s as signed) in (null, null)
cast(s as signed) in (null, cast(null as signed))
cast(s as signed) in (cast(null as signed), cast(null as signed))
cast(s as signed) in (nullif(1,1), cast(null as signed))
cast(s as signed) in (nullif(1,1), cast(null as datetime))
cast(s as signed) in (nullif(1,1))
cast(s as time) in (cast(null as time), cast(null as time))
cast(s as time) in (cast(null as time), null)
cast(s as time) in (cast(null as time), cast(null as datetime))
cast(s as time) in (cast(null as time), nullif(1,1))
cast(s as time) in (cast(null as char), nullif(1,1))
cast(s as datetime) in (cast(null as time), cast(null as datetime))
cast(s as datetime) in (cast(null as date), cast(null as datetime))
cast(s as signed) in (cast(null as char), cast(null as double))
cast(s as double) in (cast(null as char), cast(null as double))
cast(s as double) in (nullif(1,1), cast(null as double), null)
(cast(s as double)+0) in (nullif(i,12), cast(null as double), null)
cast(s as time) not in (cast(null as time), cast(null as datetime))
unhex(if((t6 = timestamp'9999-12-31 23:59:59.999999'), 1e0, '-1'))
unhex(if((ti = timestamp'9999-12-31 23:59:59.999999'), 1e0, '-1'))
unhex(if((ti = date'9999-12-31'), 1e0, '-1'))
unhex(if((date'9999-12-31' < ti), 1e0, '-1'))
t6 = timestamp'9999-12-31 13:14:15.123456'
ti = timestamp'9999-12-31 13:14:15.123456'
unhex(if((dt = date'9999-12-31'), 1e0, '-1'))
unhex(if((da = timestamp'9999-12-31 10:10:10'), 1e0, '-1'))
unhex(if((da = 20240229), 1e0, '-1'))
unhex(if((ti = 101010), 1e0, '-1'))
unhex(if((ti = '10:10:10'), 1e0, '-1'))
unhex(if((dt = '2024-10-10'), 1e0, '-1'))
unhex(if((y = '2024'), 1e0, '-1'))
unhex(if((b = '2024'), 1e0, '-1'))
unhex(if((t6 in (timestamp'9999-12-31 23:59:59.999999', date'2024-01-01')), 1e0, '-1'))
unhex(case t6 when timestamp'9999-12-31 23:59:59.999999' then 'x' end)
unhex(nullif(t6, timestamp'9999-12-31 23:59:59.999999'))
concat_ws(date_format(if(y = 2024, 0e0, ' 12'), '%j'), 'a', 'b')
date_format(if(y = 2024, 0e0, ' 12'), '%j')
date_format(0e0, '%j')
date_format(0, '%j')
date_format('0', '%j')
date_format(0.0, '%j')
date_format(if(i, 0, ' 12'), '%j')
month(if(i, 0e0, ' 12'))
month(0e0)
dayofyear(0e0)
last_day(0e0)
cast(0e0 as datetime)
cast(if(i, 0e0, ' 12') as datetime)
if((date_add('Europe/Berlin', interval 18446744073709551616 day)),1,0)
if(i,0,cast(-bl as decimal(10,2)))
date_add(cast(null as date), interval truncate(bu, -1e100) minute)
date_add(date(str_to_date('ABC ', '%H:%i:%s')), interval truncate(bu, -1e100) minute)
date_add(str_to_date('ABC ', '%H:%i:%s'), interval truncate(bu, -1e100) minute)
date_add(nullif(da,da), interval truncate(bu, -1e100) minute)
truncate(bu, -1e100)
extract(year from 0)
extract(year from '0')
unix_timestamp(0)
unix_timestamp(0.0)
date_format(0,'%Y-%m-%d %H')
date_format(bt+0,'%Y')
date_format(0+0e0,'%Y')
date_format(b'0','%Y')
date_format(0,'%W')
date_format(if(n,1,0),'%Y')
extract(hour from 0)
extract(day_hour from 0)
date_add(nullif(da,da), interval truncate(bu,-1e100) minute)
date_add(nullif(da,da), interval truncate(1,-1e100) minute)
date_add(nullif(da,da), interval exp(1e5) minute)
date_add(nullif(s,s), interval exp(1e5) minute)
date_add(nullif(da,da), interval exp(i*1e5) minute)
date_add(nullif(s,s), interval exp(i*1e5) minute)
date_add('x', interval exp(i*1e5) minute)
date_add(nullif(ti,ti), interval exp(i*1e5) minute)
date_add(nullif(da,da), interval exp(i*1e5) day)
date_add(nullif(da,da), interval exp(i*1e5) second)
addtime(nullif(da,da), exp(i*1e5))
addtime(nullif(ti,ti), exp(i*1e5))
addtime(nullif(s,s), exp(i*1e5))
timediff(nullif(s,s), exp(i*1e5))
convert_tz(dt, nullif(s,s), exp(i*1e5))
convert_tz(nullif(dt,dt), exp(i*1e5), 'x')
maketime(nullif(i,i), exp(i*1e5), 1)
makedate(nullif(i,i), exp(i*1e5))
makedate(exp(i*1e5),nullif(i,i))
datediff(nullif(da,da), from_days(exp(i*1e5)))
timestampdiff(day,nullif(da,da), from_days(exp(i*1e5)))
period_add(nullif(i,i), exp(i*1e5))
str_to_date(nullif(s,s), exp(i*1e5))
date_format(nullif(da,da), exp(i*1e5))
time_format(nullif(da,da), exp(i*1e5))
from_unixtime(nullif(i,i), exp(i*1e5))
timestamp(nullif(da,da), exp(i*1e5))
week(nullif(da,da), exp(i*1e5))
if(n, truncate(bu,-1e100), 1)
if(0, truncate(bu,-1e100), 1)
if(n, truncate(d,-1e100), 1)
if(n, round(i,-1e100), 1)
if(n, left(s,-1e100), 1)
if(n, i + -1e100, 1)
if(n, truncate(1,-1e100), 1)
if(0, truncate(1,-1e100), 1)
coalesce(1, truncate(bu,-1e100))
field(truncate(bu, -1e100), 1)
interval(nullif(i,i), truncate(bu, -1e100))
year(0)
date(0)
"""
#: Texts that are NULL among members of several classes.
_AMONG: Final = r"""
nullif(s,s) in (year(b), date_sub(time(dt), interval sha2('1,2', d) minute))
nullif(s,s) in (year(b), sha2('1,2', d))
nullif(s,s) in (year(b), sha2('1,2', d)+0)
nullif(i,i) in (year(b), sha2('1,2', d)+0)
nullif(i,i) in (year(b), sha2('1,2', d))
nullif(i,i) in (year(b), time(sha2('1,2', d)))
nullif(dt,dt) in (year(b), time(sha2('1,2', d)))
date_add('x', interval 1 day) in (year(b), time(sha2('1,2', d)))
date_add('x', interval 1 day) in (year(b), sha2('1,2', d)+0)
date_add('x', interval 1 day) in (sha2('1,2', d)+0, year(b))
date_add('x', interval 1 day) in (sha2('1,2', d), year(b))
date_add('x', interval 1 day) in (time(sha2('1,2', d)), year(b))
date_add(c, interval 1 day) in (time(sha2('1,2', d)), year(b))
addtime(c, 1) in (time(sha2('1,2', d)), year(b))
date_add('x', interval 1 day) in (year(b))
date_add('x', interval 1 day) = year(b)
date_add('x', interval 1 day) + sha2('1,2', d)
date_add(s, interval 1 day) + sha2('1,2', d)
nullif(s,s) + sha2('1,2', d)
"""
#: The ends of the calendar and of intervals; what was chosen and is no date; zero with a sign.
_ENDS: Final = r"""
date_sub(from_days(1), interval '1' hour)
date_sub(timestamp(from_days(1)), interval 1 hour)
date_sub(timestamp(from_days(1)), interval 25 hour)
date_sub('0000-01-01', interval 1 hour)
date_sub('0000-01-01 10:00:00', interval 1 day)
date_sub(from_days(1), interval 1 day)
date_sub(timestamp(from_days(1)), interval '1.5' second)
date_sub(timestamp(from_days(1)), interval 1 day)
date_sub(timestamp(from_days(1)), interval 1 month)
date_add(dt, interval 1000000000000000000.5 second)
date_add(dt, interval 999999999999999999.5 second)
date_add(dt, interval -1000000000000000000.5 second)
date_add(ti, interval 1000000000000000000.5 second)
date_add(ti, interval 999999999999999999.5 second)
date_add(ti, interval '9223372036854775807' second)
date_add(dt, interval '9223372036854775807' second)
cast(-1.7453292519943296e18 as date)
cast(-1.7453292519943296e17 as date)
cast(1.7453292519943296e18 as date)
cast(1.7453292519943296e17 as date)
cast(1e18 as date)
cast(9e18 as date)
cast(1e19 as date)
cast(1000000000000000000.5 as date)
cast(999999999999999999.5 as date)
cast(9223372036854775807.5 as date)
cast(99999999999999999999.5 as date)
month(1e18)
month(9e17)
ti in (nullif('x',1), '616263')
ti in (nullif('x',1), '10:10:10')
ti in (if(i,'x',null), '10:10:10')
ti in (if(1,'x',null), '10:10:10')
ti in (if(1,'x','y'), '10:10:10')
sec_to_time(d65) in (nullif(lpad('ABC ', 5, '*'), '1e400'), '616263')
dt in (nullif('x',1), '2024-01-01')
da in (nullif('x',1), '2024-01-01')
cast(dt as datetime) in (nullif('x',1), '2024-01-01')
cast(dt as time) in (nullif('x',1), '2024-01-01')
cast('-0' as unsigned)
cast('-0.125' as unsigned)
cast('-' as unsigned)
cast('-x' as unsigned)
cast(' -0' as unsigned)
cast('-00x' as unsigned)
cast('-0' as signed)
cast(concat('-0') as unsigned)
cast(if(i,dn,'x') as unsigned)
cast(dn as unsigned)
cast(coalesce(dn,'x') as unsigned)
cast(cast('-0' as char) as unsigned)
cast('-1' as unsigned)
cast(_binary'-0' as unsigned)
(b between timestamp'9999-12-31 23:59:59.999999' and -2.5)
b < cast(timestamp'9999-12-31 23:59:59.999999' as datetime(6))
b = timestamp'9999-12-31 23:59:59.999999'
bu = timestamp'9999-12-31 23:59:59.999999'
da = 0.5
dt < 0.5e0
da = 20240229000000.001
da = 20240229000000.5
da = 20240229.0000004
da = 0.000000001
"""
#: What is no time although MySQL does not say so.
_SILENT: Final = r"""
ti = '1e3'
ti = '99999999999'
ti = '1 99999999999'
ti = '99999999999:10:10'
ti = '-'
ti = '1e3x'
ti between 'x' and '1e3'
ti between '10:10:10' and '1e3'
ti between '1e3' and '1e3'
case ti when '1e3' then 1 end
nullif(ti,'1e3')
nullif('1e3',ti)
time('99999999999')
time_format('1e3','%H')
da = year(date'2024-02-29')
dt = year(date'2024-02-29')
nullif(da, year(date'2024-02-29'))
nullif(coalesce(timestamp'2023-12-31 10:10:10',time'23:59:59'), ti)
nullif(coalesce(date'2023-12-31'), ti)
nullif(coalesce(date'2023-12-31',time'23:59:59'), ti)
nullif(if(null, time'23:59:59', date'2023-12-31'), t6)
nullif(20240228131415, da)
"""
_STORED: Final = ("'1e3'", "'99999999999'", "'1 99999999999'", "'-'", "''", "'x'", "'1x'")

_ALL: Final = (_EXTREMES, _NOTES, _NULLS, _AMONG, _ENDS, _SILENT)

SECTIONS: Final = [
    section([line for text in _ALL for line in text.split("\n")[1:-1]], tail="FROM v"),
    section(_STORED, into="TIME"),
]
