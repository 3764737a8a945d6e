"""What kernels call, compiled no further than they need it.

numba makes of each jitted function an optimised library with machine code, a wrapper for Python and
one for C, once for every combination of literal arguments. A helper is only ever linked into
kernels, where it is optimised again together with its caller: all the rest was half of the time of
a first start. `Helper` makes bitcode of it: arguments lose their literal types, there are no
wrappers and no machine code. Called from Python (tests do), it is compiled the ordinary way.

`Kernel` is a compiled function as a process has it (`stored_code`), `Routine` stands for one that
kernels call by its symbol.

This leans on insides of numba; `setup.cfg` bounds its version.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.binding
import numba
import numba.core.cgutils
import numba.core.compiler
from llvmlite.binding import ffi
from numba import types
from numba.core import config
from numba.core.codegen import JITCodeLibrary
from numba.core.dispatcher import _FunctionCompiler  # type: ignore[attr-defined]
from numba.core.registry import CPUDispatcher, cpu_target
from numba.extending import intrinsic

from redo import shortcuts, stored_code

# llvmlite tells numba of each of its 200,000 calls, for timers that nobody reads.
ffi.lib._lock._cblist.clear()
shortcuts.take()

#: Kernels look whether each access is inside its array: `coding_kernels`.
CHECKED = bool(config.BOUNDSCHECK)  # type: ignore[attr-defined]
compiler: Any = numba.core.compiler  #: numba's own functions are partly typed
cgutils: Any = numba.core.cgutils
unliteral: Any = types.unliteral
njit: Any = numba.njit


class _Bitcode(JITCodeLibrary):
    """Code that waits to be linked into a kernel."""

    def _optimize_final_module(self) -> None:
        """Nothing: the kernel's passes see all of it."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()  # type: ignore[no-untyped-call]
        self._verify_declare_only_symbols()  # type: ignore[no-untyped-call]
        self._finalized = True


class _Loaded(JITCodeLibrary):
    """A kernel out of the cache. Its bitcode is read only if another kernel wants to inline it."""

    def __init__(self, codegen: Any, name: str, machine_code: bytes, bitcode: bytes) -> None:
        super().__init__(codegen, name)  # type: ignore[no-untyped-call]
        self._bitcode = bitcode
        self.enable_object_caching()  # type: ignore[no-untyped-call]
        self._set_compiled_object(machine_code)  # type: ignore[no-untyped-call]
        self._finalize_final_module()  # type: ignore[no-untyped-call]

    def _get_module_for_linking(self) -> Any:
        if self._shared_module is None:
            self._shared_module = llvmlite.binding.parse_bitcode(self._bitcode)
            engine: Any = self._codegen._engine
            engine._load_defined_symbols(self._shared_module)
        return self._shared_module

    def get_pointer_to_function(self, name: str) -> Any:
        if name.startswith("cfunc."):  # kernels have none; looking for it would end the process
            self._get_module_for_linking()
            return super().get_pointer_to_function(name)  # type: ignore[no-untyped-call]
        return self._codegen._engine.get_function_address(name)


def _load(state: Any) -> Any:
    """What numba calls for the library of a cached function."""
    name, kind, data = state
    if kind == "object":
        return _Loaded(_codegen, name, *data)
    return JITCodeLibrary._unserialize(_codegen, state)  # type: ignore[no-untyped-call]


_codegen: Any = cpu_target.target_context.codegen()
_codegen.unserialize_library = _load


class _HelperCompiler(_FunctionCompiler):  # type: ignore[misc]
    def _compile_core(self, args: Any, return_type: Any) -> Any:
        flags = compiler.Flags()
        self.targetdescr.options.parse_as_flags(flags, self.targetoptions)
        flags.no_cpython_wrapper = True
        flags.no_cfunc_wrapper = True
        flags.no_compile = True
        context = self.targetdescr.target_context
        library: Any = _Bitcode
        return compiler.compile_extra(
            self.targetdescr.typing_context,
            context,
            self.py_func,
            args=args,
            return_type=return_type,
            flags=flags,
            locals=self.locals,
            library=library(context.codegen(), self.py_func.__qualname__),
            pipeline_class=self.pipeline_class,
        )


class _HelperDispatcher(CPUDispatcher):
    """What kernels see of a helper."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        super().__init__(function, targetoptions=options)
        self._compiler = _HelperCompiler(function, self.targetdescr, options, {}, compiler.Compiler)

    def get_call_template(self, args: Any, kws: Any) -> Any:
        plain = [unliteral(kind) for kind in args]
        return super().get_call_template(
            plain, {name: unliteral(kind) for name, kind in kws.items()}
        )

    def add_overload(self, result: Any) -> None:
        context: Any = self.targetctx
        key = object()  # stands for machine code where numba looks implementations up
        context.insert_user_function(key, result.fndesc, [result.library])
        self.overloads[tuple(result.signature.args)] = result._replace(entry_point=key)


class Helper:
    """A function for kernels."""

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        functools.update_wrapper(self, function)
        self.py_func = function
        self._options = options
        self._for_python: Any = None

    @functools.cached_property
    def _for_kernels(self) -> _HelperDispatcher:
        return _HelperDispatcher(self.py_func, {"nopython": True, **self._options})

    @property
    def _numba_type_(self) -> Any:
        dispatcher: Any = self._for_kernels
        return dispatcher._numba_type_

    def __call__(self, *args: Any) -> Any:
        if self._for_python is None:
            self._for_python = njit(**self._options)(self.py_func)
        return self._for_python(*args)


class Kernel(functools.partial[Any]):
    """A function that is compiled for Python, and for other kernels: as it is in the cache.

    entry    what Python calls; this object is little more;  address  what kernels call
    Numba hears of it only when it is compiled, or a kernel is compiled that calls it.
    """

    entry: Callable[..., Any]
    address: int
    compiled: bool  #: it was not in the cache

    def __new__(
        cls, function: Callable[..., Any], signature: str, directory: Path, **options: Any
    ) -> Kernel:
        def compiled() -> Any:
            config.CACHE_DIR = str(directory)  # type: ignore[attr-defined]
            config.CACHE_LOCATOR_CLASSES = "redo.kernel_cache.ContentLocator"  # type: ignore[attr-defined]
            return njit(signature, cache=True, **options)(function)

        code = None if CHECKED else stored_code.find(directory, function)
        dispatcher = compiled() if code is None else None
        if code is None:
            loaded = _of_numba(dispatcher, function, directory)
        else:
            loaded = stored_code.load(function, code)
        made = super().__new__(cls, loaded.entry)
        functools.update_wrapper(made, function)
        made.entry, made.address, made.compiled = loaded.entry, loaded.address, code is None
        made._compiled, made._dispatcher = compiled, dispatcher
        return made

    _compiled: Callable[[], Any]
    _dispatcher: Any

    @property
    def _numba_type_(self) -> Any:
        if self._dispatcher is None:
            self._dispatcher = self._compiled()
        return self._dispatcher._numba_type_


def _of_numba(dispatcher: Any, function: Callable[..., Any], directory: Path) -> stored_code.Loaded:
    """What numba has compiled, kept for the next time."""
    (result,) = dispatcher.overloads.values()
    names, library = result.fndesc, result.library
    if not CHECKED:
        environment = cpu_target.target_context.get_env_name(names)
        symbols = (names.llvm_cpython_wrapper_name, names.llvm_func_name, environment)
        code = stored_code.Code(*symbols, library._get_compiled_object())
        stored_code.keep(directory, function, code)
    address = library.get_pointer_to_function(names.llvm_func_name)
    return stored_code.Loaded(result.entry_point, address)


class Routine:
    """A function that is compiled by itself: Python calls `compiled`, kernels call `symbol`."""

    def __init__(self, function: Callable[..., Any], compiled: Kernel, symbol: str) -> None:
        functools.update_wrapper(self, function)
        self.py_func = function
        self._compiled = compiled
        self._symbol = symbol

    @functools.cached_property
    def _linked(self) -> Any:
        kinds = {"st": types.int64[::1], "mem": types.uint8[::1]}
        names = inspect.signature(self.py_func).parameters
        arguments = tuple(kinds.get(name, types.int64) for name in names)
        linked = _linked(self.py_func, self._symbol, arguments)
        cpu_target.typing_context.refresh()  # numba is typing its caller, and must know of it
        return cpu_target.typing_context.resolve_value_type(linked)

    @property
    def _numba_type_(self) -> Any:
        return self._linked

    def __call__(self, *args: Any) -> Any:
        return self._compiled(*args)


def _linked(function: Callable[..., Any], symbol: str, arguments: tuple[Any, ...]) -> Any:
    """An intrinsic that calls `symbol`."""

    def typer(*_given: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = context.call_conv.get_function_type(types.int64, arguments)
            callee = cgutils.get_or_insert_function(builder.module, kind, symbol)
            _status, value = context.call_conv.call_function(
                builder, callee, types.int64, arguments, args
            )
            return value

        return types.int64(*arguments), codegen

    names = ", ".join(inspect.signature(function).parameters)
    space: dict[str, Any] = {"typer": typer}
    exec(f"def linked(typingctx, {names}):\n    return typer({names})\n", space)
    return intrinsic(space["linked"])
