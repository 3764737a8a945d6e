"""sqlglot's MySQL dialect as this server uses it.

sqlglot's compiled parser cannot be subclassed, but its tables may be changed and its tokenizer
subclassed. Its function table rewrites calls into nodes of its own (IFNULL becomes Coalesce,
DATE_FORMAT loses its format string); here every call stays a call by name, with its arguments as
written, except those whose syntax is special.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from sqlglot import exp
from sqlglot.dialects.mysql import MySQL
from sqlglot.parsers.mysql import MySQLParser
from sqlglot.tokenizer_core import TokenType

#: Calls with a syntax of their own: parsed by sqlglot's function for them.
_SPECIAL_CALLS: Final = (
    "CAST", "CONVERT", "CHAR", "EXTRACT", "SUBSTRING", "SUBSTR", "TRIM", "POSITION",
    "GROUP_CONCAT", "VALUES", "MATCH", "WEIGHT_STRING",
)  # fmt: skip
#: Name under which DATE'…', TIME'…' and TIMESTAMP'…' reach the resolver.
TEMPORAL_LITERALS: Final = {
    exp.DType.DATE: "date@literal",
    exp.DType.TIME: "time@literal",
    exp.DType.TIMESTAMPTZ: "timestamp@literal",
    exp.DType.TIMESTAMP: "timestamp@literal",
}


#: How ``INTERVAL amount unit`` and ``{d '…'}`` are marked for the parser.
INTERVAL: Final = "INTERVAL@"
ODBC: Final = "@ODBC"
ODBC_LITERALS: Final = {
    f"D{ODBC}": "date@odbc",
    f"T{ODBC}": "time@odbc",
    f"TS{ODBC}": "timestamp@odbc",
}

#: What `||` is under PIPES_AS_CONCAT: an operator above all others, which MySQL has no word for.
CONCATENATION: Final = TokenType.DSTAR


def _call(name: str, *args: Any) -> exp.Expression:
    return exp.Anonymous(this=name, expressions=list(args))


def _json_arrow(parser: Any, this: Any, path: Any) -> exp.Expression:
    return _call("json_extract", this, path)


def _json_double_arrow(parser: Any, this: Any, path: Any) -> exp.Expression:
    return _call("json_unquote", _call("json_extract", this, path))


def _json_value(parser: Any) -> exp.Expression:
    """``JSON_VALUE(document, 'path' [RETURNING type] [… ON EMPTY] [… ON ERROR])``"""
    this = parser._parse_disjunction()
    parser._match(TokenType.COMMA)
    path = parser._parse_string()
    returning = charset = None
    if parser._match_text_seq("RETURNING"):
        returning = parser._parse_types()
        is_said = parser._match_text_seq("CHARACTER", "SET") or parser._match_text_seq("CHARSET")
        if is_said or parser._match(TokenType.CHARACTER_SET):
            charset = parser._parse_var_or_string()
    reactions = {}
    while action := _reaction(parser):
        parser._match_text_seq("ON")
        parser._advance()
        reactions[parser._prev.text.lower()] = action
    on = exp.OnCondition(**reactions) if reactions else None
    return exp.JSONValue(
        this=this, path=path, returning=returning, on_condition=on, charset=charset
    )


def _reaction(parser: Any) -> exp.Expression | None:
    """NULL, ERROR or DEFAULT value, before ON EMPTY or ON ERROR."""
    if parser._match(TokenType.NULL):
        return exp.Null()
    if parser._match_text_seq("ERROR"):
        return exp.Var(this="ERROR")
    if parser._match(TokenType.DEFAULT):
        return parser._parse_unary()  # type: ignore[no-any-return]
    return None


def _placeholder(parser: Any) -> exp.Expression:
    """A `?` keeps its place in the text: its number follows from it."""
    return exp.Placeholder(this=str(parser._prev.start))


def _temporal_literal(name: str) -> Any:
    return lambda parser, this, data_type: _call(name, this)


def _interval(parser: Any) -> exp.Expression:
    """``INTERVAL amount unit``, the amount being an expression as written."""
    this = parser._parse_disjunction()
    return exp.Interval(this=this, unit=parser._parse_var(any_token=True, upper=True))


def _odbc_literal(name: str) -> Any:
    return lambda parser: _call(name, parser._parse_string())


def _change_tables() -> None:
    parsers = MySQLParser.FUNCTION_PARSERS
    MySQLParser.FUNCTION_PARSERS = {
        **{name: parsers[name] for name in _SPECIAL_CALLS},
        "JSON_VALUE": _json_value,
    }
    MySQLParser.FUNCTIONS = {}
    MySQLParser.NO_PAREN_FUNCTION_PARSERS = {
        name: parser
        for name, parser in MySQLParser.NO_PAREN_FUNCTION_PARSERS.items()
        if name == "CASE"
    }
    MySQLParser.NO_PAREN_FUNCTION_PARSERS[INTERVAL] = _interval
    for word, name in ODBC_LITERALS.items():
        MySQLParser.NO_PAREN_FUNCTION_PARSERS[word] = _odbc_literal(name)
    MySQLParser.COLUMN_OPERATORS = {
        TokenType.DOT: None,
        TokenType.ARROW: _json_arrow,
        TokenType.DARROW: _json_double_arrow,
    }
    MySQLParser.LAMBDAS = {}  # ``f(doc->'$.a')`` is no lambda here
    MySQLParser.PLACEHOLDER_PARSERS = {
        **MySQLParser.PLACEHOLDER_PARSERS,
        TokenType.PLACEHOLDER: _placeholder,
    }
    MySQLParser.TYPE_LITERAL_PARSERS = {
        kind: _temporal_literal(name) for kind, name in TEMPORAL_LITERALS.items()
    }
    MySQLParser.UPDATE_ALIAS_TOKENS = (
        MySQLParser.UPDATE_ALIAS_TOKENS - MySQLParser.TABLE_INDEX_HINT_TOKENS
    )
    MySQLParser.EXPONENT = {**MySQLParser.EXPONENT, CONCATENATION: exp.DPipe}
    MySQLParser.STATEMENT_PARSERS = {
        **MySQLParser.STATEMENT_PARSERS,
        TokenType.REPLACE: lambda parser: parser._parse_insert(),
    }


_change_tables()


class OurMySQL(MySQL):
    """The default: backslash escapes, double quotes are strings."""

    class Tokenizer(MySQL.Tokenizer):
        COMMANDS: ClassVar[set[Any]] = set()


class AnsiQuotesMySQL(MySQL):
    """sql_mode ANSI_QUOTES: double quotes are names."""

    class Tokenizer(MySQL.Tokenizer):
        COMMANDS: ClassVar[set[Any]] = set()
        QUOTES: ClassVar = ["'"]
        IDENTIFIERS: ClassVar = ["`", '"']


class NoBackslashMySQL(MySQL):
    """sql_mode NO_BACKSLASH_ESCAPES."""

    class Tokenizer(MySQL.Tokenizer):
        COMMANDS: ClassVar[set[Any]] = set()
        STRING_ESCAPES: ClassVar = ["'", '"']


class AnsiNoBackslashMySQL(MySQL):
    class Tokenizer(MySQL.Tokenizer):
        COMMANDS: ClassVar[set[Any]] = set()
        QUOTES: ClassVar = ["'"]
        IDENTIFIERS: ClassVar = ["`", '"']
        STRING_ESCAPES: ClassVar = ["'"]


#: (ANSI_QUOTES, NO_BACKSLASH_ESCAPES) -> dialect
DIALECTS: Final[dict[tuple[bool, bool], Any]] = {
    (False, False): OurMySQL(),
    (True, False): AnsiQuotesMySQL(),
    (False, True): NoBackslashMySQL(),
    (True, True): AnsiNoBackslashMySQL(),
}
