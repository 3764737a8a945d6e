"""The type that IF, CASE, COALESCE, GREATEST … give values of several types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Final

from btree.schema import TypeKind
from mysqlcompat.convert import is_boolean
from mysqlcompat.sql.agreement import NUMERIC
from mysqlcompat.sql.measures import (
    DOCUMENT_CHARACTERS,
    common_kind,
    digits,
    is_fixed,
    scale_of,
    text_length,
)
from mysqlcompat.sql.typed import Call, Expression
from mysqlcompat.sqltypes import (
    BINARY,
    COMPUTED_BITS,
    NOT_FIXED,
    TEMPORAL,
    Class,
    SqlType,
    bool_type,
    bytes_per_character,
    datetime_type,
    decimal_type,
    double_type,
    json_type,
    null_type,
    string_type,
)

if TYPE_CHECKING:
    from mysqlcompat.functions.table import Context

#: Functions whose FLOATs are DOUBLEs in texts, and whose BITs are their digits.
DOUBLED: Final = ("coalesce", "ifnull", "greatest", "least", "any_value")
_LARGE: Final = (TypeKind.MEDIUMTEXT, TypeKind.LONGTEXT)
_BESIDE_CHAR: Final = frozenset({TypeKind.CHAR, TypeKind.ENUM, TypeKind.SET, None})
LONGEST_TEXT: Final = 65535  #: bytes of TEXT and BLOB


class CommonTypes:
    """The part of `Typing` that finds them."""

    context: Context

    if TYPE_CHECKING:

        def is_known(self, arg: Expression) -> bool: ...

        def quiet_value(self, arg: Expression) -> object: ...

        def result_collation(self, types: Sequence[SqlType], operator: str) -> tuple[str, int]: ...

    def common_type(
        self, args: Sequence[Expression], nullable: bool, name: str = "case"
    ) -> SqlType:
        """The type all of `args` are cast to; `name` is the function's. Raises 1267, 1270, 1271."""
        types = [arg.type for arg in args if arg.type.kind is not TypeKind.NULL]
        if not types:
            return null_type()
        classes = {one.cls for one in types}
        if classes == {Class.INT}:
            made = self._common_integer(types, nullable)
            is_bits = made.kind is TypeKind.BIT
            return computed_bits(made, name in DOUBLED) if is_bits else made
        if classes <= {Class.INT, Class.DECIMAL}:
            return common_decimal(types).or_null(nullable)
        if classes <= {Class.INT, Class.DOUBLE} and all(
            one.kind is TypeKind.FLOAT for one in types if one.cls is Class.DOUBLE
        ):
            kinds = [one.kind for one in types]
            before = kinds[: kinds.index(TypeKind.FLOAT)]
            is_wide = TypeKind.BIGINT in before or {TypeKind.INT, TypeKind.BIT} & set(kinds)
            kind = TypeKind.DOUBLE if is_wide else TypeKind.FLOAT
            return SqlType(kind, 23, NOT_FIXED, nullable=nullable)
        if classes <= {Class.INT, Class.DECIMAL, Class.DOUBLE}:
            if all(map(is_fixed, types)):
                scale = max(one.scale for one in types)
                whole = max(one.length - one.scale for one in types)
                return double_type(whole + scale, nullable, scale)
            return double_type(nullable=nullable)
        if len({one.kind for one in types}) > 1 and classes == {Class.DATETIME}:
            return datetime_type(max(one.scale for one in types), nullable)
        if len(classes) == 1 and classes <= TEMPORAL:
            fsp = max(one.scale for one in types)
            return (
                max(types, key=lambda one: one.scale).or_null(nullable)
                if fsp
                else (types[0].or_null(nullable))
            )
        if classes <= TEMPORAL:
            return datetime_type(max(one.scale for one in types), nullable)
        if classes == {Class.JSON}:
            return json_type(nullable)
        made = self._common_string(types, nullable, name)
        lost = [arg.type for arg in args if self._is_lost(arg, made)]
        if lost:
            left = [
                replace(one, length=0, kind=TypeKind.VARCHAR) if one in lost else one
                for one in types
            ]
            made = self._common_string(left, nullable, name)
        return _as_large(made, types)

    def _is_lost(self, arg: Expression, made: SqlType) -> bool:
        """Whether a text is known to be NULL when it is brought to the character set of `made`."""
        if arg.type.cls is not Class.STRING or arg.type.charset == made.charset:
            return False
        if BINARY in (arg.type.collation, made.collation) or not isinstance(arg, Call):
            return False
        if not self.is_known(arg):
            return False
        return self.quiet_value(arg) is None

    def _common_integer(self, types: Sequence[SqlType], nullable: bool) -> SqlType:
        unsigned = all(one.unsigned for one in types)
        size = max(digits(one) for one in types)
        if any(one.unsigned and one.kind is TypeKind.BIGINT for one in types) and not unsigned:
            return decimal_type(size, 0, nullable=nullable)
        if all(map(is_boolean, types)):
            return bool_type(nullable)
        kinds = {one.kind for one in types}
        if TypeKind.BIT in kinds and len(kinds) > 1 and not unsigned:
            return decimal_type(size, 0, nullable=nullable)
        kind = common_kind(types, unsigned)
        length = max(one.length for one in types)  # MySQL leaves no room for a sign
        made = SqlType(kind, length, unsigned=unsigned, nullable=nullable)
        if kind is TypeKind.YEAR:  # a computed one has no leading zeros
            made = replace(made, precision=1)
        return made

    def _common_string(self, types: Sequence[SqlType], nullable: bool, name: str) -> SqlType:
        strings = [one if one.cls is Class.STRING else self._as_text_type(one) for one in types]
        collation, best = self.result_collation(strings, name)
        if any(one.cls is Class.JSON for one in types):
            kind = TypeKind.LONGBLOB if collation == BINARY else TypeKind.LONGTEXT
            size = (1 << 32) - 1 if collation == BINARY else DOCUMENT_CHARACTERS
            return string_type(size, collation, nullable, best and 2, kind)  # COLLATE stays
        kinds = {one.kind for one in types if one.cls is Class.STRING}
        large = kinds & COLUMN_TEXTS
        kind = _short_kind(types)
        kind = TypeKind.BLOB if large and collation == BINARY else TypeKind.TEXT if large else kind
        length = max(one.length for one in strings)
        if collation == BINARY:
            length = max(map(_bytes_of, types))
        made = (_bytes_of(one) for one in types if one.kind not in COLUMN_TEXTS)
        if max(made, default=0) > LONGEST_TEXT:
            kind = TypeKind.VARCHAR  # which is called by its length
        return string_type(length, collation, nullable, best, kind)

    def _as_text_type(self, sql_type: SqlType) -> SqlType:
        if sql_type.kind is TypeKind.BIT and not sql_type.is_computed_bits:
            return string_type(sql_type.length, BINARY, coercibility=2)
        if sql_type.cls is Class.JSON:
            return string_type(1, "utf8mb4_bin", coercibility=2)
        is_search = sql_type.cls is Class.INT and sql_type.coercibility < NUMERIC
        collation = sql_type.collation if is_search else self.context.collation
        best = sql_type.coercibility if is_search else NUMERIC
        return string_type(text_length(sql_type), collation, coercibility=best)


def _as_large(made: SqlType, types: Sequence[SqlType]) -> SqlType:
    """A text of the largest kind of its branches, though they may be smaller where they are brought
    into its character set."""
    if any(one.kind is TypeKind.LONGBLOB for one in types) and not made.is_text:
        return replace(made, kind=TypeKind.LONGBLOB)
    largest = max((_LARGE.index(one.kind) for one in types if one.kind in _LARGE), default=-1)
    if not made.is_text or largest < 0 or made.kind in _LARGE[largest:]:
        return made
    return replace(made, kind=_LARGE[largest])


def computed_bits(sql_type: SqlType, has_digits: bool) -> SqlType:
    """A BIT that a function made, whose text is its bytes, or its digits."""
    return replace(sql_type, precision=COMPUTED_BITS, mixed=has_digits)


def common_decimal(types: Sequence[SqlType]) -> SqlType:
    scale = max(scale_of(one) for one in types)
    whole = max(digits(one) - scale_of(one) for one in types)
    return decimal_type(whole + scale, scale)


#: Kinds that only columns have: MySQL keeps calling what comes of them BLOB.
COLUMN_TEXTS: Final = frozenset(
    (TypeKind.TEXT, TypeKind.TINYTEXT, TypeKind.BLOB, TypeKind.TINYBLOB)
)


def _short_kind(types: Sequence[SqlType]) -> TypeKind:
    """CHAR where that meets only itself, ENUM, SET and what is no string, one after the other."""

    def met(one: TypeKind | None, other: TypeKind | None) -> TypeKind | None:
        pair = {one, other}
        if TypeKind.CHAR in pair and pair <= _BESIDE_CHAR:
            return TypeKind.CHAR
        return TypeKind.VARCHAR if any(pair) else None

    known = (one for one in types if one.cls is not Class.NULL)
    kinds = [one.kind if one.cls is Class.STRING else None for one in known]
    is_short = bool(kinds) and reduce(met, kinds) is TypeKind.CHAR
    return TypeKind.CHAR if is_short else TypeKind.VARCHAR


def _bytes_of(sql_type: SqlType) -> int:
    """Bytes of a value as a binary string."""
    if sql_type.kind is TypeKind.DOUBLE:
        return sql_type.length  # a literal: as it was written; with a sign, if it is computed
    if sql_type.cls is not Class.STRING:
        return text_length(sql_type)
    return sql_type.length * bytes_per_character(sql_type.collation)
