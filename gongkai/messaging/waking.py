"""How one replica wakes another: PostgreSQL's NOTIFY, after the commit and in a transaction of its own.

In the appending transaction it would put all commits of the server in a row, each behind the other's write to disk.
Alone it has nothing to write to disk, and where there is but one replica it is never needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from psycopg import AsyncConnection as Session
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def tell(conn: AsyncConnection, channel: str) -> None:
    """Wake whoever listens; ``conn`` commits by itself."""
    await conn.execute(text("SELECT pg_notify(:channel, '')"), {"channel": channel})


class Listener:
    """The notices of one channel, on a session that commits by itself and is not used by others."""

    def __init__(self, session: Session, heard: Callable[[], None]) -> None:
        self._session = session
        self._heard = heard
        session.add_notify_handler(lambda _notice: heard())

    @classmethod
    async def open(cls, conn: AsyncConnection, channel: str, heard: Callable[[], None]) -> Listener:
        """Listen as long as the session lives; notices that come along with an answer are heard too."""
        session = (await conn.get_raw_connection()).driver_connection
        if not isinstance(session, Session):
            raise TypeError(f"psycopg's asynchronous driver is needed, not {type(session).__name__}")
        listener = cls(session, heard)
        await conn.execute(text(f'LISTEN "{channel}"'))
        return listener

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Hear while the session is asked nothing; that its server has gone is heard like a notice."""
        # psycopg's own ``notifies()`` looks ten times a second.
        loop, socket = asyncio.get_running_loop(), self._session.fileno()
        loop.add_reader(socket, self._heard)
        try:
            yield
        finally:
            loop.remove_reader(socket)
