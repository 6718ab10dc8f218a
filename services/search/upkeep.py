"""What happens because time passed: destroyed contents leave the index files; a lost index is filled again."""

from __future__ import annotations

import asyncio
from typing import Final

import sqlalchemy as sa
import structlog
from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.messaging.faults import is_transient
from gongkai.messaging.schema import consumer_place
from gongkai.refusal import Refusal
from services.search.bodies import BodiesUnavailable
from services.search.engine import Engine, IndexUnavailable
from services.search.forgetting import count_pending, expunge_pending
from services.search.owner import OwnerUnavailable
from services.search.rebuild import Progress, Rebuilder

LOOK_SECONDS: Final = 2.0
"""How often the list of contents to expunge is looked at: one small query in PostgreSQL."""

_PASSING: Final = (IndexUnavailable, BodiesUnavailable, OwnerUnavailable, Refusal)
_WAITING = Gauge(
    "gongkai_search_expunge_waiting", "Destroyed contents whose bytes may still be in index files."
)
_log = structlog.get_logger()


async def fill_again(stop: asyncio.Event, rebuilder: Rebuilder, database: AsyncEngine) -> None:
    """Rebuild an index that had to be made anew although contracts were applied before: its disk was lost."""
    async with database.connect() as conn:
        applied = (await conn.execute(sa.select(sa.func.max(consumer_place.c.position)))).scalar()

    async def quiet(_progress: Progress) -> None: ...

    while applied and not stop.is_set():
        _log.warning("the index was lost; it is rebuilt from the owner's log")
        try:
            await rebuilder.run(quiet)
        except _PASSING as error:
            _log.warning("the rebuild is tried again", cause=type(error).__name__)
            await _pause(stop, LOOK_SECONDS * 5)
        else:
            return


async def expunge_until(stop: asyncio.Event, engine: Engine, database: AsyncEngine) -> None:
    """Have destroyed contents leave the index files, whenever there are any, until ``stop``."""
    while not stop.is_set():
        try:
            waiting = await count_pending(database)
            _WAITING.set(waiting)
            if waiting:
                gone = await expunge_pending(engine, database)
                _log.info("destroyed contents expunged from the index files", contents=gone)
        except Exception as error:
            if not isinstance(error, _PASSING) and not is_transient(error):
                raise
            _log.warning("expunging is tried again", cause=type(error).__name__)
        await _pause(stop, LOOK_SECONDS)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
