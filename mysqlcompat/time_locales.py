"""Names of days and months in the locales of @@lc_time_names.

The data file has a line for each set of names: ``locale=number …``, then days, short days, months
and short months, separated by tabs, each list by ``|``; days begin on Monday.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Final


@dataclass(frozen=True, slots=True)
class TimeNames:
    """Days count from Monday = 0, months from January = 0."""

    days: tuple[str, ...]
    short_days: tuple[str, ...]
    months: tuple[str, ...]
    short_months: tuple[str, ...]


def _load() -> tuple[dict[str, TimeNames], dict[int, str]]:
    names: dict[str, TimeNames] = {}
    numbers: dict[int, str] = {}
    data = resources.files("mysqlcompat").joinpath("data/time_locales.tsv")
    for line in data.read_text(encoding="utf-8").split("\n"):
        if not line:
            continue
        locales, *lists = line.split("\t")
        made = TimeNames(*(tuple(one.split("|")) for one in lists))
        for locale in locales.split():
            name, _, number = locale.partition("=")
            names[name] = made
            numbers[int(number)] = name
    return names, numbers


#: Names by locale, and locales by the number SET lc_time_names takes.
LOCALES, BY_NUMBER = _load()
ENGLISH: Final = LOCALES["en_US"]
_BY_FOLDED: Final = {name.lower(): name for name in LOCALES}


def locale_named(name: str | int) -> str | None:
    """The locale as SET writes it, in any case or by its number; None when there is none."""
    return BY_NUMBER.get(name) if isinstance(name, int) else _BY_FOLDED.get(name.lower())
