"""The end of a connection, as its channel sees it."""

from __future__ import annotations

import asyncio
import socket

import pytest

from mysqlcompat.wire.channel import Channel


def test_who_is_gone_is_written_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A reply of many parts to a client that has vanished: no word of it in the log."""

    async def main() -> None:
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        transport, channel = await loop.create_connection(
            lambda: Channel(1 << 20, lambda channel: None), sock=ours
        )
        theirs.close()
        for _ in range(20):
            channel.write(b"x" * 100)
        transport.abort()

    with caplog.at_level("DEBUG"):
        asyncio.run(main())
    assert [record for record in caplog.records if record.levelname != "DEBUG"] == []
