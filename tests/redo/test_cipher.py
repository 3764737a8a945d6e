"""Encryption: the published vectors, what is bound to what, and a volume none of whose files has
plaintext in it, through coalescing, restarts, journeys, clones and lost copies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher as Blocks
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from redo.arena import Arena, create_ring
from redo.cipher import Cipher
from redo.errors import KeyUnavailable, VolumeError
from redo.keyring import DataKey, LocalKeyring
from redo.quorum import COPIES
from redo.record import (
    BATCH_CLOCK_AT,
    BATCH_EPOCH_AT,
    BATCH_HEADER_BYTES,
    BATCH_LSN_AT,
    BATCH_TAG_AT,
    BATCH_TAG_BYTES,
)
from redo.record_kernels import image_crc
from redo.segment_layout import STORE_ENTRY_BYTES, X_SALT, X_TAG
from redo.temporary_file import TemporaryFile
from tests.redo.editing import NEW, WRITE, Step
from tests.redo.test_archive import batch
from tests.redo.test_frozen import Volumes, images, same
from tests.redo.test_rewind import Traveller
from tests.redo.writing import Writer, wait_for


def xaes(key: bytes, nonce: bytes, plain: bytes, bound: bytes) -> bytes:
    """XAES-256-GCM as C2SP writes it down, of the library's AES."""

    def aes(block: bytes) -> bytes:
        return Blocks(AES(key), ECB()).encryptor().update(block)

    doubled = int.from_bytes(aes(bytes(16)), "big") << 1
    mask = (doubled ^ (0x87 | 1 << 128) if doubled >> 128 else doubled).to_bytes(16, "big")
    halves = []
    for number in (1, 2):
        message = bytes([0, number]) + b"X\0" + nonce[:12]
        halves.append(aes(bytes(a ^ b for a, b in zip(message, mask, strict=True))))
    return AESGCM(b"".join(halves)).encrypt(nonce[12:], plain, bound)


def test_vectors() -> None:
    """Those of the specification."""
    nonce, plain = b"ABCDEFGHIJKLMNOPQRSTUVWX", b"XAES-256-GCM"
    first = xaes(b"\x01" * 32, nonce, plain, b"")
    assert first.hex() == "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"
    second = xaes(b"\x03" * 32, nonce, plain, b"c2sp.org/XAES-256-GCM")
    assert second.hex() == "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"


@pytest.fixture
def arena() -> Iterator[Arena]:
    arena = Arena(create_ring(1 << 16), 1 << 22)
    yield arena
    arena.close()


def key(byte: int = 7) -> DataKey:
    return DataKey(bytes([byte]) * 32, {})


def test_batches(arena: Arena) -> None:
    """As the library encrypts; each bound to its place; an ancestor's log by the ancestor's key."""
    one = Cipher(arena, key(), ((0, "parent"), (8192, "child")))
    for lsn, owner in [(4096, "parent"), (8192, "child"), (1 << 40, "child")]:
        plain = batch(lsn, 1_700_000_000_000_000, [(3, clock) for clock in range(50)])
        sealed = one.encrypted_log(plain)
        places = (BATCH_CLOCK_AT, BATCH_EPOCH_AT, BATCH_LSN_AT)
        nonce = b"".join(plain[at : at + 8] for at in places)
        body, bound = plain[BATCH_HEADER_BYTES:], plain[BATCH_LSN_AT:BATCH_TAG_AT]
        expected = xaes(key().derived(f"log {owner}"), nonce, body, bound)
        assert sealed[BATCH_HEADER_BYTES:] == expected[: len(body)]
        assert sealed[BATCH_TAG_AT:BATCH_HEADER_BYTES] == expected[len(body) :][:BATCH_TAG_BYTES]
        assert one.decrypted_log(sealed) == plain
    two = batch(4096, 1, [(3, 1)]) + batch(4096 + 112, 2, [(3, 2)])
    assert one.decrypted_log(one.encrypted_log(two)) == two
    stranger = Cipher(arena, key(8), ((0, "parent"),))
    with pytest.raises(VolumeError, match="cannot be decrypted"):
        stranger.decrypted_log(one.encrypted_log(two))
    first, second = one.encrypted_log(two)[:112], one.encrypted_log(two)[112:]
    swapped = first[:BATCH_HEADER_BYTES] + second[BATCH_HEADER_BYTES:]
    with pytest.raises(VolumeError):
        one.decrypted_log(swapped)


def test_images(arena: Arena) -> None:
    """As the library encrypts; zeros stay zeros, but not just any."""
    one = Cipher(arena, key(), ((0, "a"),))
    image = np.arange(512, dtype=np.uint8)
    empty = np.zeros(512, np.uint8)
    empty[:16] = image[:16] = np.array([5, 900], np.int64).view(np.uint8)
    for frame in (image, empty):
        frame[16:20] = np.array([image_crc(frame, 0, 512)], np.uint32).view(np.uint8)
    entries = bytes(2 * STORE_ENTRY_BYTES)
    plain = entries + image.tobytes() + empty.tobytes()
    sealed = one.encrypted_images(entries, plain[len(entries) :])
    salt = sealed[X_SALT : X_SALT + 8]
    nonce = salt + image[:16].tobytes()
    expected = xaes(key().derived("pages"), nonce, image[20:].tobytes(), b"")
    body = sealed[len(entries) + 20 : len(entries) + 512]
    assert body + sealed[X_TAG : X_TAG + 16] == expected
    assert not any(sealed[len(entries) + 512 + 20 :])
    for at in (X_TAG, X_SALT, STORE_ENTRY_BYTES + X_TAG):
        changed = bytearray(sealed[: len(entries)])
        changed[at] ^= 1
        with pytest.raises(VolumeError, match="cannot be decrypted"):
            one.decrypted_images(bytes(changed), sealed[len(entries) :])
    opened = one.decrypted_images(sealed[: len(entries)], sealed[len(entries) :])
    assert opened[len(entries) :] == plain[len(entries) :]


class Keyed(Traveller):
    """A traveller whose volume is encrypted."""

    def __init__(self, tmp_path: Path, **options: object) -> None:
        keyring = tmp_path / "keyring"
        if not keyring.exists():
            LocalKeyring.create(keyring)
        super().__init__(tmp_path / "data", keys=LocalKeyring(keyring), **options)


def files_with(path: Path, plain: bytes) -> list[Path]:
    """Files that have these bytes in them."""
    return [p for p in path.rglob("*") if p.is_file() and plain in p.read_bytes()]


def plant(writer: Writer) -> bytes:
    """Random bytes on a page of their own, durable."""
    writer.run([Step(NEW, 39), Step(WRITE, 39, 64, 32, 9)])
    return writer.editor.image(39)[64:96]


@pytest.mark.parametrize("coalesce_bytes", [1 << 12, 1 << 22])
def test_to_and_fro(tmp_path: Path, coalesce_bytes: int) -> None:
    """Work, journeys in time, a lost copy: every copy can be read, none has plaintext."""
    rng = np.random.default_rng(coalesce_bytes)
    one = Keyed(tmp_path, coalesce_bytes=coalesce_bytes)
    planted = []
    for round_no in range(5):
        planted.append(plant(one.writer))
        one.work(rng, 6)
        if round_no == 1:
            lost = one.writer.volume.storage.copiers[0]
            (tmp_path / "data/az1/full").rename(tmp_path / "data/lost")
            wait_for(lambda: one.writer.volume.storage.copiers[0] not in (None, lost))  # noqa: B023
            wait_for(lambda: len(one.writer.volume.storage.live()) == COPIES)
        moment, state = one.moments[int(rng.integers(len(one.moments)))]
        one.go(moment)
        assert one.state() == state
        one.copies_agree()
    assert len(set(planted)) == 1
    assert not files_with(tmp_path / "data", planted[0])
    one.writer.volume.close()


def test_clones(tmp_path: Path) -> None:
    """They read what their parents wrote, and write with keys of their own."""
    volumes = Volumes(tmp_path)
    keys = LocalKeyring.create(tmp_path / "keyring")
    rng = np.random.default_rng(5)
    parent = volumes.start("main", keys=keys, coalesce_bytes=1 << 13)
    parent.work(rng, 150)
    volumes.clone("main", "copy")
    clone = volumes.start("copy", parent, keys=keys, coalesce_bytes=1 << 13)
    clone.work(rng, 60)
    volumes.clone("copy", "second")
    second = volumes.start("second", clone, keys=keys, coalesce_bytes=1 << 13)
    planted = set()
    for writer in (parent, clone, second):
        writer.work(rng, 120)
        planted.add(plant(writer))
    for name, seals in (("main", 1), ("copy", 2), ("second", 3)):
        same(volumes.open[name])
        assert len(volumes.open[name].volume.storage.volume.seals) == seals
        known = images(volumes.open[name])
        volumes.stop(name)
        same(volumes.start_with(name, known, keys=keys, coalesce_bytes=1 << 13))
    assert len(planted) == 1
    assert not files_with(volumes.path, planted.pop())
    volumes.close()


def test_without_the_key(tmp_path: Path) -> None:
    """Nothing is read and nothing is damaged: not without a keyring, not with another one."""
    one = Keyed(tmp_path)
    one.work(np.random.default_rng(6), 3)
    state = one.state()
    one.writer.volume.close()
    with pytest.raises(KeyUnavailable, match="its --keyring is needed"):
        Writer(tmp_path / "data")
    with pytest.raises(KeyUnavailable, match="lacks master key"):
        Writer(tmp_path / "data", keys=LocalKeyring.create(tmp_path / "other"))
    one.writer = Writer(tmp_path / "data", **one.options)
    one.again()
    assert one.state() == state
    one.writer.volume.close()


@pytest.mark.parametrize("encrypted", [False, True])
def test_temporary_file(encrypted: bool) -> None:
    """What was written anywhere is read in any pieces, and is not in the file if it shall not."""
    rng = np.random.default_rng(9)
    file, written = TemporaryFile(encrypted), b""
    while len(written) < 5000:
        piece = rng.bytes(int(rng.integers(1, 400)))
        file.write(memoryview(piece), len(written))
        written += piece
    for _ in range(50):
        at = int(rng.integers(len(written)))
        into = bytearray(int(rng.integers(1, 700)))
        got = file.read(memoryview(into), at)
        assert bytes(into[:got]) == written[at : at + len(into)]
    stored = os.pread(file.fd, len(written), 0)
    assert (written[1000:1032] in stored) != encrypted
    file.truncate(100)
    assert file.read(memoryview(bytearray(10)), 95) == 5
    file.close()
