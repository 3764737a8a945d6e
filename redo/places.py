"""What `st` and `mem` are to kernels: the address of their first element, and no more.

numba describes an array by seven words, which it hands over with each call, copies at each access,
and which LLVM then takes apart again, function by function. Kernels never ask an array for more
than where it begins. So a `Place` is passed for it; Python gives arrays all the same. Only where
bounds are checked (`compiled.CHECKED`) they are numba's arrays, which know how long they are.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numba import extending, types
from numba.core import pythonapi, typing
from numba.core.typing.typeof import Purpose

from redo.compiled import CHECKED, ir

_extending: Any = extending  #: numba's own functions are partly typed
_templates: Any = typing.templates
_infer, _signature = _templates.infer_global, _templates.signature
_models: Any = extending.models
_native: Any = pythonapi.NativeValue
_array_type: Any = _extending.typeof_impl.dispatch(np.ndarray)


class Place(types.Type):
    """Where elements of this type begin."""

    def __init__(self, element: Any) -> None:
        self.element = element
        super().__init__(name=f"Place({element})")

    @property
    def array(self) -> Any:
        """What Python gives."""
        return types.Array(self.element, 1, "C")


WORDS: Any = types.int64[::1] if CHECKED else Place(types.int64)
BYTES: Any = types.uint8[::1] if CHECKED else Place(types.uint8)
_OF_ARRAYS: dict[Any, Any] = {types.int64[::1]: WORDS, types.uint8[::1]: BYTES}


def place_of(kind: Any) -> Any:
    """The type that kernels have for a numba type."""
    return _OF_ARRAYS.get(kind, kind)


@_extending.register_model(Place)
class _Model(_models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Place) -> None:
        super().__init__(manager, kind, ir.IntType(kind.element.bitwidth).as_pointer())


@_extending.unbox(Place)
def _unbox(kind: Place, given: Any, c: Any) -> Any:
    array = c.unbox(kind.array, given)
    data = c.context.make_array(kind.array)(c.context, c.builder, array.value).data
    return _native(data, is_error=array.is_error)


@_extending.typeof_impl.register(np.ndarray)
def _type_of(array: Any, context: Any) -> Any:
    kind = _array_type(array, context)
    return place_of(kind) if context.purpose == Purpose.argument else kind


@_infer(operator.getitem)
class _Get(_templates.AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, _kws: Any) -> Any:
        place, _index = args
        if isinstance(place, Place):
            return _signature(place.element, place, types.int64)
        return None


@_infer(operator.setitem)
class _Set(_templates.AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, _kws: Any) -> Any:
        place, _index, _value = args
        if isinstance(place, Place):
            return _signature(types.none, place, types.int64, place.element)
        return None


@_extending.lower_builtin(operator.getitem, Place, types.Integer)
def _get(_context: Any, builder: Any, _signed: Any, args: Any) -> Any:
    return builder.load(builder.gep(args[0], [args[1]]))


@_extending.lower_builtin(operator.setitem, Place, types.Integer, types.Integer)
def _set(context: Any, builder: Any, _signed: Any, args: Any) -> Any:
    place, index, value = args
    builder.store(value, builder.gep(place, [index]))
    return context.get_dummy_value()
