"""What `mysqlcompat.digest_kernels` does, slowly: tokens first, then their reduction."""

from __future__ import annotations

import re
from typing import Final

from mysqlcompat import digest_kernels as kernels
from mysqlcompat.digest_token_kernels import OUR_VERSION
from mysqlcompat.functions.digest_words import _words

_NAME: Final = r"0-9A-Za-z_$\x80-\U0010ffff"
_TOKEN: Final = re.compile(
    rf"""(?P<blank>[\0-\x20]+|(?:\#|--(?=[\0-\x20]|\Z))[^\n]*|\*/)
      | (?P<version>/\*!(?P<digits>\d{{5,6}})?)
      | (?P<comment>/\*(?:.*?\*/|.*))
      | (?P<quoted>`(?:[^`]|``)*`)
      | (?P<text>[nN]?'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
      | (?P<bits>[xX]'(?:[0-9a-fA-F]{{2}})*'|[bB]'[01]*'
          |0x[0-9a-fA-F]+(?![{_NAME}])|0b[01]+(?![{_NAME}]))
      | (?P<broken>[xXbBnN]'|['"`])
      | (?P<decimal>(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)
      | (?P<whole>\d+)(?![{_NAME}])
      | (?P<word>[{_NAME}]+)
      | (?P<operator><=>|->>|<>|<<|>>|\|\||&&|[<>!:]=|->|.)""",
    re.VERBOSE | re.DOTALL,
)
_WORD: Final = re.compile(rf"[{_NAME}]+")
_HOST: Final = re.compile(rf"[{_NAME}.]+")
_SIGNS: Final = "( , = < > <= >= <=> != | & ^ << >> || && + - * / %"
_SIGNED: Final = frozenset(_SIGNS.split())


class Broken(Exception):
    """A quote that is not closed."""


def digest(text: str) -> str:
    return _Digest(text).made()


class _Digest:
    """shown: (what it is, what is shown, bytes MySQL keeps) of each token."""

    def __init__(self, text: str) -> None:
        self.text, self.words = text, _words()
        self.shown: list[tuple[str, str, int]] = []
        self.bytes, self.full = 0, False
        self.lists: list[bool] = [False]
        self.number = ""

    def made(self) -> str:
        at, before = 0, ""
        while at < len(self.text):
            found = _TOKEN.match(self.text, at)
            assert found is not None
            kind, value, start = found.lastgroup or "", found[0], at
            if kind == "digits":
                kind = "version"
            host = _HOST.match(self.text, at) if before == "@" else None
            point = value[0] == "." and kind == "decimal" and before == "word"
            if host and kind != "blank" and value[0] not in "'\"`":
                kind, value = "text", host[0]
            elif point:
                kind, value = "operator", "."
            elif before == "." and (named := _WORD.match(self.text, at)):
                kind, value = "word", named[0]
            at = start + len(value)
            if kind == "version" and int(found["digits"] or 0) > OUR_VERSION:
                at = (self.text.find("*/", at) + 2) if "*/" in self.text[at:] else len(self.text)
            if kind in ("blank", "comment", "version"):
                before = "" if before == "word" else before
                continue
            if kind == "broken":
                raise Broken
            self._take(kind, value, at, before)
            if value == "@" and kind == "operator":
                before = "@@" if before == "@" else "@"
            else:
                before = "." if (kind, value) == ("operator", ".") else kind
        self._settle("end", "")
        if self.shown and self.shown[-1][0] == ";" and not self.full:
            self.shown.pop()
        return "".join(one[1] + " " * (one[0] != "@") for one in self.shown).rstrip(" ")

    def _take(self, kind: str, value: str, at: int, before: str) -> None:
        self._settle(kind, value)
        match kind:
            case "word":
                self._word(value, at, before)
            case "quoted":
                self._name(value[1:-1].replace("``", "`"))
            case "operator":
                self._operator("!=" if value == "<>" else value)
            case "whole":
                behind = self._last(0), self._last(1)
                self._value(True)
                if self.lists[-1] and (
                    behind[0] == "BY" or (behind[0] == "," and behind[1] not in ("?", "?, ..."))
                ):
                    self.number = value
            case _:
                self._value(kind != "text")

    def _last(self, number: int) -> str:
        return self.shown[-1 - number][0] if len(self.shown) > number else ""

    def _push(self, what: str, shown: str, size: int = 2) -> None:
        self.full = self.full or self.bytes + size > kernels.MOST_BYTES
        if not self.full:
            self.bytes += size
            self.shown.append((what, shown, size))

    def _pop(self, count: int) -> None:
        self.bytes -= 2 * count
        del self.shown[len(self.shown) - count :]

    def _name(self, name: str) -> None:
        self._push("name", f"`{name}`", 4 + len(name.encode()))

    def _flags(self, what: str) -> int:
        return self.words.get(what, ("", 0))[1]

    def _starts(self, what: str) -> bool:
        return what in _SIGNED or bool(self._flags(what) & kernels.BEFORE_EXPRESSION)

    def _settle(self, kind: str, value: str) -> None:
        number, self.number = self.number, ""
        goes_on = kind == "operator" and value not in (",", ")", ";")
        goes_on |= kind == "word" and bool(self._flags(value.upper()) & kernels.GOES_ON)
        if number and not goes_on and not self.full:
            self._pop(1)
            self._push("number", number, 4 + len(number))

    def _word(self, value: str, at: int, before: str) -> None:
        shown, flags = self.words.get(value.upper(), ("", 0))
        is_followed = re.match(rf"\.[{_NAME}]", self.text[at:]) and before != "@@"
        is_name = not shown or before == "." or bool(is_followed)
        if is_name or (flags & kernels.CALLED and self.text[at : at + 1] != "("):
            self._name(value)
            return
        word = value.upper()
        if flags & kernels.BEHIND_LIST:
            self.lists[-1] = False
        if word == "BY":
            self.lists[-1] = True
        if word == "NULL" and self._is_value():
            self._value(False)
        else:
            self._push(word, shown)

    def _is_value(self) -> bool:
        last = self._last(0)
        if last == "NOT":
            return self._starts(self._last(1))
        ends = ("name", "number", ")", "?", "?, ...", "row", "rows", "list", "lists", "in")
        return last not in ends and not self._flags(last) & kernels.TYPE

    def _value(self, is_number: bool) -> None:
        if self.full:
            return
        while is_number and self._last(0) in ("+", "-") and self._starts(self._last(1)):
            self._pop(1)
        if self._last(0) == "," and self._last(1) in ("?", "?, ..."):
            self._pop(2)
            self._push("?, ...", "?, ...")
        else:
            self._push("?", "?")

    def _operator(self, value: str) -> None:
        if value == "?":
            self._value(False)
            return
        if value == "(":
            self.lists.append(False)
        elif value == ")":
            self.lists = self.lists[:-1] or [False]
        inner = self._last(0)
        if value != ")" or self._last(1) != "(" or inner not in ("?", "?, ...") or self.full:
            self._push(value, value)
            return
        self._pop(2)
        one, several = ("row", "rows") if inner == "?" else ("list", "lists")
        shown = "(?)" if inner == "?" else "(...)"
        if self._last(0) == "," and self._last(1) in (one, several):
            self._pop(2)
            self._push(several, f"{shown} /* , ... */")
        elif self._last(0) == "IN":
            self._pop(1)
            self._push("in", "IN (...)")
        else:
            self._push(one, shown)
