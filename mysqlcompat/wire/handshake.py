"""Greeting, login packet, COM_CHANGE_USER, authentication packets.

The parsers take hostile bytes: every read is checked (`fields.Fields`), so a malformed packet is
`Malformed`, never a wait or a loop.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Final

from mysql_mimic.charset import CharacterSet
from mysql_mimic.packets import make_handshake_v10
from mysql_mimic.types import Capabilities, ServerStatus

from mysqlcompat.wire import constants as c
from mysqlcompat.wire.fields import Fields, Malformed

NONCE_BYTES: Final = 20
_FIXED_BYTES: Final = 32  #: of a login packet; an SSLRequest is just these
_ATTRIBUTE_BYTES: Final = 1 << 16  #: most bytes of connection attributes, as in MySQL


def new_nonce() -> bytes:
    """Twenty random bytes that survive as a C string."""
    return bytes(secrets.randbelow(126) + 1 for _ in range(NONCE_BYTES)).replace(b"$", b"%")


def greeting(version: str, connection_id: int, nonce: bytes, plugin: str, status: int) -> bytes:
    """The server's first packet."""
    return bytes(
        make_handshake_v10(
            capabilities=Capabilities(c.SERVER_CAPABILITIES),
            server_charset=CharacterSet.utf8mb4,
            server_version=version,
            connection_id=connection_id & 0xFFFFFFFF,
            auth_data=nonce + b"\0",
            status_flags=ServerStatus(status),
            auth_plugin_name=plugin,
        )
    )


@dataclass(slots=True)
class Login:
    """What a client says about itself at login, or in COM_CHANGE_USER."""

    capabilities: int
    max_packet: int
    collation: int
    user: str = ""
    response: bytes = b""
    database: str = ""
    plugin: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


def is_tls_request(packet: bytes) -> bool:
    """Whether a first packet asks for TLS (it then ends where the user name would begin)."""
    return len(packet) == _FIXED_BYTES and bool(int.from_bytes(packet[:4], "little") & c.CLIENT_SSL)


def speaks_protocol_41(packet: bytes) -> bool:
    """Whether a first packet is in the layout of this century."""
    return len(packet) >= 2 and bool(int.from_bytes(packet[:2], "little") & c.CLIENT_PROTOCOL_41)


def parse_login(packet: bytes) -> Login:
    """HandshakeResponse41. Raises Malformed."""
    fields = Fields(packet)
    capabilities = fields.number(4) & c.SERVER_CAPABILITIES
    login = Login(capabilities, fields.number(4), fields.number(1))
    fields.take(23)
    login.user = _text(fields.until_nul())
    if capabilities & c.CLIENT_LENENC_AUTH:
        login.response = fields.string()
    elif capabilities & c.CLIENT_SECURE_CONNECTION:
        login.response = fields.take(fields.number(1))
    else:
        login.response = fields.until_nul()
    if capabilities & c.CLIENT_CONNECT_WITH_DB and fields.left:
        login.database = _text(fields.until_nul())
    if capabilities & c.CLIENT_PLUGIN_AUTH and fields.left:
        login.plugin = _text(_nul_or_rest(fields))
    if capabilities & c.CLIENT_CONNECT_ATTRS and fields.left:
        login.attributes = _attributes(fields)
    return login


def parse_change_user(packet: bytes, capabilities: int, collation: int) -> Login:
    """COM_CHANGE_USER (without the command byte). Raises Malformed."""
    fields = Fields(packet)
    login = Login(capabilities, 0, collation)
    login.user = _text(fields.until_nul())
    login.response = fields.take(fields.number(1))
    login.database = _text(fields.until_nul())
    if fields.left >= 2:
        login.collation = fields.number(2)
    if capabilities & c.CLIENT_PLUGIN_AUTH and fields.left:
        login.plugin = _text(_nul_or_rest(fields))
    if capabilities & c.CLIENT_CONNECT_ATTRS and fields.left:
        login.attributes = _attributes(fields)
    return login


def auth_switch(plugin: str, nonce: bytes) -> bytes:
    """AuthSwitchRequest."""
    return b"\xfe" + plugin.encode() + b"\0" + nonce + b"\0"


def auth_more(data: bytes) -> bytes:
    """AuthMoreData."""
    return b"\x01" + data


def _nul_or_rest(fields: Fields) -> bytes:
    """A last string whose NUL some clients leave out."""
    try:
        return fields.until_nul()
    except Malformed:
        return fields.rest()


def _attributes(fields: Fields) -> dict[str, str]:
    block = fields.string()
    if len(block) > _ATTRIBUTE_BYTES:
        raise Malformed("too many connection attributes")
    pairs = Fields(block)
    found = {}
    while pairs.left:
        name = _text(pairs.string())
        found[name] = _text(pairs.string())
    return found


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
