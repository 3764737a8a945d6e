"""``python -m redo.dump DATA [--copy az1/full] [--from LSN] [--page N]``: what is on disk.

Of an encrypted volume with ``--keyring FILE``.

Reads the files of one copy; takes no lock and changes nothing, so it may be used beside a running
server (what is being written at that moment may then look cut off).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from redo.arena import Arena, create_ring
from redo.checksum_kernels import crc32c_of
from redo.cipher import Cipher
from redo.disk import FileDisk
from redo.errors import VolumeError
from redo.image import PAGE_CRC_AT
from redo.keyring import KeyService, LocalKeyring, unwrapped
from redo.metadata import CopyMeta, VolumeMeta, load_copy, load_volume
from redo.record import (
    BATCH_CLOCK_AT,
    BATCH_CRC_AT,
    BATCH_EPOCH_AT,
    BATCH_HEADER_BYTES,
    BATCH_LENGTH_AT,
    BATCH_LSN_AT,
    BATCH_MAGIC,
    BATCH_PREVIOUS_AT,
    BATCH_RECORDS_AT,
    EDIT_AT_AT,
    EDIT_BYTE_AT,
    EDIT_COUNT_AT,
    EDIT_FILL,
    EDIT_HEADER_BYTES,
    EDIT_IMAGE,
    EDIT_MOVE,
    EDIT_SOURCE_AT,
    EDIT_WRITE,
    FLAG_CPL,
    FLAG_WHOLE,
    KIND_NAMES,
    KIND_PAGE,
    MARK_CLOCK_AT,
    MARK_TRX_AT,
    RECORD_FLAGS_AT,
    RECORD_HEADER_BYTES,
    RECORD_KIND_AT,
    RECORD_LENGTH_AT,
    RECORD_LSN_AT,
    RECORD_PAGE_NO_AT,
    RECORD_PREV_PAGE_AT,
)
from redo.segment_layout import CHUNK_HEADER_BYTES, STORE_ENTRY_BYTES, X_SLOT

_MEMORY_BYTES = 64 << 20


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little", signed=size == 8)


def _crc(data: bytes) -> int:
    return int(crc32c_of(np.frombuffer(bytearray(data), np.uint8), 0, len(data)))


class CopyFiles:
    """The log and pages of one copy, read only."""

    def __init__(self, data_dir: Path, copy: str, keys: KeyService | None = None) -> None:
        disk = FileDisk()
        self.volume: VolumeMeta = load_volume(disk, str(data_dir))
        self._cipher: Cipher | None = None
        if self.volume.key is not None:
            arena = Arena(create_ring(1 << 16), _MEMORY_BYTES)
            self._cipher = Cipher(arena, unwrapped(self.volume.key, keys), self.volume.seals)
        self.path = data_dir / copy
        self.meta: CopyMeta = load_copy(disk, str(self.path))

    def log(self, lsn: int, count: int) -> bytes:
        """Log bytes, fewer where files end."""
        parts = []
        while count > 0:
            start = lsn - lsn % self.volume.chunk_bytes
            take = min(count, start + self.volume.chunk_bytes - lsn)
            try:
                with (self.path / "log" / f"{start:016x}.log").open("rb") as file:
                    file.seek(CHUNK_HEADER_BYTES + lsn - start)
                    parts.append(file.read(take))
            except FileNotFoundError:
                break
            lsn += take
            count -= take
        return b"".join(parts)

    def batches(self, lsn: int) -> Iterator[bytes]:
        """Whole, intact batches from `lsn`, a batch boundary, on."""
        while True:
            header = self.log(lsn, BATCH_HEADER_BYTES)
            if len(header) < BATCH_HEADER_BYTES or _number(header, 0, 4) != BATCH_MAGIC:
                return
            batch = self.log(lsn, _number(header, BATCH_LENGTH_AT, 4))
            good = _crc(batch[BATCH_LSN_AT:]) == _number(batch, BATCH_CRC_AT, 4)
            if not good or _number(batch, BATCH_LSN_AT, 8) != lsn:
                return
            yield batch if self._cipher is None else self._cipher.decrypted_log(batch)
            lsn += len(batch)

    def stored(self) -> Iterator[tuple[Path, int, int, int]]:
        """(data file, slot, page number, page LSN) of every stored image, oldest first."""
        for index in sorted(self.path.glob("pg-*/pages-*.idx")):
            data = index.read_bytes()
            for at in range(0, len(data) - STORE_ENTRY_BYTES + 1, STORE_ENTRY_BYTES):
                yield (
                    index.with_suffix(".dat"),
                    _number(data, at + X_SLOT, 4),
                    _number(data, at, 8),
                    _number(data, at + 8, 8),
                )

    def image(self, file: Path, slot: int) -> bytes:
        """A stored image."""
        with file.open("rb") as opened:
            opened.seek(slot * self.volume.page_bytes)
            image = opened.read(self.volume.page_bytes)
        if self._cipher is None:
            return image
        with file.with_suffix(".idx").open("rb") as opened:
            opened.seek(slot * STORE_ENTRY_BYTES)
            entry = opened.read(STORE_ENTRY_BYTES)
        return self._cipher.decrypted_images(entry, image)[STORE_ENTRY_BYTES:]


def records_of(batch: bytes) -> Iterator[bytes]:
    """The records of a batch."""
    at = BATCH_HEADER_BYTES
    while at < len(batch):
        length = _number(batch, at + RECORD_LENGTH_AT, 4)
        yield batch[at : at + length]
        at += -(-length // 8) * 8


def batch_line(batch: bytes) -> str:
    """One line about a batch."""
    return (
        f"batch {_number(batch, BATCH_LSN_AT, 8)}"
        f" after {_number(batch, BATCH_PREVIOUS_AT, 8)}"
        f" epoch {_number(batch, BATCH_EPOCH_AT, 8)}"
        f" clock {_number(batch, BATCH_CLOCK_AT, 8)}"
        f" {len(batch)} bytes {_number(batch, BATCH_RECORDS_AT, 4)} records"
    )


def record_line(record: bytes) -> str:
    """One line about a record and what it does."""
    kind = _number(record, RECORD_KIND_AT, 2)
    flags = _number(record, RECORD_FLAGS_AT, 2)
    text = f"  {_number(record, RECORD_LSN_AT, 8)} {KIND_NAMES.get(kind, str(kind))}"
    if kind == KIND_PAGE:
        text += f" page {_number(record, RECORD_PAGE_NO_AT, 8)}"
        text += f" after {_number(record, RECORD_PREV_PAGE_AT, 8)}"
        text += "".join(f" {edit}" for edit in edits_of(record))
    else:
        text += f" {_number(record, MARK_TRX_AT, 8)} clock {_number(record, MARK_CLOCK_AT, 8)}"
    return text + (" whole" if flags & FLAG_WHOLE else "") + (" ." if flags & FLAG_CPL else "")


def edits_of(record: bytes) -> Iterator[str]:
    """The edits of a PAGE record, a few characters each."""
    at = RECORD_HEADER_BYTES
    while at < len(record):
        op, to = record[at], _number(record, at + EDIT_AT_AT, 2)
        count = _number(record, at + EDIT_COUNT_AT, 2)
        data = record[at + EDIT_HEADER_BYTES : at + EDIT_HEADER_BYTES + count]
        if op == EDIT_WRITE:
            shown = data[:16].hex() + ("…" if count > 16 else "")
            yield f"[{to}:{to + count}]={shown}"
        elif op == EDIT_MOVE:
            source = _number(record, at + EDIT_SOURCE_AT, 2)
            yield f"[{to}:{to + count}]<-[{source}:{source + count}]"
        elif op == EDIT_FILL:
            yield f"[{to}:{to + count}]=fill {record[at + EDIT_BYTE_AT]}"
        else:
            yield f"[{to}:{to + count}]=image"
        at += EDIT_HEADER_BYTES + (count if op in (EDIT_WRITE, EDIT_IMAGE) else 0)


def hex_lines(image: bytes) -> Iterator[str]:
    """A page in hex, runs of equal lines left out."""
    before, skipped = b"", False
    for at in range(0, len(image), 16):
        line = image[at : at + 16]
        if line == before:
            if not skipped:
                yield "*"
            skipped = True
            continue
        before, skipped = line, False
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)
        yield f"{at:05x}  {line.hex(' ', 4):36}  {text}"


def log_lines(copy: CopyFiles, lsn: int) -> Iterator[str]:
    """The log from `lsn` on."""
    for batch in copy.batches(lsn):
        yield batch_line(batch)
        for record in records_of(batch):
            yield record_line(record)
        lsn += len(batch)
    yield f"end {lsn}"


def page_lines(copy: CopyFiles, page_no: int) -> Iterator[str]:
    """The stored images of a page, the newest in hex, and its records above the checkpoint."""
    newest: tuple[int, Path, int] | None = None
    for file, slot, number, lsn in copy.stored():
        if number == page_no:
            yield f"page {number} as of {lsn} in {file.parent.name}/{file.name} slot {slot}"
            newest = max(newest or (lsn, file, slot), (lsn, file, slot))
    if newest is not None:
        image = copy.image(newest[1], newest[2])
        crc = _crc(image[:PAGE_CRC_AT] + image[PAGE_CRC_AT + 4 :])
        yield "crc " + ("good" if crc == _number(image, PAGE_CRC_AT, 4) else "WRONG")
        yield from hex_lines(image)
    for batch in copy.batches(copy.meta.marks[-1].lsn):
        for record in records_of(batch):
            if _number(record, RECORD_PAGE_NO_AT, 8) == page_no:
                yield record_line(record)


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m redo.dump", description="Show a volume's files."
    )
    parser.add_argument("data", type=Path, help="data directory")
    parser.add_argument("--keyring", type=Path, help="of an encrypted volume")
    parser.add_argument("--copy", default="az1/full", help="which copy (default az1/full)")
    parser.add_argument("--from", dest="lsn", type=int, help="batch boundary to start at")
    parser.add_argument("--page", type=int, help="show this page instead of the log")
    options = parser.parse_args(arguments)
    try:
        keys = None if options.keyring is None else LocalKeyring(options.keyring)
        copy = CopyFiles(options.data, options.copy, keys)
    except (OSError, VolumeError) as error:
        print(f"redo.dump: {error}", file=sys.stderr)
        return 1
    history = copy.meta.history
    print(f"volume {copy.volume.volume_id}, copy {options.copy}, epochs {list(history.epochs)}")
    print(f"checkpoints {[mark.lsn for mark in copy.meta.marks]}")
    for jump in history.jumps:
        print(f"from LSN {jump.start} on, goes on from {jump.origin}")
    if options.page is not None:
        lines = page_lines(copy, options.page)
    else:
        lines = log_lines(copy, options.lsn or copy.meta.marks[-1].lsn)
    for line in lines:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
