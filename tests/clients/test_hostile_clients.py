"""Clients that misbehave against a real writer whose lane serves: others notice nothing."""

from __future__ import annotations

import errno
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from struct import pack
from typing import Any

import pymysql
import pytest

from mysqlcompat.cluster import Cluster
from mysqlcompat.wire.constants import CLIENT_DEPRECATE_EOF
from tests.clients.lane_client import (
    PreparedClient,
    binary_strings,
    connect,
    execute_command,
    lane_statements,
    run,
)
from tests.mysqlcompat.wire.raw_client import PLAIN, RawClient, errno_of

CONNECTIONS = 60
ROWS = 300
SELECT = "SELECT a FROM t WHERE id = "
SOON_S = 100.0  #: much longer than it should take
MOST_GROWTH = 96 << 20  #: bytes a test may add to the writer's memory
SCHEMA = """
CREATE DATABASE lane;
USE lane;
CREATE TABLE t (id BIGINT PRIMARY KEY, a VARCHAR(4000));
"""


def value(number: int) -> str:
    return f"{number}:" + "abcdefgh"[number % 8] * 3000


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    rows = ", ".join(f"({number}, '{value(number)}')" for number in range(ROWS))
    schema = f"{SCHEMA} INSERT INTO t VALUES {rows};"
    with Cluster(
        replicas=0, init_sql=schema, ring_bytes="16M", max_connections=CONNECTIONS
    ) as cluster:
        yield cluster


def resident(cluster: Cluster) -> int:
    """Bytes of memory of the writer."""
    status = Path(f"/proc/{cluster.pids['writer']}/status").read_text()
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


@pytest.fixture(autouse=True)
def witness(cluster: Cluster) -> Iterator[None]:
    """Somebody who was there before, and is served during and after, by the same process."""
    pid, before = cluster.pids["writer"], resident(cluster)
    texts, prepared = connect(cluster.writer_port), PreparedClient(cluster.writer_port)
    statement = prepared.prepare(f"{SELECT}?")
    yield
    for number in range(0, ROWS, 7):
        started = time.monotonic()
        assert run(texts, f"{SELECT}{number}") == ((value(number),),)
        assert prepared.execute(statement, number) == [[value(number).encode()]]
        assert time.monotonic() - started < SOON_S
    texts.close()
    prepared.close()
    assert cluster.pids["writer"] == pid, cluster.output
    assert resident(cluster) - before < MOST_GROWTH


@pytest.fixture
def raw(cluster: Cluster) -> Iterator[RawClient]:
    """A logged-in client of bare packets, lent to the lane."""
    with RawClient(cluster.writer_port) as client:
        assert client.login(db="lane")[0] == 0
        warm(client)
        yield client


def text_command(number: int) -> bytes:
    return b"\x03" + f"{SELECT}{number}".encode()


def long_command(number: int) -> bytes:
    """The same with blanks in it: fewer of them fill what sockets hold."""
    return b"\x03" + f"{SELECT}{' ' * 300}{number}".encode()


def read_text(client: RawClient) -> str:
    """The one value of a text result."""
    packets = client.read_until_end()
    assert len(packets) == 4, packets
    row = packets[2]
    return row[3 if row[0] == 0xFC else 1 :].decode()


def read_prepared(client: RawClient) -> str:
    """The one value of a binary result."""
    client.read(), client.read()
    (found,) = binary_strings(client.read(), 1)
    assert client.read()[0] == 0xFE
    assert found is not None
    return found.decode()


def warm(client: RawClient) -> None:
    """Have the statement's plan in the lane."""
    for _ in range(2):
        client.command(text_command(1))
        assert read_text(client) == value(1)


def framed(payload: bytes) -> bytes:
    return pack("<I", len(payload)) + payload


def test_wrong_passwords(cluster: Cluster) -> None:
    for _ in range(30):
        with pytest.raises(pymysql.err.OperationalError) as refused:
            connect(cluster.writer_port, password="wrong")
        assert refused.value.args[0] == 1045
    with RawClient(cluster.writer_port) as client:  # what follows a refused login is not run
        client.greeting()
        login = client.login_packet("nobody", b"\x01" * 32)
        client.send(login)
        client.socket.sendall(framed(b"\x03DROP TABLE lane.t"))
        received = b""
        while piece := client.socket.recv(1000):
            received += piece
        assert b"\xff" in received  # an error packet, and the end


def test_noise(cluster: Cluster) -> None:
    for seed in range(6):
        noise = random.Random(seed).randbytes(100_000)
        with RawClient(cluster.writer_port) as client:
            if seed % 2:
                client.login(db="lane")
                warm(client)
            try:
                client.socket.sendall(noise)
                client.socket.shutdown(socket.SHUT_WR)
                while client.socket.recv(65536):
                    pass
            except OSError as error:  # the server has closed the connection already
                assert isinstance(error, ConnectionError) or error.errno == errno.ENOTCONN


def test_changed_bytes_in_what_the_lane_serves(cluster: Cluster) -> None:
    rng = random.Random(11)
    with PreparedClient(cluster.writer_port) as made:
        statement = made.prepare(f"{SELECT}?")
        for _ in range(400):
            made.execute(statement, 5)
            packet = bytearray(rng.choice((execute_command(statement, 5), text_command(5))))
            for _ in range(rng.randrange(1, 4)):
                packet[rng.randrange(1, len(packet))] = rng.randrange(256)
            if b";" in packet:
                continue  # several results are another test's
            made.raw.command(bytes(packet))
            first = made.raw.read()
            if first[0] not in (0, 0xFF):
                while made.raw.read()[0] not in (0xFE, 0xFF):
                    pass


def test_truncated_executions(cluster: Cluster) -> None:
    with PreparedClient(cluster.writer_port) as made:
        statement = made.prepare(f"{SELECT}?")
        whole = execute_command(statement, 5)
        for size in range(1, len(whole)):
            assert made.execute(statement, 5) == [[value(5).encode()]]
            made.raw.command(whole[:size])
            assert errno_of(made.raw.read()) in (1210, 1243, 1835), size


def test_packets_split_anywhere(cluster: Cluster, raw: RawClient) -> None:
    raw.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    raw.command(b"\x16" + f"{SELECT}?".encode())
    statement = int.from_bytes(raw.read()[1:5], "little")
    raw.read(), raw.read()
    for reading, packet in (
        (read_text, framed(text_command(6))),
        (read_prepared, framed(execute_command(statement, 6))),
    ):
        for cut in range(1, len(packet)):
            for piece in (packet[:cut], packet[cut:] + packet[:cut], packet[cut:]):
                raw.socket.sendall(piece)
            for _ in range(2):
                raw.sequence = 1
                assert reading(raw) == value(6), cut
        for byte in packet:
            raw.socket.sendall(bytes((byte,)))
        raw.sequence = 1
        assert reading(raw) == value(6)


def test_half_packets_held_open(cluster: Cluster) -> None:
    held = []
    for number in range(20):
        client = RawClient(cluster.writer_port)
        client.login(db="lane")
        warm(client)
        client.socket.sendall(framed(text_command(number))[: number + 1])
        held.append(client)
    with connect(cluster.writer_port) as other:
        for number in range(100):
            assert run(other, f"{SELECT}{number}") == ((value(number),),)
    for number, client in enumerate(held):
        client.socket.sendall(framed(text_command(number))[number + 1 :])
        client.sequence = 1
        assert read_text(client) == value(number)
        client.socket.close()


def send_until_full(client: RawClient, commands: Iterator[bytes]) -> list[bytes]:
    """Send command after command, reading nothing, until the server takes no more for a second."""
    client.socket.settimeout(1.0)
    sent = []
    try:
        for command in commands:
            packet = framed(command)
            done = client.socket.send(packet)
            sent.append(packet[:done])
            if done < len(packet):
                break
    except TimeoutError:
        pass
    client.socket.settimeout(300.0)
    return sent


def test_replies_of_the_lane_that_nobody_reads(cluster: Cluster, raw: RawClient) -> None:
    """The server stops reading, keeps little, and answers everything once the client reads."""
    rng = random.Random(3)
    numbers = [rng.randrange(ROWS) for _ in range(200_000)]
    before = resident(cluster)
    sent = send_until_full(raw, map(long_command, numbers))
    assert len(sent) < len(numbers), "the server reads without end"
    assert resident(cluster) - before < MOST_GROWTH
    with connect(cluster.writer_port) as other:
        for number in range(100):
            assert run(other, f"{SELECT}{number}") == ((value(number),),)
    whole = [number for number, piece in zip(numbers, sent, strict=False) if piece]
    if len(sent[-1]) < len(framed(long_command(whole[-1]))):
        whole.pop()
    for number in whole:
        raw.sequence = 1
        assert read_text(raw) == value(number)


def test_a_large_result_that_nobody_reads(cluster: Cluster) -> None:
    before = resident(cluster)
    with RawClient(cluster.writer_port) as client:
        client.login(db="lane")
        client.command(b"\x03SELECT x.a, y.a FROM t x JOIN t y ON x.id >= y.id OR x.id < y.id")
        client.read()
        with connect(cluster.writer_port) as other:
            for number in range(ROWS):
                assert run(other, f"{SELECT}{number}") == ((value(number),),)
        assert resident(cluster) - before < MOST_GROWTH


def test_thousands_of_connections(cluster: Cluster) -> None:
    rng = random.Random(4)
    abort = pack("ii", 1, 0)
    for _ in range(2000):
        client = RawClient(cluster.writer_port)
        how = rng.randrange(4)
        if how == 1:
            client.greeting()
        elif how > 1:
            client.login(db="lane")
            client.command(text_command(1))
        if how == 3:
            read_text(client)
        if rng.random() < 0.5:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, abort)
        client.socket.close()
    with connect(cluster.writer_port) as other:
        while len(run(other, "SHOW PROCESSLIST")) > 3:  # two witnesses and this one
            pass


def test_more_than_max_connections(cluster: Cluster) -> None:
    clients: list[RawClient] = []

    def one_more() -> bool:
        client = RawClient(cluster.writer_port)
        packet = client.read()
        if packet[0] != 0xFF:
            clients.append(client)
            return True
        assert errno_of(packet) == 1040
        assert client.is_closed()
        client.socket.close()
        return False

    most = CONNECTIONS + 1 - 2  # one more for who is SUPER, and two are the witnesses'
    while len(clients) < most:  # until those of other tests have gone
        one_more()
    assert not any(one_more() for _ in range(10))
    for client in clients:
        client.socket.close()
    other: Any = None
    while other is None:
        try:
            other = connect(cluster.writer_port)
        except pymysql.err.OperationalError as error:
            assert error.args[0] == 1040
    other.close()


def test_kill_of_a_lent_connection(cluster: Cluster, raw: RawClient) -> None:
    with connect(cluster.writer_port) as other:
        run(other, f"KILL QUERY {raw.connection_id}")
        raw.command(text_command(9))
        assert read_text(raw) == value(9)
        before = lane_statements(other)
        raw.command(text_command(9))
        assert read_text(raw) == value(9)
        assert lane_statements(other) > before
        run(other, f"KILL {raw.connection_id}")
        assert raw.is_closed()
        while raw.connection_id in {row[0] for row in run(other, "SHOW PROCESSLIST")}:
            pass


def test_kill_while_the_lane_serves(cluster: Cluster) -> None:
    with connect(cluster.writer_port) as other:
        for _ in range(30):
            with RawClient(cluster.writer_port) as client:
                client.login(db="lane")
                warm(client)
                client.socket.sendall(framed(text_command(2)) * 50)
                run(other, f"KILL {client.connection_id}")
                received = 0
                try:
                    while piece := client.socket.recv(65536):
                        received += len(piece)
                except ConnectionResetError:
                    pass


def served_for_long(cluster: Cluster) -> RawClient | None:
    """A client whose wait_timeout, a second, went by while the lane served it; it is silent now.

    None if the machine was so busy that the client was silent for long in between.
    """
    client = RawClient(cluster.writer_port)
    client.login(db="lane")
    warm(client)
    client.command(b"\x03SET SESSION wait_timeout = 1")
    assert client.read()[0] == 0
    began = last = time.monotonic()
    while last < began + 2.5:
        try:
            client.command(text_command(3))
            assert read_text(client) == value(3)
        except (AssertionError, EOFError, OSError):
            if time.monotonic() - last < 0.8:
                raise
        silent_s, last = time.monotonic() - last, time.monotonic()
        if silent_s >= 0.8:
            client.socket.close()
            return None
    return client


def test_wait_timeout_of_a_lent_connection(cluster: Cluster) -> None:
    while (client := served_for_long(cluster)) is None:
        pass
    with client:
        client.sequence = 0
        assert errno_of(client.read()) == 4031
        assert client.is_closed()


def test_an_older_client_without_deprecate_eof(cluster: Cluster) -> None:
    with RawClient(cluster.writer_port, PLAIN & ~CLIENT_DEPRECATE_EOF) as client:
        client.login(db="lane")
        for _ in range(3):
            client.command(text_command(4))
            assert [packet[:1] for packet in client.read_until_end()][-1] == b"\xfe"
            rest = client.read_until_end()
            assert rest[0][3:].decode() == value(4)
