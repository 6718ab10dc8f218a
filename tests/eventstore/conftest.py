"""A log of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gongkai.eventstore.contract_tests import NOW, Site
from gongkai.eventstore.schema import create_tables
from gongkai.eventstore.store import EventStore


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A database with the kernel's tables."""
    engine = create_async_engine(database_url, pool_size=20)
    async with engine.begin() as conn:
        await conn.run_sync(create_tables)
    yield engine
    await engine.dispose()


@pytest.fixture
def site(engine: AsyncEngine) -> Site:
    """The real store on that database."""
    return Site(
        begin=engine.begin,
        new_store=lambda codec, ids, timeout: EventStore(
            codec, clock=lambda: NOW, ids=ids, lock_timeout_ms=timeout
        ),
    )
