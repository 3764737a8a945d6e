"""information_schema and the other virtual databases: tables as data, rows made on reading.

Read: `virtual` (what a virtual table is), `definitions` (columns, as text), `tables` (where rows
come from), `performance` (performance_schema), `constraints` (keys and checks), `statistics`,
`time_zones`, `innodb` (the engine), `volume` (storage), `describe` (facts which SHOW prints too).
"""

from mysqlcompat.information_schema.performance import process_row
from mysqlcompat.information_schema.tables import (
    ENGINES,
    PLUGINS,
    table_named,
    tables_of,
)
from mysqlcompat.information_schema.virtual import VirtualTable

__all__ = ["ENGINES", "PLUGINS", "VirtualTable", "process_row", "table_named", "tables_of"]
