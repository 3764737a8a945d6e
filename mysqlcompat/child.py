"""One child process of the supervisor: forked, watched through a pidfd, heard through a pipe.

A child is forked from the warmed supervisor, so that every kernel it needs is loaded already. It
dies with its parent, even when that is killed -9 (PR_SET_PDEATHSIG), so a restart on the same data
directory never meets a survivor. Over the pipe it sends lines of JSON, `Message`s.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

from mysqlcompat.startup import StartError, one_line
from redo.errors import VolumeError

PR_SET_PDEATHSIG: Final = 1
PR_SET_NAME: Final = 15
EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Message:
    """What a child says: "ready", "beat"; with a line for people "waiting" or "failed"."""

    kind: str
    text: str = ""


class Status:
    """The child's end of the pipe."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def ready(self) -> None:
        """This process serves from now on."""
        self._send(Message("ready"))

    def beat(self) -> None:
        """A sign of life."""
        self._send(Message("beat"))

    def waiting(self, line: str) -> None:
        """This process cannot serve yet, because of `line`; it goes on trying."""
        self._send(Message("waiting", line))

    def failed(self, line: str) -> None:
        """This process cannot go on, because of `line`."""
        self._send(Message("failed", line))

    def _send(self, message: Message) -> None:
        line = json.dumps([message.kind, message.text]).encode() + b"\n"
        try:
            os.write(self._fd, line)
        except BlockingIOError:
            pass  # the supervisor is busy: a beat more or less does not matter
        except BrokenPipeError:
            os._exit(EXIT_FAILED)  # nobody is left to serve for


class Child:
    """The supervisor's end."""

    def __init__(self, name: str, pid: int, status_fd: int) -> None:
        self.name = name
        self.pid = pid
        self.pidfd = os.pidfd_open(pid)
        self.status_fd = status_fd
        self.failure = ""
        self.silent = False  #: its end of the pipe is closed
        self._buffer = b""

    def messages(self) -> Iterator[Message]:
        """What has come since the last call; never blocks."""
        try:
            arrived = os.read(self.status_fd, 65536)
        except BlockingIOError:
            return
        self.silent = not arrived
        self._buffer += arrived
        *lines, self._buffer = self._buffer.split(b"\n")
        for line in lines:
            message = Message(*json.loads(line))
            if message.kind == "failed":
                self.failure = message.text
            yield message

    def work_ns(self) -> int:
        """For how long its main thread has computed, or waited for its turn at a CPU; 0: the system
        does not say."""
        try:
            with open(f"/proc/{self.pid}/schedstat") as file:
                computed, waited, _ = map(int, file.read().split())
        except (OSError, ValueError):
            return 0
        return computed + waited

    def signal(self, number: int) -> None:
        """Send a signal; a process that is already dead is no error."""
        try:
            signal.pidfd_send_signal(self.pidfd, number)
        except ProcessLookupError:
            return

    def reap(self) -> str:
        """Collect the dead process and close what belonged to it; why it ended, for people."""
        for _ in self.messages():
            pass  # a last word
        _, status = os.waitpid(self.pid, 0)
        os.close(self.pidfd)
        os.close(self.status_fd)
        if self.failure:
            return self.failure
        if os.WIFSIGNALED(status):
            return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
        return f"exit code {os.WEXITSTATUS(status)}"


def fork_child(name: str, run: Callable[[Status], None], close_fds: Iterable[int]) -> Child:
    """Fork a process that calls `run(status)` and ends with it.

    close_fds  the parent's own descriptors (locks, selectors, pipes of other children)
    """
    parent = os.getpid()
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    os.set_blocking(write_end, False)
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # what was loaded so far is shared with the parent, and stays so
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        _live(name, parent, Status(write_end), run, close_fds)
    gc.unfreeze()
    os.close(write_end)
    return Child(name, pid, read_end)


def _live(
    name: str,
    parent: int,
    status: Status,
    run: Callable[[Status], None],
    close_fds: Iterable[int],
) -> NoReturn:
    """The child's whole life; it leaves by `os._exit`, so nothing of the parent's is run again."""
    code = EXIT_FAILED
    try:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before prctl
            os._exit(EXIT_FAILED)
        _libc.prctl(PR_SET_NAME, f"mysqlc:{name}".encode()[:15], 0, 0, 0)
        _reset_signals()
        for fd in close_fds:
            os.close(fd)
        run(status)
        code = EXIT_OK
    except (StartError, VolumeError) as error:
        status.failed(str(error))
    except OSError as error:
        status.failed(one_line(error))
    except BaseException as error:
        traceback.print_exc()
        status.failed(f"{type(error).__name__}: {error}")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _reset_signals() -> None:
    """Ctrl-C reaches the whole process group: only the supervisor acts on it."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
