"""By hand: numbers and texts beside dates: what a column would hold of them, what a list is
compared as; numbers and NULLs as dates; what IF, CASE and COALESCE chose of bits and documents."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import section

#: Beside a date: what its column would hold; lists of constants.
_COMPARED: Final = r"""
(if(i is null,'x','y') in (date'2024-01-01','12'))
(if(i is null,'x','y') in (date'2024-01-01','z'))
(dt in (0, 7e0))
(ts in (0, 101))
(dt in (7, 'x'))
(dt in (20240000, 5))
(dt in (20240231.5, 1))
(dt in (20240231, 20240200))
(ts in (20240231, 20240200))
(dt in (-1, 1e30))
(dt in (20240229131415.6, 20240229131415))
cast(if(s like '%a%', y, false) as date)
cast(if(e = 'medium', y, 255) as datetime)
date_format(if(i > 0, y, 3), '%Y')
month(if(i > 0, y, 0))
last_day(if(i, y, 1))
year(if(0, bt, 20240101))
cast(case when i then y else 2 end as date)
(if(i is null,'x','y') in (date'2024-01-01','2024-01-02'))
(if(i is null,'x','y') not in (date'2024-01-01','2024-01-02'))
(if(i is null,'x','0000-00-00') in (date'2024-01-01','12'))
(if(1,'y','x') in (date'2024-01-01','12'))
(if(i is null,'x','y') in (timestamp'2024-01-01 00:00:00','12'))
(if(i is null,'x','y') in (time'10:00:00','zz'))
(if(i is null,null,'y') in (date'2024-01-01','12'))
(if(i is null,'x',s) in (date'2024-01-01','12'))
(if(i is null,'x',sn) in (date'2024-01-01','12'))
(if(i is null,'x',concat(sn)) in (date'2024-01-01','12'))
(case when i is null then 'x' else 'y' end in (date'2024-01-01','12'))
(case when i is null then 'x' else da end in (date'2024-01-01','12'))
(if(i is null,sn,dt6) in (date'2023-12-31','12'))
(if(i is null,sn,dt6) in (date'2024-01-01','12'))
(if(i is null,sn,time'10:00:00') in (time'10:00:00','zz'))
(if(i is null,sn,time'10:00:00') in (date'2024-01-01','zz'))
(if(i,'y','x') in (date'2024-01-01',if(1,'12','13')))
(if(i,'y','x') in (date'2024-01-01',if(1,'12',null)))
('y' in (date'2024-01-01',if(1,'12','13')))
('2024-01-01' in (date'2024-01-01',if(1,'12','13')))
('2024-01-02' in (date'2024-01-01',if(1,'12','13')))
('2024-01-02' in (date'2024-01-01',if(1,'12',null)))
(da in (date'2024-01-01',if(1,'12','13')))
cast(20240229.5 as datetime(3))
cast(20240229.5 as datetime)
cast(20240229.5e0 as datetime(3))
cast(20240229.5 as date)
cast(d+20240029 as datetime(3))
convert_tz(d+20240029,'+00:00','+01:00')
convert_tz(20240229.5e0,'+00:00','+01:00')
timestamp(20240229.5)
timestamp(20240229.5, '1:00')
timestamp(d+20240029)
year(20240229.5)
date(20240229.5)
to_days(20240229.5)
to_seconds(20240229.5)
date_format(20240229.5,'%Y %f')
unix_timestamp(20240229.5)
extract(microsecond from 20240229.5)
last_day(20240229.5)
datediff(20240229.5,da)
weekday(20240229.5)
timestampdiff(microsecond,20240229.5,da)
timestampdiff(microsecond,20240229.5e0,da)
dt = 20240229.5
dt < 20240229.5
dt6 < 20231231.5
da = 20240229.5
da in (20240229.5, 20240228.5)
dt in (20240229.5, 20240228.5)
da between 20240228.5 and 20240229.5
dt = 20240229131415.1234567
dt = 20240229131415.0000001
dt = 20240229131415.0000006
dt = 20240229131415.5
dt = 20240229131415.4
dt = 20240229131414.5
dt = 20240229131414.9999999
dt < 20240229131415.1234567
dt > 20240229131415.1234567
dt6 = 20231231235959.999999
dt6 = 20231231235959.9999994
dt6 = 20231231235959.9999996
dt6 < 20231231235959.9999996
dt = 20240229131415.1234567e0
ts = 20240229131415.1234567
ts = 20240229131415.4
da = 20240229131415.4
da = 20240229131415
da < 20240229131415
da < 20240229000000
da < 20240229.0
da < 240231
da < 20240231
da <= 20240231
da = 20240231
da > 20240231
da < 20240230
dt < 20240231
dt < 240231
dt < 20240231000000
dt > 20240231101112
dt > 20241301
dt < 20241301
da < 20241301
da > 20241301
da < 20240200
da > 20240200
da > 20240000
da > 0
da < 0
da < 5
da > 101
da < 20240231.5
da > '20240231'
ts < 20240231
ts > 20240231
da in (20240229131415, n)
da in (20240229131415, 1)
da in (20240229131415, null)
da in (20240229, n)
da in (20240231, n)
da in (20240229131415, i)
dt in (20240229131415, n)
dt in (20240229131415, i)
dt in (20240229131416, n)
da in (20240229.5, n)
da in (20240229e0, n)
da in ('20240229131415', n)
s in (date'2024-01-01','00:00:01')
s in (date'2024-01-01','00:00:00')
s in (date'2024-01-01','0:0:1')
s in (date'2024-01-01','10:11:12')
s in (date'2024-01-01','1:2')
s in (date'2024-01-01','00:00')
s in (date'2024-01-01','2024-01-01 00:00:01')
s in (date'2024-01-01','23:59:59')
s in (date'2024-01-01','24:59:59')
'2000-01-01' in (date'2024-01-01','00:01:01')
da in (date'2024-01-01','00:00:01')
da in (date'2024-01-01','00:00:00')
da = '00:00:01'
da = '10:11:12'
'00:00:01' in (date'2024-01-01', '2000-00-01')
'00:00:01' in (date'2024-01-01', '2024-01-03')
(da in (date'2024-01-01','2024-02-29 00:00:01'))
(da in (date'2024-01-01','2024-02-29 00:00:00'))
(da in (date'2024-01-01','2024-02-29 10:00:00.5'))
(da in (date'2024-01-01','2024-02-29x'))
(s in (date'2024-01-01','2024-02-29x'))
('2024-02-29' in (date'2024-01-01','2024-02-29x'))
('2024-02-29x' in (date'2024-01-01','2024-02-29'))
('2024-02-29 10:00:00' in (date'2024-01-01','2024-02-29'))
('2024-02-31' in (date'2024-01-01','2024-02-31'))
('2024-02-31' in (date'2024-01-01','2024-02-29'))
('2024-02-00' in (date'2024-01-01','2024-02-00'))
('2024-00-00' in (date'2024-01-01','2024-00-00'))
('0000-00-00' in (date'2024-01-01','0000-00-00'))
('0000-00-01' in (date'2024-01-01','0000-00-01'))
(concat('2024-02-00') in (date'2024-01-01',concat('2024-02-00')))
(if(i,'2024-02-00',s) in (date'2024-01-01','2024-02-00'))
(if(i,'2024-02-00',sn) in (date'2024-01-01','2024-02-00'))
('2024-02-00' in (timestamp'2024-01-01 00:00:00','2024-02-00'))
('00:00:01' in (timestamp'2024-01-01 00:00:00','2000-00-01'))
('2024-02-29 10:00:00' in (timestamp'2024-01-01 00:00:00','2024-02-29 10:00:00'))
(da in (date'2024-01-01','2024-02-00'))
(da in (da,'2024-02-00'))
('2024-02-00' in (da,'2024-02-00'))
('2024-02-29 00:00:01' in (da,date'2024-01-01'))
('2024-02-29 00:00:01' in (date'2024-02-29',date'2024-01-01'))
(da in ('2024-02-00', '2024-02-29'))
(da in ('2024-02-00', '2024-02-29 10:00:00'))
(da in ('2024-02-30', '2024-02-29 10:00:00'))
(dt in ('2024-02-30', '2024-02-29 13:14:15x'))
(dt in ('2024-02-30', '2024-02-29 13:14:15.4'))
(da in ('00:00:01', '2024-02-29'))
(dt in ('00:00:01', '2024-02-29'))
('10:00' in (time'10:00:00', '2024-01-01 10:00:00'))
(da in (20240229131415, '2024-02-28', n))
(da in (20240229131415, '2024-02-28'))
(da in (20240229.5, 1, s))
(da in (20240229.5, 1, '2024-02-20'))
(da in (20240231, 1, '2024-02-20'))
(dt in (20240229131415.4, 1))
(dt in (20240229131415.4, 1, n))
(dt in (20240229131415.1234567, n))
(dt between 20240229131415.4 and 20240229131415.4)
(dt between 20240231 and 20240231)
(dt between 20240101 and 20240231)
(da between 20240101 and 240231)
(i between 1 and 20240229.5)
nullif(dt, 20240229131415.4)
nullif(dt, 20240231)
nullif(da, 240231)
case dt when 20240229131415.4 then 1 end
case da when 240229 then 1 end
(dt, 1) = (20240229131415.4, 1)
(dt = convert(20240229131415.4, decimal(20,1)))
(dt = 20240229131415.4+0)
(dt = 20240229131415+0)
(dt < 20240231+0)
(da = 240229+0)
(da = cast(240229 as signed))
(dt = 20240229.0)
(dt = 240229131415)
(dt = -1)
(ts = 240229131415)
(ts < 240231131415)
(dt <> 20240229131415.4)
(dt <=> 20240229131415.4)
(20240229131415.4 = dt)
(20240231 > dt)
date(dt) < 20240231
date(dt) < 240231
now() = 20240229131415.1
"""

#: Where a date is wanted: a fraction behind a day, a NULL that a CAST made a double of.
_READ: Final = r"""
cast(20231231235959.9999996 as datetime(6))
cast(20231231235959.9999994 as datetime(6))
cast(20231231235959.9999996 as datetime(3))
cast(20231231235959.4999996 as datetime(0))
cast(20231231235959.0000005 as datetime(6))
cast(20231231235959.00000049999 as datetime(6))
cast(99991231235959.9999996 as datetime(6))
cast(20240200101112.9999996 as datetime(6))
cast(20240200101112.9999996 as date)
year(99991231235959.9999996)
date(20231231235959.9999996)
year(20231231235959.9999996)
extract(microsecond from 20231231235959.1234567)
unix_timestamp(20231231235959.1234567)
timestampadd(hour,1,20231231235959.1234567)
timestampadd(day,1,20231231.5)
timestampadd(hour,1,20240229.5)
timestampadd(hour,1,20240229e0)
timestampadd(hour,1,d+20240029)
timestampadd(hour,1,f+20240200)
date_add(d65, interval 1 day)
date_add(fl+20240200, interval 1 day)
timestampadd(hour,1,cast(20240229.5 as decimal(20,3)))
timestamp(if(i,20240229.5,'x'))
date(if(i,20240229.5,'x'))
cast(if(i,20240229.5,'x') as datetime(3))
to_seconds(if(i,20240229.5,'x'))
time(20240229.5)
hour(20240229.5)
time(20240229101112.5)
addtime(20240229.5,'1:1:1')
timediff(20240229.5,dt)
time_to_sec(20240229101112.5)
greatest(da,20240301.5)
greatest(dt,20240301.5)
least(dt,20240301.5)
interval(20240229.5,1)
str_to_date(20240229.5,'%Y%m%d')
from_unixtime(20240229.5)
datediff(20240229.5,20240228)
date_format(20240229.5,'%f')
time_format(20240229.5,'%f')
convert_tz(20240229.5,'+00:00','+01:00')
weekofyear(20240229.5)
yearweek(20240229.5)
dayname(20240229.5)
monthname(20240229.5)
last_day(20240200.5)
quarter(20240200.5)
'2024-02-29' in (date'2024-02-29',20240229.5)
cast(20240229.5 as time)
cast(20240229101112.5 as time)
year(0e0)
year(cast(0 as double))
year(cast(null as double))
year(cast(n as float))
year(cast(nullif(f,f) as float))
year(cast(s as float))
dayofyear(cast(null as double))
date(cast(null as double))
to_days(cast(null as double))
date_add(cast(null as double), interval 1 day)
date_add(cast(0 as double), interval 1 day)
date_add(cast(null as double), interval 1 second)
cast(cast(null as double) as date)
cast(cast(null as double) as datetime)
cast(cast(0 as double) as datetime)
cast(cast(null as double) as time)
time(cast(null as double))
hour(cast(null as double))
minute(cast(null as double))
time_to_sec(cast(null as double))
datediff(cast(null as double), dt)
datediff(dt, cast(null as double))
unix_timestamp(cast(null as double))
convert_tz(cast(null as double),'+00:00','+01:00')
timestampdiff(day, cast(null as double), dt)
last_day(cast(null as double))
last_day(cast(0 as double))
weekday(cast(null as double))
week(cast(null as double))
yearweek(cast(null as double))
quarter(cast(null as double))
monthname(cast(null as double))
dayname(cast(null as double))
date_format(cast(null as double),'%Y %m %d')
extract(year from cast(null as double))
extract(day from cast(null as double))
to_seconds(cast(null as double))
timestamp(cast(null as double))
timestamp(cast(null as double), '10:00:00')
microsecond(cast(null as double))
time_format(cast(null as double),'%H')
addtime(cast(null as double),'10:00:00')
date(ifnull(cast(null as double),cast(null as double)))
year(ifnull(cast(null as double),cast(null as double)))
year(if(i,cast(null as double),f))
year(if(i,cast(null as double),'x'))
year(coalesce(cast(null as double),'x'))
year(coalesce(cast(null as double),null))
year(nullif(cast(null as double),1))
year(-cast(null as double))
year(convert(null,double))
greatest(da,cast(null as double))
least(dt,cast(null as double))
da=cast(null as double)
makedate(cast(null as double),1)
year(any_value(cast(null as double)))
dayofmonth(cast(null as float))
second(cast(null as float))
maketime(1,2,cast(null as float))
date_sub(cast(null as double), interval 1 month)
timestampadd(day,1,cast(null as double))
str_to_date(cast(null as double),'%Y')
period_add(cast(null as double),1)
cast(cast(null as double) as year)
da between cast(null as double) and dt
"""

#: Bits, NULLs and documents that were chosen or brought into a character set.
_CHOSEN: Final = r"""
(nullif((bin << 123456.789e0), cast(gc as binary(4))) + 0)
(nullif((bin << 1), cast(gc as binary(4))) + 0)
(nullif((bin << 1), gc) + 0)
(nullif(bin, gc) + 0)
(nullif(bin, cast(gc as binary(4))) + 0)
(nullif((bin << 1), cast('ab' as binary(4))) + 0)
(nullif((bin | bin), 'a') + 0)
(nullif((bin | x'01'), 'a') + 0)
((bin << 1) + 0)
if(i,(bin << 1),'a') + 0
if(i,(bin << 1),(bin << 1)) + 0
ifnull((bin << 1),(bin << 1)) + 0
coalesce((bin << 1),(bin << 1)) + 0
case when i then (bin << 1) end + 0
nullif((bin << 1), i) + 0
nullif(~bin, 'a') + 0
nullif((bin & bin), 'a') + 0
-nullif((bin << 1), 'a')
nullif((bin << 1), 'a') = 1
nullif((bin << 1), 'a') and 1
cast(nullif((bin << 1), 'a') as signed)
abs(nullif((bin << 1), 'a'))
round(nullif((bin << 1), 'a'))
unhex(elt(2, convert(null using ascii), upper(gc)))
unhex(elt(2, convert('1x' using ascii), upper(gc)))
unhex(elt(2, convert('1x' using ascii), gc))
unhex(elt(2, convert(null using utf8mb4), gc))
unhex(elt(2, convert(null using utf8mb4), s))
unhex(elt(2, convert(null using ascii), s))
unhex(elt(2, convert(null using ascii), 'xx'))
unhex(elt(2, convert(null using latin1), s))
unhex(elt(2, convert(s using latin1), s))
unhex(elt(2, concat(null), gc))
unhex(elt(2, cast(null as char), gc))
unhex(elt(2, cast(null as char charset latin1), gc))
unhex(concat(s, convert(null using ascii)))
unhex(concat_ws('x', s, convert(null using ascii)))
unhex(concat_ws('x', s, convert(null using latin1)))
unhex(concat_ws('x', s, upper(convert(null using latin1))))
unhex(concat_ws('x', s, upper(convert('a' using latin1))))
unhex(concat_ws('x', s, upper(_latin1'a')))
unhex(concat_ws('x', l1, upper(convert(null using utf8mb4))))
unhex(concat_ws('x', l1, upper(convert('a' using utf8mb4))))
unhex(concat_ws('x', l1, convert('a' using utf8mb4)))
unhex(concat_ws('x', l1, 'b'))
unhex(concat_ws('x', gc, _latin1'b'))
unhex(concat_ws('x', gc, nullif(_latin1'b','b')))
json_array(least(da, s))
timestampadd(hour, 1, ifnull(null, 20240229))
convert_tz(timestampadd(hour, 1, ifnull(null, 20240229)), '+00:00', '+05:30')
convert_tz(timestampadd(hour, 1, 20240229), '+00:00', '+05:30')
convert_tz(timestampadd(hour, 1, i), '+00:00', '+05:30')
convert_tz(timestampadd(hour, i, 20240229), '+00:00', '+05:30')
convert_tz(timestampadd(hour, cast(cast(1.25 as json) as signed), 20240229), '+00:00', '+05:30')
convert_tz(timestampadd(hour, 1, '20240229'), '+00:00', '+05:30')
convert_tz(timestampadd(hour, 1, concat('20240229')), '+00:00', '+05:30')
convert_tz(timestampadd(hour, 1, ifnull(null, '20240229')), '+00:00', '+05:30')
convert_tz(timestampadd(hour, 1, 20240229+0), '+00:00', '+05:30')
convert_tz(timestampadd(hour, 1, if(1,20240229,1)), '+00:00', '+05:30')
convert_tz(timestampadd(hour, 1, coalesce(20240229)), '+00:00', '+05:30')
convert_tz(date_add(20240229, interval 1 hour), '+00:00', '+05:30')
convert_tz(date_add(ifnull(null,20240229), interval 1 hour), '+00:00', '+05:30')
convert_tz(ifnull(null,20240229), '+00:00', '+05:30')
convert_tz(20240229, '+00:00', '+05:30')
timestamp(timestampadd(hour, 1, ifnull(null, 20240229)))
cast(timestampadd(hour, 1, ifnull(null, 20240229)) as datetime(3))
addtime(timestampadd(hour, 1, ifnull(null, 20240229)), '1:1:1')
date_add(if((ti<0), coalesce(cast(date'2024-02-29' as json), null), hex(-1)), interval 1 day)
date_add(if((ti<0), cast(date'2024-02-29' as json), hex(-1)), interval 1 day)
date_add(if((ti<0), ifnull(cast(date'2024-02-29' as json),j), hex(-1)), interval 1 day)
date_add(if((ti<0), ifnull(cast(date'2024-02-29' as json),j), j), interval 1 day)
date_add(ifnull(cast(date'2024-02-29' as json),j), interval 1 day)
date_add(coalesce(cast(date'2024-02-29' as json),null), interval 1 day)
date_add(cast(date'2024-02-29' as json), interval 1 day)
date_add(case when ti<0 then coalesce(cast(date'2024-02-29' as json)) else 'a' end, interval 1 day)
year(if((ti<0), coalesce(cast(date'2024-02-29' as json), null), hex(-1)))
year(if((ti<0), coalesce(cast(date'2024-02-29' as json), null), j))
year(coalesce(cast(date'2024-02-29' as json), null))
date(if((ti<0), coalesce(cast(date'2024-02-29' as json), null), hex(-1)))
to_days(if((ti<0), coalesce(cast(date'2024-02-29' as json), null), hex(-1)))
to_days(if((ti<0), any_value(cast(date'2024-02-29' as json)), hex(-1)))
cast(if((ti<0), coalesce(cast(date'2024-02-29' as json), null), hex(-1)) as date)
hour(if((ti<0), coalesce(cast(time'10:20:30' as json), null), hex(-1)))
hour(if((ti<0), cast(time'10:20:30' as json), hex(-1)))
hour(coalesce(cast(time'10:20:30' as json), null))
if((ti<0), coalesce(cast(1.5 as json), null), hex(-1))+0
if((ti<0), coalesce(cast('1.5' as json), null), hex(-1))+0
coalesce(cast('"1.5"' as json), null)+0
"""

SECTIONS: Final = [
    section(text.strip().split("\n"), tail="FROM v") for text in (_COMPARED, _READ, _CHOSEN)
]
