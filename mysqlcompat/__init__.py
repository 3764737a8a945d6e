"""mysqlcompat — the MySQL in front of the engine: protocol, SQL, programs, the lane, the cluster.

The way of a statement
 1  `wire.channel` and `wire.framing` cut packets out of the socket's bytes; before that
    `wire.connection`, `wire.handshake`, `wire.auth` and `wire.tls` have let the client in
    (`accounts`).
 2  A connection with nothing for Python to do is lent to the lane (`lane.lending`). The lane
    (`lane.selector`, `lane.lane_kernels`) is asyncio's `select()`: it reads ready sockets itself,
    finds the plan of a text by its shape (`lane.fingerprint_kernels`) or of a prepared statement by
    its number (`lane.serve_kernels`), runs it (`machine.machine_kernels.program_execute`) and sends
    the rows. What it does not know it hands to `wire.commands`.
 3  `session` (on `session_state`) takes the text: a known shape gives its program from `plan_cache`
    (`session_plans`); otherwise `sql.router` looks at the first words. Statements other than DML
    and SELECT have parsers of their own (`sql.parse_ddl`, `sql.parse_show`, …) and handlers:
    `administer`, `assignments` (SET), `table_locks` (on `metadata_locks`, as `user_locks` are),
    `show`, `show_columns`, `ddl`, over `catalog_view` and the virtual tables of
    `information_schema`. `slices` is for what takes long, `stages` says how far; `long_texts` are
    read on a thread, and compiled in `turns` with the loop. `prepared` keeps prepared statements,
    `temporary_tables` a session's own
    tables.
 4  `compiler`: `sql.parse` (sqlglot) → `sql.resolve` (names and types: the typed tree of
    `sql.typed`, conversions explicit; `sql.parameters` says what a `?` is) → `sql.planner` (access
    paths within `sql.index_hints`, joins) → `sql.codegen` (a `machine.program.Program`).
    A long INSERT … VALUES skips all this: `bulk` (on `bulk_kernels`, `bulk_documents` and
    `bulk_expressions`) turns its rows into lanes and runs one program for any number of them.
 5  `machine.run` steps the program (once more, `machine.in_turn`, for an error of a value):
    kernels run batches of 1,024 lanes through its instructions (`machine.ops`), functions without
    a kernel are evaluated by `sql.evaluate_columns` (else row by row, `sql.evaluate`) between two
    of them, `wire.encode_kernels` turns rows into packets (`results`, `statement_rows`).
 6  A change ends with a commit (`transaction`); `lane.durability` keeps the reply until the volume
    has it.

Values: `sqltypes` (one row a type), `values` (lane ↔ Python), `lane_columns` (many), `temporal`,
`partial_dates`, `temporal_text` (dates out of text), `time_locales`, `letter_cases`,
`time_zone_tables`, `numerals`, `decimal_reading`, `collations`, `character_sets`, `jsonb` (on
`decimal_bytes`), `json_path`, `json_stored`, `json_partial`, `json_order`, `json_table` (its rows;
an `unstored_table`), `json_kernels` (documents where they lie), `json_compare_kernels`,
`json_find_kernels`, `json_walk_kernels`, `json_text_kernels`, `json_build_kernels` and
`json_parse_kernels` (documents made), `digest_kernels` (on `digest_token_kernels`: statements
without their values), `convert`, `convert_temporal` and `convert_compared` (casts), `assign` and
`assign_temporal` (into columns), `without_value` (what these hold without one),
`message_text` (values in messages), `short_texts` (what was made of them, remembered), `functions`.
Settings: `variables` over `variable_table`. Counters: `status`, `engine_status`,
`engine_monitor` (SHOW ENGINE INNODB STATUS). Errors: `errors`
over `errors_1000` and `errors_1292`, `diagnostics` (warnings).

Processes: `__main__` reads the command line (`config`; `bytecode` is kept), `serve` checks
(`startup`), compiles (`progress`) and hands over to `supervisor`, which forks `storage_role` and
`node_role` processes (`child`, `roles`) and starts anew what dies; `zone_host` is a zone's storage
elsewhere. `node` puts a writer or a reader together, with `sessions`, `patient_volume` and
`write_gate`, where changes wait while there is no write quorum; `node_api` is what sessions see of
it. `control_socket` and `operations` are how a running cluster is told what to do,
`volume_commands` the commands that tell it (snapshots, clones, backtrack), `storage_watch` asks
storage how the volume is, `volume_status` says it, `fault_statements` lets parts of it fail,
`restore_command` works on backups without one, `encryption` sees to keys before a start.
`check_command` is `mysqlcompat check`; `cluster` is a handle for tests and notebooks:

    >>> from mysqlcompat import Cluster
    >>> with Cluster(replicas=1) as cluster:            # doctest: +SKIP
    ...     print(cluster.writer_port, cluster.reader_port)
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "Cluster":  # imported when it is asked for: the command line does without
        from mysqlcompat.cluster import Cluster

        return Cluster
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
