"""GET_LOCK and its relatives: locks by name that a session holds until it gives them back or goes.

They are metadata locks of kind USER LEVEL LOCK: waited for without polling, fairly, with circles
broken (ERROR 3058), and ended by KILL. A session may hold several, and each several times.
"""

from __future__ import annotations

from typing import Any, Final

from btree.errors import LockTimeout
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.table import Suspended
from mysqlcompat.metadata_locks import USER_LOCK, Key, MetadataLocks, Mode, Owner, Ticket

NAME_CHARACTERS: Final = 64
_FOR_EVER_S: Final = 31536000.0
EXPLICIT: Final = "EXPLICIT"


class UserLocks:
    """The named locks of one session."""

    def __init__(self, locks: MetadataLocks, owner: Owner) -> None:
        self._locks = locks
        self._owner = owner

    def get(self, name: Any, timeout_s: int | None) -> int:
        """1: it is ours (once more). Raises `Suspended` when it must be waited for, which then
        gives 1, or 0 after the timeout; negative: no timeout; NULL: 0."""
        key = _key(name)
        held = self._owner.held(key)
        if held is not None:
            held.times += 1
            return 1
        if self._locks.take(self._owner, key, Mode.EXCLUSIVE, EXPLICIT) is not None:
            return 1
        seconds = float(timeout_s or 0)
        if seconds == 0:
            return 0
        raise Suspended(lambda session, uses_tables: self._wait(key, seconds))

    async def _wait(self, key: Key, seconds: float) -> int:
        limit = _FOR_EVER_S if seconds < 0 else seconds
        try:
            await self._locks.acquire(self._owner, key, Mode.EXCLUSIVE, EXPLICIT, limit)
        except LockTimeout:
            return 0
        return 1

    def release(self, name: Any) -> int | None:
        """1, 0 when it is somebody else's, None when it is nobody's."""
        key = _key(name)
        held = self._owner.held(key)
        if held is None:
            return None if self._locks.holder(key) is None else 0
        held.times -= 1
        if held.times == 0:
            self._locks.release(held)
        return 1

    def release_all(self) -> int:
        """How many times locks were given back."""
        own = [ticket for ticket in self._owner.tickets if ticket.key.kind == USER_LOCK]
        for ticket in own:
            self._locks.release(ticket)
        return sum(ticket.times for ticket in own)

    def holder(self, name: Any) -> int | None:
        """Connection id of whoever has the lock."""
        ticket: Ticket | None = self._locks.holder(_key(name))
        return None if ticket is None else ticket.owner.connection_id


def _key(name: Any) -> Key:
    """The lock of a name, which says the same in upper and lower case. ERROR 3057, 4163."""
    if name is None:
        raise SqlError(3057, "NULL")
    try:
        text = name.decode() if isinstance(name, bytes) else str(name)
    except UnicodeDecodeError:
        shown = "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02X}" for byte in name)
        raise SqlError(3057, shown) from None
    if not text:
        raise SqlError(3057, "")
    if len(text) > NAME_CHARACTERS:
        raise SqlError(4163, text)
    return Key(USER_LOCK, "", text.lower())
