"""The lane behind TLS: the same replies, whatever way records are cut, and nothing lost between the
kernel and Python."""

from __future__ import annotations

import contextlib
import random
import select
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mysqlcompat.lane import lane_layout as layout
from mysqlcompat.lane.lane import TlsParts
from mysqlcompat.wire.openssl import TlsContext, TlsError, TlsSession, kernel_calls
from mysqlcompat.wire.tls import Identity
from redo.state import ST_VDL
from tests.mysqlcompat.lane.test_lane import PREFIX, Bench, answer, query
from tests.mysqlcompat.lane.test_waiting_replies import OK, WriteBench

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


class Secured:
    """A bench's client that speaks TLS, and the server's session behind it."""

    def __init__(self, bench: Bench, context: TlsContext, version: ssl.TLSVersion) -> None:
        self.bench = bench
        self.session: TlsSession = context.session()
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        trusting.minimum_version = trusting.maximum_version = version
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = trusting.wrap_bio(self._incoming, self._outgoing)
        while not self.session.established:
            with contextlib.suppress(ssl.SSLWantReadError):
                self.client.do_handshake()
            assert self.session.receive(self._outgoing.read()) == b""
            self._incoming.write(self.session.outgoing())
        self.client.do_handshake()
        assert self.client.version() == self.session.version
        bench.lane.release(bench.server.fileno())
        bench.lane.know_tls(kernel_calls())
        session = self.session
        parts = TlsParts(session.address, session.incoming_at, session.outgoing_at)
        block = bench.lane.register(bench.server.fileno(), bench, parts)
        assert block is not None
        bench.block = block
        bench.lend()

    def seal(self, data: bytes) -> bytes:
        """`data` as records."""
        self.client.write(data)
        return self._outgoing.read()

    def opened(self, data: bytes) -> bytes:
        """What those records say."""
        self._incoming.write(data)
        parts = []
        while True:
            try:
                parts.append(self.client.read(65536))
            except ssl.SSLWantReadError:
                return b"".join(parts)

    def serve(self) -> None:
        """Turns until the lane has nothing to read."""
        while select.select([self.bench.server], [], [], 0)[0] and not self.bench.returned:
            self.bench.turn()

    def heard(self) -> bytes:
        """All that the client can read by now."""
        parts = []
        while select.select([self.bench.client], [], [], 0)[0]:
            parts.append(self.bench.client.recv(65536))
        return self.opened(b"".join(parts))

    def close(self) -> None:
        self.bench.close()
        self.session.close()


Maker = Callable[[Bench], Secured]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> TlsContext:
    directory: Path = tmp_path_factory.mktemp("tls")
    return Identity(directory).context


@pytest.fixture(params=VERSIONS, ids=lambda version: version.name)
def secure(context: TlsContext, request: pytest.FixtureRequest) -> Iterator[Maker]:
    made: list[Secured] = []

    def make(bench: Bench) -> Secured:
        made.append(Secured(bench, context, request.param))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def secured(secure: Maker) -> Secured:
    bench = Bench()
    one = secure(bench)
    bench.lane.install(b"select \x01", 7, bench.program, 1, PREFIX, 1)
    return one


def test_a_known_text_is_answered_in_the_kernel(secured: Secured) -> None:
    secured.bench.client.sendall(secured.seal(query(b"select 42")))
    secured.bench.turn()
    assert secured.heard() == answer(struct.pack("<q", 42))
    assert secured.bench.returned == []


def test_records_arrive_byte_by_byte(secured: Secured) -> None:
    records = secured.seal(query(b"select 7")) + secured.seal(query(b"select 8"))
    for at in range(len(records)):
        secured.bench.client.sendall(records[at : at + 1])
        secured.bench.turn()
    expected = answer(struct.pack("<q", 7)) + answer(struct.pack("<q", 8))
    assert secured.heard() == expected
    assert secured.bench.returned == []


def test_more_than_the_receive_buffer_holds(secured: Secured) -> None:
    """What does not fit waits in the session, of which epoll knows nothing."""
    bench = secured.bench
    bench.arena.mem[bench.program] = 1
    bench.lane.install(b"select \x04", 7, bench.program, 1, PREFIX, 1)
    rng = random.Random(5)
    texts = [b"%d" % number * rng.randrange(1, 60) for number in range(1000)]
    records = secured.seal(b"".join(query(b"select '%s'" % text) for text in texts))
    assert len(records) > 4 * layout.RECEIVE_BYTES
    heard, at = b"", 0
    while at < len(records):
        size = rng.choice((1, 100, 5000, 16384, 30000))
        bench.client.sendall(records[at : at + size])
        at += size
        secured.serve()
        heard += secured.heard()
    assert heard == b"".join(map(answer, texts))
    assert bench.returned == []


def test_python_gets_all_that_was_not_served(secured: Secured) -> None:
    ping = b"\x01\0\0\0\x0e"
    rest = b"".join(query(b"select %d" % number) for number in range(2000))
    records = secured.seal(query(b"select 1") + ping + rest)
    secured.bench.client.sendall(records)
    secured.serve()
    assert secured.heard() == answer(struct.pack("<q", 1))
    ((received, unsent),) = secured.bench.returned
    secured.bench.server.setblocking(True)
    while len(received) < len(ping + rest):  # Python reads the session, then the socket
        received += secured.session.receive(b"")
        if len(received) < len(ping + rest):
            received += secured.session.receive(secured.bench.server.recv(65536))
    assert received == ping + rest and unsent == b""


def test_and_gives_it_back(secured: Secured) -> None:
    secured.bench.client.sendall(secured.seal(b"\x01\0\0\0\x0e"))
    secured.bench.turn()
    secured.session.send(b"\x07\0\0\x01\0\0\0\x02\0\0\0")
    secured.bench.server.sendall(secured.session.outgoing())
    secured.bench.lend()
    secured.bench.client.sendall(secured.seal(query(b"select 3")))
    secured.bench.turn()
    assert secured.heard() == b"\x07\0\0\x01\0\0\0\x02\0\0\0" + answer(struct.pack("<q", 3))


def test_a_forged_record_ends_it(secured: Secured) -> None:
    records = bytearray(secured.seal(query(b"select 1")))
    records[-1] ^= 1
    secured.bench.client.sendall(records)
    secured.bench.turn()
    assert secured.bench.returned == [(b"", b"")]
    with pytest.raises(TlsError):
        secured.session.receive(b"")


def test_a_forged_record_behind_a_good_one_ends_it_too(secured: Secured) -> None:
    good, forged = secured.seal(query(b"select 1")), bytearray(secured.seal(query(b"select 2")))
    forged[-1] ^= 1
    secured.bench.client.sendall(good + forged)
    secured.bench.turn()
    assert secured.bench.returned == [(b"", b"")]
    with pytest.raises(TlsError):
        secured.session.receive(b"")


def test_a_farewell_is_told_to_python(secured: Secured) -> None:
    with pytest.raises(ssl.SSLWantReadError):
        secured.client.unwrap()
    secured.bench.client.sendall(secured._outgoing.read())
    secured.bench.turn()
    assert secured.bench.returned == [(b"", b"")]
    assert secured.session.receive(b"") == b"" and secured.session.ended


def test_the_end_of_a_reply_that_was_not_taken_goes_on_encrypted(secured: Secured) -> None:
    bench = secured.bench
    bench.server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    sent = 0
    while not bench.returned:
        bench.client.sendall(secured.seal(query(b"select 1")))
        sent += 1
        bench.turn()
        assert sent < 100_000
    ((received, unsent),) = bench.returned
    assert received == b"" and unsent
    heard = secured.heard() + secured.opened(unsent)
    assert heard == sent * answer(struct.pack("<q", 1))


def test_what_is_sent_while_a_commit_waits_is_served_afterwards(secure: Maker) -> None:
    bench = WriteBench()
    secured = secure(bench)
    changes = [query(b"insert %d" % number) for number in range(1, 3001)]
    bench.client.sendall(secured.seal(b"".join(changes[:1000])))
    bench.turn()
    bench.client.sendall(secured.seal(b"".join(changes[1000:])))
    heard = b""
    for vdl in range(1, 3001):
        bench.st[ST_VDL] = vdl
        bench.turn()
        heard += secured.heard()
    assert heard == b"".join(OK.replace(b"%c", bytes([n & 127])) for n in range(1, 3001))
    assert bench.returned == []
