"""The archive beside a volume that works, goes back in time, loses the store: restored, it is the
volume. Encrypted, it is nothing to whoever has no key."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from obstore.store import MemoryStore

from redo.archive import Archive, LogName, volumes_at
from redo.archived import PIN, NearVolume
from redo.archiver import Archiver, ArchiveSettings
from redo.checksum_kernels import crc32c_of
from redo.errors import ArchiveDamaged, KeyUnavailable, OutsideWindow, VolumeError
from redo.keyring import LocalKeyring
from redo.record import BATCH_HEADER_BYTES, BATCH_MAGIC, FLAG_CPL, KIND_BEGIN, KIND_COMMIT
from redo.restore import cut_log, longest, make_plan, restore, window
from tests.redo.editing import NEW, WRITE, Step
from tests.redo.test_rewind import Traveller
from tests.redo.writing import Writer, wait_for


class Archived(Traveller):
    """A traveller whose volume is archived whenever `ship` is called.

    keyring   the archive is encrypted, and the volume too if `sealed`
    """

    def __init__(
        self, tmp_path: Path, keyring: Path | None = None, sealed: bool = False, **options: object
    ) -> None:
        self.url = f"file://{tmp_path}/archive"
        self.keyring = keyring
        if sealed:
            options["keys"] = self.keys
        super().__init__(tmp_path / "data", **options)
        self.attach()

    @property
    def keys(self) -> LocalKeyring | None:
        return None if self.keyring is None else LocalKeyring(self.keyring)

    def attach(self) -> None:
        settings = ArchiveSettings(self.url, "main", base_bytes=1 << 16)
        self.archiver = Archiver(NearVolume(self.writer.volume.storage), settings, self.keys)

    def again(self) -> None:
        super().again()
        self.attach()

    def ship(self) -> None:
        self.archiver.step()
        assert self.writer.volume.storage.pins[PIN] == self.writer.volume.log.vdl

    def archive(self, keys: LocalKeyring | None = None) -> Archive:
        (name,) = volumes_at(self.url)
        archive = Archive(self.url, name, keys or self.keys)
        archive.open()
        return archive

    def restored(self, path: Path) -> dict[int, bytes]:
        """Pages of the newest state in the archive."""
        archive = self.archive()
        restore(archive, make_plan(archive, None), path, lambda *_: None, self.keys)
        writer = Writer(path, keys=self.keys)
        try:
            return {page: writer.read(page) for page in self.writer.known}
        finally:
            writer.volume.close()


@pytest.mark.parametrize("encrypted", [False, True])
def test_restored_is_the_volume(tmp_path: Path, encrypted: bool) -> None:
    """After work, coalescing, restarts and journeys back in time."""
    keyring = tmp_path / "keyring"
    if encrypted:
        LocalKeyring.create(keyring)
    rng = np.random.default_rng(3)
    one = Archived(tmp_path, keyring if encrypted else None, sealed=encrypted)
    for number in range(4):
        one.work(rng, 3)
        one.ship()
        one.work(rng, 2)
        one.ship()
        assert one.restored(tmp_path / f"new{number}") == one.state()
        if number == 1:
            one.go(one.moments[int(rng.integers(len(one.moments)))][0])
        elif number == 2:
            one.again()
    one.go(one.moments[2][0])
    one.ship()
    assert one.restored(tmp_path / "before a write") == one.state()
    one.work(rng, 1)
    one.ship()
    assert one.restored(tmp_path / "last") == one.state()
    one.writer.volume.close()


def test_stopped_before_it_had_log(tmp_path: Path) -> None:
    """A base and no log: log is archived from the state of the base on."""
    one = Archived(tmp_path, coalesce_bytes=1 << 12)
    one.ship()
    assert not one.archive().logs()
    one.work(np.random.default_rng(8), 8)
    wait_for(lambda: min(one.writer.checkpoints()) > 1 << 12)
    one.again()
    one.ship()
    assert one.restored(tmp_path / "new") == one.state()
    one.writer.volume.close()


def test_a_store_that_is_away_for_a_while(tmp_path: Path) -> None:
    """Writes go on, the log stays, the archive catches up."""
    rng = np.random.default_rng(4)
    one = Archived(tmp_path, coalesce_bytes=1 << 12, backtrack_window_s=0)
    one.work(rng, 2)
    one.ship()
    pin = one.writer.volume.storage.pins[PIN]
    (tmp_path / "archive").rename(tmp_path / "away")
    (tmp_path / "archive").touch()
    one.archiver.start()
    one.work(rng, 20)
    wait_for(lambda: bool(one.archiver.status()["error"]))
    one.archiver.stop()
    assert one.archiver.status()["state"] == "waiting for the store"
    assert one.writer.volume.storage.pins[PIN] == pin
    assert int(one.archiver.status()["lag_bytes"]) > 0  # type: ignore[call-overload]
    (tmp_path / "archive").unlink()
    (tmp_path / "away").rename(tmp_path / "archive")
    one.attach()
    one.ship()
    assert one.restored(tmp_path / "new") == one.state()
    one.writer.volume.close()


class Silent:
    """A store that does what it is asked; of some objects it does not say so the next time."""

    def __init__(self) -> None:
        self._store = MemoryStore()
        self.silent_of: set[str] = set()

    def put(self, path: str, data: bytes) -> None:
        self._store.put(path, data)
        folder = path.split("/")[1]
        if folder in self.silent_of:
            self.silent_of.discard(folder)
            raise OSError("no answer")

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


def test_a_base_that_was_stored_without_an_answer(tmp_path: Path) -> None:
    """Nobody keeps the log that it would need, so it must go."""
    rng = np.random.default_rng(6)
    one = Archived(tmp_path, coalesce_bytes=1 << 12, backtrack_window_s=0)
    store = Silent()
    settings = ArchiveSettings("", "main", store=store)
    one.archiver = Archiver(NearVolume(one.writer.volume.storage), settings)
    for _ in range(3):
        store.silent_of = {"base"}
        with pytest.raises(VolumeError, match="no answer"):
            one.archiver.step()
        one.work(rng, 2)
    stored = one.writer.volume.storage.pins[PIN]
    one.work(rng, 8)
    wait_for(lambda: min(one.writer.checkpoints()) > stored)
    one.archiver.step()
    one.archiver.expire(0)
    one.work(rng, 2)
    one.archiver.step()
    archive = Archive("", f"main-{one.writer.volume.storage.volume.volume_id}", None, store)
    archive.open()
    for to_us in window(archive):
        make_plan(archive, to_us)
    restore(archive, make_plan(archive, None), tmp_path / "new", lambda *_: None)
    writer = Writer(tmp_path / "new")
    assert {page: writer.read(page) for page in one.writer.known} == one.state()
    writer.volume.close()
    one.writer.volume.close()


def test_log_that_was_stored_without_an_answer() -> None:
    """It was stored again with what had come since: that is taken, once."""
    part, whole = LogName(4096, 5000, 3, 10, 20), LogName(4096, 9000, 3, 10, 40)
    after = LogName(9000, 9900, 3, 50, 60)
    assert longest([part, whole, after]) == [whole, after]


def test_retention(tmp_path: Path) -> None:
    """What is older than the window goes; the window moves; what is in it can be restored."""
    rng = np.random.default_rng(5)
    one = Archived(tmp_path)
    for _ in range(4):
        end = one.writer.volume.log.vdl
        one.work(rng, 25)
        wait_for(lambda end=end: max(one.writer.checkpoints()) > end)  # type: ignore[misc]
        one.ship()
    archive = one.archive()
    bases = list(archive.bases())
    assert len(bases) > 2
    logs = len(archive.logs())
    assert window(archive)[0] == bases[0].clock_us
    one.archiver.expire(bases[2].clock_us)
    assert window(archive)[0] == bases[2].clock_us
    assert len(archive.logs()) < logs
    used = {piece.name for base in archive.bases() for piece in base.pieces}
    assert set(archive.names("pages")) == used
    with pytest.raises(OutsideWindow, match="cannot be restored: the archive has 2"):
        make_plan(archive, bases[1].clock_us)
    assert one.restored(tmp_path / "new") == one.state()
    one.writer.volume.close()


def test_keys(tmp_path: Path) -> None:
    """No plaintext; no key, a wrong key, swapped objects; a new master key."""
    keyring = tmp_path / "keyring"
    LocalKeyring.create(keyring)
    assert keyring.stat().st_mode & 0o777 == 0o600
    one = Archived(tmp_path, keyring)
    one.writer.run([Step(NEW, 3), Step(WRITE, 3, 64, 32, 9)])
    one.ship()
    one.writer.run([Step(WRITE, 3, 128, 32, 10)])
    one.ship()
    planted = [one.state()[3][64:96], one.state()[3][128:160]]
    stored = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert any(planted[0] in path.read_bytes() for path in stored), "it can be found"
    files = [path for path in (tmp_path / "archive").rglob("*") if path.is_file()]
    assert len(files) > 3
    assert not any(text in path.read_bytes() for path in files for text in planted)
    (name,) = volumes_at(one.url)
    with pytest.raises(KeyUnavailable, match="is encrypted: its keyring is needed"):
        Archive(one.url, name).open()
    with pytest.raises(KeyUnavailable, match="lacks master key"):
        one.archive(LocalKeyring.create(tmp_path / "other"))
    before = LocalKeyring(keyring).current
    assert LocalKeyring(keyring).rotate() != before
    one.again()
    one.ship()
    assert before not in (tmp_path / "archive" / name / "about.json").read_text()
    first, second = sorted((tmp_path / "archive").glob("*/log/*"))[:2]
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    with pytest.raises(KeyUnavailable, match="cannot be decrypted"):
        one.archive().log(one.archive().logs()[0])
    first.write_bytes(kept)
    assert one.restored(tmp_path / "new")[3][128:160] == planted[1]
    keyring.chmod(0o644)
    with pytest.raises(KeyUnavailable, match="can be read by others"):
        LocalKeyring(keyring)
    one.writer.volume.close()


def batch(lsn: int, clock_us: int, marks: list[tuple[int, int]]) -> bytes:
    """A batch of marks (kind, clock), each a mini-transaction."""
    records = b"".join(
        struct.pack("<qqqIHHqq", 0, 0, -1, 48, kind, FLAG_CPL, 7, clock) for kind, clock in marks
    )
    length = BATCH_HEADER_BYTES + len(records)
    rest = struct.pack("<qqqqIII12x", lsn, 0, 1, clock_us, length, len(marks), len(marks))
    data = np.frombuffer(rest + records, np.uint8).copy()
    return struct.pack("<II", BATCH_MAGIC, int(crc32c_of(data, 0, len(data)))) + rest + records


def test_cut_in_the_middle_of_a_batch() -> None:
    first = batch(4096, 120, [(KIND_COMMIT, 100), (KIND_COMMIT, 110)])
    marks = [(KIND_BEGIN, 130), (KIND_COMMIT, 130), (KIND_COMMIT, 140), (KIND_COMMIT, 150)]
    second = batch(4096 + len(first), 160, marks)
    log = first + second
    assert cut_log(log, 4096, 150) is None
    for until_us, count in [(149, 3), (140, 3), (139, 2), (130, 2)]:
        assert cut_log(log, 4096, until_us) == first + batch(4096 + len(first), 160, marks[:count])
    assert cut_log(log, 4096, 110) == first + batch(4096 + len(first), 160, marks[:1])
    assert cut_log(log, 4096, 99) == b""
    with pytest.raises(ArchiveDamaged, match="no whole batch at LSN 4256"):
        cut_log(log[: 4192 - 4096] + log[4200 - 4096 :], 4096, 10_000)


def test_what_a_store_says_is_the_same_each_time(tmp_path: Path) -> None:
    """It refuses the same thing again and again, each time after another while: that is one
    trouble, said once."""
    one = Archived(tmp_path)
    took = iter(range(10))

    class Refusing(MemoryStore):
        def put(self, path: str, data: bytes) -> None:  # type: ignore[override]
            raise OSError(f"PUT in {next(took)}.25ms - 403 Forbidden")

    settings = ArchiveSettings("", "main", store=Refusing())
    archiver = Archiver(NearVolume(one.writer.volume.storage), settings)
    said = set()
    for _ in range(3):
        with pytest.raises(VolumeError) as caught:
            archiver.step()
        said.add(str(caught.value))
    assert said == {"cannot write about.json: PUT - 403 Forbidden"}
    one.writer.volume.close()
