"""Which records a page has: the page table and the nodes of a full copy, and pages built from them.

Nodes are appended in LSN order, so "log below LSN x is coalesced" drops a prefix of them. One lock
in `segment.py` covers every kernel here.
"""

from __future__ import annotations

from redo import jit
from redo.checksum_kernels import crc32c
from redo.codes import E_CORRUPT, E_NO_ROOM, E_NOT_FOUND
from redo.coding_kernels import (
    address_of,
    fill,
    load_i64,
    load_u16,
    load_u32,
    move,
    store_i64,
    store_u32,
)
from redo.image import PAGE_CRC_AT, PAGE_LSN_AT, PAGE_NO_AT
from redo.log_read_kernels import batch_load, log_read
from redo.record import (
    BATCH_EPOCH_AT,
    BATCH_HEADER_BYTES,
    BATCH_RECORDS_AT,
    FLAG_WHOLE,
    KIND_PAGE,
    RECORD_FLAGS_AT,
    RECORD_HEADER_BYTES,
    RECORD_KIND_AT,
    RECORD_LENGTH_AT,
    RECORD_LSN_AT,
    RECORD_PAGE_NO_AT,
)
from redo.record_kernels import apply_record, batch_length, image_crc, record_stride
from redo.segment_layout import (
    E_HEAD,
    E_LOCATION,
    E_PAGE,
    E_VERSION,
    ENTRY_BYTES,
    N_FOLLOWING,
    N_LSN,
    N_PREVIOUS,
    NODE_BYTES,
    S_FIRST_NODE,
    S_HASH_AT,
    S_HASH_SLOTS,
    S_HASH_USED,
    S_INDEXED,
    S_INDEXED_BATCH,
    S_INDEXED_EPOCH,
    S_NEXT_NODE,
    S_NODES_AT,
    S_NODES_SLOTS,
    S_STORE_FDS_AT,
    S_WINDOW_AT,
    S_WINDOW_COUNT,
    S_WINDOW_LSN,
    STORE_ENTRY_BYTES,
    WINDOW_BYTES,
    WINDOW_STEP_BYTES,
    X_CRC,
    X_LSN,
    X_PAGE,
    X_SLOT,
)
from redo.state import ST_PAGE_BYTES
from redo.system_kernels import sys_pread

CANNOT_READ = -100  #: `page_build`: a file gave an error or bytes that are not the page's


@jit.helper
def entry_find(mem, seg, page_no):
    """Offset of the page's entry, or of the empty slot where it belongs."""
    slots = load_i64(mem, seg + S_HASH_SLOTS)
    table = load_i64(mem, seg + S_HASH_AT)
    slot = ((page_no * -7046029254386353131) >> 20) & (slots - 1)
    while True:
        entry = table + slot * ENTRY_BYTES
        key = load_i64(mem, entry + E_PAGE)
        if key == 0 or key == page_no + 1:
            return entry
        slot = (slot + 1) & (slots - 1)


@jit.helper
def entry_of(mem, seg, page_no):
    """Offset of the page's entry, made if it is new. The caller has seen to room."""
    entry = entry_find(mem, seg, page_no)
    if load_i64(mem, entry + E_PAGE) == 0:
        store_i64(mem, entry + E_PAGE, page_no + 1)
        store_i64(mem, entry + E_HEAD, -1)
        store_i64(mem, entry + E_LOCATION, -1)
        store_i64(mem, entry + E_VERSION, 0)
        store_i64(mem, seg + S_HASH_USED, load_i64(mem, seg + S_HASH_USED) + 1)
    return entry


@jit.helper
def node_at(mem, seg, node):
    """Offset of a node by its number."""
    slot = node & (load_i64(mem, seg + S_NODES_SLOTS) - 1)
    return load_i64(mem, seg + S_NODES_AT) + slot * NODE_BYTES


@jit.helper
def records_index(mem, seg, record, end):
    """Append a node for every PAGE record of mem[record:end]."""
    node = load_i64(mem, seg + S_NEXT_NODE)
    while record < end:
        if load_u16(mem, record + RECORD_KIND_AT) == KIND_PAGE:
            entry = entry_of(mem, seg, load_i64(mem, record + RECORD_PAGE_NO_AT))
            whole = load_u16(mem, record + RECORD_FLAGS_AT) & FLAG_WHOLE
            at = node_at(mem, seg, node)
            store_i64(
                mem, at + N_LSN, load_i64(mem, record + RECORD_LSN_AT) | (whole // FLAG_WHOLE)
            )
            store_i64(mem, at + N_PREVIOUS, load_i64(mem, entry + E_HEAD))
            store_i64(mem, entry + E_HEAD, node)
            node += 1
        record += record_stride(mem, record)
    store_i64(mem, seg + S_NEXT_NODE, node)
    return 0


@jit.kernel("i8(i8[::1], u1[::1], i8, i8)")
def index_extend(st, mem, seg, limit):
    """Index the log from S_INDEXED to `limit`, a batch boundary.

    ->  0, E_CORRUPT, or E_NO_ROOM: enlarge page table and nodes, call again
    """
    while load_i64(mem, seg + S_INDEXED) < limit:
        lsn = load_i64(mem, seg + S_INDEXED)
        at = batch_load(mem, seg, lsn, limit)
        if at < 0:
            return E_CORRUPT
        records = load_u32(mem, at + BATCH_RECORDS_AT)
        nodes = load_i64(mem, seg + S_NEXT_NODE) - load_i64(mem, seg + S_FIRST_NODE)
        if nodes + records > load_i64(mem, seg + S_NODES_SLOTS):
            return E_NO_ROOM
        used = load_i64(mem, seg + S_HASH_USED)
        if 2 * (used + records) > load_i64(mem, seg + S_HASH_SLOTS):
            return E_NO_ROOM
        length = batch_length(mem, at, lsn)
        records_index(mem, seg, at + BATCH_HEADER_BYTES, at + length)
        store_i64(mem, seg + S_INDEXED_BATCH, lsn)
        store_i64(mem, seg + S_INDEXED_EPOCH, load_i64(mem, at + BATCH_EPOCH_AT))
        store_i64(mem, seg + S_INDEXED, lsn + length)
    return 0


@jit.kernel("i8(u1[::1], i8, i8, i8)")
def hash_grow(mem, seg, table, slots):
    """Move the page table to `table`, `slots` zeroed entries (a power of two, larger)."""
    old = load_i64(mem, seg + S_HASH_AT)
    old_slots = load_i64(mem, seg + S_HASH_SLOTS)
    fill(mem, table, slots * ENTRY_BYTES, 0)
    store_i64(mem, seg + S_HASH_AT, table)
    store_i64(mem, seg + S_HASH_SLOTS, slots)
    for i in range(old_slots):
        page = load_i64(mem, old + i * ENTRY_BYTES + E_PAGE)
        if page != 0:
            move(mem, entry_find(mem, seg, page - 1), old + i * ENTRY_BYTES, ENTRY_BYTES)
    return 0


@jit.kernel("i8(u1[::1], i8, i8, i8)")
def nodes_grow(mem, seg, nodes, slots):
    """Move the nodes to `nodes`, `slots` of them (a power of two, larger)."""
    old = load_i64(mem, seg + S_NODES_AT)
    old_slots = load_i64(mem, seg + S_NODES_SLOTS)
    for node in range(load_i64(mem, seg + S_FIRST_NODE), load_i64(mem, seg + S_NEXT_NODE)):
        to = nodes + (node & (slots - 1)) * NODE_BYTES
        move(mem, to, old + (node & (old_slots - 1)) * NODE_BYTES, NODE_BYTES)
    store_i64(mem, seg + S_NODES_AT, nodes)
    store_i64(mem, seg + S_NODES_SLOTS, slots)
    return 0


@jit.kernel("i8(u1[::1], i8, i8)")
def nodes_drop(mem, seg, lsn):
    """Forget nodes of records below `lsn`; how many were dropped."""
    first = load_i64(mem, seg + S_FIRST_NODE)
    low, high = first, load_i64(mem, seg + S_NEXT_NODE)
    while low < high:
        middle = (low + high) // 2
        if load_i64(mem, node_at(mem, seg, middle) + N_LSN) < lsn:
            low = middle + 1
        else:
            high = middle
    store_i64(mem, seg + S_FIRST_NODE, low)
    return low - first


@jit.helper
def window_find(mem, seg, lsn):
    """Offset of the record at `lsn` if the window has all of it, or CANNOT_READ."""
    start = load_i64(mem, seg + S_WINDOW_LSN)
    end = start + load_i64(mem, seg + S_WINDOW_COUNT)
    if lsn < start or lsn + RECORD_HEADER_BYTES > end:
        return CANNOT_READ
    record = load_i64(mem, seg + S_WINDOW_AT) + lsn - start
    if load_i64(mem, record + RECORD_LSN_AT) != lsn:
        return CANNOT_READ
    if lsn + load_u32(mem, record + RECORD_LENGTH_AT) > end:
        return CANNOT_READ
    return record


@jit.helper
def record_load(mem, seg, lsn):
    """Offset of the record at `lsn`, read through the window; CANNOT_READ if it is not there.

    Nothing at or above S_INDEXED is read: that may still be on its way to the file.
    """
    record = window_find(mem, seg, lsn)
    take = WINDOW_STEP_BYTES
    while record < 0:
        wanted = min(take, load_i64(mem, seg + S_INDEXED) - lsn)
        count = log_read(mem, seg, lsn, wanted, load_i64(mem, seg + S_WINDOW_AT))
        store_i64(mem, seg + S_WINDOW_LSN, lsn)
        store_i64(mem, seg + S_WINDOW_COUNT, count)
        record = window_find(mem, seg, lsn)
        if take == WINDOW_BYTES:
            break
        take = WINDOW_BYTES
    return record


@jit.helper
def chain_mark(mem, seg, entry, lsn):
    """Link the page's records below `lsn` that its stored image lacks, for going forward.

    ->  number of the first node to apply, -1: none. A first node that is not WHOLE needs the image.
    """
    node = load_i64(mem, entry + E_HEAD)
    first = load_i64(mem, seg + S_FIRST_NODE)
    version = load_i64(mem, entry + E_VERSION)
    following = -1
    while node >= first:
        at = node_at(mem, seg, node)
        word = load_i64(mem, at + N_LSN)
        if (word & -8) <= version:
            break
        if (word & -8) < lsn:
            store_i64(mem, at + N_FOLLOWING, following)
            following = node
            if word & 1 != 0:
                break
        node = load_i64(mem, at + N_PREVIOUS)
    return following


@jit.helper
def image_load(st, mem, seg, entry, frame):
    """Read the page's stored image, check it, zero its crc; 0 or CANNOT_READ."""
    location = load_i64(mem, entry + E_LOCATION)
    page_bytes = st[ST_PAGE_BYTES]
    fd = load_i64(mem, load_i64(mem, seg + S_STORE_FDS_AT) + 8 * (location >> 32))
    at = (location & 0xFFFFFFFF) * page_bytes
    if sys_pread(fd, address_of(mem, frame), page_bytes, at) != page_bytes:
        return CANNOT_READ
    if image_crc(mem, frame, page_bytes) != load_u32(mem, frame + PAGE_CRC_AT):
        return CANNOT_READ
    if load_i64(mem, frame + PAGE_NO_AT) + 1 != load_i64(mem, entry + E_PAGE):
        return CANNOT_READ
    if load_i64(mem, frame + PAGE_LSN_AT) != load_i64(mem, entry + E_VERSION):
        return CANNOT_READ
    store_u32(mem, frame + PAGE_CRC_AT, 0)
    return 0


@jit.helper
def page_make(st, mem, seg, page_no, lsn, frame):
    """`page_build`, for kernels."""
    entry = entry_find(mem, seg, page_no)
    if load_i64(mem, entry + E_PAGE) == 0:
        return E_NOT_FOUND
    node = chain_mark(mem, seg, entry, lsn)
    whole = False
    if node >= 0:
        whole = load_i64(mem, node_at(mem, seg, node) + N_LSN) & 1 != 0
    if not whole:
        if load_i64(mem, entry + E_LOCATION) < 0 or load_i64(mem, entry + E_VERSION) >= lsn:
            return E_NOT_FOUND
        if image_load(st, mem, seg, entry, frame) < 0:
            return CANNOT_READ
    while node >= 0:
        at = node_at(mem, seg, node)
        record = record_load(mem, seg, load_i64(mem, at + N_LSN) & -8)
        if record < 0:
            return CANNOT_READ
        if apply_record(st, mem, frame, record) < 0:
            return E_CORRUPT
        node = load_i64(mem, at + N_FOLLOWING)
    return 0


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def page_build(st, mem, seg, page_no, lsn, frame):
    """The page with every record of LSN < `lsn`, at mem[frame:].

    ->  0; E_NOT_FOUND: no such page at that LSN, or older than what is kept; CANNOT_READ: this
        copy's files are damaged, ask another; E_CORRUPT: records do not fit each other
    """
    return page_make(st, mem, seg, page_no, lsn, frame)


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8)")
def pages_build(st, mem, seg, pages, count, lsn, frames, entries):
    """Build `count` pages (numbers at `pages`, i8 each) for the page store, one after the other.

    frames    images, crc set;  entries   store index entries, their slot 0 … count - 1
    ->        count, or the code of the page that failed
    """
    page_bytes = st[ST_PAGE_BYTES]
    for i in range(count):
        frame = frames + i * page_bytes
        code = page_make(st, mem, seg, load_i64(mem, pages + 8 * i), lsn, frame)
        if code < 0:
            return code
        store_u32(mem, frame + PAGE_CRC_AT, image_crc(mem, frame, page_bytes))
        entry = entries + i * STORE_ENTRY_BYTES
        store_i64(mem, entry + X_PAGE, load_i64(mem, frame + PAGE_NO_AT))
        store_i64(mem, entry + X_LSN, load_i64(mem, frame + PAGE_LSN_AT))
        store_u32(mem, entry + X_SLOT, i)
    return count


@jit.kernel("i8(u1[::1], i8, i8, i8)")
def entries_seal(mem, entries, count, slot):
    """Number store index entries from `slot` on and set their crc."""
    for i in range(count):
        entry = entries + i * STORE_ENTRY_BYTES
        store_u32(mem, entry + X_SLOT, slot + i)
        store_u32(mem, entry + X_CRC, crc32c(mem, entry, X_CRC))
    return 0


@jit.kernel("i8(u1[::1], i8, i8, i8, i8)")
def versions_load(mem, seg, entries, count, location):
    """Enter store index entries; `location` is that of the first. The caller has seen to room.

    ->  how many are good: the first bad one ends the file
    """
    for i in range(count):
        entry = entries + i * STORE_ENTRY_BYTES
        slot = load_u32(mem, entry + X_SLOT)
        if load_u32(mem, entry + X_CRC) != crc32c(mem, entry, X_CRC):
            return i
        if slot != (location & 0xFFFFFFFF) + i:
            return i
        page = entry_of(mem, seg, load_i64(mem, entry + X_PAGE))
        if load_i64(mem, entry + X_LSN) >= load_i64(mem, page + E_VERSION):
            store_i64(mem, page + E_VERSION, load_i64(mem, entry + X_LSN))
            store_i64(mem, page + E_LOCATION, location + i)
    return count


@jit.kernel("i8(u1[::1], i8, i8, i8, i8, i8)")
def pages_due(mem, seg, lsn, file_no, out, room):
    """Numbers of pages with records below `lsn` not yet stored, or in file `file_no` (-1 none).

    out   i8[room]
    ->    how many there are; only the first `room` are written
    """
    found = 0
    table = load_i64(mem, seg + S_HASH_AT)
    first = load_i64(mem, seg + S_FIRST_NODE)
    for i in range(load_i64(mem, seg + S_HASH_SLOTS)):
        entry = table + i * ENTRY_BYTES
        if load_i64(mem, entry + E_PAGE) == 0:
            continue
        node = load_i64(mem, entry + E_HEAD)
        location = load_i64(mem, entry + E_LOCATION)
        due = location >= 0 and location >> 32 == file_no
        while not due and node >= first:
            at = node_at(mem, seg, node)
            word = load_i64(mem, at + N_LSN) & -8
            if word <= load_i64(mem, entry + E_VERSION):
                break
            due = word < lsn
            node = load_i64(mem, at + N_PREVIOUS)
        if due:
            if found < room:
                store_i64(mem, out + 8 * found, load_i64(mem, entry + E_PAGE) - 1)
            found += 1
    return found


@jit.kernel("i8(u1[::1], i8, i8, i8)")
def versions_count(mem, seg, counts, files):
    """How many pages have their newest image in each store file: i8[files] at `counts`."""
    fill(mem, counts, 8 * files, 0)
    table = load_i64(mem, seg + S_HASH_AT)
    for i in range(load_i64(mem, seg + S_HASH_SLOTS)):
        entry = table + i * ENTRY_BYTES
        location = load_i64(mem, entry + E_LOCATION)
        if load_i64(mem, entry + E_PAGE) != 0 and location >= 0:
            at = counts + 8 * (location >> 32)
            store_i64(mem, at, load_i64(mem, at) + 1)
    return 0
