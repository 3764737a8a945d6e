"""Questions and answers over a link, several at a time, in both directions."""

from __future__ import annotations

import itertools
import logging
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Final

from redo.environment import Link
from redo.errors import VolumeError
from redo.messages import ANSWER, ANSWER_HEAD, ASK, ASK_HEAD, YOURSELF, BadMessage
from redo.protocol import ANSWER as ANSWER_TO_QUESTION
from redo.protocol import FAILED, BadQuestion, question

logger = logging.getLogger(__name__)

PENDING_MAX: Final = 256  #: questions of the other side that wait for their answers
ANSWER_TIMEOUT_S: Final = 10.0

#: (zone, question with its tail) -> answer. Raises BadQuestion, VolumeError.
Answer = Callable[[int, bytes], bytes]


class Exchange:
    """One link's questions.

    answer    answers the other side's questions, called by `executor`
    """

    def __init__(self, link: Link, answer: Answer, executor: Executor) -> None:
        self._link = link
        self._answer = answer
        self._executor = executor
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[bytes]] = {}
        self._lock = threading.Lock()
        self._pending = 0
        self._lost = ""

    def ask(self, asked: bytes, zone: int = YOURSELF, timeout_s: float = ANSWER_TIMEOUT_S) -> bytes:
        """The answer's bytes. Raises VolumeError when none comes."""
        future: Future[bytes] = Future()
        with self._lock:
            if self._lost:
                raise VolumeError(f"no link: {self._lost}")
            number = next(self._numbers) & 0xFFFFFFFF
            self._waiting[number] = future
        try:
            if not self._link.send(ASK_HEAD.pack(ASK, number, zone) + asked):
                raise VolumeError("no link, or too much waits to be sent")
            return future.result(timeout_s)
        except TimeoutError:
            raise VolumeError(f"no answer within {timeout_s:.0f} s") from None
        finally:
            with self._lock:
                self._waiting.pop(number, None)

    def received(self, message: bytes) -> None:
        """Take an ASK or ANSWER message. Raises BadMessage."""
        head = ASK_HEAD if message[:1] == bytes([ASK]) else ANSWER_HEAD
        try:
            kind, number, *rest = head.unpack_from(message)
        except struct.error as error:
            raise BadMessage(str(error)) from None
        body = message[head.size :]
        if kind == ANSWER:
            with self._lock:
                future = self._waiting.pop(number, None)
            if future is not None:
                future.set_result(body)
            return
        with self._lock:
            self._pending += 1
            if self._pending > PENDING_MAX:
                raise BadMessage(f"more than {PENDING_MAX} questions at once")
        self._executor.submit(self._reply, number, rest[0], body)

    def _reply(self, number: int, zone: int, asked: bytes) -> None:
        try:
            answer = self._answer(zone, asked)
            self._link.send(ANSWER_HEAD.pack(ANSWER, number) + answer)
        except (BadQuestion, VolumeError):
            self._link.close()  # what was asked cannot be answered at all
        except Exception:  # whoever asked is to hear of it at once, not to wait for ever
            logger.exception("a question of %d bytes", len(asked))
            self._link.close()
        finally:
            with self._lock:
                self._pending -= 1

    def lost(self, reason: str) -> None:
        """Nobody will answer any more."""
        with self._lock:
            self._lost = reason or "lost"
            waiting, self._waiting = list(self._waiting.values()), {}
        for future in waiting:
            future.set_exception(VolumeError(f"the link is lost: {reason}"))


class ExchangePeer:
    """A zone's process at the other side of a link (`peers.Peer`).

    exchange   of the link at the moment; raises VolumeError when there is none
    """

    def __init__(self, exchange: Callable[[], Exchange], zone: int = YOURSELF) -> None:
        self._exchange = exchange
        self._zone = zone

    def ask(self, op: int, a: int = 0, b: int = 0, *, tail: bytes = b"") -> bytes:
        """One question, one answer. Raises VolumeError."""
        answer = self._exchange().ask(question(op, a, b) + tail, self._zone)
        size = ANSWER_TO_QUESTION.size
        if len(answer) < size:
            raise VolumeError("an answer that is too short")
        code, count = ANSWER_TO_QUESTION.unpack_from(answer)
        payload = answer[size : size + count]
        if code:
            raise FAILED.get(code, VolumeError)(payload.decode(errors="replace"))
        return payload
