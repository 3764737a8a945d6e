"""What is looked at after every step, and, because it takes longer, now and then."""

from __future__ import annotations

import os
from collections.abc import Callable

import zstandard

from btree.errors import BtreeError
from redo import record_kernels
from redo.arena import Arena, create_ring
from redo.cipher import Cipher
from redo.control import COPY_DURABLE, copy_word
from redo.copier import Copier
from redo.errors import VolumeError
from redo.log import new_state
from redo.quorum import COPIES, can_write
from redo.record import (
    BATCH_HEADER_BYTES,
    KIND_PAGE,
    RECORD_KIND_AT,
    RECORD_LENGTH_AT,
    RECORD_PAGE_NO_AT,
)
from redo.segment_layout import CHUNK_HEADER_BYTES
from redo.state import FIRST_LSN
from tests.simulator.cluster import Cluster
from tests.simulator.drives import PowerCut
from tests.simulator.ledger import Batch
from tests.simulator.nodes import PLANTED, Replica
from tests.simulator.processes import CHUNK_BYTES, PAGE_BYTES, PG_PAGES
from tests.simulator.world import Violation

_ORACLE_BYTES = 16 << 20
ZSTD_MAGIC = zstandard.FRAME_HEADER


class PagesByLog:
    """Every page as of an LSN, made by the apply kernel from the ledger's batches alone."""

    def __init__(self, cipher: Callable[[Arena], Cipher | None]) -> None:
        ring_fd = create_ring(1 << 12)
        self._arena = Arena(ring_fd, _ORACLE_BYTES)
        os.close(ring_fd)
        self._cipher_for = cipher
        self._cipher: Cipher | None = None
        self._st = new_state(self._arena, PAGE_BYTES)
        self._batch = self._arena.alloc(1 << 16)
        self._frames: dict[int, int] = {}
        self.lsn = FIRST_LSN

    def close(self) -> None:
        if self._cipher is not None:
            self._cipher.close()
        self._arena.close()

    def follow(self, batches: list[Batch]) -> None:
        """Apply these."""
        self._cipher = self._cipher or self._cipher_for(self._arena)
        for batch in batches:
            count = len(batch.data)
            data = self._cipher.decrypted_log(batch.data) if self._cipher else batch.data
            self._arena.mem[self._batch : self._batch + count] = bytearray(data)
            at, end = self._batch + BATCH_HEADER_BYTES, self._batch + count
            while at < end:
                if self._number(at + RECORD_KIND_AT, 2) == KIND_PAGE:
                    self._apply(at, batch)
                at += (self._number(at + RECORD_LENGTH_AT, 4) + 7) & -8
            self.lsn = batch.end

    def _number(self, at: int, size: int) -> int:
        return int.from_bytes(self._arena.mem[at : at + size].tobytes(), "little", signed=True)

    def _apply(self, record: int, batch: Batch) -> None:
        page_no = self._number(record + RECORD_PAGE_NO_AT, 8)
        if page_no not in self._frames:
            self._frames[page_no] = self._arena.alloc(PAGE_BYTES)
        code = record_kernels.record_apply(self._st, self._arena.mem, self._frames[page_no], record)
        if code != 0:
            raise Violation("log follows itself", f"batch {batch.lsn}, page {page_no}: {code}")

    def page_nos(self) -> list[int]:
        return list(self._frames)

    def page(self, page_no: int) -> bytes:
        frame = self._frames[page_no]
        return self._arena.mem[frame : frame + PAGE_BYTES].tobytes()


class Invariants:
    """Looks at a cluster. Everything raises Violation."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._world = cluster.world
        self.oracle = self._new_oracle()
        self._seen: dict[int, Copier] = {}

    def _new_oracle(self) -> PagesByLog:
        return PagesByLog(lambda arena: self._cluster.processes.cipher(arena))

    def close(self) -> None:
        self.oracle.close()

    def start_over(self) -> None:
        """The volume has gone back in time."""
        self.oracle.close()
        self.oracle = self._new_oracle()

    def observe(self) -> None:
        """After every step, and whenever somebody waits."""
        cluster = self._cluster
        control, ledger = cluster.control, cluster.ledger
        if not cluster.recovered:
            return
        ledger.capture(control, cluster.arena)
        vdl = control.vdl
        if vdl < ledger.vdl:
            raise Violation("VDL never falls", f"{vdl} after {ledger.vdl}")
        if vdl > ledger.vdl:
            if not ledger.is_boundary(vdl):
                raise Violation("VDL is a batch boundary", f"{vdl}")
            self._check_durable(ledger.vdl, vdl)
            ledger.vdl = vdl
        for replica in cluster.replicas:
            if replica is not None and replica.applied > vdl:
                what = f"replica {replica.number} is at {replica.applied}, VDL is {vdl}"
                raise Violation("replicas stay below VDL", what)

    def _check_durable(self, lsn: int, end: int) -> None:
        """Log [lsn, end) would survive a power cut on a write quorum."""
        batches = self._cluster.ledger.stretch(lsn, end)
        kept = [all(self._is_kept(n, batch) for batch in batches) for n in range(COPIES)]
        if not can_write(kept):
            what = f"log {lsn} to {end} is on the disks of {kept}"
            raise Violation("what is acknowledged survives a power cut", what)

    def _is_kept(self, copy_no: int, batch: Batch) -> bool:
        """Is the batch on this copy's disk, safe from a power cut?"""
        log = f"{self._cluster.path_of(copy_no)}/log"
        lsn = batch.lsn
        while lsn < batch.end:
            start = lsn - lsn % CHUNK_BYTES
            end = min(batch.end, start + CHUNK_BYTES)
            path = f"{log}/{start:016x}.log"
            if not os.path.exists(path):  # unless it was there when it was acknowledged
                durable = self._cluster.control.get(copy_word(copy_no, COPY_DURABLE))
                return copy_no in self._cluster.removed and durable >= batch.end
            at = CHUNK_HEADER_BYTES + lsn - start
            stop = at + end - lsn
            with open(path, "rb") as file:
                file.seek(at)
                found = file.read(stop - at)
            if not self._is_same(copy_no, found, batch.data[lsn - batch.lsn : end - batch.lsn]):
                return False
            if any(a < stop and at < b for a, b in self._world.disk.unsynced(path)):
                return False
            lsn = end
        return True

    def _is_same(self, copy_no: int, found: bytes, expected: bytes) -> bool:
        """Equal, but for a bit that was flipped on purpose."""
        if found == expected:
            return True
        if not self._cluster.flipped[copy_no] or len(found) != len(expected):
            return False
        return sum(mine != other for mine, other in zip(found, expected, strict=True)) == 1

    def after_step(self) -> None:
        """Once per step: the same, and whether copies that have come back may be believed."""
        self.observe()
        if not self._cluster.recovered:
            return
        for copier in self._cluster.processes.live():
            if self._seen.get(copier.segment.copy_no) is not copier:
                self._seen[copier.segment.copy_no] = copier
                self._check_synced(copier)

    def _check_synced(self, copier: Copier) -> None:
        """What a copy calls durable, it has synced, whatever a process before it did."""
        segment = copier.segment
        log = f"{self._cluster.path_of(segment.copy_no)}/log"
        doubtful = []
        for name in os.listdir(log) if os.path.isdir(log) else ():
            if name.endswith(".log"):
                first = int(name[:-4], 16) - CHUNK_HEADER_BYTES
                for at, end in self._world.disk.unsynced(f"{log}/{name}"):
                    doubtful.append((first + at, first + end))
        if not doubtful:
            return
        for batch in self._cluster.ledger.path(copier.durable):
            if batch.lsn >= segment.mark.lsn and any(
                a < batch.end and batch.lsn < b for a, b in doubtful
            ):
                what = f"{segment.name} at {batch.lsn}, durable to {copier.durable}"
                raise Violation("what copies call durable is synced", what)

    def advance(self, replica: Replica) -> None:
        """Let a replica apply what became durable, and look at what it caches then."""
        try:
            replica.advance()
        except (AssertionError, BtreeError, VolumeError):
            self._cluster.check_cache(replica)
            raise
        self._cluster.check_cache(replica)

    def check_log(self) -> None:
        """Every copy has, as far as it says it is durable, the log that was published."""
        cluster = self._cluster
        for copier in cluster.processes.live():
            segment = copier.segment
            self._check_synced(copier)
            if not self._world.disk.drives[segment.copy_no].good:
                continue
            for batch in cluster.ledger.path(copier.durable):
                if batch.lsn < segment.mark.lsn:
                    continue
                found = segment.log.read(batch.lsn, len(batch.data))
                if not self._is_same(segment.copy_no, found, batch.data):
                    what = f"{segment.name} at {batch.lsn}, {len(found)} bytes"
                    raise Violation("copies have the log that was published", what)

    def check_pages(self, count: int) -> None:
        """Some pages, as of VDL, are the same bytes in every full copy: what the log makes."""
        cluster = self._cluster
        vdl = cluster.control.vdl
        path = cluster.ledger.path(vdl)
        self.oracle.follow([batch for batch in path if batch.lsn >= self.oracle.lsn])
        numbers = self.oracle.page_nos()
        chosen = self._world.chance.sample(numbers, min(count, len(numbers)))
        for copier in cluster.processes.live():
            segment = copier.segment
            at = segment.arena.alloc(PAGE_BYTES)
            if not segment.full or copier.durable < vdl or segment.mark.lsn > vdl:
                continue
            for page_no in chosen:
                with segment.lock:
                    code = segment.read_page(page_no, vdl, copier.durable, at)
                if code < 0:
                    if self._world.cut:
                        raise PowerCut
                    if cluster.hurt[segment.copy_no] or cluster.flipped[segment.copy_no]:
                        copier.fail(f"page {page_no} cannot be read")  # as any reader would
                        break
                    what = f"{segment.name}, page {page_no} at {vdl}: {code}"
                    raise Violation("copies agree", what)
                self._compare(
                    segment.name, page_no, segment.arena.mem[at : at + PAGE_BYTES].tobytes()
                )
            segment.arena.free(at, PAGE_BYTES)

    def _compare(self, name: str, page_no: int, found: bytes) -> None:
        expected = self.oracle.page(page_no)
        if found[:16] != expected[:16] or found[20:] != expected[20:]:
            differ = [i for i in range(PAGE_BYTES) if found[i] != expected[i]]
            raise Violation("copies agree", f"{name}, page {page_no}: bytes {differ[:8]} differ")

    def check_stored(self) -> None:
        """Nothing that is stored of an encrypted volume, or was made of it, shows what is in it."""
        services = self._cluster.services
        if services.keys is None:
            return
        root, planted = self._world.disk.root, PLANTED.encode()
        for directory, _, names in os.walk(root):
            for name in names:
                path = f"{directory}/{name}"
                with open(path, "rb") as file:
                    if planted in file.read():
                        raise Violation("what is stored is encrypted", path)
        objects = {} if services.store is None else services.store.objects
        for path, data in objects.items():
            frame = data.find(ZSTD_MAGIC)
            clear = zstandard.decompress(data[frame:]) if 0 <= frame < 64 else data
            if planted in clear:
                raise Violation("what is stored is encrypted", path)

    def check_groups(self) -> None:
        """Every copy knows of each protection group that there are pages of."""
        needed = max(self.oracle.page_nos(), default=0) // PG_PAGES + 1
        self._world.note(f"{needed} protection groups")
        for copier in self._cluster.processes.live():
            segment = copier.segment
            if segment.meta.groups < needed:
                what = f"{segment.name}: {segment.meta.groups} of {needed}"
                raise Violation("the volume grows with its pages", what)
