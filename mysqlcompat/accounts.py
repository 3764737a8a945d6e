"""Who may log in. One account so far: root, from anywhere with a password, from loopback without.

CREATE USER and its relatives come later; they are refused with ERROR 1235.
"""

from __future__ import annotations

from typing import Final

from mysqlcompat.errors import SqlError
from mysqlcompat.wire.sessions import Credentials

ROOT: Final = "root"
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
#: Static privileges, in the order in which SHOW GRANTS names them.
PRIVILEGES: Final = (
    "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "RELOAD", "SHUTDOWN", "PROCESS",
    "FILE", "REFERENCES", "INDEX", "ALTER", "SHOW DATABASES", "SUPER", "CREATE TEMPORARY TABLES",
    "LOCK TABLES", "EXECUTE", "REPLICATION SLAVE", "REPLICATION CLIENT", "CREATE VIEW", "SHOW VIEW",
    "CREATE ROUTINE", "ALTER ROUTINE", "CREATE USER", "EVENT", "TRIGGER", "CREATE TABLESPACE",
    "CREATE ROLE", "DROP ROLE",
)  # fmt: skip


class RootOnly:
    """Satisfies `wire.sessions.Accounts`. `secret`: root's authentication string, or empty."""

    def __init__(self, secret: bytes = b"") -> None:
        self._local = Credentials(ROOT, "localhost", secret=secret)
        self._remote = Credentials(ROOT, "%", secret=secret)

    def lookup(self, user: str, host: str) -> Credentials | None:
        if user != ROOT:
            return None
        if host in LOOPBACK:
            return self._local
        return self._remote if self._remote.secret else None


def grants_of(user: str, host: str) -> list[str]:
    """SHOW GRANTS of an account that may do everything."""
    account = f"`{user}`@`{host}`"
    return [f"GRANT {', '.join(PRIVILEGES)} ON *.* TO {account} WITH GRANT OPTION"]


def require(account: Credentials, privilege: str) -> None:
    """ERROR 1227 unless the account has a privilege (one of PRIVILEGES)."""
    assert privilege in PRIVILEGES
    if account.user != ROOT:
        raise SqlError(1227, privilege)
