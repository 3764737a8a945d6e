"""STATEMENT_DIGEST_TEXT and STATEMENT_DIGEST: a statement with its values taken out.

The text follows MySQL's (Reference Manual, 29.10). The digest is SHA-256 of that text; MySQL hashes
its parser's token numbers, which no other server has.

Statements of one form differ in values and names only: what was found out about one of them, that
it is a statement and what its text becomes, is known of all (`_Form`).
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import IGNORABLE, define
from mysqlcompat.functions.table import Context
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.keywords import KEYWORDS, RESERVED
from mysqlcompat.sql.tokens import Kind, Token, tokenize
from mysqlcompat.sql.typed import Call, Expression
from mysqlcompat.sqltypes import BINARY, SqlType, string_type

_TEXT_LENGTH: Final = 16777216
_VALUE, _VALUES, _LIST = "?", "?, ...", "(...)"
_SHAPING: Final = (Kind.WORD, Kind.QUOTED, Kind.OP, Kind.AT, Kind.ATAT)
_WORDS: Final = frozenset(
    ["TRUE", "FALSE", "OFFSET", "BEGIN", "COMMIT", "ROLLBACK", "START", "TRANSACTION"]
)

_KNOWN_SHAPES: Final = 512
_KNOWN_TOKENS: Final = 1000
#: Shapes of statements that were found to be some: only their values differ. The oldest first.
_known: dict[tuple[tuple[Kind, str], ...], None] = {}


def _parts(text: str) -> list[str]:
    made: list[str] = []
    tokens = tokenize(text)
    for token, following in itertools.pairwise(tokens):
        match token.kind:
            case Kind.STRING | Kind.NUMBER | Kind.BITS | Kind.PARAM:
                made.append(_VALUE)
            case Kind.QUOTED:
                made.append(f"`{token.value}`")
            case Kind.WORD if token.value == "NULL" and made[-1:] != ["IS"]:
                made.append(_VALUE)
            case Kind.WORD:
                known = token.value in RESERVED or token.value in _WORDS
                called = following.kind is Kind.OP and following.value == "("
                shown = text[token.start : token.end]
                made.append(token.value if known or called else f"`{shown}`")
            case Kind.AT:
                made.append("@" + token.value)
            case Kind.ATAT:
                made.append("@@" + token.value)
            case Kind.OP if token.value != ";":
                made.append(token.value)
        _reduce(made)
    return made


def _reduce(made: list[str]) -> None:
    """Lists of values become one."""
    if made[-2:] in (["-", _VALUE], ["+", _VALUE]) and made[-3:-2] and made[-3] in "(,=<>":
        del made[-2]
    if made[-3:] in ([_VALUE, ",", _VALUE], [_VALUES, ",", _VALUE]):
        made[-3:] = [_VALUES]
    if made[-3:] == ["(", _VALUES, ")"]:
        made[-3:] = [_LIST]
    for row, rows in ((["(", _VALUE, ")"], "(?) /* , ... */"), ([_LIST], "(...) /* , ... */")):
        count = len(row)
        if made[-count:] != row or made[-count - 1 : -count] != [","]:
            continue
        if made[-2 * count - 1 : -count - 1] == row:
            made[-2 * count - 1 :] = [rows]
        elif made[-count - 2 : -count - 1] == [rows]:
            del made[-count - 1 :]


def _text_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    if args[0].type.coercibility == IGNORABLE:  # NULL
        return string_type(_TEXT_LENGTH, BINARY)
    return string_type(_TEXT_LENGTH, typing.context.collation)


_FORM_CHARACTERS: Final = 4096  #: of the longest statement whose form is looked for
_KNOWN_FORMS: Final = 512
#: Cuts a statement into what is between (1, 2) strings, (3) points of decimals and, taken as it is,
#: (4) rests of names in quotes and of strings behind words. Nothing: a whole number. Alternatives
#: begin with characters, which is what makes them quick to tell apart.
_VALUES_IN: Final = re.compile(
    r"""'(?<![0-9A-Za-z_$]')()[^'\\]*(?:\\.[^'\\]*)*'
      | "(?<![0-9A-Za-z_$]")()[^"\\]*(?:\\.[^"\\]*)*"
      | [0-9](?<![0-9A-Za-z_$.][0-9])[0-9]*(?:(\.)[0-9]+)?(?![0-9A-Za-z_$.])
      | ['"`]((?<=')[^'\\]*(?:\\.[^'\\]*)*'|(?<=")[^"\\]*(?:\\.[^"\\]*)*"|(?<=`)(?:[^`]|``)*`)
    """,
    re.VERBOSE | re.DOTALL,
)
#: Cuts it into what is between (1) words, with what makes them more than names, and names
#: in quotes, (2) points of decimals, (3) beginnings of strings. Nothing: a whole number.
_PIECES: Final = re.compile(
    r"""(?<![0-9A-Za-z_$])(?<![0-9]\.)
          ([A-Za-z_$][0-9A-Za-z_$]*(?:\s*\(|'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")?
          |`(?:[^`]|``)*`)
      | (?<![0-9A-Za-z_$.])[0-9]+(?:(\.)[0-9]+)?(?![0-9A-Za-z_$.])
      | (['"])(?:(?<=')[^'\\]*(?:\\.[^'\\]*)*'|(?<=")[^"\\]*(?:\\.[^"\\]*)*")
    """,
    re.VERBOSE | re.DOTALL,
)
_STEP: Final = _PIECES.groups + 1
_NAME_CHARACTERS: Final = 64
_PLAIN, _QUOTED = 0, 1
_SLOT: Final = re.compile("`zq([0-9]+)zq`")


class _Form(NamedTuple):
    """What the digest of a statement's form is: a template, and which of its words and quoted names
    go into it; None: nothing does."""

    template: str
    names: Callable[[Sequence[Any]], Any] | None


_forms: dict[tuple[Any, ...], _Form] = {}
_texts: dict[tuple[Any, ...], str] = {}  #: of statements with the same names, too


@lru_cache(maxsize=1)
def _meaningful() -> frozenset[str]:
    """Words the parser knows, MySQL's or not."""
    from sqlglot.dialects.mysql import MySQL

    tables = (getattr(cls, name) for cls in (MySQL.Parser, MySQL.Tokenizer) for name in dir(cls))
    sets = (one for one in tables if isinstance(one, dict | set | frozenset))
    words = (key.split() for one in sets for key in one if isinstance(key, str))
    return KEYWORDS | {word.upper() for key in words for word in key}


@lru_cache(maxsize=2048)
def _role(word: str | None) -> int | str | None:
    """_PLAIN of a word, _QUOTED of a name in quotes that could as well be another one; everything
    else as it is."""
    if word is None:
        return None
    is_quoted = word[0] == "`"
    name = word[1:-1] if is_quoted else word
    is_short = 0 < len(name) <= _NAME_CHARACTERS
    if not is_short or not name.replace("_", "a").replace("$", "a").isalnum() or name[0] == "_":
        return word
    if is_quoted:
        return _QUOTED
    return word if name.upper() in _meaningful() else _PLAIN


def digest_text(text: str) -> str:
    """The normalized statement. Raises 3676 for text that is no statement."""
    if len(text) > _FORM_CHARACTERS or not text.isascii():
        return _normalized(text)
    if "@" in text or "#" in text or "--" in text or "/*" in text:  # variables, comments
        return _normalized(text)
    key = tuple(_VALUES_IN.split(text))
    made = _texts.get(key)
    return _named(text, key) if made is None else made


def _named(text: str, like: tuple[Any, ...]) -> str:
    """The same for a text of which there has been none but for its values: `like`."""
    pieces: list[Any] = _PIECES.split(text)
    words = pieces[1::_STEP]
    pieces[1::_STEP] = map(_role, words)
    key = tuple(pieces)
    form = _forms.get(key) or _form(text, words)
    if form is None:
        return _normalized(text)
    _keep(_forms, key, form)
    template, names = form
    made = template if names is None else template % names(words)
    _keep(_texts, like, made)
    return made


def _keep(known: dict[Any, Any], key: Any, made: Any) -> None:
    if len(known) >= _KNOWN_FORMS and key not in known:
        del known[next(iter(known))]
    known[key] = made


def _form(text: str, words: Sequence[str | None]) -> _Form | None:
    """What statements like `text` become; None: this one cannot be taken for others."""
    numbers = itertools.count()

    def named(match: re.Match[str]) -> str:
        if match.lastindex is None or match[1] is None:
            return match[0]
        number, role = next(numbers), _role(match[1])
        if role == _PLAIN:
            return f"zq{number}zq"
        return f"`zq{number}zq`" if role == _QUOTED else match[1]

    try:
        made = _normalized(_PIECES.sub(named, text))
    except SqlError:
        return None
    places = [int(one) for one in _SLOT.findall(made)]
    if places != [n for n, word in enumerate(filter(None, words)) if isinstance(_role(word), int)]:
        return None
    numbered = [n for n, word in enumerate(words) if isinstance(_role(word), int)]
    template = made.replace("%", "%%")
    for place in places:
        mark = f"`zq{place}zq`"
        word = words[numbered[places.index(place)]]
        template = template.replace(mark, "%s" if _role(word) == _QUOTED else "`%s`", 1)
    return _Form(template, itemgetter(*numbered)) if numbered else _Form(made, None)


def _normalized(text: str) -> str:
    """The same, token by token."""
    try:
        parts = _parts(text)
        if not parts:
            raise SqlError(1065)
        shape = tuple((one.kind, _shaping(one)) for one in tokenize(text))
        if shape not in _known:
            _check(text)
            while len(_known) >= _KNOWN_SHAPES:
                del _known[next(iter(_known))]
            if len(shape) <= _KNOWN_TOKENS:
                _known[shape] = None
    except SqlError as error:
        raise SqlError(3676, error.message) from None
    return " ".join(parts)


def _shaping(token: Token) -> str:
    """What of a token decides whether its statement is one."""
    if token.kind is Kind.NUMBER:
        return "" if token.value.isdecimal() else "."
    return token.value if token.kind in _SHAPING else ""


def _check(text: str) -> None:
    """Raises what is wrong with a statement."""
    from mysqlcompat.sql.parse import parse_statement
    from mysqlcompat.sql.router import route
    from mysqlcompat.sql.statements import Plain

    if isinstance(route(text), Plain):
        parse_statement(text, frozenset())


@define("statement_digest_text", "s", _text_type)
def statement_digest_text(context: Context, call: Call, text: Any) -> str:
    return digest_text(text)


@define(
    "statement_digest", "s", lambda typing, args: string_type(64, typing.context.collation, True)
)
def statement_digest(context: Context, call: Call, text: Any) -> str:
    return _hash(digest_text(text))


@lru_cache(maxsize=_KNOWN_FORMS)
def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
