"""What prevents a start is one clear line."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from mysqlcompat import startup
from mysqlcompat.startup import StartError, explain, listen, lock_volume


def test_a_directory_is_locked_once(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    fd = lock_volume(data)
    with pytest.raises(StartError, match="in use by another server"):
        lock_volume(data)
    os.close(fd)
    os.close(lock_volume(data))


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StartError, match="not a directory"):
        lock_volume(tmp_path / "data")


def test_a_directory_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "ibdata1").write_text("another database")
    with pytest.raises(StartError, match=r"unknown format: it has no 'volumes' but 'ibdata1'"):
        lock_volume(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["ibdata1"]


def test_a_taken_port_is_named_with_its_option() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=f"port {port} on 127.0.0.1 is taken.*--reader-port"):
            listen("127.0.0.1", port, "--reader-port")


def test_port_zero_takes_any_free_one() -> None:
    with listen("127.0.0.1", 0, "--port") as listener:
        assert listener.getsockname()[1] > 0
        assert not listener.getblocking()


def test_an_address_that_is_not_ours() -> None:
    with pytest.raises(StartError, match=r"cannot listen on 192\.0\.2\.1"):
        listen("192.0.2.1", 0, "--port")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk full"),
        (errno.EACCES, "not writable"),
        (errno.EROFS, "not writable"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_system_errors_are_one_line(number: int, words: str) -> None:
    line = explain(OSError(number, os.strerror(number)), Path("/data"))
    assert words in line and "/data" in line and "\n" not in line


def test_the_lock_waits_a_moment_for_the_dying(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed server's processes may hold the lock until the kernel has ended them."""
    assert startup.PATIENCE_S > 0
    monkeypatch.setattr(startup, "PATIENCE_S", 300.0)  # however slowly it dies here
    fd = lock_volume(tmp_path)
    go_read, go_write = os.pipe()
    pid = os.fork()
    if pid == 0:  # holds the inherited lock until told, as a dying child would
        os.close(go_write)
        os.read(go_read, 1)
        os._exit(0)
    os.close(fd)
    os.close(go_write)
    again = lock_volume(tmp_path)
    os.close(again)
    os.close(go_read)
    os.waitpid(pid, 0)
