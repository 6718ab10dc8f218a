"""Attempts are counted on a real PostgreSQL, by keyed digests, and windows end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.security.throttle import Limit, Throttle, Throttled, create_throttle_table
from gongkai.serving.database import create_engine

LIMIT = Limit(3, timedelta(minutes=15))
ADDRESS = "198.51.100.7"


class Now:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url)
    async with engine.begin() as conn:
        await conn.run_sync(lambda sync: create_throttle_table(Operations(MigrationContext.configure(sync))))
    yield engine
    await engine.dispose()


async def rows(engine: AsyncEngine) -> list[tuple[object, ...]]:
    async with engine.connect() as conn:
        return [tuple(row) for row in await conn.execute(text("SELECT * FROM throttle"))]


async def test_a_client_without_attempts_left_is_refused_until_its_window_ends(engine: AsyncEngine) -> None:
    """After ``burst`` failures every check is refused, with the minutes left; others are not hurt."""
    now = Now()
    throttle = Throttle(engine, b"k" * 32, clock=now)

    for _ in range(3):
        await throttle.check("code", ADDRESS, LIMIT)
        await throttle.count("code", ADDRESS, LIMIT)

    now.at += timedelta(minutes=4)
    with pytest.raises(Throttled) as refused:
        await throttle.check("code", ADDRESS, LIMIT)
    assert refused.value.seconds == 660
    assert [(reason.code, "11 分钟" in reason.message_zh) for reason in refused.value.reasons] == [
        ("throttled", True)
    ]
    await throttle.check("code", "198.51.100.8", LIMIT)
    await throttle.check("login", ADDRESS, LIMIT)
    now.at += timedelta(minutes=11)
    await throttle.check("code", ADDRESS, LIMIT)
    await throttle.count("code", ADDRESS, LIMIT)
    await throttle.check("code", ADDRESS, LIMIT)


async def test_attempts_at_the_same_moment_get_no_further_than_the_limit(engine: AsyncEngine) -> None:
    """``take`` counts and refuses in one step: of forty at once exactly ``burst`` pass, on several processes."""
    now = Now()
    processes = [Throttle(engine, b"k" * 32, clock=now) for _ in range(2)]

    took = await asyncio.gather(
        *(processes[n % 2].take("code", ADDRESS, LIMIT) for n in range(40)), return_exceptions=True
    )

    assert sum(result is None for result in took) == 3
    assert all(isinstance(result, Throttled) for result in took if result is not None)


async def test_a_success_is_forgotten_or_given_back(engine: AsyncEngine) -> None:
    """A right password wipes the login's failures; the address gets its one attempt back and no more."""
    throttle = Throttle(engine, b"k" * 32, clock=Now())
    for _ in range(3):
        await throttle.take("login", "bianji", LIMIT)
        await throttle.take("client", ADDRESS, LIMIT)

    await throttle.forget("login", "bianji")
    await throttle.give_back("client", ADDRESS)

    for _ in range(3):
        await throttle.take("login", "bianji", LIMIT)
    await throttle.take("client", ADDRESS, LIMIT)
    with pytest.raises(Throttled):
        await throttle.take("client", ADDRESS, LIMIT)


async def test_the_table_tells_nobody_who_tried(engine: AsyncEngine) -> None:
    """Digests differ by key and purpose; an IPv6 household is one client, however it counts up its addresses."""
    now = Now()
    one, other = Throttle(engine, b"k" * 32, clock=now), Throttle(engine, b"l" * 32, clock=now)
    for throttle in (one, other):
        await throttle.count("code", ADDRESS, LIMIT)
        await throttle.count("login", ADDRESS, LIMIT)
    await one.count("code", f"::ffff:{ADDRESS}", LIMIT)
    for address in ("2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff:1:2:3"):
        await one.count("code", address, LIMIT)

    stored = await rows(engine)

    assert sorted((purpose, used) for purpose, _, used, _ in stored) == [
        ("code", 1), ("code", 2), ("code", 3), ("login", 1), ("login", 1),
    ]  # fmt: skip
    assert ADDRESS not in str(stored)


async def test_windows_that_ended_are_deleted(engine: AsyncEngine) -> None:
    """The table holds what is being counted now, and nothing of yesterday."""
    now = Now()
    throttle = Throttle(engine, b"k" * 32, clock=now)
    for number in range(5):
        await throttle.count("code", f"198.51.100.{number}", LIMIT)

    now.at += timedelta(hours=1)
    await throttle.count("code", ADDRESS, LIMIT)

    assert len(await rows(engine)) == 1
