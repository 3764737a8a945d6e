"""The way from Python into a kernel: a tuple of arrays and integers in, an integer out.

numba's wrapper takes any type apart and reports any exception: fifteen thousand characters of
LLVM's language for each kernel, a tenth of all compilation. Kernels take places and 64-bit
integers, return one, raise nothing, and run without the GIL, so a page of it does.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
from numba import types
from numba.core.cpu import CPUContext

from redo.places import Place

_llvm: Any = llvmlite.binding
_numbas_wrapper: Any = CPUContext.create_cpython_wrapper
_DATA = 4  #: in what numba_adapt_ndarray fills in, words; the size of an element is before it
_DESCRIPTION_WORDS = 5 + 2 * 64  #: of an array of as many dimensions as there can be

_TEXT = """
declare i64 @PyTuple_Size(ptr)
declare ptr @PyTuple_GetItem(ptr, i64)
declare i64 @PyLong_AsLongLong(ptr)
declare ptr @PyLong_FromLongLong(i64)
declare ptr @PyErr_Occurred()
declare i32 @PyErr_BadArgument()
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare i32 @numba_adapt_ndarray(ptr, ptr)
declare i32 @"{function}"(ptr, ptr{kinds})

define ptr @"{wrapper}"(ptr %closure, ptr %given, ptr %keywords) {{
  %array = alloca [{words} x i64], align 8
  %result = alloca i64, align 8
  %exception = alloca ptr, align 8
  %count = call i64 @PyTuple_Size(ptr %given)
  %complete = icmp eq i64 %count, {count}
  br i1 %complete, label %take, label %refuse
take:
{take}
  %error = call ptr @PyErr_Occurred()
  %good = icmp eq ptr %error, null
  br i1 %good, label %run, label %failed
run:
  %thread = call ptr @PyEval_SaveThread()
  call i32 @"{function}"(ptr %result, ptr %exception{values})
  call void @PyEval_RestoreThread(ptr %thread)
  %value = load i64, ptr %result
  %made = call ptr @PyLong_FromLongLong(i64 %value)
  ret ptr %made
refuse:
  %refused = call i32 @PyErr_BadArgument()
  br label %failed
failed:
  ret ptr null
}}
"""

_INTEGER = """
  %o{i} = call ptr @PyTuple_GetItem(ptr %given, i64 {i})
  %a{i} = call i64 @PyLong_AsLongLong(ptr %o{i})"""

_ARRAY = """
  %o{i} = call ptr @PyTuple_GetItem(ptr %given, i64 {i})
  %c{i} = call i32 @numba_adapt_ndarray(ptr %o{i}, ptr %array)
  %b{i} = icmp eq i32 %c{i}, 0
  br i1 %b{i}, label %array{i}, label %refuse
array{i}:
  %s{i} = getelementptr i64, ptr %array, i64 {size_at}
  %w{i} = load i64, ptr %s{i}
  %x{i} = icmp eq i64 %w{i}, {size}
  br i1 %x{i}, label %place{i}, label %refuse
place{i}:
  %d{i} = getelementptr i64, ptr %array, i64 {data_at}
  %a{i} = load ptr, ptr %d{i}"""


def _take(number: int, kind: Any) -> str:
    """Argument `number` as %a<number>."""
    if not isinstance(kind, Place):
        return _INTEGER.format(i=number)
    size = kind.element.bitwidth // 8
    return _ARRAY.format(i=number, size=size, size_at=_DATA - 1, data_at=_DATA)


def add_wrapper(context: Any, library: Any, names: Any, *rest: Any, **options: Any) -> None:
    """`CPUContext.create_cpython_wrapper`; numba's own for what is not a kernel's signature."""
    kinds = names.argtypes
    simple = all(isinstance(kind, Place) or kind == types.int64 for kind in kinds)
    if not simple or names.restype != types.int64:
        _numbas_wrapper(context, library, names, *rest, **options)
        return
    words = ["ptr" if isinstance(kind, Place) else "i64" for kind in kinds]
    text = _TEXT.format(
        wrapper=names.llvm_cpython_wrapper_name,
        function=names.llvm_func_name,
        count=len(kinds),
        words=_DESCRIPTION_WORDS,
        kinds="".join(f", {word}" for word in words),
        take="".join(_take(number, kind) for number, kind in enumerate(kinds)),
        values="".join(f", {word} %a{number}" for number, word in enumerate(words)),
    )
    module = _llvm.parse_assembly(text)
    module.name = "wrapper"
    library.add_llvm_module(module)
