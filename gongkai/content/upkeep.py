"""What runs beside a service that keeps content: objects that nobody needs any more are deleted, hour by hour."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final, Literal

import structlog
from obstore.exceptions import BaseError
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.content.store import ContentStore

EVERY_SECONDS: Final = 3600.0
AGAIN_SECONDS: Final = 60.0
"""After a failure: the bucket or the database was away."""

_log = structlog.get_logger()


def tidying(contents: ContentStore, engine: AsyncEngine) -> Callable[[asyncio.Event], Awaitable[None]]:
    """Delete what a crash left of destroyed or unfinished contents: at the start, then every hour.

    A store that does not answer is no reason to end: what is read and written meanwhile fails call by call, with its
    reason, and works again when the store does.
    """

    async def tidy(stop: asyncio.Event) -> None:
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                tidied = await _unless(stopping, _tidied(contents, engine))
                await asyncio.wait({stopping}, timeout=EVERY_SECONDS if tidied else AGAIN_SECONDS)
        finally:
            stopping.cancel()

    return tidy


async def _tidied(contents: ContentStore, engine: AsyncEngine) -> bool:
    try:
        await contents.purge(engine)
        await contents.sweep(engine)
    except (BaseError, OSError, OperationalError) as error:
        _log.warning("content was not tidied", error=type(error).__name__)
        return False
    return True


async def _unless(stopping: asyncio.Task[Literal[True]], work: Coroutine[None, None, bool]) -> bool:
    """Do the work, or break it off: a bucket that is away is knocked at for minutes, and the next start does the rest."""
    working = asyncio.ensure_future(work)
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working.done() and await working
    finally:
        working.cancel()
