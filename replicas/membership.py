"""Who is alive: heartbeats in, silence out. Pure; the clock comes in with each event.

A member is *starting* until its first `Ready`, *up* while its beats come, *silent* once none came
for `timeout_ms`, *down* from its death until it is started again. A starting member has no deadline
here: recovery may take as long as it takes, and a process that dies is seen by its parent.

Who computes is not dead: a member whose work grows beyond its last beat stays up, until it has not
beaten for `PATIENCE` times as long, which is an endless loop. Two looks at its work, half of
`timeout_ms` apart, must find it the same; so whoever looks rarely does not take that for silence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

PATIENCE: Final = 20  #: timeouts without a beat that somebody may compute


class State(Enum):
    """Where a member is in its life."""

    STARTING = "starting"
    UP = "up"
    SILENT = "silent"
    DOWN = "down"


@dataclass(slots=True)
class Member:
    """What is known of one process.

    seen_ms  its last beat
    work     what it had done at the last look since then; -1: nobody has looked
    idle_ms  since when that has not changed
    """

    name: str
    state: State = State.DOWN
    seen_ms: int = 0
    work: int = -1
    idle_ms: int = 0

    def look(self, work: int, now_ms: int) -> None:
        """It has done `work` by now."""
        if work != self.work:
            self.work, self.idle_ms = work, now_ms


@dataclass(slots=True)
class Membership:
    """The members of a cluster by name."""

    timeout_ms: int
    members: dict[str, Member] = field(default_factory=dict)

    def starting(self, name: str, now_ms: int) -> None:
        """A process for `name` was started."""
        self.members[name] = Member(name, State.STARTING, now_ms)

    def ready(self, name: str, now_ms: int) -> None:
        """The process says that it serves."""
        self.members[name] = Member(name, State.UP, now_ms)

    def beat(self, name: str, now_ms: int) -> None:
        """A sign of life; it brings a silent member back."""
        member = self.members.get(name)
        if member is None or member.state is State.DOWN:
            return
        member.seen_ms, member.work = now_ms, -1
        if member.state is State.SILENT:
            member.state = State.UP

    def died(self, name: str) -> None:
        """The process is gone for certain."""
        if name in self.members:
            self.members[name].state = State.DOWN

    def tick(self, now_ms: int, work_of: Callable[[str], int]) -> list[str]:
        """Names that have just become silent; each is told once.

        work_of  any measure that grows while the process of that name computes; asked for those
                 that have not beaten for half of the timeout
        """
        fallen = []
        for member in self.members.values():
            silence_ms = now_ms - member.seen_ms
            if member.state is not State.UP or 2 * silence_ms < self.timeout_ms:
                continue
            member.look(work_of(member.name), now_ms)
            is_idle = 2 * (now_ms - member.idle_ms) >= self.timeout_ms
            is_over = silence_ms >= PATIENCE * self.timeout_ms
            if (silence_ms >= self.timeout_ms and is_idle) or is_over:
                fallen.append(member)
        for member in fallen:
            member.state = State.SILENT
        return [member.name for member in fallen]

    def is_up(self, name: str) -> bool:
        """Whether `name` serves now."""
        member = self.members.get(name)
        return member is not None and member.state is State.UP
