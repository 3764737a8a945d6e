"""Strings that are bytes only as long as nobody looks at their collation.

A literal DOUBLE, PI() and the date that GREATEST or LEAST chose write their text in no character
set, whatever their collation says, and functions that give a part of it or choose it leave it so.
A JSON function sees bytes then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mysqlcompat.sql.branches import OF_DATES, branches_of, is_chosen
from mysqlcompat.sql.typed import IMPLICIT, Call, Cast, Expression, Literal
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
    places = () if chosen.function.name in _CHOOSING else passed_on(chosen)
    made = [
        in_branches(
            replace(arg, args=(one if shown is None else replace(shown, arg=_own(one)), *rest))
        )
        if n in places
        else one
        for n, one in enumerate(chosen.args)
    ]
    return replace(chosen, type=arg.type, args=tuple(made)) if places else arg


def _own(branch: Expression) -> Expression:
    """A branch before it was made what all branches are, unless digits were lost on the way."""
    is_double = isinstance(branch, Cast) and branch.arg.type.cls is Class.DOUBLE
    return branch.arg if isinstance(branch, Cast) and is_double else branch


def passes_bytes(arg: Expression) -> bool:
    """Whether it is bytes, or may be where it chose them."""
    return shows_bytes(arg) or any(map(passes_bytes, _chosen(in_branches(arg))))


def passed_on(arg: Expression) -> Sequence[int]:
    """Numbers of the arguments one of which is the string that `arg` is."""
    if not isinstance(arg, Call):
        return ()
    if arg.function.name in _CHOOSING:
        return range(len(arg.args))
    return () if arg.function.name == "elt" else branches_of(arg)


def _chosen(arg: Expression) -> list[Expression]:
    return [arg.args[n] for n in passed_on(arg)] if isinstance(arg, Call) else []
