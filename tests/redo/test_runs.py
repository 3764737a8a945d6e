"""Runs: what a copy remembers of its log, so that a start need not read it; and what it doubts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from redo.control import COUNT_MENDED
from redo.disk import FileDisk
from redo.quorum import COPIES, copy_directory
from redo.runs import Run, RunFiles, no_pairs, pack, unpack
from redo.segment_layout import CHUNK_HEADER_BYTES, HOT_RECORDS, S_CHECKS, S_UNCHECKED
from redo.timeline import Mark
from tests.redo.editing import NEW, PUT8, Step
from tests.redo.test_recovery import Disks
from tests.redo.writing import PAGE, Writer, wait_for


def sample(lsn: int, end: int, pages: int = 3) -> Run:
    heads = np.array([[page, lsn + 8 * page] for page in range(pages)], np.int64).reshape(-1, 2)
    remade = np.array([[end - 8, lsn - 8]], np.int64)
    return Run(lsn, Mark(end, end - 100, 2, end * 10), heads, remade)


def same(one: Run, other: Run) -> bool:
    arrays = np.array_equal(one.heads, other.heads) and np.array_equal(one.remade, other.remade)
    return arrays and (one.lsn, one.mark) == (other.lsn, other.mark)


def test_what_is_torn_or_flipped_ends_the_file() -> None:
    runs = [sample(1000, 2000), sample(2000, 5000, 0), sample(5000, 6000, 40)]
    data = b"".join(map(pack, runs))
    assert all(same(a, b) for a, (_, b) in zip(runs, unpack(data), strict=True))
    ends = [end for end, _ in unpack(data)]
    for at in range(0, len(data), 7):
        whole = sum(end <= at for end in ends)
        assert len(list(unpack(data[:at]))) == whole
        flipped = bytearray(data)
        flipped[at] ^= 0x10
        assert len(list(unpack(bytes(flipped)))) == whole


def test_files_follow_chunks_and_are_found_by_clock(tmp_path: Path) -> None:
    disk, chunk = FileDisk(durable=False), 1000
    files = RunFiles(disk, str(tmp_path), chunk)
    runs = [sample(lsn, lsn + 400) for lsn in range(5000, 9000, 400)]
    for run in runs[:5]:
        files.append(run)
    files.close()
    files = RunFiles(disk, str(tmp_path), chunk)  # another life goes on in the same file
    for run in runs[5:]:
        files.append(run)
    assert all(same(a, b) for a, b in zip(runs[2:], files.load(5800), strict=True))
    for clock in (0, 54_000, 70_100, 1 << 40):
        before = [run for run in runs if run.mark.clock_us <= clock]
        near = files.around(clock)
        assert not before or any(same(before[-1], run) for run in near)
    files.drop_below(7000)
    assert [run.lsn for run in files.load(0)] == [7000, 7400, 7800, 8200, 8600]
    files.close()


def test_a_file_that_is_anothers_too_is_not_written(tmp_path: Path) -> None:
    disk = FileDisk(durable=False)
    files = RunFiles(disk, str(tmp_path), 1000)
    files.append(sample(5000, 5400))
    name = next(tmp_path.glob("*.run"))
    (tmp_path / "second name").hardlink_to(name)
    files.append(sample(5400, 5900))
    assert len(list(files.load(0))) == 1
    files.append(Run(6000, Mark(6500, 6400, 1, 1), no_pairs(), no_pairs()))
    assert len(list(files.load(0))) == 2
    files.close()


@pytest.fixture
def closed(tmp_path: Path) -> Writer:
    """A volume that was closed with several runs in its log; its writer, for what it knows."""
    writer = Writer(tmp_path / "data", coalesce_bytes=1 << 22)
    rng = np.random.default_rng(9)
    copiers = writer.volume.storage.live()
    for _ in range(4):
        writer.work(rng, 60)
        for copier in copiers:
            wait_for(lambda c=copier: c.durable >= writer.volume.log.vdl)  # type: ignore[misc]
            with copier.segment.lock:
                assert copier.segment.extend_index(copier.durable) == 0
                copier.segment.end_run()
    writer.work(rng, 20)
    writer.history = [(writer.volume.log.vdl, {p: writer.editor.image(p) for p in writer.known})]
    writer.volume.close()
    return writer


Change = Callable[[Disks, int, int], None]


def test_a_start_reads_only_what_is_behind_the_last_run(
    closed: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redo.upkeep.Upkeep.step", lambda _self: False)
    (end, expected) = closed.history[0]
    writer = Writer(tmp_path / "data")
    assert writer.volume.recovered.vdl == end
    for copier in writer.volume.storage.live():
        segment = copier.segment
        assert len(segment.runs) == 4
        assert segment.get(S_CHECKS) == 4
        assert segment.get(S_UNCHECKED) == segment.runs[-1].mark.lsn < end
    assert {page: writer.read(page) for page in expected} == expected
    writer.volume.close()


def test_flipped_bits_in_log_that_was_not_read_are_found_and_mended(
    closed: Writer, tmp_path: Path
) -> None:
    """Nothing of a damaged run is believed: by a read at once, by upkeep soon."""
    (end, expected) = closed.history[0]
    disks = Disks(tmp_path / "data")
    for copy_no in (0, 2, 3):
        damaged = end // 3 + 40 * copy_no
        byte = disks.read(copy_no, damaged, 1)
        disks.damage(copy_no, damaged, bytes([byte[0] ^ 4]))
    writer = Writer(tmp_path / "data")
    assert {page: writer.read(page) for page in expected} == expected
    storage = writer.volume.storage
    for copy_no in (0, 2, 3):
        wait_for(lambda n=copy_no: storage.control.counted(n, COUNT_MENDED) > 0)  # type: ignore
    assert len(storage.live()) == COPIES
    writer.history = closed.history
    for copy_no in (0, 2, 4):
        assert writer.images_of_copy(copy_no, end) == expected
    writer.volume.close()
    for copy_no in range(COPIES):
        good = disks.read(4, end // 3, 4096)
        assert disks.read(copy_no, end // 3, 4096) == good


def test_damaged_run_files_cost_only_time(closed: Writer, tmp_path: Path) -> None:
    (end, expected) = closed.history[0]
    for copy_no in range(COPIES):
        for file in (tmp_path / "data" / copy_directory(copy_no) / "log").glob("*.run"):
            data = bytearray(file.read_bytes())
            data[len(data) * copy_no // COPIES] ^= 1
            file.write_bytes(data)
    writer = Writer(tmp_path / "data")
    assert writer.volume.recovered.vdl == end
    writer.history = closed.history
    for copy_no in (0, 2, 4):
        assert writer.images_of_copy(copy_no, end) == expected
    writer.volume.close()


def test_a_page_with_very_many_records_gets_an_image_early(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "data", coalesce_bytes=1 << 22, ring_bytes=1 << 20)
    end = writer.run([Step(NEW, 1), Step(NEW, 2)])
    for i in range(3 * HOT_RECORDS):
        end = writer.run([Step(PUT8, 1, 100, 8, i)], wait=False)
        if i % 50 == 0:
            writer.volume.log.publish()
    writer.volume.log.wait_durable(end)
    assert CHUNK_HEADER_BYTES < end < 1 << 22
    segments = [c.segment for c in writer.volume.storage.live() if c.segment.full]
    for segment in segments:
        with segment.lock:
            segment.extend_index(end)
    writer.volume.storage.event.set()
    wait_for(lambda: all(segment.images > 0 for segment in segments))
    for lsn, _ in writer.history[:: HOT_RECORDS // 2]:  # older states are still there
        assert writer.read(1, lsn) == writer.expected(lsn)[1]
    expected = writer.expected(end)
    assert max(writer.checkpoints()) == 4096
    writer.volume.close()
    writer = Writer(tmp_path / "data", coalesce_bytes=1 << 22, ring_bytes=1 << 20)
    assert {page: writer.read(page) for page in expected} == expected
    assert len(expected[1]) == PAGE
    writer.volume.close()
