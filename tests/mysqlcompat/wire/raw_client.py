"""A client of bare sockets: sends any bytes, reads packets, logs in by hand."""

from __future__ import annotations

import hashlib
import socket
from struct import pack

from mysqlcompat.wire import constants as c
from mysqlcompat.wire.fields import Fields

PLAIN = c.SERVER_CAPABILITIES & ~(
    c.CLIENT_SSL
    | c.CLIENT_COMPRESS
    | c.CLIENT_CONNECT_WITH_DB
    | c.CLIENT_CONNECT_ATTRS
    | c.CLIENT_QUERY_ATTRIBUTES
    | c.CLIENT_OPTIONAL_METADATA
)


class RawClient:
    """One socket. `sequence` is the number the next packet from here gets."""

    def __init__(self, port: int, capabilities: int = PLAIN) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=100)
        self.capabilities = capabilities
        self.sequence = 0

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def read_exactly(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            piece = self.socket.recv(count - len(got))
            if not piece:
                raise EOFError(f"closed after {len(got)} of {count} bytes")
            got += piece
        return got

    def read(self) -> bytes:
        """The next packet's payload; its number must be the right one."""
        header = self.read_exactly(4)
        assert header[3] == self.sequence & 255, (header[3], self.sequence)
        self.sequence = header[3] + 1
        return self.read_exactly(int.from_bytes(header[:3], "little"))

    def read_until_end(self) -> list[bytes]:
        """Packets up to and with the next EOF (or OK in its place) or ERR, after a first one."""
        packets = [self.read()]
        while packets[-1][0] != 0xFF and not (packets[-1][0] == 0xFE and len(packets[-1]) < 60):
            packets.append(self.read())
        return packets

    def is_closed(self) -> bool:
        """Whether the server has closed: nothing more comes."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def send(self, payload: bytes) -> None:
        self.socket.sendall(pack("<I", len(payload) | (self.sequence & 255) << 24) + payload)
        self.sequence += 1

    def command(self, payload: bytes) -> None:
        self.sequence = 0
        self.send(payload)

    def login_packet(
        self, user: str, response: bytes, plugin: str = "caching_sha2_password", db: str = ""
    ) -> bytes:
        packet = pack("<IIB", self.capabilities, 1 << 24, 255) + bytes(23)
        packet += user.encode() + b"\0" + bytes((len(response),)) + response
        if self.capabilities & c.CLIENT_CONNECT_WITH_DB:
            packet += db.encode() + b"\0"
        return packet + plugin.encode() + b"\0"

    def greeting(self) -> bytes:
        """Read the greeting; the nonce in it."""
        fields = Fields(self.read())
        assert fields.number(1) == 10
        self.version = fields.until_nul()
        self.connection_id = fields.number(4)
        nonce = fields.take(8)
        fields.take(1)
        offered = fields.number(2)
        fields.take(1)
        self.status = fields.number(2)
        self.offered = offered | fields.number(2) << 16
        assert fields.number(1) == 21
        fields.take(10)
        nonce += fields.take(12)
        assert fields.take(1) == b"\0"
        self.plugin = fields.until_nul()
        return nonce

    def login(self, user: str = "root", password: str = "", db: str = "") -> bytes:
        """Log in; the last packet (OK or ERR)."""
        nonce = self.greeting()
        if db:
            self.capabilities |= c.CLIENT_CONNECT_WITH_DB
        response = scramble(password, nonce) if password else b""
        self.send(self.login_packet(user, response, db=db))
        return self.finish_login()

    def finish_login(self) -> bytes:
        packet = self.read()
        return self.read() if packet == b"\x01\x03" else packet


def scramble(password: str, nonce: bytes) -> bytes:
    """caching_sha2_password's answer to a nonce."""
    stage_1 = hashlib.sha256(password.encode()).digest()
    stage_2 = hashlib.sha256(stage_1).digest()
    mask = hashlib.sha256(stage_2 + nonce).digest()
    return bytes(x ^ y for x, y in zip(stage_1, mask, strict=True))


def errno_of(packet: bytes) -> int:
    assert packet[0] == 0xFF, packet
    return int.from_bytes(packet[1:3], "little")
