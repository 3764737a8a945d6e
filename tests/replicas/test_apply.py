"""A follower's pages are those of the writer and of the copies, byte for byte, at every step."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from btree import entry_kernels
from btree.pool import BufferPool
from btree.tree import BTree, Store
from redo.arena import Arena
from redo.control import REPLICA_APPLIED, REPLICA_READ_POINT, Control, replica_word
from redo.image import PAGE_BODY_AT, PAGE_CRC_AT
from redo.log import new_state
from redo.volume import LocalVolume
from replicas.apply import Applier
from tests.replicas.follower_volume import FollowerVolume
from tests.seeds import seed_of

PAGE_BYTES = 512
REPLICA_NO = 3


class Pair:
    """A writer with one tree, and a follower with a cache of its own."""

    def __init__(self, data: Path, ring_bytes: int = 1 << 20) -> None:
        self.volume = LocalVolume(
            str(data), page_bytes=PAGE_BYTES, ring_bytes=ring_bytes, durable=False
        )
        volume = self.volume
        pool = BufferPool(volume.arena, volume.st, volume, 200 * PAGE_BYTES)
        self.writer = Store(volume.arena, volume.st, pool, volume.log)
        self.writer.check(self.writer.call(entry_kernels.volume_create))
        self.tree = BTree.create(self.writer)
        self.settle()
        self.arena = Arena(volume._ring_fd, 128 << 20)
        self.control = Control(self.arena)
        self.st = new_state(self.arena, PAGE_BYTES)
        self.pool = BufferPool(
            self.arena, self.st, FollowerVolume(volume, self.arena, PAGE_BYTES), 100 * PAGE_BYTES
        )
        self.reader = Store(self.arena, self.st, self.pool, None)
        self.applier = Applier(self.arena, self.st, REPLICA_NO, self.pool.clear)

    def settle(self) -> None:
        """Make everything durable."""
        self.volume.log.wait_durable(self.volume.log.next_lsn)

    def follow(self) -> None:
        while self.applier.advance():
            pass

    def change(self, rng: random.Random, model: dict[bytes, bytes]) -> None:
        """One random change of the tree and of the model."""
        key = rng.randrange(600).to_bytes(4, "big")
        value = rng.randbytes(rng.choice((3, 20, 60, 700)))
        if key not in model:
            assert self.tree.insert(key, value)
            model[key] = value
        elif rng.random() < 0.5:
            assert self.tree.replace(key, value)
            model[key] = value
        else:
            assert self.tree.delete(key)
            del model[key]

    def close(self) -> None:
        self.arena.close()
        self.volume.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    pair = Pair(tmp_path)
    yield pair
    pair.close()


def image(arena: Arena, frame: int) -> bytes:
    """A page's bytes without its checksum, which is stale outside storage."""
    raw = arena.mem[frame : frame + PAGE_BYTES].tobytes()
    return raw[:PAGE_CRC_AT] + raw[PAGE_BODY_AT:]


def compare_images(pair: Pair) -> int:
    """Every page cached by the follower, as the writer and each full copy have it; how many."""
    storage = pair.volume.storage
    frame = storage.arena.alloc(PAGE_BYTES)
    for page_no in pair.pool.pages():
        mine = image(pair.arena, pair.pool.lookup(page_no) or 0)
        at_writer = pair.writer.pool.lookup(page_no)
        if at_writer is not None:
            assert mine == image(pair.volume.arena, at_writer), f"writer's page {page_no}"
        for copier in storage.live():
            if copier.segment.full and copier.durable >= pair.applier.applied:
                segment = copier.segment
                with segment.lock:
                    code = segment.read_page(page_no, pair.applier.applied, copier.durable, frame)
                assert code == 0, (page_no, code)
                assert mine == image(storage.arena, frame), f"{segment.name}'s page {page_no}"
    storage.arena.free(frame, PAGE_BYTES)
    return len(pair.pool.pages())


def test_images_stay_equal_and_reads_agree(pair: Pair) -> None:
    rng = random.Random(seed_of("apply"))
    model: dict[bytes, bytes] = {}
    mirror = BTree(pair.reader, pair.tree.root)
    compared = 0
    for _ in range(40):
        for _ in range(rng.randrange(1, 60)):
            pair.change(rng, model)
        pair.settle()
        pair.follow()
        assert dict(mirror.items()) == model
        compared += compare_images(pair)
    assert compared > 100
    assert pair.applier.patched > 100
    assert pair.applier.patched < pair.applier.records, "nothing was ever dropped"
    assert pair.applier.jumps == 0


def test_a_follower_stands_at_its_lsn_while_the_writer_goes_on(pair: Pair) -> None:
    """Until it applies, it sees the tree as it was: pages fetched now are of then (C24)."""
    rng = random.Random(7)
    model: dict[bytes, bytes] = {}
    for _ in range(200):
        pair.change(rng, model)
    pair.settle()
    pair.follow()
    then = dict(model)
    for _ in range(300):
        pair.change(rng, model)
    pair.settle()
    assert dict(BTree(pair.reader, pair.tree.root).items()) == then
    pair.follow()
    assert dict(BTree(pair.reader, pair.tree.root).items()) == model
    compare_images(pair)


def test_what_is_not_durable_is_not_applied(pair: Pair) -> None:
    before = pair.applier.applied
    pair.tree.insert(b"key", b"value")  # in the writer's log, not published
    assert not pair.applier.advance()
    assert pair.applier.applied == before
    assert BTree(pair.reader, pair.tree.root).get(b"key") is None


def test_a_lapped_follower_starts_over_at_vdl(pair: Pair) -> None:
    rng = random.Random(5)
    model: dict[bytes, bytes] = {}
    for _ in range(100):
        pair.change(rng, model)
    pair.settle()
    pair.follow()
    assert dict(BTree(pair.reader, pair.tree.root).items()) == model
    start = pair.volume.log.next_lsn
    while pair.volume.log.next_lsn < start + (3 << 20):  # three times around the ring
        for _ in range(50):
            pair.change(rng, model)
        pair.settle()
    pair.follow()
    assert pair.applier.jumps == 1
    assert pair.applier.applied == pair.volume.log.vdl
    assert dict(BTree(pair.reader, pair.tree.root).items()) == model
    compare_images(pair)


def test_bytes_that_cannot_be_are_not_believed(pair: Pair) -> None:
    model: dict[bytes, bytes] = {}
    rng = random.Random(3)
    for _ in range(50):
        pair.change(rng, model)
    pair.settle()
    at = pair.applier.applied
    ring_at = pair.arena.private_at - 2 * pair.arena.ring_bytes + at % pair.arena.ring_bytes
    pair.arena.mem[ring_at + 100] ^= 255
    pair.follow()
    assert pair.applier.jumps == 1
    assert dict(BTree(pair.reader, pair.tree.root).items()) == model


def test_the_control_block_says_how_far_it_is(pair: Pair) -> None:
    pair.tree.insert(b"key", b"value")
    pair.settle()
    pair.follow()
    for word in (REPLICA_APPLIED, REPLICA_READ_POINT):
        assert pair.control.get(replica_word(REPLICA_NO, word)) == pair.volume.log.vdl
    pair.applier.leave()
    assert pair.control.read_points() == []


def test_a_sleeper_is_woken(pair: Pair) -> None:
    wake = os.eventfd(0, os.EFD_NONBLOCK)
    pair.volume.log.follow(REPLICA_NO, wake)
    pair.follow()
    assert pair.applier.sleep()
    with pytest.raises(BlockingIOError):
        os.eventfd_read(wake)
    pair.tree.insert(b"key", b"value")
    pair.settle()
    assert os.eventfd_read(wake) == 1
    assert not pair.applier.sleep(), "there is something to apply: do not sleep"
    pair.applier.woken()
    pair.follow()
    assert BTree(pair.reader, pair.tree.root).get(b"key") == b"value"
    os.close(wake)
