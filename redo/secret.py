"""The secret that the hosts of a volume share, and the mutual TLS that follows from it.

Both ends derive the same key pair from the secret (HKDF-SHA256, Ed25519) and the same certificate,
byte for byte, signed by itself. Each shows it and accepts nothing else: whoever completes a
handshake has the secret. TLS 1.3 only; what is sent has keys of its own in every connection.
"""

from __future__ import annotations

import os
import secrets
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from redo.errors import VolumeError

SECRET_BYTES_MIN: Final = 16
_PURPOSE: Final = b"mysqlcompat: TLS between the hosts of a volume, version 1"


def create_secret(path: Path) -> None:
    """Make a file with a new secret, readable by its owner only. Raises VolumeError."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise VolumeError(f"{path}: {error.strerror}") from None
    with os.fdopen(fd, "w") as file:
        file.write(secrets.token_hex(32) + "\n")


def load_secret(path: Path) -> bytes:
    """The secret in a file. Raises VolumeError when it is none, or others can read it."""
    try:
        mode = path.stat().st_mode
        secret = path.read_bytes().strip()
    except OSError as error:
        raise VolumeError(f"secret file {path}: {error.strerror}") from None
    if mode & 0o077:
        raise VolumeError(f"secret file {path} can be read by others: chmod 600 it")
    if len(secret) < SECRET_BYTES_MIN:
        raise VolumeError(f"secret file {path}: at least {SECRET_BYTES_MIN} bytes are needed")
    return secret


def context(secret: bytes, server: bool) -> ssl.SSLContext:
    """TLS settings of one end."""
    kind = ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT
    made = ssl.SSLContext(kind)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    key = Ed25519PrivateKey.from_private_bytes(_derived(secret))
    certificate = _certificate(key)
    made.load_verify_locations(cadata=certificate.decode())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    fd = os.memfd_create("zone-key", os.MFD_CLOEXEC)  # ssl reads keys from files only
    try:
        os.write(fd, certificate + private)
        made.load_cert_chain(f"/proc/self/fd/{fd}")
    finally:
        os.close(fd)
    return made


def _derived(secret: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=_PURPOSE).derive(secret)


def _certificate(key: Ed25519PrivateKey) -> bytes:
    from cryptography import x509  # takes its time, and few volumes are on several hosts
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mysqlcompat storage")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(9999, 12, 31, tzinfo=UTC))
    )
    return builder.sign(key, None).public_bytes(serialization.Encoding.PEM)
