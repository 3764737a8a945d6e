"""Strings that are bytes only as long as nobody looks at their collation.

A literal DOUBLE, PI() and the date that GREATEST or LEAST chose write their text in no character
set, whatever their collation says, and functions that give a part of it or choose it leave it so.
A JSON function sees bytes then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from mysqlcompat.sql.agreement import NUMERIC
from mysqlcompat.sql.branches import OF_DATES, branches_of, is_chosen
from mysqlcompat.sql.typed import EXPLICIT, IMPLICIT, Call, Cast, Expression, Literal
from mysqlcompat.sqltypes import Class

#: Functions whose string is in the character set of the first one, whatever that is.
_OF_NUMBERS: Final = ("upper", "lower", "left", "right", "substring", "repeat")
_TRIMMING: Final = ("trim@plain", "trim@both", "trim@leading", "trim@trailing")
_OF_STRINGS: Final = (*_OF_NUMBERS, *_TRIMMING, "ltrim", "rtrim", "reverse")
_CHOOSING: Final = ("coalesce", "ifnull", "any_value")


def shows_bytes(arg: Expression) -> bool:
    """Whether a string is bytes, whatever its value is."""
    if not isinstance(arg, Call):
        return False
    name, chosen = arg.function.name, _chosen(arg)
    if chosen:
        return all(map(shows_bytes, chosen))
    if name not in _OF_STRINGS:
        return name in OF_DATES
    first = arg.args[0]
    inner = first.arg if isinstance(first, Cast) and first.mode == IMPLICIT else first
    return (name in _OF_NUMBERS and _is_literal(inner)) or shows_bytes(first)


def marked(arg: Expression, mark: Callable[[Expression], Expression]) -> Expression:
    """A string where only text will do, each branch that shows bytes within a `mark`."""
    if isinstance(arg, Cast) and arg.mode == IMPLICIT:
        return _marked_number(arg, mark)
    arg = in_branches(arg)
    if shows_bytes(arg):
        return mark(arg)
    places = passed_on(arg)
    if not isinstance(arg, Call) or not places:
        return arg
    is_number = _is_of_numbers(arg)
    made = [
        marked(one, mark) if n in places and (is_number or isinstance(one, Call)) else one
        for n, one in enumerate(arg.args)
    ]
    return replace(arg, args=tuple(made))


def _is_of_numbers(text: Expression) -> bool:
    """Whether it is the text of a number that was chosen, not a text beside which one was."""
    return text.type.coercibility >= NUMERIC


def _marked_number(shown: Cast, mark: Callable[[Expression], Expression]) -> Expression:
    """The text of a number: that of a literal DOUBLE is bytes, also where it is chosen."""
    number = shown.arg
    if _is_literal(number):
        return mark(shown)
    if not isinstance(number, Call) or not is_chosen(number) or not _may_be_literal(number):
        return shown
    places = branches_of(number)
    made = [
        _marked_number(replace(shown, arg=_own(one)), mark) if n in places else one
        for n, one in enumerate(number.args)
    ]
    return replace(number, type=shown.type, args=tuple(made))


def _may_be_literal(number: Expression) -> bool:
    """Whether IF, CASE or NULLIF may choose a literal DOUBLE."""
    if _is_literal(number):
        return True
    if not isinstance(number, Call) or not is_chosen(number):
        return False
    return number.type.cls is Class.DOUBLE and any(
        _may_be_literal(_own(number.args[n])) for n in branches_of(number)
    )


def _is_literal(number: Expression) -> bool:
    """A literal DOUBLE or PI(), or nothing else that IF, CASE or NULLIF may choose."""
    if isinstance(number, Literal):
        return number.type.cls is Class.DOUBLE
    if not isinstance(number, Call) or not is_chosen(number):
        return isinstance(number, Call) and number.function.name == "pi"
    return all(_is_literal(number.args[one]) for one in branches_of(number))


def in_branches(arg: Expression) -> Expression:
    """``LOWER(IF(c, 1e0, i))`` as ``IF(c, LOWER(1e0), LOWER(i))``: what is chosen may be a literal
    DOUBLE, hence bytes."""
    if not isinstance(arg, Call) or arg.function.name not in _OF_STRINGS:
        return arg
    first, *rest = arg.args
    shown = first if isinstance(first, Cast) and first.mode == IMPLICIT else None
    chosen = in_branches(first) if shown is None else shown.arg
    if not isinstance(chosen, Call) or (shown is not None and chosen.type.cls is not Class.DOUBLE):
        return arg
    places = () if shown is not None and chosen.function.name in _CHOOSING else passed_on(chosen)
    made = [
        in_branches(
            replace(
                arg,
                args=(
                    _as_text(chosen, one) if shown is None else replace(shown, arg=_own(one)),
                    *rest,
                ),
            )
        )
        if n in places
        else one
        for n, one in enumerate(chosen.args)
    ]
    return replace(chosen, type=arg.type, args=tuple(made)) if places else arg


def _as_text(chosen: Call, branch: Expression) -> Expression:
    """A branch of a text that was chosen: beside texts a literal DOUBLE has become one."""
    if not isinstance(branch, Cast) or branch.mode != IMPLICIT or _is_of_numbers(chosen):
        return branch
    return replace(branch, mode=EXPLICIT)


def _own(branch: Expression) -> Expression:
    """A branch before it was made what all branches are, unless digits were lost on the way."""
    is_double = isinstance(branch, Cast) and branch.arg.type.cls is Class.DOUBLE
    return branch.arg if isinstance(branch, Cast) and is_double else branch


def passes_bytes(arg: Expression) -> bool:
    """Whether it is bytes, or may be where it chose them."""
    return shows_bytes(arg) or any(map(passes_bytes, _chosen(in_branches(arg))))


def called_as(whole: Expression, branch: Expression) -> Expression:
    """A branch that may be bytes, which JSON calls by the type of the whole."""
    if not passes_bytes(branch):
        return branch
    return replace(branch, type=replace(branch.type, kind=whole.type.kind))


def passed_on(arg: Expression) -> Sequence[int]:
    """Numbers of the arguments one of which is the string that `arg` is."""
    if not isinstance(arg, Call):
        return ()
    if arg.function.name in _CHOOSING:
        return range(len(arg.args))
    return () if arg.function.name == "elt" else branches_of(arg)


def _chosen(arg: Expression) -> list[Expression]:
    return [arg.args[n] for n in passed_on(arg)] if isinstance(arg, Call) else []
