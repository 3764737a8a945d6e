"""Who the six are: members by slot, replaced through epochs with both candidates, reversibly.

A slot is a copy's place in the quorum (copy number 0…5), a member a directory with log that has a
number of its own. When member F is suspected, epoch e+1 has F and a new member G in F's slot, and
both sets of six count::

    write   a write quorum of ABCDEF  and  one of ABCDEG
    read    a read quorum of ABCDEF   or   one of ABCDEG

so ABCD alone go on writing, and nobody waits for G, which is being filled from its peers. When F
comes back first, e+2 is ABCDEF and G was for nothing; when G is complete, e+2 is ABCDEG and F is
not a member any more. Another slot may be suspected meanwhile: all combinations count then.

Both-sets is arithmetic of six again: quorums only grow with what each member has, so the quorum of
all combinations is the quorum of the slots, where a slot has what the *least* of its members has
(`slot_durable`). A suspected member that is dead has nothing: its slot does not count until it, or
its successor alone, holds the slot.

Members are installed like any epoch: written down by every live copy, at least a write quorum (a
read quorum when no more are left, which is how a write quorum is rebuilt), each of which refuses
what does not follow the epoch it knows. A directory whose member is in no slot was replaced: it
does not count, whatever is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

from redo.quorum import COPIES

Slots = tuple[tuple[int, ...], ...]

#: Whether the copies (by number) that say yes are enough.
Predicate = Callable[[Sequence[bool]], bool]


@dataclass(frozen=True, slots=True)
class Members:
    """Numbers of the members of each slot: one, or the suspected one and its candidate."""

    epoch: int = 1
    slots: Slots = tuple((number,) for number in range(COPIES))
    next_number: int = COPIES  #: never given out before

    def __post_init__(self) -> None:
        assert len(self.slots) == COPIES and all(1 <= len(slot) <= 2 for slot in self.slots)

    def suspect(self, slot: int) -> Members:
        """The next epoch: a new candidate beside the slot's member."""
        (member,) = self.slots[slot]
        return self._with(slot, (member, self.next_number), self.next_number + 1)

    def settle(self, slot: int, member: int) -> Members:
        """The next epoch: the slot belongs to one of its two members."""
        assert member in self.slots[slot] and len(self.slots[slot]) == 2
        return self._with(slot, (member,), self.next_number)

    def _with(self, slot: int, members: tuple[int, ...], next_number: int) -> Members:
        slots = (*self.slots[:slot], members, *self.slots[slot + 1 :])
        return replace(self, epoch=self.epoch + 1, slots=slots, next_number=next_number)

    def has(self, slot: int, member: int) -> bool:
        """Is this a member of the slot, settled or not?"""
        return member in self.slots[slot]

    def candidate(self, slot: int) -> int | None:
        """The member that is to take the slot over, if one is."""
        return self.slots[slot][1] if len(self.slots[slot]) == 2 else None

    def follows(self, earlier: Members) -> bool:
        """Is this the very next epoch? Anything else was decided without knowing of `earlier`."""
        return self.epoch == earlier.epoch + 1

    def sets(self) -> Iterator[tuple[int, ...]]:
        """Every set of six members that counts now."""
        yield from product(*self.slots)

    def can_write(self, acknowledged: Collection[int], quorum: Predicate) -> bool:
        """Is what these members have durable? A write quorum of every set."""
        return all(quorum([m in acknowledged for m in members]) for members in self.sets())

    def can_read(self, readable: Collection[int], quorum: Predicate) -> bool:
        """May recovery decide with these members? A read quorum of any set."""
        return any(quorum([m in readable for m in members]) for members in self.sets())

    def slot_durable(self, durable: Mapping[int, int]) -> list[int]:
        """How far each slot counts: what the least of its members has; 0 for those missing."""
        return [min(durable.get(member, 0) for member in slot) for slot in self.slots]


FIRST: Final = Members()


def members_of(fields: Mapping[str, Any]) -> Members:
    """Members out of JSON. Raises TypeError, KeyError, ValueError."""
    slots = tuple(tuple(int(member) for member in slot) for slot in fields["slots"])
    if len(slots) != COPIES or not all(1 <= len(slot) <= 2 for slot in slots):
        raise ValueError("not six slots")
    return Members(int(fields["epoch"]), slots, int(fields["next_number"]))
