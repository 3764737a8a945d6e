"""What the ops of functions are told to do: modes of numbers, kinds of strings and dates."""

from __future__ import annotations

from typing import Final

# Modes of op_arithmetic beside SIGNED and DOUBLE: sides and results that are unsigned must have
# lanes that are not negative, or it is an overflow.
UNSIGNED_A: Final = 16
UNSIGNED_B: Final = 32
UNSIGNED_RESULT: Final = 64

#: Null byte of a lane that is left to Python (`Callback.partial`).
LANE_FAILED: Final = 4

# Kinds of op_divide. CUT: as DIVIDE, without rounding.
DIVIDE, DIVIDE_CUT, INTEGER_DIVIDE, REMAINDER = range(4)

# Operators of op_wide are those of op_arithmetic, and:
FROM_TEXT: Final = 16
TO_TEXT: Final = 17
COMPARE: Final = 32  #: added to an operator of op_compare

# Kinds of op_text; those from SUBSTRING on give strings.
LENGTH, CHAR_LENGTH, ASCII, SUBSTRING, SUBSTRING_TO, LEFT, RIGHT, LTRIM, RTRIM, TRIM = range(10)
UPPER, LOWER = range(10, 12)

# Kinds of op_date. From TO_DATE on: other moments.
YEAR, QUARTER, MONTH, DAY, HOUR, MINUTE, SECOND, MICROSECOND = range(8)
WEEKDAY, DAY_OF_WEEK, DAY_OF_YEAR, TO_DAYS = range(8, 12)
TO_DATE, TO_TIME, ADD_MONTHS, ADD_MICROS = range(12, 16)
