"""Quorum arithmetic, as case tables: one row a case, six columns = az1 full, tail, az2 full, …"""

from __future__ import annotations

import pytest

from redo.quorum import (
    can_recover,
    can_write,
    copy_directory,
    is_void,
    read_copies,
    recovery_point,
    volume_durable,
    with_epoch,
)

gone = None

DURABLE = [
    # az1     az2     az3      VDL
    ((9, 9, 9, 9, 9, 9), 9),
    ((9, 9, 9, 9, 0, 0), 9),
    ((9, 9, 9, 8, 0, 0), 8),
    ((9, 9, 9, 0, 0, 0), 0),
    ((9, 0, 9, 0, 9, 0), 9),  # all full ones
    ((9, 0, 8, 0, 9, 9), 8),
    ((9, 7, 8, 7, 9, 0), 8),
    ((0, 9, 0, 9, 0, 9), 0),
    ((1, 2, 3, 4, 5, 6), 3),
    ((6, 5, 4, 3, 2, 1), 3),
    ((0, 0, 7, 7, 7, 7), 7),
]


@pytest.mark.parametrize(("durable", "vdl"), DURABLE)
def test_volume_durable(durable: tuple[int, ...], vdl: int) -> None:
    assert volume_durable(durable) == vdl


RECOVERY = [
    # az1 full  tail  az2 full  tail  az3 full  tail   VDL
    ((9, 9, 9, 9, 9, 9), 9),
    ((9, 8, 7, 6, 5, 4), 9),
    ((gone, 9, gone, 9, 3, gone), 9),
    ((gone, 9, gone, 9, gone, 9), None),  # no full copy
    ((9, 9, gone, gone, gone, gone), None),  # two are not a read quorum
    ((9, gone, 8, gone, 7, gone), 9),
    ((gone, gone, gone, 9, 9, 9), 9),
    ((4, 4, gone, gone, gone, 4), 4),
    ((gone,) * 6, None),
]


@pytest.mark.parametrize(("complete", "vdl"), RECOVERY)
def test_recovery_point(complete: tuple[int | None, ...], vdl: int | None) -> None:
    assert recovery_point(complete) == vdl


ALL_SETS = [tuple(bool(bits >> i & 1) for i in range(6)) for bits in range(64)]


def meets(one: tuple[bool, ...], other: tuple[bool, ...]) -> bool:
    return any(a and b for a, b in zip(one, other, strict=True))


def test_every_quorum_meets_every_write_quorum() -> None:
    """All 64 × 64 pairs: what was written is read, and no two writers both succeed."""
    writes = [copies for copies in ALL_SETS if can_write(copies)]
    reads = [copies for copies in ALL_SETS if can_recover(copies)]
    assert len(writes) == 22 + 1 and len(reads) == 42 - 1  # 4 of 6 and one; 3 of 6 but one
    for write in writes:
        assert all(meets(write, other) for other in writes), write
        assert all(meets(write, read) for read in reads), write
    assert can_write((True, False) * 3) and not can_recover((False, True) * 3)


def test_a_zone_may_go_and_one_more_copy_leaves_a_read_quorum() -> None:
    for zone in range(3):
        left = [i // 2 != zone for i in range(6)]
        assert can_write(left)
        for lost in range(6):
            assert can_recover([alive and i != lost for i, alive in enumerate(left)])


def test_recovery_finds_everything_acknowledged() -> None:
    """Whatever a write quorum has, every read quorum has."""
    for written in ALL_SETS:
        if not can_write(written):
            continue
        for readable in ALL_SETS:
            complete = [
                (9 if has else 5) if can else None
                for has, can in zip(written, readable, strict=True)
            ]
            expected = 9 if can_recover(readable) else None
            assert recovery_point(complete) == expected, (written, readable)


VOID = [
    # epochs                    epoch  lsn  void
    (((1, 10),), 1, 50, False),
    (((1, 10), (2, 40)), 1, 39, False),
    (((1, 10), (2, 40)), 1, 40, True),
    (((1, 10), (2, 40)), 2, 40, False),
    (((1, 10), (2, 40), (3, 30)), 2, 35, True),
    (((1, 10), (3, 30)), 1, 29, False),
    ((), 1, 29, False),
]


@pytest.mark.parametrize(("epochs", "epoch", "lsn", "void"), VOID)
def test_is_void(epochs: tuple[tuple[int, int], ...], epoch: int, lsn: int, void: bool) -> None:
    assert is_void(epochs, epoch, lsn) == void


def test_with_epoch_keeps_what_is_void() -> None:
    history: tuple[tuple[int, int], ...] = ((1, 10),)
    full = list(history)
    for epoch, start in [(2, 40), (3, 40), (4, 35), (5, 60), (6, 60)]:
        history = with_epoch(history, epoch, start)
        full.append((epoch, start))
        for batch_epoch in range(1, epoch + 1):
            for lsn in range(10, 70, 5):
                assert is_void(history, batch_epoch, lsn) == is_void(full, batch_epoch, lsn)
    assert history == ((1, 10), (4, 35), (6, 60))


def test_read_copies() -> None:
    assert read_copies((9, 9, 8, 9, 0, 9), 9) == [0]
    assert read_copies((9, 9, 8, 9, 0, 9), 8) == [0, 2]


def test_names() -> None:
    assert [copy_directory(i) for i in (0, 1, 4, 5)] == [
        "az1/full",
        "az1/tail",
        "az3/full",
        "az3/tail",
    ]
