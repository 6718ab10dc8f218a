"""Views built anew beside the live ones, compared and mended: shown on catalog's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.eventstore.ledger import CommandLedger
from gongkai.eventstore.store import EventStore
from gongkai.eventstore.vault import Vault
from gongkai.serving.clock import new_id, utc_now
from gongkai.serving.database import create_engine, migrate
from gongkai.serving.errors import Unavailable
from gongkai.serving.rebuilding import Difference, rebuild
from services.catalog.codec import CODEC
from services.catalog.domain.calendars import AnnounceCalendar, MovedDay
from services.catalog.domain.organs import RegisterOrgan
from services.catalog.handlers import Office, Order, announce_calendar, change_organ
from services.catalog.seed.reading import read_seed
from services.catalog.sowing import sow_once
from services.catalog.views.rebuild import TABLES, views_of


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    await migrate("services.catalog", database_url)
    engine = create_engine(database_url, pool_size=5)
    store = EventStore(CODEC, clock=utc_now, ids=new_id, vault=Vault(bytes(32), clock=utc_now))
    office = Office(engine, store, CommandLedger(clock=utc_now))
    await sow_once(office, read_seed())
    yield office
    await engine.dispose()


async def register(office: Office, number: int) -> None:
    command = RegisterOrgan(
        f"341323-o{number}", f"机关{number}", f"机关{number}", "341323000000", "11341323MD23A00253"
    )
    await change_organ(office, Order(f"o{number}", "tester"), command)


async def everything(engine: AsyncEngine) -> dict[str, list[str]]:
    async with engine.connect() as conn:
        return {
            table: sorted((await conn.execute(text(f"SELECT t::text FROM {table} AS t"))).scalars())
            for table in TABLES
        }


async def differences(office: Office) -> list[Difference]:
    return [
        one async for one in rebuild(office.engine, views_of(office.store)) if isinstance(one, Difference)
    ]


async def test_a_rebuild_of_sound_views_changes_nothing(office: Office) -> None:
    """Views that say what the log says come out of a rebuild row for row as they went in."""
    await register(office, 1)
    before = await everything(office.engine)
    assert await differences(office) == []
    assert await everything(office.engine) == before


async def test_a_rebuild_mends_rows_that_are_lost_changed_or_invented(office: Office) -> None:
    """Whatever was done to the live rows, afterwards they are what the log says, and the differences are told."""
    await register(office, 1)
    before = await everything(office.engine)
    async with office.engine.begin() as conn:
        await conn.execute(text("DELETE FROM calendar_day WHERE year = 2026"))
        await conn.execute(text("UPDATE organ SET name = '改过' WHERE code = '341323-o1'"))
        await conn.execute(
            text(
                "INSERT INTO division SELECT '999999000000', '虚构', level, parent, version FROM division LIMIT 1"
            )
        )
    found = {one.table: (one.missing > 0, one.surplus) for one in await differences(office)}
    assert found == {"calendar_day": (True, 0), "organ": (True, 1), "division": (False, 1)}
    assert await everything(office.engine) == before


async def test_commands_go_on_during_a_rebuild_and_none_is_lost(office: Office) -> None:
    """Years announced while the views are rebuilt are in the log and in the views afterwards."""

    async def announcing() -> None:
        for year in range(2030, 2060):
            days = (MovedDay(day=date(year, 1, 1), working=False, name="元旦"),)
            command = AnnounceCalendar(year, days, "通知", complete=True)
            await announce_calendar(office, Order(f"y{year}", "tester"), command)

    found, _ = await asyncio.gather(differences(office), announcing())
    assert found == []
    async with office.engine.connect() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM calendar_year WHERE year >= 2030")) == 30
    assert await differences(office) == []


async def test_two_rebuilds_at_once_are_refused(office: Office) -> None:
    """A second rebuild is refused while one is running, and works after it."""
    running = rebuild(office.engine, views_of(office.store))
    await anext(running)
    with pytest.raises(Unavailable):
        await differences(office)
    await running.aclose()
    assert await differences(office) == []
