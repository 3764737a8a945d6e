"""After a random workload in SQL, a page is the same bytes wherever it is.

Compared are the pools of the writer and of two replicas (one with room for everything, one with
almost none), the three full copies, and what each of the six copies' logs makes of the pages a full
copy gave half-way: that is all a tail has.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

from mysqlcompat.results import Ok
from redo import record_kernels
from redo.arena import Arena
from redo.image import PAGE_BODY_AT, PAGE_CRC_AT
from redo.log import new_state
from redo.record import (
    BATCH_HEADER_BYTES,
    BATCH_LENGTH_AT,
    KIND_PAGE,
    RECORD_KIND_AT,
    RECORD_LENGTH_AT,
    RECORD_PAGE_NO_AT,
)
from redo.volume import LocalVolume
from replicas.reader import ReadEngine
from tests.mysqlcompat.local_node import LocalNode, Talk
from tests.replicas.follower_volume import FollowerVolume
from tests.seeds import seed_from

PAGE_BYTES = 1024
ROUNDS = 12


class Replica:
    """A read engine in this process, as a replica process has one."""

    def __init__(self, volume: LocalVolume, number: int, pages: int) -> None:
        self.arena = Arena(volume._ring_fd, 256 << 20)
        st = new_state(self.arena, PAGE_BYTES)
        self.engine = ReadEngine(
            self.arena,
            st,
            FollowerVolume(volume, self.arena, PAGE_BYTES),
            pages * PAGE_BYTES,
            number,
        )

    def follow(self) -> None:
        while self.engine.advance():
            pass


class Workload:
    """Random statements over a few tables; those that fail (duplicates, no such table) may."""

    def __init__(self, talk: Talk, rng: random.Random) -> None:
        self._talk = talk
        self._rng = rng
        self.done = 0
        for sql in ("CREATE DATABASE d", "USE d"):
            assert isinstance(talk.run(sql), Ok)
        self.tables: list[str] = []
        self._create()
        self._create()

    def _create(self) -> None:
        name = f"t{self.done}_{len(self.tables)}"
        made = self._talk.run(
            f"CREATE TABLE {name} (id BIGINT AUTO_INCREMENT PRIMARY KEY, k INT NOT NULL,"
            " name VARCHAR(40), doc VARCHAR(6000), amount DECIMAL(12,2), KEY (k), UNIQUE (name))"
        )
        assert isinstance(made, Ok), made
        self.tables.append(name)

    def step(self) -> None:
        rng = self._rng
        table = rng.choice(self.tables)
        low = rng.randrange(400)
        kind = rng.choices(
            ("insert", "update", "grow", "delete", "rollback", "ddl"), (40, 25, 8, 15, 8, 2)
        )[0]
        if kind == "insert":
            self._run(self._insert(table))
        elif kind == "update":
            self._run(f"UPDATE {table} SET k = k + {low} WHERE id BETWEEN {low} AND {low + 9}")
        elif kind == "grow":
            self._run(f"UPDATE {table} SET doc = '{self._text(6000)}' WHERE id = {low}")
        elif kind == "delete":
            self._run(f"DELETE FROM {table} WHERE k BETWEEN {low} AND {low + rng.randrange(40)}")
        elif kind == "rollback":
            self._run("BEGIN")
            for _ in range(rng.randrange(1, 6)):
                self._run(self._insert(table))
                self._run(f"DELETE FROM {table} WHERE id = {rng.randrange(400)}")
            self._run("ROLLBACK")
        else:
            self._define(table)

    def _define(self, table: str) -> None:
        if len(self.tables) > 3:
            self.tables.remove(table)
            self._run(f"DROP TABLE {table}")
        elif self._rng.random() < 0.5:
            self._run(f"CREATE INDEX extra ON {table} (amount, k)")
        else:
            self._create()

    def _insert(self, table: str) -> str:
        rng = self._rng
        rows = [
            f"({rng.randrange(400)}, '{self._text(30)}{rng.randrange(10**9)}',"
            f" '{self._text(rng.choice((10, 200, 2500)))}', {rng.randrange(10**6) / 100})"
            for _ in range(rng.randrange(1, 12))
        ]
        return f"INSERT INTO {table} (k, name, doc, amount) VALUES {', '.join(rows)}"

    def _text(self, limit: int) -> str:
        return self._rng.choice("abcdefgh") * self._rng.randrange(limit)

    def _run(self, sql: str) -> None:
        self._talk.run(sql)
        self.done += 1


def image(mem: Any, frame: int) -> bytes:
    """A page's bytes without its checksum, which is stale outside storage."""
    return bytes_of(mem[frame : frame + PAGE_BYTES].tobytes())


class Comparison:
    """All places of a page, and the truth: full copy 0 as of the volume's durable end."""

    def __init__(self, node: LocalNode) -> None:
        self._volume = node.volume
        self._arena = node.volume.storage.arena
        self._frame = self._arena.alloc(PAGE_BYTES)
        self.segments = [copier.segment for copier in node.volume.storage.live()]
        assert len(self.segments) == 6

    def pages_of(self, segment: Any, lsn: int) -> dict[int, bytes]:
        """Every page that a full copy can give as of `lsn`."""
        pages: dict[int, bytes] = {}
        limit = self._volume.storage.control.vdl
        page_no = 0
        while page_no < len(pages) + 64:  # numbers are given out without gaps
            with segment.lock:
                code = segment.read_page(page_no, lsn, limit, self._frame)
            if code == 0:
                mem = self._arena.mem
                pages[page_no] = mem[self._frame : self._frame + PAGE_BYTES].tobytes()
            page_no += 1
        return pages

    def replay(
        self, segment: Any, base: dict[int, bytes], start: int, end: int
    ) -> dict[int, bytes]:
        """`base` with a copy's own log from `start` to `end` applied."""
        log = segment.log.read(start, end - start)
        assert len(log) == end - start, segment.name
        arena, st = self._volume.arena, self._volume.st
        at = arena.alloc(len(log))
        arena.mem[at : at + len(log)] = memoryview(log)
        frames: dict[int, int] = {}

        def number(place: int, size: int) -> int:
            return int.from_bytes(arena.mem[place : place + size].tobytes(), "little", signed=True)

        batch, stop = at, at + len(log)
        while batch < stop:
            record, batch = batch + BATCH_HEADER_BYTES, batch + number(batch + BATCH_LENGTH_AT, 4)
            while record < batch:
                if number(record + RECORD_KIND_AT, 2) == KIND_PAGE:
                    page_no = number(record + RECORD_PAGE_NO_AT, 8)
                    if page_no not in frames:
                        frame = frames[page_no] = arena.alloc(PAGE_BYTES)
                        raw = base.get(page_no, bytes(PAGE_BYTES))
                        arena.mem[frame : frame + PAGE_BYTES] = memoryview(raw)
                    applied = record_kernels.record_apply(st, arena.mem, frames[page_no], record)
                    assert applied == 0, (segment.name, page_no, applied)
                record += (number(record + RECORD_LENGTH_AT, 4) + 7) & -8
        made = {no: bytes_of(raw) for no, raw in base.items()}
        made |= {no: image(arena.mem, frame) for no, frame in frames.items()}
        arena.free(at, len(log))
        for frame in frames.values():
            arena.free(frame, PAGE_BYTES)
        return made


def bytes_of(raw: bytes) -> bytes:
    """A stored page without its checksum."""
    return raw[:PAGE_CRC_AT] + raw[PAGE_BODY_AT:]


def compare_pool(name: str, engine: Any, truth: dict[int, bytes]) -> int:
    pages = engine.pool.pages()
    for page_no in pages:
        frame = engine.pool.lookup(page_no)
        assert image(engine.arena.mem, frame) == truth[page_no], f"{name}: page {page_no}"
    return len(pages)


def test_images_are_equal_everywhere(tmp_path: Path) -> None:
    seed = seed_from("IMAGES_SEED", "images", 100_000)
    print(f"seed {seed}")
    rng = random.Random(seed)
    node = LocalNode(
        tmp_path, pool_bytes=400 * PAGE_BYTES, page_bytes=PAGE_BYTES, coalesce_bytes=1 << 20
    )
    volume = node.volume
    work = Workload(Talk(node), rng)
    replicas = [Replica(volume, 0, 4000), Replica(volume, 1, 40)]
    comparison = Comparison(node)
    base: dict[int, bytes] = {}
    start = compared = 0
    for _ in range(ROUNDS):
        for _ in range(rng.randrange(20, 60)):
            work.step()
            node.engine.background_step()
            for replica in replicas:
                replica.follow()
        volume.log.publish()
        volume.log.wait_durable(volume.log.next_lsn)
        end = volume.storage.control.vdl
        for replica in replicas:
            replica.follow()
        while min(volume.storage.control.durable()) < end:
            os.sched_yield()
        full = [one for one in comparison.segments if one.full]
        raw = comparison.pages_of(full[0], end)
        truth = {no: bytes_of(page) for no, page in raw.items()}
        for segment in full[1:]:
            others = comparison.pages_of(segment, end)
            assert {no: bytes_of(page) for no, page in others.items()} == truth, segment.name
        compared += compare_pool("writer", node.engine, truth)
        for place, replica in enumerate(replicas):
            compared += compare_pool(f"replica {place}", replica.engine, truth)
        if base:
            for segment in comparison.segments:
                assert comparison.replay(segment, base, start, end) == truth, segment.name
        base, start = raw, end
        for replica in replicas:  # as reads would: the applier has pages to patch next time
            for page_no in rng.sample(sorted(raw), len(raw) // 2):
                replica.engine.pool.fetch(page_no)
        problems = node.engine.check()  # also while dropped tables are being freed
        assert not problems, problems
    print(f"{work.done} statements, {len(base)} pages, {compared} pool pages compared")
    assert compared > 1000
    for replica in replicas:
        replica.arena.close()
    node.close()
