"""TLS as a filter between a socket and a session, by OpenSSL's libssl.

A `TlsSession` keeps both directions in memory and knows no socket: whoever has the socket at the
moment, asyncio (`channel`) or the lane's kernels (`lane.tls_kernels`), drives the same session.
Python's `ssl` module keeps its sessions to itself, hence ctypes; calls keep the interpreter's lock,
as none of them waits for anything.
"""

from __future__ import annotations

import ctypes
import functools
import ssl  # its libssl is the one to use: by its name it is found again, wherever it lies
import weakref
from pathlib import Path
from typing import Any, Final

from redo.shared_library import find_library

#: What kernels call, in the order of `lane_layout`'s table.
KERNEL_CALLS: Final = (
    "BIO_write",
    "SSL_read",
    "SSL_write",
    "BIO_read",
    "SSL_get_error",
    "ERR_clear_error",
)

_LIBRARIES: Final = ("libssl.so.3", "libssl.so.1.1")
_PIECE_BYTES: Final = 1 << 14  #: plaintext of a record
_WANT_READ: Final = 2
_ZERO_RETURN: Final = 6
_SET_MIN_PROTOCOL: Final = 123
_SET_MODE: Final = 33
_RELEASE_BUFFERS: Final = 0x10  #: an idle session keeps no buffers for records
_NO_RENEGOTIATION: Final = 1 << 30
_PEM: Final = 1

_pointer = ctypes.c_void_p
_number = ctypes.c_int
_bytes = ctypes.c_char_p
_PROTOTYPES: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "BIO_ctrl_pending": (ctypes.c_size_t, (_pointer,)),
    "BIO_new": (_pointer, (_pointer,)),
    "BIO_read": (_number, (_pointer, _pointer, _number)),
    "BIO_s_mem": (_pointer, ()),
    "BIO_write": (_number, (_pointer, _bytes, _number)),
    "ERR_clear_error": (None, ()),
    "SSL_CIPHER_get_name": (_bytes, (_pointer,)),
    "SSL_CTX_ctrl": (ctypes.c_long, (_pointer, _number, ctypes.c_long, _pointer)),
    "SSL_CTX_free": (None, (_pointer,)),
    "SSL_CTX_new": (_pointer, (_pointer,)),
    "SSL_CTX_set_options": (ctypes.c_uint64, (_pointer, ctypes.c_uint64)),
    "SSL_CTX_use_PrivateKey_file": (_number, (_pointer, _bytes, _number)),
    "SSL_CTX_use_certificate_chain_file": (_number, (_pointer, _bytes)),
    "SSL_do_handshake": (_number, (_pointer,)),
    "SSL_free": (None, (_pointer,)),
    "SSL_get_current_cipher": (_pointer, (_pointer,)),
    "SSL_get_error": (_number, (_pointer, _number)),
    "SSL_get_version": (_bytes, (_pointer,)),
    "SSL_new": (_pointer, (_pointer,)),
    "SSL_read": (_number, (_pointer, _pointer, _number)),
    "SSL_set_accept_state": (None, (_pointer,)),
    "SSL_set_bio": (None, (_pointer, _pointer, _pointer)),
    "SSL_shutdown": (_number, (_pointer,)),
    "SSL_write": (_number, (_pointer, _bytes, _number)),
    "TLS_server_method": (_pointer, ()),
}

_piece = ctypes.create_string_buffer(_PIECE_BYTES)
_piece_view = memoryview(_piece).cast("B")


class TlsError(Exception):
    """The other side does not speak TLS as it must, or nothing can be agreed on with it."""


@functools.cache
def libssl() -> Any:
    """OpenSSL's libssl, 1.1 or later. Raises OSError naming it when this machine has none."""
    library = find_library(_LIBRARIES, "ssl", _PROTOTYPES, ctypes.PyDLL)
    if library is None:
        raise OSError(f"TLS needs libssl of {ssl.OPENSSL_VERSION} or another (Debian: libssl3)")
    for call, (result, arguments) in _PROTOTYPES.items():
        function = getattr(library, call)
        function.restype, function.argtypes = result, arguments
    return library


def kernel_calls() -> tuple[int, ...]:
    """Addresses of `KERNEL_CALLS` in this process."""
    library = libssl()
    return tuple(ctypes.cast(getattr(library, call), _pointer).value or 0 for call in KERNEL_CALLS)


class TlsContext:
    """What all sessions of a server have in common: its certificate and key, out of one PEM file.

    TLS 1.2 at least, no renegotiation. Raises TlsError when the file does not do, OSError when
    there is no libssl.
    """

    def __init__(self, file: Path) -> None:
        library = libssl()
        self._library = library
        self.address = int(library.SSL_CTX_new(library.TLS_server_method()) or 0)
        if not self.address:
            raise TlsError("libssl makes no context")
        weakref.finalize(self, library.SSL_CTX_free, self.address)
        library.SSL_CTX_ctrl(self.address, _SET_MIN_PROTOCOL, ssl.TLSVersion.TLSv1_2, None)
        library.SSL_CTX_ctrl(self.address, _SET_MODE, _RELEASE_BUFFERS, None)
        library.SSL_CTX_set_options(self.address, _NO_RENEGOTIATION)
        name = bytes(file)
        done = library.SSL_CTX_use_certificate_chain_file(self.address, name)
        if done != 1 or library.SSL_CTX_use_PrivateKey_file(self.address, name, _PEM) != 1:
            library.ERR_clear_error()
            raise TlsError(f"{file} holds no certificate with its key")

    def session(self) -> TlsSession:
        """The server's side of one connection."""
        return TlsSession(self)


class TlsSession:
    """One connection's TLS. What libssl wants to send is had by `outgoing`, after every call.

    address              of libssl's session
    incoming_at, outgoing_at   of its two buffers
    established          the handshake is over
    version, cipher      what was agreed on in it
    ended                the client has said that nothing will follow
    """

    def __init__(self, context: TlsContext) -> None:
        self._library = library = libssl()
        self._context = context
        self.address = int(library.SSL_new(context.address) or 0)
        self.incoming_at = int(library.BIO_new(library.BIO_s_mem()) or 0)
        self.outgoing_at = int(library.BIO_new(library.BIO_s_mem()) or 0)
        if not (self.address and self.incoming_at and self.outgoing_at):
            raise MemoryError("libssl makes no session")
        library.SSL_set_bio(self.address, self.incoming_at, self.outgoing_at)
        library.SSL_set_accept_state(self.address)
        self.established = False
        self.ended = False
        self.version = self.cipher = ""

    def receive(self, data: bytes) -> bytes:
        """Take what the socket gave; all that can be read now. Raises TlsError."""
        self._require_open()
        if data:
            self._library.BIO_write(self.incoming_at, data, len(data))
        if not self.established and not self._shake_hands():
            return b""
        return self._read()

    def _shake_hands(self) -> bool:
        library = self._library
        library.ERR_clear_error()
        done = library.SSL_do_handshake(self.address)
        if done == 1:
            self.established = True
            cipher = library.SSL_get_current_cipher(self.address)
            self.cipher = library.SSL_CIPHER_get_name(cipher).decode()
            self.version = library.SSL_get_version(self.address).decode()
        elif self._error(done) != _WANT_READ:
            raise TlsError("the handshake failed")
        return self.established

    def _read(self) -> bytes:
        library, parts = self._library, []
        while not self.ended:
            library.ERR_clear_error()
            got = library.SSL_read(self.address, _piece, _PIECE_BYTES)
            if got > 0:
                parts.append(bytes(_piece_view[:got]))
                continue
            error = self._error(got)
            if error == _WANT_READ:
                break
            if error != _ZERO_RETURN:
                raise TlsError("a record that cannot be read")
            self.ended = True
        return b"".join(parts)

    def send(self, data: bytes) -> None:
        """Encrypt, for `outgoing`. Raises TlsError."""
        self._require_open()
        self._library.ERR_clear_error()
        if data and self._library.SSL_write(self.address, data, len(data)) != len(data):
            raise TlsError("the session is broken")

    def end(self) -> None:
        """Say that nothing will follow."""
        self._require_open()
        self._library.ERR_clear_error()
        self._library.SSL_shutdown(self.address)
        self._library.ERR_clear_error()

    def outgoing(self) -> bytes:
        """What is to be sent now."""
        self._require_open()
        count = self._library.BIO_ctrl_pending(self.outgoing_at)
        if not count:
            return b""
        data = ctypes.create_string_buffer(count)
        self._library.BIO_read(self.outgoing_at, data, count)
        return data.raw

    def close(self) -> None:
        """Free it. Nobody may use its addresses any more."""
        if self.address:
            self._library.SSL_free(self.address)
            self.address = 0

    def _require_open(self) -> None:
        if not self.address:
            raise TlsError("the session is closed")

    def _error(self, result: int) -> int:
        return int(self._library.SSL_get_error(self.address, result))
