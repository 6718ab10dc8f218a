"""What organs must disclose and what they disclosed: contracts in, answers out, over a real database."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.contracts.catalog import DivisionChanged, FormerName
from gongkai.contracts.contract import Contract
from gongkai.contracts.publishing import RecordPublished, RecordWithdrawn
from gongkai.messaging.applying import Received
from gongkai.rpc.oversight.v1 import oversight_pb2 as pb
from gongkai.serving.database import create_engine, migrate
from gongkai.serving.errors import InvalidRequest, NotFound
from gongkai.serving.rebuilding import Begin, Difference, Progress, Rebuild, rebuild
from services.oversight.api import OversightApi
from services.oversight.views import tables
from services.oversight.views.rebuild import TABLES
from services.oversight.views.writing import apply_records, apply_registry
from tests.oversight.duties import (
    CITY,
    CIVIL,
    COUNTY,
    CZJ,
    FINANCE,
    LAW,
    MZJ,
    ORGANS,
    TOWN,
    TOWN_HALL,
    TOWNSHIP,
    edition,
    every,
    matter,
    meant,
    published,
    received,
    retired,
    rule,
    tell,
    withdrawn,
)

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
NOBODY = cast("Any", None)
NEXT_TOWN = "341323111000"
COUNTY_CATALOGUE = (
    edition(),
    matter("m-01-1", CIVIL),
    matter("m-01-2", CIVIL, every("months")),
    matter("m-02-1", CIVIL, every("quarters")),
    matter("m-02-2", FINANCE),
    matter("m-02-3", CIVIL, modes=("on_request",)),
    meant(CIVIL, MZJ),
    meant(FINANCE, CZJ),
)


DISCLOSED = """
SELECT organ, domain, coalesce(array_agg(DISTINCT matter) FILTER (WHERE matter <> ''), '{}') AS matters,
coalesce(array_agg(DISTINCT matter) FILTER (WHERE matter <> '' AND late), '{}') AS late
FROM record WHERE NOT withdrawn AND (domain <> '' OR matter <> '') GROUP BY organ, domain ORDER BY organ, domain
"""
"""What the records say, all read."""


@dataclass
class Retold:
    """One owner's log, as a rebuild reads it."""

    told: Sequence[Contract]
    apply: Callable[[AsyncConnection, Sequence[Received]], Awaitable[None]]
    done: bool = False

    async def fill(self, begin: Begin) -> AsyncIterator[Progress]:
        records = self.apply is apply_records
        mine = [
            received(one)
            for one in self.told
            if isinstance(one, RecordPublished | RecordWithdrawn) is records
        ]
        for at in range(0, 0 if self.done else len(mine), 7):
            async with begin() as conn:
                await self.apply(conn, mine[at : at + 7])
            yield Progress("log", at, len(mine))
        self.done = True


@dataclass
class Office:
    engine: AsyncEngine
    now: datetime = NOW
    told: list[Contract] = field(default_factory=list)

    @property
    def api(self) -> OversightApi:
        return OversightApi(self.engine, clock=lambda: self.now)

    async def agrees(self, organs: Sequence[str]) -> None:
        """Hold each number of the board and each matter's duties to the list behind it, and what is disclosed to the records themselves."""
        board = await self.coverage()
        of_matter: dict[tuple[str, str], list[pb.Duty]] = defaultdict(list)
        for organ in sorted(organs):
            listed, row = await self.duties(organ, page_size=200), board[organ]
            counted = {
                "all": row.duties,
                "covered": row.covered,
                "late": row.late,
                "overdue": row.overdue,
                "due_soon": row.due_soon,
            }
            assert counted == {name: listed.counts[name] for name in counted}
            columns = await self.api.ListColumns(pb.ListColumnsRequest(organ=organ), NOBODY)
            assert (row.columns, row.empty) == (
                len(columns.columns),
                sum(not one.records for one in columns.columns),
            )
            for duty in listed.duties:
                of_matter[duty.division, duty.matter].append(duty)
        for (division, name), duties in of_matter.items():
            asked = pb.GetDutyCoverageRequest(division=division, matter=name)
            told = (await self.api.GetDutyCoverage(asked, NOBODY)).duties
            assert [duty for duty in told if duty.organ in organs] == duties
        async with self.engine.connect() as conn:
            held = await conn.execute(
                text("SELECT organ, domain, matters, late FROM disclosed ORDER BY organ, domain")
            )
            assert held.all() == (await conn.execute(text(DISCLOSED))).all()

    async def tell(self, *contracts: Contract) -> None:
        self.told += contracts
        await tell(self.engine, contracts)

    async def is_rebuilt_alike(self) -> None:
        """Build the views anew from what was told, each owner's at a time and in other batches: no row differs."""
        views = Rebuild(TABLES, lambda: [Retold(self.told, apply_registry), Retold(self.told, apply_records)])
        assert [one async for one in rebuild(self.engine, views) if isinstance(one, Difference)] == []

    async def coverage(self, division: str = "", organ: str = "") -> dict[str, pb.OrganCoverage]:
        asked = pb.GetCoverageRequest(division=division, organ=organ)
        return {row.organ: row for row in (await self.api.GetCoverage(asked, NOBODY)).organs}

    async def duties(self, organ: str, state: str = "", **asked: Any) -> pb.ListDutiesResponse:
        return await self.api.ListDuties(pb.ListDutiesRequest(organ=organ, state=state, **asked), NOBODY)

    async def states(self, organ: str) -> dict[str, str]:
        return {duty.matter: duty.state for duty in (await self.duties(organ)).duties}


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    await migrate("services.oversight", database_url)
    engine = create_engine(database_url, pool_size=5)
    office = Office(engine)
    await office.tell(*LAW, *ORGANS)
    yield office
    await engine.dispose()


async def test_each_organ_is_counted_by_what_the_catalogue_demands(office: Office) -> None:
    """Duties are matters whose words mean the organ; every count opens to a list of exactly that many."""
    await office.tell(
        *COUNTY_CATALOGUE,
        published(1, "m-01-1", date(2026, 4, 30), formed=date(2026, 3, 2)),
        published(2, "m-01-1", date(2026, 4, 1)),
        published(3, "m-01-2", date(2026, 9, 10)),
        published(4, None, date(2026, 9, 10)),
        published(5, "m-01-1", date(2026, 9, 10), CZJ),
        published(6, "m-02-1", date(2026, 9, 10)),
        withdrawn(6),
    )

    found = await office.coverage(COUNTY)
    row = found[MZJ]
    assert (row.duties, row.covered, row.late, row.overdue, row.due_soon) == (3, 2, 1, 1, 0)
    assert (row.columns, row.empty, row.catalogue, row.edition) == (2, 1, COUNTY, 1)
    assert (found[CZJ].duties, found[CZJ].covered, found[CZJ].empty) == (1, 0, 1)
    assert found[TOWN_HALL].duties == 0
    for state in ("covered", "missing", "late", "overdue", "due_soon"):
        listed = await office.duties(MZJ, state)
        assert listed.total == listed.counts[state] == len(listed.duties)
    assert (await office.duties(MZJ, "late")).total == row.late
    assert (await office.duties(MZJ, "overdue")).total == row.overdue
    assert await office.coverage(organ=MZJ) == {MZJ: row}


async def test_the_counts_of_a_board_are_those_of_the_duties_behind_it(office: Office) -> None:
    """Whatever was published, withdrawn, revised, measured again or demanded anew: each number is that of its list, on any day."""
    chance = random.Random(7)
    organs = (MZJ, CZJ, TOWN_HALL)
    names = [f"m-0{domain}-{n}" for domain in (1, 2) for n in range(1, 5)]
    limits = ((), (every("months"),), (every("quarters"),), (every("working_days", 20),))
    await office.tell(
        *COUNTY_CATALOGUE,
        *(matter(name, chance.choice((CIVIL, FINANCE, TOWNSHIP)), *chance.choice(limits), version=2,
                 levels=("county", "township")) for name in names),
        meant(TOWNSHIP, TOWN_HALL, division=TOWN),
    )  # fmt: skip
    for step in range(3):
        records = [
            published(chance.randrange(40), chance.choice((*names, None)), on, chance.choice(organs), formed=on - timedelta(days=chance.randrange(60)))
            .model_copy(update={"version": step * 10 + 1})
            for on in (date(2026, 8, 1) + timedelta(days=chance.randrange(115)) for _ in range(30))
        ]  # fmt: skip
        gone = [
            withdrawn(n).model_copy(update={"version": step * 10 + 2}) for n in chance.sample(range(40), 8)
        ]
        await office.tell(
            *(
                one.model_copy(update={"organ": organs[int(one.record_id[1:]) % 3]})
                for one in [*records, *gone]
            )
        )
        await office.agrees(organs)
    await office.tell(
        rule("proactive-disclosure", 30, "working_days", "又一条").model_copy(update={"version": 2})
    )
    await office.agrees(organs)
    await office.tell(edition(2, on=date(2026, 12, 1)), retired("m-01-1", 3), meant(CIVIL, CZJ, version=3))
    midnight = datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)
    for now in (midnight, midnight + timedelta(seconds=1), midnight + timedelta(days=60)):
        office.now = now
        await office.agrees(organs)
    await office.is_rebuilt_alike()


async def test_each_duty_says_how_it_stands_and_why(office: Office) -> None:
    """State, last publication, next due day, the sentence and the edition's words come with every duty."""
    await office.tell(
        *COUNTY_CATALOGUE,
        published(1, "m-01-1", date(2026, 4, 30), formed=date(2026, 3, 2)),
        published(2, "m-01-2", date(2026, 9, 10)),
    )

    first, monthly, quarterly = (await office.duties(MZJ)).duties
    assert (first.state, first.last_published_on, first.next_due_on) == ("any_time", "2026-04-30", "")
    assert "超过 20 个工作日才公开（《政府信息公开条例》第二十六条）" in first.sentence_zh
    assert (monthly.state, monthly.next_due_on, monthly.days_left) == ("overdue", "2026-10-31", -16)
    assert "应当在2026年10月31日以前公开，已经超过 16 个工作日。" in monthly.sentence_zh
    assert monthly.citation == "《灵璧县基层政务公开标准目录》第 1 版，公开时限“每月公开”"
    assert (quarterly.state, quarterly.domain_name, quarterly.next_due_on) == (
        "never",
        "领域02",
        "2026-12-31",
    )
    page = await office.duties(MZJ, page=2, page_size=2)
    assert ([duty.matter for duty in page.duties], page.total) == (["m-02-1"], 3)
    assert (await office.duties(MZJ, domain="01")).total == 2


async def test_the_nearest_catalogue_holds_and_a_township_takes_what_names_it(office: Office) -> None:
    """Without one of its own a township follows the county's rows for townships; with one, its own alone."""
    county = (
        edition(),
        matter("m-01-1", TOWNSHIP, levels=("county", "township")),
        matter("m-01-2", TOWNSHIP, levels=("county",)),
        meant(TOWNSHIP, TOWN_HALL, division=TOWN),
    )
    await office.tell(edition(catalogue=CITY), matter("m-02-9", TOWNSHIP, catalogue=CITY), *county)
    assert await office.states(TOWN_HALL) == {"m-01-1": "never"}

    await office.tell(edition(catalogue=TOWN), matter("m-01-3", TOWNSHIP, catalogue=TOWN))
    assert await office.states(TOWN_HALL) == {"m-01-3": "never"}


async def test_a_newer_edition_changes_who_must_disclose_what(office: Office) -> None:
    """Retired matters, other words and reassigned words count at once; repeats and older versions change nothing."""
    await office.tell(*COUNTY_CATALOGUE)
    await office.tell(edition(2), retired("m-01-2"), matter("m-02-1", FINANCE, number=2, version=2))
    assert await office.states(MZJ) == {"m-01-1": "never"}
    assert set(await office.states(CZJ)) == {"m-02-1", "m-02-2"}

    await office.tell(meant(CIVIL, CZJ, version=2), *COUNTY_CATALOGUE)
    assert await office.states(MZJ) == {}
    assert set(await office.states(CZJ)) == {"m-01-1", "m-02-1", "m-02-2"}


async def test_an_edition_of_tomorrow_does_not_hold_yet(office: Office) -> None:
    """A catalogue counts from the legal day on which it comes into force."""
    await office.tell(*COUNTY_CATALOGUE[1:], edition(on=date(2026, 11, 24)))
    assert (await office.coverage(COUNTY))[MZJ].duties == 0

    tomorrow = OversightApi(office.engine, clock=lambda: NOW.replace(hour=16))
    found = await tomorrow.GetCoverage(pb.GetCoverageRequest(organ=MZJ), NOBODY)
    assert (found.today, found.organs[0].duties) == ("2026-11-24", 3)


async def test_an_organ_that_ended_has_no_duties(office: Office) -> None:
    """From the first day without it nothing is demanded of an organ; until then it must disclose; an end may be taken back."""
    await office.tell(*COUNTY_CATALOGUE)
    ending = ORGANS[0].model_copy(update={"version": 2, "ended_on": date(2026, 11, 24), "successor": CZJ})
    await office.tell(ending)
    assert (await office.coverage(COUNTY))[MZJ].duties == 3

    await office.tell(ending.model_copy(update={"version": 3, "ended_on": None, "successor": ""}))
    office.now = datetime(2026, 11, 24, 1, tzinfo=UTC)
    assert (await office.coverage(COUNTY))[MZJ].duties == 3
    await office.tell(ending.model_copy(update={"version": 4}))
    assert MZJ not in await office.coverage(COUNTY)


async def test_an_ended_organs_records_count_for_its_successor(office: Office) -> None:
    """From the first day without it: on the board, in the list, in the columns, for the next due day; and it answers when asked for."""
    await office.tell(
        *COUNTY_CATALOGUE, meant(CIVIL, CZJ, version=2),
        published(1, "m-01-1", date(2026, 4, 30), formed=date(2026, 3, 2)), published(2, "m-01-2", date(2026, 11, 10)),
        published(3, "m-02-2", date(2026, 9, 9), CZJ),
        ORGANS[0].model_copy(update={"version": 2, "ended_on": date(2026, 11, 24), "successor": CZJ}),
    )  # fmt: skip
    await office.agrees([MZJ, CZJ])
    before = (await office.coverage(COUNTY))[CZJ]
    assert (before.duties, before.covered, before.late, before.empty) == (4, 1, 0, 1)

    office.now = datetime(2026, 11, 23, 16, tzinfo=UTC)
    await office.agrees([CZJ])
    after = await office.coverage(organ=MZJ)
    assert list(after) == [CZJ]
    assert (after[CZJ].duties, after[CZJ].covered, after[CZJ].late, after[CZJ].empty) == (4, 3, 1, 0)
    states = {duty.matter: (duty.state, duty.next_due_on) for duty in (await office.duties(MZJ)).duties}
    assert states["m-01-2"] == ("in_time", "2026-12-31")
    asked = pb.GetDutyCoverageRequest(division=COUNTY, matter="m-01-2")
    assert (await office.api.GetDutyCoverage(asked, NOBODY)).next_due_on == "2026-12-31"


async def test_an_organ_that_moved_along_has_its_successors_duties(office: Office) -> None:
    """From the day its township ends: by the successor's catalogue and words, on the successor's board; not a day before."""
    gone = DivisionChanged(
        code=TOWN, version=2, name="甲镇", level="township", parent=COUNTY, ended_on=date(2026, 11, 23), successor=NEXT_TOWN
    )  # fmt: skip
    await office.tell(
        edition(catalogue=TOWN), matter("m-01-1", TOWNSHIP, catalogue=TOWN), meant(TOWNSHIP, TOWN_HALL, division=TOWN),
        edition(catalogue=NEXT_TOWN), matter("m-01-2", TOWNSHIP, catalogue=NEXT_TOWN),
        meant(TOWNSHIP, TOWN_HALL, division=NEXT_TOWN),
    )  # fmt: skip
    assert await office.states(TOWN_HALL) == {"m-01-1": "never"}
    await office.tell(gone)
    assert await office.states(TOWN_HALL) == {"m-01-2": "never"}
    board = await office.coverage(NEXT_TOWN)
    assert {code: row.catalogue for code, row in board.items()} == {TOWN_HALL: NEXT_TOWN}


async def test_an_organ_bears_its_name_of_the_day(office: Office) -> None:
    """A new name that was told ahead is shown from its day on."""
    renamed = ORGANS[0].model_copy(
        update={
            "version": 9,
            "name": "县民政和救助局",
            "former_names": (FormerName(name="县民政局", until=date(2026, 11, 24)),),
        }
    )
    await office.tell(*COUNTY_CATALOGUE, renamed)
    assert (await office.coverage(organ=MZJ))[MZJ].organ_name == "县民政局"
    asked = pb.GetBoardRequest(division=COUNTY)
    names = {row.organ: row.organ_name for row in (await office.api.GetBoard(asked, NOBODY)).organs}
    assert names[MZJ] == "县民政局"


async def test_the_public_matter_page_learns_when_the_next_is_due(office: Office) -> None:
    """The organs of the division that share a matter are told apart; the first due day is the answer."""
    await office.tell(*COUNTY_CATALOGUE, meant(CIVIL, CZJ, MZJ, version=2))
    await office.tell(
        published(1, "m-01-2", date(2026, 10, 10)), published(2, "m-01-2", date(2026, 11, 10), CZJ)
    )

    found = await office.api.GetDutyCoverage(
        pb.GetDutyCoverageRequest(division=COUNTY, matter="m-01-2"), NOBODY
    )
    assert [(duty.organ, duty.state) for duty in found.duties] == [(CZJ, "in_time"), (MZJ, "due_soon")]
    assert (found.next_due_on, found.state) == ("2026-11-30", "due_soon")
    none = await office.api.GetDutyCoverage(pb.GetDutyCoverageRequest(division=TOWN, matter="m-01-1"), NOBODY)
    assert (list(none.duties), none.next_due_on) == ([], "")


async def test_the_columns_of_a_site_are_examined_with_what_is_below(office: Office) -> None:
    """Domains of the edition, statutory columns and the home page; a township's records fill the county's columns."""
    await office.tell(
        *COUNTY_CATALOGUE,
        published(1, "m-01-1", date(2026, 11, 20), TOWN_HALL, division=TOWN),
        published(2, None, date(2026, 5, 22), kind="plan"),
    )

    found = await office.api.ListColumns(pb.ListColumnsRequest(division=COUNTY), NOBODY)
    columns = {(one.group, one.code): one for one in found.columns}
    assert [columns[key].state for key in (("home", "all"), ("domain", "01"), ("domain", "02"))] == [
        "kept",
        "kept",
        "empty",
    ]
    plan = columns["kind", "plan"]
    assert (plan.state, plan.stale_since) == ("stale", "2026-11-23")
    verdicts = {one.code: one for one in found.verdicts}
    empty = verdicts["website-empty-columns"]
    assert (empty.count, empty.limit, empty.failed) == (16, 5, True)
    assert verdicts["website-stale-others"].count == 1
    merged = pb.ListColumnsRequest(division="341324000000", also=[COUNTY])
    heir = await office.api.ListColumns(merged, NOBODY)
    assert {one.code: one.records for one in heir.columns if one.records} == {
        "all": 2,
        "notice": 1,
        "plan": 1,
    }
    own = await office.api.ListColumns(pb.ListColumnsRequest(organ=MZJ), NOBODY)
    assert [(one.code, one.duties, one.state) for one in own.columns] == [
        ("01", 2, "empty"),
        ("02", 1, "empty"),
    ]
    assert not own.verdicts


async def test_questions_that_cannot_be_answered_are_refused(office: Office) -> None:
    """An unknown organ, an invented state, a question without a place."""
    with pytest.raises(NotFound):
        await office.duties("341323-none")
    with pytest.raises(InvalidRequest):
        await office.duties(MZJ, "perfect")
    with pytest.raises(InvalidRequest):
        await office.api.ListColumns(pb.ListColumnsRequest(), NOBODY)
    with pytest.raises(InvalidRequest):
        await office.api.GetDutyCoverage(pb.GetDutyCoverageRequest(division=COUNTY), NOBODY)


@pytest.mark.domain
def test_every_view_is_rebuilt() -> None:
    """No table of the views is left out of ``gongkai views rebuild oversight``."""
    assert set(TABLES) == set(tables.metadata.tables)
