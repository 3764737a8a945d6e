"""Index choice: the best way to find the rows of one table, given the conditions on it.

One row by a unique key is always best. Of the rest, where a table has been sampled, the one that
costs least (`estimates`). Otherwise, and among equals: as many equal leading parts as possible,
then a range with two ends, then one end, then a whole scan; the primary key before others, because
a secondary entry costs a second descent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from btree.schema import Index, Table, TypeKind
from mysqlcompat.sql.array_access import ALL, ANY
from mysqlcompat.sql.estimates import Estimates
from mysqlcompat.sql.index_hints import NO_HINTS, IndexHints
from mysqlcompat.sql.looks import Candidate, Look
from mysqlcompat.sql.plan import Access
from mysqlcompat.sql.rules import comparison, is_null_test, without_between
from mysqlcompat.sql.typed import Call, ColumnRef, Expression, Order, is_constant
from mysqlcompat.sqltypes import Class, SqlType

Usable = Callable[[Expression], bool]

#: Classes a key bound can be made of. JSON and BIT are not compared as their keys order.
_KEYED: Final = frozenset(
    {
        Class.INT,
        Class.DECIMAL,
        Class.DOUBLE,
        Class.STRING,
        Class.DATE,
        Class.DATETIME,
        Class.TIME,
    }
)


UNKNOWN: Final = Estimates()


@dataclass(frozen=True, slots=True)
class Known:
    """One condition on a column: `kind` is '=', 'null', 'low', 'high', 'in', or 'any' (of some
    elements of a multi-valued key part)."""

    kind: str
    values: tuple[Expression, ...]
    inclusive: bool
    source: Expression
    exact: bool  #: a key bound says as much: no need to check the rows again


def keyed_alike(column: SqlType, value: SqlType) -> bool:
    """Whether a value of that type makes a key of the column as it stands."""
    if column.cls is not value.cls or column.cls not in _KEYED:
        return False
    if column.kind in (TypeKind.ENUM, TypeKind.SET, TypeKind.BIT, TypeKind.FLOAT):
        return False
    if column.cls is Class.STRING:
        return column.collation == value.collation
    if column.cls is Class.DECIMAL:
        wide = column.is_wide_decimal or value.is_wide_decimal
        return not wide and column.scale == value.scale
    return True


def known_of(
    table_no: int, conditions: Sequence[Expression], usable: Usable
) -> dict[int, list[Known]]:
    """What the conditions say of each column of a table, in terms that are `usable`."""
    found: dict[int, list[Known]] = {}

    def add(column: ColumnRef, kind: str, values: tuple[Expression, ...], inclusive: bool) -> None:
        fits = all(keyed_alike(column.type, value.type) and usable(value) for value in values)
        if column.table_no == table_no and fits:
            exact = kind == "null" or column.type.cls is Class.INT
            found.setdefault(column.column_no, []).append(
                Known(kind, values, inclusive or not exact, condition, exact)
            )

    for condition in conditions:
        elements = of_elements(condition, table_no)
        if elements is not None:
            found.setdefault(elements[0], []).append(elements[1])
        for name, column, value in comparison(condition):
            if name == "=":
                add(column, "=", (value,), True)
            elif name in (">", ">="):
                add(column, "low", (value,), name == ">=")
            elif name in ("<", "<="):
                add(column, "high", (value,), name == "<=")
        listed = without_between(condition)
        if listed and listed[0] == "between":
            add(listed[1], "low", listed[2][:1], True)
            add(listed[1], "high", listed[2][1:], True)
        elif listed and listed[1].type.cls is Class.INT and _are_of_one_kind(listed[2]):
            add(listed[1], "in", listed[2], True)
        nothing = is_null_test(condition)
        if nothing is not None:
            add(nothing, "null", (), True)
    return found


def _are_of_one_kind(values: Sequence[Expression]) -> bool:
    """Whether the lanes of these integers compare with each other."""
    return len({value.type.unsigned for value in values}) == 1


def of_elements(condition: Expression, table_no: int) -> tuple[int, Known] | None:
    """The column of elements that a condition of `array_access` is about, and what it says."""
    if not isinstance(condition, Call) or condition.function.name not in (ANY, ALL):
        return None
    column, _, *values = condition.args
    if not isinstance(column, ColumnRef) or column.table_no != table_no:
        return None
    if condition.function.name == ALL or len(values) == 1:
        exact = len(values) == 1
        return column.column_no, Known("=", tuple(values), True, condition, exact)
    return column.column_no, Known("any", tuple(values), True, condition, True)


def candidate(
    table: Table, index_no: int, known: dict[int, list[Known]], once: bool = False
) -> Candidate | None:
    """An index used as far as the conditions allow; None for a multi-valued one that they do not
    ask for an element: it has rows several times, or not at all.

    once  rows that are found several times are told apart later: any of several elements will do
    """
    index = table.indexes[index_no]
    equal: list[Expression | None] = []
    covered: list[Known] = []
    whole = True
    for part in index.parts:
        column_no = table.column_no(part.column)
        here = known.get(column_no, [])
        # keys of a column that is never NULL have no place for it
        kinds = ("=", "null") if table.stored_columns[column_no].nullable else ("=",)
        one = next((each for each in here if each.kind in kinds), None)
        if one is None:
            break
        equal.append(one.values[0] if one.values else None)
        if part.length:
            whole = False
        else:
            covered.append(one)
    given = len(equal)
    array = _array_part(table, index)
    if array is not None and given <= array:
        column = table.column_no(index.parts[array].column)
        any_of = next((one for one in known.get(column, []) if one.kind == "any"), None)
        if given < array or any_of is None or not once:
            return None
        access = Access(index_no, "range", tuple(equal), members=any_of.values, again=True)
        sources = [one.source for one in (*covered, any_of) if one.exact]
        return Candidate(access, (False, given, 2, False), frozenset(map(id, sources)))
    unique = index.unique and whole and given == len(index.parts) and None not in equal
    access = Access(index_no, "const" if unique else "ref", tuple(equal))
    ends = 0
    if given < len(index.parts) and not index.parts[given].length:
        part = index.parts[given]
        here = known.get(table.column_no(part.column), [])
        access, used = _with_range(access, here, part.descending)
        covered += used
        ends = len(used) if not access.members else 2
    if access.kind == "ref" and not equal:
        access = replace(access, kind="ALL" if index_no == 0 else "index")
    access = replace(access, point=unique and index_no == 0)
    score = (unique, given, ends, index_no == 0)
    return Candidate(access, score, frozenset(id(one.source) for one in covered if one.exact))


def _array_part(table: Table, index: Index) -> int | None:
    """The place of the part that has several values."""
    for place, part in enumerate(index.parts):
        if table.stored_columns[table.column_no(part.column)].array is not None:
            return place
    return None


def _with_range(
    access: Access, here: Sequence[Known], descending: bool
) -> tuple[Access, list[Known]]:
    """Add a range, or IN (…), on the part after the equal ones."""
    members = next((each for each in here if each.kind == "in"), None)
    if members:
        return replace(access, kind="range", members=members.values), [members]
    low = next((each for each in here if each.kind == "low"), None)
    high = next((each for each in here if each.kind == "high"), None)
    if descending or not (low or high):
        return access, []
    if low:
        access = replace(access, low=low.values[0], low_inclusive=low.inclusive)
    if high:
        access = replace(access, high=high.values[0], high_inclusive=high.inclusive)
    return replace(access, kind="range"), [each for each in (low, high) if each]


def ordered_by(
    table: Table, table_no: int, access: Access, order: Sequence[Order]
) -> Access | None:
    """`access`, turned round if need be, when it gives the rows in the order wanted, else None."""
    if access.kind == "const":
        return access
    index = table.indexes[access.index_no]
    parts = [(table.column_no(part.column), part.descending, part.length) for part in index.parts]
    if access.index_no:
        key = table.indexes[0].parts
        parts += [(table.column_no(part.column), part.descending, part.length) for part in key]
    fixed = {parts[place][0] for place, value in enumerate(access.equal)}
    parts = parts[len(access.equal) :]
    backward: bool | None = None
    for wanted in order:
        column = wanted.expression
        if not isinstance(column, ColumnRef) or column.table_no != table_no:
            return None
        if column.column_no in fixed:
            continue
        while parts and parts[0][0] in fixed:
            parts.pop(0)
        if not parts or parts[0][0] != column.column_no or parts[0][2]:
            return None
        turned = wanted.descending != parts.pop(0)[1]
        fixed.add(column.column_no)
        if backward not in (None, turned):
            return None
        backward = turned
    if backward and access.members:
        return None
    return replace(access, backward=bool(backward))


def choose(
    table: Table,
    table_no: int,
    conditions: Sequence[Expression],
    usable: Usable,
    order: Sequence[Order] = (),
    limited: bool = False,
    estimates: Estimates = UNKNOWN,
    locking: bool = False,
    once: bool = False,
    hints: IndexHints = NO_HINTS,
    needs: frozenset[int] | None = None,
) -> tuple[Candidate, bool]:
    """The best way in, and whether it gives the order wanted.

    limited  only the first few rows are wanted: then an index in their order beats a sort
    locking  what is read is locked: a whole scan is the last choice
    once     an access may find a row again (`Access.again`)
    hints    which indexes may be used for what
    needs    numbers of all columns that are read; None: the whole row
    """
    known = known_of(table_no, conditions, usable)
    candidates = list(_candidates(table, known, once, hints))
    narrow = [one for one in candidates if one.is_narrow]
    best = max(candidates, key=lambda one: one.score)
    if hints.is_read_forced and narrow:
        best = max(narrow, key=lambda one: one.score)
    if not best.score[0] and estimates.weighs(table):
        weighed = (narrow or candidates) if locking or hints.is_read_forced else candidates
        look = Look(table, tuple(weighed))
        if estimates.looks is not None and usable is is_constant:
            estimates.looks.append(look)
        best = look.cheapest(estimates)
    for one in sorted(candidates, key=lambda one: one.score, reverse=True) if order else ():
        if not hints.may_order(one.access.index_no):
            continue
        turned = ordered_by(table, table_no, one.access, order)
        as_good = one.score[:3] == best.score[:3]
        worth = limited or hints.is_order_forced or one.access.kind != "index"
        if turned and as_good and worth:
            return replace(one, access=turned), True
    if best.access.kind == "ALL" and hints.read is not None and needs is not None:
        best = _covering(table, candidates, hints.read, needs) or best
    return best, not order


def _candidates(
    table: Table, known: dict[int, list[Known]], once: bool, hints: IndexHints
) -> Iterator[Candidate]:
    """Every way in that the hints leave: no invisible index, but always the whole table."""
    for number, index in enumerate(table.indexes):
        if number == 0:
            found = candidate(table, 0, known if hints.may_read(0) else {}, once)
        elif index.invisible or not (hints.may_read(number) or hints.may_order(number)):
            continue
        else:
            found = candidate(table, number, known if hints.may_read(number) else {}, once)
        if found is not None:
            yield found


def _covering(
    table: Table, candidates: Sequence[Candidate], read: frozenset[int], needs: frozenset[int]
) -> Candidate | None:
    """The whole of an index that was asked for, and has all that is read: the narrowest."""
    if 0 in read:
        return None
    key = [part.column for part in table.indexes[0].parts]
    covering = []
    for one in candidates:
        parts = table.indexes[one.access.index_no].parts
        whole = [part.column for part in parts if not part.length]
        if one.access.index_no in read and needs <= set(map(table.column_no, whole + key)):
            covering.append((len(parts), one.access.index_no, one))
    return min(covering, key=lambda each: each[:2])[2] if covering else None
