"""information_schema and the other virtual databases: tables as data, rows made on reading.

Read: `virtual` (what a virtual table is), `definitions` (columns, as text), `tables` (where rows
come from), `describe` (facts which SHOW prints too).
"""

from mysqlcompat.information_schema.tables import (
    ENGINES,
    PLUGINS,
    process_row,
    table_named,
    tables_of,
)
from mysqlcompat.information_schema.virtual import VirtualTable

__all__ = ["ENGINES", "PLUGINS", "VirtualTable", "process_row", "table_named", "tables_of"]
