"""ERROR 1451, 1452 and 3008: which foreign key a row would break, in MySQL's words."""

from __future__ import annotations

from typing import Any, Final

from mysqlcompat.ddl.text import foreign_key_text, quote_name
from mysqlcompat.errors import SqlError
from redo.codes import E_CASCADE_DEPTH, E_CHILD_THERE, E_PARENT_MISSING

#: Codes of `foreign_kernels` that are a statement's error.
CODES: Final = frozenset({E_PARENT_MISSING, E_CHILD_THERE, E_CASCADE_DEPTH})
_NUMBERS: Final = {E_PARENT_MISSING: 1452, E_CHILD_THERE: 1451}


def foreign_error(engine: Any, code: int) -> SqlError:
    """The error for the row a statement stands at."""
    if code == E_CASCADE_DEPTH:
        return SqlError(3008, 15)
    naming = engine.foreign_keys.blamed()
    if naming is None:
        return SqlError(_NUMBERS[code], "")
    child = naming.child
    place = f"{quote_name(child.database)}.{quote_name(child.name)}"
    return SqlError(_NUMBERS[code], f" ({place}, {foreign_key_text(naming.key, child.database)})")
