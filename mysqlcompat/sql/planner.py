"""From typed statements to physical plans: join order, access paths, what needs a sort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from btree.schema import Table
from mysqlcompat.errors import SqlError
from mysqlcompat.json_table import JsonTable
from mysqlcompat.sql.access import choose
from mysqlcompat.sql.estimates import Estimates
from mysqlcompat.sql.generated_access import ordered_by_columns, with_columns
from mysqlcompat.sql.looks import Candidate
from mysqlcompat.sql.plan import (
    Access,
    DeletePlan,
    InsertPlan,
    Join,
    Plan,
    Scan,
    SelectPlan,
    UpdatePlan,
)
from mysqlcompat.sql.rules import conjuncts, equality, tables_of
from mysqlcompat.sql.typed import (
    Aggregate,
    ColumnRef,
    Delete,
    Expression,
    Insert,
    Select,
    Statement,
    Update,
    aggregates_of,
    is_constant,
    walk,
)
from mysqlcompat.unstored_table import UnstoredTable

#: A lookup through an index costs about as much as reading this many rows of a scan.
LOOKUP_COST = 8


def plan(statement: Statement, estimates: Estimates) -> Plan:
    """The physical plan of a statement."""
    match statement:
        case Select():
            return plan_select(statement, estimates)
        case Insert():
            chosen = plan_select(statement.select, estimates) if statement.select else None
            return InsertPlan(statement, chosen)
        case Update():
            return _plan_update(statement, estimates)
        case Delete():
            scan, ordered = _plan_change(statement, estimates)
            return DeletePlan(statement, scan, not ordered, ordered)
    raise SqlError(1235, type(statement).__name__)


def plan_select(select: Select, estimates: Estimates) -> SelectPlan:
    aggregates = aggregates_of(select)
    if not select.tables:
        filters = tuple(conjuncts(select.where))
        return SelectPlan(select, None, (), filters, aggregates, ordered=True)
    plain = not aggregates and select.group_by is None and not select.distinct
    return _Joiner(select, estimates).plan(aggregates, plain)


class _Joiner:
    """Puts the tables of one SELECT in an order and hands the conditions out."""

    def __init__(self, select: Select, estimates: Estimates) -> None:
        self.select = select
        self.estimates = estimates
        self.outer = {join.table_no: join for join in select.joins if join.kind == "left"}
        self.conditions: list[Expression] = list(conjuncts(select.where))
        for join in select.joins:
            if join.kind == "inner":
                self.conditions += conjuncts(join.on)
            elif join.kind != "left":
                raise SqlError(1235, f"{join.kind.upper()} JOIN")
        for number, source in enumerate(select.tables):
            if isinstance(source.table, Table) and number not in self.outer:
                self.conditions = with_columns(source.table, number, self.conditions)

    def plan(self, aggregates: tuple[Aggregate, ...], plain: bool) -> SelectPlan:
        select = self.select
        first, scan, ordered = self._first(plain)
        seen = {first}
        joins: list[Join] = []
        rows = self._estimate(scan)
        while len(seen) < len(select.tables):
            joins.append(self._next(seen, rows))
            seen.add(joins[-1].scan.table_no)
        assert not self.conditions, self.conditions
        one_table = len(select.tables) == 1
        return SelectPlan(
            select,
            scan,
            tuple(joins),
            (),
            aggregates,
            ordered=plain and ordered and (one_table or not select.order_by),
        )

    def _first(self, plain: bool) -> tuple[int, Scan, bool]:
        """The table to begin with: the one whose constants find the fewest rows."""
        select = self.select
        only = len(select.tables) == 1
        order = select.order_by if only and plain else ()
        limited = select.limit is not None
        best: tuple[Any, int, Candidate, bool] | None = None
        for table_no, source in enumerate(select.tables):
            if table_no in self.outer or depends_on(source.table):
                continue
            if not isinstance(source.table, Table):
                found, ordered = virtual_candidate(), not order
            else:
                found, ordered = choose(
                    source.table,
                    table_no,
                    self.conditions,
                    is_constant,
                    ordered_by_columns(source.table, table_no, order),
                    limited,
                    self.estimates,
                    locking=bool(select.locking),
                    once=not select.locking,
                    hints=source.hints,
                    needs=self._needs(table_no) if source.hints.read is not None else None,
                )
            score = self._worth(source.table, found)
            if best is None or score > best[0]:
                best = (score, table_no, found, ordered)
        assert best is not None
        _, table_no, found, ordered = best
        filters = self._take({table_no}, found.covered)
        return table_no, Scan(table_no, found.access, filters), ordered

    def _needs(self, table_no: int) -> frozenset[int]:
        """Numbers of the columns of a table that the statement names anywhere."""
        select = self.select
        named = [item.expression for item in select.items]
        named += [one.expression for one in select.order_by]
        named += [join.on for join in select.joins if join.on is not None]
        named += [*(select.group_by or ()), *self.conditions]
        named += [one for one in (select.where, select.having) if one is not None]
        return frozenset(
            node.column_no
            for expression in named
            for node in walk(expression)
            if isinstance(node, ColumnRef) and node.table_no == table_no
        )

    def _worth(self, table: Any, found: Candidate) -> tuple[int, ...]:
        """How good it is to begin with a table: by rows found, if they are known of all tables."""
        stored = [source.table for source in self.select.tables]
        if all(isinstance(one, Table) and self.estimates.weighs(one) for one in stored):
            return (found.score[0], -self.estimates.matching(table, found.access))
        return found.score[:3]

    def _estimate(self, scan: Scan) -> int:
        table = self.select.tables[scan.table_no].table
        return self.estimates.matching(table, scan.access) if isinstance(table, Table) else 100

    def _take(
        self, seen: set[int], covered: frozenset[int] = frozenset()
    ) -> tuple[Expression, ...]:
        """Remove and return the conditions on tables already there; `covered` ones are dropped."""
        ready = [one for one in self.conditions if tables_of(one) <= seen]
        self.conditions = [one for one in self.conditions if not tables_of(one) <= seen]
        return tuple(one for one in ready if id(one) not in covered)

    def _next(self, seen: set[int], rows: int) -> Join:
        """The table to join next: an outer join when its turn has come, else the best connected."""
        best: tuple[Any, Join, set[int]] | None = None
        for table_no in range(len(self.select.tables)):
            if table_no in seen:
                continue
            left = self.outer.get(table_no)
            if left is not None:
                if set(range(table_no)) <= seen:
                    return self._outer_join(table_no, list(conjuncts(left.on)), seen, rows)
                continue
            if any(number < table_no and number not in seen for number in self.outer):
                continue  # an outer join before it in the text comes first
            if not depends_on(self.select.tables[table_no].table) <= seen:
                continue
            join, used = self._join(table_no, self.conditions, seen, rows, outer=False)
            found = self._estimate(join.scan)
            score = (join.method == "lookup", bool(join.outer_keys), -found, -table_no)
            if best is None or score > best[0]:
                best = (score, join, used)
        assert best is not None
        _, join, used = best
        self.conditions = [one for one in self.conditions if id(one) not in used]
        return replace(join, filters=self._take(seen | {join.scan.table_no}))

    def _outer_join(
        self, table_no: int, conditions: list[Expression], seen: set[int], rows: int
    ) -> Join:
        if isinstance(self.select.tables[table_no].table, JsonTable):
            on = self.outer[table_no].on
            join = Join(Scan(table_no, virtual_candidate().access, ()), "expand", (), (), True, ())
            return replace(join, filters=self._take(seen | {table_no}), on=on)
        join, used = self._join(table_no, conditions, seen, rows, outer=True)
        left = [one for one in conditions if id(one) not in used]
        if left:
            raise SqlError(1235, "LEFT JOIN … ON with other conditions than equations")
        return replace(join, filters=self._take(seen | {table_no}))

    def _join(
        self,
        table_no: int,
        conditions: Sequence[Expression],
        seen: set[int],
        rows: int,
        outer: bool,
    ) -> tuple[Join, set[int]]:
        """Join one table by lookup or by hash, and id() of the conditions that are spent on it."""
        source = self.select.tables[table_no].table
        own = [one for one in conditions if tables_of(one) == {table_no}]
        if depends_on(source):
            scan = Scan(table_no, virtual_candidate().access, ())
            return Join(scan, "expand", (), (), outer, ()), set()
        spent = {id(one) for one in own}
        if isinstance(source, Table):
            known = [one for one in conditions if tables_of(one) <= seen | {table_no}]
            hints = self.select.tables[table_no].hints
            found, _ = choose(
                source,
                table_no,
                known,
                lambda e: tables_of(e) <= seen,
                estimates=self.estimates,
                hints=hints,
            )
            depends = any(value is not None and tables_of(value) for value in found.access.equal)
            plain = found.access.kind in ("const", "ref") and None not in found.access.equal
            cheap = rows * LOOKUP_COST <= max(self.estimates.rows(source), 1000)
            cheap = cheap or hints.is_read_forced
            unchecked = {id(one) for one in known} - found.covered
            if depends and plain and cheap and not (outer and unchecked):
                rest = tuple(one for one in own if id(one) not in found.covered)
                scan = Scan(table_no, found.access, rest)
                return Join(scan, "lookup", (), (), outer, ()), spent | found.covered
        pairs = [(one, equality(one, table_no)) for one in conditions]
        keys = [(one, pair) for one, pair in pairs if pair and tables_of(pair[0]) <= seen]
        scan = self._inner_scan(table_no, own)
        spent |= {id(one) for one, _ in keys}
        outer_keys = tuple(pair[0] for _, pair in keys)
        inner_keys = tuple(pair[1] for _, pair in keys)
        return Join(scan, "hash", outer_keys, inner_keys, outer, ()), spent

    def _inner_scan(self, table_no: int, own: Sequence[Expression]) -> Scan:
        source = self.select.tables[table_no].table
        if not isinstance(source, Table):
            return Scan(table_no, virtual_candidate().access, tuple(own))
        once = not self.select.locking
        hints = self.select.tables[table_no].hints
        found, _ = choose(
            source,
            table_no,
            own,
            is_constant,
            estimates=self.estimates,
            once=once,
            hints=hints,
            needs=self._needs(table_no) if hints.read is not None else None,
        )
        filters = tuple(one for one in own if id(one) not in found.covered)
        return Scan(table_no, found.access, filters)


def depends_on(table: Any) -> frozenset[int]:
    """Numbers of the tables that must be read before: a JSON_TABLE's document may name them."""
    made_of = table.made_of if isinstance(table, UnstoredTable) else ()
    return frozenset(number for one in made_of for number in tables_of(one))


def virtual_candidate() -> Candidate:
    """A virtual table is read whole."""
    return Candidate(Access(0, "ALL"), (0, 0, 0, 1), frozenset())


def _plan_change(statement: Update | Delete, estimates: Estimates) -> tuple[Scan, bool]:
    """Scan of an UPDATE or DELETE, and whether it gives the rows in the order wanted."""
    table = statement.table.table
    if not isinstance(table, Table):
        raise SqlError(1288, statement.table.alias, type(statement).__name__.upper())
    conditions = list(conjuncts(statement.where))
    conditions = with_columns(table, 0, conditions)
    limited = statement.limit is not None
    found, ordered = choose(
        table,
        0,
        conditions,
        is_constant,
        statement.order_by,
        limited,
        estimates,
        hints=statement.table.hints,
    )
    filters = tuple(one for one in conditions if id(one) not in found.covered)
    return Scan(0, found.access, filters), ordered


def _plan_update(statement: Update, estimates: Estimates) -> UpdatePlan:
    scan, ordered = _plan_change(statement, estimates)
    table: Table = statement.table.table
    changed = {column for column, _ in statement.assignments}
    changed |= {n for n, column in enumerate(table.columns) if column.generated is not None}
    read_by = table.indexes[scan.access.index_no].parts + table.indexes[0].parts
    moves = any(table.column_no(part.column) in changed for part in read_by)
    return UpdatePlan(statement, scan, collect=moves or not ordered, ordered=ordered)
