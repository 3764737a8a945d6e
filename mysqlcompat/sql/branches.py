"""What IF, CASE, COALESCE, GREATEST … make of branches of different types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from btree.schema import TypeKind
from mysqlcompat.numerals import WORD
from mysqlcompat.sql.agreement import NUMERIC, as_written_bytes
from mysqlcompat.sql.common_types import COLUMN_TEXTS, DOUBLED, LONGEST_TEXT, CommonTypes
from mysqlcompat.sql.describe import OF_BRANCH
from mysqlcompat.sql.measures import (
    DOCUMENT_CHARACTERS,
    numeric_type,
)
from mysqlcompat.sql.typed import (
    EXPLICIT,
    IMPLICIT,
    Aggregate,
    Call,
    Cast,
    ColumnRef,
    Expression,
    Literal,
)
from mysqlcompat.sqltypes import (
    BINARY,
    MAX_DECIMAL_DIGITS,
    MAX_DECIMAL_SCALE,
    PAIR_DECIMAL_DIGITS,
    TEMPORAL,
    Class,
    SqlType,
    bytes_per_character,
    date_type,
    datetime_type,
    decimal_type,
    double_type,
    string_type,
)
from mysqlcompat.sqltypes import NUMERIC as NUMERIC_CLASSES

if TYPE_CHECKING:
    from mysqlcompat.functions.table import Function


class Branches(CommonTypes):
    """The part of `Typing` that knows what becomes of branches."""

    function: Callable[[str], Function]

    if TYPE_CHECKING:

        def cast(self, arg: Expression, target: SqlType, mode: int = IMPLICIT) -> Expression: ...

        def as_string(self, arg: Expression) -> Expression: ...

        def in_charset(self, arg: Expression, like: str) -> Expression: ...

        def written_in(self, arg: Expression, like: str) -> Expression: ...

        def is_bits(self, arg: Expression) -> bool: ...

        def as_number(self, arg: Expression) -> Expression: ...

        def call(self, name: str, sql_type: SqlType, *args: Expression) -> Call: ...

        def _conversion(self, arg: Expression, like: str) -> str: ...

    def _whole(self, arg: Expression) -> Expression:
        """A quotient or product with all that was computed of it, chosen or not."""
        if not isinstance(arg, Call):
            return arg
        if arg.function.name in ("/", "*"):
            return replace(arg, function=self.function(f"{arg.function.name}@whole"))
        if not is_chosen(arg):
            return arg
        branches = branches_of(arg)
        args = (self._whole(one) if n in branches else one for n, one in enumerate(arg.args))
        return replace(arg, args=tuple(args))

    def computed(self, arg: Expression) -> Expression:
        """`arg` where an integer is wanted: a date that a function computed becomes a DECIMAL on
        the way, and second 59.999999 the second 60, while UNIX_TIMESTAMP is not rounded; a DECIMAL
        that may be too large is shown in the warning with the digits it has."""
        if isinstance(arg, Call) and arg.function.name == "unix_timestamp":
            return replace(arg, type=SqlType(TypeKind.BIGINT, 21, nullable=arg.type.nullable))
        if is_average(arg):
            return self.cast(arg, double_type(nullable=arg.type.nullable))
        if arg.type.is_wide_decimal:
            return self._whole(natural(arg))
        if not arg.type.scale or arg.type.cls not in _MOMENTS:
            return arg
        if isinstance(arg, Aggregate):
            return self.cast(arg, numeric_type(arg.type))
        if not isinstance(arg, Call):
            return arg
        if arg.function.name in _COMPUTED:
            return self.cast(arg, numeric_type(arg.type))
        numbers = branches_of(arg)
        if any(
            without_casts(arg.args[n]).type.cls not in (arg.type.cls, Class.NULL) for n in numbers
        ):
            return arg  # each branch is converted by itself
        branches = {number: self.computed(arg.args[number]) for number in numbers}
        if all(one.type.cls is arg.type.cls for one in branches.values()):
            return arg
        target = numeric_type(arg.type)
        args = [
            self.cast(branches[number], target) if number in branches else one
            for number, one in enumerate(arg.args)
        ]
        return replace(arg, type=target, args=tuple(args))

    def own_branches(
        self, arg: Expression, target: SqlType, convert: Callable[[Expression], Expression]
    ) -> Expression | None:
        """IF, CASE and NULLIF over branches of several classes as a `target`: each branch is
        converted by itself. None for everything else."""
        if not isinstance(arg, Call):
            return None
        if arg.type.cls is Class.STRING and arg.function.name in _COMPUTED:
            shifted = self._shifted(arg, target)
            if shifted is not None:
                return convert(shifted)
        if arg.type.cls is Class.STRING and target.cls in NUMERIC_CLASSES:
            extreme = self._extreme_number(arg, target, convert)
            if extreme is not None:
                return extreme
        if arg.type.cls is Class.JSON and target.cls not in (Class.JSON, Class.STRING):
            if arg.function.name in _AS_TEXTS:
                return convert(self.document_text(arg))
            if not branches_of(arg) or arg.function.name == "elt":
                return None
            args = list(arg.args)
            for number in branches_of(arg):
                inner = without_casts(args[number])
                args[number] = self.own_branches(inner, target, convert) or convert(inner)
            return replace(arg, type=target, args=tuple(args))
        is_cut = arg.type.cls is Class.DECIMAL and target.cls in _FROM_INTEGERS
        chosen = [without_casts(arg.args[number]).type.kind for number in branches_of(arg)]
        has_bits = target.cls in (Class.STRING, *TEMPORAL) and TypeKind.BIT in chosen
        has_bits = has_bits and arg.type.kind is not TypeKind.BIT
        has_years = TypeKind.YEAR in chosen and target.cls in _YEARLY
        if arg.type.cls not in _LOOSE and not is_cut and not has_bits and not has_years:
            return None
        if (arg.type.cls, target.cls) in _TAKEN_WHOLE:
            return None
        if arg.function.name == "elt" and target.cls not in (Class.INT, Class.DOUBLE):
            return None
        args, is_mixed = list(arg.args), has_bits or has_years
        for number in branches_of(arg):
            inner = without_casts(args[number])
            if target.cls not in (Class.STRING, Class.JSON):
                inner, brought = _unbrought(inner), inner
                is_mixed = is_mixed or inner is not brought
            is_read = target.cls not in (Class.STRING, Class.JSON)
            if _is_binary(arg) and inner.type.is_text:
                inner = self.written_in(inner, BINARY) if is_read else args[number]
            is_mixed = is_mixed or inner.type.cls not in (arg.type.cls, Class.NULL)
            nested = self.own_branches(inner, target, convert)
            is_own = _is_silent(inner, target) or _is_shifted(inner)
            is_mixed = is_mixed or is_own or nested is not None
            is_mixed = is_mixed or _has_own_words(inner, target)
            is_counted = inner.type.kind in _MEMBERS or self.is_bits(inner)
            is_mixed = is_mixed or (_is_binary(inner) and arg.type.is_text)
            is_mixed = is_mixed or (is_read and _is_binary(arg) and inner.type.is_text)
            is_mixed = is_mixed or (target.cls in NUMERIC_CLASSES and is_counted)
            is_short = inner.type.kind is TypeKind.FLOAT and arg.type.kind is TypeKind.DOUBLE
            is_mixed = is_mixed or (target.cls is Class.STRING and is_short)
            args[number] = convert(inner) if nested is None else nested
        if not is_mixed:
            return None
        return replace(arg, type=target, args=tuple(args))

    def timely(self, arg: Expression) -> Expression:
        """`arg` where a date or a time is wanted: that a CAST made a double of a NULL is not seen
        there, it counts as zero."""
        is_double = arg.type.cls is Class.DOUBLE and arg.type.nullable
        if is_double and isinstance(arg, Call) and is_chosen(arg):
            branches = branches_of(arg)
            args = [self.timely(one) if n in branches else one for n, one in enumerate(arg.args)]
            return replace(arg, args=tuple(args))
        if not (isinstance(arg, Cast) and arg.mode == EXPLICIT and is_double):
            return natural(arg)
        made = arg.type.or_null(False)
        return Call(made, self.function("ifnull"), (arg, Literal(made, 0.0)))

    def document_text(self, arg: Expression) -> Expression:
        """A document that a function passes on, where it is taken for its text."""
        made = string_type(DOCUMENT_CHARACTERS, "utf8mb4_bin", arg.type.nullable, 2)
        return Call(made, self.function("document text"), (arg,))

    def _shifted(self, arg: Call, target: SqlType) -> Expression | None:
        """A moment or time that is shown as a text, where something else is wanted of it."""
        name = arg.function.name
        if target.cls in (Class.DOUBLE, Class.DECIMAL):
            made = decimal_type(20, 6, nullable=True)  # YYYYMMDDhhmmss.uuuuuu
            return Call(replace(made, mixed=True), self.function("digits of"), (arg,))
        if name in ("date_add", "date_sub") and target.cls is Class.TIME:
            return self.cast(arg, datetime_type(6))  # whose date has a time
        if name not in SHIFTED or target.cls not in (Class.DATE, Class.DATETIME):
            return None
        made = datetime_type(6) if target.cls is Class.DATETIME else date_type()
        return replace(arg, type=made, function=self.function(f"{name}@moment"))

    def _extreme_number(
        self, arg: Call, target: SqlType, convert: Callable[[Expression], Expression]
    ) -> Expression | None:
        """GREATEST and LEAST among dates, or of times, years and numbers, as a number: not that of
        the text they show."""
        name = arg.function.name
        if is_extreme_date(arg):
            number = SqlType(TypeKind.BIGINT, 17, nullable=arg.type.nullable)
            if target.cls is not Class.INT:  # YYYYMMDDhhmmss.uuuuuu
                number = replace(decimal_type(20, 6, nullable=arg.type.nullable), mixed=True)
            return convert(replace(arg, type=number, function=self.function(f"{name} number")))
        inner = [without_casts(one) for one in arg.args]
        is_timed = any(
            one.type.cls is Class.TIME or one.type.kind is TypeKind.YEAR for one in inner
        )
        if name in ("greatest", "least") and is_timed and _is_varying(arg.type):
            if target.cls is not Class.DECIMAL:
                return replace(arg, type=target, args=tuple(map(convert, inner)))
            widest = decimal_type(MAX_DECIMAL_DIGITS, MAX_DECIMAL_SCALE, nullable=arg.type.nullable)
            exact = replace(widest, mixed=True)
            numbers = (self.as_number(one) if self.is_bits(one) else one for one in inner)
            args = tuple(self.cast(one, exact) for one in numbers)
            return convert(replace(arg, type=exact, args=args))
        return None

    def to_result(self, arg: Expression, target: SqlType) -> Expression:
        """`arg` as a branch of IF, CASE or COALESCE of type `target`."""
        if target.cls is Class.STRING and arg.type.cls is not Class.STRING:
            is_search = arg.type.cls is Class.INT and arg.type.coercibility < NUMERIC
            arg = self.as_string(arg)
            if is_search and target.collation != BINARY:  # what it has is brought along
                arg = self.in_charset(arg, target.collation)
            return self.cast(arg, target)
        if target.cls is Class.STRING and target.collation != BINARY:
            is_member = arg.type.kind in (TypeKind.ENUM, TypeKind.SET)
            arg = self.as_string(arg) if is_member else arg
            if self.is_bits(arg):  # as a number it stays what it is
                made = string_type(arg.type.length, target.collation, arg.type.nullable)
                return self.call(self._conversion(arg, target.collation), made, arg)
            arg = self.in_charset(arg, target.collation)
        if target.cls is Class.STRING and target.collation == BINARY:
            arg = as_written_bytes(arg)
        return self.cast(arg, target)


def spelled(arg: Expression) -> Expression:
    """`arg` where its text goes into another: a TIME that was moved has no fraction or six digits
    of it, a FLOAT that was looked for or aggregated the digits of a DOUBLE, everything else is as
    it is `shown`."""
    if arg.type.cls is Class.TIME and _is_moved(arg):
        return replace(arg, type=replace(arg.type, mixed=True))
    if _is_doubled(arg) and arg.type.kind is TypeKind.FLOAT:
        if isinstance(arg, Call) and arg.function.name == "nullif":
            arg = replace(arg, args=(arg.args[0], spelled(without_casts(arg.args[1]))))
        return replace(arg, type=replace(arg.type, kind=TypeKind.DOUBLE))
    return shown(arg)


def _is_doubled(arg: Expression) -> bool:
    if isinstance(arg, Call) and arg.function.name == "nullif":
        return _is_doubled(without_casts(arg.args[1]))
    return isinstance(arg, Aggregate) or (isinstance(arg, Call) and arg.function.name in DOUBLED)


def _is_moved(arg: Expression) -> bool:
    if isinstance(arg, Call) and arg.function.name == "nullif":
        return _is_moved(arg.args[1])
    return isinstance(arg, Call) and arg.function.name in _MOVED


def shown(arg: Expression) -> Expression:
    """`arg` where its text counts: a DECIMAL that IF, CASE … chose keeps its branch's scale."""
    if not isinstance(arg, Call) or arg.type.cls is not Class.DECIMAL:
        return arg
    branches = branches_of(arg)
    if not any(isinstance(arg.args[n], Cast) for n in branches):
        return arg
    mixed = replace(arg.type, mixed=True)
    args = list(arg.args)
    for number in branches:
        inner = without_casts(args[number])
        args[number] = Cast(mixed.or_null(inner.type.nullable), shown(inner))
    return replace(arg, type=mixed, args=tuple(args))


def _is_shifted(arg: Expression) -> bool:
    is_moved = isinstance(arg, Call) and arg.function.name in (*SHIFTED, "date_add", "date_sub")
    return is_moved and arg.type.cls is Class.STRING


def _is_silent(arg: Expression, target: SqlType) -> bool:
    """Whether less is said of its text as a `target` than of others'."""
    if not isinstance(arg, Call):
        return False
    is_bits = arg.function.name in BITWISE and arg.type.cls is Class.STRING
    return arg.function.name in SILENT or (is_bits and target.cls is Class.DOUBLE)


def _has_own_words(arg: Expression, target: SqlType) -> bool:
    """Whether MySQL says something else of this text as a number than of one that was computed."""
    if arg.type.cls is not Class.STRING or not isinstance(arg, Literal | ColumnRef):
        return False
    if target.cls is Class.DECIMAL:
        return True
    is_coded = isinstance(arg, ColumnRef) and arg.type.charset in (BINARY, "latin1")
    return target.cls in NUMERIC_CLASSES and (is_coded or arg.type.kind in COLUMN_TEXTS)


def without_casts(branch: Expression) -> Expression:
    """A branch before it was made what all branches are."""
    while isinstance(branch, Cast) and branch.mode == IMPLICIT and not branch.wording:
        branch = branch.arg
    return branch


def _unbrought(branch: Expression) -> Expression:
    """The same, before it was brought into a character set."""
    while isinstance(branch, Call) and branch.function.name in BROUGHT:
        branch = without_casts(branch.args[0])
    return branch


def _is_binary(arg: Expression) -> bool:
    return arg.type.cls is Class.STRING and arg.type.collation == BINARY


def is_extreme_date(arg: Expression) -> bool:
    """GREATEST or LEAST that compares dates, although it is a text."""
    return isinstance(arg, Call) and arg.function.name in AMONG_DATES and _is_varying(arg.type)


def _is_varying(text: SqlType) -> bool:
    """Whether GREATEST and LEAST of this type are taken for what they compared: of a CHAR and a
    TEXT the text counts."""
    is_short = text.length * bytes_per_character(text.collation) <= LONGEST_TEXT
    return text.kind in (TypeKind.VARCHAR, TypeKind.VARBINARY) and is_short


def natural(arg: Expression) -> Expression:
    """A DECIMAL with as many digits behind the point as its value comes to have, not as its type
    says: an integer none, a sum as many as the longer side, zero as a result none."""
    if arg.type.cls is not Class.DECIMAL:
        return arg
    match arg:
        case Cast(mode=mode) if mode == IMPLICIT:
            return replace(arg, type=replace(arg.type, mixed=True), arg=natural(arg.arg))
        case Call(function=function) if function.name in _NATURAL:
            args = tuple(map(natural, arg.args))
            return replace(arg, type=replace(arg.type, mixed=True), args=args)
        case Call(function=function) if function.name in _ROUNDED:
            return replace(arg, type=replace(arg.type, mixed=True))
    return arg


def sides(
    operator: str, left: Expression, right: Expression, more: int
) -> tuple[Expression, Expression]:
    """Both sides of an operator: with the digits of their values where there are too many for a
    product, or so many that a quotient has `more` of them than a word has."""
    is_long = operator == "/" and left.type.scale + more > WORD
    is_long |= operator == "*" and left.type.precision + right.type.precision > MAX_DECIMAL_DIGITS
    most = PAIR_DECIMAL_DIGITS
    one, other = (
        natural(arg) if arg.type.precision > most or (is_long and _is_loose(arg)) else arg
        for arg in (left, right)
    )
    return one, other


def _is_loose(arg: Expression) -> bool:
    """Whether values of a DECIMAL may have less digits behind the point than its type."""
    if not isinstance(arg, Call) or arg.function.name not in _NATURAL:
        return False
    is_chosen_of = arg.function.name in _OF_BRANCHES
    inner = [one.arg if isinstance(one, Cast) else one for one in arg.args]
    return any(map(_is_loose, inner)) or (is_chosen_of and inner != list(arg.args))


#: Kinds whose members have numbers.
_MEMBERS: Final = (TypeKind.ENUM, TypeKind.SET)
#: Functions that bring bytes into a character set.
BROUGHT: Final = ("to charset", "to charset@later")
#: Functions that move a TIME.
_MOVED: Final = ("date_add", "date_sub", "addtime", "subtime")
_MOMENTS: Final = (Class.DATETIME, Class.TIME)
#: Classes for which it counts that a branch is a YEAR.
_YEARLY: Final = (*TEMPORAL, Class.STRING)
#: Functions whose moments become DECIMALs before they become integers.
_COMPUTED: Final = ("date_add", "date_sub", "addtime", "subtime", "timestamp", "str_to_date")
#: Functions whose texts are moments, or times of today.
SHIFTED: Final = ("addtime", "subtime", "timestamp")
#: Functions whose DECIMALs have no more digits than they come to need.
_ROUNDED: Final = ("unix_timestamp", "round", "truncate", "json_value")
#: GREATEST and LEAST that compare dates.
OF_DATES: Final = ("greatest@date", "least@date")
AMONG_DATES: Final = (*OF_DATES, "greatest@datetime", "least@datetime")
#: Functions whose text becomes a DECIMAL without a word about what is behind its digits.
MUTE: Final = ("regexp_replace", "regexp_substr")
#: Those whose text does as any number.
SILENT: Final = (
    *MUTE,
    *("coalesce", "ifnull", "any_value", "greatest", "least", "document text", "min", "max"),
    "quiet text",
    *AMONG_DATES,
)
#: Those whose text is an unsigned integer where one is wanted.
UNSIGNED_TEXTS: Final = ("conv", "bin", "oct")
#: Operators that do the same with the bytes they make.
BITWISE: Final = ("~", "&", "|", "^", "<<", ">>", "bit_and", "bit_or", "bit_xor")
#: Functions whose documents are their texts where a number or a date is wanted.
_AS_TEXTS: Final = ("coalesce", "ifnull", "any_value")
#: Functions whose DECIMALs have the digits that their arguments' values have.
_OF_BRANCHES: Final = ("greatest", "least", "if", "ifnull", "coalesce", "case", "nullif")
_NATURAL: Final = ("+", "-", "*", "/", "%", "neg", "abs", "any_value", *_OF_BRANCHES)
#: The text of a date, the JSON of a moment or a double: not the branch's own.
_TAKEN_WHOLE: Final = (
    (Class.DATETIME, Class.STRING),
    (Class.DATETIME, Class.JSON),
    (Class.DOUBLE, Class.JSON),
    (Class.STRING, Class.JSON),
)
#: Classes that an integer becomes otherwise than a DECIMAL.
_FROM_INTEGERS: Final = (Class.INT, *TEMPORAL)
#: Classes in which branches lose what they were.
_LOOSE: Final = (Class.STRING, Class.DATETIME, Class.DOUBLE)


def is_average(arg: Expression) -> bool:
    """AVG, which is a DOUBLE where an integer is wanted."""
    return isinstance(arg, Aggregate) and arg.function == "avg"


def is_chosen(arg: Expression) -> bool:
    """IF, CASE or NULLIF: where a date is wanted of its text and there is none, it is NULL, if it
    may be that. A CAST of these is none."""
    is_one = isinstance(arg, Call) and arg.function.name in ("if", "case", "nullif")
    return is_one and not is_cast(arg)


def is_passed_on(document: Expression) -> bool:
    """Whether a document is taken for its text where a number or a date is wanted."""
    return isinstance(document, Call) and document.function.name in _AS_TEXTS


def is_cast(arg: Expression) -> bool:
    """Whether it is a CAST that became one of each branch of its argument."""
    last = arg.args[-1] if isinstance(arg, Call) and branches_of(arg) else None
    return isinstance(last, Cast) and last.wording == OF_BRANCH


def branches_of(call: Call) -> Sequence[int]:
    """Numbers of the arguments one of which is the call's value."""
    count = len(call.args)
    match call.function.name:
        case "if" | "nullif" | "elt":
            return range(1, count)
        case "case":
            return [*range(1, count, 2), *([count - 1] if count % 2 else [])]
    return ()
