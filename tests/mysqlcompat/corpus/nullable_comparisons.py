"""Whether comparisons may be NULL: constants that columns hold count as they were given."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import section

_ALL: Final = """
(id = 1.0)
(id = quarter(time'13:14:15'))
(quarter(time'13:14:15') = id)
(id = '12')
(id = '12a')
(id = cast('12' as decimal(5,2)))
(id = cast('12' as signed))
(id = nullif(12, 3))
(id = nullif(12.5, 3))
(id <=> nullif(12.5, 3))
(id = cast(nullif('1',2) as char))
(id = if(1, 12.0, null))
(id = date'2024-02-29')
(id = nullif(date'2024-02-29', 1))
(id = cast('1' as json))
(id = timestamp'2024-02-29 01:02:03')
(id = nullif(timestamp'2024-02-29 01:02:03', 1))
(id = nullif('x', 'y'))
(id = nullif(7e0, 1))
(bu <> pow(2, 3))
(bu < nullif(7, 1))
nullif(quarter(time'13:14:15'), bu)
nullif(nullif(7e0, 1), bu)
(dt6 = nullif('2024-01-01', 'x'))
(dt6 = nullif(20240101, 1))
(dt6 = nullif(20240101.0, 1))
(dt6 = quarter(time'13:14:15'))
(dt6 = '2024-01-01')
(dt6 = 20240101)
(dn = nullif('1.5', 'x'))
(dn = nullif(1.5, 'x'))
(id between nullif(7e0, 1) and 9.0)
(id between 1.0 and 9.0)
(id between quarter(time'13:14:15') and bu)
(id in (quarter(time'13:14:15'), 5.0))
(id in (quarter(time'13:14:15')))
((id, 1) = (quarter(time'13:14:15'), 1))
case id when quarter(time'13:14:15') then 1 end
"""

SECTIONS: Final = [section(filter(None, _ALL.splitlines()), tail="FROM v")]
