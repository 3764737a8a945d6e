"""What MySQL's grammar says of dates and times: intervals, units, calls that take them."""

from __future__ import annotations

from mysqlcompat.sql.grammar_words import UNITS
from mysqlcompat.sql.token_stream import TokenStream
from mysqlcompat.sql.tokens import Kind


class TemporalGrammar:
    """The part of the recogniser for temporal calls; `expression` is the whole's."""

    at: TokenStream

    def expression(self) -> None:
        raise NotImplementedError

    def _is_interval(self) -> bool:
        """Whether an amount and a unit follow, not the function, whose parentheses have a comma."""
        if not self.at.is_word("INTERVAL"):
            return False
        depth, ahead = 0, 1
        while (token := self.at.peek(ahead)).kind is not Kind.END:
            value = token.value if token.kind is Kind.OP else ""
            depth += (value == "(") - (value == ")")
            if depth == 0 or (depth == 1 and value == ","):
                return depth == 0
            ahead += 1
        return True

    def _interval(self) -> None:
        self.at.expect("INTERVAL")
        self.expression()
        self.at.expect_any(*UNITS)

    def _extract(self) -> None:
        self.at.expect_any(*UNITS)
        self.at.expect("FROM")
        self.expression()

    def _time_zone(self) -> None:
        """``AT TIME ZONE '+00:00' AS DATETIME``"""
        at = self.at
        at.expect("TIME", "ZONE")
        at.accept("INTERVAL")
        at.string()
        at.expect("AS", "DATETIME")
        if at.is_op("("):
            at.parenthesised()

    def _clock(self) -> None:
        """NOW(6) and its like: a number of digits, no expression."""
        if not self.at.is_op(")"):
            self.at.integer()

    def _get_format(self) -> None:
        self.at.expect_any("DATE", "TIME", "DATETIME", "TIMESTAMP")
        self.at.expect_op(",")
        self.expression()

    def _date_arithmetic(self) -> None:
        self.expression()
        self.at.expect_op(",")
        if not self.at.is_word("INTERVAL"):
            raise self.at.error()
        self._interval()

    def _date_shift(self) -> None:
        self.expression()
        self.at.expect_op(",")
        if self._is_interval():
            self._interval()
        else:
            self.expression()

    def _timestamp_diff(self) -> None:
        word = self.at.advance().value
        if word.removeprefix("SQL_TSI_") not in UNITS or "_" in word.removeprefix("SQL_TSI_"):
            self.at.at -= 1
            raise self.at.error()
        for _ in range(2):
            self.at.expect_op(",")
            self.expression()
