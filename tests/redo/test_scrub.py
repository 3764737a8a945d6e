"""Scrubbing goes on beside whatever storage does with its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from redo.coalesce import Keep, coalesce
from redo.control import COUNT_DAMAGED, COUNT_REBUILT, COUNT_SCRUBBED
from redo.errors import VolumeError
from redo.quorum import COPIES
from redo.scrub import Scrubber
from redo.segment_layout import CHUNK_HEADER_BYTES
from redo.timeline import NEVER
from tests.redo.writing import Writer, wait_for

CHUNK = 8192


def test_log_that_is_given_up_meanwhile_is_no_damage(tmp_path: Path) -> None:
    """A pass reads log that upkeep gives up, whose files take later log."""
    writer = Writer(tmp_path / "data", chunk_bytes=CHUNK, coalesce_bytes=1 << 12)
    storage = writer.volume.storage
    scrubber = Scrubber(storage, 1 << 40)
    rng = np.random.default_rng(4)
    for _ in range(6):
        turns = [scrubber._copy(copier) for copier in storage.live()]
        starts = {copier: copier.segment.meta.kept for copier in storage.live()}
        for turn in turns:
            next(turn, None)  # the pass stands at the beginning of the log
        end = writer.work(rng, 150)
        far = end - 2 * CHUNK  # a tail gives log up by whole chunks, a full copy a round later
        wait_for(lambda far=far: all(one.segment.meta.kept > far for one in storage.live()))
        for copier, lsn in starts.items():  # read just before it was given up
            assert scrubber._mender.mend_log(copier, lsn, lsn + 1) > lsn
        for turn in turns:
            for count in turn:
                assert count > 0
    assert sum(storage.control.counted(copy_no, COUNT_SCRUBBED) for copy_no in range(COPIES)) > 0
    for copy_no in range(COPIES):
        assert storage.control.counted(copy_no, COUNT_REBUILT) == 0
        assert storage.control.counted(copy_no, COUNT_DAMAGED) == 0
    wait_for(storage.damages.empty)
    writer.volume.close()


def test_log_that_has_rotted_since_it_was_indexed_becomes_no_image(tmp_path: Path) -> None:
    """Reads believe what they indexed; an image of it would be believed for good."""
    writer = Writer(tmp_path / "data", chunk_bytes=1 << 16, coalesce_bytes=1 << 30)
    end = writer.work(np.random.default_rng(6), 80)
    copier = writer.volume.storage.copiers[0]
    assert copier is not None
    wait_for(lambda: copier.durable >= end)
    segment = copier.segment
    with segment.lock:
        assert segment.extend_index(end) == 0
        segment.end_run()
    rotten = end // 2
    with open(f"{segment.path}/log/{0:016x}.log", "r+b") as file:
        file.seek(CHUNK_HEADER_BYTES + rotten)
        byte = file.read(1)[0]
        file.seek(CHUNK_HEADER_BYTES + rotten)
        file.write(bytes([byte ^ 4]))
    with pytest.raises(VolumeError, match="is damaged"):
        for _ in coalesce(segment, end, 1 << 30, Keep(NEVER, NEVER)):
            pass
    assert segment.mark.lsn < rotten
    writer.volume.close()
