"""The archive of a volume: named objects in an object store, enough to make the volume again.

::

    <url>/<volume>-<volume id>/
        about.json                                            what volume this is, its wrapped key
        head                                                  Head: how far the archive is
        log/<start>-<end>-<epoch>-<first clock>-<last clock>  LogHeader, batches of LSN [start, end)
        pages/<digest>                                        some images of a page file
        base/<lsn>-<clock>                                    Base: images that belong together

Numbers in names are hexadecimal, clocks µs since 1970; a name says all that a restore needs to know
to choose. Objects but the first are enveloped, and sealed if there is a key
(`keyring.py`); apart from `head` they never change::

    OFFSET SIZE        OBJECT
    0      8           magic
    8      4     u4    flags   SEALED 1: what follows is encrypted
    12     4     u4    crc     zlib's crc32 of the rest
    16                 zstd of the contents, sealed or not

A page file is never overwritten, so its pieces are named by what they hold: what an earlier base
has is not sent again. Whoever wants the state at an LSN takes the newest base at or below it on the
path (`timeline.py`) and the log from the base's mark on.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import zstandard
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, from_url

from redo.errors import ArchiveDamaged, ArchiveUnavailable, KeyUnavailable, UnknownFormat
from redo.keyring import KeySealer, KeyService
from redo.metadata import FORMAT, VolumeMeta, packed, volume_of
from redo.timeline import History, Jump, Mark

_ENVELOPE: Final = struct.Struct("<8sII")
_MAGIC: Final = b"REDOARC1"
_SEALED: Final = 1
_FILE: Final = "file://"
_TOOK: Final = re.compile(r" in [0-9.]+(ns|µs|ms|s)\b")
_LEVEL: Final = 1  #: of zstd: the log of a busy writer must not wait for it
_CONTENTS_MAX: Final = 1 << 30
_ABOUT: Final = "about.json"
_HEAD: Final = "head"


class LogName(NamedTuple):
    """What the name of a log object says."""

    start: int
    end: int
    epoch: int
    first_us: int
    last_us: int

    @property
    def path(self) -> str:
        """The object's name."""
        return f"log/{self.start:016x}-{self.end:016x}-" + "-".join(f"{n:x}" for n in self[2:])


@dataclass(frozen=True, slots=True)
class Piece:
    """`count` images of a page file from slot `slot` on, and the object that has them."""

    pg: int
    sequence: int
    slot: int
    count: int
    name: str


@dataclass(frozen=True, slots=True)
class Base:
    """Images of all pages as of `mark`; none of them is newer than `lsn`, durable at `clock_us`."""

    lsn: int
    clock_us: int
    mark: Mark
    history: History
    pieces: tuple[Piece, ...]

    @property
    def path(self) -> str:
        """The object's name."""
        return f"base/{self.lsn:016x}-{self.clock_us:x}"


@dataclass(frozen=True, slots=True)
class Head:
    """All that was committed up to `latest_us` is in the archive, whose log ends at `lsn`."""

    lsn: int
    latest_us: int
    history: History


def history_of(fields: dict[str, Any]) -> History:
    """A history out of JSON."""
    epochs = tuple((int(epoch), int(start)) for epoch, start in fields["epochs"])
    return History(epochs, tuple(Jump(*map(int, jump)) for jump in fields["jumps"]))


class Archive:
    """The objects of one volume. Raises ArchiveUnavailable, ArchiveDamaged.

    url     such as ``file:///backups`` or ``s3://bucket/prefix``; credentials and endpoints come
            from the environment variables of the store (AWS_…, GOOGLE_…, AZURE_…)
    volume  the volume's directory in it
    keys    whoever has the master key of its data key; None: it is not encrypted
    store   the object store, if it is open
    """

    def __init__(
        self, url: str, volume: str, keys: KeyService | None = None, store: Any = None
    ) -> None:
        self._store = open_store(url) if store is None else store
        self._keys = keys
        self._sealer: KeySealer | None = None
        self.volume = volume

    # objects

    def _put(self, name: str, data: bytes) -> None:
        try:
            self._store.put(f"{self.volume}/{name}", data)
        except (BaseError, OSError) as error:
            raise ArchiveUnavailable(f"cannot write {name}: {_reason(error)}") from None

    def _get(self, name: str) -> bytes:
        try:
            return bytes(self._store.get(f"{self.volume}/{name}").bytes())
        except (NotFoundError, FileNotFoundError):
            raise ArchiveDamaged(f"object {self.volume}/{name} is missing") from None
        except (BaseError, OSError) as error:
            raise ArchiveUnavailable(f"cannot read {name}: {_reason(error)}") from None

    def names(self, folder: str) -> list[str]:
        """Sorted names of the objects in a folder, such as "log"."""
        prefix = f"{self.volume}/{folder}/"
        try:
            found = [
                str(one["path"])[len(self.volume) + 1 :]
                for batch in self._store.list(prefix, chunk_size=1000)
                for one in batch
            ]
        except (BaseError, OSError) as error:
            raise ArchiveUnavailable(f"cannot list {folder}: {_reason(error)}") from None
        return sorted(found)

    def delete(self, names: list[str]) -> None:
        """Remove objects."""
        try:
            for start in range(0, len(names), 1000):
                some = [f"{self.volume}/{name}" for name in names[start : start + 1000]]
                self._store.delete(some)
        except (BaseError, OSError) as error:
            raise ArchiveUnavailable(f"cannot delete: {_reason(error)}") from None

    def write(self, name: str, contents: bytes) -> int:
        """Compress, seal if there is a key, envelope and store; bytes stored."""
        body = zstandard.ZstdCompressor(level=_LEVEL).compress(contents)
        flags = 0
        if self._sealer is not None:
            body, flags = self._sealer.seal(f"{self.volume}/{name}", body), _SEALED
        self._put(name, _ENVELOPE.pack(_MAGIC, flags, zlib.crc32(body)) + body)
        return _ENVELOPE.size + len(body)

    def read(self, name: str) -> bytes:
        """The contents of an object, verified."""
        data = self._get(name)
        if len(data) < _ENVELOPE.size:
            raise ArchiveDamaged(f"object {self.volume}/{name} is cut off")
        magic, flags, crc = _ENVELOPE.unpack_from(data)
        body = data[_ENVELOPE.size :]
        if magic != _MAGIC or zlib.crc32(body) != crc:
            raise ArchiveDamaged(f"object {self.volume}/{name} is damaged: its checksum differs")
        if flags & _SEALED:
            if self._sealer is None:
                raise ArchiveDamaged(f"object {self.volume}/{name} is encrypted: give --keyring")
            body = self._sealer.unseal(f"{self.volume}/{name}", body)
        try:
            return zstandard.ZstdDecompressor().decompress(body, max_output_size=_CONTENTS_MAX)
        except zstandard.ZstdError:
            raise ArchiveDamaged(f"object {self.volume}/{name} is damaged") from None

    # what they are

    def open(self) -> VolumeMeta | None:
        """Constants of the volume that was archived; None: nothing was yet.

        Its data key is wrapped again if the master key has been rotated. Raises KeyUnavailable.
        """
        try:
            data = self._get(_ABOUT)
        except ArchiveDamaged:
            return None
        try:
            fields = json.loads(data)
            volume, wrapped = volume_of(fields["volume"], _ABOUT), fields["key"]
        except (ValueError, KeyError, TypeError):
            raise ArchiveDamaged(f"object {self.volume}/{_ABOUT} is damaged") from None
        if wrapped is None and self._keys is not None:
            raise KeyUnavailable(
                f"the archive of {self.volume} is not encrypted: leave the key out"
            )
        if wrapped is not None and self._keys is None:
            raise KeyUnavailable(
                f"the archive of {self.volume} is encrypted: its keyring is needed"
            )
        if self._keys is not None:
            self._sealer = KeySealer(self._keys.decrypt(wrapped))
        return volume

    def rewrap(self) -> bool:
        """Have the data key wrapped by the current master key; whether it was not."""
        fields = json.loads(self._get(_ABOUT))
        wrapped = fields["key"]
        if self._keys is None or self._keys.rewrap(wrapped) is wrapped:
            return False
        self._put(_ABOUT, packed({**fields, "key": self._keys.rewrap(wrapped)}))
        return True

    def begin(self, volume: VolumeMeta) -> None:
        """Begin the archive of a volume, with a data key of its own if it is encrypted."""
        wrapped = None
        if self._keys is not None:
            key, wrapped = self._keys.generate_data_key()
            self._sealer = KeySealer(key)
        self._put(_ABOUT, packed({"format": FORMAT, "volume": asdict(volume), "key": wrapped}))

    def head(self) -> Head | None:
        """How far the archive was when that was last said."""
        try:
            fields = json.loads(self.read(_HEAD))
        except ArchiveDamaged as error:
            if "missing" in str(error):
                return None
            raise
        return Head(fields["lsn"], fields["latest_us"], history_of(fields["history"]))

    def put_head(self, head: Head) -> None:
        """Say how far it is."""
        self.write(_HEAD, packed(asdict(head)))

    def logs(self) -> list[LogName]:
        """All log objects, ascending by LSN."""
        names = self.names("log")
        return sorted(LogName(*(int(n, 16) for n in name[4:].split("-"))) for name in names)

    def put_log(self, name: LogName, log: bytes) -> int:
        """Store batches; bytes stored."""
        return self.write(name.path, log)

    def log(self, name: LogName) -> bytes:
        """Batches."""
        data = self.read(name.path)
        if len(data) != name.end - name.start:
            raise ArchiveDamaged(f"object {self.volume}/{name.path} is of the wrong size")
        return data

    def bases(self) -> Iterator[Base]:
        """All bases, the oldest first."""
        for name in self.names("base"):
            yield self._base(name)

    def _base(self, name: str) -> Base:
        fields = json.loads(self.read(name))
        try:
            pieces = tuple(Piece(**piece) for piece in fields["pieces"])
            mark, history = Mark(*fields["mark"]), history_of(fields["history"])
            return Base(fields["lsn"], fields["clock_us"], mark, history, pieces)
        except (KeyError, TypeError, ValueError):
            raise ArchiveDamaged(f"object {self.volume}/{name} is damaged") from None

    def put_base(self, base: Base) -> None:
        """Let a base count: all its pieces are there."""
        self.write(base.path, packed(asdict(base)))


def open_store(url: str) -> Any:
    """The object store of a URL. Raises UnknownFormat, ArchiveUnavailable."""
    try:
        if url.startswith(_FILE):
            Path(url.removeprefix(_FILE)).mkdir(parents=True, exist_ok=True)
            return LocalStore(url.removeprefix(_FILE))
        retry: Any = {"max_retries": 2}
        # An endpoint of plain http is somebody's choice, made where the endpoint is named.
        options: Any = {"timeout": "20s", "allow_http": True}
        return from_url(url, retry_config=retry, client_options=options)
    except (BaseError, OSError) as error:
        raise ArchiveUnavailable(f"cannot open {url}: {_reason(error)}") from None
    except (ValueError, TypeError) as error:
        raise UnknownFormat(f"{url!r} is no URL of an object store: {error}") from None


def volumes_at(url: str) -> list[str]:
    """Directories of volumes at a URL; nothing is made where there is nothing."""
    if url.startswith(_FILE) and not Path(url.removeprefix(_FILE)).is_dir():
        return []
    try:
        found = open_store(url).list_with_delimiter()
    except (BaseError, OSError) as error:
        raise ArchiveUnavailable(f"cannot list {url}: {_reason(error)}") from None
    return sorted(str(path) for path in found["common_prefixes"])


def _reason(error: Exception) -> str:
    """One line of what an object store has to say, without how long it took to."""
    return _TOOK.sub("", str(error).split("\n")[0])[:200]
