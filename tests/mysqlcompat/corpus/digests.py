"""STATEMENT_DIGEST_TEXT of statements of all kinds."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import Section, section

_STATEMENTS: Final = r"""
SELECT name, status, type FROM user WHERE date = 1
SELECT id, level, value, comment, data, hash, count, sum FROM t
SELECT count(*), foo(1), `Count`(2), count (1), ifnull(a, 1), max(a), mid(a, 1) FROM t
SELECT a-1, a - -1, -1, +1, (-1), (a)-1, 2--1 FROM t
SELECT -1 - -1 + +1, - - 1, -(-1), -a, 1 -1, 1-1, a -1, 'a' -1
SELECT 1 = -1, 1 < -1, 1 > -1, 1 <= -1, 1 >= -1, 1 <=> -1, 1 <> -1, 1 != -1
SELECT 1 | -1, 1 & -1, 1 ^ -1, 1 << -1, 1 || -1, 1 && -1, 1 OR -1, 1 XOR -1
SELECT 1 * -1, 1 / -1, 1 % -1, 1 DIV -1, 1 MOD -1, a LIKE -1, a BETWEEN -1 AND -1
SELECT !-1, ~-1, a REGEXP -1, a RLIKE -1, a + INTERVAL -1 DAY, NOT -1, NOT(-1)
SELECT DISTINCT -1, CASE -1 WHEN -1 THEN -1 ELSE -1 END FROM t WHERE -1 GROUP BY a HAVING -1
SELECT 1 FROM t JOIN u ON -1
UPDATE t SET a = -1 WHERE b = -1 AND -1 OR -1
SELECT 1,2,3
SELECT (1,2),(3,4)
SELECT (1),(2),((3)),((4)), ROW(1,2), (1,(2,3)), f(1,2), f(1), f(-1), f(a,-1)
INSERT INTO t VALUES (1),(2),(3)
INSERT INTO t VALUES (1,2),(3,4)
INSERT INTO t VALUES (1,a),(3,a)
INSERT INTO t VALUES (NULL),(NULL)
INSERT INTO t VALUES (1,NULL),(NULL,2)
INSERT INTO t VALUES (1,2),(3),(4,5)
INSERT INTO t VALUES (1),(2),(3,4),(5,6)
INSERT INTO t (a,b) VALUES (DEFAULT, 1) ON DUPLICATE KEY UPDATE a = VALUES(a)
SELECT * FROM t WHERE a IN (1,2,3) AND b IN (1) AND c IN (x,1,2) AND (a,b) IN ((1,2),(3,4))
SELECT a IN (1), a IN ((1),(2)), a NOT IN (1,2), (a) IN (1), 1 IN (-1)
SELECT * FROM t WHERE a IS NULL OR b IS NOT NULL OR c <=> NULL OR d = NULL
SELECT NOT NULL, NULL IS NULL, -NULL, (NULL), NULL + 1, IFNULL(NULL, 1)
CREATE TABLE t (a INT, b VARCHAR(10) DEFAULT 'x')
CREATE TABLE t (a INT NULL DEFAULT NULL, b VARCHAR(10) NOT NULL, c INT DEFAULT -1, d INT NULL)
SELECT TRUE, false, NULL
SELECT @a, @`x y`, @'q', @"r", @a.b, @a$
SELECT @@global.sort_buffer_size, @@session.autocommit, @@autocommit, @@`autocommit`
SELECT 'a' 'b', "c", N'x', n'y', _utf8mb4'z', _latin1 'y', x'41', X'4a', 0x41, b'1', 0b1
SELECT 1.5, .5, 5., 1e5, 1.e5, 1.5e-3, 1e, 1e+1, 99999999999999999999
SELECT a.b, `a`.`b`, a . b, t.*, db.t.c, count .x FROM t
SELECT 1;
SELECT 1  ;
SELECT /* c */ 1 -- x
SELECT /*! 1 */, /*!99999 2 */ 3
SELECT /*!50000 1 */ + 1
SELECT 1 # c
SELECT 1 --x
SELECT a FROM t ORDER BY 1, 2 DESC LIMIT 5 OFFSET 10
SELECT a FROM t ORDER BY 1+1, -1, 1.5, (1), 'x', 2 DESC, 3
SELECT a FROM t ORDER BY a, 1, b, 2
SELECT a FROM t GROUP BY 1, 2 ORDER BY 3 LIMIT 1, 2
SELECT a FROM t GROUP BY a, 1 HAVING 1
SELECT SUM(a) OVER (PARTITION BY 1 ORDER BY 2)
SELECT a FROM t WHERE b = -1 ORDER BY f(a, 1), 2, -3 LIMIT 1
SELECT GROUP_CONCAT(a ORDER BY 1, 2 SEPARATOR ',') FROM t
SELECT a || b, a && b, a <> b, a != b, !a, ~a, a << 1, a >> 1, a <= 1, a >= 1
SELECT j->'$.a', j->>'$.a', j -> '$'
DELETE FROM t WHERE a BETWEEN 1 AND 2
SHOW TABLES LIKE 'a%'
BEGIN
COMMIT
START TRANSACTION
CALL p(1, 'x', NULL)
SELECT é, `é`, 'é' FROM t
SELECT `a``b`, "a""b", 'it''s', 'a\'b' FROM t
SELECT $a, _b, a$b, 1a FROM t
SELECT CASE WHEN a THEN 1 ELSE 2 END
SELECT CAST(a AS CHAR), CONVERT(a USING utf8mb4)
SELECT a FROM t WHERE b LIKE 'x%' ESCAPE '|'
SELECT SUBSTRING(a, 1, 2), TRIM(BOTH 'x' FROM a), NOW(), CURRENT_TIMESTAMP, DATABASE(), USER()
SELECT a AS 'x', b 'y', c "z", d AS `w`
KILL 5
USE db
EXPLAIN SELECT 1
PREPARE s FROM 'SELECT 1'
SELECT 1 UNION ALL SELECT 2
WITH c AS (SELECT 1) SELECT * FROM c
LOCK TABLES t READ
SELECT MAX(a) OVER (PARTITION BY b ORDER BY c) FROM t
SELECT std(a), stddev(a), variance(a), session_user(), adddate(a, 1), CURDATE(), CURRENT_USER
GRANT SELECT ON *.* TO 'a'@'b', u@h
SELECT a FROM t1 JOIN t2 USING (id) LEFT JOIN t3 ON t1.a=t2.b
VALUES ROW(1,2), ROW(3,4)
SELECT FROM
SELECT 'unclosed
SELECT x'4', 1
foo bar
"""
_LONG: Final = (
    f"SELECT {','.join(f'a{number}' for number in range(300))}",
    f"SELECT a IN ({','.join(map(str, range(300)))}) FROM t",
    f"SELECT {' + '.join(['a'] * 300)}, 1, 2",
    f"SELECT {'x' * 60}, {','.join('y' * 60 + str(number) for number in range(20))} FROM t",
)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


_given: Final = [one for one in (*_STATEMENTS.splitlines(), *_LONG) if one]

SECTIONS: Final[list[Section]] = [
    section([f"statement_digest_text({_quoted(one)})" for one in _given]),
    section(["statement_digest_text(x'73656c6563742031')", "statement_digest_text(12)"]),
]
DIFFERENT: Final[dict[str, str]] = {}
