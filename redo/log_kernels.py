"""Sealing, publishing and acknowledging the log: what the loop does once per turn.

The ring's words go one way: the writer publishes, copies write and sync and store how far they are
durable, the writer takes how far a write quorum is. Sleepers are woken through eventfds, and only
if they sleep: "store, fence, look at the flag" on one side, "flag, fence, look at the word" on the
other.
"""

from __future__ import annotations

from redo import jit
from redo.checksum_kernels import crc32c
from redo.cipher_kernels import ENCRYPT, batch_turn
from redo.codes import E_STALE_EPOCH
from redo.coding_kernels import atomic_load, atomic_store, fence, fill, store_i64, store_u32
from redo.control import (
    COPIES,
    COPY_DURABLE,
    COPY_SLEEPING,
    COPY_STRIDE,
    CTRL_BATCH_CLOCK,
    CTRL_COPY,
    CTRL_EPOCH,
    CTRL_LAST_BATCH,
    CTRL_PUBLISHED,
    CTRL_REPLICA,
    CTRL_VDL,
    REPLICA_SLEEPING,
    REPLICA_STRIDE,
    REPLICAS_MAX,
)
from redo.edit_kernels import ring_offset
from redo.failpoint_kernels import die_at
from redo.failpoints import PUBLISH_BATCH, PUBLISH_DONE, PUBLISH_SEALED
from redo.record import (
    BATCH_CLOCK_AT,
    BATCH_CRC_AT,
    BATCH_EPOCH_AT,
    BATCH_HEADER_BYTES,
    BATCH_LENGTH_AT,
    BATCH_LSN_AT,
    BATCH_MAGIC,
    BATCH_MAGIC_AT,
    BATCH_MTRS_AT,
    BATCH_PREVIOUS_AT,
    BATCH_RECORDS_AT,
)
from redo.state import (
    ST_BATCH_LSN,
    ST_BATCH_MTRS,
    ST_BATCH_RECORDS,
    ST_CIPHER,
    ST_COPY_FD,
    ST_EPOCH,
    ST_FOLLOWER_FD,
    ST_LAST_BATCH,
    ST_NEXT_LSN,
    ST_PUBLISHED,
    ST_VDL,
)
from redo.system_kernels import clock_us, event_signal

WAKE_SCRATCH = 64  #: bytes of the null page that eventfd writes may use


@jit.helper
def log_seal(st, mem):
    """Write the header of the open batch, encrypt it if the volume is; wall clock in it, or the
    last batch's where it was turned back: by time, too, batches ascend.

    E_STALE_EPOCH when it cannot be encrypted: then this node has written its last.
    """
    lsn = st[ST_BATCH_LSN]
    at = ring_offset(st, lsn)
    length = st[ST_NEXT_LSN] - lsn
    fill(mem, at, BATCH_HEADER_BYTES, 0)
    now = max(clock_us(mem, at), atomic_load(mem, CTRL_BATCH_CLOCK))
    store_u32(mem, at + BATCH_MAGIC_AT, BATCH_MAGIC)
    store_i64(mem, at + BATCH_LSN_AT, lsn)
    store_i64(mem, at + BATCH_PREVIOUS_AT, st[ST_LAST_BATCH])
    store_i64(mem, at + BATCH_EPOCH_AT, st[ST_EPOCH])
    store_i64(mem, at + BATCH_CLOCK_AT, now)
    store_u32(mem, at + BATCH_LENGTH_AT, length)
    store_u32(mem, at + BATCH_RECORDS_AT, st[ST_BATCH_RECORDS])
    store_u32(mem, at + BATCH_MTRS_AT, st[ST_BATCH_MTRS])
    if st[ST_CIPHER] != 0 and batch_turn(mem, st[ST_CIPHER], at, length, ENCRYPT) < 0:
        return E_STALE_EPOCH
    store_u32(mem, at + BATCH_CRC_AT, crc32c(mem, at + BATCH_LSN_AT, length - BATCH_LSN_AT))
    return now


@jit.helper
def log_publish(st, mem):
    """Seal and publish what was appended, wake sleeping copies; end of what is published.

    Not inside a mini-transaction. E_STALE_EPOCH: somebody else owns the volume, nothing done.
    """
    if st[ST_BATCH_LSN] == 0:
        return st[ST_PUBLISHED]
    if atomic_load(mem, CTRL_EPOCH) != st[ST_EPOCH]:
        return E_STALE_EPOCH
    now = log_seal(st, mem)
    if now < 0:
        return now
    die_at(st, mem, PUBLISH_SEALED)
    st[ST_LAST_BATCH] = st[ST_BATCH_LSN]
    st[ST_BATCH_LSN] = 0
    st[ST_PUBLISHED] = st[ST_NEXT_LSN]
    atomic_store(mem, CTRL_LAST_BATCH, st[ST_LAST_BATCH])
    die_at(st, mem, PUBLISH_BATCH)
    atomic_store(mem, CTRL_BATCH_CLOCK, now)
    atomic_store(mem, CTRL_PUBLISHED, st[ST_PUBLISHED])
    die_at(st, mem, PUBLISH_DONE)
    fence()
    for i in range(COPIES):
        sleeping = CTRL_COPY + i * COPY_STRIDE + COPY_SLEEPING
        if st[ST_COPY_FD + i] >= 0 and atomic_load(mem, sleeping) != 0:
            event_signal(mem, st[ST_COPY_FD + i], WAKE_SCRATCH)
    return st[ST_PUBLISHED]


@jit.helper
def quorum_durable(mem):
    """How far the log is durable at a write quorum (`quorum.volume_durable`)."""
    best = atomic_load(mem, CTRL_COPY + COPY_DURABLE)
    for full in range(2, COPIES, 2):
        best = min(best, atomic_load(mem, CTRL_COPY + full * COPY_STRIDE + COPY_DURABLE))
    for i in range(COPIES):
        mine = atomic_load(mem, CTRL_COPY + i * COPY_STRIDE + COPY_DURABLE)
        reached = 0
        for j in range(COPIES):
            if atomic_load(mem, CTRL_COPY + j * COPY_STRIDE + COPY_DURABLE) >= mine:
                reached += 1
        if reached >= 4 and mine > best:
            best = mine
    return best


@jit.helper
def log_advance(st, mem):
    """Recompute VDL from the copies' words, store it, wake sleeping replicas if it moved; VDL."""
    durable = quorum_durable(mem)
    if durable <= st[ST_VDL]:
        return st[ST_VDL]
    st[ST_VDL] = durable
    atomic_store(mem, CTRL_VDL, durable)
    fence()
    for i in range(REPLICAS_MAX):
        sleeping = CTRL_REPLICA + i * REPLICA_STRIDE + REPLICA_SLEEPING
        if st[ST_FOLLOWER_FD + i] >= 0 and atomic_load(mem, sleeping) != 0:
            event_signal(mem, st[ST_FOLLOWER_FD + i], WAKE_SCRATCH)
    return durable


@jit.kernel("i8(i8[::1], u1[::1])")
def publish(st, mem):
    """`log_publish` for Python."""
    return log_publish(st, mem)


@jit.kernel("i8(i8[::1], u1[::1])")
def advance(st, mem):
    """`log_advance` for Python."""
    return log_advance(st, mem)
