"""System variables: what they are (`variable_table.py`), their values, and what SET may do to them.

Values are Python's: bool, int, float, str, None for NULL. `GlobalVariables` is one per node,
`SessionVariables` one per connection: a copy of the globals at login which SET SESSION changes.
Checks of single variables (`CHECKS`) turn what SET was given into what is stored, or raise MySQL's
error; effects on the session (autocommit ends a transaction …) are the session's business.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from mysqlcompat import temporal
from mysqlcompat.errors import SqlError
from mysqlcompat.time_locales import locale_named
from mysqlcompat.variable_table import TABLE
from mysqlcompat.wire import charsets

Value = bool | int | float | str | None
Warn = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Variable:
    """One system variable.

    scope     "global", "both" or "session"
    kind      bool, int, num, str, enum, set
    choices   of an enum
    follows   the session's value is fixed at login
    """

    name: str
    scope: str
    kind: str
    default: Value
    read_only: bool = False
    follows: bool = False
    least: float = 0
    greatest: float = 0
    choices: tuple[str, ...] = ()

    @property
    def has_session(self) -> bool:
        return self.scope != "global"


_SCOPES: Final = {"g": "global", "s": "both", "o": "session"}


def _variables() -> Iterator[Variable]:
    for line in TABLE.replace(",\n  ", ",").replace("\n  ", " ").splitlines():
        name, scope, kind, limits, *rest = line.replace(", ", ",").split(" ")
        text = " ".join(rest)
        least, greatest = 0, 0
        choices: tuple[str, ...] = ()
        if kind in ("int", "num"):
            low, high = limits.split("..")
            least, greatest = int(low), int(high)
        elif kind == "enum":
            choices = tuple(limits.split(","))
        default: Value = text
        if kind == "bool":
            default = text == "ON"
        elif kind == "int":
            default = int(text)
        elif kind == "num":
            default = float(text)
        elif text == "NULL":
            default = None
        yield Variable(
            name,
            _SCOPES[scope[0]],
            kind,
            default,
            "!" in scope,
            "*" in scope,
            least,
            greatest,
            choices,
        )


VARIABLES: Final[dict[str, Variable]] = {variable.name: variable for variable in _variables()}
#: Names which MySQL keeps for another variable.
ALIASES: Final = {
    "tx_isolation": "transaction_isolation",
    "tx_read_only": "transaction_read_only",
}


def find(name: str) -> Variable:
    """The variable called `name`, in any case; ERROR 1193 when there is none."""
    variable = VARIABLES.get(name.lower())
    if variable is None:
        raise SqlError(1193, name)
    return variable


# Checks: (variable, value given, warn) -> value stored


def _refuse(variable: Variable, value: object) -> SqlError:
    shown = "NULL" if value is None else int(value) if isinstance(value, bool) else value
    return SqlError(1231, variable.name, shown)


def _check_bool(variable: Variable, value: object, warn: Warn) -> Value:
    if isinstance(value, str):
        word = value.upper()
        if word in ("ON", "TRUE", "OFF", "FALSE"):
            return word in ("ON", "TRUE")
    elif isinstance(value, int) and value in (0, 1):
        return bool(value)
    elif isinstance(value, (float, Decimal)):
        raise SqlError(1232, variable.name)
    raise _refuse(variable, value)


def _check_int(variable: Variable, value: object, warn: Warn) -> Value:
    if isinstance(value, bool):
        value = int(value)
    if value is None or not isinstance(value, int):
        raise SqlError(1232, variable.name)
    stored = int(min(max(value, variable.least), variable.greatest))
    if stored != value:
        warn(1292, f"Truncated incorrect {variable.name} value: '{value}'")
    return stored


def _check_number(variable: Variable, value: object, warn: Warn) -> Value:
    if not isinstance(value, (int, float, Decimal)):
        raise SqlError(1232, variable.name)
    given = float(value)
    if not math.isfinite(given):
        raise _refuse(variable, value)
    stored = min(max(given, variable.least), variable.greatest)
    if stored != given:
        warn(1292, f"Truncated incorrect {variable.name} value: '{value}'")
    return stored


def _check_enum(variable: Variable, value: object, warn: Warn) -> Value:
    if isinstance(value, str):
        for choice in variable.choices:
            if choice.lower() == value.lower():
                return choice
    elif isinstance(value, int) and 0 <= value < len(variable.choices):
        return variable.choices[value]
    elif isinstance(value, (float, Decimal)):
        raise SqlError(1232, variable.name)
    raise _refuse(variable, value)


def _check_string(variable: Variable, value: object, warn: Warn) -> Value:
    if not isinstance(value, str):
        raise SqlError(1232, variable.name) if value is not None else _refuse(variable, value)
    return value


MODES_TEXT: Final = """
    REAL_AS_FLOAT PIPES_AS_CONCAT ANSI_QUOTES IGNORE_SPACE - ONLY_FULL_GROUP_BY
    NO_UNSIGNED_SUBTRACTION NO_DIR_IN_CREATE - - - - - - - - - - ANSI NO_AUTO_VALUE_ON_ZERO
    NO_BACKSLASH_ESCAPES STRICT_TRANS_TABLES STRICT_ALL_TABLES NO_ZERO_IN_DATE NO_ZERO_DATE
    ALLOW_INVALID_DATES ERROR_FOR_DIVISION_BY_ZERO TRADITIONAL - HIGH_NOT_PRECEDENCE
    NO_ENGINE_SUBSTITUTION PAD_CHAR_TO_FULL_LENGTH TIME_TRUNCATE_FRACTIONAL
"""
MODES: Final = MODES_TEXT.split()
_COMBINED: Final = {
    "ANSI": "REAL_AS_FLOAT PIPES_AS_CONCAT ANSI_QUOTES IGNORE_SPACE ONLY_FULL_GROUP_BY ANSI",
    "TRADITIONAL": "STRICT_TRANS_TABLES STRICT_ALL_TABLES NO_ZERO_IN_DATE NO_ZERO_DATE"
    " ERROR_FOR_DIVISION_BY_ZERO TRADITIONAL NO_ENGINE_SUBSTITUTION",
}


_WITH_STRICT: Final = ("NO_ZERO_DATE", "NO_ZERO_IN_DATE", "ERROR_FOR_DIVISION_BY_ZERO")
_STRICT_NOTE: Final = (
    "'NO_ZERO_DATE', 'NO_ZERO_IN_DATE' and 'ERROR_FOR_DIVISION_BY_ZERO' sql modes should be used"
    " with strict mode. They will be merged with strict mode in a future release."
)
_PAD_NOTE: Final = (
    "Changing sql mode 'PAD_CHAR_TO_FULL_LENGTH' is deprecated."
    " It will be removed in a future release."
)


def _check_sql_mode(variable: Variable, value: object, warn: Warn) -> Value:
    wanted: set[str] = set()
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, int):
        if value < 0 or value >> len(MODES):
            raise _refuse(variable, value)
        wanted = {mode for bit, mode in enumerate(MODES) if value >> bit & 1}
    elif isinstance(value, str):
        for written in filter(None, (part.strip() for part in value.split(","))):
            word = written.upper()
            if word not in MODES or word == "-":
                raise _refuse(variable, written)
            wanted.update(_COMBINED.get(word, word).split())
    else:
        raise _refuse(variable, value) if value is None else SqlError(1232, variable.name)
    strict = not wanted.isdisjoint(("STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"))
    if not wanted.issuperset(_WITH_STRICT) if strict else wanted.intersection(_WITH_STRICT):
        warn(3135, _STRICT_NOTE)
    if "PAD_CHAR_TO_FULL_LENGTH" in wanted:
        warn(3090, _PAD_NOTE)
    return ",".join(mode for mode in MODES if mode in wanted)


def _check_charset(variable: Variable, value: object, warn: Warn) -> Value:
    """Character sets by name, or by the id of a collation."""
    if value is None and variable.name == "character_set_results":
        return None
    if isinstance(value, int) and value in charsets.COLLATIONS:
        return charsets.COLLATIONS[value].charset.name
    if not isinstance(value, str):
        raise _refuse(variable, value)
    name = value.lower()
    if name == "utf8":
        name = "utf8mb3"
    if name not in charsets.CHARACTER_SETS:
        raise SqlError(1115, value)
    if variable.name == "character_set_client" and name in ("ucs2", "utf16", "utf16le", "utf32"):
        raise _refuse(variable, value)
    return name


def _check_collation(variable: Variable, value: object, warn: Warn) -> Value:
    if isinstance(value, int) and value in charsets.COLLATIONS:
        return charsets.COLLATIONS[value].name
    if not isinstance(value, str):
        raise _refuse(variable, value)
    name = value.lower()
    if name not in charsets.BY_NAME:
        raise SqlError(1273, value)
    return name


_OFFSET: Final = re.compile(r"([+-])(\d{1,2}):(\d{1,2})")


def _check_time_zone(variable: Variable, value: object, warn: Warn) -> Value:
    if not isinstance(value, str):
        raise _refuse(variable, value) if value is None else SqlError(1298, value)
    if value.upper() == "SYSTEM":
        return "SYSTEM"
    offset = _OFFSET.fullmatch(value)
    if offset is not None:
        sign, hours, minutes = offset[1], int(offset[2]), int(offset[3])
        total = hours * 60 + minutes
        if minutes < 60 and total <= (14 * 60 if sign == "+" else 14 * 60 - 1):
            return f"{sign}{hours:02d}:{minutes:02d}"
        raise SqlError(1298, value)
    temporal.zone_of(value)
    return value


def _check_locale(variable: Variable, value: object, warn: Warn) -> Value:
    """A locale by its name, in any case, or by its number. Raises 1231, 1232, 1649."""
    if value is None:
        raise _refuse(variable, value)
    if not isinstance(value, str | int):
        raise SqlError(1232, variable.name)
    name = locale_named(value)
    if name is None:
        raise SqlError(1649, value)
    return name


def _check_engine(variable: Variable, value: object, warn: Warn) -> Value:
    if not isinstance(value, str):
        raise _refuse(variable, value)
    if value.lower() != "innodb":
        raise SqlError(1286, value)
    return "InnoDB"


def _check_block_size(variable: Variable, value: object, warn: Warn) -> Value:
    """Sizes which MySQL rounds down to a multiple of 1024."""
    stored = _check_int(variable, value, warn)
    assert isinstance(stored, int)
    return stored - stored % 1024


Check = Callable[[Variable, object, Warn], Value]
_BY_KIND: Final[dict[str, Check]] = {
    "bool": _check_bool,
    "int": _check_int,
    "num": _check_number,
    "enum": _check_enum,
    "str": _check_string,
    "set": _check_string,
}
CHECKS: Final[dict[str, Check]] = {
    "sql_mode": _check_sql_mode,
    "time_zone": _check_time_zone,
    "lc_time_names": _check_locale,
    "default_storage_engine": _check_engine,
    "default_tmp_storage_engine": _check_engine,
    "max_allowed_packet": _check_block_size,
    **{
        f"character_set_{of}": _check_charset
        for of in ("client", "connection", "database", "filesystem", "results", "server")
    },
    **{f"collation_{of}": _check_collation for of in ("connection", "database", "server")},
    "default_collation_for_utf8mb4": _check_collation,
}


def check(variable: Variable, value: object, warn: Warn) -> Value:
    """What is stored when `value` is assigned; SqlError 1231, 1232, … when it may not be."""
    return CHECKS.get(variable.name, _BY_KIND[variable.kind])(variable, value, warn)


def show(value: Value) -> str:
    """A value as SHOW VARIABLES prints it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    return f"{value:.6f}" if isinstance(value, float) else str(value)


class GlobalVariables:
    """Global values of one node. `changes` are what the node knows better than the table."""

    def __init__(self, changes: Iterable[tuple[str, Value]] = ()) -> None:
        self._values = {
            variable.name: variable.default
            for variable in VARIABLES.values()
            if variable.scope != "session"
        }
        for name, value in changes:
            self.put(name, value)

    def get(self, name: str) -> Value:
        return self._values[name]

    def put(self, name: str, value: Value) -> None:
        """Set without checks: for the node itself, and behind `check`."""
        assert name in self._values, name
        self._values[name] = value

    def names(self) -> list[str]:
        return sorted(self._values)

    def new_session(self) -> SessionVariables:
        return SessionVariables(self)


class SessionVariables:
    """One session's values. Global-only variables read through."""

    def __init__(self, node: GlobalVariables) -> None:
        self._globals = node
        self._values: dict[str, Value] = {}
        self.reset()

    def reset(self) -> None:
        """As at login."""
        self._values = {
            variable.name: variable.default
            if variable.scope == "session"
            else self._globals.get(variable.name)
            for variable in VARIABLES.values()
            if variable.has_session
        }

    def get(self, name: str) -> Value:
        """The session's value, or the global one of a global variable."""
        value = self._values.get(name)
        return value if value is not None or name in self._values else self._globals.get(name)

    def put(self, name: str, value: Value) -> None:
        assert name in self._values, name
        self._values[name] = value

    def names(self) -> list[str]:
        """Every variable SHOW SESSION VARIABLES lists."""
        return sorted(VARIABLES)
