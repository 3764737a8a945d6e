"""Zones on hosts of their own: log goes to each over a link, into a ring of its own.

The production ends of these links (`redo.feeder`, `redo.receiver`) run as tasks here; questions go
as they do between processes of one host (`processes.Wire`).
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from redo.archived import FarVolume
from redo.archiver import Archiver
from redo.arena import Arena, create_ring
from redo.control import CTRL_PIN, Control
from redo.feeder import Feeder
from redo.peers import Peers
from redo.pins import FROM_AFAR
from redo.quorum import COPIES, ZONES
from redo.receiver import Receiver
from redo.storage import Storage
from redo.volumes import MAIN, volume_path
from redo.zones import Zones
from tests.simulator.links import WorldNetwork
from tests.simulator.processes import FEEDER, OwnTasks, Place, ThreeProcesses, Zone

if TYPE_CHECKING:
    pass


_ARCHIVER_BYTES = 1 << 24


def host_data(root: str, zone: int) -> str:
    """The data directory of a zone's host."""
    return f"{root}/hosts/{zone}"


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
        environment = replace(
            processes.world.environment, tasks=OwnTasks(processes.world, self.name)
        )
        self._receiver = Receiver(number, self.node, ring, self.answers.whole, environment)
        processes.network.listen(self.name, self._receiver.accept)
        self._receiver.start()

    def drop(self) -> None:
        super().drop()
        self._receiver._arena.close()
        os.close(self._receiver._queued_fd)
        self._close()

    def _close(self) -> None:
        for fd in (self.ring_fd, *self.wake_fds):
            os.close(fd)


class ThreeHosts(ThreeProcesses):
    """A host for each zone."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.ring_bytes = os.fstat(place.ring_fd).st_size - 4096
        self.network = WorldNetwork(place.world, self.trouble / 10)
        self._feeders: dict[int, Feeder] = {}
        self._archiver: Archiver | None = None  #: on the writer's host, as all zones are elsewhere
        self._archiving: Arena | None = None

    def data_of(self, copy_no: int) -> str:
        return str(volume_path(Path(host_data(self.world.disk.root, copy_no // 2)), MAIN))

    def freeze(self, path: Path) -> int:
        """Each host keeps its part in its own data directory."""
        zones = Zones(self._wires, self.world, elsewhere=range(len(ZONES)))
        return zones.freeze(path, MAIN, self.world.disk).lsn

    def start(self) -> None:
        super().start()
        ring = (self.ring_fd, self.wake_fds[:COPIES], self.wake_fds[COPIES])
        tasks = OwnTasks(self.world, FEEDER)
        environment = replace(self.world.environment, tasks=tasks, network=self.network)
        for number, name in enumerate(ZONES):
            feeder = self._feeders[number] = Feeder(number, name, environment, ring, "", {})
            feeder.start()
        if self.config.archive is not None:
            self._archiving = Arena(self.ring_fd, _ARCHIVER_BYTES)
            peers = Peers(self._wires)
            volume = FarVolume(self._archiving, environment, peers, self.keys)
            self._archiver = Archiver(volume, self.config.archive, self.keys)
            self._archiver.start()

    @property
    def archived(self) -> int:
        return self._control.get(CTRL_PIN + 8 * FROM_AFAR)

    def archive_status(self) -> list[dict[str, object]]:
        return [] if self._archiver is None else [self._archiver.status()]

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
            feeder._arena.close()
            os.close(feeder._told_fd)
        self._feeders.clear()
        if self._archiving is not None:
            self._archiving.close()
            self._archiver = self._archiving = None
