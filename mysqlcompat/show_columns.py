"""Result columns of SHOW and its relatives, as MySQL describes them.

A statement's name (as in `show.py`), then one line a column:
name | wire type | length (c: characters of utf8mb3 text) | flags | decimals
[| table | its own table | its own name (= the same) | database], `-` for nothing.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from mysqlcompat.results import BINARY_COLLATION, ColumnDef

UTF8MB3: Final = 33  #: id of utf8mb3_general_ci, the character set of names
UTF8MB3_BYTES: Final = 3

_TABLE: Final = """\
columns
  Field | 253 | 64c | 0 | 0 | COLUMNS | - | = | -
  Type | 252 | 16777215c | 4241 | 0 | COLUMNS | columns | = | -
  Null | 253 | 3c | 1 | 0 | COLUMNS | - | = | -
  Key | 254 | 3c | 4481 | 0 | COLUMNS | columns | = | -
  Default | 252 | 65535c | 144 | 0 | COLUMNS | columns | = | -
  Extra | 253 | 256c | 0 | 0 | COLUMNS | - | = | -
columns_full
  Field | 253 | 64c | 0 | 0 | COLUMNS | - | = | -
  Type | 252 | 16777215c | 4241 | 0 | COLUMNS | columns | = | -
  Collation | 253 | 64c | 0 | 0 | COLUMNS | - | = | -
  Null | 253 | 3c | 1 | 0 | COLUMNS | - | = | -
  Key | 254 | 3c | 4481 | 0 | COLUMNS | columns | = | -
  Default | 252 | 65535c | 144 | 0 | COLUMNS | columns | = | -
  Extra | 253 | 256c | 0 | 0 | COLUMNS | - | = | -
  Privileges | 253 | 154c | 0 | 0 | COLUMNS | - | = | -
  Comment | 252 | 6144c | 145 | 0 | COLUMNS | - | = | -
index
  Table | 253 | 64c | 4225 | 0 | SHOW_STATISTICS | tables | = | -
  Non_unique | 3 | 2 | 1 | 0 | SHOW_STATISTICS | - | = | -
  Key_name | 253 | 64c | 0 | 0 | SHOW_STATISTICS | - | = | -
  Seq_in_index | 3 | 10 | 4129 | 0 | SHOW_STATISTICS | index_column_usage | = | -
  Column_name | 253 | 64c | 0 | 0 | SHOW_STATISTICS | - | = | -
  Collation | 253 | 1c | 0 | 0 | SHOW_STATISTICS | - | = | -
  Cardinality | 8 | 21 | 0 | 0 | SHOW_STATISTICS | - | = | -
  Sub_part | 8 | 21 | 0 | 0 | SHOW_STATISTICS | - | = | -
  Packed | 6 | 0 | 128 | 0
  Null | 253 | 3c | 1 | 0 | SHOW_STATISTICS | - | = | -
  Index_type | 253 | 11c | 129 | 0 | SHOW_STATISTICS | - | = | -
  Comment | 253 | 8c | 1 | 0 | SHOW_STATISTICS | - | = | -
  Index_comment | 253 | 2048c | 4225 | 0 | SHOW_STATISTICS | indexes | = | -
  Visible | 253 | 3c | 1 | 0 | SHOW_STATISTICS | - | = | -
  Expression | 252 | 1431655765c | 144 | 0 | SHOW_STATISTICS | - | = | -
tables
  Tables_in_e3t | 253 | 64c | 4225 | 0 | TABLES | tables | = | -
tables_full
  Tables_in_e3t | 253 | 64c | 4225 | 0 | TABLES | tables | = | -
  Table_type | 254 | 11c | 4481 | 0 | TABLES | tables | = | -
databases
  Database | 253 | 64c | 4225 | 0 | SCHEMATA | schemata | = | -
create_table
  Table | 253 | 64c | 1 | 31
  Create Table | 253 | 1024c | 1 | 31
create_database
  Database | 253 | 64c | 1 | 31
  Create Database | 253 | 1024c | 1 | 31
warnings
  Level | 253 | 7c | 1 | 31
  Code | 3 | 5 | 161 | 0
  Message | 253 | 512c | 1 | 31
count_warnings
  @@session.warning_count | 8 | 21 | 160 | 0
count_errors
  @@session.error_count | 8 | 21 | 160 | 0
variables
  Variable_name | 253 | 64c | 4097 | 0 | session_variables | = | = | performance_schema
  Value | 253 | 1024c | 0 | 0 | session_variables | = | = | performance_schema
status
  Variable_name | 253 | 64c | 4097 | 0 | session_status | session_status | = | performance_schema
  Value | 253 | 1024c | 0 | 0 | session_status | session_status | = | performance_schema
volume_status
  Variable_name | 253 | 64c | 1 | 31
  Value | 253 | 1024c | 1 | 31
processlist
  Id | 8 | 22 | 129 | 0
  User | 253 | 32c | 1 | 31
  Host | 253 | 255c | 1 | 31
  db | 253 | 64c | 0 | 31
  Command | 253 | 16c | 1 | 31
  Time | 3 | 8 | 129 | 0
  State | 253 | 30c | 0 | 31
  Info | 253 | 100c | 0 | 31
engines
  Engine | 253 | 64c | 1 | 0 | ENGINES | ENGINES | ENGINE | information_schema
  Support | 253 | 8c | 1 | 0 | ENGINES | ENGINES | SUPPORT | information_schema
  Comment | 253 | 80c | 1 | 0 | ENGINES | ENGINES | COMMENT | information_schema
  Transactions | 253 | 3c | 0 | 0 | ENGINES | ENGINES | TRANSACTIONS | information_schema
  XA | 253 | 3c | 0 | 0 | ENGINES | ENGINES | = | information_schema
  Savepoints | 253 | 3c | 0 | 0 | ENGINES | ENGINES | SAVEPOINTS | information_schema
engine_status
  Type | 253 | 10c | 1 | 31
  Name | 253 | 512c | 1 | 31
  Status | 253 | 10c | 1 | 31
charset
  Charset | 253 | 64c | 20485 | 0 | CHARACTER_SETS | cs | = | information_schema
  Description | 253 | 2048c | 4097 | 0 | CHARACTER_SETS | cs | = | information_schema
  Default collation | 253 | 64c | 20485 | 0 | CHARACTER_SETS | col | = | information_schema
  Maxlen | 3 | 10 | 4129 | 0 | CHARACTER_SETS | cs | = | information_schema
collation
  Collation | 253 | 64c | 4097 | 0 | COLLATIONS | COLLATIONS | = | information_schema
  Charset | 253 | 64c | 4097 | 0 | COLLATIONS | COLLATIONS | = | information_schema
  Id | 8 | 20 | 33 | 0 | COLLATIONS | COLLATIONS | = | information_schema
  Default | 253 | 3c | 1 | 0 | COLLATIONS | COLLATIONS | = | information_schema
  Compiled | 253 | 3c | 1 | 0 | COLLATIONS | COLLATIONS | = | information_schema
  Sortlen | 3 | 10 | 4129 | 0 | COLLATIONS | COLLATIONS | = | information_schema
  Pad_attribute | 254 | 9c | 4481 | 0 | COLLATIONS | COLLATIONS | = | information_schema
table_status
  Name | 253 | 64c | 4225 | 0 | TABLES | tables | = | -
  Engine | 253 | 64c | 0 | 0 | TABLES | - | = | -
  Version | 3 | 3 | 0 | 0 | TABLES | - | = | -
  Row_format | 254 | 10c | 384 | 0 | TABLES | tables | = | -
  Rows | 8 | 21 | 32 | 0 | TABLES | - | = | -
  Avg_row_length | 8 | 21 | 32 | 0 | TABLES | - | = | -
  Data_length | 8 | 21 | 32 | 0 | TABLES | - | = | -
  Max_data_length | 8 | 21 | 32 | 0 | TABLES | - | = | -
  Index_length | 8 | 21 | 32 | 0 | TABLES | - | = | -
  Data_free | 8 | 21 | 32 | 0 | TABLES | - | = | -
  Auto_increment | 8 | 21 | 32 | 0 | TABLES | - | = | -
  Create_time | 7 | 19 | 4225 | 0 | TABLES | tables | = | -
  Update_time | 12 | 19 | 128 | 0 | TABLES | - | = | -
  Check_time | 12 | 19 | 128 | 0 | TABLES | - | = | -
  Collation | 253 | 64c | 4096 | 0 | TABLES | collations | = | -
  Checksum | 8 | 21 | 0 | 0 | TABLES | - | = | -
  Create_options | 253 | 256c | 0 | 0 | TABLES | - | = | -
  Comment | 252 | 6144c | 16 | 0 | TABLES | - | = | -
grants
  Grants for root@localhost | 253 | 1024c | 1 | 31
plugins
  Name | 253 | 64c | 1 | 0 | PLUGINS | PLUGINS | PLUGIN_NAME | information_schema
  Status | 253 | 10c | 1 | 0 | PLUGINS | PLUGINS | PLUGIN_STATUS | information_schema
  Type | 253 | 80c | 1 | 0 | PLUGINS | PLUGINS | PLUGIN_TYPE | information_schema
  Library | 253 | 64c | 0 | 0 | PLUGINS | PLUGINS | PLUGIN_LIBRARY | information_schema
  License | 253 | 80c | 0 | 0 | PLUGINS | PLUGINS | PLUGIN_LICENSE | information_schema
privileges
  Privilege | 253 | 10c | 1 | 31
  Context | 253 | 15c | 1 | 31
  Comment | 253 | 64c | 1 | 31
triggers
  Trigger | 253 | 64c | 4097 | 0 | TRIGGERS | triggers | = | -
  Event | 254 | 6c | 4481 | 0 | TRIGGERS | triggers | = | -
  Table | 253 | 64c | 4225 | 0 | TRIGGERS | tables | = | -
  Statement | 252 | 1431655765c | 4241 | 0 | TRIGGERS | triggers | = | -
  Timing | 254 | 6c | 4481 | 0 | TRIGGERS | triggers | = | -
  Created | 7 | 22 | 4225 | 2 | TRIGGERS | triggers | = | -
  sql_mode | 254 | 546c | 6273 | 0 | TRIGGERS | triggers | = | -
  Definer | 253 | 288c | 4225 | 0 | TRIGGERS | triggers | = | -
  character_set_client | 253 | 64c | 4097 | 0 | TRIGGERS | character_sets | = | -
  collation_connection | 253 | 64c | 4097 | 0 | TRIGGERS | collations | = | -
  Database Collation | 253 | 64c | 4097 | 0 | TRIGGERS | collations | = | -
events
  Db | 253 | 64c | 20609 | 0 | EVENTS | sch | = | information_schema
  Name | 253 | 64c | 20481 | 0 | EVENTS | evt | = | information_schema
  Definer | 253 | 288c | 20617 | 0 | EVENTS | evt | = | information_schema
  Time zone | 253 | 64c | 4225 | 0 | EVENTS | evt | = | information_schema
  Type | 253 | 9c | 1 | 31 | EVENTS | - | = | -
  Execute at | 12 | 19 | 128 | 0 | EVENTS | - | = | -
  Interval value | 253 | 256c | 0 | 31 | EVENTS | - | = | -
  Interval field | 254 | 18c | 384 | 0 | EVENTS | evt | = | information_schema
  Starts | 12 | 19 | 128 | 0 | EVENTS | - | = | -
  Ends | 12 | 19 | 128 | 0 | EVENTS | - | = | -
  Status | 253 | 21c | 129 | 31 | EVENTS | - | = | -
  Originator | 3 | 10 | 4129 | 0 | EVENTS | evt | = | information_schema
  character_set_client | 253 | 64c | 20485 | 0 | EVENTS | cs_client | = | information_schema
  collation_connection | 253 | 64c | 20485 | 0 | EVENTS | coll_conn | = | information_schema
  Database Collation | 253 | 64c | 20485 | 0 | EVENTS | coll_db | = | information_schema
function_status
  Db | 253 | 64c | 20609 | 0 | ROUTINES | sch | = | information_schema
  Name | 253 | 64c | 20481 | 0 | ROUTINES | rtn | = | information_schema
  Type | 254 | 9c | 20865 | 0 | ROUTINES | rtn | = | information_schema
  Language | 253 | 64c | 129 | 0 | ROUTINES | rtn | = | information_schema
  Definer | 253 | 288c | 20617 | 0 | ROUTINES | rtn | = | information_schema
  Modified | 7 | 19 | 4225 | 0 | ROUTINES | rtn | = | information_schema
  Created | 7 | 19 | 4225 | 0 | ROUTINES | rtn | = | information_schema
  Security_type | 254 | 7c | 4481 | 0 | ROUTINES | rtn | = | information_schema
  Comment | 252 | 65535c | 4241 | 0 | ROUTINES | rtn | = | information_schema
  character_set_client | 253 | 64c | 20485 | 0 | ROUTINES | cs_client | = | information_schema
  collation_connection | 253 | 64c | 20485 | 0 | ROUTINES | coll_conn | = | information_schema
  Database Collation | 253 | 64c | 20485 | 0 | ROUTINES | coll_db | = | information_schema
analyze
  Table | 253 | 128c | 0 | 31
  Op | 253 | 10c | 0 | 31
  Msg_type | 253 | 10c | 0 | 31
  Msg_text | 250 | 393216c | 0 | 31
explain
  id | 8 | 4 | 161 | 0
  select_type | 253 | 19c | 1 | 31
  table | 253 | 64c | 0 | 31
  partitions | 250 | 6316032c | 0 | 31
  type | 253 | 10c | 0 | 31
  possible_keys | 253 | 4096c | 0 | 31
  key | 253 | 64c | 0 | 31
  key_len | 253 | 4096c | 0 | 31
  ref | 253 | 1024c | 0 | 31
  rows | 8 | 11 | 160 | 0
  filtered | 5 | 4 | 128 | 2
  Extra | 253 | 255c | 1 | 31
"""


@cache
def columns_of(show: str) -> tuple[ColumnDef, ...]:
    """The columns of one kind of SHOW."""
    return _columns()[show]


@cache
def _columns() -> dict[str, tuple[ColumnDef, ...]]:
    made: dict[str, list[ColumnDef]] = {}
    for line in _TABLE.splitlines():
        if not line.startswith("  "):
            current = made[line] = []
            continue
        current.append(_column([part.strip() for part in line.split("|")]))
    return {name: tuple(columns) for name, columns in made.items()}


def _column(parts: list[str]) -> ColumnDef:
    name, wire_type, length, flags, decimals, *origin = parts
    table, org_table, org_name, schema = ("" if one == "-" else one for one in origin or "----")
    is_text = length.endswith("c")
    return ColumnDef(
        name,
        int(wire_type),
        int(length.rstrip("c")) * (UTF8MB3_BYTES if is_text else 1),
        int(flags),
        int(decimals),
        UTF8MB3 if is_text else BINARY_COLLATION,
        schema,
        table,
        table if org_table == "=" else org_table,
        name if org_name == "=" else org_name,
    )
