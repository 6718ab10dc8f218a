"""The first start of catalog, and commands to it, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import func, select

from gongkai.eventstore.ledger import CommandLedger
from gongkai.eventstore.store import EventStore, StreamWrite
from gongkai.eventstore.vault import Vault
from gongkai.refusal import Refusal
from gongkai.serving.clock import new_id, utc_now
from gongkai.serving.database import create_engine, migrate
from gongkai.serving.rebuilding import Difference, rebuild
from services.catalog.codec import CODEC
from services.catalog.domain.calendars import AnnounceCalendar, MovedDay
from services.catalog.domain.editions import EditionPublished, Matter, MatterRevised
from services.catalog.domain.organs import AddOrganCredential, RegisterOrgan, RevokeOrganCredentials
from services.catalog.handlers import Office, Order, announce_calendar, change_organ
from services.catalog.saying import contract_of
from services.catalog.seed.reading import read_seed
from services.catalog.sowing import sow, sow_once
from services.catalog.views import catalogues, reading, rows, tables
from services.catalog.views.reading import Page
from services.catalog.views.rebuild import views_of
from services.catalog.views.rows import Wanted
from services.catalog.views.writing import apply

KEY = "U" + "A" * 55
MZJ = RegisterOrgan("341323-mzj", "灵璧县民政局（演示）", "县民政局", "341323000000", "11341323MD23A00253")
SEED = read_seed()
SOWN = 1488 + 20 + 20 + 26 + 159 + 2 * (4 + 2 * 305)
"""Divisions, years, rules, domains, bases; guide and standard with four events each and two a matter."""
CITY = "341300000000"


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    await migrate("services.catalog", database_url)
    engine = create_engine(database_url, pool_size=5)
    store = EventStore(CODEC, clock=utc_now, ids=new_id, vault=Vault(bytes(32), clock=utc_now))
    yield Office(engine, store, CommandLedger(clock=utc_now))
    await engine.dispose()


@pytest.fixture
async def sown(office: Office) -> Office:
    await sow(office, SEED)
    return office


async def test_the_first_start_loads_everything_and_the_second_nothing(office: Office) -> None:
    """Every seed row becomes an event once, however often the service starts."""
    first = await sow(office, SEED)
    second = await sow(office, SEED)

    async with office.engine.connect() as conn:
        assert (first, second) == (SOWN, 0)
        assert await office.store.head(conn) == first
        assert (await office.store.verify(conn)).faults == ()


async def test_the_views_hold_what_was_sown(sown: Office) -> None:
    """Divisions, calendar, rules, domains and matters can be asked for as soon as the seed is in."""
    async with sown.engine.connect() as conn:
        counts = {
            level: (await reading.list_divisions(conn, parent="", level=level, page=Page(1))).total
            for level in ("city", "county", "township", "village")
        }
        domains = await catalogues.count_by_domain(conn, CITY, 1)
        matters = await rows.slice_of(conn, rows.rows_of(CITY, 1, Wanted(domain="20")), 5, "")
        art26 = (
            await conn.execute(select(tables.rule).where(tables.rule.c.code == "proactive-disclosure"))
        ).one()

        assert counts == {"city": 1, "county": 7, "township": 122, "village": 1358}
        assert (len(domains), sum(domain.matter_count for domain in domains)) == (26, 305)
        assert (domains[19].code, domains[19].name) == ("20", "社会救助")
        assert [row.matter for row in matters.rows] == [f"m-20-00{i}" for i in range(1, 6)]
        assert (matters.total, matters.more, matters.rows[0].reading["levels"]) == (
            13,
            True,
            ["county", "township"],
        )
        assert (art26.value, art26.unit, art26.citation, art26.mark) == (
            20, "working_days", "《政府信息公开条例》第二十六条", "L",
        )  # fmt: skip
        assert await reading.announced_until(conn) == date(2026, 12, 31)
        standard = await catalogues.find_edition(conn, CITY, on=date(2026, 1, 1))
        assert standard is not None
        assert (standard.number, standard.matters, standard.upper_number) == (1, 305, 1)
        assert await catalogues.find_edition(conn, CITY, on=date(2020, 12, 30)) is None
        assert [row.code for row in await reading.ancestors(conn, "341323110000")] == [
            "341300000000",
            "341323000000",
        ]


async def test_a_seed_that_grew_is_loaded_where_it_is_new(office: Office) -> None:
    """What a later release adds to the seed is appended at its first start, and nothing else."""
    await sow(office, replace(SEED, rules=()))

    assert await sow(office, SEED) == len(SEED.rules)


async def test_two_replicas_starting_together_sow_once(office: Office) -> None:
    """Both replicas start; between them every seed event is appended once."""
    appended = await asyncio.gather(sow_once(office, SEED), sow_once(office, SEED))

    async with office.engine.connect() as conn:
        assert min(appended) == 0
        assert await office.store.head(conn) >= sum(appended)
        assert (await office.store.verify(conn)).events == sum(appended) == SOWN


async def test_a_repeated_command_is_answered_the_same_and_done_once(sown: Office) -> None:
    """The same command id gives the first answer; with another content it is refused."""
    order = Order("c-1", "operator")

    first = await change_organ(sown, order, MZJ)
    again = await change_organ(sown, order, MZJ)

    assert first == again
    with pytest.raises(Refusal) as refusal:
        await change_organ(sown, order, replace(MZJ, name="另一机关"))
    assert [reason.code for reason in refusal.value.reasons] == ["command.reused"]
    async with sown.engine.connect() as conn:
        assert len(await sown.store.load(conn, "organ:341323-mzj")) == 1


async def test_credentials_come_into_force_and_are_revoked(sown: Office) -> None:
    """The view shows the keys in force: one after adding, none after revoking."""
    await change_organ(sown, Order("c-1", "operator"), MZJ)
    await change_organ(sown, Order("c-2", "operator"), AddOrganCredential("341323-mzj", KEY))
    async with sown.engine.connect() as conn:
        organ = await reading.find_organ(conn, "341323-mzj")
        assert organ is not None
        assert (organ.credential_keys, organ.version) == ([KEY], 2)

    outcome = await change_organ(sown, Order("c-3", "operator"), RevokeOrganCredentials("341323-mzj", "停用"))

    assert (outcome["revoked_keys"], outcome["credential_keys"]) == ([KEY], [])


async def test_an_unknown_division_and_a_taken_credit_code_are_refused(sown: Office) -> None:
    """What the registry knows decides: both reasons come in one refusal, and nothing is recorded."""
    await change_organ(sown, Order("c-1", "operator"), MZJ)

    with pytest.raises(Refusal) as refusal:
        await change_organ(sown, Order("c-2", "operator"), replace(MZJ, code="a-b", division="119999000000"))

    assert [reason.code for reason in refusal.value.reasons] == ["division.unknown", "uscc.taken"]
    async with sown.engine.connect() as conn:
        assert await sown.ledger.find(conn, ["c-2"]) == {}


async def test_announcing_a_year_again_replaces_its_days(sown: Office) -> None:
    """A corrected notice leaves no day of the earlier one behind, and another year's days alone."""
    moved = MovedDay(day=date(2027, 1, 1), working=False, name="元旦")
    other = MovedDay(day=date(2026, 12, 26), working=True, name="元旦调休")
    await announce_calendar(
        sown, Order("c-1", "operator"), AnnounceCalendar(2027, (moved,), "通知", complete=True)
    )

    outcome = await announce_calendar(
        sown, Order("c-2", "operator"), AnnounceCalendar(2027, (other,), "更正", complete=True)
    )

    async with sown.engine.connect() as conn:
        assert outcome == {"year": 2027, "version": 2}
        assert [row.day for row in await reading.list_calendar_days(conn, 2027)] == [date(2026, 12, 26)]
        assert await reading.announced_until(conn) == date(2027, 12, 31)
        total = (
            select(func.count()).select_from(tables.calendar_day).where(tables.calendar_day.c.year == 2026)
        )
        assert (await conn.execute(total)).scalar_one() == 39


async def test_organs_of_a_county_include_those_below(sown: Office) -> None:
    """A county's list shows its own organs, and its townships' when asked for everything below."""
    await change_organ(sown, Order("c-1", "operator"), MZJ)
    township = RegisterOrgan(
        "341323110-rmzf", "渔沟镇人民政府（演示）", "镇政府", "341323110000", "11341323MD23T1101D"
    )
    await change_organ(sown, Order("c-2", "operator"), township)

    async with sown.engine.connect() as conn:
        own = await reading.list_organs(conn, division="341323000000", below=False, page=Page())
        all_below = await reading.list_organs(conn, division="341323000000", below=True, page=Page(1))

    assert [row.code for row in own.rows] == ["341323-mzj"]
    assert (all_below.total, all_below.next_token) == (2, "341323-mzj")


async def test_an_edition_of_the_first_release_is_told_as_it_was_and_shown_nowhere(sown: Office) -> None:
    """A log that began with the city's one edition goes on: guide and standard are sown beside it."""
    matter = Matter.of("m-01-001", SEED.matters[0].row)
    edition = EditionPublished(
        edition="suzhou-1", division=CITY, title="目录", effective_on=date(2020, 12, 31), domains=SEED.domains,
        matter_ids=("m-01-001",),
    )  # fmt: skip
    writes = [
        StreamWrite("edition:suzhou-1", 0, [edition]),
        StreamWrite("matter:m-01-001", 0, [MatterRevised(edition="suzhou-1", division=CITY, matter=matter)]),
    ]
    async with sown.engine.begin() as conn:
        await apply(conn, writes)
        stored = await sown.store.append(
            conn, writes, actor="system:seed", command_id="seed:edition:suzhou-1"
        )

    told = [contract_of(event) for event in stored]
    assert [getattr(contract, "catalogue", None) for contract in told] == ["", ""]
    async with sown.engine.connect() as conn:
        assert [row.id for row in await catalogues.list_catalogues(conn, "")] == ["guide", CITY]
        assert len(await catalogues.list_editions(conn, CITY)) == 1
    differences = [
        each async for each in rebuild(sown.engine, views_of(sown.store)) if isinstance(each, Difference)
    ]
    assert differences == []
