"""Sorting entries (`bulk_kernels`) by key: one run in memory, many runs merged.

A *slot* is two words: head of the key (comparable as a number) and offset of the entry. A *window*
of a run being merged is WINDOW_WORDS words: the entry it stands on, the end of what is in memory,
the head of its key, bytes of the run that are still outside.
"""

from __future__ import annotations

from btree.bulk_kernels import ENTRY_HEADER, entry_bytes
from redo.coding_kernels import compare, head_of, load_i64, load_u32, move, store_i64
from redo.jit import helper, kernel

SLOT_WORDS = 2
WINDOW_AT = 0
WINDOW_END = 1
WINDOW_HEAD = 2
WINDOW_OUTSIDE = 3
WINDOW_WORDS = 4


@helper
def _before(mem, head_a, a, head_b, b):
    """1 when entry `a` comes before `b`, or they are equal."""
    if head_a != head_b:
        return 1 if head_a < head_b else 0
    order = compare(mem, a + ENTRY_HEADER, load_u32(mem, a), b + ENTRY_HEADER, load_u32(mem, b))
    return 1 if order <= 0 else 0


@helper
def _merge_slots(mem, source, middle, last, to):
    """Merge the sorted slots [source, middle) and [middle, last) to `to`."""
    a = source
    b = middle
    while a < middle or b < last:
        first = 1 if b >= last else 0
        if a < middle and b < last:
            first = _before(
                mem, load_i64(mem, a), load_i64(mem, a + 8), load_i64(mem, b), load_i64(mem, b + 8)
            )
        taken = a if first else b
        store_i64(mem, to, load_i64(mem, taken))
        store_i64(mem, to + 8, load_i64(mem, taken + 8))
        to += 16
        if first:
            a += 16
        else:
            b += 16


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8)")
def run_sort(st, mem, entries, used, slots, spare, out):
    """Write the entries at [entries, entries + used) sorted to `out`; how many they are.

    slots, spare  room for a slot per entry
    """
    at = entries
    count = 0
    while at < entries + used:
        slot = slots + 16 * count
        store_i64(mem, slot, head_of(mem, at + ENTRY_HEADER, load_u32(mem, at)))
        store_i64(mem, slot + 8, at)
        count += 1
        at += entry_bytes(mem, at)
    width = 1
    end = 16 * count
    while width < count:
        first = 0
        while first < end:
            middle = min(first + 16 * width, end)
            last = min(middle + 16 * width, end)
            _merge_slots(mem, slots + first, slots + middle, slots + last, spare + first)
            first = last
        slots, spare = spare, slots
        width *= 2
    for i in range(count):
        entry = load_i64(mem, slots + 16 * i + 8)
        size = entry_bytes(mem, entry)
        move(mem, out, entry, size)
        out += size
    return count


@helper
def _window(windows, run):
    return windows + 8 * WINDOW_WORDS * run


@helper
def _stands(mem, window):
    """1 when a whole entry of the window's run is in memory; its head is set then."""
    at = load_i64(mem, window + 8 * WINDOW_AT)
    left = load_i64(mem, window + 8 * WINDOW_END) - at
    if left < ENTRY_HEADER or left < entry_bytes(mem, at):
        return 0
    head = head_of(mem, at + ENTRY_HEADER, load_u32(mem, at))
    store_i64(mem, window + 8 * WINDOW_HEAD, head)
    return 1


@helper
def _run_before(mem, windows, a, b):
    a = _window(windows, a)
    b = _window(windows, b)
    return _before(
        mem,
        load_i64(mem, a + 8 * WINDOW_HEAD),
        load_i64(mem, a + 8 * WINDOW_AT),
        load_i64(mem, b + 8 * WINDOW_HEAD),
        load_i64(mem, b + 8 * WINDOW_AT),
    )


@helper
def _sift(mem, windows, heap, count, place):
    """Let the run at `place` of the heap (least key first) sink to where it belongs."""
    run = load_i64(mem, heap + 8 * place)
    while 2 * place + 1 < count:
        child = 2 * place + 1
        if child + 1 < count:
            left = load_i64(mem, heap + 8 * child)
            right = load_i64(mem, heap + 8 * child + 8)
            if not _run_before(mem, windows, left, right):
                child += 1
        least = load_i64(mem, heap + 8 * child)
        if _run_before(mem, windows, run, least):
            break
        store_i64(mem, heap + 8 * place, least)
        place = child
    store_i64(mem, heap + 8 * place, run)


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8)")
def runs_merge(st, mem, windows, runs, heap, out, out_bytes):
    """Write entries of all runs, least key first, to `out`; bytes written.

    heap  a word per run
    Ends at the end of everything, when `out` is full, and when a run has more that is not in
    memory (its window then has less than an entry): whoever called it refills and calls again.
    """
    count = 0
    for run in range(runs):
        window = _window(windows, run)
        if _stands(mem, window):
            store_i64(mem, heap + 8 * count, run)
            count += 1
        elif load_i64(mem, window + 8 * WINDOW_OUTSIDE) > 0:
            return 0
    for place in range(count // 2 - 1, -1, -1):
        _sift(mem, windows, heap, count, place)
    done = 0
    while count > 0:
        window = _window(windows, load_i64(mem, heap))
        at = load_i64(mem, window + 8 * WINDOW_AT)
        size = entry_bytes(mem, at)
        if done + size > out_bytes:
            break
        move(mem, out + done, at, size)
        done += size
        store_i64(mem, window + 8 * WINDOW_AT, at + size)
        if not _stands(mem, window):
            if load_i64(mem, window + 8 * WINDOW_OUTSIDE) > 0:
                break
            count -= 1
            store_i64(mem, heap, load_i64(mem, heap + 8 * count))
        _sift(mem, windows, heap, count, 0)
    return done
