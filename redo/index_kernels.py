"""Indexing a full copy's log, and building pages from images and records.

A page's records form a chain: each names the one before (`record.prev_page`), the page table has
the newest, so the index needs memory per page, not per record. To read a page the chain is walked
back from its newest record to the newest image below the asked LSN, and applied forward.

One lock in `segment.py` covers every kernel here.
"""

from __future__ import annotations

from redo import jit
from redo.cipher_kernels import DECRYPT, ENCRYPT, image_turn
from redo.cipher_layout import C_ENTRY
from redo.codes import E_CORRUPT, E_LATER, E_NO_ROOM, E_NOT_FOUND
from redo.coding_kernels import (
    address_of,
    fill,
    load_i64,
    load_u16,
    load_u32,
    store_i64,
    store_u32,
)
from redo.image import PAGE_CRC_AT, PAGE_LSN_AT, PAGE_NO_AT
from redo.log_file_kernels import log_read
from redo.log_read_kernels import batch_load, gap_skip, log_believe
from redo.page_table_kernels import entry_find, entry_of, older_at
from redo.record import (
    BATCH_CLOCK_AT,
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
    RECORD_PREV_PAGE_AT,
)
from redo.record_kernels import apply_record, batch_length, image_crc, record_stride
from redo.sealed_log_kernels import batch_admit, record_trust, window_decrypt
from redo.segment_layout import (
    E_COUNT,
    E_HEAD,
    E_LOCATION,
    E_OLDER,
    E_PAGE,
    HOT_RECORDS,
    HOT_SLOTS,
    IMAGE_VERSION,
    O_LOCATION,
    O_NEXT,
    PAIR_BYTES,
    S_CHAIN_AT,
    S_CHAIN_SLOTS,
    S_CHUNK_BYTES,
    S_CIPHER,
    S_HASH_SLOTS,
    S_HASH_USED,
    S_HOT,
    S_HOT_AT,
    S_INDEX_FDS_AT,
    S_INDEXED,
    S_INDEXED_BATCH,
    S_INDEXED_CLOCK,
    S_INDEXED_EPOCH,
    S_REMADE,
    S_REMADE_AT,
    S_REMADE_SLOTS,
    S_RUN_BYTES,
    S_RUN_LSN,
    S_STORE_FDS_AT,
    S_TOUCHED,
    S_TOUCHED_AT,
    S_TOUCHED_SLOTS,
    S_TRUSTED_END,
    S_TRUSTED_LSN,
    S_WINDOW_AT,
    S_WINDOW_COUNT,
    S_WINDOW_LSN,
    STORE_ENTRY_BYTES,
    WINDOW_BYTES,
    WINDOW_STEP_BYTES,
    X_LSN,
    X_PAGE,
    X_SALT,
    X_SLOT,
)
from redo.state import ST_PAGE_BYTES
from redo.system_kernels import sys_pread

CANNOT_READ = -100  #: `page_build`: a file gave an error or bytes that are not the page's


@jit.helper
def word_push(mem, seg, table, counter, value):
    """Append a word to a list of the segment block."""
    count = load_i64(mem, seg + counter)
    store_i64(mem, load_i64(mem, seg + table) + 8 * count, value)
    store_i64(mem, seg + counter, count + 1)
    return 0


@jit.helper
def image_below(mem, seg, entry, lsn):
    """Offset of what is known of the page's newest stored image below `lsn`: IMAGE_…; -1: none.

    Images may be newer than the index: a round that broke off has left them, or they came with the
    page files that a copy was made from.
    """
    image = entry + E_LOCATION
    node = load_i64(mem, entry + E_OLDER)
    while load_i64(mem, image + IMAGE_VERSION) >= lsn:
        if node < 0:
            return -1
        at = older_at(mem, seg, node)
        image = at + O_LOCATION
        node = load_i64(mem, at + O_NEXT)
    return image


@jit.helper
def version_below(mem, seg, entry, lsn):
    """LSN of the page's newest stored image below `lsn`; 0: none."""
    image = image_below(mem, seg, entry, lsn)
    return load_i64(mem, image + IMAGE_VERSION) if image >= 0 else 0


@jit.helper
def record_index(mem, seg, record):
    """Make a PAGE record its page's newest."""
    lsn = load_i64(mem, record + RECORD_LSN_AT)
    page_no = load_i64(mem, record + RECORD_PAGE_NO_AT)
    entry = entry_of(mem, seg, page_no)
    head = load_i64(mem, entry + E_HEAD)
    if head < load_i64(mem, seg + S_RUN_LSN):
        word_push(mem, seg, S_TOUCHED_AT, S_TOUCHED, page_no)
    before = 0
    if load_i64(mem, record + RECORD_PREV_PAGE_AT) == 0:
        before = max(head, version_below(mem, seg, entry, lsn))
    if before != 0:
        count = load_i64(mem, seg + S_REMADE)
        pair = load_i64(mem, seg + S_REMADE_AT) + PAIR_BYTES * count
        store_i64(mem, pair, lsn)
        store_i64(mem, pair + 8, before)
        store_i64(mem, seg + S_REMADE, count + 1)
    store_i64(mem, entry + E_HEAD, lsn)
    count = load_i64(mem, entry + E_COUNT) + 1
    if load_u16(mem, record + RECORD_FLAGS_AT) & FLAG_WHOLE != 0:
        count = 1
    store_i64(mem, entry + E_COUNT, count)
    if count == HOT_RECORDS and load_i64(mem, seg + S_HOT) < HOT_SLOTS:
        word_push(mem, seg, S_HOT_AT, S_HOT, page_no)
    return 0


@jit.kernel("i8(i8[::1], u1[::1], i8, i8)")
def index_extend(st, mem, seg, limit):
    """Index the log of the path from S_INDEXED to `limit`, a batch boundary.

    ->  0, E_CORRUPT; E_NO_ROOM: enlarge page table, touched and remade pages, call again; E_LATER:
        the run is long enough, or a gap begins here: end it, call again
    """
    while load_i64(mem, seg + S_INDEXED) < limit:
        lsn = load_i64(mem, seg + S_INDEXED)
        beyond = gap_skip(mem, seg, lsn)
        if beyond != lsn:
            if load_i64(mem, seg + S_RUN_LSN) != lsn:
                return E_LATER
            store_i64(mem, seg + S_RUN_LSN, beyond)
            store_i64(mem, seg + S_INDEXED, beyond)
            continue
        if lsn - load_i64(mem, seg + S_RUN_LSN) >= load_i64(mem, seg + S_RUN_BYTES):
            return E_LATER
        at = batch_load(mem, seg, lsn, limit)
        if at < 0:
            return E_CORRUPT
        records = load_u32(mem, at + BATCH_RECORDS_AT)
        if load_i64(mem, seg + S_TOUCHED) + records > load_i64(mem, seg + S_TOUCHED_SLOTS):
            return E_NO_ROOM
        if load_i64(mem, seg + S_REMADE) + records > load_i64(mem, seg + S_REMADE_SLOTS):
            return E_NO_ROOM
        used = load_i64(mem, seg + S_HASH_USED)
        if 2 * (used + records) > load_i64(mem, seg + S_HASH_SLOTS):
            return E_NO_ROOM
        length = batch_length(mem, at, lsn)
        if batch_admit(mem, seg, at, lsn, length) < 0:
            return E_CORRUPT
        record = at + BATCH_HEADER_BYTES
        while record < at + length:
            if load_u16(mem, record + RECORD_KIND_AT) == KIND_PAGE:
                record_index(mem, seg, record)
            record += record_stride(mem, record)
        store_i64(mem, seg + S_INDEXED_BATCH, lsn)
        store_i64(mem, seg + S_INDEXED_EPOCH, load_i64(mem, at + BATCH_EPOCH_AT))
        store_i64(mem, seg + S_INDEXED_CLOCK, load_i64(mem, at + BATCH_CLOCK_AT))
        store_i64(mem, seg + S_INDEXED, lsn + length)
    return 0


@jit.helper
def window_find(mem, seg, lsn, whole):
    """Offset of the record at `lsn` in the window (`whole` 0: its header), or CANNOT_READ."""
    start = load_i64(mem, seg + S_WINDOW_LSN)
    end = start + load_i64(mem, seg + S_WINDOW_COUNT)
    if lsn < start or lsn + RECORD_HEADER_BYTES > end:
        return CANNOT_READ
    record = load_i64(mem, seg + S_WINDOW_AT) + lsn - start
    if load_i64(mem, record + RECORD_LSN_AT) != lsn:
        return CANNOT_READ
    if whole != 0 and lsn + load_u32(mem, record + RECORD_LENGTH_AT) > end:
        return CANNOT_READ
    return record


@jit.helper
def window_fill(mem, seg, lsn, count, wanted):
    """Read log from `lsn` on into the window, for the record at `wanted`.

    Nothing at or above S_INDEXED is read: that may still be on its way to the file.
    """
    count = min(count, load_i64(mem, seg + S_INDEXED) - lsn)
    count = log_read(mem, seg, lsn, count, load_i64(mem, seg + S_WINDOW_AT))
    store_i64(mem, seg + S_WINDOW_LSN, lsn)
    store_i64(mem, seg + S_WINDOW_COUNT, count)
    trusted = load_i64(mem, seg + S_TRUSTED_END) - load_i64(mem, seg + S_TRUSTED_LSN)
    if trusted <= WINDOW_BYTES:  # found intact before this was read; long batches are not again
        store_i64(mem, seg + S_TRUSTED_END, 0)
    if load_i64(mem, seg + S_CIPHER) != 0:
        window_decrypt(mem, seg, wanted)
    return 0


@jit.helper
def window_step(mem, seg, lsn):
    """How much to read at once: much where one record is near the other, as after bulk loads."""
    if abs(lsn - load_i64(mem, seg + S_WINDOW_LSN)) < 2 * WINDOW_BYTES:
        return WINDOW_BYTES
    return WINDOW_STEP_BYTES


@jit.helper
def record_load(mem, seg, lsn):
    """Offset of the record at `lsn`, all of it; what follows it comes along. CANNOT_READ."""
    if log_believe(mem, seg, lsn) < 0:
        return CANNOT_READ
    record = window_find(mem, seg, lsn, 1)
    if record < 0:
        window_fill(mem, seg, lsn, window_step(mem, seg, lsn), lsn)
        record = window_find(mem, seg, lsn, 1)
    if record < 0:
        window_fill(mem, seg, lsn, WINDOW_BYTES, lsn)
        record = window_find(mem, seg, lsn, 1)
    if record >= 0 and record_trust(mem, seg, lsn, record) < 0:
        return CANNOT_READ
    return record


@jit.helper
def header_load(mem, seg, lsn):
    """Offset of the header of the record at `lsn`; what is before comes along. CANNOT_READ."""
    if log_believe(mem, seg, lsn) < 0:
        return CANNOT_READ
    record = window_find(mem, seg, lsn, 0)
    if record < 0:
        chunk = lsn - lsn % load_i64(mem, seg + S_CHUNK_BYTES)
        step = window_step(mem, seg, lsn)
        window_fill(mem, seg, max(chunk, lsn + 512 - step), step, lsn)
        record = window_find(mem, seg, lsn, 0)
    return record


@jit.helper
def record_before(mem, seg, record):
    """LSN of the page's record before the one at `record`; 0: none."""
    before = load_i64(mem, record + RECORD_PREV_PAGE_AT)
    if before != 0:
        return before
    lsn = load_i64(mem, record + RECORD_LSN_AT)
    table = load_i64(mem, seg + S_REMADE_AT)
    low, high = 0, load_i64(mem, seg + S_REMADE)
    while low < high:
        middle = (low + high) // 2
        if load_i64(mem, table + PAIR_BYTES * middle) < lsn:
            low = middle + 1
        else:
            high = middle
    if low < load_i64(mem, seg + S_REMADE):
        if load_i64(mem, table + PAIR_BYTES * low) == lsn:
            return load_i64(mem, table + PAIR_BYTES * low + 8)
    return 0


@jit.helper
def head_below(mem, seg, entry, lsn):
    """LSN of the page's newest record below `lsn`; 0: none; CANNOT_READ."""
    stored = version_below(mem, seg, entry, load_i64(mem, seg + S_INDEXED))
    head = max(load_i64(mem, entry + E_HEAD), stored)
    while head >= lsn:
        record = header_load(mem, seg, head)
        if record < 0:
            return CANNOT_READ
        before = record_before(mem, seg, record)
        if before >= head:  # nothing that is on disk can lead round in a circle
            return CANNOT_READ
        head = before
    return head


@jit.helper
def chain_gather(mem, seg, lsn, version):
    """Gather the page's records from `lsn` back to the image `version`, or to one that is WHOLE.

    ->  how many, at S_CHAIN_AT, the newest first, negated when the oldest is WHOLE; E_NO_ROOM is
        told by S_CHAIN_SLOTS + 1; 0: the image is the page
    """
    count = 0
    while lsn > version:
        if count == load_i64(mem, seg + S_CHAIN_SLOTS):
            return count + 1
        store_i64(mem, load_i64(mem, seg + S_CHAIN_AT) + 8 * count, lsn)
        count += 1
        record = header_load(mem, seg, lsn)
        if record < 0:
            return 0
        if load_u16(mem, record + RECORD_FLAGS_AT) & FLAG_WHOLE != 0:
            return -count
        before = load_i64(mem, record + RECORD_PREV_PAGE_AT)
        if before >= lsn:
            return 0
        lsn = before
    return count


@jit.helper
def entry_read(mem, seg, location, out):
    """Read the store index entry of a stored image; 0 or CANNOT_READ."""
    fd = load_i64(mem, load_i64(mem, seg + S_INDEX_FDS_AT) + 8 * (location >> 32))
    at = (location & 0xFFFFFFFF) * STORE_ENTRY_BYTES
    if sys_pread(fd, address_of(mem, out), STORE_ENTRY_BYTES, at) != STORE_ENTRY_BYTES:
        return CANNOT_READ
    return 0


@jit.helper
def image_decrypt(st, mem, seg, location, frame):
    """Decrypt a stored image; 0 or CANNOT_READ."""
    cipher = load_i64(mem, seg + S_CIPHER)
    entry = cipher + C_ENTRY
    if entry_read(mem, seg, location, entry) < 0:
        return CANNOT_READ
    if image_turn(mem, cipher, frame, st[ST_PAGE_BYTES], entry, DECRYPT) < 0:
        return CANNOT_READ
    return 0


@jit.helper
def image_load(st, mem, seg, page_no, location, version, frame):
    """Read a stored image, check it, zero its crc; 0 or CANNOT_READ."""
    page_bytes = st[ST_PAGE_BYTES]
    fd = load_i64(mem, load_i64(mem, seg + S_STORE_FDS_AT) + 8 * (location >> 32))
    at = (location & 0xFFFFFFFF) * page_bytes
    if sys_pread(fd, address_of(mem, frame), page_bytes, at) != page_bytes:
        return CANNOT_READ
    if image_crc(mem, frame, page_bytes) != load_u32(mem, frame + PAGE_CRC_AT):
        return CANNOT_READ
    if load_i64(mem, frame + PAGE_NO_AT) != page_no:
        return CANNOT_READ
    if load_i64(mem, frame + PAGE_LSN_AT) != version:
        return CANNOT_READ
    if load_i64(mem, seg + S_CIPHER) != 0 and image_decrypt(st, mem, seg, location, frame) < 0:
        return CANNOT_READ
    store_u32(mem, frame + PAGE_CRC_AT, 0)
    return 0


@jit.routine
def page_make(st, mem, seg, page_no, lsn, frame):
    """`page_build`, for kernels."""
    entry = entry_find(mem, seg, page_no)
    if load_i64(mem, entry + E_PAGE) == 0:
        return E_NOT_FOUND
    head = head_below(mem, seg, entry, lsn)
    if head <= 0:
        return E_NOT_FOUND if head == 0 else CANNOT_READ
    location, version = -1, 0
    image = image_below(mem, seg, entry, lsn)
    if image >= 0:
        location = load_i64(mem, image)
        version = load_i64(mem, image + IMAGE_VERSION)
    count = chain_gather(mem, seg, head, version)
    if count > load_i64(mem, seg + S_CHAIN_SLOTS):
        return E_NO_ROOM
    if count >= 0:
        if location < 0 or (count == 0 and head != version):
            return CANNOT_READ
        if image_load(st, mem, seg, page_no, location, version, frame) < 0:
            return CANNOT_READ
    for i in range(abs(count) - 1, -1, -1):
        link = load_i64(mem, load_i64(mem, seg + S_CHAIN_AT) + 8 * i)
        record = record_load(mem, seg, link)
        if record < 0:
            return CANNOT_READ
        if apply_record(st, mem, frame, record) < 0:
            return E_CORRUPT
    if load_i64(mem, frame + PAGE_NO_AT) != page_no:
        return E_CORRUPT
    return 0


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def page_build(st, mem, seg, page_no, lsn, frame):
    """The page with every record of LSN < `lsn`, at mem[frame:].

    ->  0; E_NOT_FOUND: no such page at that LSN; E_NO_ROOM: enlarge the chain, call again;
        CANNOT_READ: this copy's files are damaged, ask another; E_CORRUPT: records do not fit
    """
    return page_make(st, mem, seg, page_no, lsn, frame)


@jit.helper
def entry_write(mem, frame, entry, slot):
    """Write the store index entry of an image, number `slot` of those at hand."""
    fill(mem, entry, STORE_ENTRY_BYTES, 0)
    store_i64(mem, entry + X_PAGE, load_i64(mem, frame + PAGE_NO_AT))
    store_i64(mem, entry + X_LSN, load_i64(mem, frame + PAGE_LSN_AT))
    store_u32(mem, entry + X_SLOT, slot)
    return 0


@jit.helper
def image_seal(st, mem, seg, frame, entry, salt):
    """Encrypt an image if the volume is, and set its crc; 0 or CANNOT_READ."""
    cipher, page_bytes = load_i64(mem, seg + S_CIPHER), st[ST_PAGE_BYTES]
    if cipher != 0:
        store_i64(mem, entry + X_SALT, salt)
        if image_turn(mem, cipher, frame, page_bytes, entry, ENCRYPT) < 0:
            return CANNOT_READ
    store_u32(mem, frame + PAGE_CRC_AT, image_crc(mem, frame, page_bytes))
    return 0


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8)")
def pages_build(st, mem, seg, pages, count, lsn, frames, entries):
    """Build `count` pages (numbers at `pages`, i8 each) for the page store, one after the other.

    frames    images, encrypted if the volume is, crc set
    entries   store index entries, their slot 0 … count - 1; of an encrypted volume: random salts
    ->        count, or the code of the page that failed
    """
    for i in range(count):
        frame = frames + i * st[ST_PAGE_BYTES]
        code = page_make(st, mem, seg, load_i64(mem, pages + 8 * i), lsn, frame)
        if code < 0:
            return code
        entry = entries + i * STORE_ENTRY_BYTES
        salt = load_i64(mem, entry + X_SALT)
        entry_write(mem, frame, entry, i)
        code = image_seal(st, mem, seg, frame, entry, salt)
        if code < 0:
            return code
    return count


@jit.kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8)")
def images_collect(st, mem, seg, location, slots, count, frames, entries):
    """Read images out of a store file as they are, to be stored elsewhere.

    location  of the file's first image;  slots  i8[count];  the rest as in `pages_build`
    """
    page_bytes = st[ST_PAGE_BYTES]
    fd = load_i64(mem, load_i64(mem, seg + S_STORE_FDS_AT) + 8 * (location >> 32))
    for i in range(count):
        frame = frames + i * page_bytes
        at = load_i64(mem, slots + 8 * i) * page_bytes
        if sys_pread(fd, address_of(mem, frame), page_bytes, at) != page_bytes:
            return CANNOT_READ
        if image_crc(mem, frame, page_bytes) != load_u32(mem, frame + PAGE_CRC_AT):
            return CANNOT_READ
        entry = entries + i * STORE_ENTRY_BYTES
        if entry_read(mem, seg, location + load_i64(mem, slots + 8 * i), entry) < 0:
            return CANNOT_READ
        same_page = load_i64(mem, entry + X_PAGE) == load_i64(mem, frame + PAGE_NO_AT)
        if not same_page or load_i64(mem, entry + X_LSN) != load_i64(mem, frame + PAGE_LSN_AT):
            return CANNOT_READ
        store_u32(mem, entry + X_SLOT, i)
    return count
