"""Who is alive: heartbeats in, silence out. Pure; the clock comes in with each event.

A member is *starting* until its first `Ready`, *up* while its beats come, *silent* once none came
for `timeout_ms`, *down* from its death until it is started again. A starting member has no deadline
here: recovery may take as long as it takes, and a process that dies is seen by its parent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class State(Enum):
    """Where a member is in its life."""

    STARTING = "starting"
    UP = "up"
    SILENT = "silent"
    DOWN = "down"


@dataclass(slots=True)
class Member:
    """What is known of one process."""

    name: str
    state: State = State.DOWN
    seen_ms: int = 0


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
        member.seen_ms = now_ms
        if member.state is State.SILENT:
            member.state = State.UP

    def died(self, name: str) -> None:
        """The process is gone for certain."""
        if name in self.members:
            self.members[name].state = State.DOWN

    def tick(self, now_ms: int) -> list[str]:
        """Names that have just become silent; each is told once."""
        fallen = [
            member
            for member in self.members.values()
            if member.state is State.UP and now_ms - member.seen_ms >= self.timeout_ms
        ]
        for member in fallen:
            member.state = State.SILENT
        return [member.name for member in fallen]

    def is_up(self, name: str) -> bool:
        """Whether `name` serves now."""
        member = self.members.get(name)
        return member is not None and member.state is State.UP
