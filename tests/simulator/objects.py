"""An object store, as `obstore` shows one. What was stored is there for ever, whole; but it may not
answer, or have done what it does not answer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulator.world import World


class StoredObject:
    """What `get` answers."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def bytes(self) -> bytes:
        return self._data


class WorldStore:
    """trouble   how likely a call fails;  away   nothing is answered"""

    def __init__(self, world: World, trouble: float) -> None:
        self._world = world
        self.trouble = trouble
        self.away = False
        self.objects: dict[str, bytes] = {}

    def _travel(self) -> None:
        """A question, or an answer, is on its way, and meanwhile others go on."""
        self._world.sleep(0.001)
        self._world.power()
        if self.away or self._world.chance.random() < self.trouble:
            raise OSError("the object store does not answer")

    def put(self, path: str, data: bytes) -> None:
        self._travel()
        self.objects[path] = data
        self._travel()

    def get(self, path: str) -> StoredObject:
        self._travel()
        if path not in self.objects:
            raise FileNotFoundError(path)
        return StoredObject(self.objects[path])

    def list(self, prefix: str, chunk_size: int) -> Iterator[list[dict[str, str]]]:
        self._travel()
        names = sorted(path for path in self.objects if path.startswith(prefix))
        for start in range(0, len(names), chunk_size):
            yield [{"path": path} for path in names[start : start + chunk_size]]

    def delete(self, paths: list[str]) -> None:
        self._travel()
        for path in paths:
            self.objects.pop(path, None)
        self._travel()
