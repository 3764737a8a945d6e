"""The lock table against naive twins: intervals as a list, queues as lists; its limits."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from btree import gap_kernels, lock_kernels
from btree import txn_layout as t
from btree.errors import Deadlock, TooManyLocks
from btree.state import ST_GAP_COUNT, ST_GAP_TOP, ST_LOCK_BYTES, ST_LOCK_COUNT
from redo.codes import E_LOCK_WAIT, E_LOCKS_FULL
from tests.btree.shop import Shop, open_shop

ROOTS = (5, 9)
KEYS = [bytes(key) for key in ((), (1,), (1, 0), (1, 7), (2,), (3, 3, 3), (200,), (255,) * 70)]
MODES = (t.LOCK_SHARED, t.LOCK_EXCLUSIVE)


class Kernels:
    """Calls lock kernels with keys as bytes."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.arena, self.st = shop.arena, shop.st
        self.key = shop.arena.alloc(256)
        self.out = shop.arena.alloc(512)

    def put(self, key: bytes) -> tuple[int, int]:
        self.arena.mem[self.key : self.key + len(key)] = bytearray(key)
        return self.key, len(key)

    def call(self, kernel, *args: int) -> int:
        while (code := int(kernel(self.st, self.arena.mem, *args))) == E_LOCKS_FULL:
            self.shop.engine.locks.grow()
        return code

    def holders(self, ctx: int, root: int, key: bytes, want: int, mode: int) -> set[int]:
        args = (ctx, root, *self.put(key), want, mode, self.out, 64)
        count = self.call(gap_kernels.gap_holder, *args)
        return {int(one) for one in self.arena.words(self.out, count)}


@dataclass
class Interval:
    ctx: int
    node: int
    root: int
    mode: int
    low: bytes | None  #: None: below all
    high: bytes | None  #: None: above all
    record: bool

    def covers(self, root: int, key: bytes) -> bool:
        above = self.low is None or key > self.low
        below = self.high is None or key < self.high or (key == self.high and self.record)
        return root == self.root and above and below


class Intervals:
    """The naive twin of the treap, and both of them."""

    def __init__(self, kernels: Kernels, contexts: list[int], rng: random.Random) -> None:
        self.kernels = kernels
        self.contexts = contexts
        self.rng = rng
        self.all: list[Interval] = []

    def open(self) -> None:
        rng, kernels = self.rng, self.kernels
        ctx, root, mode = rng.choice(self.contexts), rng.choice(ROOTS), rng.choice(MODES)
        low = rng.choice([None, *KEYS])
        key, count = kernels.put(low or b"")
        args = (ctx, root, mode, key, -1 if low is None else count)
        node = kernels.call(gap_kernels.gap_open, *args)
        self.all.append(Interval(ctx, node, root, mode, low, low or b"", False))

    def move(self) -> None:
        rng, kernels, one = self.rng, self.kernels, self.rng.choice(self.all)
        assert kernels.call(gap_kernels.gap_room, one.node, 80) == 0
        end = rng.choice([None, *KEYS])
        key, count = kernels.put(end or b"")
        count = -1 if end is None else count
        if rng.random() < 0.3:
            kernels.call(gap_kernels.gap_low, one.node, key, count)
            one.low = end
        else:
            one.record = end is not None and rng.random() < 0.5
            kernels.call(gap_kernels.gap_high, one.node, key, count, int(one.record))
            one.high = end

    def close(self) -> None:
        one = self.rng.choice(self.all)
        self.all.remove(one)
        self.kernels.call(gap_kernels.gap_close, one.ctx, one.node)

    def end(self) -> None:
        ctx = self.rng.choice(self.contexts)
        self.all = [one for one in self.all if one.ctx != ctx]
        self.kernels.call(gap_kernels.gaps_release, ctx)

    def compare(self) -> None:
        for root in ROOTS:
            for key in KEYS:
                around = [one for one in self.all if one.covers(root, key)]
                for ctx in self.contexts:
                    others = [one for one in around if one.ctx != ctx]
                    birth = self.kernels.holders(ctx, root, key, gap_kernels.GAP_BIRTH, 2)
                    assert birth == {one.ctx for one in others}
                    for mode in MODES:
                        against = {o.ctx for o in others if t.LOCK_EXCLUSIVE in (o.mode, mode)}
                        want = gap_kernels.GAP_OTHERS
                        assert self.kernels.holders(ctx, root, key, want, mode) == against
                        own = {o.ctx for o in around if o.ctx == ctx and o.mode >= mode}
                        want = gap_kernels.GAP_OWN
                        assert self.kernels.holders(ctx, root, key, want, mode) == own


@pytest.mark.parametrize("seed", range(3))
def test_intervals_agree_with_a_list(tmp_path, seed):
    rng = random.Random(seed)
    with open_shop(tmp_path) as shop:
        contexts = [shop.engine.open_context() for _ in range(4)]
        twin = Intervals(Kernels(shop), contexts, rng)
        for step in range(400):
            actions = (twin.open, twin.move, twin.close, twin.end)
            choice = rng.choices(actions, (6, 8, 3, 0.4))[0]
            if twin.all or choice in (twin.open, twin.end):
                choice()
            assert int(shop.st[ST_GAP_COUNT]) == len(twin.all)
            if step % 10 == 0:
                twin.compare()
        for ctx in contexts:
            twin.kernels.call(gap_kernels.gaps_release, ctx)
        assert int(shop.st[ST_GAP_TOP]) == int(shop.st[ST_LOCK_BYTES]) == 0


class Queues:
    """The naive twin of the record locks: for each key its requests, in the order they came."""

    def __init__(self) -> None:
        self.queue: dict[bytes, list[list[int]]] = {}  #: [ctx, mode, granted]

    def barred(self, key: bytes, ctx: int, mode: int, place: int) -> bool:
        queue = self.queue.get(key, [])
        owns = any(one[0] == ctx and one[2] for one in queue)
        for number, (other, theirs, granted) in enumerate(queue):
            conflict = other != ctx and t.LOCK_EXCLUSIVE in (mode, theirs)
            if conflict and (granted or (number < place and not owns)):
                return True
        return False

    def request(self, key: bytes, ctx: int, mode: int) -> bool:
        """Granted at once?"""
        queue = self.queue.setdefault(key, [])
        if any(one[0] == ctx and one[2] and one[1] >= mode for one in queue):
            return True
        granted = not self.barred(key, ctx, mode, len(queue))
        queue.append([ctx, mode, int(granted)])
        return granted

    def leave(self, leaving: dict[int, bool]) -> set[int]:
        """Contexts give up waiting, or end (True), all at once: who goes on then."""
        over = set()
        for key, queue in self.queue.items():
            queue[:] = [
                one for one in queue if one[0] not in leaving or (one[2] and not leaving[one[0]])
            ]
            for place, one in enumerate(queue):
                if not one[2] and not self.barred(key, one[0], one[1], place):
                    one[2] = 1
                    over.add(one[0])
        return over


@pytest.mark.parametrize("seed", range(6))
def test_queues_agree_with_lists(tmp_path, seed):
    rng = random.Random(seed)
    with open_shop(tmp_path) as shop:
        kernels, twin, locks = Kernels(shop), Queues(), shop.engine.locks
        contexts = [shop.engine.open_context() for _ in range(6)]
        waits = {}

        def leave(leaving: dict[int, bool]) -> None:
            """Contexts stop waiting, or end; so does, in turn, who is given up for it."""
            for ctx in (one for one, ends in leaving.items() if ends):
                kernels.call(lock_kernels.locks_release, ctx)
            locks.wake()
            victims = {one for one, wait in waits.items() if wait.error is not None}
            granted = {one for one, wait in waits.items() if wait.done()} - victims
            assert granted == twin.leave({**leaving, **dict.fromkeys(victims, False)})
            for one in granted:
                waits.pop(one).result()
            for one in victims:
                assert isinstance(waits.pop(one).error, Deadlock)
            if victims:
                leave(dict.fromkeys(victims, True))

        for _ in range(500):
            ctx = rng.choice(contexts)
            if ctx in waits:
                if rng.random() < 0.1:
                    wait = waits.pop(ctx)
                    locks.cancel(wait, TimeoutError())
                    leave({ctx: False})
                continue
            if rng.random() < 0.2:
                leave({ctx: True})
                continue
            key, mode = rng.choice(KEYS[:4]), rng.choice(MODES)
            code = kernels.call(lock_kernels.lock_row, ctx, 5, *kernels.put(key), mode)
            assert (code == 0) == twin.request(key, ctx, mode)
            if code == E_LOCK_WAIT:
                waits[ctx] = locks.wait(ctx)
                leave({})
        for ctx in contexts:
            if ctx in waits:
                locks.cancel(waits.pop(ctx), TimeoutError())
            kernels.call(lock_kernels.locks_release, ctx)
            locks.wake()
        assert locks.all_waits() == []
        assert int(shop.st[ST_LOCK_COUNT]) == int(shop.st[ST_LOCK_BYTES]) == 0


def test_a_thousand_waiters_go_on_one_by_one(tmp_path):
    with open_shop(tmp_path, page_bytes=16384) as shop:
        engine = shop.engine
        contexts = [engine.open_context() for _ in range(1001)]
        for ctx in contexts:
            engine.begin(ctx)
        assert shop.insert(contexts[0], (1, 0, None)) == 0
        order: list[int] = []
        for ctx in contexts[1:]:
            assert shop.update(ctx, 1, (1, 7, None)) == E_LOCK_WAIT
            engine.locks.wait(ctx).add_done_callback(lambda wait: order.append(wait.ctx))
        for number, ctx in enumerate(contexts):
            assert len(order) == number
            if number:
                assert shop.update(ctx, 1, (1, number, None)) == 0
            engine.commit(ctx)
        assert order == contexts[1:]


def test_locks_have_a_limit_and_a_rollback_still_works(tmp_path):
    with open_shop(tmp_path, page_bytes=16384) as shop:
        engine = shop.engine
        writer, reader = engine.open_context(), engine.open_context()
        for pk in range(5000):
            assert shop.insert(writer, (pk, pk, None)) == 0
        engine.commit(writer)
        engine.locks.bytes_max = 256 << 10
        engine.begin(reader, t.ISOLATION_READ_COMMITTED)
        with pytest.raises(TooManyLocks):
            shop.scan(reader, mode=t.MODE_SHARED)
        engine.begin(writer)
        mark = None
        for pk in range(4990, 5000):
            assert shop.update(writer, pk, (pk, 0, None)) == 0
            mark = engine.savepoint(writer) if mark is None else mark
        engine.rollback_to(writer, mark)
        engine.rollback(reader)
        engine.rollback(writer)
        assert int(shop.st[ST_LOCK_BYTES]) == 0
        engine.begin(reader)
        assert len(shop.scan(reader, mode=t.MODE_SHARED)) == 5000  # one interval, of any length
        engine.rollback(reader)
