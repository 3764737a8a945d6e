"""What a copy and a volume know about themselves: two small JSON files, replaced atomically.

``volume.json`` says what the volume is, for good. ``azN/kind/copy.json`` says how far
that copy is: epochs, and the checkpoint from which its log is needed.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass

from redo.disk import Disk
from redo.errors import UnknownFormat
from redo.image import valid_page_bytes
from redo.state import FIRST_LSN

FORMAT = 2
VOLUME_FILE = "volume.json"
COPY_FILE = "copy.json"


@dataclass(frozen=True, slots=True)
class VolumeMeta:
    """A volume's constants."""

    format: int
    volume_id: str
    page_bytes: int
    chunk_bytes: int
    pg_pages: int


@dataclass(frozen=True, slots=True)
class CopyMeta:
    """A copy's state.

    epochs            (epoch, LSN it starts at), ascending
    checkpoint        log below is not needed to read any page of this copy; a batch boundary
    checkpoint_batch  LSN of the last batch below it; 0: none
    checkpoint_epoch  and its epoch
    """

    format: int
    volume_id: str
    copy_no: int
    epochs: tuple[tuple[int, int], ...] = ()
    checkpoint: int = FIRST_LSN
    checkpoint_batch: int = 0
    checkpoint_epoch: int = 0


def new_volume(page_bytes: int, chunk_bytes: int, pg_pages: int) -> VolumeMeta:
    """Constants of a new volume, with a random identity."""
    if not valid_page_bytes(page_bytes):
        raise ValueError(f"page size {page_bytes} is not a power of two from 256 to 32768")
    if chunk_bytes % 4096 or chunk_bytes < 8192:
        raise ValueError(f"chunk size {chunk_bytes} is not a multiple of 4096")
    return VolumeMeta(FORMAT, secrets.token_hex(8), page_bytes, chunk_bytes, pg_pages)


def _load(disk: Disk, path: str) -> dict[str, object]:
    try:
        fields = json.loads(disk.read_file(path))
    except ValueError as error:
        raise UnknownFormat(f"{path} is damaged: {error}") from None
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        found = fields.get("format") if isinstance(fields, dict) else None
        raise UnknownFormat(f"{path} has format {found}, this program knows format {FORMAT}")
    return fields


def _save(disk: Disk, path: str, fields: dict[str, object]) -> None:
    disk.replace_file(path, json.dumps(fields, indent=1).encode() + b"\n")


def load_volume(disk: Disk, data_dir: str) -> VolumeMeta:
    """The volume's constants. Raises UnknownFormat, FileNotFoundError."""
    fields = _load(disk, f"{data_dir}/{VOLUME_FILE}")
    try:
        return VolumeMeta(**fields)  # type: ignore[arg-type]
    except TypeError:
        raise UnknownFormat(f"{data_dir}/{VOLUME_FILE} is not one of ours") from None


def save_volume(disk: Disk, data_dir: str, meta: VolumeMeta) -> None:
    """Write the volume's constants, durably."""
    _save(disk, f"{data_dir}/{VOLUME_FILE}", asdict(meta))


def load_copy(disk: Disk, path: str) -> CopyMeta:
    """A copy's state. Raises UnknownFormat, FileNotFoundError."""
    fields = _load(disk, f"{path}/{COPY_FILE}")
    try:
        pairs = fields.pop("epochs")
        assert isinstance(pairs, list)
        epochs = tuple((int(epoch), int(start)) for epoch, start in pairs)
        return CopyMeta(**fields, epochs=epochs)  # type: ignore[arg-type]
    except (AssertionError, TypeError, KeyError, ValueError):
        raise UnknownFormat(f"{path}/{COPY_FILE} is not one of ours") from None


def save_copy(disk: Disk, path: str, meta: CopyMeta) -> None:
    """Write a copy's state, durably."""
    _save(disk, f"{path}/{COPY_FILE}", asdict(meta))
