"""What can go wrong on the reading side. The translation to MySQL's numbers is `mysqlcompat`'s."""

from __future__ import annotations


class ReplicasError(Exception):
    """Base of this package's exceptions."""


class StreamBroken(ReplicasError):
    """The stream holds what cannot be: a page's chain does not fit, or a record is malformed.

    Never a network fault, always a bug or corrupt memory: the replica drops its cache and jumps.
    """
