"""The system variables, one line each: name, scope, type, range or choices, default.

    scope   g global only, s global and session, o session only; `!` read-only, `*` its session
            value follows the global one and is read-only
    type    bool, int, num, str, enum, set
    range   least..greatest of numbers; the choices of an enum; `-` none

The rest of the line is the default; a line that begins with blanks goes on with the one before (no
value holds a blank after a comma). Defaults are MySQL 8.4's. What the node knows better (port,
server_id, read_only …) is put over them when it starts. `variables.py` reads this.
"""

from typing import Final

TABLE: Final = """\
aurora_server_id g! str -
aurora_version g! str - 3.10.0
authentication_policy g! str - *,,
auto_increment_increment s int 1..65535 1
auto_increment_offset s int 1..65535 1
autocommit s bool - ON
big_tables s bool - OFF
bind_address g! str - 127.0.0.1
binlog_format s enum MIXED,STATEMENT,ROW ROW
binlog_row_image s enum MINIMAL,NOBLOB,FULL FULL
block_encryption_mode s enum aes-128-ecb, aes-192-ecb, aes-256-ecb, aes-128-cbc,
  aes-192-cbc, aes-256-cbc, aes-128-cfb1, aes-192-cfb1, aes-256-cfb1, aes-128-cfb8,
  aes-192-cfb8, aes-256-cfb8, aes-128-cfb128, aes-192-cfb128, aes-256-cfb128, aes-128-ofb,
  aes-192-ofb, aes-256-ofb aes-128-ecb
character_set_client s str - utf8mb4
character_set_connection s str - utf8mb4
character_set_database s str - utf8mb4
character_set_filesystem s str - binary
character_set_results s str - utf8mb4
character_set_server s str - utf8mb4
character_set_system g! str - utf8mb3
collation_connection s str - utf8mb4_0900_ai_ci
collation_database s str - utf8mb4_0900_ai_ci
collation_server s str - utf8mb4_0900_ai_ci
completion_type s enum NO_CHAIN,CHAIN,RELEASE NO_CHAIN
connect_timeout g int 2..31536000 10
cte_max_recursion_depth s int 0..4294967295 1000
datadir g! str -
default_collation_for_utf8mb4 s str - utf8mb4_0900_ai_ci
default_storage_engine s str - InnoDB
default_table_encryption s bool - OFF
default_tmp_storage_engine s str - InnoDB
default_week_format s int 0..7 0
disabled_storage_engines g! str -
div_precision_increment s int 0..30 4
eq_range_index_dive_limit s int 0..4294967295 200
error_count o! int 0..18446744073709551615 0
event_scheduler g enum OFF,ON,DISABLED OFF
explain_format s enum TRADITIONAL,TRADITIONAL_STRICT,TREE,JSON TRADITIONAL
explicit_defaults_for_timestamp s bool - ON
foreign_key_checks s bool - ON
general_log g bool - OFF
general_log_file g str -
group_concat_max_len s int 4..18446744073709551615 1024
gtid_mode g enum OFF,OFF_PERMISSIVE,ON_PERMISSIVE,ON OFF
have_compress g! str - YES
have_dynamic_loading g! str - NO
have_geometry g! str - NO
have_query_cache g! str - NO
have_rtree_keys g! str - NO
have_statement_timeout g! str - YES
have_symlink g! str - DISABLED
hostname g! str -
identity o int 0..18446744073709551615 0
information_schema_stats_expiry s int 0..31536000 86400
init_connect g str -
init_file g! str -
innodb_autoinc_lock_mode g! int 0..2 2
innodb_buffer_pool_size g int 5242880..9223372036854775807 134217728
innodb_deadlock_detect g bool - ON
innodb_default_row_format g str - dynamic
innodb_file_per_table g bool - ON
innodb_flush_log_at_trx_commit g int 0..2 1
innodb_lock_wait_timeout s int 1..1073741824 50
innodb_page_size g! int 4096..65536 16384
innodb_read_only g! bool - OFF
innodb_rollback_on_timeout g! bool - OFF
innodb_stats_on_metadata g bool - OFF
innodb_strict_mode s bool - ON
innodb_version g! str - 8.4.6
insert_id o int 0..18446744073709551615 0
interactive_timeout s int 1..31536000 28800
join_buffer_size s int 128..18446744073709551488 262144
large_files_support g! bool - ON
last_insert_id o int 0..18446744073709551615 0
lc_messages s str - en_US
lc_time_names s str - en_US
license g! str - GPL
local_infile g bool - OFF
lock_wait_timeout s int 1..31536000 31536000
log_bin g! bool - OFF
log_bin_trust_function_creators g bool - OFF
log_error_verbosity g int 1..3 2
log_output g set - FILE
log_timestamps g enum UTC,SYSTEM UTC
long_query_time s num 0..4719230590769954816 10.000000
low_priority_updates s bool - OFF
lower_case_table_names g! int 0..2 0
max_allowed_packet s* int 1024..1073741824 67108864
max_connect_errors g int 1..18446744073709551615 100
max_connections g int 1..100000 151
max_error_count s int 0..65535 1024
max_execution_time s int 0..18446744073709551615 0
max_heap_table_size s int 16384..18446744073709550592 16777216
max_join_size s int 1..18446744073709551615 18446744073709551615
max_prepared_stmt_count g int 0..4194304 16382
max_sort_length s int 4..8388608 1024
max_user_connections s* int 0..4294967295 0
min_examined_row_limit s int 0..18446744073709551615 0
net_buffer_length s* int 1024..1048576 16384
net_read_timeout s int 1..31536000 30
net_write_timeout s int 1..31536000 60
open_files_limit g! int 0..4294967295 20000
optimizer_switch s set - index_merge=on, index_merge_union=on, index_merge_sort_union=on,
  index_merge_intersection=on, engine_condition_pushdown=on, index_condition_pushdown=on,
  mrr=on, mrr_cost_based=on, block_nested_loop=on, batched_key_access=off, materialization=on,
  semijoin=on, loosescan=on, firstmatch=on, duplicateweedout=on,
  subquery_materialization_cost_based=on, use_index_extensions=on, condition_fanout_filter=on,
  derived_merge=on, use_invisible_indexes=off, skip_scan=on, hash_join=on,
  subquery_to_derived=off, prefer_ordering_index=on, hypergraph_optimizer=off,
  derived_condition_pushdown=on, hash_set_operations=on
performance_schema g! bool - OFF
port g! int 0..65535 3306
protocol_version g! int 0..4294967295 10
pseudo_thread_id o int 0..4294967295 0
rand_seed1 o int 0..18446744073709551615 0
rand_seed2 o int 0..18446744073709551615 0
read_buffer_size s int 8192..2147479552 131072
read_only g bool - OFF
regexp_stack_limit g int 0..2147483647 8000000
regexp_time_limit g int 0..2147483647 32
require_secure_transport g bool - OFF
secure_file_priv g! str - NULL
server_id g int 0..4294967295 1
server_uuid g! str -
session_track_schema s bool - ON
session_track_state_change s bool - OFF
session_track_system_variables s str - time_zone, autocommit, character_set_client,
  character_set_results, character_set_connection
session_track_transaction_info s enum OFF,STATE,CHARACTERISTICS OFF
show_gipk_in_create_table_and_information_schema s bool - ON
skip_external_locking g! bool - ON
skip_name_resolve g! bool - OFF
skip_networking g! bool - OFF
slow_query_log g bool - OFF
slow_query_log_file g str -
socket g! str -
sort_buffer_size s int 32768..18446744073709551615 262144
sql_auto_is_null s bool - OFF
sql_big_selects s bool - ON
sql_buffer_result s bool - OFF
sql_generate_invisible_primary_key s bool - OFF
sql_log_bin o bool - ON
sql_log_off s bool - OFF
sql_mode s set - ONLY_FULL_GROUP_BY, STRICT_TRANS_TABLES, NO_ZERO_IN_DATE, NO_ZERO_DATE,
  ERROR_FOR_DIVISION_BY_ZERO, NO_ENGINE_SUBSTITUTION
sql_notes s bool - ON
sql_quote_show_create s bool - ON
sql_require_primary_key s bool - OFF
sql_safe_updates s bool - OFF
sql_select_limit s int 0..18446744073709551615 18446744073709551615
sql_warnings s bool - OFF
super_read_only g bool - OFF
sync_binlog g int 0..4294967295 1
system_time_zone g! str - UTC
table_open_cache g int 1..524288 4000
table_open_cache_instances g! int 1..64 16
thread_cache_size g int 0..16384 9
thread_stack g! int 131072..18446744073709550592 1048576
time_zone s str - SYSTEM
timestamp o num 0..32536771199 0
tls_version g str - TLSv1.2,TLSv1.3
tmp_table_size s int 1024..18446744073709551615 16777216
tmpdir g! str - /tmp
transaction_allow_batching o bool - OFF
transaction_isolation s enum READ-UNCOMMITTED, READ-COMMITTED, REPEATABLE-READ, SERIALIZABLE
  REPEATABLE-READ
transaction_read_only s bool - OFF
unique_checks s bool - ON
updatable_views_with_limit s enum NO,YES YES
version g! str - 8.4.6
version_comment g! str - mysqlcompat
version_compile_machine g! str - x86_64
version_compile_os g! str - Linux
version_compile_zlib g! str - 1.3.1
wait_timeout s int 1..31536000 28800
warning_count o! int 0..18446744073709551615 0
windowing_use_high_precision s bool - ON
"""
