"""Result codes of kernels: zero and above is a result, below zero one of these.

A kernel never raises. The Python function beside it turns a code into an exception of its package,
except E_PAGE_MISS and E_LOCK_WAIT, which are answered by fetching, or waiting, and calling again.
"""

from typing import Final

E_NOT_FOUND: Final = -1  #: no such key, no such version for this view
E_PAGE_MISS: Final = -2  #: page `st[ST_MISS_PAGE]` is not in the pool; nothing was changed
E_LOCK_WAIT: Final = -3  #: transaction `st[ST_WAIT_FOR]` holds it; nothing was changed
E_DUPLICATE: Final = -4  #: unique key exists; index number in `st[ST_DUPLICATE_INDEX]`
E_LOG_FULL: Final = -5  #: back-pressure: publish, wait until the volume has caught up, call again
E_PAGE_FULL: Final = -6  #: the cell does not fit this page (internal: leads to a split)
E_NO_FRAME: Final = -7  #: the pool has no free frame: make room, call again
E_CORRUPT: Final = -8  #: bytes which cannot be: checksum, order, bounds
E_TOO_BIG: Final = -9  #: row, key or value over its limit
E_OVERFLOW: Final = -10  #: arithmetic result out of its type's range
E_NO_ROOM: Final = -11  #: the output buffer given is full; what was written before is good
E_CALLBACK: Final = -12  #: an instruction needs Python; its place is in the program's state
E_END: Final = -13  #: a cursor or a source has no more
E_READ_ONLY: Final = -14  #: a change was asked of an engine that follows a stream
E_STALE_EPOCH: Final = -15  #: somebody with a newer epoch owns the volume
E_TRUNCATED: Final = -16  #: value cut or adjusted on assignment
E_BAD_VALUE: Final = -17  #: value of the wrong form
E_DIVIDE: Final = -18  #: division by zero (MySQL: NULL and a warning)
E_NULL: Final = -19  #: NULL where none may be
E_DEADLOCK: Final = -20
E_LOCKS_FULL: Final = -21  #: the lock table is full: let it grow, call again
E_TOO_MANY: Final = -22  #: every slot for transactions that change data is taken
E_SPILL_FULL: Final = -23  #: the spill buffer is too small: let it grow, call again
E_PARENT_MISSING: Final = -40  #: a foreign key finds no parent row; `ST_FOREIGN_…` say which
E_CHILD_THERE: Final = -41  #: child rows keep a parent row as it is; `ST_FOREIGN_…` say which
E_CASCADE_DEPTH: Final = -42  #: a foreign key's action would go deeper than MySQL lets it
E_CASCADE_ROOM: Final = -43  #: the cascade stack is too small: let it grow, call again
E_CHECK_FAILED: Final = -44  #: a CHECK constraint is not met; the run block says which
E_NOT_LOADED: Final = -45  #: the directory has no descriptor of table `st[ST_WANTED_TABLE]` yet
E_LONG_VALUE: Final = -31  #: a value must leave its row first; `ST_LONG_…` say which
E_LATER: Final = -32  #: time slice over; call again to go on
