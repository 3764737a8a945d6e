"""Encrypting batches and page images: XAES-256-GCM out of libcrypto, called by address.

XAES-256-GCM is AES-256-GCM under a key derived for each message from the first half of a nonce of
192 bits, which leaves room for nonces that say what they are for (why they never recur: `cipher`)::

    batch   clock (8) epoch (8) lsn (8)     what follows its header; its header is bound to it
    image   salt (8) page_no (8) lsn (8)    what follows PAGE_BODY_AT

A batch is encrypted where it lies in the ring, before its CRC is made: so copies, repair, scrub and
recovery handle it without a key, and only whoever looks at records decrypts. The same holds for
images and their CRC. Of a batch's tag 96 bits are kept, in the end of its header. A record can be
read without its whole batch (`log_stream`), which does not authenticate: whoever does so has had
the batch opened once.

The body of a page that is all zeros stays so, that it takes no room; its tag is that of nothing.
"""

from __future__ import annotations

from redo import jit
from redo.calls import outside3, outside4, outside5, outside6
from redo.checksum_kernels import crc32c
from redo.cipher_layout import (
    C_BLOCKS,
    C_CONTROL,
    C_COUNT,
    C_DERIVED,
    C_FINAL,
    C_INIT,
    C_KEYS,
    C_LOG,
    C_NONCE,
    C_OPEN,
    C_PAGES,
    C_SEAL,
    C_STREAM,
    C_TAG,
    C_UPDATE,
    KEY_BYTES,
    Y_CONTEXT,
    Y_FROM,
    Y_MASK,
)
from redo.codes import E_CORRUPT
from redo.coding_kernels import (
    address_of,
    fill,
    load_i64,
    load_u32,
    store_i64,
    store_u32,
    store_u32_be,
)
from redo.image import PAGE_BODY_AT, PAGE_CRC_AT, PAGE_LSN_AT, PAGE_NO_AT
from redo.record import (
    BATCH_CLOCK_AT,
    BATCH_CRC_AT,
    BATCH_EPOCH_AT,
    BATCH_HEADER_BYTES,
    BATCH_LSN_AT,
    BATCH_TAG_AT,
    BATCH_TAG_BYTES,
)
from redo.record_kernels import batch_check, image_crc
from redo.segment_layout import STORE_ENTRY_BYTES, X_CRC, X_SALT, X_TAG

ENCRYPT = 1
DECRYPT = 0
_KEEP = -1  #: direction of a context as it was made
_LOW = 0xFFFFFFFF
_GET_TAG = 0x10
_SET_TAG = 0x11
_IMAGE_TAG_BYTES = 16
_DERIVE = 0x00580100  #: bytes 0, 1, "X", 0; the second block has a 2


@jit.helper
def is_one(result):
    """libcrypto's int for success; the upper half of the register means nothing."""
    return result & _LOW == 1


@jit.helper
def update(mem, cipher, context, out, source, count):
    """EVP_CipherUpdate; `out` and `source` are addresses."""
    length = address_of(mem, cipher + C_COUNT)
    call = load_i64(mem, cipher + C_UPDATE)
    return is_one(outside5(call, (context, out, length, source, count)))


@jit.helper
def key_derive(mem, cipher, key, n0, n1):
    """The key of a message, to C_DERIVED; the nonce begins with `n0` and the lower half of `n1`."""
    for i in range(2):
        at = cipher + C_BLOCKS + 16 * i
        store_u32(mem, at, (_DERIVE + 0x100 * i) ^ load_u32(mem, key + Y_MASK))
        store_u32(mem, at + 4, (n0 & _LOW) ^ load_u32(mem, key + Y_MASK + 4))
        store_u32(mem, at + 8, ((n0 >> 32) & _LOW) ^ load_u32(mem, key + Y_MASK + 8))
        store_u32(mem, at + 12, (n1 & _LOW) ^ load_u32(mem, key + Y_MASK + 12))
    context = load_i64(mem, key + Y_CONTEXT)
    out, source = address_of(mem, cipher + C_DERIVED), address_of(mem, cipher + C_BLOCKS)
    return update(mem, cipher, context, out, source, 32)


@jit.helper
def cipher_begin(mem, cipher, key, context, n0, n1, n2):
    """Set a context to a message's key and nonce; 1, or 0."""
    if not key_derive(mem, cipher, key, n0, n1):
        return 0
    store_u32(mem, cipher + C_NONCE, (n1 >> 32) & _LOW)
    store_i64(mem, cipher + C_NONCE + 4, n2)
    derived, nonce = address_of(mem, cipher + C_DERIVED), address_of(mem, cipher + C_NONCE)
    call = load_i64(mem, cipher + C_INIT)
    return 1 if is_one(outside6(call, (context, 0, 0, derived, nonce, _KEEP))) else 0


@jit.helper
def cipher_end(mem, cipher, direction, at, count, tag, tag_bytes):
    """Encrypt or decrypt mem[at:at+count] and write or verify its tag; 0 or E_CORRUPT."""
    context = load_i64(mem, cipher + (C_SEAL if direction == ENCRYPT else C_OPEN))
    place = address_of(mem, at)
    if count > 0 and not update(mem, cipher, context, place, place, count):
        return E_CORRUPT
    control, final = load_i64(mem, cipher + C_CONTROL), load_i64(mem, cipher + C_FINAL)
    tag_place = address_of(mem, tag)
    if direction == DECRYPT:
        if not is_one(outside4(control, (context, _SET_TAG, tag_bytes, tag_place))):
            return E_CORRUPT
    nowhere, length = address_of(mem, cipher + C_TAG), address_of(mem, cipher + C_COUNT)
    if not is_one(outside3(final, (context, nowhere, length))):
        return E_CORRUPT
    if direction == ENCRYPT:
        if not is_one(outside4(control, (context, _GET_TAG, tag_bytes, tag_place))):
            return E_CORRUPT
    return 0


@jit.helper
def log_key(mem, cipher, lsn):
    """The key of log at `lsn`: a clone has that of its parent below its own."""
    key = cipher + C_LOG
    for i in range(1, load_i64(mem, cipher + C_KEYS)):
        if load_i64(mem, cipher + C_LOG + KEY_BYTES * i + Y_FROM) <= lsn:
            key = cipher + C_LOG + KEY_BYTES * i
    return key


@jit.helper
def batch_begin(mem, cipher, header, context):
    """Set a context to the batch whose header is at `header`; 1, or 0."""
    lsn = load_i64(mem, header + BATCH_LSN_AT)
    clock, epoch = load_i64(mem, header + BATCH_CLOCK_AT), load_i64(mem, header + BATCH_EPOCH_AT)
    return cipher_begin(mem, cipher, log_key(mem, cipher, lsn), context, clock, epoch, lsn)


@jit.routine
def batch_turn(mem, cipher, at, length, direction):
    """Encrypt or decrypt a batch in place; its CRC is left alone. 0 or E_CORRUPT."""
    context = load_i64(mem, cipher + (C_SEAL if direction == ENCRYPT else C_OPEN))
    if batch_begin(mem, cipher, at, context) == 0:
        return E_CORRUPT
    bound = address_of(mem, at + BATCH_LSN_AT)
    if not update(mem, cipher, context, 0, bound, BATCH_TAG_AT - BATCH_LSN_AT):
        return E_CORRUPT
    body, count = at + BATCH_HEADER_BYTES, length - BATCH_HEADER_BYTES
    return cipher_end(mem, cipher, direction, body, count, at + BATCH_TAG_AT, BATCH_TAG_BYTES)


@jit.helper
def log_stream(mem, cipher, header, lsn, at, count):
    """Decrypt mem[at:at+count], log from `lsn` on, of the batch whose header is at `header`.

    0 or E_CORRUPT. Nothing is authenticated.
    """
    skip = lsn - load_i64(mem, header + BATCH_LSN_AT) - BATCH_HEADER_BYTES
    context = load_i64(mem, cipher + C_STREAM)
    # As GCM counts: block 1 is the tag's, the message begins with block 2.
    store_u32_be(mem, cipher + C_NONCE + 12, 2 + skip // 16)
    if batch_begin(mem, cipher, header, context) == 0:
        return E_CORRUPT
    nowhere, place = address_of(mem, cipher + C_BLOCKS), address_of(mem, at)
    if skip % 16 != 0 and not update(mem, cipher, context, nowhere, nowhere, skip % 16):
        return E_CORRUPT
    return 0 if update(mem, cipher, context, place, place, count) else E_CORRUPT


@jit.helper
def body_is_zero(mem, frame, page_bytes):
    """Are all bytes behind the header zero?"""
    at = frame + PAGE_BODY_AT
    if load_u32(mem, at) != 0:
        return False
    at += 4
    while at < frame + page_bytes:
        if load_i64(mem, at) != 0:
            return False
        at += 8
    return True


@jit.routine
def image_turn(mem, cipher, frame, page_bytes, entry, direction):
    """Encrypt or decrypt an image's body in place; its CRC is left alone. 0 or E_CORRUPT.

    entry   its store index entry: the salt is there, and the tag
    """
    context = load_i64(mem, cipher + (C_SEAL if direction == ENCRYPT else C_OPEN))
    page_no, lsn = load_i64(mem, frame + PAGE_NO_AT), load_i64(mem, frame + PAGE_LSN_AT)
    salt = load_i64(mem, entry + X_SALT)
    if cipher_begin(mem, cipher, cipher + C_PAGES, context, salt, page_no, lsn) == 0:
        return E_CORRUPT
    count = 0 if body_is_zero(mem, frame, page_bytes) else page_bytes - PAGE_BODY_AT
    body = frame + PAGE_BODY_AT
    return cipher_end(mem, cipher, direction, body, count, entry + X_TAG, _IMAGE_TAG_BYTES)


@jit.kernel("i8(u1[::1], i8, i8, i8, i8)")
def stretch_turn(mem, cipher, at, count, direction):
    """Encrypt or decrypt whole batches in place, as if they had been made so: with the CRC of what
    they are then. 0 or E_CORRUPT."""
    end = at + count
    while at < end:
        length = batch_check(mem, at, load_i64(mem, at + BATCH_LSN_AT), end - at)
        if length < 0 or batch_turn(mem, cipher, at, length, direction) < 0:
            return E_CORRUPT
        if direction == DECRYPT:
            fill(mem, at + BATCH_TAG_AT, BATCH_TAG_BYTES, 0)
        store_u32(mem, at + BATCH_CRC_AT, crc32c(mem, at + BATCH_LSN_AT, length - BATCH_LSN_AT))
        at += length
    return 0


@jit.kernel("i8(u1[::1], i8, i8, i8, i8, i8, i8)")
def images_turn(mem, cipher, page_bytes, frames, entries, count, direction):
    """The same for stored images and their entries; salts of images to be encrypted are there."""
    for i in range(count):
        frame, entry = frames + i * page_bytes, entries + i * STORE_ENTRY_BYTES
        if image_crc(mem, frame, page_bytes) != load_u32(mem, frame + PAGE_CRC_AT):
            return E_CORRUPT
        if image_turn(mem, cipher, frame, page_bytes, entry, direction) < 0:
            return E_CORRUPT
        if direction == DECRYPT:
            fill(mem, entry + X_SALT, 8 + _IMAGE_TAG_BYTES, 0)
        store_u32(mem, frame + PAGE_CRC_AT, image_crc(mem, frame, page_bytes))
        store_u32(mem, entry + X_CRC, crc32c(mem, entry, X_CRC))
    return 0
