"""Random connections that break the protocol in every phase, against a real writer: it goes on,
others are served, and nothing unforeseen is logged.

WIRE_FUZZ is how many of them there are, SEED where chance begins.
"""

from __future__ import annotations

import os
import random
import socket
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from struct import pack

import pytest

from mysqlcompat.cluster import Cluster
from mysqlcompat.wire import constants as c
from tests.clients.lane_client import PreparedClient, connect, execute_command, run
from tests.mysqlcompat.lane.test_lane_writes import prepare
from tests.mysqlcompat.wire.raw_client import PLAIN, RawClient

ROUNDS = int(os.environ.get("WIRE_FUZZ", "120"))
SEED = int(os.environ.get("SEED", "0") or "0")
ROWS = 50
SCHEMA = "CREATE DATABASE lane; USE lane; CREATE TABLE t (id BIGINT PRIMARY KEY, a VARCHAR(400))"
QUERY = b"\x03SELECT a FROM t WHERE id = 3"
SIZES = (0, 1, 2, 0xFFFF, 0xFFFFFE, 0xFFFFFF)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    rows = ", ".join(f"({number}, 'row {number}')" for number in range(ROWS))
    with Cluster(replicas=0, init_sql=f"{SCHEMA}; INSERT INTO t VALUES {rows};") as made:
        yield made


def framed(payload: bytes, sequence: int = 0) -> bytes:
    return pack("<I", len(payload) & 0xFFFFFF | sequence << 24) + payload


def rubbish(rng: random.Random) -> bytes:
    """Bytes that are nearly a command, or nothing at all."""
    command = rng.choice((QUERY, execute_command(1, 3), b"\x16SELECT ?, 7", b"\x04t\0%", b"\x0e"))
    match rng.randrange(6):
        case 0:
            command = command[: rng.randrange(1, len(command) + 1)]
        case 1:
            at = rng.randrange(len(command))
            command = command[:at] + rng.randbytes(rng.randrange(1, 9)) + command[at:]
        case 2:
            command = bytes((rng.randrange(256),)) + rng.randbytes(rng.randrange(40))
        case 3:
            changed = bytearray(command)
            changed[rng.randrange(len(changed))] = rng.randrange(256)
            command = bytes(changed)
    if command[:1] == b"\x11" and rng.random() < 0.5:
        return b"\x11root\0\0lane\0" + rng.randbytes(rng.randrange(20))  # COM_CHANGE_USER
    return command


def broken_frames(rng: random.Random) -> bytes:
    """Packets whose headers lie."""
    payload = rubbish(rng)
    match rng.randrange(4):
        case 0:
            return framed(payload, rng.randrange(1, 256))
        case 1:
            return pack("<I", rng.choice(SIZES)) + payload
        case 2:
            return framed(b"") * rng.randrange(1, 5)
        case _:
            whole = framed(payload)
            return whole[: rng.randrange(1, len(whole) + 1)]


def compressed(rng: random.Random) -> bytes:
    """Compressed packets: good ones, ones that lie about sizes, garbage."""
    inner = framed(rubbish(rng))
    data = zlib.compress(inner)
    size = rng.choice((len(inner), 0, 1, 0xFFFFFF, len(inner) + 1))
    if rng.random() < 0.3:
        data = rng.randbytes(len(data))
    header = pack("<I", len(data) | rng.choice((0, 0, 5)) << 24) + pack("<I", size)[:3]
    return header + data


def half_login(client: RawClient, rng: random.Random) -> None:
    """A login that stops, or goes on otherwise than it should."""
    client.greeting()
    packet = bytearray(framed(client.login_packet("root", b"", db="lane"), 1))
    for _ in range(rng.randrange(4)):
        packet[rng.randrange(36, len(packet))] = rng.randrange(256)
    client.socket.sendall(packet[: rng.randrange(1, len(packet) + 1)])


def half_tls(client: RawClient, rng: random.Random) -> None:
    """The wish for TLS, and then something else."""
    client.greeting()
    wish = pack("<IIB", PLAIN | c.CLIENT_SSL, 1 << 24, 255) + bytes(23)
    client.socket.sendall(framed(wish, 1) + rng.randbytes(rng.randrange(300)))


def noisy_session(client: RawClient, rng: random.Random) -> None:
    client.login(db="lane")
    client.command(QUERY)
    client.read_until_end()
    for _ in range(rng.randrange(1, 12)):
        client.socket.sendall(framed(rubbish(rng)))
    client.socket.sendall(broken_frames(rng))


def compressed_session(client: RawClient, rng: random.Random) -> None:
    client.capabilities |= c.CLIENT_COMPRESS
    client.login(db="lane")
    for _ in range(rng.randrange(1, 4)):
        client.socket.sendall(compressed(rng))


LIVES: tuple[Callable[[RawClient, random.Random], None], ...] = (
    half_login,
    half_tls,
    noisy_session,
    noisy_session,
    compressed_session,
)


def end(client: RawClient, rng: random.Random) -> None:
    """Hang up: at once, politely, or after all that the server has to say."""
    match rng.randrange(3):
        case 0:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
        case 1:
            client.socket.shutdown(socket.SHUT_WR)
            while client.socket.recv(65536):
                pass


def test_noise_in_every_phase(cluster: Cluster) -> None:
    rng = random.Random(SEED)
    pid = cluster.pids["writer"]
    held: list[RawClient] = []
    with connect(cluster.writer_port) as texts, PreparedClient(cluster.writer_port) as prepared:
        statement = prepared.prepare("SELECT a FROM t WHERE id = ?")
        for number in range(ROUNDS):
            client = RawClient(cluster.writer_port)
            stays = rng.random() < 0.1
            with suppress(OSError, EOFError):  # the server has had enough
                rng.choice(LIVES)(client, rng)
                if not stays:
                    end(client, rng)
            if stays:
                held.append(client)
            else:
                client.socket.close()
            row = number % ROWS
            assert run(texts, f"SELECT a FROM t WHERE id = {row}") == ((f"row {row}",),)
            assert prepared.execute(statement, row) == [[f"row {row}".encode()]]
        assert run(texts, "SELECT COUNT(*) FROM t") == ((ROWS,),)
    for client in held:
        client.socket.close()
    assert cluster.pids["writer"] == pid
    before, unforeseen, rest = cluster.output.partition("Traceback")
    assert not unforeseen, before[-300:] + unforeseen + rest[:3000]


@pytest.mark.parametrize("text", [b"x", b"", b"NaN", b"-Infinity", b"1e999999999", b"1.5x"])
def test_decimals_that_are_none(cluster: Cluster, text: bytes) -> None:
    with RawClient(cluster.writer_port) as client:
        client.login(db="lane")
        number = prepare(client, "SELECT a FROM t WHERE id = ?")
        body = pack("<BIBIB", 0x17, number, 0, 1, 0) + bytes((1, 0xF6, 0, len(text))) + text
        client.command(body)
        assert client.read() == b"\x01"
        client.read()
        client.read_until_end()
    assert "Traceback" not in cluster.output


@pytest.mark.parametrize("rest", [b"", b"\x21", b"\x21\0", b"\x21\0mysql_native_password\0\xfc"])
def test_a_change_of_user_that_breaks_off(cluster: Cluster, rest: bytes) -> None:
    """Whoever answers in the middle of it with a packet out of order is not served any more."""
    with RawClient(cluster.writer_port) as client:
        client.login(db="lane")
        client.socket.sendall(framed(b"\x11root\0\x01xlane\0" + rest) + framed(b"?", 9))
        client.socket.sendall(framed(QUERY))
        with suppress(ConnectionError):
            while client.socket.recv(65536):
                pass
    assert "Traceback" not in cluster.output


def test_a_change_of_user_that_asks_back(cluster: Cluster) -> None:
    """What the client answers is no statement: the lane does not get it."""
    with RawClient(cluster.writer_port) as client:
        client.login(db="lane")
        client.command(b"\x11root\0\0lane\0\x21\0mysql_old_password\0")
        packet = client.read()
        while packet[0] not in (0, 0xFF):
            client.send(b"")
            packet = client.read()
        assert packet[0] == 0, packet
        client.command(QUERY)
        assert len(client.read_until_end()) == 4
    assert "Traceback" not in cluster.output
