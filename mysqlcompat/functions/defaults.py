"""What columns get that a statement gives nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mysqlcompat.functions.definitions import implement
from mysqlcompat.functions.table import Context
from mysqlcompat.without_value import NO_DEFAULT, implicit_default, warn

if TYPE_CHECKING:
    from mysqlcompat.sql.typed import Call


@implement("default@missing", null_rejects=False)
def missing(context: Context, call: Call, column: str) -> Any:
    """The implicit default of a column without another, with a warning: outside strict mode."""
    warn(context, NO_DEFAULT, column)
    return implicit_default(call.type)
