"""Multiplication that says whether it fits: one machine instruction and its overflow flag; and the
upper half of a product.

(Dividing the wrapped product by a factor does not do: LLVM folds ``a * b // b`` to ``a``.)
"""

# mypy: disable-error-code="no-untyped-def,misc"
from __future__ import annotations

from redo import jit

if not jit.DISABLED:
    types, ir, intrinsic = jit.types, jit.ir, jit.Intrinsic

    @intrinsic
    def fits_product(typingctx, a, b):
        """Whether a × b fits int64."""

        def codegen(context, builder, signature, args):
            both = builder.smul_with_overflow(args[0], args[1])
            return builder.not_(builder.extract_value(both, 1))

        return types.boolean(types.int64, types.int64), codegen

    @intrinsic
    def high_product(typingctx, a, b):
        """The upper 64 bits of a × b, both read as unsigned."""

        def codegen(context, builder, signature, args):
            wide = ir.IntType(128)
            a, b = (builder.zext(arg, wide) for arg in args)
            upper = builder.lshr(builder.mul(a, b), ir.Constant(wide, 64))
            return builder.trunc(upper, ir.IntType(64))

        return types.int64(types.int64, types.int64), codegen

else:

    def fits_product(a, b):
        """Whether a × b fits int64."""
        return -(2**63) <= int(a) * int(b) < 2**63

    def high_product(a, b):
        """The upper 64 bits of a × b, both read as unsigned."""
        mask = 2**64 - 1
        upper = (int(a) & mask) * (int(b) & mask) >> 64
        return upper - 2**64 if upper >= 2**63 else upper
