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
PLAIN: Final = 12  #: the string itself, if all of it is ASCII

# Kinds of op_date. From TO_DATE on: other moments.
YEAR, QUARTER, MONTH, DAY, HOUR, MINUTE, SECOND, MICROSECOND = range(8)
WEEKDAY, DAY_OF_WEEK, DAY_OF_YEAR, TO_DAYS = range(8, 12)
TO_DATE, TO_TIME, ADD_MONTHS, ADD_MICROS = range(12, 16)

# Kinds of op_micros.
MICROS_OF_TIME, MICROS_OF_MOMENT, TIME_OF_MICROS, MOMENT_OF_MICROS, DATE_OF_MICROS = range(5)
LOCAL_TO_UTC, UTC_TO_LOCAL, CONVERTED, MICROS_TO_UNIX, UNIX_TO_MICROS = range(5, 10)

# Kinds of op_read: what a text is read as.
READ_SIGNED, READ_DOUBLE, READ_DECIMAL, READ_DATE, READ_DATETIME, READ_TIME = range(6)
READ_CLOCK_OF_MOMENT: Final = 6  #: a time, or that of a moment
READ_UNSIGNED: Final = 7

# Kinds of op_search.
LOCATE, FIND_IN_SET = range(2)

# Kinds of op_json; up to JSON_TEXT they give strings or documents.
JSON_VALUE, JSON_TEXT, JSON_TYPE, JSON_LENGTH, JSON_EXISTS = range(5)
JSON_TO_DOUBLE, JSON_TO_SIGNED, JSON_TO_UNSIGNED, JSON_TO_DECIMAL = range(5, 9)
JSON_COMPARE, JSON_HOLDS = range(9, 11)
# Flags of op_json.
JSON_AS_TEXT: Final = 1  #: the value is taken for its text: TRUE is no number
JSON_NULL_IS_NULL: Final = 2  #: JSON's null becomes SQL's
JSON_MISSING_FAILS: Final = 4  #: Python decides about what is not there
JSON_QUOTED: Final = 8  #: JSON_TEXT: strings are in quotes
# Flags of op_json_rows.
ROWS_OUTER: Final = 1
ROWS_OF_CELLS: Final = 2

# Kinds of op_json_make: of SQL values, of texts, of several or two documents, of one.
MAKE_OF_INTEGER, MAKE_OF_TRUTH, MAKE_OF_DOUBLE, MAKE_OF_DECIMAL, MAKE_OF_MOMENT = range(5)
MAKE_OF_TEXT, MAKE_OF_BYTES, MAKE_PARSED, MAKE_VALID, MAKE_QUOTED, MAKE_UNQUOTED = range(5, 11)
MAKE_ARRAY, MAKE_OBJECT, MAKE_CHANGE, MAKE_MERGE, MAKE_SEARCH = range(11, 16)
MAKE_KEYS, MAKE_MEASURE, MAKE_SORT_KEY, MAKE_PRETTY, MAKE_FOUND = range(16, 21)
MAKE_PRESENT: Final = 21  #: as MAKE_ARRAY, of what is not NULL

# What op_markup makes, and its steps: axes and, from MARKUP_AT on, predicates.
MARKUP_TEXT, MARKUP_COUNT, MARKUP_UPDATE = range(3)
MARKUP_CHILD, MARKUP_ATTRIBUTE, MARKUP_DESCENDANTS, MARKUP_SELF = range(4)
MARKUP_AT, MARKUP_LAST, MARKUP_ONE, MARKUP_ANY = range(4, 8)
