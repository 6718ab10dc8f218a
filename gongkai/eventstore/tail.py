"""Following the log as it grows."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.store import EventStore

Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
"""Opens a connection for one read: ``engine.connect``."""

SHORTEST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 0.25


async def tail(
    store: EventStore,
    connect: Connect,
    after: int,
    *,
    page: int = 500,
    stop: asyncio.Event | None = None,
) -> AsyncGenerator[list[StoredEvent], None]:
    """Pages of events behind position ``after``, for ever or until ``stop`` is set; no page is empty.

    Asks again after 50 ms without news and ever more slowly up to 250 ms: one index probe each time.
    LISTEN/NOTIFY would tell sooner, and would put all commits of the server in a row.

    Raises:
        UnknownEventType: the next page holds an event this release does not know; nothing behind it is read.
    """
    stop = stop or asyncio.Event()
    pause = SHORTEST_PAUSE
    while not stop.is_set():
        async with connect() as conn:
            events = await store.read(conn, after, page)
        if events:
            yield events
            after, pause = events[-1].position, SHORTEST_PAUSE
            continue
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
