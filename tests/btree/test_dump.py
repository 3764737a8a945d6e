"""The dump shows pages as they are, from a directory that nobody has open."""

from __future__ import annotations

from btree.dump import main
from btree.tree import BTree
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
