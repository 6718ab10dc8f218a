"""Views in the same database: checkpoint, rebuild beside, switch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.eventstore.contract_tests import HALF_A_CODEC, Opened, Renamed, Site, opened
from gongkai.eventstore.errors import UnknownEventType
from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.projection import (
    Projection,
    ProjectionBehind,
    advance,
    catch_up,
    forget,
    live_version,
    switch,
)
from gongkai.eventstore.store import StreamWrite


async def titles(engine: AsyncEngine, version: int, shape: Callable[[str], str] = str) -> Projection:
    """A projection of every title to ``titles_<version>``, with its table."""

    async def apply(conn: AsyncConnection, events: Sequence[StoredEvent]) -> None:
        rows = [
            {"id": event.stream, "title": shape(event.data.title)}
            for event in events
            if isinstance(event.data, Opened | Renamed)
        ]
        await conn.execute(
            text(
                f"INSERT INTO titles_{version} VALUES (:id, :title, 1) ON CONFLICT (id)"
                f" DO UPDATE SET title = excluded.title, times = titles_{version}.times + 1"
            ),
            rows,
        )

    async with engine.begin() as conn:
        await conn.execute(
            text(f"CREATE TABLE titles_{version} (id text PRIMARY KEY, title text, times int)")
        )
    return Projection("titles", version, apply)


async def rows(engine: AsyncEngine, version: int) -> list[tuple[str, str, int]]:
    async with engine.connect() as conn:
        return [tuple(row) for row in await conn.execute(text(f"SELECT * FROM titles_{version} ORDER BY id"))]


async def test_a_view_follows_the_log_page_by_page(site: Site, engine: AsyncEngine) -> None:
    """Each event is applied once, in order, whatever the page size."""
    projection = await titles(engine, 1)
    await site.append(opened("thing:1"), opened("thing:2"), StreamWrite("thing:3", 0, [Opened(title="x")]))
    assert await catch_up(site.begin, site.store(), projection, page=2) == 3
    await site.append(StreamWrite("thing:1", 1, [Renamed(title="b")]))
    assert await catch_up(site.begin, site.store(), projection) == 1
    assert await rows(engine, 1) == [("thing:1", "b", 2), ("thing:2", "a", 1), ("thing:3", "x", 1)]


async def test_replicas_share_a_view_without_applying_twice(site: Site, engine: AsyncEngine) -> None:
    """Four workers on one checkpoint apply every event exactly once."""
    projection = await titles(engine, 1)
    await site.append(*(opened(f"thing:{n}") for n in range(50)))
    applied = await asyncio.gather(
        *(catch_up(site.begin, site.store(), projection, page=7) for _ in range(4))
    )
    assert sum(applied) == 50
    assert {times for _, _, times in await rows(engine, 1)} == {1}


async def test_a_failing_page_moves_nothing(site: Site, engine: AsyncEngine) -> None:
    """View and checkpoint commit together: after an error the page is applied again, once."""
    good = await titles(engine, 1)

    async def apply(conn: AsyncConnection, events: Sequence[StoredEvent]) -> None:
        await good.apply(conn, events)
        raise ZeroDivisionError

    await site.append(opened("thing:1"))
    with pytest.raises(ZeroDivisionError):
        await catch_up(site.begin, site.store(), Projection("titles", 1, apply))
    assert await catch_up(site.begin, site.store(), good) == 1
    assert await rows(engine, 1) == [("thing:1", "a", 1)]


async def test_a_view_is_rebuilt_beside_the_live_one_and_switched(site: Site, engine: AsyncEngine) -> None:
    """Readers stay on the old version until the new one has caught up; the way back stays open."""
    old, new = await titles(engine, 1), await titles(engine, 2, str.upper)
    await site.append(opened("thing:1", 0, "a"), opened("thing:2", 0, "b"))
    await catch_up(site.begin, site.store(), old)
    async with site.begin() as conn:
        assert await live_version(conn, "titles") is None
        await switch(conn, "titles", 1)
    with pytest.raises(ProjectionBehind, match="titles@2 is at 0"):
        async with site.begin() as conn:
            await switch(conn, "titles", 2)

    async with site.begin() as conn:
        await advance(conn, site.store(), new, page=1)
    with pytest.raises(ProjectionBehind):
        async with site.begin() as conn:
            await switch(conn, "titles", 2)
    await site.append(opened("thing:3", 0, "c"))
    await catch_up(site.begin, site.store(), new)
    async with site.begin() as conn:
        await switch(conn, "titles", 2)
    async with site.begin() as conn:
        assert await live_version(conn, "titles") == 2
    assert [title for _, title, _ in await rows(engine, 2)] == ["A", "B", "C"]

    await catch_up(site.begin, site.store(), old)
    async with site.begin() as conn:
        await switch(conn, "titles", 1)
        assert await live_version(conn, "titles") == 1


async def test_a_replay_equals_the_live_view(site: Site, engine: AsyncEngine) -> None:
    """A forgotten version starts from 0 again and comes to the same rows; a live one is not forgotten."""
    projection = await titles(engine, 1)
    await site.append(opened("thing:1"), StreamWrite("thing:2", 0, [Opened(title="x"), Renamed(title="y")]))
    await catch_up(site.begin, site.store(), projection, page=1)
    live = await rows(engine, 1)
    async with site.begin() as conn:
        await forget(conn, "titles", 1)
        await conn.execute(text("TRUNCATE titles_1"))
    assert await catch_up(site.begin, site.store(), projection) == 3
    assert await rows(engine, 1) == live
    async with site.begin() as conn:
        await switch(conn, "titles", 1)
        await forget(conn, "titles", 1)
        assert await live_version(conn, "titles") == 1


async def test_an_unknown_type_stops_a_view(site: Site, engine: AsyncEngine) -> None:
    """The page with the unknown event is not applied, not even in part."""
    projection = await titles(engine, 1)
    await site.append(StreamWrite("thing:1", 0, [Opened(title="a"), Renamed(title="b")]))
    with pytest.raises(UnknownEventType):
        await catch_up(site.begin, site.store(HALF_A_CODEC), projection)
    assert await rows(engine, 1) == []


def test_a_projection_is_called_by_name_and_version() -> None:
    """As logs and metrics show it."""

    async def apply(conn: AsyncConnection, events: Sequence[StoredEvent]) -> None: ...

    assert str(Projection("records", 2, apply)) == "records@2"
