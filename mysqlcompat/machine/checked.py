"""Multiplication that says whether it fits: one machine instruction and its overflow flag.

(Dividing the wrapped product by a factor does not do: LLVM folds ``a * b // b`` to ``a``.)
"""

# mypy: disable-error-code="no-untyped-def,misc"
from __future__ import annotations

from redo import jit

if not jit.DISABLED:
    from numba import types
    from numba.extending import intrinsic

    @intrinsic
    def fits_product(typingctx, a, b):
        """Whether a × b fits int64."""

        def codegen(context, builder, signature, args):
            both = builder.smul_with_overflow(args[0], args[1])
            return builder.not_(builder.extract_value(both, 1))

        return types.boolean(types.int64, types.int64), codegen

else:

    def fits_product(a, b):
        """Whether a × b fits int64."""
        return -(2**63) <= int(a) * int(b) < 2**63
