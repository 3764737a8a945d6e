"""What kernels call, compiled no further than they need it.

numba makes of each jitted function an optimised library with machine code, a wrapper for Python and
one for C, once for every combination of literal arguments. A helper is only ever linked into
kernels, where it is optimised again together with its caller: all the rest was half of the time of
a first start. `Helper` makes bitcode of it: arguments lose their literal types, there are no
wrappers and no machine code. Called from Python (tests do), it is compiled the ordinary way.

What stands for a function meanwhile is in `compiled`.

This leans on insides of numba; `setup.cfg` bounds its version.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.binding
import numba
import numba.core.cgutils
import numba.core.compiler
from llvmlite.binding import ffi
from numba import types
from numba.core import config, sigutils
from numba.core.codegen import JITCodeLibrary
from numba.core.dispatcher import _FunctionCompiler  # type: ignore[attr-defined]
from numba.core.registry import CPUDispatcher, cpu_target
from numba.extending import intrinsic

from redo import places, shortcuts, stored_code
from redo.compiled import CHECKED

# llvmlite tells numba of each of its 200,000 calls, for timers that nobody reads.
ffi.lib._lock._cblist.clear()
shortcuts.take()

compiler: Any = numba.core.compiler  #: numba's own functions are partly typed
cgutils: Any = numba.core.cgutils
unliteral: Any = types.unliteral
njit: Any = numba.njit
_normalized: Any = sigutils.normalize_signature


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
        self._machine_code = machine_code
        self.enable_object_caching()  # type: ignore[no-untyped-call]
        self._set_compiled_object(machine_code)  # type: ignore[no-untyped-call]
        self._finalize_final_module()  # type: ignore[no-untyped-call]

    def _get_module_for_linking(self) -> Any:
        if self._shared_module is None:
            self._shared_module = llvmlite.binding.parse_bitcode(self._bitcode)
            engine: Any = self._codegen._engine
            engine._load_defined_symbols(self._shared_module)
        return self._shared_module

    def _get_compiled_object(self) -> Any:
        """For `kept`: who compiled it was killed before, or is just about to do that."""
        return self._machine_code

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


def helper(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    """A helper as numba knows it. Numba's types do not hold what they are of: the caller does."""
    return _HelperDispatcher(function, {"nopython": True, **options})


def dispatcher(
    function: Callable[..., Any], signature: str, directory: Path, options: dict[str, Any]
) -> Any:
    """A kernel as numba knows it, out of its cache or compiled."""
    config.CACHE_DIR = str(directory)  # type: ignore[attr-defined]
    config.CACHE_LOCATOR_CLASSES = "redo.kernel_cache.ContentLocator"  # type: ignore[attr-defined]
    arguments, result = _normalized(signature)
    signature = result(*map(places.place_of, arguments))
    return njit(signature, cache=True, **options)(function)


def kept(known: Any, function: Callable[..., Any], directory: Path) -> stored_code.Loaded:
    """What numba has compiled, kept on disk for the next time."""
    (result,) = known.overloads.values()
    names, library = result.fndesc, result.library
    if not CHECKED:
        environment = cpu_target.target_context.get_env_name(names)
        symbols = (names.llvm_cpython_wrapper_name, names.llvm_func_name, environment)
        code = stored_code.Code(*symbols, library._get_compiled_object())
        stored_code.keep(directory, function, code)
    address = library.get_pointer_to_function(names.llvm_func_name)
    return stored_code.Loaded(result.entry_point, address)


def type_of(made: Any) -> Any:
    """What numba takes an intrinsic for."""
    cpu_target.typing_context.refresh()  # it is typing its caller, and must know of it
    return cpu_target.typing_context.resolve_value_type(made)


def called_by_symbol(names: list[str], symbol: str) -> Any:
    """An intrinsic of these arguments that calls a symbol."""
    kinds = {"st": places.WORDS, "mem": places.BYTES}
    arguments = tuple(kinds.get(name, types.int64) for name in names)

    def typer(*_given: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = context.call_conv.get_function_type(types.int64, arguments)
            callee = cgutils.get_or_insert_function(builder.module, kind, symbol)
            _status, value = context.call_conv.call_function(
                builder, callee, types.int64, arguments, args
            )
            return value

        return types.int64(*arguments), codegen

    listed = ", ".join(names)
    space: dict[str, Any] = {"typer": typer}
    exec(f"def linked(typingctx, {listed}):\n    return typer({listed})\n", space)
    return intrinsic(space["linked"])
