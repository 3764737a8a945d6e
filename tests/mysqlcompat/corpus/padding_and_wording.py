"""What is lower than a space beside nothing; texts of other character sets in messages and IN."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import section

_ALL: Final = r"""
if((bu, 'abc') <> ('12', 3), 1, 2)
if((bu, 'abc') = ('12', 3), 1, 2)
if((bu, concat('abc')) <> ('12', 3), 1, 2)
if((bu, concat('abc')) = ('12', 3), 1, 2)
if((bu, concat('abc')) <=> ('12', 3), 1, 2)
if(bu <> '12' or concat('abc') <> 3, 1, 2)
if(bu = '12' and concat('abc') = 3, 1, 2)
if(not ((bu, concat('abc')) = ('12', 3)), 1, 2)
if(not ((bu, concat('abc')) <> ('12', 3)), 1, 2)
((bu, concat('abc')) <> ('12', 3))
((bu, concat('abc')) = ('12', 3))
unhex(if((i, s) <> (s, i), 'q', 'w'))
unhex(if((i, s) <> (1, 'a'), 'q', 'w'))
unhex(if((i, s) = (1, 'a'), 'q', 'w'))
unhex(if((i, 3) = (1, 'a'), 'q', 'w'))
unhex(if((i, 3) <> (1, 'a'), 'q', 'w'))
unhex(if((i, s) <=> (1, 'a'), 'q', 'w'))
unhex(if(not ((i, s) = (1, 'a')), 'q', 'w'))
unhex(if(not ((i, s) <> (1, 'a')), 'q', 'w'))
unhex(concat(s, (i, d) = (1, 'a')))
unhex(concat(s, (i, d) <> (1, 'a')))
unhex(if((i, (1, 2)) <> (1, (2, s)), 'q', 'w'))
'Straße' in ((fl | 5), convert('10:70:00' using binary))
'Straße' in (3, convert('a' using binary))
'Straße' in (3, bin)
'Straße' in (i, bin)
s in (i, bin)
s in (3, convert('a' using binary))
s in (3, _binary'a')
concat('Straße') in (3, _binary'a')
concat(s) in (3, _binary'a')
'Straße' in (3, _latin1'a')
'Straße' in (3, l1)
_latin1'Größe' in (3, 'ß')
l1 in (3, 'ß')
x'ff' in (3, 'ß')
_binary'Straße' in (3, 'a')
'Straße' in (i, da, bin)
'Straße' in (3, 'a', bin)
unhex(insert(l1, d, 0.5, 'Straße'))
unhex(concat(l1, 'Straße'))
unhex(concat(l1, 'Stra'))
unhex(replace(l1, 'ß', 'é'))
unhex(if(l1 = 'ß', 'q', 'w'))
unhex(if(l1 in ('ß', 'é'), 'q', 'w'))
unhex(concat(l1, '日'))
unhex(concat(l1, upper('ß')))
unhex(concat(_latin1'ß', s))
unhex(concat(_latin1'ß'))
unhex(_latin1'ß')
unhex(concat(convert('ß' using latin1), l1))
unhex(lpad(l1, 3, 'ß'))
unhex(elt(1, l1, 'ß'))
unhex(coalesce(l1, 'ß'))
unhex(if(i, l1, 'ß'))
strcmp(case sn when 'x' then l1 else b'101' end, '00')
strcmp(if(i > 99, l1, b'101'), '00')
hex(if(i > 99, l1, b'101'))
hex(if(i > 99, s, b'101'))
strcmp(b'101', '00')
strcmp(_utf8mb4 x'05', '00')
strcmp(_latin1 x'05', '00')
hex(hex(char(null)))
case sn when _utf8mb3'x' then l1 when 1e308 then time'13:14:15' else b'101' end
collation(case sn when _utf8mb3'x' then l1 when 1e308 then time'13:14:15' else b'101' end)
collation(if(i > 99, l1, b'101'))
collation(if(i > 99, l1, time'13:14:15'))
strcmp(_latin1 x'05', _latin1'')
strcmp(_latin1 x'05' collate latin1_swedish_ci, _latin1'')
strcmp(concat(_latin1 x'05'), '')
strcmp(case i when 1 then l1 else b'101' end, '')
strcmp(case i when 1 then l1 else b'101' end, hex(char(null)))
strcmp(case i when 1 then l1 else time'13:14:15' end, hex(char(null)))
strcmp(case i when 1 then l1 when 2 then time'13:14:15' else b'101' end, hex(char(null)))
strcmp(case sn when _utf8mb3'x' then l1 else b'101' end, hex(char(null)))
strcmp(case sn when 'x' then l1 when 1e308 then time'13:14:15' else b'101' end, hex(char(null)))
coercibility(case i when 1 then l1 when 2 then time'13:14:15' else b'101' end)
coercibility(case i when 1 then l1 else b'101' end)
coercibility(hex(char(null)))
strcmp(concat(char(5 using latin1), left(l1, 0)), '')
strcmp(left(concat(char(5 using latin1), l1), 1), '')
strcmp(concat(char(5 using latin1), left(l1, 0)), left(s, 0))
concat(char(5 using latin1), left(l1, 0)) < ''
concat('\t', left(sb, 0)) < ''
concat('\t', left(gc, 0)) < ''
concat('\t', left(s, 0)) < ''
concat('a\t', left(gc, 0)) < 'a'
concat('a\t', left(gc, 0)) < 'a  '
concat('a  \t', left(gc, 0)) < 'a'
concat('a  ', left(gc, 0)) < 'a'
concat('a  ', left(gc, 0)) = 'a'
concat('a\0', left(gc, 0)) > 'a'
concat('ß\t', left(gc, 0)) < 'ss'
concat('ß\t', left(gc, 0)) < 'ß'
('ß\t' collate utf8mb4_unicode_ci) < ('ss' collate utf8mb4_unicode_ci)
('ß\t' collate utf8mb4_unicode_ci) < ('s' collate utf8mb4_unicode_ci)
('s\t' collate utf8mb4_unicode_ci) < ('s' collate utf8mb4_unicode_ci)
('s\n' collate utf8mb4_bin) < ('s' collate utf8mb4_bin)
('s\n' collate utf8mb4_0900_bin) < ('s' collate utf8mb4_0900_bin)
('\t' collate utf8mb4_general_ci) between '' and 'a'
greatest(('a\t' collate utf8mb4_bin), 'a')
least(('a\t' collate utf8mb4_bin), 'a')
strcmp('a\t' collate utf8mb4_general_ci, 'a')
strcmp('\t' collate utf8mb4_general_ci, '\n')
"""

SECTIONS: Final = [section(filter(None, _ALL.splitlines()), tail="FROM v")]
