"""Remembering what was made of a text, if the text is short: clients send texts of megabytes, and a
cache must not keep hundreds of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, Final, ParamSpec, TypeVar

CHARACTERS: Final = 1024  #: of the longest text that is remembered

Text = TypeVar("Text", bound=str | bytes)
Made = TypeVar("Made")
Rest = ParamSpec("Rest")
Function = Callable[Concatenate[Text, Rest], Made]


def remembered(count: int) -> Callable[[Function[Text, Rest, Made]], Function[Text, Rest, Made]]:
    """A decorator for pure functions of a text: the last `count` answers are kept."""

    def decorate(function: Function[Text, Rest, Made]) -> Function[Text, Rest, Made]:
        kept = lru_cache(maxsize=count)(function)

        @wraps(function)
        def answer(text: Text, /, *rest: Rest.args, **named: Rest.kwargs) -> Made:
            asked = kept if len(text) <= CHARACTERS else function
            return asked(text, *rest, **named)

        return answer

    return decorate
