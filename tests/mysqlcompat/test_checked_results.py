"""Results of arithmetic against the range of their type."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mysqlcompat.functions.operators import checked
from mysqlcompat.functions.table import OutOfRange
from mysqlcompat.sql.evaluate import own_digits
from mysqlcompat.sqltypes import decimal_type, double_type, int_type, null_type


def test_only_integers_have_the_range_of_an_integer() -> None:
    """Python's integers stand for other numbers, too: their types have no bytes to count."""
    for other in (decimal_type(10, 2), double_type(), null_type()):
        assert checked(7, other) == 7
    assert checked(Decimal(7), int_type()) == 7
    with pytest.raises(OutOfRange):
        checked(1 << 63, int_type())
    with pytest.raises(OutOfRange):
        checked(-1, int_type(unsigned=True))


def test_numbers_computed_with_parameters_keep_all_digits_they_have() -> None:
    """More than Python's own arithmetic has."""
    unknown = decimal_type(65, 30)
    for text in ("12345678901234567890123456789012345.125", "-0.5", "120", "0"):
        given = Decimal(text + "0" * 10) if "." in text else Decimal(text + ".000")
        assert str(own_digits(given, unknown)) == text
