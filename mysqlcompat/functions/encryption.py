"""Encryption and digests: AES_ENCRYPT and AES_DECRYPT, MD5, SHA1, SHA2, RANDOM_BYTES."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

try:
    from cryptography.hazmat.decrepit.ciphers.modes import CFB, CFB8, OFB
except ImportError:  # before they were moved there
    from cryptography.hazmat.primitives.ciphers.modes import CFB, CFB8, OFB

from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import (
    MAX_CHARACTERS,
    build_as,
    define,
    implement,
    integer,
    known_int,
    plain_length,
    text,
)
from mysqlcompat.functions.strings import bytes_of
from mysqlcompat.functions.table import Context
from mysqlcompat.sql.agreement import has_param
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Expression, Literal, is_constant
from mysqlcompat.sqltypes import BINARY, SqlType, string_type

_BLOCK_BYTES: Final = 16
_WRONG_BITS: Final = "Incorrect parameters in the call to native function 'sha2'"
_MODE: Final = "block_encryption_mode"
_MOST_RANDOM_BYTES: Final = 1024
_KDF_OPTION_BYTES: Final = 256
_SHA2: Final[dict[int | None, Any]] = {
    0: hashlib.sha256, 224: hashlib.sha224, 256: hashlib.sha256, 384: hashlib.sha384,
    512: hashlib.sha512,
}  # fmt: skip


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


# AES --------------------------------------------------------------------------------------------


def _mode_of(context: Any) -> tuple[int, str]:
    """(key bytes, mode of operation) of @@block_encryption_mode."""
    _, bits, mode = str(context.system_variable(_MODE, "")).lower().split("-")
    return int(bits) // 8, mode


def _check_arguments(name: str, typing: Typing, args: Sequence[Expression]) -> None:
    if len(args) == 2 and _mode_of(typing.context)[1] != "ecb":
        raise SqlError(1582, name)


def _taken(typing: Typing, args: Sequence[Expression]) -> list[Expression]:
    """The arguments; the first, if it is a literal, is part of the plan: its length decides the
    result's."""
    first, *rest = (typing.as_string(arg) for arg in args)
    if isinstance(first, Literal):
        first = replace(first, literal_no=None)
    return [first, *rest]


@build_as("aes_encrypt", 2, 6)
def build_aes_encrypt(typing: Typing, args: Sequence[Expression]) -> Expression:
    _check_arguments("aes_encrypt", typing, args)
    taken = _taken(typing, args)
    size = plain_length(taken[0])
    if _mode_of(typing.context)[1] in ("ecb", "cbc"):
        size = (size // _BLOCK_BYTES + 1) * _BLOCK_BYTES
    size = min(size, MAX_CHARACTERS)
    return typing.call("aes_encrypt", string_type(size, BINARY, True), *taken)


@build_as("aes_decrypt", 2, 6)
def build_aes_decrypt(typing: Typing, args: Sequence[Expression]) -> Expression:
    _check_arguments("aes_decrypt", typing, args)
    taken = _taken(typing, args)
    return typing.call("aes_decrypt", string_type(taken[0].type.length, BINARY, True), *taken)


@lru_cache(maxsize=64)
def _key(given: bytes, key_bytes: int, kdf: tuple[bytes, ...]) -> bytes:
    """The key proper: derived, or `given` folded over itself until it fits."""
    if kdf:
        return _derived(given, key_bytes, *kdf)
    folded = bytearray(key_bytes)
    for at, byte in enumerate(given):
        folded[at % key_bytes] ^= byte
    return bytes(folded)


def _derived(
    given: bytes, key_bytes: int, method: bytes, salt: bytes = b"", option: bytes = b""
) -> bytes:
    match method.decode("latin-1").lower():
        case "hkdf":
            made: Any = HKDF(hashes.SHA512(), key_bytes, salt or None, option)
        case "pbkdf2_hmac":
            count = int(option) if option.isdigit() else 1000 if not option else 0
            if not 1000 <= count <= 65535:
                raise SqlError(3236, "pbkdf2_hmac")
            made = PBKDF2HMAC(hashes.SHA512(), key_bytes, salt, count)
        case _:
            raise SqlError(3235)
    return bytes(made.derive(given))


def _kdf_options(values: Sequence[Any]) -> tuple[bytes, ...]:
    options = tuple(None if value is None else _bytes(value) for value in values)
    if any(option is None or len(option) >= _KDF_OPTION_BYTES for option in options):
        raise SqlError(3238)
    return tuple(option for option in options if option is not None)


def _vector(context: Context, name: str, mode: str, rest: Sequence[Any]) -> bytes:
    """The initialization vector, checked. Raises 1882."""
    given = rest[0] if rest else None
    if mode == "ecb":
        if len(rest) == 1:
            context.warn(1618, "<IV> option ignored")
        return b""
    vector = b"" if given is None else _bytes(given)
    if len(vector) < _BLOCK_BYTES:
        raise SqlError(1882, name, _BLOCK_BYTES)
    return vector[:_BLOCK_BYTES]


def _cipher(key: bytes, mode: str, vector: bytes) -> Cipher[Any]:
    match mode:
        case "ecb" | "cfb1":
            how: Any = modes.ECB()
        case "cbc":
            how = modes.CBC(vector)
        case "cfb8":
            how = CFB8(vector)
        case "cfb128":
            how = CFB(vector)
        case _:
            how = OFB(vector)
    return Cipher(algorithms.AES(key), how)


def _finished(worker: CipherContext, data: bytes) -> bytes:
    return worker.update(data) + worker.finalize()


def _cfb1(cipher: Cipher[Any], vector: bytes, data: bytes, decrypting: bool) -> bytes:
    """Cipher feedback of one bit, which no library here has: the register moves bit by bit."""
    worker = cipher.encryptor()
    register, mask = int.from_bytes(vector, "big"), (1 << 128) - 1
    out = bytearray()
    for byte in data:
        made = 0
        for bit in range(7, -1, -1):
            stream = worker.update(register.to_bytes(_BLOCK_BYTES, "big"))[0] >> 7
            given = byte >> bit & 1
            made = made << 1 | (given ^ stream)
            register = (register << 1 | (given if decrypting else given ^ stream)) & mask
        out.append(made)
    return bytes(out)


@dataclass(frozen=True, slots=True)
class _Job:
    """One encryption or decryption, its arguments checked."""

    cipher: Cipher[Any]
    mode: str
    vector: bytes
    data: bytes


def _job(context: Context, name: str, value: Any, key: Any, rest: Sequence[Any]) -> _Job | None:
    """What is to be done; None if the result is NULL. Raises 1882, 3235, 3236, 3238."""
    key_bytes, mode = _mode_of(context)
    kdf = _kdf_options(rest[1:])
    if value is None or key is None:
        return None
    vector = _vector(context, name, mode, rest)
    _warn_long_key(context, key, key_bytes, kdf)
    cipher = _cipher(_key(_bytes(key), key_bytes, kdf), mode, vector)
    return _Job(cipher, mode, vector, _bytes(value))


def _one_worker(
    context: Context, name: str, call: Call, key: Sequence[Any], rest: Sequence[Any]
) -> Cipher[Any] | None:
    """The cipher of a column whose blocks do not depend on each other: ECB, one key for all."""
    if rest or not is_constant(call.args[1]) or _mode_of(context)[1] != "ecb":
        return None
    job = _job(context, name, b"", key[0], ())
    return None if job is None else job.cipher


def _encrypted(
    context: Context, call: Call, plain: Sequence[Any], key: Sequence[Any], *rest: Sequence[Any]
) -> list[bytes | None] | None:
    """AES_ENCRYPT of a column at one go."""
    cipher = _one_worker(context, "aes_encrypt", call, key, rest)
    if cipher is None:
        return None
    parts = [b"" if value is None else _padded(bytes_of(call, value)) for value in plain]
    made = _finished(cipher.encryptor(), b"".join(parts))
    ends = accumulate(map(len, parts))
    return [
        None if value is None else made[end - len(part) : end]
        for value, part, end in zip(plain, parts, ends, strict=True)
    ]


def _padded(data: bytes) -> bytes:
    """PKCS #7"""
    count = _BLOCK_BYTES - len(data) % _BLOCK_BYTES
    return data + bytes((count,)) * count


def _decrypted(
    context: Context, call: Call, secrets: Sequence[Any], key: Sequence[Any], *rest: Sequence[Any]
) -> list[bytes | None] | None:
    """AES_DECRYPT of a column at one go."""
    cipher = _one_worker(context, "aes_decrypt", call, key, rest)
    if cipher is None:
        return None
    parts = [b"" if value is None else _bytes(value) for value in secrets]
    parts = [part if len(part) % _BLOCK_BYTES == 0 else b"" for part in parts]
    made = _finished(cipher.decryptor(), b"".join(parts))
    ends = accumulate(map(len, parts))
    return [_unpadded(made[end - len(part) : end]) for part, end in zip(parts, ends, strict=True)]


def _unpadded(data: bytes) -> bytes | None:
    """What was padded; None if it was not: the key is another."""
    count = data[-1] if data else 0
    if not 0 < count <= _BLOCK_BYTES or data[-count:] != data[-1:] * count:
        return None
    return data[:-count]


@implement("aes_encrypt", null_rejects=False, pure=False, settled=True, columns=_encrypted)
def aes_encrypt(context: Context, call: Call, plain: Any, key: Any, *rest: Any) -> bytes | None:
    data = None if plain is None else bytes_of(call, plain)
    job = _job(context, "aes_encrypt", data, key, rest)
    if job is None:
        return None
    if job.mode == "cfb1":
        return _cfb1(job.cipher, job.vector, job.data, False)
    data = job.data
    if job.mode in ("ecb", "cbc"):
        data = _padded(data)
    return _finished(job.cipher.encryptor(), data)


@implement("aes_decrypt", null_rejects=False, pure=False, settled=True, columns=_decrypted)
def aes_decrypt(context: Context, call: Call, secret: Any, key: Any, *rest: Any) -> bytes | None:
    job = _job(context, "aes_decrypt", secret, key, rest)
    if job is None:
        return None
    if job.mode == "cfb1":
        return _cfb1(job.cipher, job.vector, job.data, True)
    if job.mode not in ("ecb", "cbc"):
        return _finished(job.cipher.decryptor(), job.data)
    if len(job.data) % _BLOCK_BYTES:
        return None
    return _unpadded(_finished(job.cipher.decryptor(), job.data))


def _warn_long_key(context: Context, key: Any, key_bytes: int, kdf: tuple[bytes, ...]) -> None:
    if not kdf and len(_bytes(key)) > key_bytes:
        context.warn(
            3237,
            f"AES key size should be {key_bytes} bytes length or secure KDF methods hkdf or "
            "pbkdf2_hmac should be used, please provide exact AES key size or use KDF methods for "
            "better security.",
        )


# Digests ----------------------------------------------------------------------------------------


@define("md5", "e", text(32))
def md5(context: Context, call: Call, value: Any) -> str:
    return hashlib.md5(bytes_of(call, value), usedforsecurity=False).hexdigest()


@define("sha1 sha", "e", text(40))
def sha1(context: Context, call: Call, value: Any) -> str:
    return hashlib.sha1(bytes_of(call, value), usedforsecurity=False).hexdigest()


def _sha2_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    """A constant number of bits is looked at here, whether or not a string comes with it."""
    if is_constant(args[1]) and not has_param(args[1]):
        bits = known_int(typing, args[1])
        if bits not in _SHA2:
            typing.context.warn(1583, _WRONG_BITS)
    else:
        bits = 512
    return string_type((bits if bits in _SHA2 and bits else 256) // 4, typing.context.collation)


@define("sha2", "ei", _sha2_type, null_rejects=False)
def sha2(context: Context, call: Call, value: Any, bits: int | None) -> str | None:
    if value is None:
        return None
    if bits not in _SHA2:
        if not is_constant(call.args[1]):  # of a constant it has been said
            context.warn(1583, _WRONG_BITS)
        return None
    made: str = _SHA2[bits](bytes_of(call, value)).hexdigest()
    return made


@define(
    "random_bytes", "i", string_type(_MOST_RANDOM_BYTES, BINARY, True), nullable=True,
    once=False, pure=False,
)  # fmt: skip
def random_bytes(context: Context, call: Call, count: int) -> bytes:
    if not 1 <= count <= _MOST_RANDOM_BYTES:
        raise SqlError(1690, "length", "random_bytes")
    return secrets.token_bytes(count)


@define("validate_password_strength", "s", integer(10), nullable=True)
def validate_password_strength(context: Context, call: Call, password: Any) -> int:
    """0: the component that judges passwords is not installed, as on a new MySQL."""
    return 0
