"""A supervisor over processes that only live and beat: run as a program by test_supervisor.py.

usage: python -m tests.mysqlcompat.toy_cluster NOTIFY_FD [NAME_THAT_CANNOT_START]
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from mysqlcompat.child import Status
from mysqlcompat.config import Config
from mysqlcompat.startup import StartError, listen
from mysqlcompat.supervisor import Roles, Shared, Supervisor

broken = sys.argv[2] if len(sys.argv) > 2 else ""


def live(_config: Config, _shared: Shared, name: str, status: Status) -> None:
    if name == broken:
        raise StartError(f"{name} cannot start, on purpose")
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    status.ready()
    while signal.sigtimedwait({signal.SIGTERM}, 0.02) is None:
        status.beat()
    sys.stdout.write(f"{name} stopped\n")


def main() -> int:
    config = Config(data=Path("."), replicas=2, heartbeat_timeout_ms=300, ring_bytes=4 << 20)
    listeners = {name: listen("127.0.0.1", 0, "--port") for name in ("writer", "reader")}
    supervisor = Supervisor(
        config,
        Shared.create(config, listeners),
        Roles(storage=live, load_node=lambda: live),
        private_fds=[int(sys.argv[1])],
        announce=lambda: os.write(1, b"all serve\n") and None,
        notify_fd=int(sys.argv[1]),
    )
    return supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
