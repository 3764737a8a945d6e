"""mysqlcompat — the MySQL in front of the engine: protocol, SQL, programs, the lane, the cluster.

The way of a statement
 1  `wire.channel` and `wire.framing` cut packets out of the socket's bytes; before that
    `wire.connection`, `wire.handshake`, `wire.auth` and `wire.tls` have let the client in.
 2  A connection with nothing for Python to do is lent to the lane (`lane.lending`). The lane
    (`lane.selector`, `lane.lane_kernels`) is asyncio's `select()`: it reads ready sockets itself,
    finds the plan of a text by its shape (`lane.fingerprint_kernels`) or of a prepared statement by
    its number (`lane.serve_kernels`), runs it (`machine.machine_kernels.program_execute`) and sends
    the rows. What it does not know it hands to `wire.commands`.
 3  `session` takes the text: a known shape gives its program from `plan_cache`; otherwise
    `sql.router` looks at the first words. Statements other than DML and SELECT have parsers of their
    own (`sql.parse_ddl`, `sql.parse_show`, …) and handlers (`administer`, `ddl`).
 4  `compiler`: `sql.parse` (sqlglot) → `sql.resolve` (names and types: the typed tree of
    `sql.typed`, conversions explicit) → `sql.planner` (access paths, joins) → `sql.codegen`
    (a `machine.program.Program`).
 5  `machine.run` steps the program: kernels run batches of 1,024 lanes through its instructions
    (`machine.ops`), functions without a kernel are evaluated by `sql.evaluate` between two of them,
    `wire.encode_kernels` turns rows into packets.
 6  A change ends with a commit; `lane.durability` keeps the reply until the volume has it.

Processes: `__main__` reads the command line (`config`), `serve` checks and compiles, `supervisor` forks
`storage_role` and `node_role` processes and starts anew what dies; `node` puts a writer or a reader
together, `cluster` is a handle for tests and notebooks. Values: `sqltypes`, `values`, `temporal`,
`numerals`, `jsonb`, `json_path`, `convert`, `functions`. Errors: `errors`, `diagnostics`.

    >>> from mysqlcompat.cluster import Cluster
    >>> with Cluster(replicas=1) as cluster:            # doctest: +SKIP
    ...     print(cluster.writer_port, cluster.reader_port)
"""
