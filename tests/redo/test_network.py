"""Links between hosts: who has not the secret, or talks nonsense, gets nowhere and costs little."""

from __future__ import annotations

import logging
import os
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from redo import network
from redo.environment import Link
from redo.errors import VolumeError
from redo.exchange import Exchange
from redo.network import FRAME_BYTES_MAX, TlsNetwork, listen_at
from redo.protocol import BadQuestion
from redo.secret import context, create_secret, load_secret

SECRET = b"a secret of enough bytes"
PATIENCE_S = 300


class Ear:
    """Remembers what it hears on a link."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.reason = ""
        self.heard = threading.Condition()
        self.link: Link | None = None

    def received(self, link: Link, message: bytes) -> None:
        with self.heard:
            self.link = link
            self.messages.append(message)
            self.heard.notify_all()

    def lost(self, link: Link, reason: str) -> None:
        with self.heard:
            self.reason = reason or "lost"
            self.heard.notify_all()

    def wait_for(self, count: int) -> list[bytes]:
        with self.heard:
            assert self.heard.wait_for(
                lambda: len(self.messages) >= count or self.reason, PATIENCE_S
            )
            assert not self.reason, self.reason
            return self.messages

    def wait_for_end(self) -> str:
        with self.heard:
            assert self.heard.wait_for(lambda: self.reason, PATIENCE_S)
            return self.reason


class House:
    """Somebody who listens."""

    def __init__(self, secret: bytes = SECRET) -> None:
        listener = listen_at("127.0.0.1:0")
        self.port = listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.guests: list[Ear] = []
        self.links: list[Link] = []
        self.close = TlsNetwork(secret).accept_at(listener, self._accept)

    def _accept(self, link: Link) -> Ear:
        self.guests.append(Ear())
        self.links.append(link)
        return self.guests[-1]


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.close()


def test_messages_arrive_whole_and_in_order(house: House) -> None:
    ear = Ear()
    link = TlsNetwork(SECRET).connect(house.address, ear)
    sent = [os.urandom(size) for size in (1, 0, 100, 65536, 1 << 20, 7)]
    for message in sent:
        assert link.send(message)
    while not house.guests:
        threading.Event().wait(0.01)
    assert house.guests[0].wait_for(len(sent)) == sent
    house.links[0].send(b"back")
    assert ear.wait_for(1) == [b"back"]
    house.links[0].close()
    assert ear.wait_for_end() == "closed by the other side"


def test_nobody_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    ear = Ear()
    TlsNetwork(SECRET).connect(f"127.0.0.1:{port}", ear)
    assert ear.wait_for_end() == "Connection refused"


def test_another_secret_is_refused(house: House, caplog: pytest.LogCaptureFixture) -> None:
    ear = Ear()
    with caplog.at_level(logging.WARNING):
        TlsNetwork(b"another secret, also long").connect(house.address, ear)
        assert ear.wait_for_end() == "refused: it has another secret"
        wait_for_line(caplog, "connection from 127.0.0.1: refused: it has another secret")
    assert not house.guests


def test_who_shows_nothing_is_refused(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """TLS without our certificate: the server has to insist on one."""
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    with (
        caplog.at_level(logging.WARNING),
        socket.create_connection(("127.0.0.1", house.port)) as plain,
        pytest.raises(ssl.SSLError),
        anybody.wrap_socket(plain) as guest,
    ):
        guest.sendall(struct.pack("<I", 5) + b"hello")
        while guest.recv(100):
            pass
    wait_for_line(caplog, "connection from 127.0.0.1")
    assert not house.guests


JUNK = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\0" * 4096,
    os.urandom(4096),
    b"\x16\x03\x01\xff\xff",
]


@pytest.mark.parametrize("junk", JUNK, ids=["http", "zeros", "noise", "half a hello"])
def test_junk_is_dropped(
    junk: bytes, house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "HANDSHAKE_S", 0.3)
    with caplog.at_level(logging.WARNING):
        with socket.create_connection(("127.0.0.1", house.port)) as guest:
            guest.sendall(junk)
            guest.settimeout(PATIENCE_S)
            try:
                while guest.recv(4096):
                    pass
            except ConnectionResetError:
                pass
        wait_for_line(caplog, "connection from 127.0.0.1")
    assert not house.guests


def test_a_frame_that_is_too_long_ends_the_link(house: House) -> None:
    trusted = context(SECRET, server=False)
    with (
        socket.create_connection(("127.0.0.1", house.port)) as plain,
        trusted.wrap_socket(plain) as guest,
    ):
        guest.sendall(struct.pack("<I", FRAME_BYTES_MAX + 1) + b"x")
        while not house.guests:
            threading.Event().wait(0.01)
        assert "a frame of" in house.guests[0].wait_for_end()


def wait_for_line(caplog: pytest.LogCaptureFixture, text: str) -> None:
    for _ in range(100 * PATIENCE_S):
        if any(text in record.getMessage() for record in caplog.records):
            return
        threading.Event().wait(0.01)
    raise AssertionError([record.getMessage() for record in caplog.records])


def test_secret_files(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    create_secret(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(load_secret(path)) == 64
    with pytest.raises(VolumeError, match="File exists"):
        create_secret(path)
    path.chmod(0o644)
    with pytest.raises(VolumeError, match="can be read by others"):
        load_secret(path)
    path.chmod(0o600)
    path.write_text("short\n")
    with pytest.raises(VolumeError, match="at least 16"):
        load_secret(path)
    with pytest.raises(VolumeError, match="No such file"):
        load_secret(tmp_path / "none")


# -- questions over a link --------------------------------------------------------------------


class Talk:
    """Both ends of a link in one process; it loses what it is told to."""

    def __init__(self) -> None:
        self.ends: list[Exchange] = []
        self.closed = False
        self.over = threading.Event()  #: until then some questions get no answer

    def end(self, number: int) -> Link:
        talk = self

        class End:
            def send(self, message: bytes) -> bool:
                talk.ends[1 - number].received(message)
                return True

            def close(self) -> None:
                talk.closed = True
                for end in talk.ends:
                    end.lost("closed")

        return End()

    def answer_one(self, zone: int, asked: bytes) -> bytes:
        if asked == b"nonsense":
            raise BadQuestion("nonsense")
        if asked == b"mistake":
            raise RuntimeError("a mistake of the other side's")
        if asked == b"slow":
            self.over.wait()
        return b"%d %s" % (zone, asked)


@pytest.fixture
def talk() -> Iterator[Talk]:
    made = Talk()
    with ThreadPoolExecutor(4) as pool:
        made.ends = [
            Exchange(made.end(0), lambda zone, asked: b"zero " + asked, pool),
            Exchange(made.end(1), made.answer_one, pool),
        ]
        yield made
        made.over.set()


def test_both_sides_ask_at_the_same_time(talk: Talk) -> None:
    with ThreadPoolExecutor(8) as pool:
        there = [pool.submit(talk.ends[0].ask, b"%d" % i, i % 3) for i in range(50)]
        back = [pool.submit(talk.ends[1].ask, b"%d" % i) for i in range(50)]
        assert [f.result() for f in there] == [b"%d %d" % (i % 3, i) for i in range(50)]
        assert [f.result() for f in back] == [b"zero %d" % i for i in range(50)]


def test_a_mistake_is_heard_of_at_once(talk: Talk) -> None:
    """Whatever happens to who answers, nobody waits until the patience is over."""
    with pytest.raises(VolumeError, match="lost: closed"):
        talk.ends[0].ask(b"mistake", timeout_s=600)


def test_no_answer_is_an_error(talk: Talk) -> None:
    with pytest.raises(VolumeError, match="no answer within"):
        talk.ends[0].ask(b"slow", timeout_s=0.05)
    with pytest.raises(VolumeError, match="lost: closed"):
        talk.ends[0].ask(b"nonsense")
    with pytest.raises(VolumeError, match="no link"):
        talk.ends[0].ask(b"more")
