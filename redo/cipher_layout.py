"""What kernels know about encryption: a block of words in the arena of whoever encrypts.

::

    OFFSET SIZE  WORD         CIPHER BLOCK (offset `cipher` in mem; one thread at a time)
    0      8     C_INIT       addresses of libcrypto's EVP_CipherInit_ex,
    8      8     C_UPDATE     EVP_CipherUpdate,
    16     8     C_FINAL      EVP_CipherFinal_ex,
    24     8     C_CONTROL    EVP_CIPHER_CTX_ctrl
    32     8     C_SEAL       its contexts: AES-256-GCM encrypting,
    40     8     C_OPEN       decrypting,
    48     8     C_STREAM     AES-256-CTR
    56     8     C_KEYS       log keys
    64     8     C_COUNT      where libcrypto puts how many bytes it has made
    72     16    C_NONCE      12 bytes, then the block counter of C_STREAM
    88     32    C_DERIVED    key of what is being encrypted
    120    32    C_BLOCKS     scratch of its derivation
    152    64    C_HEADER     scratch: header of a batch
    216    16    C_TAG        scratch
    232    56    C_ENTRY      scratch: store index entry
    288    32    C_PAGES      key of pages
    320    32*n  C_LOG        keys of log, ascending by LSN

    OFFSET SIZE  WORD         KEY (32 bytes)
    0      8     Y_FROM       log from this LSN on is encrypted with it
    8      8     Y_CONTEXT    AES-256-ECB with the key
    16     16    Y_MASK       K1 of the key derivation
"""

from __future__ import annotations

from typing import Final

C_INIT: Final = 0
C_UPDATE: Final = 8
C_FINAL: Final = 16
C_CONTROL: Final = 24
C_SEAL: Final = 32
C_OPEN: Final = 40
C_STREAM: Final = 48
C_KEYS: Final = 56
C_COUNT: Final = 64
C_NONCE: Final = 72
C_DERIVED: Final = 88
C_BLOCKS: Final = 120
C_HEADER: Final = 152
C_TAG: Final = 216
C_ENTRY: Final = 232
C_PAGES: Final = 288
C_LOG: Final = 320

KEY_BYTES: Final = 32
Y_FROM: Final = 0
Y_CONTEXT: Final = 8
Y_MASK: Final = 16

LOG_KEYS_MAX: Final = 4096


def cipher_bytes(log_keys: int) -> int:
    """Size of a block."""
    return C_LOG + KEY_BYTES * log_keys
