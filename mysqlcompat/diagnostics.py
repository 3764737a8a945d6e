"""The diagnostics area: what SHOW WARNINGS, SHOW ERRORS, @@warning_count and the OK packet report.

A statement that uses tables, or fails, replaces the list; diagnostic statements themselves
(SHOW WARNINGS, SHOW COUNT(*) …, reading @@warning_count) leave it alone. `max_error_count` bounds
the list but not the count.

A statement that changes rows computes them column by column, many at once; what is said of them is
listed row by row (from `rows_begin` to `rows_end`).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Condition:
    """One row of SHOW WARNINGS."""

    level: str  #: "Note", "Warning" or "Error"
    errno: int
    message: str
    row: int = 0  #: of the statement, counted from 1


@dataclass(slots=True)
class Diagnostics:
    """Conditions raised by the last statement that was not itself about diagnostics."""

    conditions: list[Condition] = field(default_factory=list)
    warning_count: int = 0  #: of all levels, also those which no longer fit the list
    error_count: int = 0
    limit: int = 1024  #: @@max_error_count
    rows_from: int = -1  #: where conditions begin that are listed by rows; -1: none are

    def clear(self) -> None:
        self.conditions.clear()
        self.warning_count = 0
        self.error_count = 0
        self.rows_from = -1

    def add(self, level: str, errno: int, message: str, row: int = 0) -> None:
        self.warning_count += 1
        self.error_count += level == "Error"
        if self.rows_from >= 0 or len(self.conditions) < self.limit:
            self.conditions.append(Condition(level, errno, message, row))

    def has(self, errno: int, message: str) -> bool:
        return any(one.errno == errno and one.message == message for one in self.conditions)

    def rows_begin(self) -> None:
        """Conditions of earlier rows may come after those of later ones from now on."""
        self.rows_from = len(self.conditions)

    def rows_settle(self) -> None:
        """Between batches: keep no more than will be listed."""
        if len(self.conditions) > self.limit and self.rows_from >= 0:
            self._sort()

    def rows_end(self) -> None:
        if self.rows_from >= 0 and len(self.conditions) > self.rows_from:
            self._sort()
        self.rows_from = -1

    def rows_end_at(self, row: int) -> None:
        """The statement has failed in a row: forget what was said of later ones."""
        first = max(self.rows_from, 0)
        kept = [condition for condition in self.conditions[first:] if condition.row <= row]
        self.warning_count -= len(self.conditions) - first - len(kept)
        self.conditions[first:] = kept
        self.rows_end()

    def _sort(self) -> None:
        """By rows, and of each row in the order it was said."""
        by_rows = sorted(self.conditions[self.rows_from :], key=lambda condition: condition.row)
        self.conditions[self.rows_from :] = by_rows
        del self.conditions[max(self.limit, self.rows_from) :]

    def mark(self) -> tuple[int, int, int]:
        """What there is so far, for `back_to`."""
        return len(self.conditions), self.warning_count, self.error_count

    def back_to(self, mark: tuple[int, int, int]) -> None:
        """Forget what has been raised since: it will be raised again."""
        kept, self.warning_count, self.error_count = mark
        del self.conditions[kept:]

    def forget_before(self, mark: tuple[int, int, int]) -> None:
        """Keep what has been raised since."""
        count, warnings, errors = mark
        del self.conditions[:count]
        self.warning_count -= warnings
        self.error_count -= errors

    def errors(self) -> list[Condition]:
        return [condition for condition in self.conditions if condition.level == "Error"]
