"""Chains: long values of rows on pages of their own, written before the row and freed after it.

A row has a *reference* in the value's place (`layout.py`): first page, bytes. Pages are those of
`space_kernels` (PAGE_OVERFLOW, linked by `right`); there may be any number of them, so they are
written in mini-transactions of their own, and read and freed piece by piece.

Whose a chain is, so that it is freed once:

K1  While it is written, and until its transaction ends, an UNDO_CHAIN record of the transaction has
    its reference; undoing the record frees the chain. It comes before the record of the row, so
    undoing has taken the row away by then.
K2  Then it belongs to the row version in the leaf, unless that is delete-marked: to the record of
    the deletion, whose image has the same reference.
K3  An update that keeps a value keeps its chain: the image in its undo record marks the reference
    REFERENCE_SHARED, and the newer version owns the chain. Other references of the image belong to
    the record, and purge frees them with it. Not to a record over a deleted version (K2).
K4  A reference is good while the chain's first page has its stamp. Who gives a chain up clears
    that and puts it at the head of the list in page 0, in the same mini-transaction.
    `chains_free_step` frees what is there.
K5  A value that changes in few of its bytes keeps its chain, to which its *patches* are added, on
    one page behind the value's own: places and what is there now. A reference says how many bytes
    of them count, so each version of the row reads its own value, and what follows is free for
    whoever has the row locked: nothing is to be undone. When that page is full the value is
    written anew.
"""

from __future__ import annotations

from btree import failpoints
from btree.failpoint_kernels import failpoint
from btree.layout import (
    CELLS_AT,
    CHAINS_AT,
    COUNT_AT,
    HEADER_PAGE,
    LEFT_AT,
    PAGE_OVERFLOW,
    REFERENCE_BYTES,
    REFERENCE_PATCHED,
    REFERENCE_STAMP,
    RIGHT_AT,
    STAMP_AT,
)
from btree.pool_kernels import pool_find
from btree.space_kernels import (
    overflow_page,
    overflow_read,
    page_allocate,
    page_free,
    pages_reserve,
    patches_apply,
    reserve_begin,
)
from btree.state import ST_CHAIN_PAGE
from btree.txn_layout import UNDO_CHAIN
from btree.undo_kernels import undo_append, undo_promise
from redo.coding_kernels import load_i64, load_u16, store_i64, store_u32
from redo.edit_kernels import mtr_begin, mtr_commit, page_put_i64, page_write
from redo.image import PAGE_NO_AT
from redo.jit import kernel, routine
from redo.state import ST_NEXT_LSN, ST_PAGE_BYTES


# --- writing --------------------------------------------------------------------------------------
@routine
def _pages_write(st, mem, value, count, pages, before):
    """Inside an MTR: put a value on `pages` new pages, linked after page frame `before` (0: none).

    -> number of the first; ST_CHAIN_PAGE: number of the last
    """
    payload = st[ST_PAGE_BYTES] - CELLS_AT
    following = 0
    for i in range(pages - 1, -1, -1):
        frame = page_allocate(st, mem)
        part = min(payload, count - payload * i)
        page_put_i64(st, mem, frame, COUNT_AT, part | PAGE_OVERFLOW << 16 | CELLS_AT << 32)
        page_put_i64(st, mem, frame, RIGHT_AT, following)
        page_write(st, mem, frame, CELLS_AT, value + payload * i, part)
        following = load_i64(mem, frame + PAGE_NO_AT)
        if i == pages - 1:
            st[ST_CHAIN_PAGE] = following
    if before:
        page_put_i64(st, mem, before, RIGHT_AT, following)
    return following


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8)")
def chain_begin(st, mem, ctx, table_id, value, count, pages, reference):
    """Begin a chain: the undo record (K1) and the first pages.

    pages      how many to write now at most
    reference  the reference is put there
    -> bytes written, the page to go on from in ST_CHAIN_PAGE; or a code with nothing done
    """
    payload = st[ST_PAGE_BYTES] - CELLS_AT
    pages = min(pages, (count + payload - 1) // payload)
    reserve_begin(st)
    code = pages_reserve(st, mem, pages)
    if code >= 0:
        code = undo_promise(st, mem, ctx, 0, REFERENCE_BYTES, -1, 0)
    if code >= 0:
        code = mtr_begin(st, mem)
    if code < 0:
        return code
    written = min(count, payload * pages)
    first = _pages_write(st, mem, value, written, pages, 0)
    stamp = (st[ST_NEXT_LSN] >> 3) & 0x7FFFFFFF | 1
    page_put_i64(st, mem, pool_find(st, mem, first), STAMP_AT, stamp)
    store_i64(mem, reference, first)
    store_u32(mem, reference + 8, count)
    store_u32(mem, reference + REFERENCE_STAMP, stamp)
    store_u32(mem, reference + REFERENCE_PATCHED, 0)
    room = REFERENCE_BYTES
    undo_append(st, mem, ctx, table_id, UNDO_CHAIN, 0, 0, 0, reference, 0, reference, room, 0, 0)
    mtr_commit(st, mem)
    failpoint(st, mem, failpoints.CHAIN_WRITE)
    return written


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def chain_extend(st, mem, page_no, value, count, pages):
    """Write up to `pages` more pages after page `page_no`, the last so far. As `chain_begin`."""
    payload = st[ST_PAGE_BYTES] - CELLS_AT
    pages = min(pages, (count + payload - 1) // payload)
    frame = pool_find(st, mem, page_no)
    if frame < 0:
        return frame
    reserve_begin(st)
    code = pages_reserve(st, mem, pages)
    if code >= 0:
        code = mtr_begin(st, mem)
    if code < 0:
        return code
    written = min(count, payload * pages)
    _pages_write(st, mem, value, written, pages, frame)
    mtr_commit(st, mem)
    failpoint(st, mem, failpoints.CHAIN_WRITE)
    return written


# --- reading --------------------------------------------------------------------------------------
@kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def chain_gather(st, mem, page_no, count, out):
    """`overflow_read` for Python."""
    return overflow_read(st, mem, page_no, count, out)


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def chain_patches(st, mem, page_no, patched, out, count):
    """`patches_apply` for Python."""
    return patches_apply(st, mem, page_no, patched, out, count)


# --- patching -------------------------------------------------------------------------------------
@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8)")
def chain_patch(st, mem, page_no, count, patched, patches, size):
    """Put `size` bytes of patches behind the `patched` ones that count, of the chain of `count`
    bytes which begins on page `page_no`. What is there and does not count is written over (K5).

    -> 0, or a code with nothing done
    """
    last = 0
    while count > 0:
        last = overflow_page(st, mem, page_no)
        if last < 0:
            return last
        count -= load_u16(mem, last + COUNT_AT)
        page_no = load_i64(mem, last + RIGHT_AT)
    frame = 0
    if page_no != 0:
        frame = overflow_page(st, mem, page_no)
    reserve_begin(st)
    code = min(frame, 0)
    if code >= 0 and frame == 0:
        code = pages_reserve(st, mem, 1)
    if code >= 0:
        code = mtr_begin(st, mem)
    if code < 0:
        return code
    if frame == 0:
        frame = page_allocate(st, mem)
        page_put_i64(st, mem, frame, RIGHT_AT, 0)
        page_put_i64(st, mem, last, RIGHT_AT, load_i64(mem, frame + PAGE_NO_AT))
    used = patched + size
    page_put_i64(st, mem, frame, COUNT_AT, used | PAGE_OVERFLOW << 16 | CELLS_AT << 32)
    page_write(st, mem, frame, CELLS_AT + patched, patches, size)
    mtr_commit(st, mem)
    failpoint(st, mem, failpoints.CHAIN_PATCH)
    return 0


# --- freeing --------------------------------------------------------------------------------------
@kernel("i8(i8[::1], u1[::1], i8)")
def chains_free_step(st, mem, limit):
    """Free up to `limit` pages of the first chain on the list. 1 there is more, 0, or a code."""
    header = pool_find(st, mem, HEADER_PAGE)
    if header < 0:
        return header
    first = load_i64(mem, header + CHAINS_AT)
    if first == 0:
        return 0
    frame = pool_find(st, mem, first)
    if frame < 0:
        return frame
    others = load_i64(mem, frame + LEFT_AT)
    count = 0
    following = first
    while following != 0 and count < limit:
        frame = pool_find(st, mem, following)
        if frame < 0:
            return frame
        following = load_i64(mem, frame + RIGHT_AT)
        count += 1
    if following != 0:
        frame = pool_find(st, mem, following)
        if frame < 0:
            return frame
    code = mtr_begin(st, mem)
    if code < 0:
        return code
    page_no = first
    for _ in range(count):
        frame = pool_find(st, mem, page_no)
        page_no = load_i64(mem, frame + RIGHT_AT)
        page_free(st, mem, frame)
    if following != 0:
        page_put_i64(st, mem, pool_find(st, mem, following), LEFT_AT, others)
    page_put_i64(st, mem, header, CHAINS_AT, following if following else others)
    mtr_commit(st, mem)
    failpoint(st, mem, failpoints.CHAIN_FREE)
    return 1
