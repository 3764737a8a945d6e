"""Corner cases of operators, by hand: rows in rows, chains, precedence, LIKE with ESCAPE."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import section

_ALL: Final = r"""
(1, (2, 3)) = (1, (2, 3))
(1, (2, 3)) < (1, (2, 4))
(1, (2, 3)) = (1, 2)
((1, 2), 3) = ((1, 2), 3)
(1, 2) = (1, 2, 3)
(1, 2) = 1
1 = (1, 2)
(1, null) = (1, 2)
(1, null) = (2, 2)
(1, null) <=> (1, null)
(1, 2) <=> (1, null)
(1, 2) <> (1, null)
(1, 2) <> (2, null)
(1, 2) < (1, null)
(1, 2) < (2, null)
(null, 2) < (2, 3)
(1, 2) <= (1, 2)
(1, 2) >= (1, 3)
(1, 2) in ((1, 2), (3, 4))
(1, 2) in ((1, null), (3, 4))
(1, 2) in ((3, null), (3, 4))
(1, 2) not in ((1, null), (3, 4))
(1, (2, 3)) in ((1, (2, 3)), (4, (5, 6)))
(1, 2) in (1, 2)
(1, 2) in ((1, 2, 3))
1 in ((1, 2))
row(1, 2) = row(1, 2)
row(1, 2) = (1, 2)
row(1,2,3) > row(1,2)
(1,2) is null
(1,2) + 1
not (1,2)
(1,2) and 1
(1,2)
row(1,2)
abs((1,2))
(1,2) like 'a'
(1, 2) between (0, 0) and (2, 2)
1 between (1,2) and 3
case (1,2) when (1,2) then 3 end
if((1,2), 1, 2)
('a', 1) = ('A', '1')
('a', 1) = ('b', 'x')
(date'2024-01-01', 1) = ('2024-01-01', 1)
1 is true is false
1 is null is null
1 is not null is not null
1 is unknown = 0
1 is true = 1
(1 is true) is false
1 = 1 = 1
3 > 2 > 1
not 1 = 2
not 1 is null
! 1 + 1
!1 = 0
- 2 ^ 2
-2 * -2
- - 2
+ + 2
2 - - 2
2--2
~ 1 & 3
1 | 2 & 3
1 ^ 2 * 3
1 << 2 + 1
2 + 3 << 1
7 & 3 = 3
1 or 0 and 0
1 xor 1 or 1
1 xor 1 and 0
1 || 0
1 && 0 || 1
not 0 and 0
not (0 and 0)
1 between 0 and 2 and 0
1 between 0 and 2 between 0 and 1
not 1 between 0 and 2
1 not between 0 and 2
1 in (1) in (1)
'a' like 'a' like '1'
'a' not like 'b'
'a%' like 'a!%' escape '!'
'a%b' like 'a|%%' escape '|'
'a' like 'a' escape ''
'a' like 'a' escape 'ab'
'a\\b' like 'a\\\\b'
'a\\b' like 'a\\b'
'a%b' like 'a\\%b' escape ''
'abc' like 'abc' escape null
'abc' like 'a%' escape 'c'
'abc' like null
null like 'a'
'ABC' like 'abc'
'ABC' like binary 'abc'
'ß' like 'ss'
'ss' like 'ß'
'ä' like 'a'
'a' like 'ä'
'a ' like 'a'
'a' = 'a '
'' like ''
'' like '%'
12 like '1%'
1.50 like '1.5_'
date'2024-02-29' like '2024%'
'a' like '_'
'😀' like '_'
'abc' like '%%c'
'abc' like 'abc%'
'abc' like '%d%'
x'41' like 'a'
'a' sounds like 'e'
'hello' sounds like 'hallo'
null sounds like 'a'
1 member of('[1,2]')
'a' member of('["a"]')
null member of('[null]')
1 member of('x')
1 member of(1)
cast(1 as json) member of('[1]')
json_array(1) member of('[[1]]')
1 member of(null)
case 1 when 1 then 'a' when 2 then 'b' end
case null when null then 1 else 2 end
case when null then 1 end
case 'a' when 'A' then 1 else 2 end
case 1 when '1' then 'x' end
case 1 when 'x' then 1 when 1 then 2 end
case da when '2024-02-29' then 1 end
case da when 'x' then 1 else 2 end
case 1 when 1 then 1 when 2 then 2.5 else 'x' end
date'2024-01-31' + interval 1 month
interval 1 month + date'2024-01-31'
'2024-01-31' + interval 1 month
'2024-01-31' - interval '1:1' day_hour
date'2024-01-31' + interval 1.5 day
date'2024-01-31' + interval null day
date'2024-01-31' + interval 'x' day
date'2024-01-31' + interval 1 day - interval 1 day
interval 1 day + interval 1 day + date'2024-01-01'
date'2024-01-31' + 1
interval(5, 1, 10, 3)
interval(null, 1)
interval(1, null, 2)
interval(1)
row(1)
5 div 2 * 2
5 mod 3
5 % 3 * 2
-5 mod 3
5 div 0
5 div null
1 <=> null
null <=> null
1 <=> 1 <=> 1
null = null
null is null
null is true
null is not true
null is unknown
'a' is true
'1a' is true
0.1 is true
binary 'a' = 'A'
'a' collate utf8mb4_bin = 'A'
'a' collate utf8mb4_bin like 'A'
_utf8mb4'a' = 'A'
_latin1'a' = 'A'
n'a'
'a' 'b'
"a" 'b'
'a' "b" 'c' = 'abc'
"""

SECTIONS: Final = (section(_ALL.strip().split("\n"), tail="FROM v"),)
