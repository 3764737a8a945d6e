"""Opening a volume after crashes: torn and damaged log, lost copies, epochs, locks, formats."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from redo import dump
from redo.errors import UnknownFormat, VolumeLocked, VolumeLost
from redo.quorum import COPIES, copy_directory
from redo.segment_layout import CHUNK_HEADER_BYTES
from redo.timeline import NEVER
from redo.volume import LocalVolume
from tests.redo.editing import FILL, NEW, PUT8, Step
from tests.redo.writing import PAGE, Writer, wait_for

CHUNK = 1 << 15


class Disks:
    """The files of a volume that is closed, to be damaged."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def path(self, copy_no: int) -> Path:
        return self.data / copy_directory(copy_no)

    def damage(self, copy_no: int, lsn: int, what: bytes) -> None:
        """Write over log bytes of one copy."""
        start = lsn - lsn % CHUNK
        with (self.path(copy_no) / "log" / f"{start:016x}.log").open("r+b") as file:
            file.seek(CHUNK_HEADER_BYTES + lsn - start)
            file.write(what)

    def read(self, copy_no: int, lsn: int, count: int) -> bytes:
        start = lsn - lsn % CHUNK
        with (self.path(copy_no) / "log" / f"{start:016x}.log").open("rb") as file:
            file.seek(CHUNK_HEADER_BYTES + lsn - start)
            return file.read(count)

    def cut(self, copy_no: int, lsn: int, end: int) -> None:
        """The log of one copy from `lsn` on never reached the disk."""
        self.damage(copy_no, lsn, bytes(end - lsn))

    def lose(self, *copies: int) -> None:
        for copy_no in copies:
            shutil.rmtree(self.path(copy_no))


class Past:
    """A closed volume, and the images its pages had at each commit."""

    def __init__(self, path: Path, commits: int = 6) -> None:
        writer = Writer(path)
        writer.run([Step(NEW, page) for page in range(3)])
        for i in range(commits):
            writer.run([Step(PUT8, i % 3, 100, 8, i), Step(FILL, i % 3, 200, 50, i)])
        self.ends = [end for end, _ in writer.history]
        self.images = {end: writer.expected(end) for end in self.ends}
        control = writer.volume.storage.control
        wait_for(lambda: set(control.durable()) == {control.vdl})
        writer.volume.close()
        self.disks = Disks(path)


@pytest.fixture
def past(tmp_path: Path) -> Past:
    return Past(tmp_path / "data")


Opened = Callable[[], LocalVolume]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens the volume; the last one opened is closed at the end."""
    made: list[LocalVolume] = []

    def open_again() -> LocalVolume:
        if made:
            made.pop().close()
        made.append(
            LocalVolume(
                str(tmp_path / "data"),
                page_bytes=PAGE,
                ring_bytes=1 << 16,
                private_bytes=4 << 20,
                chunk_bytes=CHUNK,
                pg_pages=16,
                durable=False,
            )
        )
        return made[-1]

    yield open_again
    for volume in made:
        volume.close()


def images_of(volume: LocalVolume, pages: int = 3) -> dict[int, bytes]:
    frame = volume.arena.alloc(PAGE)
    found = {}
    for page in range(pages):
        volume.read_page(page, 1 << 62, frame)
        found[page] = volume.arena.mem[frame : frame + PAGE].tobytes()
    return found


# Each row: how many commits (of the last four) each copy lacks -> how many of them are lost.
TAILS = [
    # az1     az2     az3
    ((0, 0, 0, 0, 0, 0), 0),
    ((1, 1, 0, 0, 0, 0), 0),
    ((1, 1, 1, 1, 1, 0), 0),  # one copy has it: not acknowledged, but kept
    ((1, 1, 1, 1, 1, 1), 1),
    ((4, 3, 2, 1, 4, 4), 1),
    ((4, 4, 4, 4, 4, 4), 4),
    ((2, 4, 2, 4, 2, 4), 2),
]


@pytest.mark.parametrize(("missing", "lost"), TAILS)
def test_log_tails_of_different_length(
    past: Past, opened: Opened, missing: tuple[int, ...], lost: int
) -> None:
    for copy_no, count in enumerate(missing):
        past.disks.cut(copy_no, past.ends[-1 - count], past.ends[-1])
    volume = opened()
    vdl = past.ends[-1 - lost]
    assert volume.recovered.vdl == vdl
    assert images_of(volume) == past.images[vdl]
    for copier in volume.storage.copiers:
        assert copier is not None
        assert copier.segment.follow(copier.segment.mark, NEVER).lsn == vdl


def test_torn_and_damaged_batches_are_not_believed(past: Past, opened: Opened) -> None:
    """Every kind of damage to the last batch, another on each copy: it is gone, nothing else is."""
    last, end = past.ends[-2], past.ends[-1]
    whole = past.disks.read(0, last, end - last)
    past.disks.damage(0, last, whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2))
    past.disks.damage(1, last, bytes(64))
    past.disks.damage(2, end - 8, b"\xff" * 8)
    past.disks.damage(3, last + 40, (len(whole) + 8).to_bytes(4, "little"))
    past.disks.damage(4, last + 16, (0).to_bytes(8, "little"))
    past.disks.damage(5, last + 4, bytes(4))
    volume = opened()
    assert volume.recovered.vdl == last
    assert images_of(volume) == past.images[last]


def test_damage_in_the_middle_of_one_copy(past: Past, opened: Opened) -> None:
    """A copy whose log has a hole counts only up to it, and is filled from another."""
    past.disks.damage(2, past.ends[2] + 80, b"\x00\xff" * 8)
    volume = opened()
    assert volume.recovered.vdl == past.ends[-1]
    whole = past.disks.read(0, past.ends[2], 200)
    wait_for(lambda: past.disks.read(2, past.ends[2], 200) == whole)


@pytest.mark.parametrize("lost", [(0, 1, 2), (1, 3, 5), (0, 2, 5), (0, 2)])
def test_three_copies_are_enough(past: Past, opened: Opened, lost: tuple[int, ...]) -> None:
    past.disks.lose(*lost)
    volume = opened()
    assert volume.recovered.vdl == past.ends[-1]
    assert images_of(volume) == past.images[past.ends[-1]]
    while any(copier is None or not copier.live for copier in volume.storage.copiers):
        volume.storage.event.set()
    volume = opened()
    assert volume.recovered.vdl == past.ends[-1]


@pytest.mark.parametrize("lost", [(0, 1, 2, 3), (0, 2, 4), (0, 1, 2, 3, 4)])
def test_too_few_copies_are_an_error(past: Past, opened: Opened, lost: tuple[int, ...]) -> None:
    past.disks.lose(*lost)
    with pytest.raises(VolumeLost, match="of 6 copies are readable"):
        opened()
    assert not past.disks.path(0).exists()  # nothing was touched


def test_void_tail_that_comes_back_stays_void(past: Past, tmp_path: Path) -> None:
    """A copy that was away while the volume went on without its last batches loses them."""
    end = past.ends[-1]
    shutil.move(past.disks.path(3), tmp_path / "away")
    for copy_no in (0, 1, 2, 4, 5):
        past.disks.cut(copy_no, past.ends[-3], end)
    writer = Writer(tmp_path / "data")
    assert writer.volume.recovered.vdl == past.ends[-3]
    writer.volume.read_page(0, 1 << 62, writer.editor.frame(0))
    writer.run([Step(PUT8, 0, 100, 8, -7)])
    expected = images_of(writer.volume)
    new_end = writer.volume.log.vdl
    writer.volume.close()
    shutil.rmtree(past.disks.path(3), ignore_errors=True)  # it may have been made anew meanwhile
    shutil.move(tmp_path / "away", past.disks.path(3))
    volume = LocalVolume(str(tmp_path / "data"), ring_bytes=1 << 16, private_bytes=4 << 20)
    try:
        assert volume.recovered.vdl == new_end < end
        assert images_of(volume) == expected
        copiers = volume.storage.copiers
        wait_for(lambda: (copier := copiers[3]) is not None and copier.live)
        copier = copiers[3]
        assert copier is not None
        assert copier.segment.follow(copier.segment.mark, NEVER).lsn == new_end
    finally:
        volume.close()


def test_same_length_batch_of_an_older_epoch_is_not_followed(tmp_path: Path) -> None:
    """New batches of the same sizes leave old ones behind them exactly linked: epochs tell."""
    past = Past(tmp_path / "data")
    for copy_no in range(COPIES):
        if copy_no != 1:
            past.disks.cut(copy_no, past.ends[-3], past.ends[-1])
    hidden = past.disks.read(1, past.ends[-3], past.ends[-1] - past.ends[-3])
    past.disks.cut(1, past.ends[-3], past.ends[-1])
    writer = Writer(tmp_path / "data")
    writer.volume.read_page(1, 1 << 62, writer.editor.frame(1))
    end = writer.run([Step(PUT8, 1, 100, 8, 77), Step(FILL, 1, 200, 50, 7)])
    assert end == past.ends[-2]
    writer.volume.close()
    second = hidden[past.ends[-2] - past.ends[-3] :]
    for copy_no in range(COPIES):
        past.disks.damage(copy_no, end, second)
    writer = Writer(tmp_path / "data")
    assert writer.volume.recovered.vdl == end
    writer.volume.close()


def test_locked(past: Past, opened: Opened) -> None:
    opened()
    with pytest.raises(VolumeLocked, match="in use by another process"):
        Writer(past.disks.data)


def test_unknown_format(past: Past, opened: Opened) -> None:
    path = past.disks.data / "volume.json"
    fields = json.loads(path.read_text())
    path.write_text(json.dumps({**fields, "format": 99}))
    with pytest.raises(UnknownFormat, match="format 99"):
        opened()
    path.write_text("not json")
    with pytest.raises(UnknownFormat, match="damaged"):
        opened()
    path.unlink()
    with pytest.raises(UnknownFormat, match=r"no volume\.json"):
        opened()
    path.write_text(json.dumps(fields))
    assert images_of(opened()) == past.images[past.ends[-1]]


def test_the_format_before_is_refused(past: Past, opened: Opened) -> None:
    """Its page files cannot be read: they are left alone."""
    data = past.disks.data
    path = data / "volume.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 3}))
    stored = {file: file.read_bytes() for file in data.rglob("*.*") if file.is_file()}
    with pytest.raises(UnknownFormat, match="has format 3, this program knows format 4"):
        opened()
    assert stored == {file: file.read_bytes() for file in data.rglob("*.*") if file.is_file()}


def test_interrupted_formatting_starts_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    Past(data)
    (data / "volume.json").rename(data / "volume.formatting")
    writer = Writer(data)
    assert writer.volume.recovered.vdl == 4096
    writer.volume.close()


def test_files_of_another_volume_are_not_mixed_in(past: Past, tmp_path: Path) -> None:
    other = Past(tmp_path / "other", commits=30)
    shutil.rmtree(past.disks.path(4))
    shutil.copytree(other.disks.path(4), past.disks.path(4))
    writer = Writer(past.disks.data)
    try:
        assert writer.volume.recovered.vdl == past.ends[-1]
        assert images_of(writer.volume) == past.images[past.ends[-1]]
    finally:
        writer.volume.close()


def test_torn_page_store_is_cut_off(tmp_path: Path) -> None:
    """Images without an entry, half an entry, an entry of zeros: what was good before them is."""
    data = tmp_path / "data"
    writer = Writer(data, coalesce_bytes=1 << 12)
    end = writer.work(np.random.default_rng(11), 200)
    wait_for(lambda: min(writer.checkpoints()) > 4096)
    expected = writer.expected(end)
    writer.volume.close()
    for full, junk in [("az1", b"x" * 700), ("az2", b""), ("az3", bytes(PAGE))]:
        for file in (data / full / "full").glob("pg-*/*.dat"):
            with file.open("ab") as opened_file:
                opened_file.write(junk)
    for full, junk in [("az1", b"y" * 7), ("az2", bytes(24)), ("az3", bytes(48))]:
        for file in (data / full / "full").glob("pg-*/*.idx"):
            with file.open("ab") as opened_file:
                opened_file.write(junk)
    writer = Writer(data)
    writer.history = [(end, expected)]
    try:
        for copy_no in (0, 2, 4):
            assert writer.images_of_copy(copy_no, end) == expected
    finally:
        writer.volume.close()


def test_dump_shows_log_and_pages(past: Past, capsys: pytest.CaptureFixture[str]) -> None:
    assert dump.main([str(past.disks.data)]) == 0
    shown = capsys.readouterr().out
    assert f"batch {past.ends[0]} after 4096 epoch 3" in shown
    assert "PAGE page 0 after" in shown
    assert "[200:250]=fill 5" in shown
    assert shown.endswith(f"end {past.ends[-1]}\n")
    assert dump.main([str(past.disks.data), "--copy", "az2/tail", "--page", "2"]) == 0
    assert "page 2 after 0 [20:512]=fill 0 whole ." in capsys.readouterr().out
    assert dump.main([str(past.disks.data / "nowhere")]) == 1
