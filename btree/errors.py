"""What can go wrong in storage structures, as exceptions.  SQL error numbers are not known here."""

from __future__ import annotations


class BtreeError(Exception):
    """Base of everything this package raises."""


class PageCorrupt(BtreeError):
    """Bytes that cannot be: wrong page number, order, bounds or links. `page_no` says where."""

    def __init__(self, page_no: int, what: str) -> None:
        super().__init__(f"page {page_no}: {what}")
        self.page_no = page_no
        self.what = what


class PoolExhausted(BtreeError):
    """No frame can be evicted: every page in the pool is newer than what the volume has durably."""


class RowTooLarge(BtreeError):
    """A row, key or value over its limit."""


class DuplicateKey(BtreeError):
    """A unique key exists already; `index` is its name, `entry` the key as text."""

    def __init__(self, index: str, entry: str = "") -> None:
        super().__init__(f"duplicate entry {entry!r} for key {index!r}")
        self.index = index
        self.entry = entry


class LockTimeout(BtreeError):
    """A row lock was not granted in time; the statement was rolled back."""


class Deadlock(BtreeError):
    """This transaction was chosen as the victim of a deadlock and has been rolled back."""


class TooManyLocks(BtreeError):
    """The memory for locks is used up; the statement was rolled back."""


class ReadOnlyEngine(BtreeError):
    """A change was asked of an engine that follows another one's log."""


class CatalogError(BtreeError):
    """A name of the dictionary is missing, or there already."""


class UnknownDatabase(CatalogError):
    """No database of this name."""


class UnknownTable(CatalogError):
    """No table of this name."""


class DatabaseExists(CatalogError):
    """A database of this name is there already."""


class TableExists(CatalogError):
    """A table of this name is there already."""


class TooManyTransactions(BtreeError):
    """Every slot for transactions that change data is taken."""
