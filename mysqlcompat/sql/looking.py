"""Functions that do not look at all of their arguments, or not in order: MySQL warns of what it
looks at, and of nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from mysqlcompat.convert_compared import Listener
from mysqlcompat.functions.documents import MERGING, document_of
from mysqlcompat.functions.extremes import heed
from mysqlcompat.functions.intervals import start_of
from mysqlcompat.functions.json_places import has_place
from mysqlcompat.functions.operators import order, row_order
from mysqlcompat.functions.table import Context
from mysqlcompat.functions.time_differences import beginning
from mysqlcompat.functions.time_zones import is_zone
from mysqlcompat.functions.weeks import is_day
from mysqlcompat.jsonb import Json
from mysqlcompat.sql.branches import BROUGHT
from mysqlcompat.sql.describe import WRITTEN
from mysqlcompat.sql.typed import COMPARE, EXPLICIT, Call, Cast, Expression, Literal, is_constant
from mysqlcompat.sqltypes import Class

_PATCH: Final = "json_merge_patch"  #: which no NULL ends
READ_IN_TURN: Final = (
    *("json_contains", "json_overlaps", "json_set", "json_replace"),
    *(*MERGING, _PATCH),
)


REGEXP: Final = ("regexp", "regexp_like", "regexp_instr", "regexp_substr", "regexp_replace")


class Looking:
    """The part of `Evaluator` for such functions, one method each."""

    context: Context

    if TYPE_CHECKING:

        def value(self, expression: Expression) -> Any: ...

        def cast(self, node: Cast, value: Any) -> Any: ...

        def call(self, node: Call, values: Sequence[Any]) -> Any: ...

        def has_no_value(self, arg: Expression) -> bool: ...

    def _in(self, node: Call) -> Any:
        """Constants are all looked at, other values up to the one that is equal. Nothing is where
        there is nothing to find, nor among documents for NULL."""
        value, *items = node.args
        is_document = value.type.cls is Class.JSON
        if all(map(is_constant, items)) and not is_document:
            known = [self.value(arg) for arg in items]
            is_vain = all(one is None for one in known)
            return None if is_vain else self.call(node, [self.value(value), *known])
        wanted = self.value(value)
        is_text = value.type.cls is Class.STRING
        if wanted is None and (isinstance(value, Literal) or is_text or is_document):
            return None
        found: int | None = 0
        if wanted is None:
            return self.call(node, [None, *map(self.value, items)])
        for item in items:
            one = self.call(node, (wanted, self.value(item)))
            if one:
                return one
            found = None if one is None else found
        return found

    def _text_among(self, node: Call) -> Any:
        """One of the members of IN: where a text is looked for and is NULL, it is not looked at."""
        left, right = node.args
        value = self.value(left)
        if value is None and left.type.cls is Class.STRING:
            return None
        return self.call(node, (value, self.value(right)))

    def _in_dates(self, node: Call) -> Any:
        """A text among constant dates: what is none is not found."""
        sought, *items = node.args
        known = [self.value(arg) for arg in items]
        if all(one is None for one in known):
            return None
        if isinstance(sought, Cast):
            text = self.value(sought.arg)
            value, is_text = self.cast(sought, text), text is not None
        else:  # one of several that cannot be NULL
            value, is_text = self.value(sought), True
        if value is None and is_text:
            return None if None in known else 0
        return self.call(node, [value, *known])

    def _regexp(self, node: Call) -> Any:
        """Regular expressions: a text is looked at last, and not at all if a pattern is NULL."""
        text, *rest = node.args
        values = [self.value(arg) for arg in rest]
        return self.call(node, [None if None in values else self.value(text), *values])

    def _null_safe(self, node: Call) -> Any:
        """``<=>``: where a side is NULL, both are asked whether they are, with the warnings that
        gives."""
        left, right = node.args
        value = self.value(left)
        other = None if value is None else self.value(right)
        if value is not None and other is not None:
            return self.call(node, (value, other))
        is_cast = not any(map(is_constant, node.args))  # texts to numbers and dates
        is_null = self._is_null_again(left, value, is_cast, True)
        return int(is_null == self._is_null_again(right, other, is_cast, value is not None))

    def _is_null_again(self, side: Expression, value: Any, is_cast: bool, was_seen: bool) -> bool:
        """Whether a side of ``<=>`` is NULL. A constant that is converted is kept once it was seen,
        and looked at as it is given before that; among others texts are converted again, to dates
        even if they cannot be NULL."""
        is_made = isinstance(side, Cast) and side.mode != EXPLICIT and side.wording != WRITTEN
        given = side.arg if isinstance(side, Cast) and is_made else side
        if isinstance(given, Call) and given.function.name in BROUGHT:
            side = given = given.args[0]
        is_kept = is_constant(side) and given.type.cls is not side.type.cls
        if is_kept and was_seen:
            return value is None
        is_read = is_cast and given.type.cls is Class.STRING
        is_date = isinstance(side, Cast) and side.mode == COMPARE
        is_asked = side.type.nullable or is_kept or (is_read and is_date)
        return is_asked and self.has_no_value(side if is_read else given)

    def _when(self, node: Call) -> Any:
        """WHEN NULL: the subject is not looked at."""
        subject, when = node.args
        if isinstance(when, Literal) and when.value is None:
            return None
        value = self.value(subject)
        return None if value is None else self.call(node, (value, self.value(when)))

    def _row_in(self, node: Call) -> Any:
        """Rows up to the one that is equal; beside a text that is NULL nothing is looked at."""
        size = self.value(node.args[0])
        sought = node.args[1 : size + 1]
        left = [self.value(arg) for arg in sought]
        is_seen = [
            value is not None or arg.type.cls is not Class.STRING
            for value, arg in zip(left, sought, strict=True)
        ]
        members = node.args[size + 1 :]
        found: int | None = 0
        for at in range(0, len(members), size):
            row = zip(members[at : at + size], is_seen, strict=True)
            others = (self.value(arg) if is_one else None for arg, is_one in row)
            alike = row_order(node, left, others)
            if alike:
                return 1
            found = None if alike is None else found
        return found

    def _row_order(self, node: Call) -> Any:
        """Rows up to the first columns that differ, or one of which is NULL."""
        values: list[Any] = []
        for at in range(0, len(node.args), 2):
            one = self.value(node.args[at])
            other = None if one is None else self.value(node.args[at + 1])
            values += [one, other]
            if one is None or other is None or order(one, other, node.args[at].type.collation):
                break
        return self.call(node, values)

    def _between(self, node: Call) -> Any:
        value = self.value(node.args[0])
        if value is None:
            return None
        return self.call(node, [value, *map(self.value, node.args[1:])])

    def _elt(self, node: Call) -> Any:
        """ELT: the string that is asked for, and no other."""
        number = self.value(node.args[0])
        if number is None or not 0 < number < len(node.args):
            return None
        return self.value(node.args[number])

    def _read_in_turn(self, node: Call) -> Any:
        """JSON functions that read their first document, or each, before they look further."""
        name, values = node.function.name, []
        for at, arg in enumerate(node.args):
            value = self.value(arg)
            values.append(value)
            is_read = at == 0 or name in (*MERGING, _PATCH)
            if value is None and is_read and name != _PATCH:
                return None
            if value is not None and is_read and not isinstance(value, Json):
                document_of(name, at, value)
        return self.call(node, values)

    def _members_in_turn(self, node: Call) -> Any:
        """JSON_OBJECT: a name that is none ends it before its value is looked at."""
        values: list[Any] = []
        for at, arg in enumerate(node.args):
            values.append(self.value(arg))
            if at % 2 == 0 and not isinstance(values[-1], str):
                values.append(None)
                break
        return self.call(node, values)

    def _no_document(self, node: Call) -> None:
        """What is no document is not looked at."""
        _, *others = node.args
        self.call(node, (None, *map(self.value, others)))

    def _json_valid(self, node: Call) -> Any:
        """What is neither a text nor a document is not looked at: it is no valid one."""
        (arg,) = node.args
        is_read = arg.type.cls in (Class.STRING, Class.JSON, Class.NULL)
        return self.call(node, (self.value(arg) if is_read else None,))

    def _make_set(self, node: Call) -> Any:
        """MAKE_SET: the strings that are asked for, and no others."""
        bits, *members = node.args
        chosen = self.value(bits)
        if chosen is None:
            return None
        values = (self.value(one) if chosen >> at & 1 else None for at, one in enumerate(members))
        return self.call(node, [chosen, *values])

    def _field(self, node: Call) -> int:
        """FIELD: up to the one that is equal."""
        value = self.value(node.args[0])
        if value is None:
            return 0
        found = (self.call(node, (value, self.value(choice))) for choice in node.args[1:])
        return next((number for number, is_equal in enumerate(found, 1) if is_equal), 0)

    def _interval(self, node: Call) -> int:
        """INTERVAL: up to the first that is more."""
        value = self.value(node.args[0])
        if value is None:
            return -1
        less = (self.call(node, (value, self.value(limit))) for limit in node.args[1:])
        return next((at for at, is_less in enumerate(less) if not is_less), len(node.args) - 1)

    def _changed(self, node: Call) -> Any:
        """JSON_INSERT and its like, one path after the other: a value for which there is no place
        is not looked at."""
        whole, *pairs = node.args
        made = self.value(whole)
        for path, value in zip(pairs[::2], pairs[1::2], strict=True):
            step = replace(node, args=(whole, path, value))
            place = None if made is None else self.value(path)
            if place is None:
                return None
            if has_place(step, made, place):
                made = self.call(step, (made, place, self.value(value)))
        return self.call(replace(node, args=(whole,)), (made,))

    def _search(self, node: Call) -> Any:
        """JSON_SEARCH: a pattern is not looked at where there are no strings."""
        whole, mode, wanted, *rest = node.args
        given = self.value(whole)
        if given is None:
            return None
        values = [given, self.value(mode), "%", *map(self.value, rest)]
        if self.call(node, values) is None:
            return None
        values[2] = self.value(wanted)
        return self.call(node, values)

    def _shift(self, node: Call) -> Any:
        """A date moved: by how much is not looked at where there is no date."""
        start, amount, unit = node.args
        quiet: Any = Listener(self.context)
        value = self.value(start)
        is_date = start_of(quiet, node, value) is not None
        return self.call(node, (value, self.value(amount) if is_date else None, self.value(unit)))

    def _span(self, node: Call) -> Any:
        """ADDTIME, SUBTIME, TIMEDIFF: the second is not looked at where the first is no time."""
        first, second = node.args
        value = self.value(first)
        if value is None:
            return None
        quiet: Any = Listener(self.context)
        is_time = isinstance(value, timedelta) or beginning(quiet, node, value) is not None
        return self.call(node, (value, self.value(second) if is_time else None))

    def _extreme(self, node: Call) -> Any:
        """GREATEST and LEAST among dates: each is read before the next one is looked at."""
        values: list[Any] = []
        for arg in node.args:
            values.append(self.value(arg))
            if values[-1] is None and arg.type.nullable:
                heed(self.context, node, values[:-1])
                return None
        return self.call(node, values)

    def _week(self, node: Call) -> Any:
        """WEEK, YEARWEEK: no mode where there is no date."""
        value = self.value(node.args[0])
        if value is None or not is_day(value):
            return None
        return self.call(node, [value, *map(self.value, node.args[1:])])

    def _zoned(self, node: Call) -> Any:
        """CONVERT_TZ: no moment is looked at where a time zone is none."""
        moment, *zones = node.args
        names = [self.value(zone) for zone in zones]
        is_known = None not in names and all(map(is_zone, names))
        return self.call(node, [self.value(moment), *names]) if is_known else None

    def _type_only(self, node: Call) -> Any:
        """What is said of an argument's type: its value is not looked at."""
        return self.call(node, (None,))

    def _log(self, node: Call) -> Any:
        """LOG(b, x): no x where there is no logarithm to base b."""
        values = [self.value(node.args[0])]
        if values[0] is None:
            return None
        if values[0] <= 0:
            return self.call(node, values)
        return self.call(node, values + [self.value(arg) for arg in node.args[1:]])
