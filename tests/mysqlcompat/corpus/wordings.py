"""By hand: how messages write expressions (each stands in one that is out of range)."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import section

_BEYOND: Final = "9223372036854775807 + field(concat({}), concat(s, now())) + 1"
_WRITTEN: Final = r"""
s,1
1,s
replace(s,concat('a','b'),1.50)
replace(5,concat('a','b'),1.50)
replace(5,id,1.50)
replace(s,date'2024-01-01',x'41')
replace(s,_latin1'a',l1)
substring_index(s,concat('a','b'),1+1)
trim(concat('a','b') from s)
trim(leading from s)
trim(trailing from s)
trim(both from s)
trim(trailing s from l1)
insert(s,1,2,concat('a','b'))
concat_ws(concat('a','b'),s,concat('c','d'))
elt(id,s,2,concat('a','b'))
field(s,'1',concat('a','b'))
find_in_set(concat('a','b'),s)
instr(s,concat('a','b'))
locate(concat('a','b'),s)
position(1 in s)
lpad(s,5,concat('a','b'))
rpad(s,5,concat('a','b'))
repeat(concat('a','b'),id)
substr(s from 2)
substr(s from 2 for 3)
strcmp(s,concat('a','b'))
s like 1
s like '%a%'
s not like '%a%'
s like '%a%' escape '|'
s like concat('a','b')
s regexp 'a'
s not regexp 'a'
s rlike 'a'
s regexp concat('a','b')
s sounds like 'a'
char(65,66 using utf8mb4)
char(id using latin1)
char(65 using binary)
weight_string(s as char(3))
weight_string(s as binary(3))
weight_string('a' as char(3))
s,_latin1'x'
s,_utf8mb3'x'
s,n'x'
s,_binary'x'
s,x'41'
s,b'1'
s,upper(x'41')
s,char(65)
s,concat(char(65),'x')
l1,'x'
l1,s
locate(1+1,s)
locate(date'2024-01-01',s)
locate(_latin1'a',s)
lpad(s,5,1+1)
insert(s,1,2,1+1)
insert(s,1,2,date'2024-01-01')
replace(s,time'10:00',timestamp'2024-01-01 10:00:00.50')
replace(s,cast(1 as json),1e5)
replace(s,cast('1' as signed),cast(1 as decimal(5,2)))
replace(d,1, 2.2250738585072014e-308)
replace(s,1.7976931348623157e308,-1)
trim(n from s)
id+1
id-1
id*2
id/2
id div 2
id mod 2
id % 2
-id
+id
- -id
~id
id & 1
id | 1
id ^ 1
id << 1
id >> 1
not id
! id
not (id = 1)
not (id > 1)
not (id < 1)
not (id <> 1)
not (id <=> 1)
not (id >= 1 and s = 'a')
not (id = 1 or s = 'a')
not (id is null)
not (s like 'a')
not (id in (1,2))
not (id between 1 and 2)
not not id
not (id xor 1)
id and 1
id or 0
id or 1
id xor 1
id = 1 and s = 'a'
id = 1 and s = 'a' and d = 2
id = 1 or s = 'a' or d = 2
(id = 1 or s = 'a') and d = 2
id = 1 and (s = 'a' and d = 2)
id && f
id || f
id is null
id is not null
n is null
n is not null
id is true
id is not true
id is false
id is not false
id is unknown
n is unknown
n is not unknown
not isnull(n)
id <=> 1
id <> 1
id != 1
id in (1,2)
id not in (1,2)
id in (1)
id not in (1)
s in ('a','b')
s in ('a',1)
s in (1,2)
id in (1,n)
(id,s) = (1,'a')
(id,s) <> (1,'a')
(id,s) <=> (1,'a')
not ((id,s) = (1,'a'))
id between 1 and 2
id not between 1 and 2
d between s and 3
s between 'a' and 'b'
dt between '2024-01-01' and '2024-02-01'
da = '2024-01-01'
dt > '2024-01-01'
ti < 0
ti = '10:00'
y = 2024
y = '24'
e = 'small'
e = 1
st = 'a'
b = 1
b = '1'
bu > -1
d = 1.5
s = 1
s = 1.5
dt = da
dt = ti
if(id=1,'a',s)
if(id and 1,'a',s)
case when id=1 then 'a' end
case when id then 'a' else s end
case id when 1 then 'a' when 2 then 'b' else s end
case id when 1 then 'a' when null then 'b' end
case s when 1 then 'a' when 'x' then 'b' end
case when n is null then 1 when s then 2 else 3 end
case when not id then 1 end
case dt when '2024-01-01' then 1 end
case id when s then 1 when 2.5 then 3 end
pi()
adddate(dt,interval 1 day)
date_add(dt,interval id day)
date_add(dt,interval '1:2' minute_second)
dt + interval 1 day
interval 1 day + dt
dt - interval 1 hour
date_sub(dt,interval 1 month)
curdate()
current_date
current_date()
curtime()
current_time
current_timestamp
now()
sysdate()
utc_date()
utc_time()
localtime
extract(year from dt)
extract(day_microsecond from dt)
unix_timestamp()
cast(s as char)
cast(s as char(3))
cast(s as char charset latin1)
cast(s as char(3) charset latin1)
cast(s as nchar)
cast(s as nchar(2))
cast(s as binary)
cast(s as binary(3))
binary s
convert(s using latin1)
convert(s using utf8mb4)
convert(s using utf8mb3)
convert(s using binary)
convert(id using utf8mb4)
cast(s as signed)
cast(s as unsigned)
cast(s as signed integer)
cast(s as decimal)
cast(s as decimal(5,2))
cast(s as decimal(5))
cast(s as double)
cast(s as float)
cast(s as real)
cast(s as date)
cast(s as time)
cast(s as time(3))
cast(s as datetime)
cast(s as datetime(3))
cast(s as year)
cast(j as char)
cast(id as json)
s collate utf8mb4_bin
'a' collate utf8mb4_bin
database()
schema()
user()
current_user()
session_user()
system_user()
version()
found_rows()
row_count()
last_insert_id()
j->'$.a'
j->>'$.a'
json_value(j,'$.a' returning signed)
json_value(j,'$.a' returning char(5) default 'x' on empty error on error)
id member of(j)
1 member of('[1]')
@a
@@version
@@session.sql_mode
@a:=1
roles_graphml()
icu_version()
if(id and 1 and s='a',s,1)
if(1 and 1,s,1)
if(1 and 1 and id,s,1)
if(id or 0,s,1)
if(id or 1,s,1)
if(id and 0,s,1)
if(not(id and 1),s,1)
if(id and (1 or s),s,1)
if(id and (1 and s),s,1)
if((id or 0) and s='a',s,1)
if(id and n is null,s,1)
if(id and (1=1),s,1)
if(id and 2>1,s,1)
if(1=1,s,1)
if(id=1 or 1=1,s,1)
if(id xor 1,s,1)
if(true and id=1,s,1)
if(null and id=1,s,1)
if(null or id=1,s,1)
if(id=1 and null,s,1)
case when id and 1 then 's' end
case when id or 1 then 's' end
nullif(id and 1, 2)
ifnull(id and 1, 2)
(id and 1) + 1
dt < da
dt between da and dt6
da between dt and dt6
dt in (da, dt6)
dt = ts
dt6 = dt
da = ti
ti = dt
dt <=> da
dt = date(s)
dt = cast(da as date)
t > '1.5'
d between '1' and '2'
d = concat('1','2')
f = '1'
f = '1e1'
id = '1'
id = '1.0'
id > 1.5
id in ('1','2')
d in ('1','2')
da = '20240101'
ti = 100000
ti = '100000'
dt = '20240101'
dt = date'2024-01-01'
dt = timestamp'2024-01-01 00:00:00'
da = timestamp'2024-01-01 00:00:00'
dt = s
da = s
y = '2024'
y > 24
e > 'a'
bu = '5'
b = 'a'
j = 1
j = 'a'
j > cast('1' as json)
s = date'2024-01-01'
weight_string(bin as char(3))
weight_string(_binary'x')
yearweek(dt, 0)
date(if(id,s,'a'))
s like '%a%' escape ''
s like '%a%' escape '\\'
char(id using binary)
_latin1'it''s\\'
_binary'it''s\\'
json_value(j,'$.a' returning date default date'2024-01-01' on error)
json_value(s,'$.a' returning unsigned default 5 on empty)
@`a b`
@@global.sql_mode
x''
b''
_binary''
round(id,1.5)
left(s,1.5)
left(s,'1')
left(s,1e0)
sqrt(1.5)
sqrt('1.5')
truncate(d,'1')
1.5 & id
'a' & id
'1' + id
'1.5' + d
if('1',s,id)
if(1.5,s,id)
year('2024-01-01')
dayofyear(20240101)
date_add('2024-01-01', interval '1' day)
date_add(dt, interval '1.5' second)
hour('10:00')
coalesce(1,1.5,'x')
greatest(1,1.5)
greatest(1,'x')
ifnull(1,1.5)
if(id,1,1.5)
case when id then 1 else 1.5 end
case when id then x'41' else s end
case when id then 1 else date'2024-01-01' end
nullif(1,1.5)
1 between 1.5 and '2'
s in (1.5,'2')
y in (1.5,'2')
dt in ('2024-01-01','2')
id > '1.5'
d > '1.5'
bu > '5'
f > 5
f > 1.50
1.50 > f
s > 1.50
-x'41'
x'41'+1
b'11'+1
left(s,x'41')
round(1.5,x'41')
x'41' | 1
cast(x'41' as signed)
1e400
00012, 1.0e01, .0, 18446744073709551615, 18446744073709551616
format(d,'2')
conv('a','16','10')
substring(s,'2',1.5)
elt('1',s)
addtime('10:00',1)
maketime('1',1.5,'2')
makedate('2024',1.5)
sec_to_time('1')
from_unixtime('1')
timestampadd(day,'1','2024-01-01')
strcmp(s,date'2024-01-01')
find_in_set(date'2024-01-01',s)
find_in_set(1,s)
field(s,date'2024-01-01')
field(s,1)
field(dt,date'2024-01-01')
field(dt,timestamp(20240101))
s like date'2024-01-01'
s in (date'2024-01-01','x')
substring_index(s,date'2024-01-01',1)
greatest(s,date'2024-01-01')
least(s,1)
regexp_like(s,1)
regexp_like(s,date'2024-01-01')
regexp_like(_utf8mb3'x',s)
weight_string(st as char(3))
"""

SECTIONS: Final = [section(map(_BEYOND.format, _WRITTEN.split("\n")[1:-1]), tail="FROM v")]
