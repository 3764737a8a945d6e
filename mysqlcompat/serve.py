"""`mysqlcompat serve`: checks, kernels, sockets, then the supervisor. The order is the contract:

1  the data directory is locked and the ports are taken before anything slow happens, so that what
   is wrong is said at once;
2  kernels are compiled and loaded once, in this process, without garbage collection: those of
   storage before it is forked, all others while it recovers, before the other processes are;
3  the supervisor takes over until the end.
"""

from __future__ import annotations

import dataclasses
import functools
import gc
import ipaddress
import os
import sys
from pathlib import Path

from mysqlcompat.child import Status
from mysqlcompat.config import Config
from mysqlcompat.control_socket import control_socket
from mysqlcompat.encryption import check_keys
from mysqlcompat.startup import StartError, listen, lock_volume
from mysqlcompat.supervisor import Role, Roles, Shared, Supervisor
from redo.disk import FileDisk
from redo.frozen import thaw
from redo.secret import load_secret
from replicas.endpoints import READER_ENDPOINT, WRITER_ENDPOINT


def serve(config: Config, init_file: Path | None, notify_fd: int | None) -> int:
    """Run a cluster in the foreground; the exit code."""
    config = dataclasses.replace(config, data=config.data.absolute())
    script = _read_init_file(init_file)
    if config.zone:
        _check_secret(config)
    lock_fd = lock_volume(config.data, config.volume)
    try:
        return _serve_locked(config, script, notify_fd, lock_fd)
    finally:
        os.close(lock_fd)


def _serve_locked(config: Config, script: str, notify_fd: int | None, lock_fd: int) -> int:
    """The same, when the volume's lock is ours."""
    if config.zoned:
        thaw(FileDisk(), config.volume_dir)  # each zone finds its files in place
    check_keys(config)
    listeners = {
        WRITER_ENDPOINT: listen(config.bind, config.port, "--port"),
        READER_ENDPOINT: listen(config.bind, config.reader_port, "--reader-port"),
    }
    _compile()
    shared = Shared.create(config, listeners)
    supervisor = Supervisor(
        config,
        shared,
        Roles(_storage_role(), functools.cache(lambda: _node_role(script))),
        private_fds=[lock_fd] + ([] if notify_fd is None else [notify_fd]),
        announce=lambda: _announce(config, shared, bool(script)),
        notify_fd=notify_fd,
        control_path=control_socket(config.volume_dir),
    )
    return supervisor.run()


def _storage_role() -> Role:
    from mysqlcompat.storage_role import run_storage

    def run(config: Config, shared: Shared, name: str, status: Status) -> None:
        gc.enable()
        run_storage(config, shared, name, status)

    return run


def _node_role(script: str) -> Role:
    from redo import jit

    jit.import_all()
    import numpy.ma  # noqa: F401  numba looks there when a process hands it the first array

    from mysqlcompat.node_role import node_role

    gc.freeze()  # and the children's collections do not touch, hence copy, what they share
    gc.enable()
    return node_role(script)


def _check_secret(config: Config) -> None:
    """Said here and now if zones on other hosts cannot be talked to."""
    if len(config.places) < len(config.zone):
        raise StartError("--zone names a zone twice: each has one address")
    if not config.secret_file:
        raise StartError("--zone needs --secret-file: the secret that the hosts share")
    load_secret(Path(config.secret_file))


def _read_init_file(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"cannot read {path}: {error}") from error


def _compile() -> None:
    from mysqlcompat.progress import compile_kernels

    try:
        compile_kernels()
    except RuntimeError as error:
        raise StartError(str(error)) from error


def _announce(config: Config, shared: Shared, has_orders: bool) -> None:
    """Where to connect, and with what; on standard output, once everything serves."""
    database = " ecommerce" if has_orders else ""
    password = " -p" if config.password else ""
    host = reachable_host(config.bind)
    count = f"{config.replicas} replica{'' if config.replicas == 1 else 's'}"
    lines = [
        f"MySQL {config.server_version}, writer, {count}, six copies in {config.volume_dir}"
        f" (supervisor {os.getpid()})"
    ]
    for endpoint in (WRITER_ENDPOINT, READER_ENDPOINT):
        port = shared.port(endpoint)
        address = f"{host}:{port}"
        lines.append(
            f"  {endpoint} endpoint  {address:<18} "
            f"mysql -h{host} -P{port} -uroot{password}{database}"
        )
    lines.append("Ctrl-C stops it; the data stays.")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def reachable_host(bind: str) -> str:
    """An address that a client on this machine can use: any-address becomes loopback."""
    try:
        address = ipaddress.ip_address(bind)
    except ValueError:
        return bind
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "::1"
    return bind
