"""EXTRACTVALUE and UPDATEXML by a constant path of steps and simple predicates: one instruction;
every other path is a callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from btree.layout import RUN_SHIFT
from mysqlcompat.functions import xpath
from mysqlcompat.functions.markup import path_of
from mysqlcompat.machine import function_codes as codes
from mysqlcompat.machine.ops import markup_kernels, search_kernels, text_kernels
from mysqlcompat.machine.program import Register
from mysqlcompat.sql.code_moments import is_text
from mysqlcompat.sql.code_texts import UTF8, search_flags
from mysqlcompat.sql.typed import Call, ColumnRef, Expression, Literal
from mysqlcompat.sqltypes import Class

if TYPE_CHECKING:
    from mysqlcompat.sql.code_expressions import Coder

_MOST_STEPS: Final = 32
_AXES: Final = {
    xpath.CHILD: codes.MARKUP_CHILD,
    xpath.ATTRIBUTES: codes.MARKUP_ATTRIBUTE,
    xpath.DESCENDANTS: codes.MARKUP_DESCENDANTS,
}


class _TooMuch(Exception):
    """A path that is more than steps and simple predicates."""


class _Steps:
    """The words of a path's steps."""

    def __init__(self, coder: Coder, path: xpath.Path, collation: str) -> None:
        self._coder = coder
        self._inputs = path.inputs
        self._collation = collation

    def words(self, what: int, nodes: xpath.Nodes) -> list[int]:
        """Of a whole path. Raises _TooMuch."""
        steps: list[list[int]] = []
        while not isinstance(nodes, xpath.Root):
            if isinstance(nodes, xpath.Step):
                steps.append(self._step(nodes))
            elif isinstance(nodes, xpath.Filtered):
                steps.append(self._predicate(nodes))
            else:
                raise _TooMuch
            nodes = nodes.start
        if len(steps) > _MOST_STEPS:
            raise _TooMuch
        return [what, len(steps), *(word for step in reversed(steps) for word in step)]

    def counted(self, value: xpath.Value) -> xpath.Nodes:
        """The nodes that a path is the number of. Raises _TooMuch."""
        taken = self._taken(value.expression)
        if taken.what != "count":
            raise _TooMuch
        return taken.nodes

    def _taken(self, expression: Expression) -> xpath.Input:
        taken = None
        if isinstance(expression, ColumnRef):
            taken = self._inputs[expression.column_no]
        if taken is None:
            raise _TooMuch
        return taken

    def _step(self, step: xpath.Step) -> list[int]:
        if step.axis not in _AXES:
            raise _TooMuch
        return [_AXES[step.axis], *self._name(step.name), 0, 0, 0]

    def _name(self, name: bytes) -> tuple[int, int]:
        return (0, 0) if name[:1] == xpath.ANY else (self._coder.asm.block(name), len(name))

    def _predicate(self, filtered: xpath.Filtered) -> list[int]:
        test = filtered.test
        place = self._position(filtered)
        if place is not None:
            return [codes.MARKUP_AT, 0, 0, 0, 0, place - 1]
        taken = self._taken(test.expression)
        if not test.is_truth:
            if taken.what != "count" or taken.nodes is not filtered.current:
                raise _TooMuch
            return [codes.MARKUP_LAST, 0, 0, 0, 0, 0]
        match taken.nodes:
            case xpath.Current() if taken.nodes is filtered.current and taken.what == "any":
                name, axis = (0, 0), codes.MARKUP_SELF
            case xpath.Step(start=start) if start is filtered.current and taken.what in _ASKED:
                name, axis = self._name(taken.nodes.name), _AXES.get(taken.nodes.axis, -1)
                if axis not in (codes.MARKUP_CHILD, codes.MARKUP_ATTRIBUTE):
                    raise _TooMuch
            case _:
                raise _TooMuch
        if taken.what == "one":
            return [codes.MARKUP_ONE, *name, axis, 0, 0]
        return [codes.MARKUP_ANY, *name, axis, *self._wanted(taken)]

    def _position(self, filtered: xpath.Filtered) -> int | None:
        """The number of ``[2]`` and ``[position()=2]``."""
        match filtered.test.expression:
            case Literal(value=int() as number) if not filtered.test.is_truth:
                return number
            case Call(function=function, args=(place, Literal(value=int() as number))):
                taken = self._taken(place)
                is_own = taken.what == "position" and taken.nodes is filtered.current
                return number if is_own and function.name == "=" else None
        return None

    def _wanted(self, taken: xpath.Input) -> tuple[int, int]:
        """The lane of a text, and how texts are compared with it."""
        flags = search_flags(self._collation)
        match taken.test:
            case Call(function=function, args=(ColumnRef(), Literal(value=str() as text))):
                is_plain = text.isascii() and text.isprintable()
                if function.name == "=" and flags and (is_plain or not flags & text_kernels.FOLD):
                    data = text.encode()
                    flags |= 0 if "0900" in self._collation else search_kernels.PAD
                    lane = self._coder.asm.block(data or b"\0") << RUN_SHIFT | len(data)
                    return lane, flags
        raise _TooMuch


_ASKED: Final = ("any", "one")


def _emit(coder: Coder, call: Call, new: Expression | None = None) -> Register | None:
    document, path = call.args[:2]
    given = (document,) if new is None else (document, new)
    if not all(is_text(one.type) and one.type.charset in UTF8 for one in given):
        return None
    if not isinstance(path, Literal) or path.literal_no is not None:
        return None
    if not isinstance(path.value, str) or path.type.cls is not Class.STRING:
        return None
    collation = call.type.collation
    found = path_of(path.value, collation)
    steps = _Steps(coder, found, collation)
    try:
        if new is not None:
            what, nodes = codes.MARKUP_UPDATE, found.found
        elif isinstance(found.found, xpath.Value):
            what, nodes = codes.MARKUP_COUNT, steps.counted(found.found)
        else:
            what, nodes = codes.MARKUP_TEXT, found.found
        if isinstance(nodes, xpath.Value):
            return None
        words = steps.words(what, nodes)
    except _TooMuch:
        return None
    documents, others = coder.value(document), coder.value(new or document)
    constant = coder.asm.words(words)
    op = markup_kernels.op_markup
    return coder.emit_checked(op, call, documents, constant, others, partial=True)


def _extract(coder: Coder, call: Call) -> Register | None:
    return _emit(coder, call)


def _update(coder: Coder, call: Call) -> Register | None:
    return _emit(coder, call, call.args[2])


CODED: Final[dict[str, Callable[[Coder, Call], Register | None]]] = {
    "extractvalue": _extract,
    "updatexml": _update,
}
