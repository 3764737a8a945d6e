"""Links between hosts: messages take their time, links break, zones are cut off for a while.

Worse than `redo.environment` promises: sometimes a message is lost though the link goes on, or
comes twice, or after the one that was sent after it. When a link breaks, those under way are lost,
and each end learns of it at a time of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from redo.environment import Link, Peer

if TYPE_CHECKING:
    from tests.simulator.world import World

Accept = Callable[[Link], Peer]


class WorldLink:
    """One end. `address` is that of the zone at one of the ends."""

    def __init__(self, network: WorldNetwork, address: str) -> None:
        self.network = network
        self.address = address
        self.peer: Peer | None = None
        self.other: WorldLink | None = None
        self.inbox: deque[bytes] = deque()
        self.broken = ""  #: why, when this end is to learn of it
        self.over = False

    def send(self, message: bytes) -> bool:
        if self.over or self.broken or self.other is None:
            return False
        self.other.inbox.append(message)
        return True

    def close(self) -> None:
        self.cut("closed by the other side")

    def cut(self, reason: str) -> None:
        """The link is no more; both ends will be told."""
        for end in (self, self.other):
            if end is not None:
                end.broken = end.broken or reason
                end.inbox.clear()


class WorldNetwork:
    """All links (`environment.Network`).

    unreachable  addresses nothing goes to or comes from
    trouble      how likely a link breaks when a message is about to arrive
    """

    def __init__(self, world: World, trouble: float) -> None:
        self._world = world
        self._accepts: dict[str, Accept] = {}
        self._links: list[WorldLink] = []
        self.unreachable: set[str] = set()
        self.trouble = trouble

    def connect(self, address: str, peer: Peer) -> Link:
        near = WorldLink(self, address)
        near.peer = peer
        self._links.append(near)
        accept = self._accepts.get(address)
        if accept is None or address in self.unreachable:
            near.broken = "nobody answers"
            return near
        far = WorldLink(self, address)
        near.other, far.other = far, near
        far.peer = accept(far)
        self._links.append(far)
        return near

    def listen(self, address: str, accept: Accept) -> Callable[[], None]:
        self._accepts[address] = accept
        return lambda: self.vanish(address)

    def vanish(self, address: str) -> None:
        """The process at this address is gone."""
        self._accepts.pop(address, None)
        for link in self._links:
            if link.address == address:
                link.cut("connection reset")

    def forget(self, peers: tuple[object, ...]) -> None:
        """These are gone, and will not be told anything."""
        self._links = [link for link in self._links if link.peer not in peers]

    def deliver(self) -> bool:
        """Something arrives, or an end learns that its link is lost; whether anything did."""
        waiting = [
            link
            for link in self._links
            if link.broken or (link.inbox and link.address not in self.unreachable)
        ]
        if not waiting:
            return False
        link = self._world.chance.choice(waiting)
        if not link.broken and self._world.chance.random() < self.trouble:
            link.cut("connection reset")
            return True
        peer = link.peer
        assert peer is not None
        if link.broken:
            link.over = True
            self._links.remove(link)
            peer.lost(link, link.broken)
            return True
        message = self._arriving(link.inbox)
        try:
            peer.received(link, message)
        except Exception as error:  # as the thread that receives does
            self._world.note(f"{link.address}: {error}")
            link.cut(str(error))
        return True

    def _arriving(self, inbox: deque[bytes]) -> bytes:
        """The next message; sometimes one is lost, comes twice, or after the one behind it."""
        fate = self._world.chance.random() / max(self.trouble, 1e-9)
        if fate < 1 and len(inbox) > 1:
            inbox.popleft()
        elif fate < 2:
            inbox.appendleft(inbox[0])
        elif fate < 3 and len(inbox) > 1:
            inbox[0], inbox[1] = inbox[1], inbox[0]
        return inbox.popleft()
