"""The dump shows pages as they are, from a directory that nobody has open."""

from __future__ import annotations

from pathlib import Path

import pytest

from btree.dump import main
from btree.tree import BTree
from tests.btree.shop import Shop
from tests.btree.storage import open_pages


def test_dump_of_a_volume(tmp_path, capsys):
    with open_pages(tmp_path, 512) as pages:
        tree = BTree.create(pages.store)
        for number in range(40):
            tree.insert(b"key%02d" % number, b"v" * 20)
        tree.insert(b"long", b"w" * 1000)
        pages.settle_log()
        free_before = pages.read(0).volume[1]
    assert main([str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("page 0 ") and "volume header" in lines[0]
    assert f"next page {free_before}" in lines[0]
    assert f"  {b'key07'.hex()} = {(b'v' * 20).hex()}" in lines
    assert any(line.startswith(f"  {b'long'.hex()} = 1000 bytes from page") for line in lines)
    assert any("level 1" in line for line in lines)
    assert main([str(tmp_path), "999"]) == 0
    assert capsys.readouterr().out == "page 999 does not exist\n"


def test_trees_and_rows_of_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = Shop(tmp_path)
    ctx = shop.engine.open_context()
    for number in range(30):
        assert shop.insert(ctx, (number, number % 7, f"row {number}")) == 0
    shop.engine.commit(ctx)
    shop.log.wait_durable(shop.log.next_lsn)
    shop.close()
    path = str(tmp_path)
    assert main([path, "--tables"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("table shop.t, id ")
    assert [line.split(":")[0] for line in lines[1:]] == ["  PRIMARY (id)", "  u (u)", "  s (s)"]
    assert main([path, "--table", "shop.t"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("index ")] == [
        "index PRIMARY",
        "index u",
        "index s",
    ]
    rows = [line.strip().partition(" · trx ")[0] for line in lines if " · trx " in line]
    assert rows == [f"id = {n}, u = {n % 7}, s = 'row {n}'" for n in range(30)]
    assert any(line.startswith("    page ") for line in lines)  # a leaf, below its parent
    assert main([path, "--table", "shop.t.u"]) == 0
    assert "index PRIMARY" not in capsys.readouterr().out


def test_what_is_not_there_is_said_and_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = tmp_path / "absent"
    assert main([str(absent)]) == 1
    assert capsys.readouterr().err == f"btree.dump: {absent} is no volume\n"
    assert not absent.exists()
    Shop(tmp_path / "volume").close()
    for name in ("shop.other", "shop.t.other"):
        assert main([str(tmp_path / "volume"), "--table", name]) == 1
        assert "btree.dump: " in capsys.readouterr().err
