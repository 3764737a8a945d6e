"""The lane's turn: wait for sockets, serve hot statements, report the rest. asyncio's `select()`.

A descriptor with a connection block whose C_SERVING is 1 is the lane's: its bytes are received here
and answered here. As soon as one command needs Python the block's C_SERVING becomes 0, the bytes
not yet served stay in its receive buffer, and the descriptor is reported as a hand-off; asyncio
serves it from then on until Python gives it back.
"""

from __future__ import annotations

from mysqlcompat.lane.lane_layout import (
    C_FILLED,
    C_RECEIVE,
    C_RECEIVED,
    C_SENT,
    C_SERVED,
    C_SERVING,
    C_UNSENT,
    C_UNSENT_BYTES,
    EVENT_LIMIT,
    L_ACKS,
    L_ACTIVE_NS,
    L_CONNECTIONS,
    L_DESCRIPTORS,
    L_EVENTS,
    L_FOREIGN,
    L_FOREIGN_COUNT,
    L_HANDOFF_COUNT,
    L_HANDOFFS,
    L_OUT,
    L_SCRATCH,
    L_SERVED,
    L_SPIN_NS,
    L_WAITING,
    NOBODY_WAITS,
    RECEIVE_BYTES,
    ST_LANE,
)
from mysqlcompat.lane.serve_kernels import serve_packet, word
from mysqlcompat.lane.system_kernels import (
    EAGAIN,
    epoll_wait,
    monotonic_ns,
    read,
    receive,
    send,
)
from redo.coding_kernels import load_i32, load_u8, load_u32, move, store_i64
from redo.jit import helper, kernel
from redo.log_kernels import log_advance, log_publish
from redo.state import ST_NEXT_LSN, ST_PUBLISHED, ST_READ_ONLY, ST_VDL

READABLE_ONLY = 1  #: EPOLLIN and nothing else


@helper
def set_word(mem, block, number, value):
    store_i64(mem, block + 8 * number, value)


@helper
def add_word(mem, block, number, value):
    store_i64(mem, block + 8 * number, word(mem, block, number) + value)


@helper
def hand_off(mem, lane, connection, descriptor):
    """From now on the connection is Python's, with what it has sent and we have not served."""
    set_word(mem, connection, C_SERVING, 0)
    count = word(mem, lane, L_HANDOFF_COUNT)
    store_i64(mem, word(mem, lane, L_HANDOFFS) + 8 * count, descriptor)
    set_word(mem, lane, L_HANDOFF_COUNT, count + 1)


@helper
def report(mem, lane, descriptor, events):
    """This event is asyncio's."""
    count = word(mem, lane, L_FOREIGN_COUNT)
    at = word(mem, lane, L_FOREIGN) + 16 * count
    store_i64(mem, at, descriptor)
    store_i64(mem, at + 8, events)
    set_word(mem, lane, L_FOREIGN_COUNT, count + 1)


@helper
def reply(mem, lane, connection, descriptor, count):
    """Send `count` bytes of the out buffer; 1 when the socket took all, 0 when Python must."""
    out = word(mem, lane, L_OUT)
    sent = send(mem, descriptor, out, count)
    if sent < 0:
        sent = 0
    add_word(mem, connection, C_SENT, sent)
    if sent == count:
        return 1
    set_word(mem, connection, C_UNSENT, out + sent)
    set_word(mem, connection, C_UNSENT_BYTES, count - sent)
    return 0


@helper
def serve_received(st, mem, lane, connection, descriptor):
    """Serve the complete packets in the receive buffer; 1 to go on, 0 after handing off."""
    start = word(mem, connection, C_RECEIVE)
    end = start + word(mem, connection, C_FILLED)
    at = start
    going = 1
    while at + 4 <= end:
        count = load_u32(mem, at) & 0xFFFFFF
        if count == 0 or load_u8(mem, at + 3) != 0 or 4 + count > RECEIVE_BYTES:
            going = 0
            break
        if at + 4 + count > end:
            break
        written = serve_packet(st, mem, lane, connection, at + 4, count)
        if written < 0:
            going = 0
            break
        at += 4 + count
        add_word(mem, connection, C_SERVED, 1)
        add_word(mem, lane, L_SERVED, 1)
        if reply(mem, lane, connection, descriptor, written) == 0:
            going = 0
            break
    if at > start:
        move(mem, start, at, end - at)
        set_word(mem, connection, C_FILLED, end - at)
    if going == 0:
        hand_off(mem, lane, connection, descriptor)
    return going


@helper
def serve_descriptor(st, mem, lane, connection, descriptor, events):
    """Answer one ready socket. 1 when it was served here."""
    filled = word(mem, connection, C_FILLED)
    at = word(mem, connection, C_RECEIVE) + filled
    got = receive(mem, descriptor, at, RECEIVE_BYTES - filled)
    if got == -EAGAIN:
        return 1
    if got <= 0:  # closed or broken: asyncio will see the same and close it
        hand_off(mem, lane, connection, descriptor)
        report(mem, lane, descriptor, events)
        return 0
    set_word(mem, connection, C_FILLED, filled + got)
    add_word(mem, connection, C_RECEIVED, got)
    return serve_received(st, mem, lane, connection, descriptor)


@helper
def serve_events(st, mem, lane, count):
    """Go through what epoll found; how many sockets were served here."""
    served = 0
    for i in range(count):
        event = word(mem, lane, L_EVENTS) + 12 * i
        flags = load_u32(mem, event)
        descriptor = load_i32(mem, event + 4)
        if descriptor == word(mem, lane, L_ACKS):
            read(mem, descriptor, word(mem, lane, L_SCRATCH), 8)
            log_advance(st, mem)
            continue
        connection = 0
        if 0 <= descriptor < word(mem, lane, L_DESCRIPTORS):
            connection = word(mem, word(mem, lane, L_CONNECTIONS), descriptor)
        if connection == 0 or word(mem, connection, C_SERVING) == 0:
            report(mem, lane, descriptor, flags)
        elif flags != READABLE_ONLY:
            hand_off(mem, lane, connection, descriptor)
            report(mem, lane, descriptor, flags)
        else:
            served += serve_descriptor(st, mem, lane, connection, descriptor, flags)
            if word(mem, connection, C_UNSENT_BYTES):
                # The rest of its reply is still in the out buffer, which the next reply would
                # overwrite. Events not looked at yet come again: epoll is level-triggered.
                break
    return served


@kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def lane_turn(st, mem, poller, timeout_ms, rounds):
    """Publish the log, then wait and serve until something is Python's (foreign event, hand-off,
    a commit that became durable), the time is over, or `rounds` rounds have passed.

    poller      epoll descriptor
    timeout_ms  -1: for ever, 0: only look
    ->          events epoll gave last; L_FOREIGN and L_HANDOFFS hold what Python must do;
                -errno when epoll_wait failed (interrupted by a signal)
    """
    lane = st[ST_LANE]
    set_word(mem, lane, L_FOREIGN_COUNT, 0)
    set_word(mem, lane, L_HANDOFF_COUNT, 0)
    scratch = word(mem, lane, L_SCRATCH)
    spin_ns = word(mem, lane, L_SPIN_NS)
    events = word(mem, lane, L_EVENTS)
    now = monotonic_ns(mem, scratch)
    deadline = now + timeout_ms * 1_000_000
    found = 0
    if st[ST_NEXT_LSN] > st[ST_PUBLISHED] and st[ST_READ_ONLY] == 0:
        log_publish(st, mem)
    waiting = word(mem, lane, L_WAITING)
    if st[ST_VDL] >= waiting:
        return 0
    while rounds > 0:
        # Not while a commit waits: the copies need the processor more than the clients do.
        spinning = now - word(mem, lane, L_ACTIVE_NS) < spin_ns and waiting == NOBODY_WAITS
        wait = timeout_ms
        if timeout_ms > 0:
            wait = max(0, (deadline - now + 999_999) // 1_000_000)
        found = epoll_wait(mem, poller, events, EVENT_LIMIT, 0 if spinning else wait)
        if found < 0:
            return found
        if found:
            served = serve_events(st, mem, lane, found)
            if word(mem, lane, L_FOREIGN_COUNT) or word(mem, lane, L_HANDOFF_COUNT):
                return found
            if st[ST_VDL] >= waiting:
                return found
            rounds -= 1
            now = monotonic_ns(mem, scratch)
            if served:
                set_word(mem, lane, L_ACTIVE_NS, now)
        else:
            if not spinning:
                return 0
            now = monotonic_ns(mem, scratch)
        if timeout_ms >= 0 and now >= deadline:
            return found
    return found
