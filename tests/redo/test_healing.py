"""What is done about lost copies: decided by tables, and shown on a volume of this process."""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from redo.candidates import NEXT, OLD, tidy
from redo.control import (
    COUNT_DAMAGED,
    COUNT_MENDED,
    COUNT_REBUILT,
    COUNT_SCRUBBED,
    CTRL_LAST_BATCH,
)
from redo.disk import FileDisk
from redo.errors import StaleMembership
from redo.healing import REBUILD, TAKE_BACK, WAIT, remedy
from redo.health import DEGRADED, FULL, HEALTHY, LOST, READ_ONLY, volume_state
from redo.keyring import LocalKeyring
from redo.members import FIRST
from redo.metadata import load_copy, save_copy
from redo.record import BATCH_HEADER_BYTES, BATCH_LENGTH_AT
from redo.scrub import Scrubber
from tests.redo.writing import Writer, wait_for

TURNS = 8
ALL = [True] * 6
NONE = [False] * 6


def but(*copies: int) -> list[bool]:
    """All six but these."""
    return [number not in copies for number in range(6)]


# present, out of reach, tried already, live -> what to do
REMEDIES = [
    (False, True, False, but(0), REBUILD),
    (True, True, False, but(0), TAKE_BACK),
    (True, True, True, but(0), REBUILD),  # it did not work: a new one
    (True, False, False, but(0), REBUILD),  # a failed sync: never believed again
    (False, True, False, but(0, 1, 2), REBUILD),  # a read quorum is left
    (False, True, False, but(0, 2, 4), WAIT),  # three tails: nobody has pages
    (False, True, False, but(0, 1, 2, 3), WAIT),
    (True, False, False, but(0, 1, 2, 3), TAKE_BACK),  # nothing better is left
    (True, False, True, NONE, TAKE_BACK),
    (False, False, False, NONE, WAIT),
]


@pytest.mark.parametrize(("present", "away", "tried", "live", "what"), REMEDIES)
def test_remedy(present: bool, away: bool, tried: bool, live: list[bool], what: str) -> None:
    assert remedy(present, away, tried, live) == what


STATES = [
    (ALL, NONE, NONE, HEALTHY),
    (ALL, NONE, but(0, 1, 2, 3, 4), DEGRADED),
    (but(1), NONE, NONE, DEGRADED),
    (but(1, 3, 5), NONE, NONE, DEGRADED),  # all full ones write
    (but(0, 1, 2), NONE, NONE, READ_ONLY),
    (but(0, 2, 4), NONE, NONE, LOST),
    (but(0, 1, 2, 3), NONE, NONE, LOST),
    (ALL, but(0, 1, 2, 3), NONE, DEGRADED),
    (ALL, but(3, 4, 5), NONE, FULL),
    (ALL, ALL, NONE, FULL),
]


@pytest.mark.parametrize(("live", "no_room", "worse", "state"), STATES)
def test_state_of_a_volume(
    live: list[bool], no_room: list[bool], worse: list[bool], state: str
) -> None:
    assert volume_state(live, no_room, worse) == state


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    made = Writer(tmp_path / "data", coalesce_bytes=1 << 12)
    end = made.work(np.random.default_rng(3), 200)
    wait_for(lambda: min(made.checkpoints()) > 1 << 13)
    wait_for(lambda: min(made.volume.storage.control.durable()) >= end)
    yield made
    made.volume.close()


def test_a_replaced_directory_that_turns_up_again_does_not_count(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "data")
    writer.work(np.random.default_rng(3), 50)
    storage = writer.volume.storage
    old = tmp_path / "away"
    shutil.move(tmp_path / "data/az2/full", old)
    wait_for(lambda: storage.control.counted(2, COUNT_REBUILT) == 1)
    assert storage.members.slots[2] == (6,) and storage.members.epoch == 3
    end = writer.work(np.random.default_rng(4), 50)
    expected = writer.expected(end)
    writer.volume.close()
    assert load_copy(FileDisk(), str(old)).number == 2
    shutil.rmtree(tmp_path / "data/az2/full")
    shutil.move(old, tmp_path / "data/az2/full")
    again = Writer(tmp_path / "data")
    storage = again.volume.storage
    wait_for(lambda: len(storage.live()) == 6)
    assert storage.members.slots[2] == (7,)
    assert {page: again.read(page) for page in expected} == expected
    again.volume.close()


def test_an_old_member_that_comes_back_is_kept(writer: Writer, tmp_path: Path) -> None:
    """While nothing can be rebuilt its return settles it: no new member is made."""
    storage = writer.volume.storage
    names = ["az1/full", "az1/tail", "az2/full", "az2/tail"]
    for number, name in enumerate(names):
        shutil.move(tmp_path / "data" / name, tmp_path / str(number))
    wait_for(lambda: len(storage.live()) == 2)
    for number, name in enumerate(names):
        shutil.move(tmp_path / str(number), tmp_path / "data" / name)
    wait_for(lambda: len(storage.live()) == 6)
    end = writer.work(np.random.default_rng(5), 20)
    assert {page: writer.read(page) for page in writer.expected(end)} == writer.expected(end)
    wait_for(lambda: all(len(slot) == 1 for slot in storage.members.slots))


def test_a_copy_that_must_wait_keeps_none_from_healing(writer: Writer, tmp_path: Path) -> None:
    """Two copies live. The first that is dead has no files; those of the others are there."""
    storage = writer.volume.storage
    copiers = [copier for copier in storage.copiers[:4] if copier is not None]
    shutil.move(tmp_path / "data/az1/full", tmp_path / "away")
    for copier in copiers:
        copier.fail("on purpose", errno.ENOENT if copier.segment.copy_no == 0 else errno.EIO)
    wait_for(lambda: len(storage.live()) == 6)
    wait_for(lambda: storage.control.counted(0, COUNT_REBUILT) == 1)  # said when it has come back
    end = writer.work(np.random.default_rng(5), 20)
    wait_for(lambda: min(storage.control.durable()) >= end)


def test_copies_heal_while_a_new_writer_waits_for_them(writer: Writer) -> None:
    storage = writer.volume.storage
    for copier in storage.copiers[:4]:
        assert copier is not None
        copier.fail("on purpose", errno.EIO)
    recovered = storage.open_writer(timeout_s=300)
    assert recovered.vdl == storage.control.published


def test_membership_is_refused_to_who_knows_an_older_one(writer: Writer) -> None:
    storage = writer.volume.storage
    first = storage.members
    storage.change_members(lambda members: members.suspect(4).settle(4, 4))  # not for upkeep
    assert storage.membership_epoch == first.epoch + 2
    with pytest.raises(StaleMembership):
        storage.install_members(first.suspect(3))
    with pytest.raises(StaleMembership, match="over"):
        storage.check_epochs(storage.epochs._replace(membership=first.epoch))


@pytest.mark.parametrize("crash", ["while it is made", "before it takes the place", "after"])
def test_a_crash_while_a_copy_is_replaced(crash: str, tmp_path: Path) -> None:
    """One of the two directories is left, the one that counts."""
    writer = Writer(tmp_path / "data")
    writer.work(np.random.default_rng(3), 50)
    writer.volume.close()  # nobody changes anything while directories are copied
    disk, path = FileDisk(), str(tmp_path / "data/az3/tail")
    meta = load_copy(disk, path)
    new = FIRST.suspect(5)
    shutil.copytree(path, path + NEXT)
    made = replace(meta, member=6, members=new)
    if crash == "while it is made":
        (tmp_path / "data/az3/tail.next/copy.json").unlink()
    else:
        if crash == "after":
            made = replace(made, members=new.settle(5, 6))
            shutil.copytree(path, path + OLD)
        save_copy(disk, path + NEXT, made)
    tidy(disk, path, 5)
    assert not disk.exists(path + NEXT) and not disk.exists(path + OLD)
    assert load_copy(disk, path).number == (6 if crash == "after" else 5)


def test_scrub_finds_and_mends_log_and_images(writer: Writer, tmp_path: Path) -> None:
    storage = writer.volume.storage
    (end, _) = writer.history[-1]
    damaged = tmp_path / "data/az2/full"
    for path in damaged.glob("pg-*/*.dat"):
        with path.open("r+b") as file:  # that byte only: pages may still be written beside it
            at = path.stat().st_size // 2
            file.seek(at)
            byte = file.read(1)
            file.seek(at)
            file.write(bytes([byte[0] ^ 1]))

    def counted(word: int) -> int:
        return storage.control.counted(2, word)

    copier = storage.copiers[5]
    assert copier is not None
    lsn = storage.control.get(CTRL_LAST_BATCH) + BATCH_HEADER_BYTES + 6
    byte = copier.segment.log.read(lsn, 1)
    copier.segment.log.mend(lsn, bytes([byte[0] ^ 8]))
    scrubber = Scrubber(storage, 64 << 20)
    scrubber.start()
    wait_for(lambda: scrubber.passes > 0)
    assert storage.control.counted(5, COUNT_MENDED) == 1
    wait_for(lambda: counted(COUNT_MENDED) == counted(COUNT_DAMAGED))  # met by upkeep, too
    assert all(storage.control.counted(i, COUNT_SCRUBBED) > 0 for i in range(6))
    assert copier.segment.log.read(lsn, 1) == byte
    wait_for(lambda: writer.gives(2, end))
    writer.volume.storage.stopping = True
    scrubber.stop()


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_read_finds_log_that_was_flipped_after_it_was_indexed(
    tmp_path: Path, encrypted: bool
) -> None:
    """Anywhere: in every field of the headers of batches, and all over their records."""
    keys = LocalKeyring.create(tmp_path / "keyring") if encrypted else None
    writer = Writer(tmp_path / "data", keys=keys)
    end = writer.work(np.random.default_rng(9), 600)  # far more than is kept in memory
    storage = writer.volume.storage
    expected = writer.expected(end)

    def reads() -> None:
        for _ in range(3):  # each full copy has its turn
            assert {page: writer.read(page) for page in expected} == expected

    def mended() -> bool:
        """Nothing is left to do: what is damaged while its neighbour is mended kills the copy."""
        at_work = (thread.name for thread in threading.enumerate())
        return storage.damages.empty() and "redo-mend" not in at_work

    reads()
    copier = storage.copiers[2]
    assert copier is not None
    log = copier.segment.log
    whole = log.read(4096, end - 4096)
    starts = [4096]
    while starts[-1] < end:
        at = starts[-1] - 4096 + BATCH_LENGTH_AT
        starts.append(starts[-1] + int.from_bytes(whole[at : at + 4], "little"))
    for turn in range(TURNS):
        damaged = storage.control.counted(2, COUNT_DAMAGED)
        for start, stop in pairwise(starts):  # another byte of each header at each turn
            header = start + turn * BATCH_HEADER_BYTES // TURNS
            for lsn in (header, *range(start + BATCH_HEADER_BYTES + turn, stop, 97)):
                log.mend(lsn, bytes([log.read(lsn, 1)[0] ^ 16]))
        reads()
        wait_for(lambda before=damaged: storage.control.counted(2, COUNT_DAMAGED) > before)
        wait_for(lambda: log.read(4096, end - 4096) == whole)
        wait_for(lambda: writer.gives(2, end))
        wait_for(mended)
    assert storage.copiers[2] is copier
    writer.volume.close()
