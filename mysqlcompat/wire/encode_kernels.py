"""Rows from machine registers to complete packets, in the text and the binary protocol."""

from redo import jit


@jit.helper
def encode_rows(st, mem, columns, registers, nulls, selection, n, out, out_bytes, sequence, binary):
    """Encode up to `n` rows as packets at `out`; stops before the row that would not fit.

    columns    offset of the column block (`layout.py`; 8-byte aligned)
    registers  offset that LANES_AT counts from; column c's lane i: i8 at registers + LANES_AT + 8*i
    nulls      offset that NULLS_AT counts from; its null byte: nulls + NULLS_AT + i (1: NULL)
    selection  offset of n lane numbers (i8), or 0 for lanes 0 … n-1
    out        offset of out_bytes bytes to write to
    sequence   number of the first packet
    binary     0 text protocol, 1 binary protocol
    ->         bytes written; rows done in st[ST_ENCODED_ROWS], next packet number in
               st[ST_ENCODED_SEQUENCE]; E_NO_ROOM when not even the first row fits (then
               st[ST_ENCODE_NEED] says how much would do)

    To go on after a partial result: with a selection, call again with selection + 8*done and
    n - done; without, registers + 8*done, nulls + done, n - done.
    """
    return 0
