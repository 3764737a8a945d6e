"""Bytes of a copy's log files by LSN, as they are there. `seg`: a segment block."""

from __future__ import annotations

from redo import jit
from redo.coding_kernels import address_of, load_i64
from redo.segment_layout import CHUNK_HEADER_BYTES, FDS_SLOTS, S_CHUNK_BYTES, S_FDS_AT
from redo.system_kernels import sys_pread


@jit.helper
def log_read(mem, seg, lsn, count, out):
    """Read up to `count` bytes of log at `lsn` to mem[out:]; bytes read: fewer where files end."""
    chunk_bytes = load_i64(mem, seg + S_CHUNK_BYTES)
    fds = load_i64(mem, seg + S_FDS_AT)
    done = 0
    while done < count:
        at = lsn + done
        chunk = at // chunk_bytes
        fd = load_i64(mem, fds + 8 * (chunk & (FDS_SLOTS - 1)))
        if fd < 0:
            return done
        inside = at - chunk * chunk_bytes
        take = min(count - done, chunk_bytes - inside)
        got = sys_pread(fd, address_of(mem, out + done), take, CHUNK_HEADER_BYTES + inside)
        if got <= 0:
            return done
        done += got
    return done
