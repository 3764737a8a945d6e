"""Proving a password: caching_sha2_password, mysql_native_password.

caching_sha2_password, after the client's first answer (a scramble of the password and our nonce)::

    empty answer ──► account without password?  yes: in   no: 1045
    scramble ──► stage-2 hash cached? ──yes, fits──► AuthMoreData 3 ──► in
                     │ no, or does not fit
                     ▼
                 AuthMoreData 4 ──► TLS: the password in clear text
                                    else: 2 asks for the public key, then RSA(password ^ nonce)
                     ▼
                 SHA-crypt fits ──► cached, in      else 1045

A wrong password, an unknown user, and a wrong host answer alike. Whoever is refused gets ERR and
the connection is closed: nothing of the session layer exists before `authenticate` has returned.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from typing import Final, Protocol

from mysqlcompat.errors import SqlError
from mysqlcompat.wire.fields import Malformed
from mysqlcompat.wire.handshake import Login, auth_more, auth_switch, new_nonce
from mysqlcompat.wire.sessions import Accounts, Credentials
from mysqlcompat.wire.tls import PasswordKey

CACHING_SHA2: Final = "caching_sha2_password"
NATIVE: Final = "mysql_native_password"

_FAST_OK, _FULL, _WANTS_KEY = b"\x03", b"\x04", b"\x02"
_MOST_PASSWORD_BYTES: Final = 256
_SALT_BYTES: Final = 20
_ROUNDS: Final = 5000
_DIGITS: Final = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Exchange(Protocol):
    """A connection, as far as authentication needs one."""

    @property
    def secure(self) -> bool: ...
    def send(self, payload: bytes) -> None: ...
    async def ask(self) -> bytes:
        """Flush what was sent; the client's next packet."""
        ...


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def hash_password(password: str, salt: bytes | None = None) -> bytes:
    """What mysql.user.authentication_string holds for a caching_sha2_password account."""
    if not password:
        return b""
    if salt is None:
        # Printable and without the separator, as the server makes them.
        salt = bytes(secrets.choice(_DIGITS) for _ in range(_SALT_BYTES))
    digest = sha_crypt(password.encode(), salt, _ROUNDS)
    return b"$A$%03X$" % (_ROUNDS // 1000) + salt + digest


def password_fits(secret: bytes, password: bytes) -> bool:
    """Whether `password` is the one behind an authentication_string."""
    if not secret or not password:
        return not secret and not password
    if len(secret) != 7 + _SALT_BYTES + 43 or not secret.startswith(b"$A$"):
        return False
    rounds = int(secret[3:6], 16) * 1000
    digest = sha_crypt(password, secret[7 : 7 + _SALT_BYTES], rounds)
    return hmac.compare_digest(digest, secret[7 + _SALT_BYTES :])


def sha_crypt(password: bytes, salt: bytes, rounds: int) -> bytes:
    """SHA-256 crypt (the `$5$` of crypt(3)), the 43 characters of its digest only."""

    def repeated(block: bytes, count: int) -> bytes:
        return (block * (count // len(block) + 1))[:count]

    size = len(password)
    other = sha256(password, salt, password)
    mixed = bytearray(password + salt + repeated(other, size))
    bits = size
    while bits:
        mixed += other if bits & 1 else password
        bits >>= 1
    digest = sha256(bytes(mixed))
    long_password = repeated(sha256(password * size), size)
    long_salt = repeated(sha256(salt * (16 + digest[0])), len(salt))
    for number in range(rounds):
        block = long_password if number & 1 else digest
        if number % 3:
            block += long_salt
        if number % 7:
            block += long_password
        block += digest if number & 1 else long_password
        digest = hashlib.sha256(block).digest()
    return _base64(digest)


def _base64(digest: bytes) -> bytes:
    """crypt(3)'s own order of bytes and bits."""
    made = bytearray()
    a, b, c = 0, 10, 20
    for _ in range(10):
        _put24(made, digest[a] << 16 | digest[b] << 8 | digest[c], 4)
        a, b, c = c + 1, a + 1, b + 1
    _put24(made, digest[31] << 8 | digest[30], 3)
    return bytes(made)


def _put24(made: bytearray, word: int, count: int) -> None:
    for _ in range(count):
        made.append(_DIGITS[word & 63])
        word >>= 6


def native_secret(password: str) -> bytes:
    """authentication_string of a mysql_native_password account."""
    if not password:
        return b""
    inner = hashlib.sha1(password.encode()).digest()
    return b"*" + hashlib.sha1(inner).hexdigest().upper().encode()


def _native_fits(secret: bytes, response: bytes, nonce: bytes) -> bool:
    if not secret or len(response) != 20:
        return not secret and not response
    try:
        stage_2 = bytes.fromhex(secret[1:].decode())
    except ValueError:
        return False
    mask = hashlib.sha1(nonce + stage_2).digest()
    stage_1 = bytes(x ^ y for x, y in zip(response, mask, strict=True))
    return hmac.compare_digest(hashlib.sha1(stage_1).digest(), stage_2)


def is_loopback(host: str) -> bool:
    """Whether a peer is on this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Authenticator:
    """Checks logins against accounts; remembers stage-2 hashes of passwords once proved."""

    def __init__(self, accounts: Accounts, key: PasswordKey) -> None:
        self.accounts = accounts
        self._key = key
        self._proved: dict[tuple[str, str], tuple[bytes, bytes]] = {}

    async def authenticate(
        self, exchange: Exchange, login: Login, nonce: bytes, host: str, *, switch: bool = False
    ) -> Credentials:
        """The account, once its password is proved. SqlError 1045 otherwise; Malformed.

        nonce   what the greeting carried
        switch  the answer is not to be trusted (COM_CHANGE_USER): ask anew with a fresh nonce
        """
        account = self.accounts.lookup(login.user, host)
        # An unknown user goes the same way with a secret nobody has.
        shown = account or Credentials(login.user, host, CACHING_SHA2, b"?")
        response = login.response
        if switch or login.plugin != shown.plugin:
            nonce = new_nonce()
            exchange.send(auth_switch(shown.plugin, nonce))
            response = await exchange.ask()
        if shown.plugin == NATIVE:
            fits = _native_fits(shown.secret, response, nonce)
            used = bool(response)
        else:
            fits, used = await self._caching_sha2(exchange, shown, response, nonce)
        if account is not None and not account.secret and not is_loopback(host):
            fits = False
        if account is None or not fits:
            raise SqlError(1045, login.user, host, "YES" if used else "NO")
        return account

    async def _caching_sha2(
        self, exchange: Exchange, account: Credentials, response: bytes, nonce: bytes
    ) -> tuple[bool, bool]:
        """Whether the password fits, and whether one was given."""
        if response in (b"", b"\0"):
            return not account.secret, False
        if len(response) != 32:
            raise Malformed(f"scramble of {len(response)} bytes")
        name = (account.user, account.host)
        secret, stage_2 = self._proved.get(name, (b"", b""))
        if secret == account.secret and secret and _scramble_fits(response, stage_2, nonce):
            exchange.send(auth_more(_FAST_OK))
            return True, True
        password = await self._full(exchange, nonce)
        if not password_fits(account.secret, password):
            return False, bool(password)
        if account.secret:
            self._proved[name] = (account.secret, sha256(sha256(password)))
        return True, True

    async def _full(self, exchange: Exchange, nonce: bytes) -> bytes:
        """The password itself, over TLS or encrypted with our key."""
        exchange.send(auth_more(_FULL))
        answer = await exchange.ask()
        if exchange.secure:
            return _password(answer)
        if answer == _WANTS_KEY:
            exchange.send(auth_more(self._key.public_pem))
            answer = await exchange.ask()
        if len(answer) != self._key.cipher_bytes:
            raise Malformed(f"encrypted password of {len(answer)} bytes")
        plain = self._key.decrypt(answer)
        if plain is None:
            return b"\xff"  # encrypted for another key: nobody's password
        mask = nonce * (len(plain) // len(nonce) + 1)
        return _password(bytes(x ^ y for x, y in zip(plain, mask, strict=False)))


def _password(answer: bytes) -> bytes:
    """A password as sent, with its NUL."""
    if not answer.endswith(b"\0") or len(answer) > _MOST_PASSWORD_BYTES:
        raise Malformed("password without end")
    return answer[:-1]


def _scramble_fits(response: bytes, stage_2: bytes, nonce: bytes) -> bool:
    mask = sha256(stage_2, nonce)
    stage_1 = bytes(x ^ y for x, y in zip(response, mask, strict=True))
    return hmac.compare_digest(sha256(stage_1), stage_2)
