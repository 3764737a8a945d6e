"""Protection groups: a volume grows by itself, and every copy knows how far."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from redo.disk import FileDisk
from redo.errors import StaleGeometry
from redo.geometry import Geometry
from redo.metadata import load_copy
from redo.quorum import COPIES, copy_directory, is_full
from tests.redo.editing import NEW, PUT8, Step
from tests.redo.writing import Writer, wait_for

GROWTH = [
    # pages a group, page, groups then
    (8, 0, 1),
    (8, 7, 1),
    (8, 8, 2),
    (8, 39, 5),
    (1, 39, 40),
]


@pytest.mark.parametrize(("pg_pages", "page", "groups"), GROWTH)
def test_grown_to(pg_pages: int, page: int, groups: int) -> None:
    grown = Geometry(pg_pages).grown_to(page)
    assert (grown.groups, grown.epoch, grown.group_of(page)) == (groups, groups, groups - 1)
    assert grown.grown_to(0) == grown


def test_older_geometry_is_refused() -> None:
    geometry = Geometry(8, 3)
    for known in (0, 3, 4):
        geometry.check(known)
    for known in (1, 2):
        with pytest.raises(StaleGeometry, match=f"geometry {known} is over: the volume is at 3"):
            geometry.check(known)


def groups_of(path: Path) -> list[int]:
    """What each copy has written down."""
    disk_copies = (f"{path}/{copy_directory(copy_no)}" for copy_no in range(COPIES))
    return [load_copy(FileDisk(), copy).groups for copy in disk_copies]


def test_a_volume_grows_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "v"
    writer = Writer(path, pg_pages=8, coalesce_bytes=1 << 14)
    storage = writer.volume.storage
    assert storage.geometry.groups == 1
    for page in range(40):
        writer.run([Step(NEW, page), Step(PUT8, page, 100, 8, page)])
        assert storage.geometry.groups <= page // 8 + 1
    assert writer.read(39) == writer.editor.image(39)
    assert storage.geometry.groups == 5  # a read of a page of a new group does not wait for upkeep
    wait_for(lambda: groups_of(path) == [5] * COPIES)
    for copy_no in range(COPIES):
        directories = sorted(p.name for p in (path / copy_directory(copy_no)).glob("pg-*"))
        expected = [f"pg-{group:05d}" for group in range(5)] if is_full(copy_no) else []
        assert directories == expected
    anew = storage.segments()[3]  # a copy made anew is as old as what it was made of
    anew.save(replace(anew.meta, groups=2))
    wait_for(lambda: groups_of(path) == [5] * COPIES)
    writer.volume.close()
    again = Writer(path, pg_pages=8)
    assert again.volume.storage.geometry.groups == 5
    assert again.read(39)[100:108] == (39).to_bytes(8, "little")
    again.volume.close()
