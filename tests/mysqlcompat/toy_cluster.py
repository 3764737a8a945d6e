"""A supervisor over processes that only live and beat: run as a program by test_supervisor.py.

usage: python -m tests.mysqlcompat.toy_cluster NOTIFY_FD [NAME_THAT_CANNOT_START [PATIENCE_S
[SILENCE_MS]]]
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from mysqlcompat.child import Status
from mysqlcompat.config import Config
from mysqlcompat.startup import StartError, listen
from mysqlcompat.supervisor import Roles, Shared, Supervisor
from replicas import membership

#: A machine that has other things to do takes its time for what is computed here.
membership.PATIENCE = 10_000  # type: ignore[misc]
broken = sys.argv[2] if len(sys.argv) > 2 else ""
patience_s = float(sys.argv[3]) if len(sys.argv) > 3 else 3.0
silence_ms = int(sys.argv[4]) if len(sys.argv) > 4 else 600_000


def compute() -> None:
    """Take longer than may be between two beats."""
    until = time.thread_time() + 1.3 * silence_ms / 1000
    while time.thread_time() < until:
        pass


def live(_config: Config, _shared: Shared, name: str, status: Status) -> None:
    if name == broken:
        raise StartError(f"{name} cannot start, on purpose")
    signals = {signal.SIGTERM, signal.SIGUSR1}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    status.ready()
    while True:
        caught = signal.sigtimedwait(signals, 0.02)
        if caught is not None and caught.si_signo == signal.SIGTERM:
            break
        if caught is not None:
            compute()
            sys.stdout.write(f"{name} computed\n")
            sys.stdout.flush()
        status.beat()
    sys.stdout.write(f"{name} stopped\n")


def main() -> int:
    config = Config(data=Path("."), replicas=2, heartbeat_timeout_ms=silence_ms, ring_bytes=4 << 20)
    listeners = {name: listen("127.0.0.1", 0, "--port") for name in ("writer", "reader")}
    supervisor = Supervisor(
        config,
        Shared.create(config, listeners),
        Roles(storage=live, load_node=lambda: live),
        private_fds=[int(sys.argv[1])],
        announce=lambda: os.write(1, b"all serve\n") and None,
        notify_fd=int(sys.argv[1]),
        patience_s=patience_s,
    )
    return supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
