"""Following the log; that nothing is skipped under many writers is in the store's contract."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.eventstore.contract_tests import HALF_A_CODEC, Opened, Renamed, Site, opened
from gongkai.eventstore.errors import UnknownEventType
from gongkai.eventstore.store import StreamWrite
from gongkai.eventstore.tail import tail


async def test_a_tail_begins_behind_its_place_and_waits_for_more(site: Site, engine: AsyncEngine) -> None:
    """Given a place in the log, a follower gets what stands behind it, then what is appended later."""
    first, second = await site.append(opened("thing:1", 0, "a", "b"))
    pages = tail(site.store(), engine.connect, first.position)
    assert await anext(pages) == [second]
    waiting = asyncio.ensure_future(anext(pages))
    await asyncio.wait({waiting}, timeout=0.2)
    assert not waiting.done()
    assert await site.append(opened("thing:2")) == await waiting
    await pages.aclose()


async def test_an_idle_tail_ends_when_told(site: Site, engine: AsyncEngine) -> None:
    """A service that drains need not cancel its follower."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.1, stop.set)
    assert [page async for page in tail(site.store(), engine.connect, 0, stop=stop)] == []


async def test_an_unknown_type_stops_a_tail(site: Site, engine: AsyncEngine) -> None:
    """Pages before the unknown event are given, then the error, and nothing behind it."""
    await site.append(StreamWrite("thing:1", 0, [Opened(title="a"), Renamed(title="b"), Opened(title="c")]))
    pages = tail(site.store(HALF_A_CODEC), engine.connect, 0, page=1)
    assert [event.data for event in await anext(pages)] == [Opened(title="a")]
    with pytest.raises(UnknownEventType):
        await anext(pages)
