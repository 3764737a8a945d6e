"""What in XPath is no set of nodes, as SQL expressions: numbers, texts, comparisons, functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from mysqlcompat.functions.definitions import DEFINITIONS, FUNCTIONS
from mysqlcompat.functions.xpath import FOUND, Input, Nodes, Path, Value
from mysqlcompat.sql.typed import ColumnRef, Expression, Literal
from mysqlcompat.sqltypes import SqlType, bool_type, double_type, int_type, string_type

if TYPE_CHECKING:
    from mysqlcompat.sql.infer import Typing

_TEXT_CHARACTERS: Final = (1 << 24) // 4
_COUNT_CHARACTERS: Final = 10
_MOST: Final = (1 << 64) - 1
#: Functions, and how many arguments they take, the fewest and the most.
ARGUMENTS: Final = {
    "sum": (1, 1), "not": (1, 1), "last": (0, 0), "true": (0, 0), "count": (1, 1),
    "false": (0, 0), "floor": (1, 1), "round": (1, 1), "concat": (2, 255), "number": (1, 1),
    "boolean": (1, 1), "ceiling": (1, 1), "position": (0, 0), "contains": (2, 2),
    "substring": (2, 3), "string-length": (0, 1),
}  # fmt: skip
_OPERATORS: Final = {"mod": "%"}
_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_PLAIN: Final = ("floor", "ceiling", "concat", "substring")
_Found = Nodes | Value


class Values:
    """Makes the values of one path."""

    def __init__(self, collation: str) -> None:
        from mysqlcompat.sql.infer import Typing
        from mysqlcompat.sql.resolve import PlainContext

        self.collation = collation
        self.inputs: list[Input | None] = []
        context = PlainContext(collation=collation)
        self.typing: Typing = Typing(context, FUNCTIONS.__getitem__)

    def path(self, found: _Found) -> Path:
        typing = self.typing

        def as_text(value: Value) -> Expression:
            return typing.as_string(value.expression)

        def as_number(value: Value) -> Expression:
            return typing.as_integer(value.expression)

        return Path(found, self.inputs, as_text, as_number)

    # what is taken from sets

    def _input(self, sql_type: SqlType, taken: Input | None) -> ColumnRef:
        self.inputs.append(taken)
        return ColumnRef(sql_type, FOUND, len(self.inputs) - 1)

    def _text_input(self, taken: Input | None) -> ColumnRef:
        return self._input(string_type(_TEXT_CHARACTERS, self.collation, False), taken)

    def _count(self, what: str, nodes: Nodes) -> Value:
        made = self._input(int_type(_COUNT_CHARACTERS, nullable=False), Input(what, nodes))
        return Value(made)

    def _expression(self, found: _Found) -> Expression:
        """A value; of a set its text."""
        if isinstance(found, Value):
            return found.expression
        return self._text_input(Input("text", found))

    def test(self, found: _Found) -> Value:
        """What decides: of a set whether it is of one node."""
        if isinstance(found, Value):
            return found
        return replace(self._count("one", found), is_truth=True)

    # operators

    def text(self, text: str) -> Value:
        return Value(Literal(string_type(len(text), self.collation, False), text))

    def number(self, text: str) -> Value:
        whole, point, fraction = text.partition(".")
        if point:
            made = double_type(len(text), False, len(fraction))
            return Value(Literal(made, float(whole + "." + fraction), text=text))
        number = min(int(whole), _MOST)  # which 64 bits with a sign show as -1
        number -= (number >> 63) << 64
        return Value(Literal(int_type(len(whole) + 1, nullable=False), number))

    def logic(self, operator: str, left: _Found, right: _Found) -> Value:
        sides = (self.typing.as_condition(self.test(one).expression) for one in (left, right))
        return Value(self.typing.call(operator, bool_type(), *sides), True)

    def comparison(self, operator: str, left: _Found, right: _Found) -> Value | None:
        """None: two sets cannot be compared."""
        typing = self.typing
        if isinstance(left, Value) and isinstance(right, Value):
            return Value(typing.comparison(operator, left.expression, right.expression), True)
        if isinstance(left, Value):
            left, right, operator = right, left, _MIRRORED.get(operator, operator)
        if not isinstance(right, Value) or isinstance(left, Value):
            return None
        text = self._text_input(None)
        test = typing.comparison(operator, text, right.expression)
        found = Input("any", left, test, text.column_no)
        return Value(self._input(bool_type(False), found), True)

    def arithmetic(self, operator: str, left: _Found, right: _Found) -> Value:
        sides = self._expression(left), self._expression(right)
        return Value(self.typing.arithmetic(_OPERATORS.get(operator, operator), *sides))

    def negation(self, found: _Found) -> Value:
        return Value(self.typing.negation(self._expression(found)))

    # functions

    def call(self, name: str, args: Sequence[_Found], context: Nodes | None) -> Value | None:
        """None: not here, or not of these."""
        match name:
            case "true" | "false":
                return Value(Literal(bool_type(False), int(name == "true")), True)
            case "last" | "position":
                what = "count" if name == "last" else name
                return None if context is None else self._count(what, context)
            case "count" | "sum":
                return self._of_set(name, args[0])
            case "not" | "boolean":
                return self._truth(name, args[0])
        given = args or ([] if context is None else [context])
        return self._function(name, [self._expression(one) for one in given]) if given else None

    def _of_set(self, name: str, found: _Found) -> Value | None:
        if isinstance(found, Value):
            return None
        if name == "count":
            return self._count(name, found)
        return Value(self._input(double_type(nullable=False), Input(name, found)))

    def _truth(self, name: str, found: _Found) -> Value:
        test = self.test(found)
        if name == "boolean":
            return test if not isinstance(found, Value) else self._is_not_zero(found.expression)
        condition = self.typing.as_condition(test.expression)
        return Value(self.typing.call("not", bool_type(), condition), True)

    def _is_not_zero(self, expression: Expression) -> Value:
        zero = Literal(double_type(nullable=False), 0.0)
        return Value(self.typing.comparison("<>", self.typing.as_double(expression), zero), True)

    def _function(self, name: str, args: Sequence[Expression]) -> Value:
        typing = self.typing
        match name:
            case "number":
                return Value(typing.as_double(args[0]))
            case "round":
                return self._named(name, *args, Literal(int_type(1, nullable=False), 0))
            case "concat":
                return self._named(name, *args[:2])
            case "contains":
                return self._is_not_zero(self._named("locate", args[1], args[0]).expression)
            case "string-length":
                return self._named("char_length", *args)
        return self._named(name, *args)

    def _named(self, name: str, *args: Any) -> Value:
        return Value(DEFINITIONS[name].build(self.typing, args))
