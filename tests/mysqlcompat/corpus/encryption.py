"""Encryption, digests, compression."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import Section, calls, section

_MODES: Final = tuple(
    f"aes-{bits}-{mode}"
    for bits in (128, 192, 256)
    for mode in ("ecb", "cbc", "cfb1", "cfb8", "cfb128", "ofb")
)
_IV: Final = "'0123456789abcdef'"
_PLAIN: Final = ("'text'", "''", "null", "repeat('x', 16)", "x'80ff'", "12", "'日本語'")
_KEYS: Final = ("'key'", "''", "null", "repeat('k', 16)", "repeat('longkey', 9)", "x'00ff'", "1")
_KDF: Final = (
    "hex(aes_encrypt('t', 'k', '', 'hkdf'))",
    "hex(aes_encrypt('t', 'k', '', 'hkdf', 'salt'))",
    "hex(aes_encrypt('t', 'k', '', 'hkdf', 'salt', 'info'))",
    "hex(aes_encrypt('t', 'k', '', 'pbkdf2_hmac'))",
    "hex(aes_encrypt('t', 'k', '', 'pbkdf2_hmac', 'salt'))",
    "hex(aes_encrypt('t', 'k', '', 'pbkdf2_hmac', 'salt', '1000'))",
    "hex(aes_encrypt('t', 'k', '', 'pbkdf2_hmac', 'salt', '999'))",
    "hex(aes_encrypt('t', 'k', '', 'pbkdf2_hmac', 'salt', '65536'))",
    "hex(aes_encrypt('t', 'k', '', 'nosuch', 'salt'))",
    "hex(aes_encrypt('t', 'k', '', null))",
    "hex(aes_encrypt('t', 'k', null, 'hkdf'))",
    "hex(aes_encrypt('t', 'k', '', 'hkdf', null))",
    "aes_decrypt(aes_encrypt('t', 'k', '', 'hkdf', 's', 'i'), 'k', '', 'hkdf', 's', 'i')",
    "aes_decrypt(aes_encrypt('t', 'k', '', 'hkdf', 's', 'i'), 'k', '', 'hkdf', 's', 'j')",
)
_DIGESTS: Final = (
    *calls("sha2", ("'abc'", "''", "null", "x'80ff'", "12", "s", "'é'"), ("0", "224", "256",
           "384", "512", "1", "null", "'256'", "-1")),
    "sha2('a')",
    "statement_digest_text('select * from t where a = 1')",
    "statement_digest_text(\"SELECT 'a', 2.5, NULL, x'41' FROM `t`  WHERE b IN (1, 2, 3)\")",
    "statement_digest_text('')",
    "statement_digest_text(null)",
    "statement_digest_text('not sql')",
    "statement_digest(null)",
    "statement_digest('select 1')",
    "statement_digest('select 1') = statement_digest('SELECT  2')",
    "validate_password_strength('abc')",
    "validate_password_strength(null)",
    "validate_password_strength('')",
    "validate_password_strength('N0Tweak$_@123!')",
    "length(random_bytes(5))",
    "random_bytes(0)",
    "random_bytes(1025)",
    "random_bytes(-1)",
    "random_bytes(null)",
    "random_bytes('x')",
    "length(random_bytes(1024))",
    "length(random_bytes('3'))",
)  # fmt: skip
_COMPRESSION: Final = (
    "hex(compress('abc'))",
    "hex(compress(''))",
    "compress(null)",
    "length(compress(repeat('a', 1000)))",
    "uncompress(compress('any string'))",
    "uncompress(compress(repeat('ab', 5000))) = repeat('ab', 5000)",
    "uncompress('any string')",
    "uncompress('')",
    "uncompress(null)",
    "uncompress('a')",
    "uncompress(x'05000000')",
    "uncompress(x'ffffffff0000')",
    "uncompress(concat(x'01000000', substr(compress('abc'), 5)))",
    "uncompress(concat(x'03000000', 'garbage'))",
    "uncompressed_length(compress(repeat('a', 30)))",
    "uncompressed_length('')",
    "uncompressed_length(null)",
    "uncompressed_length('abc')",
    "uncompressed_length(12345678)",
    "uncompressed_length(x'ffffffff00')",
    "hex(compress('trailing '))",
    "hex(compress(12))",
)

SECTIONS: Final[list[Section]] = [
    *(
        section(
            (
                *(f"hex({one})" for one in calls("aes_encrypt", _PLAIN[:4], _KEYS[:4], (_IV,))),
                f"aes_decrypt(aes_encrypt('secret', 'key', {_IV}), 'key', {_IV})",
                f"aes_decrypt(x'00112233', 'key', {_IV})",
                "hex(aes_encrypt('text', 'key'))",
                "hex(aes_encrypt('text', 'key', 'short'))",
                "hex(aes_encrypt('text', 'key', repeat('long', 8)))",
                "hex(aes_encrypt('text', 'key', null))",
            ),
            settings={"block_encryption_mode": f"'{mode}'"},
        )
        for mode in _MODES
    ),
    section(f"hex({one})" for one in calls("aes_encrypt", _PLAIN, _KEYS)),
    section(
        (
            "aes_encrypt('text', 'key')",
            "aes_decrypt(aes_encrypt('text', 'key'), 'key')",
            "aes_decrypt(aes_encrypt('text', 'key'), 'other')",
            "aes_decrypt('garbage', 'key')",
            "aes_decrypt(null, 'key')",
            "aes_decrypt('', 'key')",
            "aes_encrypt('a')",
            *_KDF,
        )
    ),
    section(_DIGESTS, tail="FROM v"),
    section(_COMPRESSION),
]

DIFFERENT: Final[dict[str, str]] = {
    "hex(compress(12))": "as long as the number's type may be, not as long as this number is",
    "statement_digest('select 1')": "MySQL hashes its own parser's token numbers",
}
