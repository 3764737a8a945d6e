"""FORMAT: numbers with the separators of a locale."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from mysqlcompat.decimal_reading import MOST_DIGITS, WORD
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import DEFINITIONS, build_as, define, text, wrapped
from mysqlcompat.functions.table import Context, Function
from mysqlcompat.numerals import decimal_text, double_text, round_decimal
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.measures import text_length
from mysqlcompat.sql.typed import Call, Cast, Expression, Literal
from mysqlcompat.sqltypes import string_type

_PLACES_MOST: Final = 30
_EXACT_BELOW: Final = 1e15  #: a double has all digits of a number that, point left out, is smaller
#: (point, separator, digits of the groups left of the first) -> locales. MySQL's own table, not
#: that of any newer standard: Bulgarian groups are separated by NUL.
_STYLES: Final = {
    (".", ",", 3): (
        "ar_AE ar_BH ar_DZ ar_EG ar_IN ar_IQ ar_JO ar_KW ar_LB ar_LY ar_MA ar_OM ar_QA ar_SD ar_SY "
        "ar_TN ar_YE en_AU en_CA en_GB en_NZ en_PH en_US en_ZA en_ZW es_DO es_GT es_HN es_MX es_NI "
        "es_PA es_PE es_PR es_SV es_US gu_IN he_IL hi_IN ja_JP ko_KR ms_MY th_TH ur_PK zh_CN zh_HK "
        "zh_TW"
    ),
    (".", "", 3): "ar_SA sr_RS",
    (",", ".", 3): (
        "be_BY da_DK de_BE de_DE de_LU es_AR es_BO es_CL es_CO es_EC es_ES es_PY es_UY es_VE fo_FO "
        "hu_HU id_ID is_IS lt_LT mn_MN nb_NO no_NO ro_RO ru_UA sq_AL tr_TR uk_UA vi_VN"
    ),
    (",", "\0", 3): "bg_BG",
    (",", "", 3): (
        "ca_ES de_AT el_GR eu_ES fr_BE fr_CA fr_CH fr_FR fr_LU gl_ES hr_HR it_IT nl_BE nl_NL pl_PL "
        "pt_BR pt_PT sl_SI"
    ),
    (",", " ", 3): "cs_CZ es_CR et_EE fi_FI lv_LV mk_MK ru_RU sk_SK sv_FI sv_SE",
    (".", "'", 3): "de_CH",
    (".", ",", 2): "en_IN ta_IN te_IN",
    (",", "'", 3): "it_CH rm_CH",
}
_LOCALES: Final = {
    name.lower(): style for style, names in _STYLES.items() for name in names.split()
}
_DEFAULT: Final = _LOCALES["en_us"]


def style_of(locale: str) -> tuple[str, str, int]:
    """Point, separator and digits of the groups left of the first, in a locale."""
    return _LOCALES.get(locale.lower(), _DEFAULT)


@define("format", "nic", text(0), required=2, null_rejects=False)
def format_number(
    context: Context, call: Call, value: Any, places: int | None, *locale: str | None
) -> str | None:
    style = _DEFAULT
    if locale:
        style = style_of(locale[0] or "")
        if not _is_written(call.args[2]):
            _check(context, locale[0])
    if value is None or places is None:
        return None
    places = min(max(ctypes.c_int32(places).value, 0), _PLACES_MOST)
    digits = _rounded(value, places) if isinstance(value, float) else _exact(value, places)
    point, separator, size = style
    sign, digits = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    if not places:
        return sign + _grouped(digits.partition(".")[0], separator, size)
    end = len(digits) - places - 1  # also of a number that had no room for so many places
    return sign + _grouped(digits[:end], separator, size) + point + digits[end + 1 :]


_formatted: Final = DEFINITIONS["format"].build


@build_as("format", 2, 3)
def build_format(typing: Typing, args: Sequence[Expression]) -> Expression:
    """As long as the text of what is given, whatever number is made of it. A locale that is written
    out is looked at here."""
    size, collation = text_length(args[0].type), typing.context.collation
    made = string_type(wrapped(size + size // 3 + 32, collation), collation)
    call = _formatted(typing, args)
    if len(args) > 2 and _is_written(args[2]):
        _check(typing.context, typing.constant_value(typing.as_characters(args[2])))
    return replace(call, type=made.or_null(call.type.nullable))


def _is_written(locale: Expression) -> bool:
    match locale:
        case Cast(arg=inner) | Call(function=Function(name="characters"), args=(inner,)):
            return isinstance(inner, Literal)
    return isinstance(locale, Literal)


def _check(context: Context, locale: Any) -> None:
    """Warn of a locale that there is none of."""
    name = "NULL" if locale is None else locale
    if str(name).lower() not in _LOCALES:
        context.warn(1649, SqlError(1649, name).message)


def _exact(value: int | Decimal, places: int) -> str:
    if isinstance(value, int):
        return f"{value}.{'0' * places}"
    room = MOST_DIGITS - WORD * -(-max(value.adjusted() + 1, 0) // WORD)
    return decimal_text(round_decimal(value, min(places, room)))


def _rounded(value: float, places: int) -> str:
    """Half to even, of the number times its power of ten; a negative zero stays one."""
    scaled = value * 10.0**places
    if math.isfinite(scaled):
        value = math.copysign(round(abs(scaled)) / 10.0**places, value)
    if abs(scaled) < _EXACT_BELOW:
        return f"{value:.{places}f}"
    return f"{Decimal(double_text(value)):.{places}f}"


def _grouped(digits: str, separator: str, size: int) -> str:
    """`digits` with separators: three on the right, then groups of `size`."""
    if not separator or len(digits) <= 3:
        return digits
    if size == 3:
        return f"{int(digits):,}".replace(",", separator)
    rest, parts = digits[:-3], [digits[-3:]]
    while rest:
        parts.append(rest[-size:])
        rest = rest[:-size]
    return separator.join(reversed(parts))
