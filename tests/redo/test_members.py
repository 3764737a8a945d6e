"""Members by epochs: the quorums of both candidates, proved by trying every set of members."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain, combinations

import pytest

from redo.healing import settled, suspected
from redo.members import FIRST, Members, members_of
from redo.quorum import COPIES, can_write, is_full, recovery_point, volume_durable

A, B, C, D, E, F, G, H = range(8)


def can_read(readable: object) -> bool:
    assert isinstance(readable, list)
    return recovery_point([1 if yes else None for yes in readable]) is not None


def subsets(members: Members) -> Iterator[frozenset[int]]:
    everybody = sorted(set(chain(*members.slots)))
    for count in range(len(everybody) + 1):
        yield from map(frozenset, combinations(everybody, count))


SUSPECTED = FIRST.suspect(F)
TWICE = SUSPECTED.suspect(E)
CASES = {
    "plain": FIRST,
    "F suspected": SUSPECTED,
    "F came back": SUSPECTED.settle(F, F),
    "G took over": SUSPECTED.settle(F, G),
    "E and F suspected": TWICE,
    "a full copy suspected": FIRST.suspect(A),
    "a full and its tail": FIRST.suspect(A).suspect(B),
}


@pytest.mark.parametrize("case", CASES)
def test_every_write_meets_every_read_and_every_write(case: str) -> None:
    members = CASES[case]
    writes = [some for some in subsets(members) if members.can_write(some, can_write)]
    reads = [some for some in subsets(members) if members.can_read(some, can_read)]
    assert writes and reads
    assert all(write & read for write in writes for read in reads)
    assert all(one & other for one in writes for other in writes)


@pytest.mark.parametrize("case", CASES)
def test_neighbouring_epochs_meet(case: str) -> None:
    """What one epoch wrote is found by who still reads, or writes, by the one before or after."""
    members = CASES[case]
    for slot in range(COPIES):
        if len(members.slots[slot]) == 2:
            after = members.settle(slot, members.slots[slot][1])
        else:
            after = members.suspect(slot)
        before_writes = [s for s in subsets(members) if members.can_write(s, can_write)]
        after_reads = [s for s in subsets(after) if after.can_read(s, can_read)]
        late = [s for s in after_reads if not any(m not in chain(*members.slots) for m in s)]
        assert all(write & read for write in before_writes for read in late)


@pytest.mark.parametrize("case", CASES)
def test_the_least_of_a_slot_is_the_quorum_of_all_sets(case: str) -> None:
    """`slot_durable` with arithmetic of six says what trying every combination says."""
    members = CASES[case]
    rng = random.Random(7)
    everybody = sorted(set(chain(*members.slots)))
    for _ in range(500):
        durable = {member: rng.choice([0, 10, 20, 30]) for member in everybody}
        one = volume_durable(members.slot_durable(durable))
        every = [volume_durable([durable[m] for m in some]) for some in members.sets()]
        assert one == min(every)


def test_writes_never_stop_for_a_candidate() -> None:
    assert SUSPECTED.can_write({A, B, C, D}, can_write)
    assert TWICE.can_write({A, B, C, D}, can_write)
    assert not SUSPECTED.can_write({A, B, D, F}, can_write)  # F counts in one of the sets only
    assert SUSPECTED.can_write({A, B, D, F, G}, can_write)


def test_it_is_reversible() -> None:
    back = SUSPECTED.settle(F, F)
    assert back.slots == FIRST.slots and back.epoch == FIRST.epoch + 2
    assert not back.has(F, G)
    gone = SUSPECTED.settle(F, G)
    assert gone.has(F, G) and not gone.has(F, F)
    assert back.suspect(F).candidate(F) == H, "a number is never given out twice"


def test_an_epoch_follows_the_one_before() -> None:
    assert SUSPECTED.follows(FIRST) and not TWICE.follows(FIRST)
    assert not FIRST.suspect(A).follows(SUSPECTED), "decided at the same time: one is refused"


def test_as_json() -> None:
    assert members_of(json.loads(json.dumps(asdict(TWICE)))) == TWICE
    for slots in ([[1]], [[1]] * 5 + [[]], [[1]] * 5 + [[1, 2, 3]]):
        with pytest.raises(ValueError, match="six"):
            members_of({"epoch": 1, "slots": slots, "next_number": 9})


def test_full_copies_are_where_they_were() -> None:
    assert [is_full(slot) for slot in range(COPIES)] == [True, False] * 3


def test_what_peers_have_decided_already_is_not_decided_again() -> None:
    """An answer was lost, and whoever asked for the next epoch asks again."""
    suspicion = FIRST.suspect(2)
    number = suspicion.candidate(2)
    assert number is not None
    assert suspected(2)(FIRST) == suspicion
    assert suspected(2)(suspicion) == suspicion
    kept, replaced = suspicion.settle(2, 2), suspicion.settle(2, number)
    assert settled(2, number)(suspicion) == replaced
    assert settled(2, number)(replaced) == replaced
    assert settled(2, number)(kept) == kept
