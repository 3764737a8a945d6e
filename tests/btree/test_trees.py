"""Trees against a dict, on tiny pages: checked and compared with the replayed log at each step."""

from __future__ import annotations

import random

import pytest

from btree.errors import RowTooLarge
from btree.layout import key_limit
from btree.state import ST_ALLOCATED, ST_FREED, ST_PATH, ST_PATH_SLOT, ST_POOL_HITS
from btree.tree import BTree
from redo.state import ST_READ_ONLY
from tests.btree.storage import Pages, open_pages

SIZES = (0, 1, 3, 10, 20, 29, 30, 31, 60, 300, 1500)


def random_key(rng: random.Random, known: list[bytes]) -> bytes:
    """A key that is known, short and random, or one of many with a long common beginning."""
    choice = rng.random()
    if known and choice < 0.5:
        return rng.choice(known)
    if choice < 0.75:
        return rng.randbytes(rng.randrange(0, 22))
    return b"same start " + rng.randrange(300).to_bytes(2, "big")


def one_step(rng: random.Random, tree: BTree, model: dict[bytes, bytes], growing: bool) -> None:
    """One random operation on both."""
    known = list(model)
    key, value = random_key(rng, known), rng.randbytes(rng.choice(SIZES))
    action = rng.choices(("insert", "replace", "delete"), (5, 2, 2) if growing else (2, 2, 6))[0]
    if action == "insert":
        assert tree.insert(key, value) == (key not in model)
        model.setdefault(key, value)
    elif action == "replace":
        assert tree.replace(key, value) == (key in model)
        if key in model:
            model[key] = value
    else:
        assert tree.delete(key) == (key in model)
        model.pop(key, None)
    assert tree.get(key) == model.get(key)


@pytest.mark.parametrize("seed", range(3))
def test_tree_equals_dict_at_each_step(tmp_path, seed):
    rng = random.Random(seed)
    with open_pages(tmp_path) as pages:
        tree, model = BTree.create(pages.store), {}
        for step in range(600):
            one_step(rng, tree, model, growing=step // 150 % 2 == 0)
            pages.settle_log()
            pages.check_replay()
            assert pages.check(tree) == len(model), (seed, step)
            assert list(tree.items()) == sorted(model.items()), (seed, step)
        assert pages.st[ST_FREED] > 20


@pytest.mark.parametrize(("page_bytes", "frames"), [(256, 24), (512, 20), (16384, 16)])
def test_tree_in_a_tiny_pool(tmp_path, page_bytes, frames):
    rng = random.Random(page_bytes)
    with open_pages(tmp_path, page_bytes, frames) as pages:
        tree, model = BTree.create(pages.store), {}
        for step in range(3000):
            key = rng.randrange(700).to_bytes(4, "big")
            value = rng.randbytes(rng.randrange(page_bytes // 8))
            if rng.random() < (0.6 if step // 1000 % 2 == 0 else 0.3):
                assert tree.insert(key, value) == (key not in model)
                model.setdefault(key, value)
            else:
                assert tree.delete(key) == (key in model)
                model.pop(key, None)
            probe = rng.randrange(700).to_bytes(4, "big")
            assert tree.get(probe) == model.get(probe), (step, probe)
        assert list(tree.items()) == sorted(model.items())
        assert pages.check(tree) == len(model)
        pages.settle_log()
        pages.check_replay()
        if page_bytes < 16384:
            assert pages.pool.misses > 100


def test_pages_of_the_volume_equal_the_pool(tmp_path):
    with open_pages(tmp_path, 512) as pages:
        tree = BTree.create(pages.store)
        rng = random.Random(5)
        for _ in range(800):
            tree.insert(rng.randbytes(12), rng.randbytes(rng.randrange(90)))
        pages.settle_log()
        spare = pages.arena.alloc(512)
        for page_no in pages.pool.pages():
            pages.volume.read_page(page_no, pages.log.vdl, spare)
            frame = pages.pool.lookup(page_no)
            stored = pages.arena.mem[spare : spare + 512].tobytes()
            assert stored == pages.arena.mem[frame : frame + 512].tobytes(), page_no


def test_several_trees_share_freed_pages(tmp_path):
    with open_pages(tmp_path, 256) as pages:
        first, second = BTree.create(pages.store), BTree.create(pages.store)
        for number in range(400):
            assert first.insert(number.to_bytes(4, "big"), b"x" * (number % 30))
        first.insert(b"long", b"y" * 5000)
        allocated = int(pages.st[ST_ALLOCATED])
        first.drop()
        assert int(pages.st[ST_FREED]) == allocated - 1  # all but the root of the second
        assert pages.check(second) == 0
        next_page = pages.read(0).volume[1]
        for number in range(200):
            assert second.insert(number.to_bytes(4, "big"), b"z" * 20)
        assert pages.read(0).volume[1] == next_page
        assert pages.check(second) == 200


def fill_in_order(pages: Pages, count: int) -> float:
    """Insert keys in ascending order; the share of the leaves' space that is used."""
    tree = BTree.create(pages.store)
    for number in range(count):
        assert tree.insert(number.to_bytes(8, "big"), b"v" * 100)
    pages.check(tree)
    leaves = [
        page
        for page in map(pages.read, range(3, pages.read(0).volume[1]))
        if page.is_leaf and page.tree_id == pages.read(tree.root).tree_id
    ]
    used = sum(pages.page_bytes - 64 - page.garbage for page in leaves)
    used -= sum(page.slots_at - page.cells_end for page in leaves)
    return used / (len(leaves) * (pages.page_bytes - 64))


def test_ordered_inserts_leave_full_pages(tmp_path):
    with open_pages(tmp_path, 4096) as pages:
        assert fill_in_order(pages, 3000) > 0.95


def test_limits_of_keys(tmp_path):
    with open_pages(tmp_path, 1024) as pages:
        tree = BTree.create(pages.store)
        limit = key_limit(1024)
        for byte in range(30):
            assert tree.insert(bytes([byte]) * limit, b"v" * 40)
        with pytest.raises(RowTooLarge):
            tree.insert(b"k" * (limit + 1), b"")
        assert pages.check(tree) == 30
        assert [key[0] for key, _ in tree.items()] == list(range(30))


def test_value_too_large_for_a_mini_transaction_changes_nothing(tmp_path):
    with open_pages(tmp_path, 16384) as pages:
        tree = BTree.create(pages.store)
        assert tree.insert(b"a", b"b" * 200_000)
        with pytest.raises(RowTooLarge):
            tree.insert(b"c", b"d" * (1 << 20))
        assert tree.get(b"a") == b"b" * 200_000
        assert pages.check(tree) == 1


def test_a_search_starts_where_the_last_one_ended(tmp_path):
    with open_pages(tmp_path) as pages:
        tree, st = BTree.create(pages.store), pages.st
        keys = [n.to_bytes(2, "big") for n in range(0, 300, 2)]
        for key in keys:
            tree.insert(key, b"value of " + key)

        def finds(key: bytes, there: bool = True) -> int:
            before = int(st[ST_POOL_HITS])
            assert tree.get(key) == (b"value of " + key if there else None)
            return int(st[ST_POOL_HITS]) - before

        assert finds(keys[70]) > 2
        middle = 70 if st[ST_PATH_SLOT] else 71
        finds(keys[middle])
        assert finds(keys[middle]) == 1
        assert finds((2 * middle - 1).to_bytes(2, "big"), there=False) == 1
        assert finds(keys[-1]) > 2
        assert finds((1000).to_bytes(2, "big"), there=False) == 1, "behind all keys"
        leaf = int(st[ST_PATH])
        BTree.create(pages.store)
        assert finds(keys[-1]) > 2, "a page has been allocated"
        assert int(st[ST_PATH]) == leaf
        pages.pool.drop(pages.pool.pages()[-1])
        assert finds(keys[-1]) > 2, "a page has left the pool"
        st[ST_READ_ONLY] = 1
        assert [finds(keys[5]) > 2 for _ in range(3)] == [True] * 3, "pages change by themselves"
        st[ST_READ_ONLY] = 0


def test_items_from_a_key_on(tmp_path):
    with open_pages(tmp_path, 256) as pages:
        tree = BTree.create(pages.store)
        keys = [b"%03d" % number for number in range(0, 300, 3)]
        for key in keys:
            tree.insert(key, key * 2)
        assert [key for key, _ in tree.items(b"100")] == [key for key in keys if key >= b"100"]
        assert next(tree.items(b"102")) == (b"102", b"102102")
        assert list(tree.items(b"999")) == []
