"""The corpus of values: expressions, and what a real MySQL says of each.

``tests/golden/values/<family>.txt`` holds the answers (`sections` has the format). A module
``<family>.py`` here generates the family's expressions: ``SECTIONS`` (from `edges` and its own
lists), and ``DIFFERENT``, expressions on which this server differs on purpose, each with the
reason. A family without ``SECTIONS`` is edited by hand: its expressions are those of its file.
``tests/golden/values/faults/<family>.txt`` lists what differs and should not: it only shrinks.

    MYSQL_ORACLE=host:port python -m tests.mysqlcompat.record_values [family …]

records (`asking`); `ours` evaluates in this process; `test_values` compares, and sends a sample
through a server. `tables` are the tables expressions may read.

    python -m tests.mysqlcompat.compare_values [--keep] [family …]

prints what differs; with ``--keep`` it writes the lists of faults anew.

`grammar_of_values` makes random expressions out of `value_rules`: those of the families
`random_values` and `random_rows` (over many rows), and those of the soaks (`fuzz_rows`, and
`fuzz_values`, which counts differences that `explained` has a reason for). What the soak once found
are the families `fuzzed` and `widened`.
"""
