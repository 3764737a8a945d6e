"""SQL text of SELECT, INSERT, REPLACE, UPDATE and DELETE to a sqlglot tree, under MySQL's rules.

1. `tokens` reads the text: version comments, quotes, sql_mode.
2. `grammar` refuses what MySQL refuses (1064) and notes where select items lie in the text.
3. Comments and words sqlglot does not know (LOW_PRIORITY, IGNORE of UPDATE …, what follows the
   document of a JSON_TABLE) are blanked, so that offsets stay what they were, and sqlglot parses
   with the tables of `sqlglot_tables`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.grammar import read_statement
from mysqlcompat.sql.grammar_json_table import JsonTableClause
from mysqlcompat.sql.grammar_reading import Item
from mysqlcompat.sql.sqlglot_tables import (
    CONCATENATION,
    DIALECTS,
    INTERVAL,
    ODBC,
    ODBC_LITERALS,
)
from mysqlcompat.sql.token_stream import Note, TokenStream
from mysqlcompat.sql.tokens import Kind, Token, syntax_error, tokenize

PIECE_TOKENS: Final = 2000  #: read by sqlglot at a time, which takes a millisecond or two
_PRIORITIES: Final = ("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "QUICK", "IGNORE")
_INTRODUCED: Final = (TokenType.INTRODUCER, TokenType.PARAMETER)


@dataclass(slots=True)
class Parsed:
    """One statement, parsed.

    text       the statement; offsets in `tree`, `items`, `literal_numbers` are into it (characters)
    items      the outermost select items in the text
    literal_numbers  start of a literal -> its number as the fingerprint counts
    param_numbers    start of a `?` -> its number
    spaced  a function that is no function with a blank before its parenthesis
    json_tables  what the JSON_TABLEs have behind their documents, in the order of the text
    notes    warnings about the text
    ignore, replace  INSERT IGNORE, UPDATE IGNORE …; REPLACE
    """

    text: str
    tree: Any
    items: list[Item]
    literal_numbers: dict[int, int]
    param_numbers: dict[int, int]
    sql_mode: frozenset[str] = frozenset()
    ignore: bool = False
    replace: bool = False
    offset: int = field(default=0)
    spaced: str = ""
    json_tables: tuple[JsonTableClause, ...] = ()
    notes: tuple[Note, ...] = ()


def parse_statement(sql: str, sql_mode: frozenset[str] = frozenset()) -> Parsed:
    """Parse one SELECT, INSERT, REPLACE, UPDATE or DELETE. Raises ERROR 1064 as MySQL does."""
    ansi = "ANSI_QUOTES" in sql_mode
    backslash = "NO_BACKSLASH_ESCAPES" not in sql_mode
    tokens = tokenize(sql, ansi_quotes=ansi, backslash_escapes=backslash)
    stream = TokenStream(sql, tokens)
    dialect = DIALECTS[ansi, not backslash]
    try:
        reading = read_statement(stream)
        text, words = _for_sqlglot(sql, tokens, "HIGH_NOT_PRECEDENCE" in sql_mode)
        sqlglot_tokens = _tokens_of(dialect, text, tokens)
        # literals inside version comments are not counted
        literal_numbers = _literal_numbers(sqlglot_tokens) if "/*!" not in sql else {}
        if reading.json_tables:
            text = _without_clauses(text, reading.json_tables)
            sqlglot_tokens = _tokens_of(dialect, text, tokens)
        _reinterpret(sqlglot_tokens, sql_mode)
        trees = dialect.parser().parse(sqlglot_tokens, text)
    except SqlglotError as error:
        raise _refused(sql, error) from None
    except RecursionError:
        raise SqlError.with_text(1436, "Thread stack overrun: nested too deeply") from None
    if len(trees) != 1 or trees[0] is None or isinstance(trees[0], exp.Command):
        raise SqlError(1235, "this form of statement")
    return Parsed(
        sql,
        trees[0],
        reading.items,
        literal_numbers,
        _param_numbers(tokens),
        sql_mode,
        "IGNORE" in words,
        tokens[0].value == "REPLACE",
        spaced="" if "IGNORE_SPACE" in sql_mode else reading.spaced,
        json_tables=tuple(reading.json_tables),
        notes=tuple(stream.notes),
    )


def parse_expression(text: str, sql_mode: frozenset[str] = frozenset()) -> Parsed:
    """Parse a lone expression (a column's default, the right side of SET): `tree` is its node."""
    prefix = "SELECT "
    parsed = parse_statement(prefix + text, sql_mode)
    node = parsed.tree.expressions[0]
    if len(parsed.tree.expressions) != 1 or isinstance(node, exp.Alias):
        raise syntax_error(text, 0)
    parsed.tree = node
    parsed.offset = len(prefix)
    return parsed


def _tokens_of(dialect: Any, text: str, tokens: list[Token]) -> list[Any]:
    """sqlglot's tokens of `text`. It takes the sign behind ``1e0`` for one of the exponent, and
    ``~~`` for an operator: such tokens are cut where our own `tokens` are."""
    found = _in_pieces(dialect, text, tokens)
    numbers = {
        token.start: (at, token.end)
        for at, token in enumerate(tokens)
        if token.value == "~" or (token.kind is Kind.NUMBER and "e" in token.value.lower())
    }
    made: list[Any] = []
    at = done = 0  # where the last token was cut: it may have begun another that goes on
    for one in found:
        if one.start >= done:
            at, end = numbers.get(one.start, (0, one.end + 1))
            if end > one.end:
                made.append(one)
                continue
        while at < len(tokens) and tokens[at].start <= one.end:
            piece = tokens[at]
            made += _moved(dialect.tokenize(text[piece.start : piece.end]), piece.start)
            at, done = at + 1, piece.end
    return made


def _in_pieces(dialect: Any, text: str, tokens: list[Token]) -> list[Any]:
    """sqlglot's tokens as it finds them. Its tokenizer lets no other thread run, so it gets a long
    text piece by piece, each but the last with a comma at its end."""
    if len(tokens) <= PIECE_TOKENS:
        return dialect.tokenize(text)  # type: ignore[no-any-return]
    found: list[Any] = []
    start, count = 0, 0
    for token in tokens:
        count += 1
        if count < PIECE_TOKENS or token.value != "," or token.kind is not Kind.OP:
            continue
        found += _moved(dialect.tokenize(text[start : token.end]), start)
        start, count = token.end, 0
    return found + _moved(dialect.tokenize(text[start:]), start)


def _moved(tokens: list[Any], start: int) -> list[Any]:
    """Tokens of a piece of a text that begins there."""
    for token in tokens:
        token.start, token.end = token.start + start, token.end + start
    return tokens


def _reinterpret(tokens: list[Any], sql_mode: frozenset[str]) -> None:
    """Tokens whose meaning sqlglot does not know or sql_mode changes."""
    concatenates = "PIPES_AS_CONCAT" in sql_mode
    for number, token in enumerate(tokens):
        if token.token_type is TokenType.DPIPE and concatenates:
            token.token_type = CONCATENATION
        if token.token_type is TokenType.INTERVAL:
            token.token_type = TokenType.VAR
            token.text = token.text if _is_call(tokens, number) else INTERVAL
        if token.token_type is TokenType.DEFAULT and _is_followed(tokens, number):
            token.token_type = TokenType.VAR  # DEFAULT(column)
        is_real = token.token_type is TokenType.FLOAT and token.text.upper() == "REAL"
        if is_real and "REAL_AS_FLOAT" not in sql_mode:
            token.token_type = TokenType.DOUBLE
    _rewrite_escapes(tokens)


def _rewrite_escapes(tokens: list[Any]) -> None:
    """ODBC's escapes ``{d '2024-01-31'}`` become parentheses; INTERVAL of a time zone, nothing."""
    at = 0
    while at < len(tokens):
        kind = tokens[at].token_type
        if kind is TokenType.L_BRACE:
            word = tokens[at + 1]
            is_literal = tokens[at + 2].token_type is TokenType.STRING
            name = f"{word.text.upper()}{ODBC}"
            if is_literal and name in ODBC_LITERALS and _closes(tokens[at + 3]):
                word.token_type, word.text = TokenType.VAR, name
            else:
                del tokens[at + 1]
            tokens[at].token_type = TokenType.L_PAREN
        elif kind is TokenType.R_BRACE:
            tokens[at].token_type = TokenType.R_PAREN
        elif tokens[at].text == INTERVAL and tokens[at - 1].text.upper() == "ZONE":
            del tokens[at]
        at += 1


def _closes(token: Any) -> bool:
    return token.token_type is TokenType.R_BRACE


def _is_followed(tokens: list[Any], number: int) -> bool:
    """Whether an opening parenthesis follows."""
    after = tokens[number + 1 : number + 2]
    return bool(after) and after[0].token_type is TokenType.L_PAREN


def _is_call(tokens: list[Any], number: int) -> bool:
    """Whether INTERVAL there is the function: parentheses follow, with a comma."""
    depth = 0
    for token in tokens[number + 1 :]:
        kind = token.token_type
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        if depth == 0 or (depth == 1 and kind is TokenType.COMMA):
            return depth == 1
    return False


def _binds_high(tokens: list[Token], number: int) -> bool:
    """Whether the NOT there stands before an operand (not in NOT IN, IS NOT, NOT LIKE …)."""
    before, after = tokens[number - 1], tokens[number + 1]
    if before.kind is Kind.WORD and before.value == "IS":
        return False
    return after.kind is not Kind.WORD or after.value not in _NEGATED


_NEGATED: Final = ("IN", "LIKE", "BETWEEN", "REGEXP", "RLIKE", "NULL")


def _for_sqlglot(sql: str, tokens: list[Token], high_not: bool) -> tuple[str, set[str]]:
    """The text with comments and leading modifiers blanked, and those modifiers."""
    words: set[str] = set()
    pieces: list[str] = []
    last = 0
    leading = tokens[0].value in ("INSERT", "REPLACE", "UPDATE", "DELETE")
    for number, token in enumerate(tokens):
        gap = sql[last : token.start]
        pieces.append("".join("\n" if c == "\n" else " " for c in gap) if gap.strip() else gap)
        source = sql[token.start : token.end]
        if leading and number:
            if token.kind is Kind.WORD and token.value in _PRIORITIES:
                words.add(token.value)
                source = " " * len(source)
            else:
                leading = False
        if high_not and token.kind is Kind.WORD and token.value == "NOT":
            source = "!  " if _binds_high(tokens, number) else source
        if source == "!" and pieces[-1:] == [""] and pieces[-2:-1] == ["!"]:
            source = " "  # MySQL reads !! as one !
        pieces.append(source)
        last = token.end
    return "".join(pieces), words


def _without_clauses(text: str, clauses: list[JsonTableClause]) -> str:
    """`text` with what follows the documents of JSON_TABLEs blanked."""
    for clause in clauses:
        blanks = " " * (clause.end - clause.start)
        text = text[: clause.start] + blanks + text[clause.end :]
    return text


def _literal_numbers(tokens: list[Any]) -> dict[int, int]:
    numbers: dict[int, int] = {}
    previous = None
    for token in tokens:
        if token.token_type in (TokenType.STRING, TokenType.NUMBER) and (
            previous is None or previous.token_type not in _INTRODUCED
        ):
            numbers[token.start] = len(numbers)
        previous = token
    return numbers


def _param_numbers(tokens: list[Token]) -> dict[int, int]:
    starts = [token.start for token in tokens if token.kind is Kind.PARAM]
    return {start: number for number, start in enumerate(starts)}


def _refused(sql: str, error: SqlglotError) -> SqlError:
    """What sqlglot cannot parse although it is MySQL: named by the place where sqlglot stopped."""
    details = getattr(error, "errors", None) or [{}]
    near = details[0].get("highlight") or ""
    return SqlError(1235, f"the syntax near '{near}'" if near else "this form of statement")
