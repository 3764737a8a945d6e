"""By hand: functions of long texts. One that looks at what it has seen again takes hours for the
first of these; the others say what is found at the places where long texts are cut."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import section

_LONG: Final = r"""
length(trim(repeat(' ', 3000000)))
length(rtrim(concat('a', repeat(' ', 3000000), 'b')))
length(trim('ab' from repeat('ab', 1000000)))
'x' regexp repeat('a', 20000)
repeat('ab', 10000) regexp repeat('ab', 10000)
regexp_instr(repeat(' ', 16384), repeat(' ', 16384))
conv(repeat('1', 1000000), 10, 16) = 'x'
bin(repeat('1', 1000000)) = 'x'
find_in_set(repeat('a,', 40000), repeat('a,', 40000))
locate(concat(repeat('é', 2000), 'b'), repeat('é', 4000))
instr(repeat('é', 4000), concat(repeat('e', 2000), 'B'))
length(extractvalue(concat('<r>', repeat('<a/>x', 30000), '</r>'), '/r'))
extractvalue(repeat('<', 100000), '/a')
extractvalue(repeat('<?', 100000), '/a')
extractvalue(repeat('<!a ', 100000), '/a')
extractvalue(repeat('</a', 100000), '/a')
extractvalue(concat(repeat('<!--', 100000), '-->'), '/a')
length(updatexml(concat('<r>', repeat('<a b="1">x</a>', 20000), '<c/></r>'), '/r/c', ''))
"""

_PARTS: Final = r"""
conv('ff',16,10)
conv('zz',36,10)
conv(repeat('0',100),10,16)
conv(concat(repeat('0',100),'12'),10,16)
conv(repeat('9',100),10,16)
conv(repeat('9',100),10,-16)
conv(concat('-',repeat('9',100)),10,16)
conv(concat('-',repeat('9',100)),-10,16)
conv('18446744073709551615',10,16)
conv('18446744073709551616',10,16)
conv('-5',10,16)
conv('5x',10,16)
conv('x',10,16)
conv('+5',10,16)
conv('１２',10,16)
conv(' 12 ',10,-16)
bin(repeat('1',100))
oct('7x')
find_in_set('b','a,b,c')
find_in_set('','a,,c')
find_in_set('','')
find_in_set('B','a,b,c')
find_in_set('é','a,e,c')
find_in_set('a,b','a,b')
find_in_set(_binary'b','a,b,c')
locate('é','abcde fé')
locate('ss','straße ss')
locate('b','áb')
locate('', 'áb', 3)
locate('', 'áb', 4)
locate('a','bá\0a')
instr('xxé\0ab','\0')
instr('xxé\0ab','a')
replace('áb','b','c')
statement_digest_text('insert into t values (1),(2),(3)')
statement_digest_text('insert into t values (1,2),(2,3),(3,4),(5,6)')
statement_digest_text('select a from t where (a) in ((1),(2)) and (1,2) in ((1,2),(3,4),(4,5))')
'a' regexp concat(repeat('(',99),'a',repeat(')',99))
'a' regexp concat(repeat('(',100),'a',repeat(')',100))
'a' regexp concat(repeat('[',99),'a',repeat(']',99))
'a' regexp concat(repeat('[',100),'a',repeat(']',100))
'a' regexp concat(repeat('(?:',60),repeat('[',40),'a',repeat(']',40),repeat(')',60))
'a' regexp concat(repeat('(?:',60),repeat('[',39),'a',repeat(']',39),repeat(')',60))
'a' regexp repeat('(', 100)
'a' regexp repeat('(', 99)
'a' regexp concat('[[:alpha:]',repeat('(?:',99), 'a', repeat(')',99))
repeat('a',300) regexp concat('^',repeat('a',300),'$')
repeat('a',300) regexp concat('^',repeat('a',300),'b$')
repeat('ab',300) regexp concat('^',repeat('ab',299),'a+b?$')
repeat('a',301) regexp concat('(?x)^',repeat('a ',300),' a *$')
regexp_replace(repeat('a',400), repeat('a',200), 'b')
regexp_substr(repeat('A',400), concat('\\Q',repeat('a',200),'\\E+'))
"""

SECTIONS: Final = [section(text.strip().split("\n")) for text in (_LONG, _PARTS)]
