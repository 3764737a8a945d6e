"""What can go wrong with a volume. Every message is one line that a user can act on."""

from __future__ import annotations


class VolumeError(Exception):
    """Anything about the volume that is not a bug of ours."""


class VolumeLocked(VolumeError):
    """Another process has this data directory open."""


class UnknownFormat(VolumeError):
    """The data directory is none of ours, or of a version we do not know."""


class VolumeLost(VolumeError):
    """Too few copies are readable: fewer than three, or none of the full ones."""


class PageUnavailable(VolumeError):
    """No copy can give this page at this LSN."""


class LsnOutOfRange(PageUnavailable):
    """Pages are not kept as of this LSN any more, or the log is not there yet."""


class OutsideWindow(VolumeError):
    """The volume cannot be taken back to that moment."""


class StaleEpoch(VolumeError):
    """Somebody with a newer epoch owns the volume; this writer must stop."""


class StaleGeometry(VolumeError):
    """The volume has more protection groups than whoever asks knows."""


class StaleMembership(VolumeError):
    """Other copies belong to the volume than whoever asks knows."""


class LogUnavailable(VolumeError):
    """The log cannot be made durable: no write quorum of copies is live."""


class ArchiveUnavailable(VolumeError):
    """The object store does not answer, or refuses."""


class ArchiveDamaged(VolumeError):
    """An object of the archive is missing, or not what was stored."""


class KeyUnavailable(VolumeError):
    """A key is missing or the wrong one, or what it encrypted was changed."""
