"""Expressions of the dictionary as MySQL prints them: CHECK, generated columns, DEFAULT, key parts.

The text that is printed is also the text that is kept and compiled: names in backticks, strings
with their character set, every operator in parentheses, NOT pushed down to comparisons, truth of
numbers spelt out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlglot import exp

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.sqlglot_tables import TEMPORAL_LITERALS

_BINARY: Final = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.NullSafeEQ: "<=>", exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/",
    exp.IntDiv: "DIV", exp.Mod: "%", exp.BitwiseAnd: "&", exp.BitwiseOr: "|", exp.BitwiseXor: "^",
    exp.BitwiseLeftShift: "<<", exp.BitwiseRightShift: ">>",
}  # fmt: skip
_OPPOSITE: Final = {
    exp.EQ: "<>", exp.NEQ: "=", exp.LT: ">=", exp.LTE: ">", exp.GT: "<=", exp.GTE: "<",
}  # fmt: skip
#: Calls that MySQL takes for conditions by themselves.
_CONDITIONS: Final = frozenset(
    {
        "regexp_like", "json_valid", "json_contains", "json_contains_path", "json_overlaps",
        "json_schema_valid", "is_ipv4", "is_ipv6", "is_ipv4_compat", "is_ipv4_mapped", "is_uuid",
        "isnull",
    }
)  # fmt: skip
_RENAMED: Final = {
    "lcase": "lower", "ucase": "upper", "substring": "substr", "mid": "substr", "power": "pow",
    "ceiling": "ceiling", "character_length": "char_length", "octet_length": "length",
    "rlike": "regexp_like", "day": "dayofmonth",
}  # fmt: skip
_WORDS: Final = {
    exp.CurrentTimestamp: "now", exp.CurrentDate: "curdate", exp.CurrentTime: "curtime",
    exp.CurrentUser: "current_user", exp.Localtime: "now", exp.Localtimestamp: "now",
    exp.UtcTimestamp: "utc_timestamp", exp.UtcDate: "utc_date", exp.UtcTime: "utc_time",
}  # fmt: skip
_CONDITION_NODES: Final = (
    exp.And, exp.Or, exp.Xor, exp.Not, exp.Is, exp.Between, exp.In, exp.Like, exp.Escape,
    exp.RegexpLike, exp.JSONArrayContains, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE,
    exp.NullSafeEQ,
)  # fmt: skip
_TEMPORAL: Final = frozenset(TEMPORAL_LITERALS.values())


def quoted_string(text: str) -> str:
    """A string literal with its character set."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0")
    return "_utf8mb4'" + escaped.replace("\n", "\\n").replace("\r", "\\r") + "'"


def is_condition(node: Any) -> bool:
    """Whether MySQL takes an expression for a condition (ERROR 3812 if not, in a CHECK)."""
    node = _bare(node)
    if isinstance(node, exp.Boolean):
        return True
    if isinstance(node, exp.Anonymous):
        return call_name(node) in _CONDITIONS
    return isinstance(node, _CONDITION_NODES)


def call_name(node: Any) -> str:
    """Lower-case name of a call."""
    return str(node.this if isinstance(node.this, str) else node.this.name).lower()


def _bare(node: Any) -> Any:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


class Printer:
    """Prints one expression; `name` spells the column a node names."""

    def __init__(self, name: Callable[[Any], str]) -> None:
        self._name = name

    def text(self, node: Any) -> str:
        """The node as MySQL prints it. Raises ERROR 1235 for what this version does not keep."""
        node = _bare(node)
        operator = _BINARY.get(type(node))
        if operator is not None:
            return self._binary(node, operator)
        if type(node) in _WORDS:
            args = [self.text(node.this)] if node.this is not None else []
            return f"{_WORDS[type(node)]}({','.join(args)})"
        handler = _HANDLERS.get(type(node))
        if handler is None:
            raise SqlError(1235, f"{type(node).__name__} in an expression of a definition")
        return handler(self, node)

    def truth(self, node: Any) -> str:
        """The node where a condition is wanted: a number is compared with 0."""
        return self.text(node) if is_condition(node) else f"(0 <> {self.text(node)})"

    def negated(self, node: Any) -> str:
        """NOT of the node."""
        node = _bare(node)
        if type(node) in _OPPOSITE:
            return self._binary(node, _OPPOSITE[type(node)])
        match node:
            case exp.And():
                return "(" + " or ".join(map(self.negated, _chain(node, exp.And))) + ")"
            case exp.Or():
                return "(" + " and ".join(map(self.negated, _chain(node, exp.Or))) + ")"
            case exp.Not():
                return self.truth(node.this)
            case exp.Is() if isinstance(node.expression, exp.Null):
                return f"({self.text(node.this)} is not null)"
            case exp.Between():
                return self._between(node, "not between")
            case exp.In():
                return self._in(node, "not in")
        if is_condition(node):
            return f"(not({self.text(node)}))"
        return f"(0 = {self.text(node)})"

    # operators

    def _binary(self, node: Any, operator: str) -> str:
        left, right = _bare(node.this), _bare(node.expression)
        if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple) and operator == "=":
            pairs = zip(left.expressions, right.expressions, strict=True)
            return "(" + " and ".join(f"({self.text(a)} = {self.text(b)})" for a, b in pairs) + ")"
        if isinstance(left, exp.Interval) and operator == "+":
            left, right = right, left
        shown = self._interval(right) if isinstance(right, exp.Interval) else self.text(right)
        return f"({self.text(left)} {operator} {shown})"

    def _interval(self, node: Any) -> str:
        count = _bare(node.this)
        is_number = isinstance(count, exp.Literal) and str(count.this).isdigit()
        shown = str(count.this) if is_number else self.text(count)  # numbers come as strings
        return f"interval {shown} {str(node.args['unit'].name).lower()}"

    def _both(self, node: Any) -> str:
        kind, word = (exp.And, " and ") if isinstance(node, exp.And) else (exp.Or, " or ")
        return "(" + word.join(map(self.truth, _chain(node, kind))) + ")"

    def _xor(self, node: Any) -> str:
        return f"({self.truth(node.this)} xor {self.truth(node.expression)})"

    def _is(self, node: Any) -> str:
        what = node.expression
        if isinstance(what, exp.Null):
            return f"({self.text(node.this)} is null)"
        return f"({self.truth(node.this)} is {'true' if what.this else 'false'})"

    def _between(self, node: Any, word: str = "between") -> str:
        low, high = self.text(node.args["low"]), self.text(node.args["high"])
        return f"({self.text(node.this)} {word} {low} and {high})"

    def _in(self, node: Any, word: str = "in") -> str:
        if node.args.get("query"):
            raise SqlError(1235, "subqueries in an expression of a definition")
        items = ",".join(map(self.text, node.expressions))
        return f"({self.text(node.this)} {word} ({items}))"

    def _like(self, node: Any) -> str:
        escape = ""
        if isinstance(node, exp.Escape):
            escape = f" escape {self.text(node.expression)}"
            node = node.this
        made = f"({self.text(node.this)} like {self.text(node.expression)}{escape})"
        return f"(not({made}))" if node.args.get("negate") else made

    def _regexp(self, node: Any) -> str:
        return f"regexp_like({self.text(node.this)},{self.text(node.expression)})"

    def _case(self, node: Any) -> str:
        text = "(case"
        if node.this is not None:
            text += f" {self.text(node.this)}"
        for branch in node.args["ifs"]:
            text += f" when {self.text(branch.this)} then {self.text(branch.args['true'])}"
        default = node.args.get("default")
        if default is not None:
            text += f" else {self.text(default)}"
        return text + " end)"

    def _collate(self, node: Any) -> str:
        return f"({self.text(node.this)} collate {str(node.expression.name).lower()})"

    # values and calls

    def _literal(self, node: Any) -> str:
        return quoted_string(str(node.this)) if node.is_string else str(node.this)

    def _introduced(self, node: Any) -> str:
        text = self.text(node.expression)
        if not text.startswith("_utf8mb4"):
            return text  # hexadecimal digits say themselves which bytes they are
        return str(node.this).lower() + text.removeprefix("_utf8mb4")

    def _strings(self, node: Any) -> str:
        if all(isinstance(part, exp.Literal) for part in node.expressions):
            return quoted_string("".join(str(part.this) for part in node.expressions))
        return f"concat({','.join(map(self.text, node.expressions))})"

    def _hex(self, node: Any) -> str:
        number = int(str(node.this) or "0", 16 if isinstance(node, exp.HexString) else 2)
        width = len(str(node.this)) if isinstance(node, exp.HexString) else 2
        digits = format(number, "x").rjust(width + width % 2, "0")
        return "0x" + (digits if len(digits) % 2 == 0 else "0" + digits)

    def _call(self, node: Any) -> str:
        name = call_name(node)
        args = node.expressions
        if name in _TEMPORAL:
            return f"{name.partition('@')[0].upper()}{self.text(args[0]).removeprefix('_utf8mb4')}"
        if name in ("date_add", "adddate", "date_sub", "subdate") and len(args) == 2:
            operator = "+" if name in ("date_add", "adddate") else "-"
            shown = args[1]
            after = (
                self._interval(shown)
                if isinstance(shown, exp.Interval)
                else f"interval {self.text(shown)} day"
            )
            return f"({self.text(args[0])} {operator} {after})"
        if name in ("timestampdiff", "timestampadd"):
            unit = str(args[0].name).upper().removeprefix("SQL_TSI_")
            return f"{name}({','.join([unit, *map(self.text, args[1:])])})"
        if name == "datediff" and len(args) == 2:
            return f"(to_days({self.text(args[0])}) - to_days({self.text(args[1])}))"
        if name == "mod" and len(args) == 2:
            return f"({self.text(args[0])} % {self.text(args[1])})"
        if name == "if" and len(args) == 3:
            return f"if({self.truth(args[0])},{self.text(args[1])},{self.text(args[2])})"
        return f"{_RENAMED.get(name, name)}({','.join(map(self.text, args))})"

    def _substring(self, node: Any) -> str:
        parts = [node.this, node.args.get("start"), node.args.get("length")]
        return f"substr({','.join(self.text(part) for part in parts if part is not None)})"

    def _trim(self, node: Any) -> str:
        side = str(node.args.get("position") or "").lower()
        if node.expression is None:
            return f"trim({f'{side} from ' if side else ''}{self.text(node.this)})"
        lead = f"{side or 'both'} {self.text(node.expression)} from "
        return f"trim({lead}{self.text(node.this)})"

    def _extract(self, node: Any) -> str:
        return f"extract({str(node.this.name).lower()} from {self.text(node.expression)})"

    def _cast(self, node: Any) -> str:
        to = node.to
        arg = self.text(node.this)
        kind = to.this if isinstance(to, exp.DataType) else None
        name = kind.name.lower() if kind is not None else str(to.name).lower()
        name = _TYPE_NAMES.get(name, name)
        sizes = [str(one.this.this) for one in to.expressions] if to.expressions else []
        text = name + (f"({','.join(sizes)})" if sizes else "")
        if isinstance(node.args.get("to"), exp.CharacterSet):
            return f"convert({arg} using {str(to.this).lower()})"
        if name == "char":
            text += " charset utf8mb4"
        return f"cast({arg} as {text})"

    def _json_value(self, node: Any) -> str:
        text = f"json_value({self.text(node.this)}, {self.text(node.args['path'])} returning "
        kind = node.args.get("returning")
        if kind is None:
            text += "char(512)"
        else:
            name = kind.this.name.lower()
            sizes = [str(one.this.this) for one in kind.expressions]
            text += _TYPE_NAMES.get(name, name) + (f"({', '.join(sizes)})" if sizes else "")
        if node.args.get("charset") is not None:
            text += f" character set {str(node.args['charset'].name).lower()}"
        on = node.args.get("on_condition")
        for event in ("empty", "error") if on is not None else ():
            text += self._reaction(on.args.get(event), event)
        return text + ")"

    def _reaction(self, node: Any, event: str) -> str:
        """NULL, ERROR or DEFAULT … ON EMPTY or ON ERROR, if it is written."""
        match node:
            case None:
                return ""
            case exp.Null():
                return f" null on {event}"
            case exp.Var():
                return f" error on {event}"
        return f" default {self.text(node)} on {event}"


_TYPE_NAMES: Final = {
    "bigint": "signed", "ubigint": "unsigned", "varchar": "char", "text": "char",
}  # fmt: skip


def _chain(node: Any, kind: Any) -> list[Any]:
    """Operands of a chain of AND or OR, parentheses or not, in order."""
    found: list[Any] = []
    waiting = [node]
    while waiting:
        one = _bare(waiting.pop())
        if isinstance(one, kind):
            waiting += [one.expression, one.this]
        else:
            found.append(one)
    return found


_HANDLERS: Final[dict[type, Callable[[Printer, Any], str]]] = {
    exp.And: Printer._both,
    exp.Or: Printer._both,
    exp.Xor: Printer._xor,
    exp.Not: lambda self, node: self.negated(node.this),
    exp.Is: Printer._is,
    exp.Between: Printer._between,
    exp.In: Printer._in,
    exp.Like: Printer._like,
    exp.Escape: Printer._like,
    exp.RegexpLike: Printer._regexp,
    exp.Case: Printer._case,
    exp.Collate: Printer._collate,
    exp.Neg: lambda self, node: (
        f"-({self.text(node.this)})"
        if not isinstance(_bare(node.this), exp.Literal)
        else f"-{self.text(node.this)}"
    ),
    exp.BitwiseNot: lambda self, node: f"~({self.text(node.this)})",
    exp.Literal: Printer._literal,
    exp.National: lambda self, node: quoted_string(str(node.this)),
    exp.Introducer: Printer._introduced,
    exp.Null: lambda self, node: "NULL",
    exp.Boolean: lambda self, node: "true" if node.this else "false",
    exp.HexString: Printer._hex,
    exp.BitString: Printer._hex,
    exp.Concat: Printer._strings,
    exp.Column: lambda self, node: self._name(node),
    exp.Anonymous: Printer._call,
    exp.Substring: Printer._substring,
    exp.Trim: Printer._trim,
    exp.StrPosition: lambda self, node: (
        f"locate({self.text(node.args['substr'])},{self.text(node.this)})"
    ),
    exp.Extract: Printer._extract,
    exp.Cast: Printer._cast,
    exp.JSONValue: Printer._json_value,
    exp.JSONArrayContains: lambda self, node: (
        f"{self.text(node.this)} member of ({self.text(node.expression)})"
    ),
}
