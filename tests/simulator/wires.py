"""How simulated processes ask one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redo import protocol
from redo.errors import VolumeError

if TYPE_CHECKING:
    from tests.simulator.processes import ThreeProcesses


class Wire:
    """Asking another process (`peers.Peer`)."""

    def __init__(self, processes: ThreeProcesses, source: int, target: int) -> None:
        self._processes = processes
        self._ends = source, target

    def ask(self, op: int, a: int = 0, b: int = 0, *, tail: bytes = b"") -> bytes:
        """One question, one answer. Raises VolumeError."""
        return self.said(protocol.question(op, a, b) + tail)

    def said(self, question: bytes) -> bytes:
        """The same, for a question that is packed."""
        answer = self._processes.call(*self._ends, question)
        code, count = protocol.ANSWER.unpack_from(answer)
        payload = answer[protocol.ANSWER.size :][:count]
        if code:
            raise protocol.FAILED.get(code, VolumeError)(payload.decode())
        return payload
