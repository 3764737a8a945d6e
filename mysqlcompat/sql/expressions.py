"""Expressions: sqlglot nodes to typed nodes, names looked up, conversions made explicit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, NoReturn

from sqlglot import exp

from mysqlcompat.errors import SqlError, not_supported
from mysqlcompat.functions import DEFINITIONS, FUNCTIONS
from mysqlcompat.functions.aggregate import AGGREGATES, build_aggregate, build_group_concat
from mysqlcompat.functions.control import build_case
from mysqlcompat.functions.definitions import check_count
from mysqlcompat.functions.intervals import build_date_shift, build_extract
from mysqlcompat.functions.json_value import DEFAULT, ERROR, NULL, build_json_value, default_type
from mysqlcompat.functions.regular_expressions import like_type
from mysqlcompat.functions.table import Context
from mysqlcompat.sql.agreement import NUMERIC as NUMBER
from mysqlcompat.sql.casts import at_time_zone, cast_node, returned_type
from mysqlcompat.sql.conditions import Conditions
from mysqlcompat.sql.infer import Typing, is_binary_string, nullable_of
from mysqlcompat.sql.literals import NOTHING_GIVEN, Given, Literals, Rules, folded_number
from mysqlcompat.sql.padded import padded
from mysqlcompat.sql.parameters import among, placed, text_type, with_type
from mysqlcompat.sql.parse import Parsed
from mysqlcompat.sql.row_comparisons import RowComparisons, is_row
from mysqlcompat.sql.scope import Scope
from mysqlcompat.sql.special_calls import SPECIAL_CALLS, default_of, grouping_of, values_of
from mysqlcompat.sql.stored_functions import stored_call
from mysqlcompat.sql.typed import Expression, Literal
from mysqlcompat.sql.variables import assigned_variable, system_variable, user_variable
from mysqlcompat.sqltypes import (
    BINARY,
    bool_type,
    int_type,
    null_type,
    string_type,
)
from mysqlcompat.turns import breathe

_COMPARISONS: Final = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.NullSafeEQ: "<=>",
}  # fmt: skip
_ARITHMETIC: Final = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.IntDiv: "div", exp.Mod: "%",
}  # fmt: skip
_BITWISE: Final = {
    exp.BitwiseAnd: "&", exp.BitwiseOr: "|", exp.BitwiseXor: "^",
    exp.BitwiseLeftShift: "<<", exp.BitwiseRightShift: ">>",
}  # fmt: skip
_NO_PAREN_CALLS: Final = {
    exp.CurrentTimestamp: "current_timestamp", exp.CurrentDate: "curdate",
    exp.CurrentTime: "curtime", exp.CurrentUser: "current_user", exp.Localtime: "now",
    exp.Localtimestamp: "now", exp.UtcTimestamp: "utc_timestamp", exp.UtcDate: "utc_date",
    exp.UtcTime: "utc_time",
}  # fmt: skip
_WRONG_COUNT: Final = 1582
_RESERVED_CALLS: Final = {"utc_timestamp", "utc_date", "utc_time", "localtime", "localtimestamp"}


class Resolver(Literals, RowComparisons, Conditions):
    """Resolves the expressions of one statement. `names` may give expressions to names that are
    no columns (aliases); it is asked first, then `scope`."""

    def __init__(
        self,
        parsed: Parsed,
        scope: Scope,
        context: Context,
        given: Mapping[int, Given] = NOTHING_GIVEN,
    ) -> None:
        self.parsed = parsed
        self.json_tables = list(parsed.json_tables)  #: those that FROM has not come to yet
        self.from_names: frozenset[str] = frozenset()  #: of all tables of FROM
        self.scope = scope
        self.context = context
        self.typing = Typing(context, FUNCTIONS.__getitem__)
        self.given = given
        self.rules = Rules()
        self.names: Callable[[str], Expression | None] | None = None
        self.fallback: Callable[[str], Expression | None] | None = None
        self.new_row: Callable[[exp.Expression], Expression | None] | None = None

    def resolve(self, node: Any) -> Expression:
        """The typed form of `node`. Raises 1054, 1052, 1111, 1305, 1582, 1235 …"""
        breathe()
        handler = _HANDLERS.get(type(node))
        if handler is None:
            return self.unsupported(node)
        return handler(self, node)

    def unsupported(self, node: Any) -> NoReturn:
        if is_row(node):
            raise SqlError(1241, 1)
        raise not_supported(_feature(node))

    def resolve_all(self, nodes: Sequence[Any]) -> list[Expression]:
        return [self.resolve(node) for node in nodes]

    @contextmanager
    def using(self, **changes: Any) -> Iterator[None]:
        before = self.rules
        self.rules = replace(before, **changes)
        try:
            yield
        finally:
            self.rules = before

    def condition(self, node: Any) -> Expression:
        return self.typing.as_condition(self.scalar(node))

    def scalar(self, node: Any) -> Expression:
        if is_row(node):
            raise SqlError(1241, 1)
        return self.resolve(node)

    # operators

    def comparison(self, node: Any) -> Expression:
        operator = _COMPARISONS[type(node)]
        left, right = node.this, node.expression
        if is_row(left) or is_row(right):
            return self.row_comparison(operator, left, right)
        return self.typing.comparison(operator, self.resolve(left), self.resolve(right))

    def between(self, node: Any) -> Expression:
        first, is_negated = node.this, _is_negated(node)
        if isinstance(first, exp.Between):  # ``a BETWEEN b AND c BETWEEN d AND e``: of c
            inner = exp.Between(this=first.args["high"], low=node.args["low"])
            inner.set("high", node.args["high"])
            node = exp.Between(this=first.this, low=first.args["low"], high=inner)
        bounds = self.scalar(node.args["low"]), self.scalar(node.args["high"])
        value = among(self.typing, self.scalar(node.this), bounds)
        return self.typing.between(value, *bounds, is_negated=is_negated)

    def is_in(self, node: Any) -> Expression:
        if node.args.get("query"):
            raise not_supported("subqueries")
        if is_row(node.this):
            return self.row_membership(node.this, node.expressions)
        value, items = self.resolve(node.this), [*map(self.scalar, node.expressions)]
        return self.typing.membership(among(self.typing, value, items), items)

    def like(self, node: Any) -> Expression:
        escape: Expression | None = None
        if isinstance(node, exp.Escape):
            escape = self.resolve(node.expression)
            node = node.this
        default = "" if "NO_BACKSLASH_ESCAPES" in self.context.sql_mode else "\\"
        text = self.typing.as_string(self.resolve(node.this))
        pattern = self._pattern(node.expression)
        if escape is not None:
            self.typing.check_mix((text, pattern, escape), "like")
        text, pattern = self.typing.comparable("like", text, pattern)
        made = bool_type(nullable_of((text, pattern)))
        if isinstance(escape, Literal) and escape.value is None:
            made, escape = made.or_null(), None
        escape = escape or Literal(string_type(1, self.context.collation, False), default)
        call = self.typing.call("like", made, text, pattern, self.typing.as_string(escape))
        return self.inverted(call) if node.args.get("negate") else call

    def _pattern(self, node: Any) -> Expression:
        pattern = self.resolve(node)
        return self.typing.as_string(pattern)

    def regexp(self, node: Any) -> Expression:
        text = self.typing.as_string(self.resolve(node.this))
        pattern = self._pattern(node.expression)
        args = self.typing.compared_pair("regexp_like", (text, pattern))
        return self.typing.call("regexp", like_type(self.typing, args), *args)

    def arithmetic(self, node: Any) -> Expression:
        left, right = node.this, node.expression
        operator = _ARITHMETIC[type(node)]
        if operator == "+" and isinstance(left, exp.Add):
            one, other = left.this, left.expression
            if isinstance(one, exp.Interval) and isinstance(other, exp.Interval):
                left, right = one, exp.Add(this=other, expression=right)
        if isinstance(right, exp.Interval):
            return build_date_shift(self.typing, self, left, right, operator == "-")
        if isinstance(left, exp.Interval) and operator == "+":
            return build_date_shift(self.typing, self, right, left, False)
        return self.typing.arithmetic(operator, self.scalar(left), self.scalar(right))

    def negation(self, node: Any) -> Expression:
        return self.typing.negation(self.scalar(node.this))

    def bitwise(self, node: Any) -> Expression:
        left, right = self.scalar(node.this), self.scalar(node.expression)
        return self.typing.bitwise(_BITWISE[type(node)], left, right)

    def bit_not(self, node: Any) -> Expression:
        arg = with_type(self.scalar(node.this), text_type(BINARY))
        if is_binary_string(arg):
            made = string_type(arg.type.length, BINARY, arg.type.nullable)
            return self.typing.call("~", made, arg)
        arg = self.typing.as_bits(arg)
        return self.typing.call("~", int_type(21, True, arg.type.nullable), arg)

    def case(self, node: Any) -> Expression:
        branches = [
            (self.resolve(branch.this), self.resolve(branch.args["true"]))
            for branch in node.args["ifs"]
        ]  # in which errors are found first
        subject = self.resolve(node.this) if node.this is not None else None
        default = node.args.get("default")
        return build_case(
            self.typing, subject, branches, self.resolve(default) if default is not None else None
        )

    def collate(self, node: Any) -> Expression:
        from mysqlcompat.wire.charsets import COLLATIONS

        arg = self.typing.as_string(self.resolve(node.this))
        name = str(node.expression.name).lower()
        if name not in {collation.name for collation in COLLATIONS.values()}:
            raise SqlError(1273, name)
        if arg.type.coercibility == NUMBER:  # a number's text has no character set of its own
            arg = self.typing.in_charset(arg, self.typing.context.collation)
        if not name.startswith(arg.type.charset):
            raise SqlError(1253, name, arg.type.charset)
        made = string_type(arg.type.length, name, coercibility=0)
        return self.typing.call("collate", made, arg)

    # names

    def column(self, node: Any) -> Expression:
        if isinstance(node.this, exp.Star):
            raise SqlError(1064, "")
        name, table, database = str(node.name), node.table or None, node.db or None
        quoted = bool(getattr(node.this, "quoted", False))
        if table is None and not quoted and name.lower() in _RESERVED_CALLS:
            known = {"localtime": "now", "localtimestamp": "now"}
            return self.named_call(known.get(name.lower(), name), [])
        if self.new_row is not None:
            found = self.new_row(node)
            if found is not None:
                return found
        if table is None and self.names is not None:
            found = self.names(name)
            if found is not None:
                return found
        if table is None and self.fallback and not self.scope.find(name, None, None):
            found = self.fallback(name)
            if found is not None:
                return found
        found = self.scope.column(name, table, database, self.rules.clause)
        return padded(found, self.context.sql_mode)

    def user_variable(self, node: Any) -> Expression:
        return user_variable(self.typing, str(node.this.name))

    def assigned_variable(self, node: Any) -> Expression:
        if not isinstance(node.this, exp.Parameter):
            raise not_supported(":=")
        value = self.scalar(node.expression)
        return assigned_variable(self.typing, str(node.this.this.name), value)

    def system_variable(self, node: Any) -> Expression:
        name, kind = str(node.this.name).lower(), str(node.args.get("kind") or "").lower()
        return system_variable(self.typing, name, kind)

    # calls

    def call(self, node: Any) -> Expression:
        name = str(node.this if isinstance(node.this, str) else node.this.name)
        if is_row(node):
            raise SqlError(1241, 1)
        if name.lower() == "values" and self.new_row is not None:
            found = self.new_row(node)
            if found is not None:
                return found
        return self.named_call(name, node.expressions)

    def named_call(self, written: str, args: Sequence[Any]) -> Expression:
        """A call by the function's name, which errors show as it was written."""
        name = written.lower()
        if name in AGGREGATES:
            return self.aggregate(name, args)
        if name in SYNTACTIC:
            return SYNTACTIC[name](self, args)
        if name not in DEFINITIONS and self.context.database:
            written = f"{self.context.database}.{written}"
        definition = check_count(written, len(args))
        built = placed(self.typing, name, self.resolve_all(args))
        try:
            return definition.build(self.typing, built)
        except SqlError as error:
            if error.errno != _WRONG_COUNT:
                raise
            raise SqlError(_WRONG_COUNT, written) from None

    def binary_of(self, args: Sequence[Any]) -> Expression:
        """``BINARY (x)``, which is no call. Raises 1241 for a row."""
        if len(args) != 1:
            raise SqlError(1241, 1)
        node = exp.Cast(this=args[0], to=exp.DataType(this=exp.DataType.Type.BINARY))
        return cast_node(self.typing, node, self.resolve(args[0]))

    def no_paren_call(self, node: Any) -> Expression:
        args = [node.this] if node.this is not None else []
        return self.named_call(_NO_PAREN_CALLS[type(node)], args)

    def temporal_literal(self, args: Sequence[Any], name: str) -> Expression:
        definition = DEFINITIONS[name]
        return definition.build(self.typing, self.resolve_all(args))

    def odbc_literal(self, args: Sequence[Any], name: str) -> Expression:
        """``{d '…'}``: the string itself where it is no such literal."""
        try:
            return self.temporal_literal(args, name)
        except SqlError:
            return self.resolve(args[0])

    def adjacent_strings(self, node: Any) -> Expression:
        """``'a' 'b'``: one literal."""
        if not all(isinstance(part, exp.Literal) for part in node.expressions):
            return self.named_call("concat", node.expressions)
        text = "".join(str(part.this) for part in node.expressions)
        return Literal(string_type(len(text), self.context.collation, nullable=False), text)

    def extract(self, node: Any) -> Expression:
        return build_extract(
            self.typing, str(node.this.name).upper(), self.resolve(node.expression)
        )

    def interval_call(self, node: Any) -> Expression:
        """``INTERVAL(n, a, b, …)``: the function; an interval elsewhere is a syntax error."""
        if not isinstance(node.this, exp.Tuple):
            raise not_supported("INTERVAL")
        return self.named_call("interval", node.this.expressions)

    def json_value(self, node: Any) -> Expression:
        arg, kind, charset = self.resolve(node.this), node.args.get("returning"), None
        if node.args.get("charset") is not None:
            charset = str(node.args["charset"].name).lower()
        target = returned_type(self.typing, kind, charset, arg) if kind else default_type()
        path = self.resolve(node.args["path"])
        on = node.args.get("on_condition")
        reactions = [self._reaction(on and on.args.get(name)) for name in ("empty", "error")]
        assert isinstance(path, Literal)
        return build_json_value(self.typing, arg, path, target, reactions[0], reactions[1])

    def _reaction(self, node: Any) -> tuple[int, Literal | None]:
        """What ON EMPTY or ON ERROR asks for, and the value of DEFAULT."""
        match node:
            case None | exp.Null():
                return NULL, None
            case exp.Var():
                return ERROR, None
        value = folded_number(self.resolve(node))
        if not isinstance(value, Literal):
            raise SqlError(1064, "")
        return DEFAULT, value

    def cast(self, node: Any) -> Expression:
        if isinstance(node.this, exp.AtTimeZone):
            return at_time_zone(self.typing, self.resolve(node.this.this), node)
        is_brought = node.args["to"].this is exp.DataType.Type.CHARACTER_SET
        with self.using(
            pinned=self.rules.pinned or is_brought
        ):  # whether constants are ASCII counts
            arg = self.resolve(node.this)
        return cast_node(self.typing, node, arg)

    def aggregate(self, name: str, args: Sequence[Any]) -> Expression:
        if self.rules.aggregates != "yes":
            raise SqlError(1111)
        distinct = bool(args) and isinstance(args[0], exp.Distinct)
        if distinct:
            args = args[0].expressions
        with self._inside():
            resolved = [] if args and isinstance(args[0], exp.Star) else self.resolve_all(args)
        return build_aggregate(self.typing, name, resolved, distinct)

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """Of an aggregate: names are columns of FROM, wherever the aggregate stands."""
        names, self.names = self.names, None
        try:
            with self.using(aggregates="inside"):
                yield
        finally:
            self.names = names

    def group_concat(self, node: Any) -> Expression:
        if self.rules.aggregates != "yes":
            raise SqlError(1111)
        with self._inside():
            return build_group_concat(self.typing, self, node)

    def date_add(self, args: Sequence[Any]) -> Expression:
        return build_date_shift(self.typing, self, args[0], args[1], False)

    def date_sub(self, args: Sequence[Any]) -> Expression:
        return build_date_shift(self.typing, self, args[0], args[1], True)

    def with_unit(self, name: str, args: Sequence[Any]) -> Expression:
        unit = str(args[0].name).upper().removeprefix("SQL_TSI_")
        label = Literal(string_type(len(unit), nullable=False), unit)
        return DEFINITIONS[name].build(self.typing, [label, *self.resolve_all(args[1:])])


def _is_negated(node: Any) -> bool:
    """Whether a NOT is all that there is around it."""
    around = node.parent
    while isinstance(around, exp.Paren):
        around = around.parent
    return isinstance(around, exp.Not)


def _feature(node: Any) -> str:
    return {
        "Subquery": "subqueries", "Exists": "subqueries", "Select": "subqueries",
        "Window": "window functions", "MatchAgainst": "full-text search",
        "JSONTable": "JSON_TABLE", "Union": "UNION", "Tuple": "rows",
    }.get(type(node).__name__, type(node).__name__)  # fmt: skip


Handler = Callable[[Resolver, Any], Expression]

SYNTACTIC: Final[dict[str, Callable[[Resolver, Sequence[Any]], Expression]]] = {
    "binary": Resolver.binary_of,
    "date_add": Resolver.date_add,
    "default": default_of,
    "grouping": grouping_of,
    "values": values_of,
    "date_sub": Resolver.date_sub,
    "adddate": Resolver.date_add,
    "subdate": Resolver.date_sub,
    "timestampdiff": lambda self, args: self.with_unit("timestampdiff", args),
    "timestampadd": lambda self, args: self.with_unit("timestampadd", args),
    "get_format": lambda self, args: self.with_unit("get_format", args),
    "date@literal": lambda self, args: self.temporal_literal(args, "date@literal"),
    "time@literal": lambda self, args: self.temporal_literal(args, "time@literal"),
    "timestamp@literal": lambda self, args: self.temporal_literal(args, "timestamp@literal"),
    "date@odbc": lambda self, args: self.odbc_literal(args, "date@literal"),
    "time@odbc": lambda self, args: self.odbc_literal(args, "time@literal"),
    "timestamp@odbc": lambda self, args: self.odbc_literal(args, "timestamp@literal"),
}

_HANDLERS: Final[dict[type, Handler]] = {
    exp.Literal: Resolver.literal,
    exp.Null: lambda self, node: Literal(null_type(), None),
    exp.Boolean: lambda self, node: Literal(bool_type(False), int(bool(node.this))),
    exp.Placeholder: Resolver.parameter,
    exp.HexString: Resolver.hex_string,
    exp.BitString: Resolver.bit_string,
    exp.National: Resolver.national,
    exp.Introducer: Resolver.introduced,
    exp.Paren: lambda self, node: self.scalar(node.this),
    exp.And: Resolver.conjunction,
    exp.Or: Resolver.disjunction,
    exp.Xor: Resolver.exclusive,
    exp.Not: Resolver.negated,
    exp.Is: Resolver.is_something,
    exp.Between: Resolver.between,
    exp.In: Resolver.is_in,
    exp.Like: Resolver.like,
    exp.Escape: Resolver.like,
    exp.RegexpLike: Resolver.regexp,
    exp.Neg: Resolver.negation,
    exp.BitwiseNot: Resolver.bit_not,
    exp.Case: Resolver.case,
    exp.Collate: Resolver.collate,
    exp.Column: Resolver.column,
    exp.Parameter: Resolver.user_variable,
    exp.PropertyEQ: Resolver.assigned_variable,
    exp.SessionParameter: Resolver.system_variable,
    exp.Anonymous: Resolver.call,
    exp.Dot: stored_call,
    exp.Concat: Resolver.adjacent_strings,
    exp.DPipe: lambda self, node: self.named_call("concat", [node.this, node.expression]),
    exp.Soundex: lambda self, node: self.named_call("soundex", [node.this]),
    exp.Extract: Resolver.extract,
    exp.Interval: Resolver.interval_call,
    exp.JSONArrayContains: lambda self, node: self.named_call(
        "member@of", [node.this, node.expression]
    ),
    exp.Cast: Resolver.cast,
    exp.JSONValue: Resolver.json_value,
    exp.GroupConcat: Resolver.group_concat,
    **dict.fromkeys(_COMPARISONS, Resolver.comparison),
    **dict.fromkeys(_ARITHMETIC, Resolver.arithmetic),
    **dict.fromkeys(_BITWISE, Resolver.bitwise),
    **dict.fromkeys(_NO_PAREN_CALLS, Resolver.no_paren_call),
    **SPECIAL_CALLS,
}
