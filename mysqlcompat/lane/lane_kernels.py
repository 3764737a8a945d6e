"""The lane's turn: wait for sockets, serve hot statements, report the rest. asyncio's `select()`.

A descriptor with a connection block whose C_SERVING is 1 is the lane's: its bytes are received here
and answered here. As soon as one command needs Python the block's C_SERVING becomes 0, the bytes
not yet served stay in its receive buffer, and the descriptor is reported as a hand-off; asyncio
serves it from then on until Python gives it back.
"""

from __future__ import annotations

from btree.state import ST_WAKE
from mysqlcompat.lane.lane_layout import (
    C_DESCRIPTOR,
    C_FILLED,
    C_MISSES,
    C_RECEIVE,
    C_RECEIVED,
    C_REPLY,
    C_REPLY_BYTES,
    C_SENT,
    C_SERVED,
    C_SERVING,
    C_TLS,
    C_TLS_MORE,
    C_UNSENT,
    C_UNSENT_BYTES,
    C_WAIT,
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
    L_MISSED,
    L_MISSED_COUNT,
    L_OUT,
    L_QUEUE,
    L_QUEUE_HEAD,
    L_QUEUE_TAIL,
    L_SCRATCH,
    L_SERVED,
    L_SPIN_NS,
    L_TLS,
    L_WAITING,
    MISSES_MAX,
    NOBODY_WAITS,
    RECEIVE_BYTES,
    ST_LANE,
    T_SEALED,
    UNTIL_DURABLE,
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
from mysqlcompat.lane.tls_kernels import tls_read, tls_receive, tls_seal
from redo.codes import E_PAGE_MISS
from redo.coding_kernels import atomic_load, load_i32, load_i64, load_u8, load_u32, move, store_i64
from redo.control import CTRL_EPOCH
from redo.jit import helper, kernel
from redo.log_kernels import log_advance, log_publish
from redo.state import ST_EPOCH, ST_MISS_PAGE, ST_NEXT_LSN, ST_PUBLISHED, ST_READ_ONLY, ST_VDL

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
def take_in(mem, lane, connection, descriptor, at, count):
    """Receive up to `count` bytes, in clear, to `at`; how many, or 0 or less as `receive` does."""
    if word(mem, connection, C_TLS):
        return tls_receive(mem, lane, connection, descriptor, at, count)
    return receive(mem, descriptor, at, count)


@helper
def reply(mem, lane, connection, descriptor, out, count):
    """Send `count` bytes at `out`; 1 when the socket took all, 0 when Python must."""
    add_word(mem, connection, C_SENT, count)
    if word(mem, connection, C_TLS):
        tls = word(mem, lane, L_TLS)
        count = tls_seal(mem, tls, connection, out, count)
        if count < 1:
            return 0  # Python will find the session broken, too
        out = word(mem, tls, T_SEALED)
    sent = send(mem, descriptor, out, count)
    if sent < 0:
        sent = 0
    if sent == count:
        return 1
    set_word(mem, connection, C_UNSENT, out + sent)
    set_word(mem, connection, C_UNSENT_BYTES, count - sent)
    return 0


@helper
def reply_later(mem, lane, connection, count):
    """Keep the reply in the out buffer until its commit is durable. Commits come in LSN order."""
    move(mem, word(mem, connection, C_REPLY), word(mem, lane, L_OUT), count)
    set_word(mem, connection, C_REPLY_BYTES, count)
    tail = word(mem, lane, L_QUEUE_TAIL)
    place = tail % word(mem, lane, L_DESCRIPTORS)
    store_i64(mem, word(mem, lane, L_QUEUE) + 8 * place, connection)
    set_word(mem, lane, L_QUEUE_TAIL, tail + 1)


@helper
def wait_for_page(st, mem, lane, connection):
    """Put a statement that has missed a page among those to serve again when it is there; 1, or 0
    when it had better be Python's."""
    misses = word(mem, connection, C_MISSES)
    count = word(mem, lane, L_MISSED_COUNT)
    if misses == MISSES_MAX or count == EVENT_LIMIT:
        return 0
    set_word(mem, connection, C_MISSES, misses + 1)
    at = word(mem, lane, L_MISSED) + 16 * count
    store_i64(mem, at, connection)
    store_i64(mem, at + 8, st[ST_MISS_PAGE])
    set_word(mem, lane, L_MISSED_COUNT, count + 1)
    return 1


@helper
def serve_received(st, mem, lane, connection, descriptor):
    """Serve what has been received, until something has to wait; 1 to go on, 0 after handing
    off."""
    while serve_packets(st, mem, lane, connection, descriptor):
        waits = word(mem, connection, C_WAIT) or word(mem, connection, C_MISSES)
        if waits or word(mem, connection, C_TLS_MORE) == 0:
            return 1
        filled = word(mem, connection, C_FILLED)
        at = word(mem, connection, C_RECEIVE) + filled
        got = tls_read(mem, word(mem, lane, L_TLS), connection, at, RECEIVE_BYTES - filled)
        if got == -EAGAIN:
            return 1
        if got <= 0:
            hand_off(mem, lane, connection, descriptor)
            return 0
        set_word(mem, connection, C_FILLED, filled + got)
        add_word(mem, connection, C_RECEIVED, got)
    return 0


@helper
def serve_packets(st, mem, lane, connection, descriptor):
    """Serve the complete packets in the receive buffer, until one has to wait for its commit; 1 to
    go on, 0 after handing off."""
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
        if written == E_PAGE_MISS and wait_for_page(st, mem, lane, connection):
            break
        set_word(mem, connection, C_MISSES, 0)
        if written < 0:
            going = 0
            break
        at += 4 + count
        add_word(mem, connection, C_SERVED, 1)
        add_word(mem, lane, L_SERVED, 1)
        if word(mem, connection, C_WAIT) != 0:
            reply_later(mem, lane, connection, written)
            break
        if reply(mem, lane, connection, descriptor, word(mem, lane, L_OUT), written) == 0:
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
    got = take_in(mem, lane, connection, descriptor, at, RECEIVE_BYTES - filled)
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
def receive_ahead(mem, lane, connection, descriptor, events):
    """Take in what a client sends while its commit is not durable. That it has hung up, or sends
    more than there is room for, is looked at afterwards: epoll says it again."""
    filled = word(mem, connection, C_FILLED)
    full = filled == RECEIVE_BYTES or word(mem, connection, C_TLS_MORE)
    if events != READABLE_ONLY or full:
        return
    at = word(mem, connection, C_RECEIVE) + filled
    got = take_in(mem, lane, connection, descriptor, at, RECEIVE_BYTES - filled)
    if got > 0:
        set_word(mem, connection, C_FILLED, filled + got)
        add_word(mem, connection, C_RECEIVED, got)


@helper
def has_waiting(mem, lane):
    return word(mem, lane, L_QUEUE_HEAD) != word(mem, lane, L_QUEUE_TAIL)


@helper
def first_waiting(st, mem, lane):
    """The connection whose reply may leave now, taken from the queue; 0 when there is none."""
    while has_waiting(mem, lane):
        head = word(mem, lane, L_QUEUE_HEAD)
        place = head % word(mem, lane, L_DESCRIPTORS)
        connection = word(mem, word(mem, lane, L_QUEUE) + 8 * place, 0)
        if connection != 0:
            if word(mem, connection, C_WAIT) > st[ST_VDL]:
                return 0
            # VDL was read first: what was durable in our epoch was ours. Once somebody else owns
            # the volume, its progress says nothing about our log, and nobody is told anything.
            if atomic_load(mem, CTRL_EPOCH) != st[ST_EPOCH]:
                return 0
        set_word(mem, lane, L_QUEUE_HEAD, head + 1)
        if connection != 0:
            return connection
    return 0


@helper
def deliver(st, mem, lane):
    """Send the replies whose commits are durable now, and serve on what came in meanwhile."""
    while word(mem, lane, L_HANDOFF_COUNT) < EVENT_LIMIT:
        connection = first_waiting(st, mem, lane)
        if connection == 0:
            return
        set_word(mem, connection, C_WAIT, 0)
        descriptor = word(mem, connection, C_DESCRIPTOR)
        at, count = word(mem, connection, C_REPLY), word(mem, connection, C_REPLY_BYTES)
        wanted = word(mem, connection, C_SERVING) == UNTIL_DURABLE
        if reply(mem, lane, connection, descriptor, at, count) == 0 or wanted:
            hand_off(mem, lane, connection, descriptor)
            continue
        serve_received(st, mem, lane, connection, descriptor)
        if word(mem, connection, C_UNSENT_BYTES):
            return  # its rest is in the out buffer: see `serve_events`


@helper
def push_log(st, mem):
    """What this round has changed leaves as one batch."""
    if st[ST_NEXT_LSN] > st[ST_PUBLISHED] and st[ST_READ_ONLY] == 0:
        log_publish(st, mem)


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
        elif word(mem, connection, C_WAIT) != 0 or word(mem, connection, C_MISSES) != 0:
            receive_ahead(mem, lane, connection, descriptor, flags)
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


@helper
def serve_missed(st, mem, lane):
    """Serve once more what had missed a page; those that miss another one wait again."""
    count = word(mem, lane, L_MISSED_COUNT)
    set_word(mem, lane, L_MISSED_COUNT, 0)
    for i in range(count):
        at = word(mem, lane, L_MISSED) + 16 * i
        connection = load_i64(mem, at)
        if word(mem, connection, C_SERVING) == 0 or word(mem, connection, C_MISSES) == 0:
            continue  # Python has taken it back
        if word(mem, lane, L_HANDOFF_COUNT):  # the out buffer may be in use: later
            kept = word(mem, lane, L_MISSED_COUNT)
            to = word(mem, lane, L_MISSED) + 16 * kept
            store_i64(mem, to, connection)
            store_i64(mem, to + 8, load_i64(mem, at + 8))
            set_word(mem, lane, L_MISSED_COUNT, kept + 1)
            continue
        serve_received(st, mem, lane, connection, word(mem, connection, C_DESCRIPTOR))


@kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def lane_turn(st, mem, poller, timeout_ms, rounds):
    """Publish the log, then wait and serve until something is Python's (foreign event, hand-off,
    a commit that became durable, a lock given back), the time is over, or `rounds` rounds have
    passed, a page was missed. Every round publishes what it has changed. The pages missed last time
    are in the pool, or their connections have been taken back.

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
    deliver(st, mem, lane)
    if word(mem, lane, L_MISSED_COUNT) and word(mem, lane, L_HANDOFF_COUNT) == 0:
        serve_missed(st, mem, lane)
    push_log(st, mem)
    if word(mem, lane, L_HANDOFF_COUNT):
        return 1
    if word(mem, lane, L_MISSED_COUNT):
        timeout_ms = 0  # others are served while those pages are fetched: in the same turn
        rounds = 1
    waiting = word(mem, lane, L_WAITING)
    if st[ST_VDL] >= waiting or st[ST_WAKE]:
        return 0
    while rounds > 0:
        # Not while a commit waits: the copies need the processor more than the clients do.
        spinning = now - word(mem, lane, L_ACTIVE_NS) < spin_ns and waiting == NOBODY_WAITS
        spinning = spinning and not has_waiting(mem, lane)
        wait = timeout_ms
        if timeout_ms > 0:
            wait = max(0, (deadline - now + 999_999) // 1_000_000)
        found = epoll_wait(mem, poller, events, EVENT_LIMIT, 0 if spinning else wait)
        if found < 0:
            return found
        if found:
            served = serve_events(st, mem, lane, found)
            if word(mem, lane, L_HANDOFF_COUNT) == 0:  # else the out buffer may be in use
                deliver(st, mem, lane)
            push_log(st, mem)
            if word(mem, lane, L_FOREIGN_COUNT) or word(mem, lane, L_HANDOFF_COUNT):
                return found
            if word(mem, lane, L_MISSED_COUNT):
                return found
            if st[ST_VDL] >= waiting or st[ST_WAKE]:
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
