"""MySQL's grammar of SELECT, INSERT, REPLACE, UPDATE and DELETE as a recogniser.

sqlglot builds the tree but takes two thirds of what MySQL refuses. So every new statement is first
read here: what MySQL calls a syntax error is one, at MySQL's token (ERROR 1064 "near '…'"), and the
source ranges of the select items are noted, because their text names the columns.
"""

from __future__ import annotations

from typing import Final

from mysqlcompat.sql.grammar_expressions import ExpressionGrammar
from mysqlcompat.sql.grammar_json_table import read_json_table
from mysqlcompat.sql.grammar_reading import Item, Reading
from mysqlcompat.sql.token_stream import TokenStream
from mysqlcompat.sql.tokens import Kind

_SELECT_OPTIONS: Final = {
    "ALL", "DISTINCT", "DISTINCTROW", "HIGH_PRIORITY", "STRAIGHT_JOIN", "SQL_SMALL_RESULT",
    "SQL_BIG_RESULT", "SQL_BUFFER_RESULT", "SQL_NO_CACHE", "SQL_CALC_FOUND_ROWS",
}  # fmt: skip


def read_statement(stream: TokenStream) -> Reading:
    """Check one whole statement. Raises ERROR 1064."""
    grammar = Grammar(stream)
    grammar.statement()
    stream.expect_end()
    return grammar.reading


class Grammar(ExpressionGrammar):
    """Statements."""

    def statement(self) -> None:
        at = self.at
        if at.is_word("WITH"):
            self._with()
        if at.accept("INSERT") or at.accept("REPLACE"):
            self._insert(at.tokens[at.at - 1].value)
        elif at.accept("UPDATE"):
            self._update()
        elif at.accept("DELETE"):
            self._delete()
        else:
            self.query()

    # SELECT

    def query(self) -> None:
        """A query expression: terms joined by UNION, EXCEPT, INTERSECT, with one tail."""
        if self.at.is_word("WITH"):
            self._with()
        self._query_term()
        while self.at.accept_any("UNION", "EXCEPT", "INTERSECT"):
            self.at.accept_any("ALL", "DISTINCT")
            self._query_term()
        self._tail()

    def _query_term(self) -> None:
        at = self.at
        if at.accept_op("("):
            self.query()
            at.expect_op(")")
        elif at.accept("TABLE"):
            at.table_name()
        elif at.accept("VALUES"):
            while True:
                at.expect("ROW")
                self._parenthesised(self._expressions)
                if not at.accept_op(","):
                    break
        else:
            at.expect("SELECT")
            self._select()

    def _select(self) -> None:
        at = self.at
        outermost = self.reading.selects == 0
        self.reading.selects += 1
        while at.accept_any(*_SELECT_OPTIONS):
            pass
        while True:
            item = self._item()
            if outermost:
                self.reading.items.append(item)
            if not at.accept_op(","):
                break
        self._into()
        if at.accept("FROM") and not at.accept("DUAL"):
            self._tables()
        if at.accept("WHERE"):
            self.expression()
        if at.accept("GROUP"):
            at.expect("BY")
            self._expressions()
            at.accept("WITH", "ROLLUP")
        if at.accept("HAVING"):
            self.expression()
        if at.accept("WINDOW"):
            while True:
                at.name()
                at.expect("AS")
                at.parenthesised()
                if not at.accept_op(","):
                    break

    def _item(self) -> Item:
        at = self.at
        start = at.token.start
        if at.accept_op("*"):
            return Item(start, at.token.start, True)
        if self._is_wildcard():
            while not at.accept_op("*"):
                at.advance()
            return Item(start, at.token.start, True)
        self.expression()
        end = at.tokens[at.at - 1].end
        aliased = at.accept("AS")
        if aliased:
            if at.token.kind is not Kind.STRING:
                at.name()
            else:
                at.advance()
        elif at.token.kind is Kind.STRING or at.is_name():
            at.advance()
            aliased = True
        return Item(start, end, aliased)

    def _is_wildcard(self) -> bool:
        ahead = 0
        while self.at.peek(ahead).kind in (Kind.WORD, Kind.QUOTED) and (
            self.at.peek(ahead + 1).value == "." and self.at.peek(ahead + 1).kind is Kind.OP
        ):
            ahead += 2
        return ahead > 0 and self.at.peek(ahead).value == "*"

    def _tail(self) -> None:
        at = self.at
        if at.accept("ORDER"):
            at.expect("BY")
            self._ordering()
        self._limit()
        self._into()
        while at.is_word("FOR") or at.is_word("LOCK"):
            self._locking()
        self._into()

    def _limit(self, offset: bool = True) -> None:
        if not self.at.accept("LIMIT"):
            return
        self._limit_number()
        if offset and (self.at.accept_op(",") or self.at.accept("OFFSET")):
            self._limit_number()

    def _limit_number(self) -> None:
        token = self.at.token
        is_number = token.kind is Kind.NUMBER and token.value.isdigit()
        if not is_number and token.kind is not Kind.PARAM:
            raise self.at.error()
        self.at.advance()

    def _locking(self) -> None:
        at = self.at
        if at.accept("LOCK"):
            at.expect("IN", "SHARE", "MODE")
            return
        at.expect("FOR")
        at.expect_any("UPDATE", "SHARE")
        if at.accept("OF"):
            at.table_names()
        if not at.accept("NOWAIT"):
            at.accept("SKIP", "LOCKED")

    def _into(self) -> None:
        if not self.at.accept("INTO"):
            return
        if self.at.accept_any("OUTFILE", "DUMPFILE"):
            self.at.string()
            return
        while True:
            if self.at.token.kind is not Kind.AT:
                raise self.at.error()
            self.at.advance()
            if not self.at.accept_op(","):
                return

    # FROM

    def _tables(self) -> None:
        while True:
            self._joined_table()
            if not self.at.accept_op(","):
                return

    def _joined_table(self) -> None:
        at = self.at
        self._table()
        while True:
            outer = False
            natural = at.accept("NATURAL")
            if at.accept_any("LEFT", "RIGHT"):
                outer = True
                at.accept("OUTER")
                at.expect("JOIN")
            elif at.accept_any("INNER", "CROSS") or natural:
                at.expect("JOIN")
            elif not at.accept_any("JOIN", "STRAIGHT_JOIN"):
                return
            self._table()
            if natural:
                continue
            if at.accept("ON"):
                self.expression()
            elif at.accept("USING"):
                self._parenthesised(self._names)
            elif outer:
                self._nested_join_condition()

    def _nested_join_condition(self) -> None:
        """``a LEFT JOIN b JOIN c ON … ON …``: the inner join first, then the outer's condition."""
        at = self.at
        if not (at.is_word("JOIN") or at.is_word("INNER") or at.is_word("LEFT")):
            raise at.error()
        while at.accept_any("INNER", "LEFT", "RIGHT", "OUTER", "CROSS", "JOIN"):
            pass
        self._table()
        at.expect("ON")
        self.expression()
        at.expect("ON")
        self.expression()

    def _table(self) -> None:
        at = self.at
        if at.accept("LATERAL") or (at.is_op("(") and self._begins_query()):
            self._subquery()
            at.accept("AS")
            if at.is_name():
                at.name()
            if at.is_op("("):
                self._parenthesised(self._names)
            return
        if at.is_word("JSON_TABLE"):
            at.advance()
            self.reading.json_tables.append(read_json_table(at, self.expression))
            if at.accept("AS") or at.is_name():
                at.name()
            return
        if at.accept_op("("):
            self._tables()
            at.expect_op(")")
            return
        at.table_name()
        if at.accept("PARTITION"):
            self._parenthesised(self._names)
        if at.accept("AS"):
            at.string_or_name()
        elif at.is_name():
            at.name()
        self._index_hints()

    def _index_hints(self) -> None:
        at = self.at
        while at.is_word("USE") or at.is_word("FORCE") or at.is_word("IGNORE"):
            may_be_empty = at.advance().value == "USE"
            at.expect_any("INDEX", "KEY")
            if at.accept("FOR") and not at.accept("JOIN"):
                at.expect_any("ORDER", "GROUP")
                at.expect("BY")
            at.expect_op("(")
            if not (may_be_empty and at.is_op(")")):
                self._index_name()
                while at.accept_op(","):
                    self._index_name()
            at.expect_op(")")

    def _index_name(self) -> None:
        if not self.at.accept("PRIMARY"):
            self.at.name()

    def _names(self) -> None:
        self.at.name()
        while self.at.accept_op(","):
            self.at.name()

    def _with(self) -> None:
        at = self.at
        at.expect("WITH")
        at.accept("RECURSIVE")
        while True:
            at.name()
            if at.is_op("("):
                self._parenthesised(self._names)
            at.expect("AS")
            at.parenthesised()
            if not at.accept_op(","):
                return

    # INSERT, UPDATE, DELETE

    def _insert(self, verb: str) -> None:
        at = self.at
        at.accept_any("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY")
        if verb == "INSERT":
            at.accept("IGNORE")
        at.accept("INTO")
        at.table_name()
        if at.accept("PARTITION"):
            self._parenthesised(self._names)
        if at.accept("SET"):
            self._assignments()
        else:
            self._insert_columns()
            if at.accept_any("VALUES", "VALUE"):
                self._value_rows()
            else:
                if not self._begins_query():
                    raise at.error()
                self.query()
        if at.accept("AS"):
            at.name()
            if at.is_op("("):
                self._parenthesised(self._names)
        if verb == "INSERT" and at.accept("ON"):
            at.expect("DUPLICATE", "KEY", "UPDATE")
            self._assignments()

    def _insert_columns(self) -> None:
        if not self.at.is_op("(") or self._begins_query():
            return
        self.at.advance()
        while not self.at.is_op(")"):
            self._column_argument()
            if not self.at.accept_op(","):
                break
        self.at.expect_op(")")

    def _value_rows(self) -> None:
        at = self.at
        while True:
            at.accept("ROW")
            at.expect_op("(")
            if not at.is_op(")"):
                self._value()
                while at.accept_op(","):
                    self._value()
            at.expect_op(")")
            if not at.accept_op(","):
                return

    def _value(self) -> None:
        if self.at.is_word("DEFAULT") and not self._is_op_ahead("("):
            self.at.advance()
        else:
            self.expression()

    def _assignments(self) -> None:
        while True:
            self._column_argument()
            if not self.at.accept_op(":="):
                self.at.expect_op("=")
            self._value()
            if not self.at.accept_op(","):
                return

    def _update(self) -> None:
        at = self.at
        at.accept("LOW_PRIORITY")
        at.accept("IGNORE")
        self._tables()
        at.expect("SET")
        self._assignments()
        self._changed_rows()

    def _delete(self) -> None:
        at = self.at
        while at.accept_any("LOW_PRIORITY", "QUICK", "IGNORE"):
            pass
        if at.accept("FROM"):
            at.table_name()
            while at.accept_op("."):
                at.expect_op("*")
            if at.is_op(",") or at.is_word("USING"):
                while at.accept_op(","):
                    at.table_name()
                at.expect("USING")
                self._tables()
            elif at.accept("AS") or at.is_name():
                at.name()
        else:
            at.table_names()
            at.expect("FROM")
            self._tables()
        self._changed_rows()

    def _changed_rows(self) -> None:
        if self.at.accept("WHERE"):
            self.expression()
        if self.at.accept("ORDER"):
            self.at.expect("BY")
            self._ordering()
        self._limit(offset=False)
