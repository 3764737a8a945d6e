"""What numba does over and over while it compiles, done once: a third of a first start.

- An operator on integers has the same type every time; numba tries forty templates for each.
- The variables of a statement are looked for in everything that it holds, its place in the source
  and its numbers included.
- Each function of a module, declarations too, gets a pass manager of its own.
- What numba writes is verified, and looked through for functions that make functions, for
  expressions of arrays, for closures: kernels have none.

Like `lean`, this leans on insides of numba, of which `setup.cfg` bounds the version.
"""

from __future__ import annotations

import operator
from typing import Any

import llvmlite.binding
import numba.core.ir
from numba import types
from numba.core import codegen, cpu, typed_passes, untyped_passes

from redo.compiled import CHECKED
from redo.wrappers import add_wrapper

_llvm: Any = llvmlite.binding
_context: Any = cpu.CPUContext
_closures: Any = untyped_passes.InlineClosureLikes
_rewrites: Any = typed_passes.NopythonRewrites
_closures_inlined = _closures.run_pass

_BaseFunction: Any = types.BaseFunction
_unliteral: Any = types.unliteral
_resolve = _BaseFunction.get_call_type
_operators = {value for value in vars(operator).values() if callable(value)}
_known: dict[Any, tuple[Any, Any]] = {}  #: by function type and arguments: signature, its key


def _call_type(self: Any, context: Any, args: Any, kws: Any) -> Any:
    """`BaseFunction.get_call_type`, once for each combination of integer types."""
    plain = tuple(_unliteral(kind) for kind in args)
    whole = all(isinstance(kind, (types.Integer, types.Boolean)) for kind in plain)
    if kws or not whole or self.typing_key not in _operators:
        return _resolve(self, context, args, kws)
    asked = (self.typing_key, len(self.templates), plain)
    if asked not in _known:
        signature = _resolve(self, context, plain, kws)
        _known[asked] = signature, self.get_impl_key(signature)
    signature, self._impl_keys[signature.args] = _known[asked]
    return signature


_ir: Any = numba.core.ir
_BARREN = frozenset({str, int, bool, float, type(None), _ir.Loc, _ir.Scope})


def _variables(value: Any, found: list[Any]) -> None:
    kind = type(value)
    if kind is _ir.Var:
        found.append(value)
    elif kind in (list, tuple):
        for part in value:
            if type(part) not in _BARREN:
                _variables(part, found)
    elif kind is dict:
        for part in value.values():
            if type(part) not in _BARREN:
                _variables(part, found)
    elif isinstance(value, _ir.Var):
        found.append(value)
    elif isinstance(value, _ir.Inst):
        found.extend(value.list_vars())


def _list_variables(_self: Any, value: Any) -> list[Any]:
    found: list[Any] = []
    _variables(value, found)
    return found


def _optimize_functions(self: Any, module: Any) -> None:
    """`CodeLibrary._optimize_functions` with one pass manager, for functions that have a body."""
    module.data_layout = self._codegen._data_layout
    manager, builder = self._codegen._function_pass_manager()
    for function in module.functions:
        if not function.is_declaration:
            manager.run(function, builder)


def _inline_closures(self: Any, state: Any) -> bool:
    """`InlineClosureLikes.run_pass` for functions that make functions."""
    blocks = state.func_ir.blocks.values()
    if any(any(block.find_exprs("make_function")) for block in blocks):
        return bool(_closures_inlined(self, state))
    return False


def _add_module(self: Any, module: Any) -> None:
    """`CPUCodeLibrary.add_ir_module`: what numba writes is valid."""
    self._raise_if_finalized()
    parsed = _llvm.parse_assembly(str(module))
    parsed.name = module.name
    self.add_llvm_module(parsed)


def take() -> None:
    """Put all of this in its place; once in a process, before anything is compiled."""
    _closures.run_pass = _inline_closures
    _rewrites.run_pass = lambda self, state: False
    _BaseFunction.get_call_type = _call_type
    _ir.Inst._rec_list_vars = _list_variables
    library: Any = codegen.CPUCodeLibrary
    library._optimize_functions = _optimize_functions
    library.add_ir_module = _add_module
    if not CHECKED:
        _context.create_cpython_wrapper = add_wrapper
    machine: Any = codegen.CPUCodegen
    machine._check_llvm_bugs = lambda self: None
