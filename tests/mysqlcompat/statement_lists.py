"""Statements whose resolution (errors, result columns) is recorded from a real MySQL. Table `v` is
that of `expression_lists`; `w` is below."""

from __future__ import annotations

from typing import Final

CREATE_W: Final = (
    "CREATE TABLE w (id INT NOT NULL PRIMARY KEY, v_id BIGINT NOT NULL, name VARCHAR(20), "
    "amount DECIMAL(10,2) NOT NULL, UNIQUE KEY uk (v_id, name), KEY k (name))"
)

STATEMENTS: Final = [
    line.strip()
    for line in """
    select 1, 1+1, 'a' as b, null, true, 'x', ( 1 ), -1
    select 'a' 'b', "it's"
    select /* c */ 1 /* d */ + 1
    select id, I, v.i, values_golden.v.i, i as q, `i` from v
    select x.i, x.* from v x where x.id = 1
    select * from w
    select w.*, v.id from v, w
    select w.*, w.id + 1 from w
    select zz from v
    select v.zz from v
    select x.i from v
    select nodb.v.i from v
    select i from v where zz = 1
    select i from v order by zz
    select i from v group by zz
    select i as q from v where q = 1
    select i as q from v having q = 1
    select i as q from v having d = 1
    select id from v, w
    select v.id from v, w where id = 1
    select v.id from v join w on id = 1
    select 1 from v, v
    select 1 from v a, v a
    select 1 from v a, w a
    select * from nosuch
    select * from nodb.t
    select nosuch.* from v
    select *
    select i, count(*) from v
    select i, count(*) from v group by d
    select id, i, s from v group by id
    select i, d from v where id = 3 group by i
    select i+1, count(*) from v group by i+1
    select i+1, count(*) from v group by i
    select i from v group by i having d > 1
    select i, count(*) c from v group by i having c > 1 order by c desc, i
    select i from v group by i order by d
    select count(*) from v where count(*) > 1
    select i from v group by count(*)
    select sum(max(i)) from v
    select count(*) c from v group by i order by count(*)
    select max(i) from v order by max(d)
    select any_value(i), count(*) from v
    select w.name, v.s from v join w on v.id = w.v_id where v.id = 1 group by w.name
    select distinct i from v order by d
    select distinct i, d from v order by d
    select i from v order by 1
    select i from v order by 5
    select i from v group by 5
    select i x from v order by x + 1
    select v.id, w.name from v left join w on w.v_id = v.id
    select v.id, w.id from v join w using (id)
    select * from v a join w using (id) limit 0
    select * from w natural join (select 1) x
    select nosuch(1)
    select concat()
    select abs(1,2)
    select now(7)
    select (1,2)
    select i in (1,2,'x') from v
    select if(1,2)
    select from v
    select * form v
    select 1 +
    select i from v limit 'a'
    select i from v limit 1,2,3
    select cast(1 as varchar(10))
    select i i2 i3 from v
    select count(distinct) from v
    select 1 from v where a in (1,2
    insert into v (i,i) values (1,2)
    insert into v (zz) values (1)
    insert into w values (1)
    insert into w (id,v_id) values (1)
    insert into w (id,v_id) values (1,2),(3)
    insert into w (id,v_id) values (1,zz)
    insert into nosuch values (1)
    insert into w values (1,
    insert into w (id) values (1) on duplicate key update zz = 1
    update v set zz = 1
    update v set i = zz
    update v set i = 1 where zz = 1
    update v set i = 1 order by zz
    update nosuch set a = 1
    update v set i = count(*)
    update v set
    delete from v where zz = 1
    delete from nosuch
    delete v where i = 1
    replace into w (zz) values (1)
    """.splitlines()
    if line.strip()
]
