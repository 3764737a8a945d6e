"""Machine code of kernels on disk, and its way into a process: without numba, but for two modules.

::

    <cache>/<module>-<stamp>/<kernel>-<machine>.code
        "<wrapper> <function> <environment>\\n"    symbols: what Python calls, what kernels call
        <object file>

numba's own cache gives back all that it knows of a function, 3 ms each, which is of use only to who
compiles something that calls it. A process that serves calls some three hundred functions and
compiles none. The stamp covers sources and versions (`jit`), the machine is what LLVM compiles for.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm


@dataclass(frozen=True, slots=True)
class Code:
    """A function's object file and the symbols in it.

    wrapper      called by Python;  function  by kernels
    environment  a pointer that the wrapper insists on
    """

    wrapper: str
    function: str
    environment: str
    binary: bytes


@dataclass(frozen=True, slots=True)
class Loaded:
    """A function in this process: for Python, and its address for kernels."""

    entry: Callable[..., Any]
    address: int


@functools.cache
def _extension(name: str) -> Any:
    """A module of numba that is written in C, without the package around it."""
    package = importlib.util.find_spec("numba")
    assert package is not None
    places = package.submodule_search_locations
    spec = importlib.machinery.PathFinder.find_spec(f"numba.{name}", places)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def _engine() -> Any:
    for name, address in _extension("_helperlib").c_helpers.items():  # what wrappers call
        llvm.add_symbol(f"numba_{name}", address)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)


@functools.cache
def _machine() -> str:
    features = llvm.get_host_cpu_features().flatten()
    what = f"{llvm.get_process_triple()} {llvm.get_host_cpu_name()} {features}"
    return hashlib.sha256(what.encode()).hexdigest()[:12]


def _path(directory: Path, function: Callable[..., Any]) -> Path:
    return directory / f"{function.__qualname__}-{_machine()}.code"


def find(directory: Path, function: Callable[..., Any]) -> Code | None:
    """What is on disk for this machine; None: nothing."""
    try:
        content = _path(directory, function).read_bytes()
    except FileNotFoundError:
        return None
    symbols, _, binary = content.partition(b"\n")
    wrapper, name, environment = symbols.decode().split(" ")
    return Code(wrapper, name, environment, binary)


def keep(directory: Path, function: Callable[..., Any], code: Code) -> None:
    """Put it on disk, whole or not at all."""
    directory.mkdir(parents=True, exist_ok=True)
    path = _path(directory, function)
    draft = path.with_suffix(f".{os.getpid()}")
    symbols = f"{code.wrapper} {code.function} {code.environment}\n"
    draft.write_bytes(symbols.encode() + code.binary)
    draft.replace(path)


def load(function: Callable[..., Any], code: Code) -> Loaded:
    """Put it into this process."""
    engine = _engine()
    engine.add_object_file(llvm.ObjectFileRef.from_data(code.binary))
    dynfunc = _extension("_dynfunc")
    environment = dynfunc.Environment(function.__globals__)
    pointer = engine.get_global_value_address(code.environment)
    ctypes.c_void_p.from_address(pointer).value = id(environment)
    entry = dynfunc.make_function(
        sys.modules[function.__module__],
        function.__name__,
        function.__doc__ or "",
        engine.get_function_address(code.wrapper),
        environment,
        (engine,),
    )
    return Loaded(entry, engine.get_function_address(code.function))
