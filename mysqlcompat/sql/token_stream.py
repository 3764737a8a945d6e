"""A cursor over tokens with the few moves a recursive-descent parser makes.

Every mistake is ERROR 1064 at the token where the parser stands, with MySQL's hint.
"""

from __future__ import annotations

from typing import Final

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.keywords import RESERVED
from mysqlcompat.sql.statements import TableName
from mysqlcompat.sql.tokens import Kind, Token, syntax_error

IDENTIFIER_CHARACTERS: Final = 64
_OPENERS: Final = {"(": 1, ")": -1}


Note = tuple[int, str]  # errno, message of a warning


class TokenStream:
    """Tokens of one statement, the last one END."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0
        self.notes: list[Note] = []  #: warnings about the text: deprecated forms

    # looking

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def peek(self, ahead: int = 1) -> Token:
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def at_end(self) -> bool:
        return self.token.kind is Kind.END

    def is_word(self, *words: str) -> bool:
        """Whether the next tokens are exactly these keywords."""
        for ahead, word in enumerate(words):
            token = self.peek(ahead)
            if token.kind is not Kind.WORD or token.value != word:
                return False
        return True

    def is_op(self, operator: str) -> bool:
        return self.token.kind is Kind.OP and self.token.value == operator

    # moving

    def advance(self) -> Token:
        token = self.token
        if token.kind is not Kind.END:
            self.at += 1
        return token

    def accept(self, *words: str) -> bool:
        if not self.is_word(*words):
            return False
        self.at += len(words)
        return True

    def clause(self, *words: str) -> bool:
        """Like `accept`, but when the first word stands here the others must follow."""
        if not self.accept(words[0]):
            return False
        self.expect(*words[1:])
        return True

    def accept_any(self, *words: str) -> str | None:
        """The one of `words` that stands here, taken; or None."""
        if self.token.kind is Kind.WORD and self.token.value in words:
            return self.advance().value
        return None

    def accept_op(self, operator: str) -> bool:
        if not self.is_op(operator):
            return False
        self.at += 1
        return True

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.accept(word):
                raise self.error()

    def expect_any(self, *words: str) -> str:
        word = self.accept_any(*words)
        if word is None:
            raise self.error()
        return word

    def expect_op(self, operator: str) -> None:
        if not self.accept_op(operator):
            raise self.error()

    def expect_end(self) -> None:
        if not self.at_end():
            raise self.error()

    def error(self, at: Token | None = None) -> SqlError:
        return syntax_error(self.text, (at or self.token).start)

    # names and values

    def is_name(self) -> bool:
        token = self.token
        return token.kind is Kind.QUOTED or (
            token.kind is Kind.WORD and token.value not in RESERVED and not token.value.isdigit()
        )

    def name(self) -> str:
        """An identifier as written (without quotes); reserved words must be quoted."""
        if not self.is_name():
            raise self.error()
        return self._name_of(self.advance())

    def name_after_dot(self) -> str:
        if self.token.kind not in (Kind.QUOTED, Kind.WORD):
            raise self.error()
        return self._name_of(self.advance())

    def _name_of(self, token: Token) -> str:
        name = token.value if token.kind is Kind.QUOTED else self.text[token.start : token.end]
        if len(name) > IDENTIFIER_CHARACTERS:
            raise SqlError(1059, name)
        return name

    def table_name(self) -> TableName:
        first = self.name()
        if self.accept_op("."):
            return TableName(first, self._checked_table(self.name_after_dot()))
        return TableName(None, self._checked_table(first))

    @staticmethod
    def _checked_table(name: str) -> str:
        if not name or name.endswith(" "):
            raise SqlError(1103, name)
        return name

    def table_names(self) -> tuple[TableName, ...]:
        names = [self.table_name()]
        while self.accept_op(","):
            names.append(self.table_name())
        return tuple(names)

    def string(self) -> str:
        if self.token.kind is not Kind.STRING:
            raise self.error()
        return self.advance().value

    def string_or_name(self) -> str:
        return self.advance().value if self.token.kind is Kind.STRING else self.name()

    def integer(self) -> int:
        token = self.token
        if token.kind is not Kind.NUMBER or not token.value.isdigit():
            raise self.error()
        self.at += 1
        return int(token.value)

    # source slices

    def expression(self, *stops: str) -> str:
        """Source text up to a comma, an unmatched `)`, a `;`, the end, or one of the keywords."""
        start = self.token.start
        depth = 0
        end = start
        while not self.at_end():
            token = self.token
            if token.kind is Kind.OP:
                depth += _OPENERS.get(token.value, 0)
                if depth < 0 or (depth == 0 and token.value in (",", ";")):
                    break
            elif depth == 0 and token.kind is Kind.WORD and token.value in stops:
                break
            end = self.advance().end
        if end == start:
            raise self.error()
        return self.text[start:end]

    def rest(self) -> str:
        """Source text up to the end of the statement, at least one token of it."""
        if self.at_end():
            raise self.error()
        start = self.token.start
        self.at = len(self.tokens) - 1
        return self.text[start : self.token.start].rstrip()

    def parenthesised(self) -> str:
        """The source between a `(` here and its `)`, both consumed."""
        self.expect_op("(")
        start, depth = self.token.start, 1
        while not self.at_end():
            token = self.advance()
            if token.kind is Kind.OP:
                depth += _OPENERS.get(token.value, 0)
                if depth == 0:
                    return self.text[start : token.start].strip()
        raise self.error()
