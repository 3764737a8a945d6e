"""Snapshots and clones of a volume: what they hold, what they share, what they survive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from redo.disk import FileDisk
from redo.errors import UnknownFormat, VolumeError
from redo.frozen import freeze, heir, is_folded, load, refreeze, remove, thaw
from redo.metadata import FORMAT
from redo.quorum import COPIES, copy_directory
from redo.volume import NEWEST
from tests.redo.editing import PUT8, Step
from tests.redo.writing import PAGE, Writer, wait_for

DISK = FileDisk(durable=False)


def images(writer: Writer) -> dict[int, bytes]:
    """Its pages as they are now."""
    return {page: writer.editor.image(page) for page in writer.known}


def put(writer: Writer, known: dict[int, bytes]) -> None:
    """Let a writer that was opened know its pages."""
    for page, image in known.items():
        at = writer.editor.frame(page)
        writer.volume.arena.mem[at : at + PAGE] = np.frombuffer(image, np.uint8)
    writer.known = set(known)


class Volumes:
    """Volumes side by side, each with a writer that knows what its pages should be."""

    def __init__(self, path: Path) -> None:
        self.path = path / "volumes"
        self.open: dict[str, Writer] = {}

    def start(self, name: str, like: Writer | None = None, **options: object) -> Writer:
        """Open a volume; `like`: its pages are those, as they are now."""
        return self.start_with(name, {} if like is None else images(like), **options)

    def start_with(self, name: str, known: dict[int, bytes], **options: object) -> Writer:
        """Open a volume whose pages are known."""
        writer = Writer(self.path / name, **options)
        put(writer, known)
        writer.history = [(writer.volume.recovered.vdl, known)]
        self.open[name] = writer
        return writer

    def clone(self, source: str, name: str) -> None:
        self.open[source].volume.storage.freeze(self.path / name)

    def stop(self, name: str) -> None:
        self.open.pop(name).volume.close()

    def close(self) -> None:
        for name in list(self.open):
            self.stop(name)


@pytest.fixture
def volumes(tmp_path: Path) -> Iterator[Volumes]:
    made = Volumes(tmp_path)
    yield made
    made.close()


def same(writer: Writer) -> None:
    """Every page of every full copy is what the writer has."""
    end = writer.volume.log.vdl
    expected = images(writer)
    writer.history = [(end, expected)]
    for copy_no in (0, 2, 4):
        assert writer.images_of_copy(copy_no, end) == expected


@pytest.mark.parametrize("coalesce_bytes", [1 << 12, 1 << 20])
def test_a_clone_and_its_parent_go_different_ways(volumes: Volumes, coalesce_bytes: int) -> None:
    rng = np.random.default_rng(coalesce_bytes)
    parent = volumes.start("main", coalesce_bytes=coalesce_bytes)
    parent.work(rng, 200)
    volumes.clone("main", "copy")
    clone = volumes.start("copy", parent, coalesce_bytes=coalesce_bytes)
    for _ in range(4):
        parent.work(rng, 100)
        clone.work(rng, 120)
    same(parent)
    same(clone)
    for name in ("main", "copy"):
        known = images(volumes.open[name])
        volumes.stop(name)
        same(volumes.start_with(name, known, coalesce_bytes=coalesce_bytes))


def test_nothing_is_made_of_a_volume_without_pages(volumes: Volumes, tmp_path: Path) -> None:
    parent = volumes.start("main")
    with pytest.raises(VolumeError, match="nothing in the volume yet"):
        parent.volume.storage.freeze(tmp_path / "volumes" / "copy")


def test_clones_of_clones_outlive_their_parents(volumes: Volumes) -> None:
    rng = np.random.default_rng(2)
    writer = volumes.start("v0", coalesce_bytes=1 << 13)
    for number in range(1, 5):
        writer.work(rng, 120)
        volumes.clone(f"v{number - 1}", f"v{number}")
        writer.work(rng, 10)  # not in the clone
        known = images(writer)
        volumes.stop(f"v{number - 1}")
        remove(DISK, volumes.path / f"v{number - 1}")
        writer = volumes.start(f"v{number}", coalesce_bytes=1 << 13)
        put(writer, {page: writer.read(page) for page in known})
        assert images(writer) != known
        same(writer)


def test_fifteen_clones(volumes: Volumes) -> None:
    rng = np.random.default_rng(3)
    parent = volumes.start("main", coalesce_bytes=1 << 13)
    parent.work(rng, 300)
    last = parent.run([Step(PUT8, sorted(parent.known)[0], 100, 8, 0)])
    page = sorted(parent.known)[0]
    names = [f"c{i}" for i in range(15)]
    for name in names:
        volumes.clone("main", name)
    values = {}
    for i, name in enumerate(names):
        clone = volumes.start(name, parent)
        clone.run([Step(PUT8, page, 100, 8, i + 1)])
        values[name] = clone.read(page)
        volumes.stop(name)
    parent.work(rng, 20)
    for i, name in enumerate(names):
        writer = volumes.start(name)
        assert writer.read(page) == values[name]
        assert int.from_bytes(values[name][100:108], "little") == i + 1
        assert writer.volume.storage.history.jumps[-1].origin >= last
        volumes.stop(name)


def test_a_snapshot_is_restored_more_than_once(volumes: Volumes, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    writer = volumes.start("main", coalesce_bytes=1 << 13)
    writer.work(rng, 200)
    snapshot = tmp_path / "snapshots" / "monday"
    frozen = writer.volume.storage.freeze(snapshot)
    assert load(DISK, snapshot) == frozen
    assert frozen.lsn == writer.volume.log.vdl
    then = images(writer)
    writer.work(rng, 400)
    with pytest.raises(VolumeError, match="there is a snapshot monday already"):
        writer.volume.storage.freeze(snapshot)
    for name in ("one", "two"):
        refreeze(DISK, snapshot, volumes.path / name, heir(load(DISK, snapshot), "snapshot monday"))
        assert is_folded(DISK, volumes.path / name)
    two = volumes.path / "two"
    refreeze(DISK, two, volumes.path / "three", heir(load(DISK, two), "two"))
    remove(DISK, snapshot)
    volumes.stop("main")
    remove(DISK, volumes.path / "main")
    for name in ("one", "two", "three"):
        restored = volumes.start(name)
        assert {page: restored.read(page) for page in then} == then
        put(restored, then)
        restored.work(rng, 50)
        same(restored)
        volumes.stop(name)


@pytest.mark.parametrize("stop_after", [0, 1, 5])
def test_unfolding_that_is_interrupted_goes_on(
    volumes: Volumes, stop_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = volumes.start("main", coalesce_bytes=1 << 13)
    writer.work(np.random.default_rng(5), 200)
    volumes.clone("main", "copy")
    moved = 0

    class Interrupted(FileDisk):
        def move(self, path: str, to: str) -> None:
            nonlocal moved
            moved += 1
            if moved > stop_after:
                raise OSError("power cut")
            super().move(path, to)

    with pytest.raises(OSError, match="power cut"):
        thaw(Interrupted(durable=False), volumes.path / "copy")
    same(volumes.start("copy", writer))


def test_lost_copies_of_a_clone_are_rebuilt(volumes: Volumes) -> None:
    rng = np.random.default_rng(6)
    writer = volumes.start("main", coalesce_bytes=1 << 13)
    writer.work(rng, 200)
    volumes.clone("main", "copy")
    thaw(DISK, volumes.path / "copy")
    for copy_no in (0, 3):
        DISK.remove_tree(f"{volumes.path}/copy/{copy_directory(copy_no)}")
    clone = volumes.start("copy", writer)
    storage = clone.volume.storage
    wait_for(lambda: len(storage.live()) == COPIES)
    clone.work(rng, 100)
    same(clone)
    same(writer)


def test_a_copy_that_lags_behind_is_filled_without_touching_the_parent(volumes: Volumes) -> None:
    """Its last log is in a file that the parent goes on writing: the clone makes it its own."""
    rng = np.random.default_rng(7)
    writer = volumes.start("main")
    writer.work(rng, 20)
    storage = writer.volume.storage
    slow = storage.copiers[2]
    assert slow is not None
    slow.stop()
    end = writer.work(rng, 5)
    segments = [c.segment for c in storage.copiers if c is not None]
    freeze(segments, volumes.path / "copy", storage.history, end, "main", 1)
    same(volumes.start("copy", writer))
    assert slow.segment.follow(slow.segment.mark, NEWEST).lsn < end


def test_damaged_manifest_is_an_error(volumes: Volumes) -> None:
    writer = volumes.start("main")
    writer.work(np.random.default_rng(8), 20)
    volumes.clone("main", "copy")
    manifest = volumes.path / "copy" / "frozen.json"
    good = manifest.read_text()
    unknown = good.replace(f'"format": {FORMAT}', "")
    for damaged in ("{", good.replace('"copies"', '"copied"'), unknown):
        manifest.write_text(damaged)
        with pytest.raises(UnknownFormat, match=r"frozen\.json"):
            volumes.start("copy")
