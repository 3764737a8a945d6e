"""STATEMENT_DIGEST_TEXT and STATEMENT_DIGEST: a statement with its values taken out.

The text is made by `digest_kernels`, as MySQL makes it; `digest_words` says what words are shown
as. The digest is SHA-256 of that text; MySQL hashes its parser's token numbers, which no other
server has.

Whether it is a statement is the parser's to say, once for all of one shape: they differ in values
and in names that mean nothing to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import numpy as np

from mysqlcompat import digest_kernels as kernels
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import IGNORABLE, define
from mysqlcompat.functions.digest_words import table
from mysqlcompat.functions.table import Context
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Expression
from mysqlcompat.sqltypes import BINARY, Class, SqlType, string_type

_TEXT_LENGTH: Final = 16777216
_KNOWN_SHAPES: Final = 4096
#: Shapes of statements that were found to be some. The oldest first.
_known: dict[int, None] = {}


def _checked(args: Sequence[Expression], name: str) -> bool:
    """Whether the statement is not NULL. Raises 3987."""
    source = args[0].type
    if source.coercibility == IGNORABLE:
        return False
    if source.cls is Class.STRING and source.collation == BINARY:
        raise SqlError(3987, name, BINARY)
    return True


def _text_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    if not _checked(args, "statement_digest_text"):
        return string_type(_TEXT_LENGTH, BINARY)
    return string_type(_TEXT_LENGTH, typing.context.collation)


def _digest_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    _checked(args, "statement_digest")
    return string_type(64, typing.context.collation, True)


def digest_texts(texts: Sequence[str]) -> list[str]:
    """The normalized statements. Raises 3676 for text that is no statement."""
    joined = "".join(texts)
    data = joined.encode()
    same = len(data) == len(joined)  # nothing but ASCII
    sizes = [len(text) if same else len(text.encode()) for text in texts]
    beside = kernels.SHOWN_BESIDES
    room = sum(min(kernels.SHOWN_GROWTH * size + beside, kernels.MOST_SHOWN) for size in sizes)
    room += kernels.STATE_BYTES + kernels.STACK_BYTES
    mem = np.empty(len(data) + room + beside, np.uint8)
    mem[: len(data)] = np.frombuffer(data, np.uint8)
    rows = np.zeros(3 * len(texts) + 1, np.int64)
    rows[: len(texts) + 1] = [*accumulate(sizes, initial=0)]
    slots, words = table()
    last = kernels.digests_made(slots, words, mem, rows, len(texts))
    first = (len(data) + 7 & ~7) + kernels.STATE_BYTES + kernels.STACK_BYTES
    shapes = rows[len(texts) + 2 :: 2].tolist()
    if not _known.keys() >= {*shapes}:
        for text, shape in zip(texts, shapes, strict=True):
            _check(text, shape)
    ends = (rows[len(texts) + 1 :: 2] - first).tolist()
    made = mem[first:last].tobytes()
    if same:
        shown = made.decode()
        return [shown[a : b - 1] for a, b in zip([0, *ends], ends, strict=False)]
    return [made[a : b - 1].decode() for a, b in zip([0, *ends], ends, strict=False)]


def digest_text(text: str) -> str:
    """The normalized statement. Raises 3676 for text that is no statement."""
    return digest_texts([text])[0]


def _check(text: str, shape: int) -> None:
    """Raises what is wrong with a statement of an unknown shape."""
    if shape in _known:
        return
    from mysqlcompat.sql.parse import parse_statement
    from mysqlcompat.sql.router import route
    from mysqlcompat.sql.statements import Plain
    from mysqlcompat.sql.tokens import syntax_error, tokenize

    whole = text.rstrip(" \t\r\n").removesuffix(";")
    try:
        if len(tokenize(whole)) == 1:
            raise SqlError(1065)
        if isinstance(route(whole), Plain):
            parse_statement(whole, frozenset())
        if shape < 0:
            raise syntax_error(text, 0)
    except SqlError as error:
        raise SqlError(3676, error.message) from None
    while len(_known) >= _KNOWN_SHAPES:
        del _known[next(iter(_known))]
    _known[shape] = None


def _texts(context: Context, call: Call, texts: Sequence[str | None]) -> list[str | None]:
    made = iter(digest_texts([text for text in texts if text is not None]))
    return [None if text is None else next(made) for text in texts]


def _digests(context: Context, call: Call, texts: Sequence[str | None]) -> list[str | None]:
    return [None if text is None else _hash(text) for text in _texts(context, call, texts)]


@define("statement_digest_text", "s", _text_type, columns=_texts)
def statement_digest_text(context: Context, call: Call, text: str) -> str:
    return digest_text(text)


@define("statement_digest", "s", _digest_type, columns=_digests)
def statement_digest(context: Context, call: Call, text: str) -> str:
    return _hash(digest_text(text))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
