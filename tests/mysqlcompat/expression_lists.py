"""The expressions whose values, types and warnings are recorded from a real MySQL.

`FAMILIES` maps a family to its expressions; `COLUMNS` is the table that some of them are about,
with one row. Times of day, random numbers and the like stay out: nothing depends on when it runs.
"""

from __future__ import annotations

from itertools import product
from typing import Final

#: name, SQL type, literal of its value in the one row
COLUMNS: Final = (
    ("id", "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY", "7"),
    ("i", "INT", "12"),
    ("u", "INT UNSIGNED", "3000000000"),
    ("t", "TINYINT", "-5"),
    ("b", "BIGINT", "-1234567890123"),
    ("bu", "BIGINT UNSIGNED NOT NULL", "18446744073709551615"),
    ("d", "DECIMAL(12,2)", "199.99"),
    ("dn", "DECIMAL(20,6) NOT NULL", "-0.125"),
    ("f", "DOUBLE", "1.5"),
    ("fl", "FLOAT", "0.1"),
    ("s", "VARCHAR(32)", "'Straße 12'"),
    ("sn", "VARCHAR(10) NOT NULL", "'42abc'"),
    ("c", "CHAR(8)", "'abc'"),
    ("bin", "VARBINARY(8)", "x'0041ff'"),
    ("dt", "DATETIME", "'2024-02-29 13:14:15'"),
    ("dt6", "DATETIME(6) NOT NULL", "'2023-12-31 23:59:59.999999'"),
    ("da", "DATE", "'2024-02-29'"),
    ("ti", "TIME", "'-13:14:15'"),
    ("ts", "TIMESTAMP NULL", "'2024-02-29 13:14:15'"),
    ("y", "YEAR", "2024"),
    ("j", "JSON", '\'{"city": "Bengaluru", "n": [1, 2.5, true, null]}\''),
    ("n", "INT", "NULL"),
    ("tx", "TEXT", "'text'"),
)

_OPERANDS: Final = (
    "0", "1", "-3", "18446744073709551615", "2.50", "-0.125", "1e0", "'7'", "'x'", "null",
    "date'2024-02-29'", "timestamp'2024-02-29 13:14:15.5'", "true",
)  # fmt: skip
_NUMBERS: Final = (
    "0",
    "7",
    "-7",
    "2.5",
    "-2.567",
    "1.5e0",
    "'3.7'",
    "null",
    "12345678901234567890",
)


def _pairs(operators: tuple[str, ...], operands: tuple[str, ...] = _OPERANDS) -> list[str]:
    return [f"{a} {op} {b}" for op in operators for a, b in product(operands, operands)]


def _each(patterns: str, operands: tuple[str, ...]) -> list[str]:
    return [pattern.replace("$", one) for pattern in patterns.split("; ") for one in operands]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines() if line.strip()]


ARITHMETIC: Final = [
    *_pairs(("+", "-", "*", "/", "div", "%")),
    *_lines("""
        1/3
        1/3/3
        100/3*3
        2*1.50/3
        1.000000000000000000000000000000 / 3
        99999999999999999999999999999999999999999999999999999999999999999 * 10
        9223372036854775807+1
        cast(18446744073709551615 as unsigned)+1
        1-cast(2 as unsigned)
        -9223372036854775808-1
        9223372036854775807*2
        1e308*10
        -9223372036854775808
        -9223372036854775809
        -(5)
        -'5'
        -'abc'
        - -5
        +5
        ~1
        ~0
        1<<2
        1 << 70
        5&3
        -1 & 5
        1 | 2
        5 ^ 1
        '5' & 1
        1.5 | 0
        x'41'+0
        b'101'+0
        x'ffffffffffffffff'+0
        0.1e0 + 0.2e0
        1.10+1.1
    """),
]

COMPARISON: Final = [
    *_pairs(("=", "<", ">=", "<=>"), (*_OPERANDS[:10], "'7.0'", "true")),
    *_lines("""
        'a'='A'
        'a'='á'
        'a '='a'
        'a' > 'B'
        'a' collate utf8mb4_bin = 'A'
        x'41'='A'
        date'2024-01-01'='2024-01-01'
        date'2024-01-01'='2024-1-1'
        date'2024-01-01'='2024-01-01 10:00:00'
        date'2024-01-01'='x'
        date'2024-01-01'=20240101
        date'2024-01-01' < timestamp'2024-01-01 00:00:01'
        timestamp'2024-01-01 10:00:00' = '2024-01-01 10:00'
        timestamp'2024-01-01 10:00:00' > '2024-01-01'
        timestamp'2024-01-01 10:00:00' = 'x'
        time'10:00:00' = '10:00:00'
        1 = date'2024-01-01'
        row(1,2) = row(1,2)
        (1,2)=(1,3)
        (1,2) in ((1,2),(3,4))
        1 in (1,2)
        1 in (1,'a')
        1 in (1,2.5)
        1 in (2,null)
        1 not in (2,3)
        null in (1)
        'a' in ('A','b')
        1 between 0 and 2
        1 between '0' and 2
        1 not between 2 and 3
        null between 1 and 2
        1 between null and 0
        date'2024-01-01' between '2023-01-01' and '2025-01-01'
        1 is null
        null is null
        1 is not null
        1 is true
        2 is not false
        null is unknown
        null is true
        'abc' like 'a%'
        'abc' like 'A_C'
        'a%c' like 'a\\%c'
        'abc' like 'a!%' escape '!'
        'abc' not like 'ab'
        'é' like 'e'
        null like 'a'
        1 like 1
        'abc' regexp 'b'
        'abc' rlike '^A'
        'abc' not regexp 'z'
    """),
]

LOGIC: Final = [
    *[
        f"{a} {op} {b}"
        for op in ("and", "or", "xor")
        for a, b in product(("0", "2", "null"), repeat=2)
    ],
    *_lines("""
        not 1
        not null
        not not 1
        !1
        !!1
        1 and 'a'
        1 = 1 = 1
        3 > 2 > 1
        1 = 2 is null
        not 1 = 2
        1 or 0 and 0
        1 xor 1 and 0
        2 between 1 and 3 and 0
        - 2 + 3 * 4 - 5 % 3
        1 | 2 ^ 3 & 4 << 1
        5 div 2 * 2
    """),
]

LITERALS: Final = _lines("""
    1
    -1
    1.5
    0.5
    .5
    1.
    'abc'
    'it''s'
    "a\\nb"
    ''
    'a' 'b'
    1e3
    1e14
    1e15
    1e16
    123456789012345678e0
    0.0001e0
    1e-5
    1e-15
    1e-16
    1.5e-16
    1.23456789e-10
    1.7976931348623157e308
    -1.5e-20
    null
    true
    false
    x'4142'
    0x4142
    b'101'
    0b11
    _utf8mb4'a'
    _latin1'a'
    _binary'a'
    18446744073709551615
    9223372036854775808
    18446744073709551616
    date'2024-01-01'
    date'2024-13-01'
    timestamp'2024-01-01 10:00:00'
    timestamp'2024-01-01 10:00:00.25'
    time'10:00:00'
    time'-10:00:00.5'
""")

_CAST_VALUES: Final = (
    "1", "-1.5", "2.5e0", "'12'", "'12abc'", "'x'", "''", "null", "true", "'2024-02-29'",
    "'2024-02-29 13:14:15.678'", "20240229", "'13:14:15'", "date'2024-02-29'",
    "timestamp'2024-02-29 13:14:15.6'", "time'13:14:15.6'", "18446744073709551615", "1e30",
    "json_array(1)", "json_extract('[1.5]','$[0]')", "json_extract('[\"7\"]','$[0]')",
)  # fmt: skip
_CAST_TYPES: Final = (
    "signed", "unsigned", "char", "char(2)", "decimal", "decimal(5,2)", "date", "datetime",
    "datetime(2)", "double",
)  # fmt: skip
CASTS: Final = [
    *[f"cast({value} as {kind})" for kind in _CAST_TYPES for value in _CAST_VALUES],
    *_lines("""
        cast(1.5e0 as float)
        cast('12' as year)
        cast(70 as year)
        cast('abc' as binary)
        cast('abc' as binary(2))
        cast('abc' as binary(5))
        cast(123 as binary)
        cast(x'41' as char)
        cast('a' as char character set latin1)
        convert('a' using latin1)
        convert('a' using binary)
        convert('12', signed)
        cast(' 12 ' as signed)
        cast('1e2' as signed)
        cast('99999999999999999999' as signed)
        cast(123456 as decimal(5,2))
        cast('10:11' as time)
        cast('101112' as time)
        cast('1 10:11:12' as time)
        cast('-10:11:12.5' as time(1))
        cast('900:00:00' as time)
        cast('abc' as time)
        cast('10:70:00' as time)
        cast('2024-01-01 10:11:12' as time)
        cast('2024-1-1 1:2:3' as datetime)
        cast('20240101101112' as datetime)
        cast(20240101101112.55 as datetime(1))
        cast('24-01-01' as date)
        cast('2024-02-30' as date)
        cast('2024-01-01x' as date)
        cast('2024-01-01T10:11:12' as datetime)
        cast('2024-01-01T10:11:12Z' as datetime)
        cast('2024-01-01 10:11:12+05:30' as datetime)
        cast('0000-00-00' as date)
        cast(1 as decimal(66,2))
        cast(1 as decimal(5,6))
        cast(1 as datetime(7))
    """),
]

CONTROL: Final = _lines("""
    if(1,2,3)
    if(0,2,3)
    if('a',1,2)
    if(1,'a',3)
    if(1,1.5,3)
    if(1,1e0,2)
    if(null,1,'x')
    if(1,null,null)
    if(1,null,5)
    if(1,timestamp'2024-01-01 10:00:00',date'2024-01-01')
    if(1,date'2024-01-01','x')
    ifnull(null,1)
    ifnull('a',1)
    ifnull(1,1.5)
    ifnull(null,null)
    ifnull(1.5,1e0)
    nullif(1,1)
    nullif(1,2)
    nullif('a','b')
    nullif('a','A')
    coalesce(null,'a','bcd')
    coalesce(null,1.5,2)
    coalesce(1,'a')
    coalesce(null,null)
    coalesce(1,18446744073709551615)
    case when 1 then 'a' else 'bc' end
    case 1 when 1 then 'a' end
    case 'a' when 'A' then 1 else 2 end
    case when null then 1 end
    case null when null then 1 else 2 end
    greatest(1,2.5,'3')
    greatest('a','b')
    greatest(1,null)
    greatest(1,2,3.50)
    greatest(1,2e0)
    greatest('a',1)
    least(1,2)
    least(1.5,2)
    least('b','A')
    isnull(null)
    isnull(1)
    interval(23, 1, 15, 17, 30, 44)
    strcmp('a','b')
    any_value(1)
""")

NUMERIC: Final = [
    *_each("abs($); ceil($); floor($); round($); round($,1); truncate($,1); sign($); sqrt($); "
           "mod($,3)", _NUMBERS),
    *_lines("""
        round(1.567,2)
        round(15)
        round(25,-1)
        round(1234.5,-2)
        round(1.234567,3)
        round(-2.5)
        round(2.5e0)
        round(1.5,null)
        truncate(1.999,1)
        truncate(-1.999,0)
        truncate(199,-2)
        ceil(12345678901234567890.5)
        pow(2,3)
        pow(2,0.5)
        pow(0,-1)
        power(2,-1)
        mod(5.5,2)
        mod(-5,3)
        mod(5,-3)
        mod(10,0)
        exp(1)
        ln(2)
        ln(0)
        log(2,8)
        log2(8)
        log10(100)
        pi()
        sin(1)
        cos(0)
        degrees(pi())
        radians(180)
        atan(1,2)
        crc32('abc')
        conv('ff',16,10)
        conv('10',10,2)
        bin(5)
        oct(8)
        bit_count(7)
        rand(1)
        abs(-9223372036854775808)
        abs(1,2)
        nosuch(1)
    """),
]  # fmt: skip

STRINGS: Final = _lines("""
    concat('a','bc')
    concat('a',1)
    concat('a',null)
    concat(1.50,'x')
    concat(true,2)
    concat(1e20, 1e15, 1e-5)
    concat(x'41','b')
    concat(date'2024-01-01',' ',time'10:00:00')
    concat(json_object('a',1),'x')
    concat()
    concat_ws(',','a',null,'b')
    concat_ws(null,'a')
    lower('ABC')
    lower('ÀÉ')
    upper('straße')
    upper(json_extract('{"c":"x"}','$.c'))
    length('é')
    char_length('é')
    octet_length('é')
    bit_length('a')
    length(null)
    length(12345)
    substring('hello',2)
    substring('hello',2,3)
    substring('hello',-3,2)
    substring('hello',0)
    substring('hello',9)
    substring('hello',2,-1)
    substr('hello' from 2 for 3)
    mid('hello',2,3)
    left('hello',2)
    left('hello',-1)
    left('hello',10)
    right('hello',3)
    right('hello',0)
    trim('  a ')
    trim(leading 'x' from 'xxa')
    trim(trailing 'x' from 'axx')
    trim(both 'x' from 'xxaxx')
    trim('x' from 'xax')
    ltrim('  a ')
    rtrim('  a ')
    replace('aXbX','X','yy')
    replace('abc','','x')
    repeat('ab',3)
    repeat('a',0)
    reverse('abc')
    lpad('a',3,'xy')
    rpad('a',3,'xy')
    lpad('abc',2,'x')
    rpad('abc',2,'x')
    lpad('a',-1,'x')
    instr('abc','C')
    instr('abc','z')
    locate('b','abcb',3)
    locate('z','abc')
    position('b' in 'abc')
    hex('é')
    hex(255)
    hex(-1)
    hex(1.6)
    hex(null)
    unhex('4142')
    unhex('zz')
    format(1234567.891,2)
    format(1234567.891,0)
    format(-1234.5,1)
    format('x',2)
    format(1e20,2)
    ascii('a')
    ascii('')
    ord('é')
    char(65,66)
    char(65 using utf8mb4)
    elt(2,'a','b')
    elt(3,'a','b')
    field('b','a','b')
    field('z','a','b')
    find_in_set('b','a,b')
    space(3)
    quote("it's")
    quote(null)
    soundex('hello')
    insert('hello',2,2,'XX')
    insert('hello',9,2,'XX')
    substring_index('a.b.c','.',2)
    substring_index('a.b.c','.',-1)
    sha2('a',256)
    sha2('a',512)
    sha2('a',5)
    to_base64('abc')
    from_base64('YWJj')
    from_base64('*')
    inet_aton('1.2.3.4')
    inet_ntoa(16909060)
    is_uuid('x')
    is_uuid('6ccd780c-baba-1026-9564-5b8c656024db')
    charset('a')
    collation('a')
    coercibility('a')
    'a' collate utf8mb4_bin
    'a' collate nosuch
    'a' collate latin1_swedish_ci
    @undefined
""")

_MOMENTS: Final = ("'2024-02-29 13:14:15.5'", "'2024-02-29'", "timestamp'2023-12-31 23:59:59'",
                   "date'2024-01-01'", "'x'", "null", "20240229")  # fmt: skip
TEMPORAL: Final = [
    *_each("year($); month($); day($); dayofweek($); dayofyear($); weekday($); quarter($); "
           "last_day($); to_days($); week($); dayname($); monthname($); date($)", _MOMENTS),
    *_each("hour($); minute($); second($)", ("'13:14:15'", "time'13:14:15'",
                                             "timestamp'2023-12-31 23:59:58'", "null")),
    *_lines("""
        microsecond('10:11:12.5')
        week('2024-01-01',1)
        week('2024-12-31',3)
        yearweek('2024-01-01')
        weekofyear('2024-01-01')
        from_days(738000)
        time('2024-02-01 10:11:12.5')
        time('10:11:12')
        datediff('2024-02-01','2024-01-01')
        datediff('x','2024-01-01')
        timestampdiff(day,'2024-01-01','2024-02-01')
        timestampdiff(month,'2024-01-31','2024-02-29')
        timestampdiff(second,'2024-01-01','2024-01-01 00:01:00')
        timestampdiff(year,'2023-05-05','2024-05-04')
        timestampdiff(year,'2024-05-04','2023-05-05')
        timestampdiff(hour,'x','2024-02-01')
        timestampadd(day,1,'2024-01-01')
        date_add('2024-01-01', interval 1 hour)
        date_add('2024-01-01', interval 1 day)
        date_add('2024-01-01', interval 1.5 second)
        date_add('x', interval 1 day)
        date_add(null, interval 1 day)
        date_add(date'2024-01-01', interval 1 hour)
        date_add(date'2024-01-01', interval 1 day)
        date_add(timestamp'2024-01-01 00:00:00', interval 1 microsecond)
        date_add(timestamp'2024-01-01 00:00:00', interval 1 second)
        date_add(time'10:00:00', interval 1 hour)
        date_sub('2024-03-31', interval 1 month)
        date_sub(date'2024-03-31', interval 1 quarter)
        date_add('9999-12-31', interval 1 day)
        date_add('2024-01-01', interval '1 2' day_hour)
        date_add('2024-01-01', interval '1-2' year_month)
        date_add('2024-01-01', interval '-1:30' minute_second)
        date_add('2024-01-01', interval 'x' day)
        date_add('2024-01-01', interval 1.5 day)
        date_add('2024-01-01', interval '1.5' day)
        date_add('2024-01-01 10:00:00', interval -90 minute)
        '2024-01-01'+interval 1 day
        interval 1 day + '2024-01-01'
        date'2024-01-31'+interval 1 month
        date'2024-01-31'-interval 1 year
        date'2024-01-31'+interval '1:30' minute_second
        adddate('2024-01-01', 31)
        subdate('2024-01-01', interval 1 week)
        extract(year from '2024-01-02')
        extract(year_month from '2024-01-02')
        extract(day_second from '2024-01-02 03:04:05')
        extract(microsecond from '2024-01-02 03:04:05.5')
        extract(hour from '2024-01-02 03:04:05')
        date_format('2024-01-02 03:04:05','%Y-%m-%d %H:%i:%s %W %M %j %y %e %c %k %l %p %r %T %f')
        date_format('2024-01-02 03:04:05','%% %D %a %b %h %U %u %w %X %V %x %v')
        date_format('x','%Y')
        time_format('10:11:12','%H-%i')
        str_to_date('2024-01-02','%Y-%m-%d')
        str_to_date('01/02/2024 10:11','%d/%m/%Y %H:%i')
        str_to_date('x','%Y')
        unix_timestamp('2024-01-01')
        unix_timestamp('2024-01-01 00:00:00.5')
        unix_timestamp(20240101)
        unix_timestamp('x')
        from_unixtime(0)
        from_unixtime(1704067200)
        from_unixtime(1704067200.5)
        from_unixtime('1704067200')
        from_unixtime(1704067200,'%Y')
        from_unixtime(-1)
        sec_to_time(3661)
        time_to_sec('01:01:01')
        makedate(2024,60)
        maketime(1,2,3)
        addtime('10:00:00','01:00:00')
        addtime(timestamp'2024-01-01 10:00:00','01:00:00')
        subtime('10:00:00','01:00:00')
        timediff('10:00:00','09:00:00')
        timediff('2024-01-02 00:00:00','2024-01-01 00:00:00')
        convert_tz('2024-01-01 10:00:00','+00:00','+05:30')
        date'2024-01-01' - date'2023-01-01'
        date'2024-01-01'+0
        time'10:00:00'+1
        now(7)
    """),
]  # fmt: skip

JSON: Final = _lines(r"""
    json_object('b',1,'a',2)
    json_object('aa',1,'b',2)
    json_object('a',true,'b',1=1,'c',null,'d',1.50,'e',1e0,'f','x')
    json_object('a',date'2024-01-01','b',timestamp'2024-01-01 10:00:00','c',time'10:00:00')
    json_object('d',x'41')
    json_object('a')
    json_object(null,1)
    json_object()
    json_object(1,2)
    json_object('k', json_array())
    json_object('a',cast('{}' as json))
    json_object('a','{"x":1}')
    json_array()
    json_array(1,'a',null,true,1.0,1e20,json_object('x',1))
    json_array(1.10, 1e0, 100, 18446744073709551615, 1.5e300, 0.1)
    json_array('é','\t','/','"','\\')
    json_array(1.0e-5,1e100,123456789.123,0e0,-0e0,1e15,1e16,1e17,123456789012345680e0)
    json_quote('a"b')
    json_extract('{"a":{"b":[1,2,{"c":"x"}]}}','$.a.b[2].c')
    json_extract('{"a":1,"b":2}','$.*')
    json_extract('[1,2,3]','$[1]')
    json_extract('[1,2,3]','$[last]')
    json_extract('[1,2,3]','$[last-1]')
    json_extract('[1,2,3]','$[0 to 1]')
    json_extract('[1,2,3]','$[*]')
    json_extract('{"a":1}','$.x')
    json_extract('{"a":1,"b":2}','$.a','$.b')
    json_extract('{"a":1,"b":2}','$.a','$.x')
    json_extract('{"a":{"x":1},"b":{"x":2}}','$**.x')
    json_extract('{"a b":1}','$."a b"')
    json_extract('1','$[0]')
    json_extract('bad','$.a')
    json_extract('{"a":1}','bad')
    json_extract('{"a":1}','$.a[')
    json_extract(null,'$.a')
    json_extract('{"a":1}',null)
    json_extract(1,'$')
    json_unquote('"abc"')
    json_unquote('abc')
    json_unquote('"a\\nb"')
    json_unquote(json_extract('{"a":"x\\"y"}','$.a'))
    json_unquote(json_extract('{"a":[1,2]}','$.a'))
    json_unquote(null)
    json_set('{"a":1}','$.a',2,'$.b',3)
    json_set('{"a":[1,2]}','$.a[5]',9)
    json_set('{"a":1}','$.a[1]',9)
    json_set('{"a":1}','$.*',9)
    json_insert('{"a":1}','$.a',2,'$.b',3)
    json_replace('{"a":1}','$.a',2,'$.b',3)
    json_remove('{"a":1,"b":[1,2,3]}','$.a','$.b[1]')
    json_remove('{"a":1}','$')
    json_type('{"a":1}')
    json_type('[1]')
    json_type('1')
    json_type('1.5')
    json_type('"x"')
    json_type('true')
    json_type('null')
    json_type(null)
    json_type(json_extract(json_array(1.5),'$[0]'))
    json_type(json_extract(json_array(date'2024-01-01'),'$[0]'))
    json_type(cast(18446744073709551615 as json))
    json_valid('{"a":1}')
    json_valid('{a:1}')
    json_valid(1)
    json_valid(null)
    json_length('{"a":1,"b":[1,2]}')
    json_length('[1,2,3]')
    json_length('1')
    json_length('{"b":[1,2]}','$.b')
    json_length('{"b":[1,2]}','$.x')
    json_keys('{"b":1,"a":2,"cc":3}')
    json_keys('[1]')
    json_keys('{"a":{"x":1}}','$.a')
    json_contains('{"a":1,"b":2}','{"a":1}')
    json_contains('[1,2,[3]]','[1,3]')
    json_contains('{"a":1}','1','$.a')
    json_contains('[1,2]','4')
    json_contains_path('{"a":1}','one','$.a','$.b')
    json_contains_path('{"a":1}','all','$.a','$.b')
    json_depth('[[1]]')
    json_pretty('{"a":[1,2],"b":{}}')
    json_merge_patch('{"a":1}','{"b":2}')
    json_merge_preserve('{"a":1}','{"a":2}')
    json_array_append('[1,2]','$',3)
    json_array_insert('[1,2]','$[0]',0)
    json_search('{"a":"x","b":"y"}','one','x')
    json_overlaps('[1,2]','[2,3]')
    json_storage_size('{"a":1}')
    1 member of('[1,2]')
    cast('{"b":1,"a":2}' as json)
    cast('bad' as json)
    cast('{"a":1' as json)
    cast('[1' as json)
    cast('"x"' as json)
    cast(1.5 as json)
    cast(true as json)
    cast(null as json)
    cast('[1, 2,   3]' as json)
    cast('1e2' as json)
    cast('1.0' as json)
    cast('100000000000000000000' as json)
    cast('-0' as json)
    cast('{"a":1,"a":2}' as json)
    json_extract('{"c":"Bengaluru"}','$.c') = 'Bengaluru'
    json_extract('{"c":"Bengaluru"}','$.c') = 'bengaluru'
    json_extract('{"c":5}','$.c') = 5
    json_extract('{"c":5}','$.c') = '5'
    json_extract('{"c":5}','$.c') > 4.5
    json_extract('{"c":5}','$.c') = 5e0
    json_extract('{"c":true}','$.c') = true
    json_extract('{"c":null}','$.c') is null
    json_extract('{"c":null}','$.c') = 'null'
    json_extract('[1]','$') = json_array(1)
    json_extract('{"c":"x"}','$.c') in ('x','y')
    json_extract('{"c":"x"}','$.c') like '%x%'
    json_object('a',1) = '{"a": 1}'
    json_object('a',1) = cast('{"a": 1}' as json)
    json_extract('{"c":5}','$.c') + 1
    json_extract('{"c":"5"}','$.c') + 1
    length(json_object('a',1))
    if(json_extract('{"c":5}','$.c'),1,2)
    ifnull(json_extract('{"c":5}','$.c'),1)
    coalesce(json_extract('{"c":5}','$.x'),'none')
    json_extract('[1,2]','$[0]') < json_extract('[1,2]','$[1]')
    json_array(1) < json_array(1, 2)
    json_object('a', 1) > 'zzz'
""")

AGGREGATE: Final = [
    *_each("sum($); avg($); min($); max($); count($)",
           ("1", "1.5", "1e0", "'7'", "null", "date'2024-01-01'", "i", "d", "f", "s", "bu", "dt")),
    *_lines("""
        count(*)
        count(distinct i)
        count(distinct 1,2)
        sum(distinct i)
        bit_or(5)
        bit_and(i)
        std(1)
        var_samp(1)
        json_arrayagg(1)
        json_objectagg('a',1)
        group_concat('a','b')
        group_concat(s separator ';')
        group_concat(distinct i order by d desc)
        sum(1)+1
        sum(i)/count(*)
        sum(cast(1 as decimal(20,5)))
        avg(cast(1 as decimal(20,5)))
        sum(d*i)
        max(length(s))
        min(json_array(1))
    """),
]  # fmt: skip

_NAMES: Final = tuple(name for name, _, _ in COLUMNS)
COLUMN: Final = [
    *_NAMES,
    *_each("$ is null; $ + 1; $ = 1; concat($,''); ifnull($,0); -$; not $; if(1,$,$)", _NAMES),
    *_lines("""
        i*2
        i/2
        i div 2
        i%3
        i+d
        i+f
        d*d
        d/3
        d+dn
        t*t
        u+1
        u-1
        b+b
        bu+0
        i&1
        d > 100
        d = 199.99
        d = '199.99'
        i = '12'
        i = '12.0'
        i in (12,13)
        i between 10 and 20
        dt > '2024-01-01'
        dt = '2024-02-29 13:14:15'
        da = '2024-02-29'
        da < dt
        da between '2024-01-01' and '2024-12-31'
        dt6 > dt
        ts = dt
        ti < '00:00:00'
        y = 2024
        y + 1
        s = 'STRASSE 12'
        s = 'strasse 12'
        s like 'str%'
        c = 'ABC'
        c like 'a%'
        sn + 0
        upper(s)
        left(s,3)
        concat(s,c,i,d)
        coalesce(n,i)
        coalesce(n,d)
        coalesce(n,s)
        case when i > 5 then s else c end
        date_add(dt, interval 1 day)
        date_add(da, interval 1 hour)
        date_format(dt,'%Y-%m')
        year(da)
        datediff(dt, da)
        json_extract(j,'$.city')
        j->'$.city'
        j->>'$.city'
        j->'$.n[1]'
        json_extract(j,'$.city') = 'Bengaluru'
        j->'$.nosuch'
        json_unquote(j->'$.n')
        json_length(j)
        round(d,1)
        round(f)
        floor(d)
        abs(t)
        length(s)
        char_length(s)
        hex(bin)
        unix_timestamp(dt)
        greatest(i,d)
        cast(d as signed)
        cast(i as char)
        cast(s as char(3))
        cast(dt as date)
    """),
]

FAMILIES: Final[dict[str, list[str]]] = {
    "literals": LITERALS,
    "arithmetic": ARITHMETIC,
    "comparison": COMPARISON,
    "logic": LOGIC,
    "casts": CASTS,
    "control": CONTROL,
    "numeric": NUMERIC,
    "strings": STRINGS,
    "temporal": TEMPORAL,
    "json": JSON,
    "aggregate": AGGREGATE,
    "columns": COLUMN,
}
