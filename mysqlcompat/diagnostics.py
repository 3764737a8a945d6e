"""The diagnostics area: what SHOW WARNINGS, SHOW ERRORS, @@warning_count and the OK packet report.

A statement that uses tables, or fails, replaces the list; diagnostic statements themselves
(SHOW WARNINGS, SHOW COUNT(*) …, reading @@warning_count) leave it alone. `max_error_count` bounds
the list but not the count.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Condition:
    """One row of SHOW WARNINGS."""

    level: str  #: "Note", "Warning" or "Error"
    errno: int
    message: str


@dataclass(slots=True)
class Diagnostics:
    """Conditions raised by the last statement that was not itself about diagnostics."""

    conditions: list[Condition] = field(default_factory=list)
    warning_count: int = 0  #: of all levels, also those which no longer fit the list
    error_count: int = 0
    limit: int = 1024  #: @@max_error_count

    def clear(self) -> None:
        self.conditions.clear()
        self.warning_count = 0
        self.error_count = 0

    def add(self, level: str, errno: int, message: str) -> None:
        self.warning_count += 1
        self.error_count += level == "Error"
        if len(self.conditions) < self.limit:
            self.conditions.append(Condition(level, errno, message))

    def mark(self) -> tuple[int, int, int]:
        """What there is so far, for `back_to`."""
        return len(self.conditions), self.warning_count, self.error_count

    def back_to(self, mark: tuple[int, int, int]) -> None:
        """Forget what has been raised since: it will be raised again."""
        kept, self.warning_count, self.error_count = mark
        del self.conditions[kept:]

    def errors(self) -> list[Condition]:
        return [condition for condition in self.conditions if condition.level == "Error"]
