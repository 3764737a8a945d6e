"""The page table of a full copy: for each page its newest record in the log, and its stored images.

Images of a page form a list, the newest first, one for each of its states that somebody may still
ask for; `versions_prune` cuts it behind the newest image that is below everybody. How many images
of each store file are in lists is counted (S_LIVE_AT): a file with none is garbage. One lock in
`segment.py` covers every kernel here; before each call its caller has seen to room.
"""

from __future__ import annotations

from redo import jit
from redo.checksum_kernels import crc32c
from redo.coding_kernels import fill, load_i64, load_u32, move, store_i64, store_u32
from redo.log_read_kernels import in_gap
from redo.segment_layout import (
    E_COUNT,
    E_HEAD,
    E_LOCATION,
    E_OLDER,
    E_PAGE,
    E_VERSION,
    ENTRY_BYTES,
    O_LOCATION,
    O_NEXT,
    O_VERSION,
    OLDER_BYTES,
    PAIR_BYTES,
    S_HASH_AT,
    S_HASH_SLOTS,
    S_HASH_USED,
    S_LAST_PAGE,
    S_LIVE_AT,
    S_OLDER_AT,
    S_OLDER_FREE,
    S_OLDER_LEFT,
    S_OLDER_SLOTS,
    STORE_ENTRY_BYTES,
    X_CRC,
    X_LSN,
    X_PAGE,
    X_SLOT,
)


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
    """Offset of the page's entry, made if it is new."""
    entry = entry_find(mem, seg, page_no)
    if load_i64(mem, entry + E_PAGE) == 0:
        fill(mem, entry, ENTRY_BYTES, 0)
        store_i64(mem, entry + E_PAGE, page_no + 1)
        store_i64(mem, entry + E_LOCATION, -1)
        store_i64(mem, entry + E_OLDER, -1)
        store_i64(mem, seg + S_HASH_USED, load_i64(mem, seg + S_HASH_USED) + 1)
        store_i64(mem, seg + S_LAST_PAGE, max(page_no, load_i64(mem, seg + S_LAST_PAGE)))
    return entry


@jit.kernel("i8(u1[::1], i8, i8, i8)")
def hash_grow(mem, seg, table, slots):
    """Move the page table to `table`, `slots` entries (a power of two, larger)."""
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
def older_grow(mem, seg, nodes, slots):
    """Move the nodes of older images to `nodes`, `slots` of them, more than there were."""
    old_slots = load_i64(mem, seg + S_OLDER_SLOTS)
    move(mem, nodes, load_i64(mem, seg + S_OLDER_AT), old_slots * OLDER_BYTES)
    free = load_i64(mem, seg + S_OLDER_FREE)
    for node in range(old_slots, slots):
        store_i64(mem, nodes + node * OLDER_BYTES + O_NEXT, free)
        free = node
    store_i64(mem, seg + S_OLDER_FREE, free)
    store_i64(mem, seg + S_OLDER_LEFT, load_i64(mem, seg + S_OLDER_LEFT) + slots - old_slots)
    store_i64(mem, seg + S_OLDER_AT, nodes)
    store_i64(mem, seg + S_OLDER_SLOTS, slots)
    return 0


@jit.helper
def older_at(mem, seg, node):
    """Offset of a node of an older image."""
    return load_i64(mem, seg + S_OLDER_AT) + node * OLDER_BYTES


@jit.helper
def live_add(mem, seg, location, change):
    """Count an image in or out of its file."""
    at = load_i64(mem, seg + S_LIVE_AT) + 8 * (location >> 32)
    store_i64(mem, at, load_i64(mem, at) + change)
    return 0


@jit.helper
def older_put(mem, seg, link, location, version):
    """Insert a node behind the word at `link`, which holds the number of the next one."""
    node = load_i64(mem, seg + S_OLDER_FREE)
    at = older_at(mem, seg, node)
    store_i64(mem, seg + S_OLDER_FREE, load_i64(mem, at + O_NEXT))
    store_i64(mem, seg + S_OLDER_LEFT, load_i64(mem, seg + S_OLDER_LEFT) - 1)
    store_i64(mem, at + O_LOCATION, location)
    store_i64(mem, at + O_VERSION, version)
    store_i64(mem, at + O_NEXT, load_i64(mem, link))
    store_i64(mem, link, node)
    return 0


@jit.helper
def version_enter(mem, seg, page_no, version, location):
    """Put an image in its place in the page's list; one of the same state is replaced."""
    entry = entry_of(mem, seg, page_no)
    live_add(mem, seg, location, 1)
    newest = load_i64(mem, entry + E_VERSION)
    present = load_i64(mem, entry + E_LOCATION)
    if present < 0 or version > newest:
        if present >= 0:
            older_put(mem, seg, entry + E_OLDER, present, newest)
        store_i64(mem, entry + E_LOCATION, location)
        store_i64(mem, entry + E_VERSION, version)
        store_i64(mem, entry + E_COUNT, 0)
        return 0
    if version == newest:
        live_add(mem, seg, present, -1)
        store_i64(mem, entry + E_LOCATION, location)
        return 0
    link = entry + E_OLDER
    node = load_i64(mem, link)
    while node >= 0 and load_i64(mem, older_at(mem, seg, node) + O_VERSION) > version:
        link = older_at(mem, seg, node) + O_NEXT
        node = load_i64(mem, link)
    if node >= 0 and load_i64(mem, older_at(mem, seg, node) + O_VERSION) == version:
        at = older_at(mem, seg, node)
        live_add(mem, seg, load_i64(mem, at + O_LOCATION), -1)
        store_i64(mem, at + O_LOCATION, location)
        return 0
    older_put(mem, seg, link, location, version)
    return 0


@jit.kernel("i8(u1[::1], i8, i8, i8, i8)")
def versions_load(mem, seg, entries, count, location):
    """Enter store index entries; `location` is that of the first. The path's gaps are left out.

    ->  how many are good: the first bad one ends the file
    """
    for i in range(count):
        entry = entries + i * STORE_ENTRY_BYTES
        slot = load_u32(mem, entry + X_SLOT)
        if load_u32(mem, entry + X_CRC) != crc32c(mem, entry, X_CRC):
            return i
        if slot != (location & 0xFFFFFFFF) + i:
            return i
        version = load_i64(mem, entry + X_LSN)
        if not in_gap(mem, seg, version):
            version_enter(mem, seg, load_i64(mem, entry + X_PAGE), version, location + i)
    return count


@jit.helper
def older_free(mem, seg, link, out):
    """Free every node behind the word at `link`, their images' places at `out`; how many."""
    freed = 0
    node = load_i64(mem, link)
    store_i64(mem, link, -1)
    while node >= 0:
        at = older_at(mem, seg, node)
        location = load_i64(mem, at + O_LOCATION)
        live_add(mem, seg, location, -1)
        store_i64(mem, out + 8 * freed, location)
        following = load_i64(mem, at + O_NEXT)
        store_i64(mem, at + O_NEXT, load_i64(mem, seg + S_OLDER_FREE))
        store_i64(mem, seg + S_OLDER_FREE, node)
        node = following
        freed += 1
    store_i64(mem, seg + S_OLDER_LEFT, load_i64(mem, seg + S_OLDER_LEFT) + freed)
    return freed


@jit.kernel("i8(u1[::1], i8, i8, i8, i8, i8)")
def versions_prune(mem, seg, floor, first, count, out):
    """Forget images behind each page's newest below `floor`, in page table slots first …

    out   i8: where those images are; there is room for as many as lists hold
    ->    how many were forgotten
    """
    table = load_i64(mem, seg + S_HASH_AT)
    freed = 0
    for slot in range(first, min(first + count, load_i64(mem, seg + S_HASH_SLOTS))):
        entry = table + slot * ENTRY_BYTES
        if load_i64(mem, entry + E_PAGE) == 0 or load_i64(mem, entry + E_OLDER) < 0:
            continue
        link = entry + E_OLDER
        version = load_i64(mem, entry + E_VERSION)
        while version >= floor and load_i64(mem, link) >= 0:
            at = older_at(mem, seg, load_i64(mem, link))
            version = load_i64(mem, at + O_VERSION)
            link = at + O_NEXT
        freed += older_free(mem, seg, link, out + 8 * freed)
    return freed


@jit.kernel("i8(u1[::1], i8, i8, i8, i8, i8)")
def versions_of_file(mem, seg, entries, count, location, out):
    """Slots of a file whose images are in lists, to i8[count] at `out`; how many.

    entries, count   all of the file's index;  location   that of the first
    """
    found = 0
    for i in range(count):
        store_entry = entries + i * STORE_ENTRY_BYTES
        entry = entry_find(mem, seg, load_i64(mem, store_entry + X_PAGE))
        if load_i64(mem, entry + E_PAGE) == 0:
            continue
        place = load_i64(mem, entry + E_LOCATION)
        node = load_i64(mem, entry + E_OLDER)
        while place != location + i and node >= 0:
            place = load_i64(mem, older_at(mem, seg, node) + O_LOCATION)
            node = load_i64(mem, older_at(mem, seg, node) + O_NEXT)
        if place == location + i:
            store_i64(mem, out + 8 * found, i)
            found += 1
    return found


@jit.kernel("i8(u1[::1], i8, i8, i8)")
def entries_seal(mem, entries, count, slot):
    """Number store index entries from `slot` on and set their crc."""
    for i in range(count):
        entry = entries + i * STORE_ENTRY_BYTES
        store_u32(mem, entry + X_SLOT, slot + i)
        store_u32(mem, entry + X_CRC, crc32c(mem, entry, X_CRC))
    return 0


@jit.kernel("i8(u1[::1], i8, i8, i8)")
def heads_load(mem, seg, pairs, count):
    """Take over a run's (page, newest record) pairs, in the order of runs."""
    for i in range(count):
        entry = entry_of(mem, seg, load_i64(mem, pairs + i * PAIR_BYTES))
        store_i64(mem, entry + E_HEAD, load_i64(mem, pairs + i * PAIR_BYTES + 8))
    return count


@jit.kernel("i8(u1[::1], i8, i8, i8, i8)")
def heads_store(mem, seg, pages, count, pairs):
    """Write (page, newest record) pairs of the pages at `pages`."""
    for i in range(count):
        page = load_i64(mem, pages + 8 * i)
        store_i64(mem, pairs + i * PAIR_BYTES, page)
        head = load_i64(mem, entry_find(mem, seg, page) + E_HEAD)
        store_i64(mem, pairs + i * PAIR_BYTES + 8, head)
    return count
