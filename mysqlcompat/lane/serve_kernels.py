"""One packet of a client -> the reply's bytes, without Python: look the plan up, bind, run, frame.

A statement is served here when its shape (or its statement id) has been installed by the plan
cache, which installs only programs that need no Python, and when every parameter is of the type it
was installed with. Everything else gives E_CALLBACK and the packet goes to the session unread.
"""

from __future__ import annotations

from btree.layout import RUN_SHIFT
from mysqlcompat.lane.fingerprint_kernels import fingerprint
from mysqlcompat.lane.lane_layout import (
    C_CAPABILITIES,
    C_CONTEXT,
    C_CTX,
    C_KIND,
    C_MODE,
    C_PREPARED,
    C_ROWS,
    C_STATUS,
    C_TABLES,
    C_WRITES,
    CLIENT_DEPRECATE_EOF,
    CLIENT_QUERY_ATTRIBUTES,
    COM_QUERY,
    COM_STMT_EXECUTE,
    L_EXECUTE,
    L_LITERALS,
    L_OUT,
    L_OUT_BYTES,
    L_PARAMETERS,
    L_PLANS,
    L_SHAPE,
    L_SHAPE_BYTES,
    L_SLOTS,
    LITERAL_DECIMAL,
    LITERAL_INT,
    LITERAL_LIMIT,
    LITERAL_STRING,
    LITERAL_WORDS,
    PLAN_SLOTS,
    PREPARED_SLOTS,
    S_CONTEXT,
    S_KEY,
    S_KIND,
    S_PARAMETERS,
    S_PINS,
    S_PREFIX,
    S_PREFIX_BYTES,
    S_PREFIX_PACKETS,
    S_PROGRAM,
    S_SHAPE,
    S_SHAPE_BYTES,
    S_SLOT_COUNT,
    S_SLOTS,
    S_TABLE,
    S_TYPES,
    SERVED_WORDS,
    SERVES_BEGIN,
    SERVES_ROWS,
    TABLE_SLOTS,
    UNKNOWN_TABLES,
)
from mysqlcompat.lane.transaction_kernels import run_transaction
from mysqlcompat.lane.write_kernels import STATUS_IN_TRANSACTION, convert_slots, run_change
from mysqlcompat.machine.calls import call7
from mysqlcompat.machine.state import (
    EXECUTE_BINARY,
    EXECUTE_IN_TRANSACTION,
    ST_MACHINE_ROWS,
    ST_MACHINE_SEQUENCE,
)
from redo.codes import E_CALLBACK, E_NO_ROOM
from redo.coding_kernels import (
    compare,
    hash_bytes,
    load_i32,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    move,
    store_i64,
    store_u8,
    store_u16,
)
from redo.jit import helper, kernel, routine


@helper
def word(mem, block, number):
    return load_i64(mem, block + 8 * number)


@helper
def are_pinned(mem, pins, text, literals):
    """Whether a text has the literals that a served statement was made for."""
    at = pins + 8
    for _ in range(load_i64(mem, pins)):
        record = literals + load_i64(mem, at) * LITERAL_WORDS * 8
        size = load_i64(mem, at + 8)
        start = load_i64(mem, record + 8)
        given = load_i64(mem, record + 16) - start
        if compare(mem, at + 16, size, text + start, given) != 0:
            return False
        at += 16 + (size + 7 & ~7)
    return True


@helper
def plan_find(mem, plans, key, shape, shape_bytes, context, text, literals):
    """Offset of the served statement for a text; 0 when there is none."""
    slot = key & (PLAN_SLOTS - 1)
    for _ in range(PLAN_SLOTS):
        entry = plans + slot * SERVED_WORDS * 8
        found = word(mem, entry, S_KEY)
        if found == 0:
            return 0
        if found == key and word(mem, entry, S_CONTEXT) == context:
            count = word(mem, entry, S_SHAPE_BYTES)
            if compare(mem, word(mem, entry, S_SHAPE), count, shape, shape_bytes) == 0:
                pins = word(mem, entry, S_PINS)
                if pins == 0 or are_pinned(mem, pins, text, literals):
                    return entry
        slot = (slot + 1) & (PLAN_SLOTS - 1)
    return 0


@helper
def shape_key(mem, shape, shape_bytes, context):
    """Hash for the plan table: never 0 (empty) nor -1 (removed)."""
    return ((hash_bytes(mem, shape, shape_bytes) ^ (context * 0x9E3779B97F4A7C1)) | 1) & (2**62 - 1)


@kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def statement_key(st, mem, shape, shape_bytes, context):
    """`shape_key` for Python, which fills the plan table."""
    return shape_key(mem, shape, shape_bytes, context)


@helper
def bind_literals(mem, literals, count, text, parameters, nulls):
    """Literal records -> lane values; 0, or E_CALLBACK when one needs Python to be read."""
    for number in range(count):
        record = literals + number * LITERAL_WORDS * 8
        kind = load_i64(mem, record)
        if kind == LITERAL_STRING:
            if load_i64(mem, record + 32):
                return E_CALLBACK
            start = load_i64(mem, record + 8) + 1
            size = load_i64(mem, record + 16) - 1 - start
            store_i64(mem, parameters + 8 * number, (text + start) << RUN_SHIFT | size)
        elif kind == LITERAL_INT or kind == LITERAL_DECIMAL:
            value = load_i64(mem, record + 24)
            if value < 0:
                return E_CALLBACK
            store_i64(mem, parameters + 8 * number, value)
        else:
            return E_CALLBACK
        store_u8(mem, nulls + number, 0)
    return 0


@helper
def find_text(mem, lane, connection, text, count):
    """Served statement for a text, its literals bound; E_CALLBACK when Python must read it."""
    shape = word(mem, lane, L_SHAPE)
    literals = word(mem, lane, L_LITERALS)
    found = fingerprint(
        mem, text, count, word(mem, connection, C_MODE),
        shape, word(mem, lane, L_SHAPE_BYTES), literals, LITERAL_LIMIT,
    )  # fmt: skip
    if found < 0:
        return E_CALLBACK
    shape_bytes = found & 0xFFFFFFFF
    number = found >> 32
    context = word(mem, connection, C_CONTEXT)
    key = shape_key(mem, shape, shape_bytes, context)
    plans = word(mem, lane, L_PLANS)
    entry = plan_find(mem, plans, key, shape, shape_bytes, context, text, literals)
    if entry == 0 or word(mem, entry, S_PARAMETERS) != number:
        return E_CALLBACK
    parameters = word(mem, lane, L_PARAMETERS)
    bound = bind_literals(mem, literals, number, text, parameters, parameters + 8 * number)
    return entry if bound == 0 else bound


@helper
def bind_value(mem, kind, at, end, to):
    """One binary parameter -> lane value at `to`; the offset after it, or E_CALLBACK."""
    if kind == 0x08 and at + 8 <= end:
        store_i64(mem, to, load_i64(mem, at))
        return at + 8
    if kind == 0x03 and at + 4 <= end:
        store_i64(mem, to, load_i32(mem, at))
        return at + 4
    if kind == 0x02 and at + 2 <= end:
        store_i64(mem, to, (load_u16(mem, at) ^ 0x8000) - 0x8000)
        return at + 2
    if kind == 0x01 and at < end:
        store_i64(mem, to, (load_u8(mem, at) ^ 0x80) - 0x80)
        return at + 1
    if (kind == 0xFD or kind == 0xFE or kind == 0x0F) and at < end:
        size = load_u8(mem, at)
        at += 1
        if size == 0xFC and at + 2 <= end:
            size = load_u16(mem, at)
            at += 2
        elif size > 0xFA:
            return E_CALLBACK
        if at + size <= end:
            store_i64(mem, to, at << RUN_SHIFT | size)
            return at + size
    return E_CALLBACK


@helper
def find_prepared(mem, lane, connection, packet, count):
    """Served statement for COM_STMT_EXECUTE, its parameters bound; or E_CALLBACK."""
    end = packet + count
    if (
        count < 10
        or load_u8(mem, packet + 5)
        or word(mem, connection, C_CAPABILITIES) & CLIENT_QUERY_ATTRIBUTES
    ):
        return E_CALLBACK
    statement = load_u32(mem, packet + 1) + 1
    entry = (
        word(mem, connection, C_PREPARED) + (statement & (PREPARED_SLOTS - 1)) * SERVED_WORDS * 8
    )
    if word(mem, entry, S_KEY) != statement:
        return E_CALLBACK
    number = word(mem, entry, S_PARAMETERS)
    if number == 0:
        return entry
    bitmap = packet + 10
    at = bitmap + ((number + 7) >> 3)
    types = word(mem, entry, S_TYPES)
    if at >= end:
        return E_CALLBACK
    bound = load_u8(mem, at)
    at += 1
    if bound:
        if at + 2 * number > end:
            return E_CALLBACK
        for i in range(number):
            if load_u16(mem, at + 2 * i) != load_u8(mem, types + i):
                return E_CALLBACK
        at += 2 * number
    parameters = word(mem, lane, L_PARAMETERS)
    nulls = parameters + 8 * number
    for i in range(number):
        null = (load_u8(mem, bitmap + (i >> 3)) >> (i & 7)) & 1
        store_u8(mem, nulls + i, null)
        if null:
            store_i64(mem, parameters + 8 * i, 0)
            continue
        at = bind_value(mem, load_u8(mem, types + i), at, end, parameters + 8 * i)
        if at < 0:
            return E_CALLBACK
    return entry if at == end else E_CALLBACK


@helper
def put_eof(mem, at, sequence, status, deprecate, closing):
    """An EOF packet, or the OK packet that replaces the closing one; bytes written."""
    if deprecate and not closing:
        return 0
    store_u8(mem, at + 1, 0)
    store_u8(mem, at + 2, 0)
    store_u8(mem, at + 3, sequence)
    store_u8(mem, at + 4, 0xFE)
    if deprecate:  # 0xfe, affected rows 0, insert id 0, status, warnings
        store_u8(mem, at, 7)
        store_u16(mem, at + 5, 0)
        store_u16(mem, at + 7, status)
        store_u16(mem, at + 9, 0)
        return 11
    store_u8(mem, at, 5)
    store_u16(mem, at + 5, 0)
    store_u16(mem, at + 7, status)
    return 9


@helper
def bound_slots(mem, lane, entry):
    """Offset of the slots a served statement takes, made from the parameters; or E_CALLBACK."""
    given = word(mem, lane, L_PARAMETERS)
    sources = word(mem, entry, S_SLOTS)
    if sources == 0:
        return given
    slots = word(mem, lane, L_SLOTS)
    given_nulls = given + 8 * word(mem, entry, S_PARAMETERS)
    count = word(mem, entry, S_SLOT_COUNT)
    code = convert_slots(mem, sources, count, given, given_nulls, slots)
    return slots if code == 0 else code


@helper
def run_entry(st, mem, lane, connection, entry, slots, binary):
    """Run a served SELECT; bytes of the whole reply in the lane's out buffer, or a code."""
    out = word(mem, lane, L_OUT)
    limit = out + word(mem, lane, L_OUT_BYTES) - 64
    program = word(mem, entry, S_PROGRAM)
    status = word(mem, connection, C_STATUS)
    flags = binary * EXECUTE_BINARY
    if status & STATUS_IN_TRANSACTION:
        flags |= EXECUTE_IN_TRANSACTION
    deprecate = (word(mem, connection, C_CAPABILITIES) & CLIENT_DEPRECATE_EOF) != 0
    prefix_bytes = word(mem, entry, S_PREFIX_BYTES)
    if out + prefix_bytes + 16 > limit:
        return E_NO_ROOM
    move(mem, out, word(mem, entry, S_PREFIX), prefix_bytes)
    sequence = word(mem, entry, S_PREFIX_PACKETS) + 1
    to = out + prefix_bytes
    written = put_eof(mem, to, sequence, status, deprecate, False)
    if written:
        sequence += 1
        to += written
    rows = call7(
        word(mem, lane, L_EXECUTE), st, mem,
        (program, word(mem, connection, C_CTX), slots, to, limit - to, sequence, flags),
    )  # fmt: skip
    if rows < 0:
        return rows
    store_i64(mem, connection + 8 * C_ROWS, st[ST_MACHINE_ROWS])
    store_i64(mem, connection + 8 * C_KIND, SERVES_ROWS)
    to += rows
    to += put_eof(mem, to, st[ST_MACHINE_SEQUENCE] & 255, status, deprecate, True)
    return to - out


@helper
def note_table(mem, connection, table):
    """The transaction of this connection uses a table; data definition will want to know."""
    for number in range(C_TABLES, C_TABLES + TABLE_SLOTS):
        noted = word(mem, connection, number)
        if noted == table:
            return
        if noted == 0:
            store_i64(mem, connection + 8 * number, table)
            return
    store_i64(mem, connection + 8 * (C_TABLES + TABLE_SLOTS - 1), UNKNOWN_TABLES)


@routine
def serve_packet(st, mem, lane, connection, packet, count):
    """Serve one command; `packet` is its payload. Bytes of the reply, or a code: Python's turn.

    When the connection's C_WAIT is not 0 afterwards, the reply must wait for VDL to get there.
    """
    command = load_u8(mem, packet)
    if command == COM_QUERY:
        text = packet + 1
        count -= 1
        if word(mem, connection, C_CAPABILITIES) & CLIENT_QUERY_ATTRIBUTES:
            if count < 2 or load_u16(mem, text) != 0x0100:  # 0 parameters, 1 set
                return E_CALLBACK
            text += 2
            count -= 2
        entry = find_text(mem, lane, connection, text, count)
        binary = 0
    elif command == COM_STMT_EXECUTE:
        entry = find_prepared(mem, lane, connection, packet, count)
        binary = 1
    else:
        return E_CALLBACK
    if entry < 0:
        return entry
    kind = word(mem, entry, S_KIND)
    if kind >= SERVES_BEGIN:
        return run_transaction(st, mem, lane, connection, kind)
    slots = bound_slots(mem, lane, entry)
    if slots < 0:
        return slots
    table = word(mem, entry, S_TABLE)
    if kind != SERVES_ROWS:
        result = run_change(st, mem, lane, connection, entry, slots)
    elif table > 0 and table & 1 and word(mem, connection, C_WRITES) == 0:
        return E_CALLBACK  # FOR UPDATE, perhaps in a transaction that is READ ONLY
    else:
        result = run_entry(st, mem, lane, connection, entry, slots, binary)
    if result >= 0 and word(mem, connection, C_STATUS) & STATUS_IN_TRANSACTION:
        note_table(mem, connection, table)
    return result
