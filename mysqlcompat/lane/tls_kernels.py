"""TLS for the lane: what a socket gives into clear text, replies into what a socket takes.

libssl's session keeps both directions in memory (`wire.openssl`), so these calls never wait; it is
the same session that Python uses while the connection is its own. Results of C are `int`s, the
upper half of whose register means nothing.
"""

from __future__ import annotations

from mysqlcompat.lane.lane_layout import (
    C_TLS,
    C_TLS_IN,
    C_TLS_MORE,
    C_TLS_OUT,
    L_TLS,
    RECORDS_BYTES,
    SEALED_BYTES,
    T_BIO_READ,
    T_BIO_WRITE,
    T_CLEAR_ERROR,
    T_GET_ERROR,
    T_READ,
    T_RECEIVED,
    T_SEALED,
    T_WRITE,
)
from mysqlcompat.lane.serve_kernels import word
from mysqlcompat.lane.system_kernels import EAGAIN, receive
from redo.calls import outside3
from redo.coding_kernels import address_of, store_i64
from redo.jit import helper

_SIGN = 0x80000000
_WANT_READ = 2


@helper
def call(mem, tls, function, first, second, third):
    """A function of the TLS block; one that takes fewer arguments does not look at the others."""
    result = outside3(word(mem, tls, function), (first, second, third))
    return ((result & 0xFFFFFFFF) ^ _SIGN) - _SIGN


@helper
def tls_receive(mem, lane, connection, descriptor, at, count):
    """What the socket has, in clear to `at`, where there is room for `count` bytes; how many.
    -EAGAIN: nothing yet; 0 or less otherwise: it is over."""
    tls = word(mem, lane, L_TLS)
    received = word(mem, tls, T_RECEIVED)
    got = receive(mem, descriptor, received, RECORDS_BYTES)
    if got <= 0:
        return got
    incoming = word(mem, connection, C_TLS_IN)
    if call(mem, tls, T_BIO_WRITE, incoming, address_of(mem, received), got) != got:
        return 0
    return tls_read(mem, tls, connection, at, count)


@helper
def tls_read(mem, tls, connection, at, count):
    """The same of what the session has received already."""
    session = word(mem, connection, C_TLS)
    total = 0
    why = 0
    while total < count and why == 0:
        call(mem, tls, T_CLEAR_ERROR, 0, 0, 0)
        got = call(mem, tls, T_READ, session, address_of(mem, at + total), count - total)
        if got > 0:
            total += got
        else:
            why = call(mem, tls, T_GET_ERROR, session, got, 0)
    store_i64(mem, connection + 8 * C_TLS_MORE, why != _WANT_READ)
    if total:
        return total
    return -EAGAIN if why == _WANT_READ else 0


@helper
def tls_seal(mem, tls, connection, out, count):
    """A reply of `count` bytes, and what the session has to say itself, encrypted to T_SEALED; how
    many bytes that is; less than 1 when the session is broken."""
    session, outgoing = word(mem, connection, C_TLS), word(mem, connection, C_TLS_OUT)
    call(mem, tls, T_CLEAR_ERROR, 0, 0, 0)
    if call(mem, tls, T_WRITE, session, address_of(mem, out), count) != count:
        return 0
    sealed = address_of(mem, word(mem, tls, T_SEALED))
    return call(mem, tls, T_BIO_READ, outgoing, sealed, SEALED_BYTES)
