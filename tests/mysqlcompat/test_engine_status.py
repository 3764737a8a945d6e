"""What clients see of the pool, of purge, and of who holds it back."""

from __future__ import annotations

from pathlib import Path

from mysqlcompat.results import Ok
from tests.mysqlcompat.local_node import LocalNode, Talk

METRIC = "SELECT `COUNT` FROM information_schema.INNODB_METRICS WHERE NAME = '{}'"


def test_history_grows_under_a_view_and_purge_catches_up(tmp_path: Path) -> None:
    node = LocalNode(tmp_path)
    viewer, writer = Talk(node), Talk(node)
    history = METRIC.format("trx_rseg_history_len")
    for sql in ("CREATE DATABASE d", "USE d", "CREATE TABLE t (id INT PRIMARY KEY, n INT)"):
        assert isinstance(writer.run(sql), Ok)
    writer.run("INSERT INTO t VALUES (1, 0)")
    while node.engine.background_step():
        pass
    assert writer.run(history) == [["0"]]
    assert isinstance(viewer.run("START TRANSACTION WITH CONSISTENT SNAPSHOT"), Ok)
    for _ in range(50):
        assert isinstance(writer.run("UPDATE t SET n = n + 1"), Ok)
    while node.engine.background_step():
        pass
    assert writer.run(history) == [["50"]]
    assert viewer.run("SELECT n FROM d.t") == [["0"]]
    oldest, _ = node.engine.oldest_view()
    assert oldest == viewer.session.ctx
    viewer.run("COMMIT")
    while node.engine.background_step():
        pass
    assert writer.run(history) == [["0"]]
    assert int(writer.run(METRIC.format("purge_undo_records"))[0][0]) >= 51
    node.close()


def test_the_pool_is_visible(tmp_path: Path) -> None:
    node = LocalNode(tmp_path, pool_bytes=4 << 20)
    talk = Talk(node)
    rows = dict(talk.run("SHOW GLOBAL STATUS LIKE 'Innodb_%'"))
    assert int(rows["Innodb_buffer_pool_pages_total"]) == (4 << 20) // 16384
    total = int(rows["Innodb_buffer_pool_pages_data"]) + int(rows["Innodb_buffer_pool_pages_free"])
    assert total == int(rows["Innodb_buffer_pool_pages_total"])
    reads = int(rows["Innodb_buffer_pool_reads"])
    asked = int(rows["Innodb_buffer_pool_read_requests"])
    node.engine.log.wait_durable(node.engine.log_end)
    node.engine.pool.clear()
    for sql in ("CREATE DATABASE d", "USE d", "CREATE TABLE t (id INT PRIMARY KEY)"):
        assert isinstance(talk.run(sql), Ok)
    rows = dict(talk.run("SHOW GLOBAL STATUS LIKE 'Innodb_%'"))
    assert int(rows["Innodb_buffer_pool_reads"]) > reads
    assert int(rows["Innodb_buffer_pool_read_requests"]) > asked
    stats = "SELECT POOL_SIZE, HIT_RATE <= 1000 FROM information_schema.INNODB_BUFFER_POOL_STATS"
    assert talk.run(stats) == [[str((4 << 20) // 16384), "1"]]
    node.close()
