"""ICU's regular expressions in the words of the `regex` library, and ICU's errors.

One pass over the pattern. What both libraries write alike is passed on; anchors, ``.``, escapes,
sets and flags are rewritten, because lines end at more characters for ICU (TR 18, RL1.6). Source:
ICU User Guide, Regular Expressions; MySQL 8.4 Reference Manual, 14.8.2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import regex

from mysqlcompat.errors import SqlError
from mysqlcompat.numerals import integer_of_digits

BAD_ARGUMENT: Final = 3685
TOO_DEEP: Final = 3687
SYNTAX: Final = 3688
BAD_ESCAPE: Final = 3689
UNIMPLEMENTED: Final = 3690
BAD_PARENTHESIS: Final = 3691
BAD_INTERVAL: Final = 3692
MAX_BELOW_MIN: Final = 3693
BAD_BACK_REFERENCE: Final = 3694
LOOK_BEHIND_LIMIT: Final = 3695
UNCLOSED_SET: Final = 3696
BAD_RANGE: Final = 3697
BAD_GROUP_NAME: Final = 3887
NUMBER_TOO_BIG: Final = 4007

_ENDS: Final = r"\n\x0b\x0c\r\x85\u2028\u2029"
_OTHER_ENDS: Final = r"\x0b\x0c\r\x85\u2028\u2029"
_BEFORE_END: Final = rf"\r\n|(?<!\r)\n|[{_OTHER_ENDS}]"
_CLASSES: Final = {
    "d": r"\p{Nd}", "D": r"\P{Nd}", "w": r"[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d]",
    "W": r"[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d]", "s": r"[\t\n\f\r\p{Z}]",
    "S": r"[^\t\n\f\r\p{Z}]", "h": r"[\t\p{Zs}]", "H": r"[^\t\p{Zs}]", "v": rf"[{_ENDS}]",
    "V": rf"[^{_ENDS}]",
}  # fmt: skip
_POSIX: Final = {
    "alpha": r"\p{Alphabetic}", "digit": r"\p{Nd}", "alnum": r"[\p{Alphabetic}\p{Nd}]",
    "upper": r"\p{Uppercase}", "lower": r"\p{Lowercase}", "space": r"\p{White_Space}",
    "blank": r"[\t\p{Zs}]", "cntrl": r"\p{Cc}", "punct": r"\p{P}",
    "xdigit": r"[\p{Nd}\p{Hex_Digit}]", "graph": r"[^\s\p{Cc}\p{Cs}\p{Cn}]",
    "print": r"[^\p{Cc}\p{Cs}\p{Cn}]", "word": _CLASSES["w"],
}  # fmt: skip
_CONTROLS: Final = {"a": 7, "e": 27, "f": 12, "n": 10, "r": 13, "t": 9}
_MOST: Final = 1 << 24  #: ICU's largest number in an interval
_DEEPEST: Final = 99  #: groups and sets within each other that ICU reads
_RUN: Final = 64  #: what may stand beside each other, see `Translation.text`
_BREAK: Final = r"(?!\Z.)"  #: true everywhere; it ends a run


@dataclass(slots=True)
class _Flags:
    multiline: bool
    dot_all: bool
    unix_lines: bool
    spaced: bool = False


@dataclass(slots=True)
class Translation:
    """Reading one pattern; `text()` is the result. Raises SqlError, as MySQL numbers ICU's."""

    pattern: str
    flags: _Flags
    at: int = 0
    groups: int = 0
    names: set[str] = field(default_factory=set)
    references: list[int] = field(default_factory=list)
    open: list[tuple[_Flags, bool]] = field(default_factory=list)  #: flags, is a look-behind
    repeatable: bool = False  #: a quantifier may come now
    sets: int = 0  #: within each other

    def text(self) -> str:
        """`regex` makes a table of a run of characters, which takes as long as the cube of their
        number, and no clock stops it: long ones are broken by what is true everywhere."""
        out: list[str] = []
        broken = 0
        while self.at < len(self.pattern):
            out.append(self._item())
            if len(out) - broken >= _RUN and not self._is_quantified():
                out.append(_BREAK)
                broken = len(out)
        if self.open:
            raise SqlError(BAD_PARENTHESIS)
        if any(number > self.groups for number in self.references):
            raise SqlError(BAD_BACK_REFERENCE)
        return "".join(out)

    def _fail(self, number: int = SYNTAX) -> SqlError:
        if number != SYNTAX:
            return SqlError(number)
        before = self.pattern[: self.at]
        line = before.count("\n") + 1
        return SqlError(SYNTAX, line, max(len(before) - (before.rfind("\n") + 1), 1))

    def _next(self) -> str:
        if self.at >= len(self.pattern):
            return ""
        self.at += 1
        return self.pattern[self.at - 1]

    def _taken(self, what: str) -> bool:
        if self.pattern.startswith(what, self.at):
            self.at += len(what)
            return True
        return False

    def _item(self) -> str:
        one = self._next()
        if self.flags.spaced and (one.isspace() or one == "#"):
            return self._skipped(one)
        match one:
            case "\\":
                return self._escape()
            case "[":
                self.repeatable = True
                return self._set()
            case "(":
                return self._group()
            case ")":
                if not self.open:
                    raise SqlError(BAD_PARENTHESIS)
                self.flags = self.open.pop()[0]
                self.repeatable = True
                return ")"
            case "|":
                self.repeatable = False
                return "|"
            case "*" | "+" | "?" | "{":
                return self._quantifier(one)
            case "}":
                raise self._fail()
            case ".":
                self.repeatable = True
                if self.flags.dot_all:
                    return r"(?s:.)"
                return r"[^\n]" if self.flags.unix_lines else rf"[^{_ENDS}]"
            case "^" | "$":
                self.repeatable = True
                return self._line_start() if one == "^" else self._line_end()
        self.repeatable = True
        return regex.escape(one)

    def _is_quantified(self) -> bool:
        """Whether what was read last may have a quantifier."""
        after = self.pattern[self.at : self.at + 1]
        return after in "*+?{" or (self.flags.spaced and (after.isspace() or after == "#"))

    def _deeper(self) -> None:
        if len(self.open) + self.sets >= _DEEPEST:
            raise SqlError(TOO_DEEP)

    def _skipped(self, one: str) -> str:
        if one == "#":
            end = self.pattern.find("\n", self.at)
            self.at = len(self.pattern) if end < 0 else end
        return ""

    def _line_start(self) -> str:
        if not self.flags.multiline:
            return r"\A"
        if self.flags.unix_lines:
            return r"(?:\A|(?<=\n)(?!\Z))"
        return r"(?:\A|(?<=[\n\x0b\x0c\x85\u2028\u2029]|\r(?!\n))(?!\Z))"

    def _line_end(self) -> str:
        if self.flags.unix_lines:
            return r"(?=\n|\Z)" if self.flags.multiline else r"(?=\n?\Z)"
        return rf"(?={_BEFORE_END}|\Z)" if self.flags.multiline else rf"(?=(?:{_BEFORE_END})?\Z)"

    # Groups -------------------------------------------------------------------------------------

    def _group(self) -> str:
        self.repeatable = False
        self._deeper()
        outer, look_behind = self.flags, self.open[-1][1] if self.open else False
        if not self._taken("?"):
            self.groups += 1
            self.open.append((outer, look_behind))
            return "("
        if self._taken("#"):
            end = self.pattern.find(")", self.at)
            if end < 0:
                raise SqlError(BAD_PARENTHESIS)
            self.at = end + 1
            return ""
        for plain in (":", ">", "=", "!"):
            if self._taken(plain):
                self.open.append((outer, look_behind))
                return "(?" + plain
        for behind in ("<=", "<!"):
            if self._taken(behind):
                self.open.append((outer, True))
                return "(?" + behind
        if self._taken("<"):
            self.groups += 1
            self.open.append((outer, look_behind))
            return f"(?P<{self._name()}>"
        return self._flags(outer, look_behind)

    def _name(self) -> str:
        end = self.pattern.find(">", self.at)
        name = self.pattern[self.at : end]
        if end < 0 or not name.isalnum() or not name.isascii() or name[0].isdigit():
            raise SqlError(BAD_GROUP_NAME)
        if name in self.names:
            raise SqlError(BAD_GROUP_NAME)
        self.names.add(name)
        self.at = end + 1
        return name

    def _flags(self, outer: _Flags, look_behind: bool) -> str:
        """``(?i)`` holds to the end of its group, ``(?i:…)`` for its own."""
        changed = _Flags(outer.multiline, outer.dot_all, outer.unix_lines, outer.spaced)
        on, ignore_case = True, None
        while True:
            one = self._next()
            match one:
                case "-":
                    on = False
                case "i":
                    ignore_case = on
                case "m":
                    changed.multiline = on
                case "s":
                    changed.dot_all = on
                case "d":
                    changed.unix_lines = on
                case "x":
                    changed.spaced = on
                case "w":
                    raise SqlError(UNIMPLEMENTED)
                case ")" | ":":
                    break
                case _:
                    raise self._fail()
        sign = "" if ignore_case else "-"
        if one == ":":
            self.open.append((outer, look_behind))
            self.flags = changed
            return "(?:" if ignore_case is None else f"(?{sign}i:"
        self.flags = changed
        return "" if ignore_case is None else f"(?{sign}i)"

    # Quantifiers --------------------------------------------------------------------------------

    def _quantifier(self, one: str) -> str:
        if not self.repeatable:
            raise self._fail()
        self.repeatable = False
        endless = one in "*+"
        if one == "{":
            one, endless = self._interval()
        if endless and self.open and self.open[-1][1]:
            raise SqlError(LOOK_BEHIND_LIMIT)
        if self.at < len(self.pattern) and self.pattern[self.at] in "?+":
            one += self._next()
        return one

    def _interval(self) -> tuple[str, bool]:
        end = self.pattern.find("}", self.at)
        low, comma, high = self.pattern[self.at : max(end, self.at)].partition(",")
        if end < 0 or not low.isdigit() or (high and not high.isdigit()):
            raise SqlError(BAD_INTERVAL)
        if integer_of_digits(low) >= _MOST or integer_of_digits(high or "0") >= _MOST:
            raise SqlError(NUMBER_TOO_BIG)
        if high and int(high) < int(low):
            raise SqlError(MAX_BELOW_MIN)
        self.at = end + 1
        return "{" + low + comma + high + "}", bool(comma and not high)

    # Escapes ------------------------------------------------------------------------------------

    def _escape(self) -> str:
        one = self._next()
        was_repeatable, self.repeatable = self.repeatable, True
        match one:
            case "":
                raise SqlError(BAD_ESCAPE)
            case "A" | "b" | "B" | "G" | "X":
                return "\\" + one
            case "Z":
                return rf"(?=(?:{_BEFORE_END})?\Z)"
            case "z":
                return r"\Z"
            case "R":
                return rf"(?:\r\n|[{_ENDS}])"
            case "Q":
                self.repeatable = was_repeatable
                return self._quoted()
            case "k":
                return self._named_reference()
            case "0":
                return self._character(one)
        if one.isdigit():
            return self._reference(one)
        if one in _CLASSES:
            return _CLASSES[one]
        return self._property(one) if one in "pP" else self._character(one)

    def _quoted(self) -> str:
        end = self.pattern.find("\\E", self.at)
        quoted = self.pattern[self.at :] if end < 0 else self.pattern[self.at : end]
        self.at = len(self.pattern) if end < 0 else end + 2
        self.repeatable = self.repeatable or bool(quoted)
        runs = (quoted[at : at + _RUN] for at in range(0, len(quoted), _RUN))
        return _BREAK.join("".join(map(regex.escape, run)) for run in runs)

    def _named_reference(self) -> str:
        end = self.pattern.find(">", self.at)
        name = self.pattern[self.at + 1 : end]
        if end < 0 or not self._taken("<") or name not in self.names:
            raise SqlError(BAD_GROUP_NAME)
        self.at = end + 1
        return f"(?P={name})"

    def _reference(self, digits: str) -> str:
        while self.at < len(self.pattern) and self.pattern[self.at].isdigit():
            if int(digits + self.pattern[self.at]) > self.groups:
                break
            digits += self._next()
        self.references.append(int(digits))
        return f"(?:\\{digits})" if int(digits) <= self.groups else "(?!)"

    def _property(self, one: str) -> str:
        end = self.pattern.find("}", self.at)
        if not self._taken("{") or end < 0:
            raise SqlError(BAD_ARGUMENT)
        made = f"\\{one}{{{self.pattern[self.at : end]}}}"
        self.at = end + 1
        try:
            regex.compile(made, regex.V1)
        except regex.error:
            raise SqlError(BAD_ARGUMENT) from None
        return made

    def _character(self, one: str) -> str:
        """An escape that stands for one character."""
        return regex.escape(chr(self._code(one)), special_only=True)

    def _code(self, one: str) -> int:
        match one:
            case "u":
                return self._hexadecimal(4, 4)
            case "U":
                return self._hexadecimal(8, 8)
            case "x":
                if self._taken("{"):
                    code = self._hexadecimal(1, 8)
                    if not self._taken("}"):
                        raise SqlError(BAD_ESCAPE)
                    return code
                return self._hexadecimal(1, 2)
            case "0":
                digits = ""
                while len(digits) < 3 and self.at < len(self.pattern):
                    if self.pattern[self.at] not in "01234567":
                        break
                    digits += self._next()
                if not digits:
                    raise SqlError(BAD_ESCAPE)
                return int(digits, 8) & 0xFF
            case "c":
                return ord(self._next() or "\0") & 0x1F
            case "N":
                return self._named_character()
        return _CONTROLS.get(one, ord(one))

    def _hexadecimal(self, least: int, most: int) -> int:
        start = self.at
        while self.at < min(start + most, len(self.pattern)):
            if self.pattern[self.at] not in "0123456789abcdefABCDEF":
                break
            self.at += 1
        if self.at - start < least:
            raise SqlError(BAD_ESCAPE)
        code = int(self.pattern[start : self.at], 16)
        if code > 0x10FFFF:
            raise SqlError(BAD_ESCAPE)
        return code

    def _named_character(self) -> int:
        import unicodedata

        end = self.pattern.find("}", self.at)
        if not self._taken("{") or end < 0:
            raise SqlError(BAD_ESCAPE)
        name = self.pattern[self.at : end]
        self.at = end + 1
        try:
            return ord(unicodedata.lookup(name))
        except KeyError:
            raise SqlError(BAD_ARGUMENT) from None

    # Sets ---------------------------------------------------------------------------------------

    def _set(self) -> str:
        self._deeper()
        self.sets += 1
        made = f"[{self._posix()}]" if self._taken(":") else self._set_of_members()
        self.sets -= 1
        return made

    def _set_of_members(self) -> str:
        out = ["[^" if self._taken("^") else "["]
        if self._taken("]"):
            out.append(r"\]")
        last: int | None = None  #: code of the member before, which may begin a range
        while True:
            one = self._next()
            match one:
                case "":
                    raise SqlError(UNCLOSED_SET)
                case "]":
                    return "".join(out) + "]"
                case "[":
                    out.append(self._set())
                    last = None
                    continue
                case "&" | "-" if self._taken(one):
                    out.append(one * 2)
                    last = None
                    continue
                case "-" if last is not None and not self.pattern.startswith("]", self.at):
                    out.append("-" + self._range_end(last))
                    last = None
                    continue
            text, last = self._member(one)
            out.append(text)

    def _range_end(self, low: int) -> str:
        text, high = self._member(self._next())
        if high is None:
            raise self._fail()
        if high < low:
            raise SqlError(BAD_RANGE)
        return text

    def _member(self, one: str) -> tuple[str, int | None]:
        """(text, code if it is one character) of a member of a set."""
        if one == "":
            raise SqlError(UNCLOSED_SET)
        if one != "\\":
            return "\\" + one if one in r"\[]^-&|~#" or one.isspace() else one, ord(one)
        escaped = self._next()
        if escaped in _CLASSES and escaped:
            return _CLASSES[escaped], None
        if escaped and escaped in "pP":
            return self._property(escaped), None
        if not escaped:
            raise SqlError(BAD_ESCAPE)
        code = self._code(escaped)
        return regex.escape(chr(code), special_only=False), code

    def _posix(self) -> str:
        """A class by name, after ``[:``."""
        end = self.pattern.find(":]", self.at)
        name = self.pattern[self.at : max(end, self.at)]
        negative = name.startswith("^")
        made = _POSIX.get(name.removeprefix("^").lower())
        if end < 0 or made is None:
            raise SqlError(BAD_ARGUMENT)
        self.at = end + 2
        return f"[^{made}]" if negative else made


def translate(pattern: str, multiline: bool, dot_all: bool, unix_lines: bool) -> str:
    """`pattern`, written for ICU, as `regex` (version 1) understands it."""
    return Translation(pattern, _Flags(multiline, dot_all, unix_lines)).text()
