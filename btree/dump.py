"""``python -m btree.dump DATA [PAGE…]``: pages of a volume as text; without numbers, all of them.

Of an encrypted volume: DATA --keyring FILE [PAGE…].

One line a page, one a slot below it (keys and values in hex). Reads at the volume's durable end,
so the server must be stopped: it is the writer of that directory.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from btree.layout import PAGE_TREE
from btree.page import Page, Slot
from redo.errors import PageUnavailable
from redo.keyring import LocalKeyring
from redo.volume import NEWEST, LocalVolume

_SHOWN_BYTES = 48


def slot_line(slot: Slot) -> str:
    """A slot as text."""
    key = slot.key[:_SHOWN_BYTES].hex() or "-"
    if slot.child:
        return f"  {key} → page {slot.child}"
    if slot.value is None:
        return f"  {key} = {slot.overflow_bytes} bytes from page {slot.overflow_page} on"
    more = "…" if len(slot.value) > _SHOWN_BYTES else ""
    return f"  {key} = {slot.value[:_SHOWN_BYTES].hex()}{more}"


def page_lines(page: Page) -> Iterator[str]:
    """A page as text: its header, then the slots of a tree page."""
    yield page.line()
    if page.kind != PAGE_TREE:
        return
    try:
        yield from map(slot_line, page.slots)
    except (ValueError, struct.error) as error:
        yield f"  broken: {error}"


def dump(volume: LocalVolume, page_nos: list[int]) -> Iterator[str]:
    """Lines for these pages, or for all when the list is empty."""
    frame = volume.arena.alloc(volume.page_bytes)

    def read(page_no: int) -> Page:
        volume.read_page(page_no, NEWEST, frame)
        return Page(volume.arena.mem[frame : frame + volume.page_bytes].tobytes())

    for page_no in page_nos or range(read(0).volume[1]):
        try:
            yield from page_lines(read(page_no))
        except PageUnavailable:
            yield f"page {page_no} does not exist"


def main(arguments: list[str]) -> int:
    if not arguments:
        sys.stderr.write((__doc__ or "").split("\n")[0] + "\n")
        return 2
    path, more, keys = arguments[0], arguments[1:], None
    if more[:1] == ["--keyring"]:
        keys, more = LocalKeyring(Path(more[1])), more[2:]
    volume = LocalVolume(path, private_bytes=1 << 20, keys=keys)
    try:
        for line in dump(volume, [int(text) for text in more]):
            sys.stdout.write(line + "\n")
    finally:
        volume.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
