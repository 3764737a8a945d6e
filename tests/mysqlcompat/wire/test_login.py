"""Logging in, and above all: not getting in."""

from __future__ import annotations

import ssl
from pathlib import Path
from struct import pack
from typing import Any

import mysql.connector
import pymysql
import pytest

from mysqlcompat.errors import SqlError
from mysqlcompat.wire import constants as c
from mysqlcompat.wire.auth import hash_password, password_fits, sha_crypt
from mysqlcompat.wire.handshake import parse_login
from tests.mysqlcompat.wire.raw_client import PLAIN, RawClient, errno_of, scramble
from tests.mysqlcompat.wire.scripted import Running, running


def pymysql_login(server: Running, **options: Any) -> Any:
    return pymysql.connect(host="127.0.0.1", port=server.port, **options)


def one(connection: Any) -> Any:
    with connection, connection.cursor() as cursor:
        cursor.execute("select 1")
        return cursor.fetchone()


def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_the_password_hash_is_mysqls() -> None:
    # authentication_string of a user made by MySQL 9.7 with the password "geheim".
    secret = bytes.fromhex(
        "244124303041246502161711793179715C19176B28024E672C4402546C357A62365339"
        "4759314B727434663354576C447077397143505676654D676B664D5846677054756F35"
    )
    assert password_fits(secret, b"geheim")
    assert not password_fits(secret, b"Geheim")
    # And crypt(3)'s own, for a salt as long as its are.
    assert sha_crypt(b"geheim", b"saltstringsalt12", 5000) == (
        b"TFHWnqSVEiM7zaPBvuIKS/H8/qo9ugHKlXYMQ9X1OG4"
    )


@pytest.mark.parametrize("with_tls", [False, True])
@pytest.mark.parametrize(("user", "password"), [("root", ""), ("sha", "geheim"), ("nat", "alt")])
def test_pymysql_logs_in(server: Running, user: str, password: str, with_tls: bool) -> None:
    options = {"ssl": tls()} if with_tls else {"ssl_disabled": True}
    for _ in range(2):  # full authentication, then fast
        assert one(pymysql_login(server, user=user, password=password, **options)) == (1,)


@pytest.mark.parametrize("with_tls", [False, True])
def test_connector_logs_in(server: Running, with_tls: bool) -> None:
    for user, password in (("root", ""), ("sha", "geheim")):
        connection = mysql.connector.connect(
            host="127.0.0.1",
            port=server.port,
            user=user,
            password=password,
            ssl_disabled=not with_tls,
            use_pure=True,
        )
        assert one(connection) == (1,)


def test_full_authentication_without_tls_asks_for_the_key(tmp_path: Path) -> None:
    with running(tmp_path) as fresh:
        assert one(pymysql_login(fresh, user="sha", password="geheim", ssl_disabled=True)) == (1,)
        with RawClient(fresh.port) as client:  # the second time the hash is known
            nonce = client.greeting()
            client.send(client.login_packet("sha", scramble("geheim", nonce)))
            assert client.read() == b"\x01\x03"
            assert client.read()[0] == 0


def test_greeting(server: Running) -> None:
    with RawClient(server.port) as client:
        client.greeting()
        assert client.version == b"8.4.6"
        assert client.status == 2  # autocommit
        assert client.plugin == b"caching_sha2_password"
        assert client.offered == c.SERVER_CAPABILITIES


@pytest.mark.parametrize(
    ("user", "password", "used"),
    [("sha", "falsch", "YES"), ("sha", "", "NO"), ("nobody", "x", "YES"), ("nobody", "", "NO"),
     ("root", "x", "YES"), ("nat", "falsch", "YES")],
)  # fmt: skip
@pytest.mark.parametrize("with_tls", [False, True])
def test_wrong_logins(server: Running, user: str, password: str, used: str, with_tls: bool) -> None:
    options = {"ssl": tls()} if with_tls else {"ssl_disabled": True}
    with pytest.raises(pymysql.err.OperationalError) as caught:
        pymysql_login(server, user=user, password=password, **options)
    assert caught.value.args == (
        1045,
        f"Access denied for user '{user}'@'localhost' (using password: {used})",
    )


@pytest.mark.parametrize("user", ["sha", "nobody"])
def test_nothing_is_answered_after_a_refused_login(server: Running, user: str) -> None:
    before = len(server.sessions.open_sessions)
    with RawClient(server.port) as client:
        assert errno_of(client.login(user, "")) == 1045
        try:
            client.command(b"\x03select 1")
        except OSError:
            return
        assert client.is_closed()
    assert len(server.sessions.open_sessions) == before


def test_queries_sent_with_the_login_wait_for_it(server: Running) -> None:
    for user, answered in (("root", True), ("sha", False)):
        with RawClient(server.port) as client:
            client.greeting()
            query = b"\x09\0\0\0\x03select 1"
            login = client.login_packet(user, b"")
            client.socket.sendall(pack("<I", len(login) | 1 << 24) + login + query)
            client.sequence = 2
            packet = client.read()
            assert packet[0] == (0 if answered else 0xFF)
            if answered:
                client.sequence = 1
                assert client.read() == b"\x01"
            else:
                assert client.is_closed()


def test_an_empty_password_is_for_loopback_only(server: Running) -> None:
    async def attempt() -> Any:
        return await server.server.authenticator.authenticate(
            NoExchange(), parse(b"root"), b"n" * 20, "192.0.2.7"
        )

    with pytest.raises(SqlError, match=r"192\.0\.2\.7.*using password: NO"):
        server.do(attempt)


class NoExchange:
    """An exchange in which nothing may be asked."""

    secure = False

    def send(self, payload: bytes) -> None:
        raise AssertionError(payload)

    async def ask(self) -> bytes:
        raise AssertionError


def parse(user: bytes) -> Any:
    packet = pack("<IIB", PLAIN, 0, 255) + bytes(23) + user + b"\0\0caching_sha2_password\0"
    return parse_login(packet)


def test_another_plugin_is_switched(server: Running) -> None:
    with RawClient(server.port) as client:
        nonce = client.greeting()
        client.send(client.login_packet("sha", scramble("geheim", nonce), "mysql_native_password"))
        packet = client.read()
        assert packet.startswith(b"\xfecaching_sha2_password\0")
        assert packet[23:43] != nonce and packet.endswith(b"\0")
        client.send(scramble("wrong", packet[23:43]))
        assert client.read() == b"\x01\x04"


def test_unknown_database(server: Running) -> None:
    with pytest.raises(pymysql.err.OperationalError, match=r"1049.*Unknown database 'nowhere'"):
        pymysql_login(server, user="root", database="nowhere")
    with RawClient(server.port) as client:
        packet = client.login(db="shop")
        # OK 0 0, status AUTOCOMMIT | STATE_CHANGED, no warnings, empty info, schema = shop
        assert packet == b"\0\0\0\x02\x40\0\0\0\x07\x01\x05\x04shop"


def test_an_old_client_is_told_so(server: Running) -> None:
    with RawClient(server.port) as client:
        client.greeting()
        client.send(b"\x85\xa0\0\0\0root\0")
        assert errno_of(client.read()) == 1251


def test_tls_hello_in_one_burst_with_the_request(server: Running) -> None:
    """A ClientHello that arrives together with the SSLRequest is TLS's, not ours."""
    for _ in range(12):
        with RawClient(server.port, PLAIN | c.CLIENT_SSL) as client:
            client.greeting()
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            secured = tls().wrap_bio(incoming, outgoing)
            with pytest.raises(ssl.SSLWantReadError):
                secured.do_handshake()
            request = pack("<IIB", client.capabilities, 1 << 24, 255) + bytes(23)
            client.socket.sendall(pack("<I", 32 | 1 << 24) + request + outgoing.read())
            while True:
                incoming.write(client.socket.recv(65536))
                try:
                    secured.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    client.socket.sendall(outgoing.read())
            login = client.login_packet("root", b"")
            secured.write(pack("<I", len(login) | 2 << 24) + login)
            client.socket.sendall(outgoing.read())
            answer = b""
            while not answer:
                incoming.write(client.socket.recv(65536))
                try:
                    answer = secured.read(100)
                except ssl.SSLWantReadError:
                    continue
            assert answer[3:5] == b"\x03\0"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_tls_version_without_future_is_refused(server: Running) -> None:
    old = tls()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises(pymysql.err.OperationalError, match=r"protocol version|closed"):
        pymysql_login(server, user="root", ssl=old)
    with RawClient(server.port, PLAIN | c.CLIENT_SSL) as client:
        client.greeting()
        client.send(pack("<IIB", client.capabilities, 1 << 24, 255) + bytes(23))
        client.socket.sendall(b"not a ClientHello at all")
        received = b""
        try:
            while piece := client.socket.recv(100):
                received += piece
        except ConnectionResetError:
            pass
        assert len(received) < 50  # an alert at most


def test_certificate_is_kept(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        pem = first.server.identity.password_key.public_pem
    with running(tmp_path) as second:
        assert second.server.identity.password_key.public_pem == pem
    assert (tmp_path / "tls" / "server-identity.pem").stat().st_mode & 0o777 == 0o600


def test_too_many_connections(tmp_path: Path) -> None:
    with running(tmp_path, max_connections=1) as small, RawClient(small.port) as first:
        first.login()
        with RawClient(small.port) as second:
            assert errno_of(second.read()) == 1040
            assert second.is_closed()
        first.command(b"\x0e")
        assert first.read()[0] == 0


def test_hash_password_is_salted() -> None:
    assert hash_password("") == b""
    assert hash_password("x") != hash_password("x")
