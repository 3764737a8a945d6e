"""Zones on hosts of their own: log goes to each over a link, into a ring of its own.

The production ends of these links (`redo.feeder`, `redo.receiver`) run as tasks here; questions go
as they do between processes of one host (`processes.Wire`).
"""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING

import redo.feeder
import redo.receiver
from redo.arena import create_ring
from redo.control import Control
from redo.environment import Link, Steps
from redo.feeder import Feeder
from redo.quorum import COPIES, ZONES
from redo.receiver import Receiver
from redo.storage import Storage
from redo.zone_node import ZoneNode
from tests.simulator.links import WorldNetwork
from tests.simulator.processes import LOOK_US, NO_SERVICES, Services, ThreeProcesses, Zone

if TYPE_CHECKING:
    from tests.simulator.world import World


class TaskFeeder(Feeder):
    """A feeder whose turns are a task's steps."""

    def _sleep(self) -> None:
        """Its next turn comes when the world says so."""

    def steps(self) -> Steps:
        while True:
            self._turn()
            yield

    def drop(self) -> None:
        """kill -9 of its process."""
        self._server._listener.close()
        os.close(self._told_fd)
        self._arena.close()


class TaskReceiver(Receiver):
    """A receiver whose messages wait for a task's step."""

    def __init__(
        self, zone: int, node: ZoneNode, ring: tuple[int, list[int], int], host: Host
    ) -> None:
        super().__init__(zone, node, ring, host.answers.whole)
        self._host = host
        self._waiting: deque[tuple[Link, bytes]] = deque()

    def queue_up(self, link: Link, message: bytes) -> None:
        self._waiting.append((link, message))

    def steps(self) -> Steps:
        while True:
            if self._waiting and not self._host.is_locked():
                self.taken(*self._waiting.popleft())
            self.tell()
            yield

    def drop(self) -> None:
        """kill -9 of its process."""
        self._arena.close()


class Host(Zone):
    """One zone's process on a host of its own, and the feeder on the writer's host."""

    shared = False

    def __init__(self, processes: ThreeHosts, number: int) -> None:
        self.ring_fd = create_ring(processes.ring_bytes)
        self.wake_fds = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(COPIES + 1)]
        try:
            super().__init__(processes, number)
        except BaseException:
            self._close()
            raise
        ring = (self.ring_fd, self.wake_fds[:COPIES], self.wake_fds[COPIES])
        self._receiver = TaskReceiver(number, self.node, ring, self)
        processes.network.listen(self.name, self._receiver.accept)
        task = processes.world.start(f"{self.name} receiver", self._receiver.steps())
        task.every_us = LOOK_US // 10

    def drop(self) -> None:
        super().drop()
        self._receiver.drop()
        self._close()

    def _close(self) -> None:
        for fd in (self.ring_fd, *self.wake_fds):
            os.close(fd)


class ThreeHosts(ThreeProcesses):
    """A host for each zone."""

    def __init__(
        self,
        world: World,
        data: str,
        ring_fd: int,
        wake_fds: list[int],
        services: Services = NO_SERVICES,
    ) -> None:
        super().__init__(world, data, ring_fd, wake_fds, services)
        self.ring_bytes = os.fstat(ring_fd).st_size - 4096
        self.network = WorldNetwork(world, self.trouble / 10)
        redo.feeder.time = redo.receiver.time = world  # type: ignore[attr-defined]
        self._feeders: dict[int, TaskFeeder] = {}

    def start(self) -> None:
        super().start()
        ring = (self.ring_fd, self.wake_fds[:COPIES], self.wake_fds[COPIES])
        for number, name in enumerate(ZONES):
            feeder = TaskFeeder(number, name, self.network, ring, "", {})
            self._feeders[number] = feeder
            self.world.start(f"feeder {name}", feeder.steps()).every_us = LOOK_US // 10

    def start_zone(self, number: int) -> None:
        self.zones[number] = Host(self, number)

    def stop_zone(self, number: int) -> None:
        self.network.vanish(ZONES[number])
        super().stop_zone(number)

    def storage_of(self, zone: Zone, copies: tuple[int, ...]) -> Storage:
        assert isinstance(zone, Host)
        wake_fds = zone.wake_fds
        return self.storage(zone.name, copies, zone.peers, zone.ring_fd, wake_fds, fed=True)

    def control_of(self, copy_no: int) -> Control | None:
        zone = self.zones.get(copy_no // 2)
        return zone.node.control if zone is not None and zone.is_up else None

    def deliver(self) -> bool:
        self.network.unreachable = {ZONES[number] for number in self.unreachable}
        self.network.trouble = self.trouble / 10
        return self.network.deliver() or super().deliver()

    def drop(self) -> None:
        super().drop()
        for feeder in self._feeders.values():
            feeder.drop()
        self._feeders.clear()
