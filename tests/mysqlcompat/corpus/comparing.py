"""Comparisons by hand: constants beside columns of every kind, texts that are no dates, BETWEEN and
IN over mixed classes; arithmetic over what is NULL or no number."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import section

_ALL: Final = r"""
1 in ('1','x')
1 in ('x','1')
1 in ('x','y')
1 in ('x',2)
1 in ('x',1.5)
1.5 in ('x','y')
1e0 in ('x','y')
1 in ('1','2.5')
i in ('12','x')
i in ('x','y')
i in ('x', 12)
i in ('12.5', 13)
d in ('x','y')
d in ('199.99','y')
f in ('x','y')
i in (12.5, 'x')
'x' in (1, 2)
's' in (1, 'x')
s in (1, 2)
s in (1, 'x')
da in ('2024-02-29', 'x')
da in ('2024-02-29', '2024-02-29 10:00:00')
da in ('2024-02-29 00:00:00', '2024-02-30')
da in (20240229, 5)
da in (20240229, '2024-02-29')
dt in (20240229131415, '2024-02-29')
ti in ('-13:14:15','x')
ti in ('13:14:15','1')
ti in (-131415, 5)
y in (24, 25)
y in ('24', 'x')
y = 24
y = '24'
y = '2024x'
y < 25
y = 2024.0
y = 24.4
dt6 in ('x', '2023-12-31 23:59:59.999999')
s in (da, 'x')
da in (s, sn)
da between 'x' and 'y'
da between '2024-01-01' and '2024-12-31 10:00'
da between 20240101 and 20241231
da between 20240101 and '2024-12-31'
da between s and sn
ti between '9:00' and '11:00'
ti between '-14:00' and '11:00'
ti between -140000 and 110000
ti between s and sn
s between da and dt
i between '1' and 'x'
i between '1' and '13'
i between '1.5' and 13.5
d between 'x' and '200'
y between 20 and 30
y between '20' and '30'
i between 1.5 and 2
da = concat('2024-02-29 10:00:00', left(s,0))
da = concat('2024-02-29', left(s,0))
da = concat('2024-02-29x', left(s,0))
da <= concat('2024-02-29 10:00:00', left(s,0))
da < concat('2024-02-29 10:00:00', left(s,0))
da < concat('2024-02-30', left(s,0))
dt > concat('2024-02-29 ', left(s,0))
dt > concat('2024-02-29 10:00:00x', left(s,0))
dt = concat('20240229131415', left(s,0))
dt = concat(20240229131415, left(s,0))
concat('2024-02-29', left(s,0)) = date'2024-02-29'
concat('2024-02-29 10:00', left(s,0)) = date'2024-02-29'
concat('2024-02-29 10:00', left(s,0)) > date'2024-02-29'
concat('2024-02-29 10:00x', left(s,0)) > date'2024-02-29'
concat('2024-02-29 10:00', left(s,0)) = timestamp'2024-02-29 10:00:00'
concat('2024-02-29 10:00x', left(s,0)) = timestamp'2024-02-29 10:00:00'
concat('2024-02-30 10:00', left(s,0)) = timestamp'2024-02-29 10:00:00'
concat('10:00', left(s,0)) = time'10:00:00'
concat('10:00:00', left(s,0)) = time'10:00:00'
concat('10:00', left(s,0)) < ti
da + interval 0 day = s
date_add(da, interval 1 day) = '2024-03-01'
date_add(da, interval 1 day) = 'x'
date_add(da, interval 1 day) = sn
cast(s as date) = '2024-03-01'
now() > 'x'
now() > '2024'
curtime() > 'x'
curtime() > '10:00'
addtime(ti, '1:00') = '-12:14:15'
addtime(ti, '1:00') = '-12:14:15.0'
cast('10:00' as time) = '10:00'
cast(ti as time) = '-13:14:15.0'
ti = '-13:14:15.0'
ti = '-131415'
ti = -131415
ti = -131415.0
ti = '-13:14:15.5'
ti = '99:99:99'
ti = 999999
ti = 9e15
ti = 1.5
ti = '2024-02-29 10:00:00'
ti = date'2024-02-29'
ti = timestamp'2024-02-29 10:00:00'
ti < da
ti < dt
da < ti
ti < timestamp'2024-02-29 10:00:00'
time'10:00' < da
da = time'00:00:00'
dt = time'13:14:15'
da = '2024-02-29'
da = '20240229'
da = 20240229
da = 20240229.5
da = '2024-02-29 13:14:15'
da = '2024-02-29 00:00:00'
da < '2024-02-29 00:00:01'
da = 0
da = '0'
da = '0000-00-00'
dt = '0000-00-00'
da = ''
da = 20240230
da = 999
da = 101
dt = 101
dt = 20240229
dt = 20240229131415
dt = 20240229131415.5
dt = '2024-02-29 13:14:15.4'
dt6 = 20231231235959.999999
da = 20240229e0
da > 5
da > s + 1
da > i
da > d
dt > i
ti > i
ti > d
ti = f
da = cast(20240229 as signed)
da = 20240228 + 1
da = true
da = null
da = j
dt = j
y = da
y = dt
y = ti
y = s
y = sn
y > '1990'
y = 'abc'
y = 1e400
y = 99
y = 100
y = 200
y = 3000
y = -1
y = 2024.4
y = 70
y < 2156
y = x'07e8'
y = cast('3' as json)
y = i
y = 2e3
time'10:00:00' = '10:00'
'10:00' = time'10:00:00'
timestamp'2024-02-29 10:00:00' = '2024-02-29 10:00'
date'2024-02-29' = 'x'
date'2024-02-29' = 20240229
date'2024-02-29' = 5
date'2024-02-29' = i
date'2024-02-29' = '2024-02-29x'
timestamp'2024-02-29 00:00:00' = 20240229
time'10:00:00' = 100000
time'10:00:00' = 100000.0
time'10:00:00' > 5
da = '2024-02-29x'
dt = '2024-02-29 13:14:15x'
ti = '-13:14:15x'
1 in ('1.5')
1 in ('1.5', '3')
-1 in ('x', '-1')
true in ('x')
cast(1 as unsigned) in ('x','y')
1+1 in ('x','y')
18446744073709551615 in ('x','18446744073709551615')
i+1 in ('x','y')
1 in (x'41', 'x')
null in ('x')
1 in ('x', null)
date'2024-02-29' in ('2024-02-29','x')
date'2024-02-29' in ('2024-02-29 10:00','2024-02-29')
timestamp'2024-02-29 10:00:00' in ('2024-02-29','x')
time'10:00' in ('10:00','x')
'2024-02-29' in (date'2024-02-29')
'2024-02-29' in (date'2024-02-29', 'x')
'2024-02-29' in (date'2024-02-29', timestamp'2024-02-29 10:00:00')
'2024-02-29' in ('x', date'2024-02-29')
date'2024-02-29' in (s, sn)
da in ('2024-02-29', s)
da in (date'2024-02-29', s)
da in (date'2024-02-29', 'x')
da in (timestamp'2024-02-29 00:00:00', 'x')
da in (da, dt)
da in (dt, ti)
da in (1, s)
da in (1, '2024-02-29')
dt in ('2024-02-29 13:14:15', 'x')
dt in ('2024-02-29 13:14:15', '2024-02-29')
dt in ('2024-02-29 13:14:15', s)
dt in ('2024-02-29 13:14:15x', '2024')
ts in ('2024-02-29 13:14:15', 'x')
ti in ('-13:14:15', s)
ti in (s, sn)
ti in ('-131415', '10:00')
ti in ('-13:14:15.4', '10:00')
ti in (time'10:00', 'x')
s in ('x', da)
s in (date'2024-02-29', 'x')
s in (date'2024-02-29', timestamp'2024-02-29 10:00:00')
y in (2024, '24')
y in ('2024')
y in (da, dt)
y in (date'2024-01-01')
i in (1, da)
date'2024-02-29' between 'x' and 'y'
date'2024-02-29' between '2024-01-01' and '2024-12-31'
date'2024-02-29' between '2024-01-01' and '2024-02-29 10:00x'
'2024-02-29' between date'2024-01-01' and '2024-12-31'
'2024-02-29' between '2024-01-01' and date'2024-12-31'
'x' between date'2024-01-01' and 'y'
s between date'2024-01-01' and 'y'
s between date'2024-01-01' and date'2025-01-01'
s between date'2024-01-01' and timestamp'2025-01-01 00:00:00'
concat('2024-02-29', left(s,0)) between date'2024-01-01' and 'y'
concat('2024-02-29 10:00', left(s,0)) between date'2024-02-29' and dt
dt between '2024-02-29' and '2024-03-01'
dt between '2024-02-29x' and '2024-03-01x'
dt between 20240229 and 20240301
dt between 5 and 20240301
dt between 20240229 and '2024-03-01'
da between 5 and 20240301
da between 'x' and 20240301
da between da and 'x'
da between dt and ti
da between ti and dt
ti between 'x' and '10:00'
ti between time'-14:00' and '10:00'
ti between time'-14:00' and 'x'
ti between -140000 and '10:00'
ti between -140000 and 'x'
ti between da and dt
time'10:00' between ti and '11:00'
ts between '2024-02-29' and 'x'
y between '20' and 'x'
y between da and dt
y between 2000 and dt
y between 2000.5 and 2030
i between da and dt
i between 'x' and da
s between 1 and 2
s between 'a' and 3
'5' between 1 and 10
'5' between '1' and 10
1 between '0' and '3x'
1 between '0' and s
1.5 between '0' and '3x'
d between 1 and '200x'
d between '1' and '200x'
dt6 between '2023-12-31 23:59:59.999998' and '2024'
ti = ''
ti < '10:00'
ti <= '-13:14:15.4'
ti <= '-13:14:15.6'
ti <> '10:00:00.00000000001'
t6 = '13:14:15.1234561'
t6 = '13:14:15.123456'
t6 = 131415.123456
t6 = 131415.1234564
dt = '2024-02-29 13:14:15.0000001'
dt6 = '2023-12-31 23:59:59.9999994'
dt6 = '2023-12-31 23:59:59.9999999'
dt6 = 20231231235959.9999994
da = '2024-02-29 00:00:00.0000001'
1 div 'abc'
1.5e0 div 7
7 div 1.5e0
i div 1.5e0
f div 2
f div f
fl div 2
cast(-9223372036854775808 as signed) div 1
b div -1
cast(-9223372036854775808 as signed) div -1
cast(-9223372036854775808 as signed) % -1
i div 'x'
i div '3x'
i div concat('x', left(s,0))
i div c
i div sn
i div tx
i div concat(tx,'')
i div e
cast(tx as decimal)
cast('x' as decimal)
cast(concat(s,'') as decimal)
cast(c as decimal)
cast(bl as decimal)
cast('' as decimal)
cast(concat('', left(s,0)) as decimal)
null div 1
null div 'x'
null div 1.5
n div 2
interval(1,2) + 1
interval(1,2) * 2
interval(1,2)
abs(interval(1,2))
1/3
i/3
i/7.0
2/3*3
1/3.000000000
d/3
f + n
n + f
n + i
n * s
s * n
s + n
n - sn
sn - n
i + n + s
null / 'x'
null % 'x'
null + 'x'
'x' + null
-null
d + s
"""

#: Expressions on which this server differs on purpose, and why.
DIFFERENT: Final = dict.fromkeys(
    (
        "da in ('2024-02-29', '2024-02-29 10:00:00')",
        "da = 20240229.5",
        "18446744073709551615 in ('x','18446744073709551615')",
        "date'2024-02-29' in ('2024-02-29 10:00','2024-02-29')",
        "da in (timestamp'2024-02-29 00:00:00', 'x')",
        "'x' between date'2024-01-01' and 'y'",
        "s between date'2024-01-01' and 'y'",
        "s between date'2024-01-01' and date'2025-01-01'",
        "s between date'2024-01-01' and timestamp'2025-01-01 00:00:00'",
        "da between 'x' and 20240301",
        "ti between time'-14:00' and 'x'",
    ),
    "which warning a text that is no date gives, and how often, depends on what MySQL folds first",
)

SECTIONS: Final = (section(_ALL.strip().split("\n"), tail="FROM v"),)
