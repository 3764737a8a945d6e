"""What `jit` makes of functions: what Python and kernels see of them, while nothing is compiled.

A process that serves takes machine code from disk (`stored_code`) and compiles nothing: it does
not load numba, which takes as long as all of that. Whatever needs it (`lean`) comes when numba asks
for a type, that is when a kernel is compiled that uses the function.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from redo import stored_code

#: Kernels look whether each access is inside its array: `coding_kernels`.
CHECKED: Final = os.environ.get("NUMBA_BOUNDSCHECK", "0") not in ("", "0")


@functools.cache
def _compiler() -> Any:
    return importlib.import_module("redo.lean")


class Helper:
    """A function for kernels."""

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        functools.update_wrapper(self, function)
        self.py_func = function
        self._options = options
        self._for_python: Any = None

    @functools.cached_property
    def _known(self) -> Any:
        return _compiler().helper(self.py_func, self._options)

    @property
    def _numba_type_(self) -> Any:
        return self._known._numba_type_

    def __call__(self, *args: Any) -> Any:
        if self._for_python is None:
            self._for_python = _compiler().njit(**self._options)(self.py_func)
        return self._for_python(*args)


class Kernel(functools.partial[Any]):
    """A function that is compiled for Python, and for other kernels: as it is in the cache.

    entry    what Python calls; this object is little more;  address  what kernels call
    """

    entry: Callable[..., Any]
    address: int
    compiled: bool  #: it was not in the cache

    def __new__(
        cls, function: Callable[..., Any], signature: str, directory: Path, **options: Any
    ) -> Kernel:
        def dispatcher() -> Any:
            return _compiler().dispatcher(function, signature, directory, options)

        code = None if CHECKED else stored_code.find(directory, function)
        if code is None:
            known = dispatcher()
            loaded = _compiler().kept(known, function, directory)
        else:
            known, loaded = None, stored_code.load(function, code)
        made = super().__new__(cls, loaded.entry)
        functools.update_wrapper(made, function)
        made.entry, made.address, made.compiled = loaded.entry, loaded.address, code is None
        made._known, made._dispatcher = known, dispatcher
        return made

    _known: Any
    _dispatcher: Callable[[], Any]

    @property
    def _numba_type_(self) -> Any:
        if self._known is None:
            self._known = self._dispatcher()
        return self._known._numba_type_


class Routine:
    """A function that is compiled by itself: Python calls `compiled`, kernels call `symbol`."""

    def __init__(self, function: Callable[..., Any], compiled: Kernel, symbol: str) -> None:
        functools.update_wrapper(self, function)
        self.py_func = function
        self._compiled = compiled
        self._symbol = symbol

    @functools.cached_property
    def _numba_type_(self) -> Any:
        names = list(inspect.signature(self.py_func).parameters)
        self._known = _compiler().called_by_symbol(names, self._symbol)
        return _compiler().type_of(self._known)

    def __call__(self, *args: Any) -> Any:
        return self._compiled(*args)


class Intrinsic:
    """numba's `intrinsic`: instructions for kernels."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__doc__ = function.__doc__
        self.py_func = function

    @functools.cached_property
    def _numba_type_(self) -> Any:
        self._known = _compiler().intrinsic(self.py_func)
        return _compiler().type_of(self._known)


class External:
    """A function of a C library, for kernels; names of numba's types.

    >>> sys_read = External("read", "int64", "int32", "intp", "int64")
    """

    def __init__(self, symbol: str, result: str, *arguments: str) -> None:
        self._symbol = symbol
        self._kinds = (result, *arguments)

    @functools.cached_property
    def _numba_type_(self) -> Any:
        result, *arguments = (getattr(types, kind) for kind in self._kinds)
        return types.ExternalFunction(self._symbol, result(*arguments))


class _Later:
    """A module that is imported when somebody wants something of it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        value = getattr(importlib.import_module(self._name), name)
        setattr(self, name, value)  # asked for with every access to an array
        return value


types: Any = _Later("numba.types")
cgutils: Any = _Later("numba.core.cgutils")
ir: Any = _Later("llvmlite.ir")

places: Any = _Later("redo.places")


def beginning(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    """Pointer to the first element of what a kernel has for an array."""
    if not CHECKED:
        return array
    return context.make_array(kind)(context, builder, array).data
