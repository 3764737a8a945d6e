"""XPath 1.0 as MySQL reads it: by descent, one method a rule of the grammar.

A method gives what it has read, or None. What has been read until then stays read: the next
alternative goes on from there, so that ``(1 2`` is 2. Rules that cannot be left any more raise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from mysqlcompat.errors import SqlError
from mysqlcompat.functions.xpath import (
    ANY,
    ATTRIBUTES,
    AXES,
    CHILD,
    DESCENDANTS,
    PARENT,
    Current,
    Filtered,
    Nodes,
    Path,
    Root,
    Step,
    Union,
    Value,
)
from mysqlcompat.functions.xpath_values import ARGUMENTS, Values

_WORD: Final = re.compile(r"(?:[^\W\d]|_)(?:[^\W]|[-.])*")
_DIGITS: Final = re.compile("[0-9]+")
_MARKS: Final = frozenset("!$()*+,-./:<=>@[]|")
_KEYWORDS: Final = frozenset(("and", "or", "div", "mod"))
_NODE_TYPES: Final = frozenset(("comment", "text", "processing-instruction", "node"))
_NAME, _NUMBER, _TEXT, _CALL, _AXIS, _TYPE, _END = (
    *("name", "digits", "string", "function", "axis", "node type", "end"),
)
_SHOWN: Final = 32  #: characters of a path in a message
_Found = Nodes | Value


class _Token(NamedTuple):
    """kind: of a keyword or mark itself."""

    kind: str
    start: int
    end: int


class _Wrong(Exception):
    """A rule that cannot be left."""


@lru_cache(maxsize=256)
def parse(path: str, collation: str) -> Path:
    """A path over documents in a collation. Raises 1105."""
    return _Parser(path, collation).parsed()


class _Parser:
    def __init__(self, path: str, collation: str) -> None:
        self.path = path
        self.values = Values(collation)
        self.context: Nodes | None = None
        self.previous = _Token(_END, 0, 0)
        self.token = self._scan(0)

    def parsed(self) -> Path:
        try:
            found = self._any()
        except (_Wrong, RecursionError):
            found = None
        if found is None or self.token.kind != _END:
            raise SqlError.with_text(1105, f"XPATH syntax error: '{self._rest(self.token.start)}'")
        return self.values.path(found)

    def _rest(self, start: int) -> str:
        return self.path[start:].encode()[:_SHOWN].decode(errors="ignore")

    def _scan(self, at: int) -> _Token:
        path = self.path
        while at < len(path) and path[at] == " ":
            at += 1
        if at == len(path):
            return _Token(_END, at, at)
        word = _WORD.match(path, at)
        if word is not None:
            end, name = word.end(), word[0].lower()
            if path.startswith("(", end):
                kind = _CALL if name in ARGUMENTS else _TYPE if name in _NODE_TYPES else _NAME
            elif path.startswith("::", end):
                kind = _AXIS if name in AXES else _NAME
            else:
                kind = name if name in _KEYWORDS else _NAME
            return _Token(kind, at, end)
        mark = path[at]
        if mark in _MARKS:
            return _Token(mark, at, at + 1)
        digits = _DIGITS.match(path, at)
        if digits is not None:
            return _Token(_NUMBER, at, digits.end())
        end = path.find(mark, at + 1) if mark in "\"'" else -1
        return _Token(_TEXT if end >= 0 else "?", at, end + 1 if end >= 0 else len(path))

    def _take(self, *kinds: str) -> str:
        """The kind of the next token, if it is one of these; else nothing."""
        kind = self.token.kind
        if kind not in kinds:
            return ""
        self.previous, self.token = self.token, self._scan(self.token.end)
        return kind

    def _taken(self) -> str:
        return self.path[self.previous.start : self.previous.end]

    # expressions, the loosest first

    def _chain(
        self,
        operand: Callable[[], _Found | None],
        operator: Callable[[], str],
        made: Callable[[str, _Found, _Found, int], _Found],
        is_final: bool = True,
    ) -> _Found | None:
        """operand (operator operand)*; is_final: nothing else can follow an operator."""
        left = operand()
        while left is not None:
            start = self.token.start
            kind = operator()
            if not kind:
                return left
            right = operand()
            if right is None:
                if is_final:
                    raise _Wrong
                return None
            left = made(kind, left, right, start)
        return None

    def _any(self) -> _Found | None:
        made = self._logic
        return self._chain(self._both, lambda: self._take("or"), made, is_final=False)

    def _both(self) -> _Found | None:
        return self._chain(self._equal, lambda: self._take("and"), self._logic)

    def _logic(self, operator: str, left: _Found, right: _Found, _start: int) -> _Found:
        return self.values.logic(operator, left, right)

    def _equal(self) -> _Found | None:
        return self._chain(self._ordered, self._equality, self._comparison)

    def _equality(self) -> str:
        before = self.previous
        if not self._take("!"):
            return self._take("=")
        if self._take("="):
            return "<>"
        self.token, self.previous = self.previous, before
        return ""

    def _ordered(self) -> _Found | None:
        return self._chain(self._added, self._order, self._comparison)

    def _order(self) -> str:
        kind = self._take("<", ">")
        return kind + self._take("=") if kind else ""

    def _comparison(self, operator: str, left: _Found, right: _Found, start: int) -> _Found:
        made = self.values.comparison(operator, left, right)
        if made is None:
            what = "comparison of two nodesets is not supported"
            raise SqlError.with_text(1105, f"XPATH error: {what}: '{self._rest(start)}'")
        return made

    def _added(self) -> _Found | None:
        return self._chain(self._multiplied, lambda: self._take("+", "-"), self._arithmetic)

    def _multiplied(self) -> _Found | None:
        return self._chain(self._signed, lambda: self._take("*", "div", "mod"), self._arithmetic)

    def _arithmetic(self, operator: str, left: _Found, right: _Found, _start: int) -> _Found:
        return self.values.arithmetic(operator, left, right)

    def _signed(self) -> _Found | None:
        count = 0
        while self._take("-"):
            count += 1
        found = self._union()
        for _ in range(count):
            found = None if found is None else self.values.negation(found)
        return found

    def _union(self) -> _Found | None:
        found = self._path()
        while found is not None and self._take("|"):
            if isinstance(found, Value):
                return None
            other = self._path()
            if other is None or isinstance(other, Value):
                raise _Wrong
            found = Union(found, other)
        return found

    # paths

    def _path(self) -> _Found | None:
        context = self.context
        if context is None:
            self.context = Root()
        found = self._relative() or self._absolute()
        reached, self.context = self.context, context
        return reached if found else self._filter()

    def _absolute(self) -> bool:
        if not self._take("/"):
            return False
        self.context = Root()
        if self._take("/"):
            self._everything()
            return self._relative()
        self._relative()
        return True

    def _everything(self) -> None:
        assert self.context is not None
        self.context = Step(self.context, DESCENDANTS, ANY)

    def _relative(self) -> bool:
        if not self._step():
            return False
        while self._take("/"):
            if self._take("/"):
                self._everything()
            if not self._step():
                raise _Wrong
        return True

    def _step(self) -> bool:
        assert self.context is not None
        if self._node_test(self._axis()):
            while self._take("["):
                self._predicate()
            return True
        if not self._take("."):
            return False
        if self._take("."):
            self.context = Step(self.context, PARENT, ANY)
        return True

    def _axis(self) -> int:
        if self._take(_AXIS):
            axis = AXES[self._taken().lower()]
            if self._take(":") and self._take(":"):
                return axis
        return ATTRIBUTES if self._take("@") else CHILD

    def _node_test(self, axis: int) -> bool:
        assert self.context is not None
        if self._take("*"):
            self.context = Step(self.context, axis, ANY)
            return True
        name = self._qualified_name()
        if name:
            self.context = Step(self.context, axis, name.encode())
            return True
        return bool(self._take(_TYPE) and self._take("(") and self._take(")"))

    def _qualified_name(self) -> str:
        if not self._take(_NAME, *_KEYWORDS):
            return ""
        start, end = self.previous.start, self.previous.end
        if self._take(":"):
            if not self._take(_NAME, *_KEYWORDS):
                return ""
            end = self.previous.end
        return self.path[start:end]

    def _predicate(self) -> None:
        start = self.context
        assert start is not None
        current = self.context = Current()
        test = self._any()
        if test is None or not self._take("]"):
            raise _Wrong
        self.context = Filtered(start, current, self.values.test(test))

    # the rest

    def _filter(self) -> _Found | None:
        found = self._primary()
        if found is None or not self._take("/"):
            return found
        if isinstance(found, Value):
            self.token = self.previous
            raise _Wrong
        context, self.context = self.context, found
        if self._take("/"):
            self._everything()
        is_path = self._relative()
        reached, self.context = self.context, context
        return reached if is_path else None

    def _primary(self) -> _Found | None:
        if self._take("("):
            found = self._any()
            if found is not None and self._take(")"):
                return found
        if self._take("$"):
            self._variable(self.previous.start)
        if self._take(_TEXT):
            return self.values.text(self._taken()[1:-1])
        return self._number() or self._call()

    def _variable(self, start: int) -> None:
        """There are none: those of sessions would change what a plan holds for constant."""
        self._take("@")
        if self._take(_NAME):
            what = f"Unknown XPATH variable at: '{self._rest(start)}'"
            raise SqlError.with_text(1105, what)

    def _number(self) -> Value | None:
        if not self._take(_NUMBER):
            return None
        start = self.previous.start
        if self._take("."):
            self._take(_NUMBER)
        return self.values.number(self.path[start : self.previous.end])

    def _call(self) -> _Found | None:
        if not self._take(_CALL):
            return None
        name = self._taken().lower()
        if not self._take("("):
            return None
        args = self._arguments(*ARGUMENTS[name])
        if args is None or not self._take(")"):
            return None
        return self.values.call(name, args, self.context)

    def _arguments(self, least: int, most: int) -> Sequence[_Found] | None:
        args: list[_Found] = []
        while len(args) < most:
            arg = self._any()
            if arg is None:
                break
            args.append(arg)
            if not self._take(","):
                break
        return args if len(args) >= least else None
