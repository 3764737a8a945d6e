"""What no client should do. Others must notice nothing."""

from __future__ import annotations

import random
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from struct import pack

import pytest

from mysqlcompat.wire import constants as c
from mysqlcompat.wire.connection import LOGIN_BYTES
from mysqlcompat.wire.server import Limits
from tests.mysqlcompat.wire.raw_client import PLAIN, RawClient, errno_of
from tests.mysqlcompat.wire.scripted import Running, running


@pytest.fixture(autouse=True)
def witness(server: Running) -> Iterator[None]:
    """Somebody who was there before, and is served during and after."""
    with RawClient(server.port) as other:
        other.login()
        yield
        other.command(b"\x03select seven")
        assert len(other.read_until_end()) == 11


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server without patience for who has logged in."""
    limits = Limits(write_timeout=0.5, sweep=0.05)
    with running(tmp_path_factory.mktemp("hasty"), limits) as made:
        made.sessions.wait_timeout = 0.5
        yield made


def logged_in(server: Running, capabilities: int = PLAIN) -> RawClient:
    client = RawClient(server.port, capabilities)
    assert client.login()[0] == 0
    return client


def a_login(capabilities: int = PLAIN | c.CLIENT_CONNECT_ATTRS) -> bytes:
    packet = pack("<IIB", capabilities, 1 << 24, 255) + bytes(23) + b"root\0"
    return packet + b"\x03abc" + b"caching_sha2_password\0" + b"\x08\x03foo\x03bar"


def test_every_truncation_of_a_login_is_answered(server: Running) -> None:
    whole = a_login()
    for size in range(len(whole)):
        with RawClient(server.port) as client:
            client.greeting()
            client.send(whole[:size])
            packet = client.read()
            if packet[0] == 0xFE:  # cut inside the plugin's name: asked for another
                client.send(b"xyz")
                packet = client.read()
            assert errno_of(packet) in (1043, 1045, 1251), size
            assert client.is_closed()


def test_a_login_without_nul_does_not_hang_the_server(server: Running) -> None:
    with RawClient(server.port) as client:
        client.greeting()
        client.send(pack("<IIB", PLAIN, 0, 255) + bytes(23) + b"x" * 8)
        assert errno_of(client.read()) == 1043
        assert client.is_closed()


def test_random_changes_to_a_login(server: Running) -> None:
    rng = random.Random(3)
    for _ in range(200):
        packet = bytearray(a_login())
        for _ in range(rng.randrange(1, 6)):
            packet[rng.randrange(len(packet))] = rng.randrange(256)
        packet[1] &= ~(c.CLIENT_SSL >> 8)
        with RawClient(server.port) as client:
            client.greeting()
            client.send(bytes(packet))
            answer = client.read()
            assert answer[0] in (0, 0xFE, 0xFF, 1)


def test_one_byte_at_a_time(server: Running) -> None:
    with RawClient(server.port) as client:
        client.greeting()
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        login = client.login_packet("root", b"")
        query = b"\x03select 1"
        for byte in pack("<I", len(login) | 1 << 24) + login:
            client.socket.sendall(bytes((byte,)))
        client.sequence = 2
        assert client.read()[0] == 0
        for byte in pack("<I", len(query)) + query:
            client.socket.sendall(bytes((byte,)))
        client.sequence = 1
        assert len(client.read_until_end()) == 4


def test_pipelined_commands_are_answered_in_order(server: Running) -> None:
    with logged_in(server) as client:
        command = b"\x03select seven"
        client.socket.sendall((pack("<I", len(command)) + command + b"\x01\0\0\0\x0e") * 300)
        for _ in range(300):
            client.sequence = 1
            assert len(client.read_until_end()) == 11
            client.sequence = 1
            assert client.read()[0] == 0


def test_a_hundred_kilobytes_of_noise(server: Running) -> None:
    for seed in range(5):
        noise = random.Random(seed).randbytes(100_000)
        with RawClient(server.port) as client:
            try:
                client.socket.sendall(noise)
                while client.socket.recv(65536):
                    pass
            except (ConnectionError, TimeoutError) as error:
                assert isinstance(error, ConnectionError)
        with logged_in(server) as client:
            try:
                client.socket.sendall(noise)
                client.socket.shutdown(socket.SHUT_WR)
                while client.socket.recv(65536):
                    pass
            except ConnectionError:
                pass


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class TlsClient:
    """A client whose TLS passes through our hands: `damage` is done to what it says."""

    def __init__(self, server: Running) -> None:
        self.raw = RawClient(server.port, PLAIN | c.CLIENT_SSL)
        self.raw.greeting()
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = trusting().wrap_bio(self.incoming, self.outgoing)
        self.raw.send(pack("<IIB", self.raw.capabilities, 1 << 24, 255) + bytes(23))

    def step(self, act: Callable[[], object], damage: Callable[[bytes], bytes]) -> None:
        """Do `act`, sending and receiving as it needs. ConnectionError, ssl.SSLError."""
        while True:
            try:
                act()
                self.raw.socket.sendall(damage(self.outgoing.read()))
                return
            except ssl.SSLWantReadError:
                self.raw.socket.sendall(damage(self.outgoing.read()))
                received = self.raw.socket.recv(65536)
                if not received:
                    raise ConnectionResetError from None
                self.incoming.write(received)

    def until_closed(self) -> None:
        self.raw.socket.shutdown(socket.SHUT_WR)
        while self.raw.socket.recv(65536):
            pass


@pytest.mark.parametrize("at", ["handshake", "login", "command"])
def test_damaged_tls(server: Running, at: str) -> None:
    rng = random.Random(at)

    def harm(data: bytes) -> bytes:
        if not data:
            return data
        changed = bytearray(data)
        kind = rng.randrange(3)
        place = rng.randrange(len(changed))
        if kind == 0:
            changed[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del changed[place:]
        else:
            changed[place:place] = rng.randbytes(rng.choice((1, 100, 20_000)))
        return bytes(changed)

    def sound(data: bytes) -> bytes:
        return data

    for _ in range(30):
        client = TlsClient(server)
        with client.raw, suppress(ConnectionError, ssl.SSLError):
            if at == "handshake":
                with suppress(ssl.SSLWantReadError):
                    client.tls.do_handshake()
                client.raw.socket.sendall(harm(client.outgoing.read()))
                client.until_closed()
                continue
            client.step(client.tls.do_handshake, sound)
            login = client.raw.login_packet("root", b"")
            packet = pack("<I", len(login) | 2 << 24) + login
            if at == "command":
                client.step(partial(client.tls.write, packet), sound)
                client.step(partial(client.tls.read, 100), sound)
                packet = pack("<I", 13) + b"\x03select seven"
            client.step(partial(client.tls.write, packet), harm)
            client.until_closed()


def test_noise_in_every_command(server: Running) -> None:
    rng = random.Random(5)
    silent = (c.COM_QUIT, c.COM_STMT_CLOSE, c.COM_STMT_SEND_LONG_DATA)
    for command in range(256):
        if command in (c.COM_QUIT, c.COM_CHANGE_USER):
            continue
        with logged_in(server) as client:
            client.command(b"\x16select params ?")
            client.read(), client.read(), client.read()
            for size in (0, 1, 3, 4, 5, 8, 9, 10, 40):
                client.command(bytes((command,)) + rng.randbytes(size))
                if command not in silent:
                    assert client.read()[0] in (0, 0xFE, 0xFF, ord("U"))  # U: statistics
            client.command(b"\x0e")
            assert client.read()[0] == 0


def test_wrong_numbers(server: Running) -> None:
    with logged_in(server) as client:
        client.socket.sendall(b"\x01\0\0\x05\x0e")
        client.sequence = 0
        assert errno_of(client.read()) == 1156
        assert client.is_closed()
    with RawClient(server.port) as client:
        client.greeting()
        login = client.login_packet("root", b"")
        client.socket.sendall(pack("<I", len(login) | 7 << 24) + login)
        assert errno_of(client.read()) == 1156
        assert client.is_closed()


def test_packets_over_the_limit(server: Running) -> None:
    with RawClient(server.port) as client:
        client.greeting()
        client.socket.sendall(pack("<I", (LOGIN_BYTES + 1) | 1 << 24) + b"x" * 100)
        client.sequence = 2
        assert errno_of(client.read()) == 1153
        assert client.is_closed()
    with logged_in(server) as client:
        server.sessions.open_sessions[-1].max_allowed_packet = 1000
        client.command(b"\x0e")  # the limit holds from the next packet on
        client.read()
        client.command(b"\x03" + b"x" * 1000)
        assert errno_of(client.read()) == 1153
        assert client.is_closed()


def test_a_login_that_never_ends(tmp_path: Path) -> None:
    with running(tmp_path, Limits(connect_timeout=0.3, sweep=0.05)) as server:
        for first in (b"", b"\x20\0", b"\x20\0\0\x01\x85"):
            started = time.monotonic()
            with RawClient(server.port) as client:
                client.greeting()
                with suppress(ConnectionError):  # we were late
                    client.socket.sendall(first)
                assert client.is_closed()
                assert time.monotonic() - started > 0.2


def test_silence_is_ended(hasty: Running) -> None:
    with logged_in(hasty) as client:
        client.sequence = 0
        assert errno_of(client.read()) == 4031
        assert client.is_closed()


def test_a_client_that_does_not_read(hasty: Running) -> None:
    with logged_in(hasty) as client:
        command = b"\x03select many"
        client.socket.sendall((pack("<I", len(command)) + command) * 20)
        until = time.monotonic() + 300
        while len(hasty.sessions.open_sessions) and time.monotonic() < until:
            with RawClient(hasty.port) as other:  # others are served meanwhile
                other.greeting()
        assert not hasty.sessions.open_sessions


def test_too_many_statements(tmp_path: Path) -> None:
    with running(tmp_path, Limits(statements=3)) as server, logged_in(server) as client:
        for number in range(4):
            client.command(b"\x16select none")
            packet = client.read()
            if number < 3:
                client.read()
        assert errno_of(packet) == 1461


def test_a_client_that_vanishes_leaves_no_session(server: Running) -> None:
    before = len(server.sessions.open_sessions)
    for _ in range(20):
        client = logged_in(server)
        client.command(b"\x03select many")
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
        client.socket.close()
    until = time.monotonic() + 300
    while len(server.sessions.open_sessions) > before and time.monotonic() < until:
        with logged_in(server) as other:
            other.command(b"\x0e")
            other.read()
    assert len(server.sessions.open_sessions) <= before + 1


@pytest.mark.parametrize(
    "packet",
    [
        pack("<I", 20) + b"\x10\0\0" + b"not a zlib stream..."[:20],
        pack("<I", 20) + b"\xff\xff\xff" + zlib.compress(b"\x01\0\0\0\x0e").ljust(20),
        pack("<I", len(zlib.compress(b"x" * 10_000_000)))
        + b"\x05\0\0"
        + zlib.compress(b"x" * 10_000_000),
    ],
)
def test_lies_in_compressed_packets(server: Running, packet: bytes) -> None:
    with logged_in(server, PLAIN | c.CLIENT_COMPRESS) as client:
        client.socket.sendall(packet)
        received = b""
        try:
            while piece := client.socket.recv(1000):
                received += piece
        except ConnectionResetError:
            pass
        assert b"Malformed communication packet" in received
