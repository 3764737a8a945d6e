"""Expressions in MySQL's grammar, as a recogniser (see `grammar.py` for why).

The levels are those of MySQL's own grammar: expr (OR, XOR, AND, NOT), bool_pri (comparisons and IS,
one left-associative level), predicate (IN, BETWEEN, LIKE, REGEXP), bit_expr (one precedence ladder,
all left-associative), simple_expr.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mysqlcompat.errors import not_supported
from mysqlcompat.sql.grammar_reading import Reading
from mysqlcompat.sql.grammar_temporals import TemporalGrammar
from mysqlcompat.sql.grammar_words import (
    AGGREGATES,
    CLOCKS,
    CLOSED,
    FIXED_ARITY,
    FUNCTION_WORDS,
    NO_PAREN,
)
from mysqlcompat.sql.keywords import RESERVED
from mysqlcompat.sql.token_stream import TokenStream
from mysqlcompat.sql.tokens import Kind, Token

_DISTINCT: Final = {"COUNT", "SUM", "AVG", "MIN", "MAX"}
_COMPARISONS: Final = {"=", "<=>", "<>", "!=", "<", "<=", ">", ">="}
_BIT_OPERATORS: Final = {"|", "&", "<<", ">>", "+", "-", "*", "/", "%", "^"}


class ExpressionGrammar(TemporalGrammar):
    """Expressions. Each method consumes what it recognises or raises at the offending token."""

    def __init__(self, stream: TokenStream) -> None:
        self.at = stream
        self.reading = Reading()
        self.arrays = False  #: whether CAST(… AS … ARRAY) may stand here

    # levels

    def expression(self) -> None:
        self._negated()
        while self.at.accept_any("OR", "AND", "XOR") or self._accept_ops("||", "&&"):
            self._negated()

    def _negated(self) -> None:
        while self.at.accept("NOT"):
            pass
        self._boolean()

    def _boolean(self) -> None:
        self._predicate()
        while True:
            if self.at.token.kind is Kind.OP and self.at.token.value in _COMPARISONS:
                self.at.advance()
                if self.at.accept_any("ALL", "ANY", "SOME"):
                    self._subquery()
                else:
                    self._predicate()
            elif self.at.accept("IS"):
                self.at.accept("NOT")
                if self.at.expect_any("NULL", "TRUE", "FALSE", "UNKNOWN") != "NULL":
                    return  # nothing goes on from a truth value
            else:
                return

    def _predicate(self) -> None:
        self.bit_expression()
        if self.at.accept("SOUNDS", "LIKE"):
            self.bit_expression()
        elif self.at.accept("MEMBER"):
            self.at.accept("OF")
            self._parenthesised(self.expression)
        else:
            self.at.accept("NOT") if self.at.peek().kind is Kind.WORD else None
            self._predicate_tail()

    def _predicate_tail(self) -> None:
        negated = self.at.at > 0 and self.at.tokens[self.at.at - 1].value == "NOT"
        if self.at.accept("IN"):
            self.at.expect_op("(")
            self._list_or_subquery()
            self.at.expect_op(")")
        elif self.at.accept("BETWEEN"):
            self.bit_expression()
            self.at.expect("AND")
            self._predicate()
        elif self.at.accept("LIKE"):
            self._simple()
            if self.at.accept("ESCAPE"):
                self._simple()
        elif self.at.accept_any("REGEXP", "RLIKE"):
            self.bit_expression()
        elif negated and self.at.tokens[self.at.at - 1].kind is Kind.WORD:
            raise self.at.error()

    def bit_expression(self) -> None:
        self._simple()
        while True:
            token = self.at.token
            if token.kind is Kind.OP and token.value in _BIT_OPERATORS:
                self.at.advance()
                self._second_operand(token.value)
            elif self.at.accept_any("DIV", "MOD"):
                self._simple()
            else:
                return

    def _second_operand(self, operator: str) -> None:
        if operator in "+-" and self._is_interval():
            self._interval()
        else:
            self._simple()

    def _simple(self) -> None:
        while self._accept_ops("-", "+", "~", "!") or self.at.accept("BINARY"):
            pass
        self._primary()
        while self.at.accept("COLLATE"):
            self.at.string_or_name()

    # primaries

    def _primary(self) -> None:
        at = self.at
        token = at.token
        match token.kind:
            case Kind.STRING | Kind.NUMBER | Kind.BITS | Kind.AT:
                at.advance()
                if token.kind is Kind.AT and at.accept_op(":="):
                    self.expression()
            case Kind.PARAM:
                at.advance()
            case Kind.ATAT:
                self._system_variable()
            case Kind.OP if token.value == "(":
                at.advance()
                self._list_or_subquery()
                at.expect_op(")")
            case Kind.OP if token.value == "{":
                at.advance()
                at.name()
                self.expression()
                at.expect_op("}")
            case Kind.QUOTED:
                self._column_or_call()
            case Kind.WORD:
                self._word(token)
            case _:
                raise at.error()

    def _word(self, token: Token) -> None:
        at = self.at
        word = token.value
        if word in ("NULL", "TRUE", "FALSE"):
            at.advance()
        elif word == "CASE":
            self._case()
        elif word == "EXISTS" and self._is_op_ahead("("):
            at.advance()
            self._subquery()
        elif (word.startswith("_") and at.peek().kind in (Kind.STRING, Kind.BITS)) or (
            word in ("DATE", "TIME", "TIMESTAMP") and at.peek().kind is Kind.STRING
        ):
            at.advance()
            at.advance()
        elif self._is_interval():
            self._interval()
            at.expect_op("+")
            self._simple()
        elif self._is_op_ahead("("):
            self._call(word)
        elif word in NO_PAREN:
            at.advance()
        elif word == "MATCH":
            raise at.error()
        else:
            self._column_or_call()

    def _column_or_call(self) -> None:
        """a, t.a, db.t.a, .t.a; then -> and ->>; or a quoted name called as a function."""
        self.at.name()
        if self.at.is_op("("):
            self.at.advance()
            self._arguments()
            self.at.expect_op(")")
            return
        parts = 1
        while parts < 3 and self.at.accept_op("."):
            self.at.name_after_dot()
            parts += 1
        if parts == 2 and self.at.is_op("("):
            self.at.advance()
            self._arguments()
            self.at.expect_op(")")
            return
        if self.at.token.kind is Kind.OP and self.at.token.value in ("->", "->>"):
            self.at.advance()
            self.at.string()

    def _system_variable(self) -> None:
        self.at.advance()
        if self.at.token.kind not in (Kind.WORD, Kind.QUOTED):
            raise self.at.error()
        self.at.advance()
        if self.at.accept_op("."):
            self.at.name_after_dot()

    def _case(self) -> None:
        at = self.at
        at.expect("CASE")
        if not at.is_word("WHEN"):
            self.expression()
        at.expect("WHEN")
        self.expression()
        at.expect("THEN")
        self.expression()
        while at.accept("WHEN"):
            self.expression()
            at.expect("THEN")
            self.expression()
        if at.accept("ELSE"):
            self.expression()
        at.expect("END")

    # calls

    def _call(self, word: str) -> None:
        at = self.at
        if word in RESERVED and word not in FUNCTION_WORDS and word not in _SPECIAL:
            raise at.error()
        name = at.advance()
        if name.end < at.token.start and word in CLOSED and not self.reading.spaced:
            self.reading.spaced = at.text[name.start : name.end]
        at.expect_op("(")
        special, count = _SPECIAL.get(word), 0
        if special is not None:
            special(self)
        elif word in AGGREGATES:
            self._aggregate(word)
        else:
            low, high = FIXED_ARITY.get(word, (0, 999))
            count = self._arguments(high) if high else 0
            if not low <= count <= high:
                raise at.error()
        at.expect_op(")")
        if at.accept("OVER"):
            if at.is_op("("):
                at.parenthesised()
            else:
                at.name()

    def _arguments(self, limit: int = 999) -> int:
        if self.at.is_op(")"):
            return 0
        count = 1
        self.expression()
        while count < limit and self.at.accept_op(","):
            self.expression()
            count += 1
        return count

    def _aggregate(self, word: str) -> None:
        if word == "COUNT" and self.at.accept_op("*"):
            return
        if word in _DISTINCT and self.at.accept("DISTINCT") and word == "COUNT":
            self._expressions()
            return
        self.at.accept("ALL")
        self.expression()

    def _cast(self) -> None:
        self.expression()
        if self.at.accept("AT"):
            self._time_zone()
            return
        self.at.expect("AS")
        self._cast_type()
        if self.at.accept("ARRAY") and not self.arrays:
            raise not_supported(
                "Use of CAST( .. AS .. ARRAY) outside of functional index in"
                " CREATE(non-SELECT)/ALTER TABLE or in general expressions"
            )

    def _convert(self) -> None:
        self.expression()
        if self.at.accept("USING"):
            self.at.string_or_name() if not self.at.accept("BINARY") else None
        else:
            self.at.expect_op(",")
            self._cast_type()

    def _cast_type(self) -> None:
        at = self.at
        word = at.expect_any(
            "BINARY", "CHAR", "CHARACTER", "NCHAR", "SIGNED", "UNSIGNED", "DATE", "TIME",
            "DATETIME", "DECIMAL", "DEC", "JSON", "DOUBLE", "REAL", "FLOAT", "YEAR", "NATIONAL",
        )  # fmt: skip
        if word in ("SIGNED", "UNSIGNED"):
            at.accept_any("INT", "INTEGER")
        if word == "DOUBLE":
            at.accept("PRECISION")
        if at.is_op("("):
            at.parenthesised()
        if at.accept_any("CHARSET") or at.accept("CHARACTER", "SET"):
            at.accept("BINARY") or at.string_or_name()

    def _trim(self) -> None:
        at = self.at
        sided = at.accept_any("LEADING", "TRAILING", "BOTH")
        if not (sided and at.is_word("FROM")):
            self.expression()
        if sided:
            at.expect("FROM")
            self.expression()
        elif at.accept("FROM"):
            self.expression()

    def _substring(self) -> None:
        self.expression()
        if self.at.accept("FROM"):
            self.expression()
            if self.at.accept("FOR"):
                self.expression()
            return
        self.at.expect_op(",")
        self.expression()
        if self.at.accept_op(","):
            self.expression()

    def _position(self) -> None:
        self.bit_expression()
        self.at.expect("IN")
        self.expression()

    def _char(self) -> None:
        self._expressions()
        if self.at.accept("USING"):
            self.at.accept("BINARY") or self.at.string_or_name()

    def _group_concat(self) -> None:
        at = self.at
        at.accept("DISTINCT")
        self._expressions()
        if at.accept("ORDER", "BY"):
            self._ordering()
        if at.accept("SEPARATOR"):
            at.string()

    def _column_argument(self) -> None:
        self.at.name()
        while self.at.accept_op("."):
            self.at.name_after_dot()

    def _match(self) -> None:
        self._expressions()
        self.at.expect_op(")")
        self.at.expect("AGAINST")
        self.at.expect_op("(")
        self.bit_expression()
        while not self.at.is_op(")"):
            self.at.advance()
            if self.at.at_end():
                raise self.at.error()

    def _json_value(self) -> None:
        self._simple()
        self.at.expect_op(",")
        self.at.string()
        if self.at.accept("RETURNING"):
            self._cast_type()
        self.json_reactions()

    def json_reactions(self) -> None:
        """``{NULL | ERROR | DEFAULT value} ON EMPTY``, then the same ON ERROR."""
        for occasions in (("EMPTY", "ERROR"), ("ERROR",)):
            if self.at.accept("DEFAULT"):
                self._simple()
            elif not self.at.accept_any("NULL", "ERROR"):
                return
            self.at.expect("ON")
            if self.at.expect_any(*occasions) == "ERROR":
                return

    def _weight_string(self) -> None:
        self.expression()
        if self.at.accept("AS"):
            self.at.expect_any("CHAR", "CHARACTER", "BINARY")
            self.at.parenthesised()

    # lists

    def _expressions(self) -> None:
        self.expression()
        while self.at.accept_op(","):
            self.expression()

    def _ordering(self) -> None:
        while True:
            self.expression()
            self.at.accept_any("ASC", "DESC")
            if not self.at.accept_op(","):
                return

    def _list_or_subquery(self) -> None:
        if self._begins_query():
            self.query()
        else:
            self._expressions()

    def _subquery(self) -> None:
        self._parenthesised(self.query)

    def _parenthesised(self, inner: Callable[[], None]) -> None:
        self.at.expect_op("(")
        inner()
        self.at.expect_op(")")

    def _begins_query(self) -> bool:
        ahead = 0
        while self.at.peek(ahead).kind is Kind.OP and self.at.peek(ahead).value == "(":
            ahead += 1
        token = self.at.peek(ahead)
        words = ("SELECT", "WITH") if ahead else ("SELECT", "WITH", "TABLE", "VALUES")
        return token.kind is Kind.WORD and token.value in words

    def _is_op_ahead(self, operator: str) -> bool:
        token = self.at.peek()
        return token.kind is Kind.OP and token.value == operator

    def _accept_ops(self, *operators: str) -> bool:
        if self.at.token.kind is Kind.OP and self.at.token.value in operators:
            self.at.advance()
            return True
        return False

    def query(self) -> None:
        raise NotImplementedError


_SPECIAL: Final[dict[str, Callable[[ExpressionGrammar], None]]] = {
    "CAST": ExpressionGrammar._cast,
    "CONVERT": ExpressionGrammar._convert,
    "EXTRACT": ExpressionGrammar._extract,
    "TRIM": ExpressionGrammar._trim,
    "SUBSTRING": ExpressionGrammar._substring,
    "SUBSTR": ExpressionGrammar._substring,
    "MID": ExpressionGrammar._substring,
    "POSITION": ExpressionGrammar._position,
    "CHAR": ExpressionGrammar._char,
    "DATE_ADD": ExpressionGrammar._date_arithmetic,
    "DATE_SUB": ExpressionGrammar._date_arithmetic,
    "ADDDATE": ExpressionGrammar._date_shift,
    "SUBDATE": ExpressionGrammar._date_shift,
    "TIMESTAMPDIFF": ExpressionGrammar._timestamp_diff,
    "TIMESTAMPADD": ExpressionGrammar._timestamp_diff,
    "GROUP_CONCAT": ExpressionGrammar._group_concat,
    "VALUES": ExpressionGrammar._column_argument,
    "DEFAULT": ExpressionGrammar._column_argument,
    "MATCH": ExpressionGrammar._match,
    "JSON_VALUE": ExpressionGrammar._json_value,
    **dict.fromkeys(CLOCKS, ExpressionGrammar._clock),
    "GET_FORMAT": ExpressionGrammar._get_format,
    "WEIGHT_STRING": ExpressionGrammar._weight_string,
}
