"""A certificate and a key of our own, made at first start and kept in the data directory.

Clients that verify nothing (the default) get encryption (`openssl`), and caching_sha2_password over
it. The same RSA key encrypts passwords for clients without TLS.
"""

from __future__ import annotations

import contextlib
import datetime
import os
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from mysqlcompat.wire.openssl import TlsContext

_KEY_BITS: Final = 2048
_LIFETIME: Final = datetime.timedelta(days=3650)


class PasswordKey:
    """The RSA key of caching_sha2_password's exchange without TLS."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key
        self.public_pem = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def cipher_bytes(self) -> int:
        """How long an encrypted password is."""
        return self._key.key_size // 8

    def decrypt(self, cipher: bytes) -> bytes | None:
        """What a client encrypted (RSA-OAEP, SHA-1), or None."""
        oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
        try:
            return self._key.decrypt(cipher, oaep)
        except ValueError:
            return None


class Identity:
    """The server's certificate and key: a TLS context and a `PasswordKey`."""

    def __init__(self, directory: Path) -> None:
        file = directory / "server-identity.pem"
        if not file.exists():
            directory.mkdir(parents=True, exist_ok=True)
            _create(file)
        pem = file.read_bytes()  # of our own making: to prove its primes again takes 30 ms
        key = serialization.load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError(f"{file} does not hold an RSA key")
        self.password_key = PasswordKey(key)
        self.context = TlsContext(file)


def _create(file: Path) -> None:
    from cryptography import x509  # takes its time, and is needed once in a volume's life
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mysqlcompat server")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(file, private + certificate.public_bytes(pem))


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all; of several nodes that start together the first one's stays."""
    scratch = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(scratch, file)
    scratch.unlink()
