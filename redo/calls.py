"""Calling a kernel through its address: how large kernels use each other without being one.

numba links a callee's code into its caller, so a kernel that uses ten large helpers costs the
compilation of all ten, and so does each other kernel that uses them. A call through an address
costs 2.6 ns (November 2026) and compiles nothing. Addresses are of this process and of those forked
from it: they are put into state words at start, never cached on disk.

With ``NUMBA_DISABLE_JIT=1`` an address is a number in a Python list.

``words_at`` and ``memory_at`` are a node's two arrays again, from their addresses: for kernels that
Python calls with numbers only, as to pass two arrays takes longer than to look up a row.

``outside…`` calls functions of C libraries: ``(address, (integers and addresses …)) -> int64``, of
which no more than the function's own result is defined.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from redo import jit

if not jit.DISABLED:
    types, ir, cgutils, intrinsic = jit.types, jit.ir, jit.cgutils, jit.Intrinsic
    places = jit.places

    def _array_at(name: str) -> Any:
        @intrinsic
        def at(typingctx, address, count):
            item = getattr(types, name)

            def codegen(context, builder, signature, args):
                if not jit.CHECKED:
                    return builder.inttoptr(args[0], context.get_value_type(signature.return_type))
                array = context.make_array(item[::1])(context, builder)
                data = builder.inttoptr(args[0], array.data.type)
                width = context.get_constant(types.intp, item.bitwidth // 8)
                array.data, array.nitems, array.itemsize = data, args[1], width
                array.shape = cgutils.pack_array(builder, [args[1]])
                array.strides = cgutils.pack_array(builder, [width])
                array.meminfo = cgutils.get_null_value(array.meminfo.type)
                array.parent = cgutils.get_null_value(array.parent.type)
                return array._getvalue()

            return places.place_of(item[::1])(types.int64, types.int64), codegen

        return at

    def _caller(count: int) -> Any:
        @intrinsic
        def call(typingctx, address, st, mem, numbers):
            arguments = (places.WORDS, places.BYTES) + (types.int64,) * count

            def codegen(context, builder, signature, args):
                kind = context.call_conv.get_function_type(types.int64, arguments)
                pointer = builder.inttoptr(args[0], kind.as_pointer())
                values = [args[1], args[2]]
                values += [builder.extract_value(args[3], i) for i in range(count)]
                _status, result = context.call_conv.call_function(
                    builder, pointer, types.int64, arguments, values
                )
                return result

            numbers_type = types.UniTuple(types.int64, count)
            return types.int64(types.int64, arguments[0], arguments[1], numbers_type), codegen

        return call

    def _outside(count: int) -> Any:
        @intrinsic
        def call(typingctx, address, numbers):
            def codegen(context, builder, signature, args):
                word = ir.IntType(64)
                kind = ir.FunctionType(word, (word,) * count)
                values = [builder.extract_value(args[1], i) for i in range(count)]
                return builder.call(builder.inttoptr(args[0], kind.as_pointer()), values)

            return types.int64(types.int64, types.UniTuple(types.int64, count)), codegen

        return call

    def address_of(kernel: Any) -> int:
        """Machine address of a `@kernel` of signature ``i8(i8[::1], u1[::1], i8, …)``."""
        return int(kernel.address)

else:
    _functions: list[Any] = []

    def _array_at(name: str) -> Any:
        item = getattr(ctypes, f"c_{name}")
        return lambda address, count: np.frombuffer(
            memoryview((item * int(count)).from_address(int(address))), item
        )

    def _caller(count: int) -> Any:
        def call(address, st, mem, numbers):
            assert len(numbers) == count
            return _functions[address](st, mem, *numbers)

        return call

    def _outside(count: int) -> Any:
        kind = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * count)

        def call(address, numbers):
            assert len(numbers) == count
            return kind(address)(*numbers)

        return call

    def address_of(kernel: Any) -> int:
        """Number of a function, for `call…`."""
        if kernel not in _functions:
            _functions.append(kernel)
        return _functions.index(kernel)


words_at = _array_at("int64")
memory_at = _array_at("uint8")

call2 = _caller(2)
call3 = _caller(3)
call4 = _caller(4)
call5 = _caller(5)
call6 = _caller(6)
call7 = _caller(7)
call9 = _caller(9)
call10 = _caller(10)
call12 = _caller(12)

outside3 = _outside(3)
outside4 = _outside(4)
outside5 = _outside(5)
outside6 = _outside(6)
