"""Every function of the table over many rows: ``python -m tests.bench.bench_functions [rows]
[only]``.

Most calls are as people write them (`GIVEN`); a function that is not among them is asked for with
columns (numbers, strings, moments, documents) and constants, the first that give a value. No value
comes twice. Printed are values a second of the serving thread, on the CPU, the better of two, the
slowest first; with MYSQL_ORACLE=host:port those of a MySQL beside them, asked in turn, and ratios;
where a library does most of the work, what it does alone on one value from Python; and the
functions nothing suitable was found for. `only`: calls that have it in their text.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import os
import re
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pymysql
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from mysqlcompat.cluster import Cluster
from mysqlcompat.functions import DEFINITIONS
from tests.bench.bench_expressions import Server

#: Waits, changes something, or is about a session rather than a value.
_OTHER: Final = """
    sleep benchmark get_lock release_lock release_all_locks is_free_lock is_used_lock load_file
    last_insert_id row_count found_rows connection_id database schema user current_user
    session_user system_user version rand uuid uuid_short random_bytes
"""
COLUMNS: Final = (
    "id INT PRIMARY KEY, s VARCHAR(40), x BIGINT, f DOUBLE, m DECIMAL(10,2), d DATETIME, t TIME,"
    " j JSON, b VARBINARY(16), y DATE, w VARCHAR(40), ip VARCHAR(40), ip6 VARBINARY(16),"
    " u CHAR(36), e VARBINARY(64), c VARBINARY(100), z VARCHAR(60), l VARCHAR(60), a VARCHAR(60)"
)
#: Different in every row, so that nobody can remember results.
ROW: Final = (
    "SELECT {i}, CONCAT('Name-', {i}), {i} * 7, {i} / 3000, {i} / 100,"
    " '2020-01-01' + INTERVAL {i} MINUTE, SEC_TO_TIME({i} % 3000000),"
    " JSON_OBJECT('k', {i} % 100, 'a', JSON_ARRAY({i}, 'x')), CONCAT('bytes', {i}),"
    " '2020-01-01' + INTERVAL {i} % 5000 DAY, '2020-01-01' + INTERVAL {i} MINUTE,"
    " INET_NTOA({i} * 7919 % 4294967296), INET6_ATON(CONCAT('2001:db8::', HEX({i} % 65536))),"
    " INSERT(INSERT(INSERT(INSERT(LEFT(SHA2({i}, 256), 32), 9, 0, '-'), 14, 0, '-'), 19, 0, '-'),"
    " 24, 0, '-'),"
    " AES_ENCRYPT(CONCAT('Name-', {i}), 'key'), COMPRESS(CONCAT('Name-', {i})),"
    " TO_BASE64(CONCAT('Name-', {i})), CONCAT('a,b,Name-', {i}, ',c'),"
    " CONCAT('<a><b>', {i}, '</b></a>')"
)
FIRST: Final = ("s", "x", "f", "m", "d", "t", "j", "b", "'Name-7'", "'$.k'")
LATER: Final = ("2", "'a'", "'$.k'", "'%Y-%m-%d'", "x", "s", "d", "j", "'7'", "'k'", "'+01:00'")
MOST_ARGUMENTS: Final = 4
#: Calls as people write them, of functions and operators; more than one of some.
GIVEN: Final = """
abs(m); abs(x); acos(f / 1000); adddate(y, 7); adddate(d, INTERVAL 1 MONTH)
addtime(t, '01:00:00'); addtime(d, '01:00:00'); aes_decrypt(e, 'key'); aes_encrypt(s, 'key')
asin(f / 1000); atan2(f, x); bin(x); bin_to_uuid(uuid_to_bin(u)); bit_count(b); ceil(m)
char(x, 65); char_length(s); coercibility(s); compress(s); concat_ws(',', s, x, d); concat(s, x)
concat(d, t); conv(x, 10, 16); convert_tz(d, '+00:00', 'Europe/Berlin')
convert_tz(d, 'America/New_York', '+05:30'); cot(f + 1); crc32(s); crc32(x); date(w)
date_format(d, '%Y-%m-%d %H:%i:%s'); date_format(d, '%W %M %e, %Y'); date_format(y, '%d.%m.%y')
date_format(d, '%x-%v'); date_add(d, INTERVAL x SECOND); date_add(y, INTERVAL 1 DAY)
date_add(d, INTERVAL '1 2' DAY_HOUR); date_sub(d, INTERVAL 90 MINUTE); datediff(w, '2020-06-01')
day(y); dayname(d); dayofmonth(d); dayofweek(y); dayofyear(y); degrees(f)
elt(x % 3 + 1, 'a', 'b', 'c'); exp(f / 1000); export_set(x, 'Y', 'N')
export_set(x % 16, 'Y', 'N', ',', 4); extract(YEAR_MONTH FROM d); extract(HOUR_MINUTE FROM t)
extractvalue(a, '/a/b'); field(s, 'Name-1', 'Name-2', 'Name-3'); field(x, 7, 14, 21)
find_in_set('b', l); find_in_set(s, 'a,b,Name-7'); floor(f); format(m, 2); format(x, 0)
format(f, 2); format(m, 2, 'de_DE'); format_bytes(x); format_pico_time(x); from_base64(z)
from_days(x % 3000000 + 400); from_unixtime(x); from_unixtime(x + 0.25)
from_unixtime(x, '%Y-%m-%d'); get_format(DATE, s); greatest(x, 7, id); greatest(m, 7)
greatest(f, 7); greatest(s, 'Name-5'); greatest(d, '2020-02-01'); greatest(y, DATE('2020-02-01'))
hex(s); hex(x); hour(d); if(x > 5, s, 'b'); inet6_aton(ip); inet6_ntoa(ip6); inet_aton(ip)
inet_ntoa(x); insert(s, 2, 3, 'xyz'); instr(s, '77'); interval(x, 10, 1000, 100000); is_ipv4(ip)
is_ipv6(ip); is_ipv4_compat(ip6); is_ipv4_mapped(ip6); is_uuid(u); last_day(d); least(x, 7, id)
least(m, 7); least(s, 'Name-5'); left(s, 3); ln(x + 1); locate('77', s); locate('7', s, 7)
log(x + 1); log(2, x + 1); log10(x + 1); log2(x + 1); lower(s); lpad(s, 20, '*'); lpad(x, 12, '0')
ltrim(s); make_set(x, 'a', 'b', 'c'); makedate(2020, x % 366 + 1); maketime(x % 800, 7, 33)
md5(s); microsecond(t); minute(t); mod(x, 7); month(y); monthname(d); oct(x); ord(s)
period_add(202001 + x % 12, 2); period_diff(202001 + x % 12, 201907); position('77' IN s)
pow(f, 2); quarter(d); quote(s); radians(f); regexp_instr(s, '7.*3'); regexp_like(s, '7.*3')
regexp_replace(s, '7', 'x'); regexp_substr(s, '[0-9]+'); repeat(s, 3); replace(s, 'a', 'bb')
reverse(s); right(s, 3); round(m, 1); round(f, 2); round(x, -2); rpad(s, 20, '*'); sec_to_time(x)
sec_to_time(f); second(t); sha1(s); sha2(s, 256); sha2(s, 512); sign(m); sin(f); soundex(s)
space(x % 10); sqrt(x); statement_digest_text(CONCAT('SELECT ', x))
statement_digest(CONCAT('SELECT ', x)); str_to_date(w, '%Y-%m-%d %H:%i:%s')
str_to_date(DATE_FORMAT(y, '%d.%m.%Y'), '%d.%m.%Y'); str_to_date(CAST(t AS CHAR), '%k:%i:%s')
strcmp(s, 'Name-5'); strcmp(s, l); subdate(d, 7); substring(s, 3); substring(s, 2, 4)
substring_index(l, ',', 2); substring_index(l, ',', -1); subtime(d, '1 01:00:00')
subtime(t, '01:00:00'); tan(f); time(d); time(w); time_format(t, '%H:%i')
time_format(t, '%h:%i:%s %p'); time_to_sec(t); timediff(d, '2020-01-01 00:00:00')
timediff(t, '01:00:00'); timestamp(w); timestamp(y, t); timestampadd(DAY, 2, d)
timestampdiff(HOUR, d, '2024-01-01'); timestampdiff(MONTH, d, '2024-01-01')
timestampdiff(SECOND, y, d); to_base64(s); to_days(w); to_days(y); to_seconds(d); trim(s)
trim(BOTH 'N' FROM s); truncate(m, 1); truncate(f, 1); uncompress(c); uncompressed_length(c)
unhex(hex(s)); unix_timestamp(d); unix_timestamp(y); unix_timestamp(w); updatexml(a, '/a/b', 'x')
upper(s); uuid_to_bin(u); uuid_to_bin(u, 1); validate_password_strength(s); week(d, 3); weekday(y)
weekofyear(d); weight_string(s); year(d); yearweek(d); json_set(j, '$.k', x)
json_contains(j, '7', '$.k'); json_search(j, 'one', 'x'); name_const('a', 7) + x

json_schema_valid('{"type": "object", "properties": {"k": {"maximum": 200}}}', j)
json_schema_valid('{"type": "object", "required": ["z"]}', j)
json_schema_validation_report('{"type": "object", "properties": {"k": {"maximum": 200}}}', j)
json_schema_validation_report('{"properties": {"k": {"maximum": 50}}}', j)
json_array_append(j, '$.a', x); json_array_insert(j, '$.a[0]', x); json_insert(j, '$.z', x)
json_replace(j, '$.k', x); json_contains_path(j, 'one', '$.k', '$.z'); x MEMBER OF (j->'$.a')
statement_digest_text(CONCAT('SELECT a, b FROM t WHERE id = ', x, ' AND s IN (''', s, ''', ''b'')'))
statement_digest(CONCAT('INSERT INTO t (a, b) VALUES (', x, ', ', f, '), (1, NULL)'))
statement_digest_text(CONCAT('SELECT c', x, ' FROM t', id, ' WHERE a < 7'))
extractvalue(a, '//b[1]'); extractvalue(a, '/a/b[text()="77"]'); extractvalue(a, 'count(/a/b)')
extractvalue(CONCAT('<a id="', x, '"><b>c</b></a>'), '/a/@id')
updatexml(CONCAT('<a id="', x, '"><b>c</b></a>'), '/a/b', '<c/>'); compress(REPEAT(s, 100))
icu_version() = s; nullif(s, 'a'); ifnull(m, 0); coalesce(d, y); CAST(x AS CHAR)
CAST(s AS BINARY); CAST(m AS CHAR); CAST(f AS CHAR); CAST(d AS CHAR); CAST(t AS CHAR)
CAST(y AS CHAR); CAST(SUBSTRING(s, 6) AS SIGNED); CAST(SUBSTRING(s, 6) AS UNSIGNED)
CAST(SUBSTRING(s, 6) AS DOUBLE); CAST(SUBSTRING(s, 6) AS DECIMAL(12,2)); CAST(w AS DATE)
CAST(w AS DATETIME); CAST(w AS TIME); CAST(x AS DOUBLE); CAST(f AS SIGNED); CAST(m AS SIGNED)
CAST(f AS DECIMAL(12,2)); CAST(d AS SIGNED); CAST(y AS SIGNED); CAST(t AS SIGNED); CAST(d AS TIME)
CAST(d AS DATE); CAST(t AS DATETIME); CAST(y AS DATETIME); CAST(x AS DECIMAL(20,2))
CAST(20200101 + x % 28 AS DATE); CAST(x % 60 AS TIME); CAST(m AS DOUBLE); CONVERT(s USING latin1)
x + SUBSTRING(s, 6); SUBSTRING(s, 6) + 0; x = SUBSTRING(s, 6); w > d; w = y; d + 0; y + 0; m * f
x & 7; x | 7; x ^ 7; ~x; x << 2; x >> 2; b & b; -x; -m; x DIV 7; m / 3; x % 7; f / 3; s <=> 'a'
x <=> 7; s LIKE '%77%'; s LIKE 'name_7%'; s NOT LIKE '%7'; s RLIKE '7.*3'; s SOUNDS LIKE 'Name'
s = 'Name-7'; s COLLATE utf8mb4_bin = 'Name-7'; s COLLATE utf8mb4_general_ci > 'Name-7'
s IN ('Name-7', 'Name-8'); x IN (7, 14, 21); x BETWEEN 7 AND 700; s BETWEEN 'Name-2' AND 'Name-3'
d BETWEEN '2020-02-01' AND '2020-03-01'; CASE x % 3 WHEN 0 THEN 'a' WHEN 1 THEN s ELSE l END
x IS NULL; x IS TRUE; NOT x; x AND m; x OR m; x XOR m; (x, s) = (7, 'Name-1'); d + INTERVAL 1 DAY
t + INTERVAL 1 HOUR; w + INTERVAL 1 DAY; d - INTERVAL 2 WEEK; BINARY s = 'x'
"""


def calls(name: str) -> Iterator[str]:
    """Ways to call a function, likely ones first."""
    definition = DEFINITIONS[name]
    for count in range(definition.low, min(definition.high, MOST_ARGUMENTS) + 1):
        if count == 0:
            yield f"{name}()"
        for first in FIRST if count else ():
            for rest in itertools.product(LATER, repeat=count - 1):
                yield f"{name}({', '.join((first, *rest))})"


def given() -> list[str]:
    return [call for line in GIVEN.splitlines() for call in line.split("; ") if call]


def suitable(server: Server, name: str, tries: int = 600) -> str | None:
    """A call that reads a column and gives a value, without an error or a warning."""
    columns = set("sxfmdtjb")
    marks = str.maketrans("(),", "   ")
    for call in itertools.islice(calls(name), tries):
        if columns.isdisjoint(call[len(name) :].translate(marks).split()):
            continue
        try:
            with server.connection.cursor() as cursor:
                cursor.execute(f"SELECT {call} FROM v WHERE id = 77")
                ((value,),) = cursor.fetchall()
                if value is not None and not cursor._result.warning_count:
                    return call
        except (pymysql.MySQLError, UnicodeDecodeError, ValueError):
            continue
    return None


def load(server: Server, count: int) -> None:
    server.run("DROP DATABASE IF EXISTS bench_functions")
    server.run("CREATE DATABASE bench_functions")
    server.run("USE bench_functions")
    server.run(f"CREATE TABLE v ({COLUMNS})")
    server.run(f"INSERT INTO v {ROW.format(i=0)}")
    have = 1
    while have < count:
        step = min(have, count - have)
        server.run(f"INSERT INTO v {ROW.format(i=f'(id + {have})')} FROM v WHERE id < {step}")
        have += step


def alone(count: int) -> dict[str, float]:
    """M calls a second of the libraries' functions behind some names, from Python, on one row."""
    key, text = b"key".ljust(16, b"\0"), b"Name-77777"
    packed = zlib.compress(text)

    def aes() -> None:
        worker = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        worker.update(text.ljust(16)), worker.finalize()

    libraries: dict[str, Callable[[], Any]] = {
        "aes_encrypt": aes,
        "aes_decrypt": aes,
        "compress": lambda: zlib.compress(text),
        "uncompress": lambda: zlib.decompress(packed),
        "sha2(s, 512)": lambda: hashlib.sha512(text).hexdigest(),
    }
    made = {}
    for name, call in libraries.items():
        started = time.thread_time()
        for _ in range(count):
            call()
        made[name] = count / (time.thread_time() - started) / 1e6
    return made


def asked(server: Server, only: str) -> tuple[list[str], list[str]]:
    """The calls to be measured, and the functions that none was found for."""
    named = set(re.findall(r"[a-z_0-9]+(?=\()", GIVEN)) | set(_OTHER.split())
    wanted, missing = given(), []
    for name in sorted(set(DEFINITIONS) - named):
        call = suitable(server, name) if only in name else None
        wanted.append(call) if call else missing.append(name)
    return [call for call in wanted if only in call], missing


def main(count: int = 100_000, only: str = "") -> None:
    """Print the table."""
    with Cluster(replicas=0, buffer_pool="256M") as cluster:
        servers = [Server("127.0.0.1", cluster.writer_port)]
        writer = cluster.pids["writer"]
        servers[0].thread = Path(f"/proc/{writer}/task/{writer}/schedstat")
        if oracle := os.environ.get("MYSQL_ORACLE"):
            host, port = oracle.rsplit(":", 1)
            servers.append(Server(host, int(port)))
            servers[1].watch_own_thread()
        for server in servers:
            load(server, count)
        scans = [server.seconds("SELECT COUNT(s) FROM v")[0] for server in servers]
        found, libraries = [], alone(10_000)
        wanted, missing = asked(servers[0], only)
        for call in wanted:
            try:
                rates = _rates(servers, call, count, scans)
            except pymysql.MySQLError as error:
                sys.stdout.write(f"{call}: {error}\n")
                continue
            note = next((f"{m:10.2f}" for name, m in libraries.items() if name in call), "")
            found.append((rates, f"{call}{note and '   its library alone:'}{note}"))
        for (rate, *others), shown in sorted(found):
            beside = "".join(f" {other:8.2f} {rate / other:8.2f}" for other in others)
            sys.stdout.write(f"{rate:10.2f}{beside} M values/s  {shown}\n")
        sys.stdout.write(f"without a call: {' '.join(missing)}\n")
        for server in servers:
            server.run("DROP DATABASE bench_functions")
            server.connection.close()


def _rates(servers: list[Server], call: str, count: int, scans: list[float]) -> list[float]:
    """M values a second of each server, the better of two; they are asked in turn. NaN of a call
    that only the first one knows."""
    best = [0.0] * len(servers)
    for _ in range(2):
        for number, server in enumerate(servers):
            started = server.clock()
            try:
                server.run(f"SELECT COUNT({call}) FROM v")
            except pymysql.MySQLError:
                if number == 0:
                    raise
                best[number] = math.nan
            seconds = max(server.clock() - started - scans[number], 1e-9)
            best[number] = max(best[number], count / seconds / 1e6)
    return best


if __name__ == "__main__":
    main(*(int(sys.argv[1]), *sys.argv[2:]) if len(sys.argv) > 1 else ())
