"""Functions of one number in machine code: Python calls them for what a call of a builtin costs.

A kernel's own way in from Python takes a tuple of arguments, gives up the interpreter's lock and
takes it again: 80 ns, of which a lookup in a hot page is a third (November 2026). What is made here
takes the number as it is, goes straight to the kernel, and makes the answer itself. It keeps the
lock: only for kernels that are done within a microsecond or so.

::

    call(self, number):                 self: bytes, words of this function
        result ← kernel(block, number)
        result = nothing, or 0      None
        result > 0                  bytes: `result` is their address, a word says how many
        result < 0                  ask(number, result): whatever it gives or raises

Not with ``NUMBA_DISABLE_JIT=1``: then there is no machine code to go to.
"""

from __future__ import annotations

import ctypes
import functools
import struct
from collections.abc import Callable
from typing import Any, Final

import llvmlite.binding as llvm

_API = (
    *("PyLong_AsLongLong", "PyErr_Occurred", "PyBytes_FromStringAndSize", "PyLong_FromLongLong"),
    *("PyObject_CallFunctionObjArgs", "Py_IncRef", "Py_DecRef"),
)
_METH_O: Final = 8
_WORDS_AT: Final = bytes.__basicsize__ - 1  #: where the bytes of a bytes object are

#: `kernel` is as numba calls functions: a status, and the result through a pointer.
_TEXT: Final = """
declare i64 @PyLong_AsLongLong(ptr)
declare ptr @PyErr_Occurred()
declare ptr @PyBytes_FromStringAndSize(ptr, i64)
declare ptr @PyLong_FromLongLong(i64)
declare ptr @PyObject_CallFunctionObjArgs(ptr, ...)
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)

%words = type {{ ptr, i64, ptr, i64, ptr }}  ; kernel, block, counter, nothing, ask
@name = constant [12 x i8] c"number_call\\00"
@method = global {{ ptr, ptr, i32, ptr }} {{ ptr @name, ptr @call, i32 {meth_o}, ptr null }}

define ptr @call(ptr %self, ptr %number) {{
  %slot = alloca i64
  %error = alloca ptr
  %value = call i64 @PyLong_AsLongLong(ptr %number)
  %odd = icmp eq i64 %value, -1
  br i1 %odd, label %asked, label %known
asked:
  %raised = call ptr @PyErr_Occurred()
  %none = icmp eq ptr %raised, null
  br i1 %none, label %known, label %fail
fail:
  ret ptr null
known:
  %at = getelementptr i8, ptr %self, i64 {words_at}
  %words = load %words, ptr %at, align 8
  %kernel = extractvalue %words %words, 0
  %block = extractvalue %words %words, 1
  %status = call i32 %kernel(ptr %slot, ptr %error, i64 %block, i64 %value)
  %result = load i64, ptr %slot
  %done = icmp sgt i64 %result, 0
  br i1 %done, label %found, label %other
found:
  %address = inttoptr i64 %result to ptr
  %counter = extractvalue %words %words, 2
  %count = load i64, ptr %counter
  %bytes = call ptr @PyBytes_FromStringAndSize(ptr %address, i64 %count)
  ret ptr %bytes
other:
  %empty = icmp eq i64 %result, 0
  %nothing = extractvalue %words %words, 3
  %absent = icmp eq i64 %result, %nothing
  %no = or i1 %empty, %absent
  br i1 %no, label %nobody, label %ask
nobody:
  %answer = inttoptr i64 {none} to ptr
  call void @Py_IncRef(ptr %answer)
  ret ptr %answer
ask:
  %asking = extractvalue %words %words, 4
  %code = call ptr @PyLong_FromLongLong(i64 %result)
  %made = call ptr (ptr, ...) @PyObject_CallFunctionObjArgs(
      ptr %asking, ptr %number, ptr %code, ptr null)
  call void @Py_DecRef(ptr %code)
  ret ptr %made
}}
"""


@functools.cache
def _engine() -> llvm.ExecutionEngine:
    """The machine code, once in a process: functions may die in any order, it never does."""
    for name in _API:
        function = getattr(ctypes.pythonapi, name)
        llvm.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    text = _TEXT.format(meth_o=_METH_O, words_at=_WORDS_AT, none=id(None))
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text), machine)
    engine.finalize_object()
    return engine


def number_call(
    kernel: int, block: int, counter: int, nothing: int, ask: Callable[[int, int], Any]
) -> Callable[[int], Any]:
    """A function of an int64; TypeError and OverflowError for what is none.

    kernel   address of a kernel ``i8(i8, i8)``, called with `block` and the number
    counter  address of the word with the count of bytes where the result is their address
    nothing  a code that means None
    ask      called with number and code for any other code; the function keeps it alive
    """
    words = struct.pack("=5q", kernel, block, counter, nothing, id(ask))
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype = ctypes.py_object
    make.argtypes = (ctypes.c_void_p, ctypes.py_object, ctypes.py_object)
    made: Callable[[int], Any] = make(_engine().get_global_value_address("method"), words, ask)
    return made
