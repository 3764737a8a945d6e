"""What to do when a process dies or falls silent: `step(event) -> [action]`, pure.

::

                 Died                     Started (by the supervisor)
      up ───────────────► down ─────────────────────────────► starting
       ▲                                                          │ Ready
       └──────────────────────────────────────────────────────────┘

Rules
- F1  Whatever dies is started again, at once the first time.
- F2  A process that dies `patience` times without having been ready in between stops the cluster:
      the same death would only repeat. Restarts wait in between, a little longer each time.
- F3  A silent process (no heartbeat, and it does not compute: `membership`) is killed; its death
      then leads to F1. Nothing is started beside a process that may still run, so there are never
      two writers from one supervisor. The epoch fences writers that another supervisor may have
      left behind (redo's recovery).
- F4  A writer is not started while storage is down: it would only wait for it.
      Readers live on through both; they keep their cache and their sessions.
- F5  A zone's storage is one of three: the others go on without it, so it is tried for ever, and
      storage is down only when two zones are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

STORAGE: Final = "storage"  #: of all zones; "storage-az2": of one
WRITER: Final = "writer"
FIRST_DELAY_MS: Final = 50
MAX_DELAY_MS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Died:
    """A process ended; `reason` is for people."""

    name: str
    now_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A process says that it serves."""

    name: str
    now_ms: int


@dataclass(frozen=True, slots=True)
class Silent:
    """A process gave no sign of life for too long."""

    name: str
    now_ms: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passes."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class Start:
    """Action: start a process of that name."""

    name: str


@dataclass(frozen=True, slots=True)
class Kill:
    """Action: kill -9 it; its death comes back as an event."""

    name: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Action: stop the whole cluster, saying why."""

    why: str


Event = Died | Ready | Silent | Tick
Action = Start | Kill | GiveUp


@dataclass(slots=True)
class Restarts:
    """The decider. One per supervisor."""

    patience: int = 5
    deaths: dict[str, int] = field(default_factory=dict)  #: in a row, without a Ready between
    due_ms: dict[str, int] = field(default_factory=dict)  #: name → when to start it again
    down: set[str] = field(default_factory=set)  #: not serving now

    def step(self, event: Event) -> list[Action]:
        """What follows from `event`."""
        match event:
            case Ready(name, now_ms):
                self.deaths.pop(name, None)
                self.down.discard(name)
                return self._due(now_ms)
            case Silent(name, _):
                return [Kill(name)]
            case Died(name, now_ms, reason):
                return self._after_death(name, now_ms, reason)
            case Tick(now_ms):
                return self._due(now_ms)

    def _after_death(self, name: str, now_ms: int, reason: str) -> list[Action]:
        self.down.add(name)
        deaths = self.deaths.get(name, 0) + 1
        self.deaths[name] = deaths
        if deaths > self.patience and not is_zone(name):
            return [GiveUp(f"{name} does not stay up ({reason})")]
        self.due_ms[name] = now_ms + restart_delay_ms(deaths)
        return self._due(now_ms)

    def _due(self, now_ms: int) -> list[Action]:
        ready = sorted(
            (name for name, due_ms in self.due_ms.items() if due_ms <= now_ms), key=start_order
        )
        actions: list[Action] = []
        for name in ready:
            if not is_storage(name) and self._storage_is_down():
                continue  # F4
            del self.due_ms[name]
            actions.append(Start(name))
        return actions

    def _storage_is_down(self) -> bool:
        return STORAGE in self.down or sum(is_zone(name) for name in self.down) > 1

    def next_due_ms(self) -> int | None:
        """When the next restart is due, None when nothing waits."""
        return min(self.due_ms.values(), default=None)


def restart_delay_ms(deaths: int) -> int:
    """How long to wait after so many deaths in a row: nothing, 50, 100, 200 … 2000 ms (F1, F2)."""
    if deaths <= 1:
        return 0
    return min(MAX_DELAY_MS, FIRST_DELAY_MS << (deaths - 2))


def start_order(name: str) -> tuple[int, str]:
    """Sort key: storage before the writer before readers. Stopping goes the other way round."""
    return 0 if is_storage(name) else 1 if name == WRITER else 2, name


def zone_name(zone: str) -> str:
    """Name of the storage process of one zone."""
    return f"{STORAGE}-{zone}"


def is_zone(name: str) -> bool:
    """Is this the storage process of one of several zones?"""
    return name.startswith(STORAGE + "-")


def is_storage(name: str) -> bool:
    """Is this a storage process?"""
    return name == STORAGE or is_zone(name)
