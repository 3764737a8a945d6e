"""Every option of a cluster: name, type, default, unit and meaning, in one table.

The table is `Config` itself: one field per option, its metadata says the rest. The command line and
its help are derived from it, and a test holds `docs/operations.md` to it. A `Config` is made once,
in the composition root, and handed down; nothing below reads the environment.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from redo.errors import VolumeError
from redo.quorum import ZONES as ZONE_NAMES
from redo.volumes import MAIN, checked_name, volume_path

KIB: Final = 1 << 10
MIB: Final = 1 << 20
GIB: Final = 1 << 30
Places = tuple[tuple[int, str], ...]  #: (zone from 0, HOST:PORT)
_SUFFIXES: Final = {"": 1, "K": KIB, "M": MIB, "G": GIB, "T": GIB << 10}


class BadOption(ValueError):
    """An option's text is not a value of its type; the message names both."""


def parse_size(text: str) -> int:
    """Bytes of ``128M``, ``64KiB``, ``4096``: K, M, G and T are powers of 1024."""
    trimmed = text.strip().upper().removesuffix("IB").removesuffix("B")
    digits = trimmed.rstrip("KMGT")
    suffix = trimmed[len(digits) :]
    if not digits.isdigit() or suffix not in _SUFFIXES:
        raise BadOption(f"{text!r} is not a size: write a number with K, M or G behind it")
    return int(digits) * _SUFFIXES[suffix]


def format_size(count: int) -> str:
    """The shortest exact form that `parse_size` reads: ``134217728`` is ``128M``."""
    for suffix in ("G", "M", "K"):
        unit = _SUFFIXES[suffix]
        if count and count % unit == 0:
            return f"{count // unit}{suffix}"
    return str(count)


def parse_port(text: str) -> int:
    """A TCP port; 0 lets the system choose one."""
    if not text.isdigit() or int(text) > 65535:
        raise BadOption(f"{text!r} is not a port: 0 to 65535")
    return int(text)


def parse_replicas(text: str) -> int:
    """How many replicas: as in Aurora, at most fifteen."""
    if not text.isdigit() or int(text) > 15:
        raise BadOption(f"{text!r} is not a number of replicas: 0 to 15")
    return int(text)


def parse_count(text: str) -> int:
    """A whole number above zero."""
    if not text.isdigit() or int(text) == 0:
        raise BadOption(f"{text!r} is not a number above zero")
    return int(text)


def parse_window(text: str) -> int:
    """A backtrack window: as in Aurora, at most 72 hours."""
    if not text.isdigit() or int(text) > 72 * 3600:
        raise BadOption(f"{text!r} is not a window in seconds: 0 to 259200")
    return int(text)


def parse_retention(text: str) -> int:
    """Days that a backup goes back: as in Aurora, 1 to 35."""
    if not text.isdigit() or not 1 <= int(text) <= 35:
        raise BadOption(f"{text!r} is not a retention in days: 1 to 35")
    return int(text)


def parse_flag(text: str) -> bool:
    """An option that is given or not; in scripts also by value."""
    if text not in ("True", "False"):
        raise BadOption(f"{text!r} is neither True nor False")
    return text == "True"


def parse_url(text: str) -> str:
    """The URL of an object store; an empty one: none."""
    if text and "://" not in text:
        raise BadOption(f"{text!r} is not a URL: file:///directory or s3://bucket/prefix")
    return text.rstrip("/")


def parse_page_bytes(text: str) -> int:
    """A page size: a power of two, 256 to 65536."""
    size = parse_size(text)
    if size & (size - 1) or not 256 <= size <= 65536:
        raise BadOption(f"{text!r} is not a page size: a power of two, 256 to 64K")
    return size


def parse_ring(text: str) -> int:
    """Size of the log ring: a power of two, at least 4M, so that an MTR of 1 MiB never fills it."""
    size = parse_size(text)
    if size & (size - 1) or size < 4 * MIB:
        raise BadOption(f"{text!r} is not a ring size: a power of two, at least 4M")
    return size


def parse_volume(text: str) -> str:
    """The name of a volume."""
    try:
        return checked_name(text)
    except VolumeError as error:
        raise BadOption(str(error)) from None


def parse_zones(text: str) -> int:
    """How many storage processes: one, or one for each zone."""
    if text not in ("1", "3"):
        raise BadOption(f"{text!r} is not a number of storage processes: 1 or 3")
    return int(text)


def parse_address(text: str) -> str:
    """HOST:PORT; an IPv6 address in brackets."""
    host, colon, port = text.rpartition(":")
    if not host or not colon or not port.isdigit() or int(port) > 65535:
        raise BadOption(f"{text!r} is not an address: HOST:PORT")
    return text


def parse_zone_name(text: str) -> int:
    """The number of a zone, from 0."""
    if text not in ZONE_NAMES:
        raise BadOption(f"{text!r} is not a zone: {', '.join(ZONE_NAMES)}")
    return ZONE_NAMES.index(text)


def parse_places(text: str) -> Places:
    """Where zones are: az2=HOST:PORT, several with commas between them."""
    places = []
    for part in text.split(",") if text else ():
        name, equals, address = part.partition("=")
        if not equals:
            raise BadOption(f"{part!r} is not a place of a zone: az2=HOST:PORT")
        places.append((parse_zone_name(name), parse_address(address)))
    return tuple(places)


Parse = Callable[[str], Any]


def _option(default: Any, parse: Parse, unit: str, meaning: str, group: str = "") -> Any:
    metadata = {"parse": parse, "unit": unit, "meaning": meaning, "group": group}
    return dataclasses.field(default=default, metadata=metadata)


_DATA: Final = Path("data")
VOLUME: Final = "volume (decided when the data directory is made)"
LIMITS: Final = "limits and tuning"
ZONES: Final = "zones"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The options of one cluster. A field's group "" is what most people need."""

    data: Path = _option(  # noqa: RUF009
        _DATA, Path, "directory", "where volumes and snapshots live"
    )
    volume: str = _option(
        MAIN, parse_volume, "text", "which volume to serve; it is made if there is none"
    )
    port: int = _option(3306, parse_port, "port", "writer endpoint; 0: any free port")
    reader_port: int = _option(3307, parse_port, "port", "reader endpoint; 0: any free port")
    replicas: int = _option(2, parse_replicas, "count", "read replicas, 0 to 15")
    buffer_pool: int = _option(
        128 * MIB, parse_size, "bytes", "page cache of each node (grows as it is used)"
    )
    bind: str = _option("127.0.0.1", str, "address", "address both endpoints listen on")
    password: str = _option(
        "", str, "text", "root's password; an empty one is accepted from loopback only"
    )
    backup_url: str = _option(
        "", parse_url, "url", "archive that log and pages go to: file:///DIR or s3://bucket/prefix"
    )
    backup_retention_days: int = _option(
        7, parse_retention, "days", "how many days back the archive can restore, 1 to 35"
    )
    keyring: str = _option(
        "", str, "file", "keyring of an encrypted volume, and of its archive (mysqlcompat keyring)"
    )
    encrypt: bool = _option(
        False, parse_flag, "flag", "encrypt a new volume at rest; it needs --keyring"
    )
    page_bytes: int = _option(16 * KIB, parse_page_bytes, "bytes", "page size", VOLUME)
    protection_group_bytes: int = _option(
        10 * GIB, parse_size, "bytes", "size of a protection group (its six segments)", VOLUME
    )
    zones: int = _option(
        1, parse_zones, "count", "storage processes: 1 for all zones, 3 for one each", ZONES
    )
    zone: Places = _option(  # noqa: RUF009
        (),
        parse_places,
        "place",
        "az2=HOST:PORT: this zone is on another host (mysqlcompat storage); repeat for others",
        ZONES,
    )
    secret_file: str = _option(
        "", str, "file", "secret shared with zones on other hosts (mysqlcompat secret)", ZONES
    )
    ring_bytes: int = _option(
        64 * MIB, parse_ring, "bytes", "log shared by writer, copies and replicas", LIMITS
    )
    coalesce_bytes: int = _option(
        64 * MIB, parse_size, "bytes", "log a copy gathers before it turns it into pages", LIMITS
    )
    backtrack_window: int = _option(
        0, parse_window, "s", "how far back in time the volume can be taken; 0: not at all", LIMITS
    )
    scrub_bytes_per_second: int = _option(
        8 * MIB,
        parse_size,
        "bytes",
        "how fast storage verifies all that copies hold, again and again; 0: not at all",
        LIMITS,
    )
    max_connections: int = _option(
        500, parse_count, "count", "connections a node accepts (MySQL: 1040 beyond)", LIMITS
    )
    heartbeat_timeout_ms: int = _option(
        30_000,
        parse_count,
        "ms",
        "a node that is silent, and idle, for so long is restarted",
        LIMITS,
    )
    server_version: str = _option(
        "8.4.6", str, "text", "MySQL version shown to clients, as in @@version", LIMITS
    )

    @property
    def volume_dir(self) -> Path:
        """Where the served volume's six copies live."""
        return volume_path(self.data, self.volume)

    @property
    def zoned(self) -> bool:
        """Has each zone a process of its own?"""
        return self.zones > 1 or bool(self.zone)

    @property
    def places(self) -> dict[int, str]:
        """Addresses of the zones that are on other hosts, by zone from 0."""
        return dict(self.zone)


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table, as the command line and the documentation see it."""

    name: str  #: as a field of `Config`
    default: Any
    parse: Parse
    unit: str
    meaning: str
    group: str

    @property
    def flag(self) -> str:
        """As on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def default_text(self) -> str:
        """The default as a user would write it."""
        if self.unit == "bytes":
            return format_size(self.default)
        if self.unit == "flag":
            return ""
        if isinstance(self.default, tuple):
            return ""
        return str(self.default)


def options() -> Iterator[Option]:
    """The table's rows, in the order of the fields."""
    for field in dataclasses.fields(Config):
        meta = field.metadata
        yield Option(
            field.name,
            field.default,
            meta["parse"],
            meta["unit"],
            meta["meaning"],
            meta["group"],
        )
