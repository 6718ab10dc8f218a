"""Figures in records told by publishing: contracts in, comparisons and sums out, over a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.contracts.catalog import DivisionChanged
from gongkai.contracts.contract import Contract
from gongkai.contracts.facts import Fact
from gongkai.devstack.postgres import Postgres
from gongkai.rpc.oversight.v1 import oversight_pb2 as pb
from gongkai.serving.database import create_engine, migrate
from gongkai.serving.errors import InvalidRequest
from services.oversight.alignments import board_of, comparisons_of, said_still, sums_asked_of
from services.oversight.api import OversightApi
from tests.conftest import fresh_database
from tests.oversight.duties import (
    CIVIL,
    COUNTY,
    CZJ,
    LAW,
    MZJ,
    ORGANS,
    TOWN,
    TOWN_HALL,
    edition,
    matter,
    organ,
    published,
    tell,
    withdrawn,
)

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
NOBODY = cast("Any", None)
VILLAGE, SECOND = "341323110201", "341323110202"
NEXT_TOWN = "341323111000"
LOW, AID = "m-01-1", "m-01-2"
DAY = date(2026, 10, 9)


def fact(division: str, period: str = "2026-Q3", **values: Any) -> Fact:
    return Fact(division=division, period=period, **values)


def place(code: str, **more: Any) -> DivisionChanged:
    return DivisionChanged(**{"code": code, "version": 1, "name": code, "level": "x", "parent": None, **more})


PLACES = tuple(place(code) for code in (COUNTY, TOWN, NEXT_TOWN, VILLAGE, SECOND))
COUNTY_SAYS = published(
    1,
    LOW,
    DAY,
    facts=[fact(COUNTY, people=50), fact(TOWN, people=40), fact(VILLAGE, amount="300", people=32)],
)
TOWN_SAYS = published(2, LOW, DAY, TOWN_HALL, division=TOWN, facts=[fact(TOWN, people=40)])
VILLAGE_SAYS = published(
    3, LOW, DAY, TOWN_HALL, division=VILLAGE, facts=[fact(VILLAGE, amount="300.00", people=30)]
)
OTHER_MATTER = published(4, AID, DAY, facts=[fact(TOWN, "2026", people=7)])
ALL = (COUNTY_SAYS, TOWN_SAYS, VILLAGE_SAYS, OTHER_MATTER)


@dataclass
class Office:
    engine: AsyncEngine
    api: OversightApi

    async def tell(self, *contracts: Contract) -> None:
        await tell(self.engine, contracts)

    async def listed(self, division: str = COUNTY, **asked: Any) -> pb.ListAlignmentResponse:
        return await self.api.ListAlignment(pb.ListAlignmentRequest(division=division, **asked), NOBODY)

    async def states(self, division: str = COUNTY, **asked: Any) -> dict[tuple[str, str], str]:
        found = await self.listed(division, **asked)
        return {(one.place, one.period): one.state for one in found.comparisons}


@pytest.fixture(scope="module")
async def engine(postgres: Postgres) -> AsyncIterator[AsyncEngine]:
    """One database for all of them; `office` empties it."""
    with fresh_database(postgres) as url:
        await migrate("services.oversight", url)
        engine = create_engine(url, pool_size=5)
        yield engine
        await engine.dispose()


@pytest.fixture
async def office(engine: AsyncEngine) -> Office:
    async with engine.begin() as conn:
        await conn.execute(text("TRUNCATE record, organ, division, matter, edition, rule_row, calendar_year"))
    office = Office(engine, OversightApi(engine, clock=lambda: NOW))
    await office.tell(*LAW, *ORGANS, *PLACES, edition(), matter(LOW, CIVIL), matter(AID, CIVIL))
    return office


async def test_a_countys_board_holds_the_levels_beside_each_other(office: Office) -> None:
    """Disagreements first; values by level with their records, the sentence, and counts that open to their lists."""
    await office.tell(*ALL)

    found = await office.listed()
    assert dict(found.counts) == {"all": 4, "disagree": 1, "agree": 1, "alone": 2}
    for state in ("disagree", "agree", "alone"):
        assert (await office.listed(state=state)).total == found.counts[state]
    first = found.comparisons[0]
    assert (first.matter, first.title, first.domain, first.place) == (
        LOW,
        "事项m-01-1（一级）",
        "01",
        VILLAGE,
    )
    assert (first.period_zh, list(first.differing), list(first.explaining)) == (
        "2026年第三季度",
        ["people"],
        [TOWN_HALL],
    )
    assert first.sentence_zh == ("人数：村级公布 30 人，与县级公布的 32 人不一致，由镇政府说明。")
    values = {
        (voice.level, one.field): (one.value, one.index_number[-5:], one.explains)
        for voice in first.voices
        for one in voice.values
    }
    assert values == {
        ("county", "amount"): ("300.00", "00001", False),
        ("county", "people"): ("32", "00001", False),
        ("village", "amount"): ("300.00", "00003", False),
        ("village", "people"): ("30", "00003", True),
    }
    assert [(one.matter, one.comparisons, one.disagree) for one in found.matters] == [
        (LOW, 3, 1),
        (AID, 1, 0),
    ]
    assert (await office.listed(matter=AID)).counts["all"] == 1
    assert (await office.listed(organ=TOWN_HALL)).counts["all"] == 1
    assert (await office.listed(organ=MZJ)).total == 0
    second = await office.listed(page=2, page_size=1)
    assert ([one.place for one in second.comparisons], second.total) == ([TOWN], 4)
    assert found.as_of


async def test_wholes_stand_beside_the_sums_of_what_is_below(office: Office) -> None:
    """A county beside its townships, a township beside its villages; who has not spoken is counted."""
    await office.tell(*ALL)

    found = await office.listed()
    county, town = sorted(found.sums, key=lambda one: one.place)
    assert (county.place, county.field, county.state, len(county.parts), county.places) == (
        COUNTY,
        "people",
        "incomplete",
        1,
        2,
    )
    assert (town.state, town.total_zh, town.whole_zh, town.organ) == (
        "incomplete",
        "30 人",
        "40 人",
        TOWN_HALL,
    )
    assert dict(found.sums_counts) == {"disagree": 0, "incomplete": 2, "agree": 0}
    await office.tell(published(5, LOW, DAY, TOWN_HALL, division=SECOND, facts=[fact(SECOND, people=11)]))
    first = (await office.listed()).sums[0]
    assert (first.place, first.state) == (TOWN, "disagree")
    assert [one.place for one in (await office.listed(organ=TOWN_HALL)).sums] == [TOWN]
    assert first.sentence_zh == (
        "2 个村（社区）公布的人数合计 41 人，与本级公布的 40 人不一致，由镇政府会同下级说明。"
    )
    count = pb.CountAlignmentRequest(division=COUNTY, matter=LOW)
    told = await office.api.CountAlignment(count, NOBODY)
    assert (told.disagree, told.agree, told.alone, told.sums_disagree) == (1, 1, 2, 1)


async def test_each_level_sees_what_is_about_it(office: Office) -> None:
    """On a village's board the county's word about it stands too; another township's board has none of it."""
    await office.tell(*ALL)

    assert await office.states(VILLAGE) == {(VILLAGE, "2026-Q3"): "disagree"}
    assert await office.states(TOWN, matter=LOW) == {
        (TOWN, "2026-Q3"): "agree",
        (VILLAGE, "2026-Q3"): "disagree",
    }
    assert await office.states(NEXT_TOWN) == {}


async def test_a_records_figures_stand_beside_what_others_say(office: Office) -> None:
    """For a record's page: its own figures and nothing else; a record without figures, or unknown, has none."""
    await office.tell(*ALL, published(6, LOW, DAY))

    async def asked(record: str) -> dict[str, str]:
        request = pb.GetRecordAlignmentRequest(index_number=record)
        found = await office.api.GetRecordAlignment(request, NOBODY)
        return {one.place: one.state for one in found.comparisons}

    assert await asked(VILLAGE_SAYS.index_number) == {VILLAGE: "disagree"}
    assert await asked(COUNTY_SAYS.index_number) == {COUNTY: "alone", TOWN: "agree", VILLAGE: "disagree"}
    assert await asked(published(6, LOW, DAY).index_number) == {}
    assert await asked("none") == {}


async def test_a_withdrawn_record_is_silent_and_a_revision_replaces(office: Office) -> None:
    """What is corrected agrees at once; what is withdrawn says nothing; what comes late changes nothing."""
    await office.tell(*ALL)
    corrected = VILLAGE_SAYS.model_copy(
        update={"version": 2, "facts": (fact(VILLAGE, amount="300", people=32),)}
    )
    await office.tell(corrected)
    await office.tell(VILLAGE_SAYS)
    assert (await office.states(VILLAGE)) == {(VILLAGE, "2026-Q3"): "agree"}

    await office.tell(withdrawn(1))
    await office.tell(COUNTY_SAYS)
    assert (await office.states(VILLAGE)) == {(VILLAGE, "2026-Q3"): "alone"}


async def test_what_is_withdrawn_while_somebody_asks_is_left_out(office: Office) -> None:
    """A board is read in several statements: a record that goes between two of them fails nobody's question."""
    await office.tell(*ALL)
    async with office.engine.connect() as conn:
        board = await board_of(conn, COUNTY, NOW.date())
        await office.tell(withdrawn(1), withdrawn(2))
        shown = await comparisons_of(conn, board, list(board.states))
        assert {one.key.place for one in shown} == {
            VILLAGE,
            TOWN,
        }  # one was looked at before, one is of another matter
        assert board.sums
        assert (await said_still(conn, board, board.sums))[0] == []
        assert await sums_asked_of(conn, board, board.sums, MZJ) == []


async def test_a_merger_moves_figures_to_the_successors_board(office: Office) -> None:
    """Figures of a time before stay of the old place, on the new one's board; later ones are the new one's own."""
    await office.tell(*ALL)
    await office.tell(place(TOWN, version=2, ended_on=date(2026, 11, 1), successor=NEXT_TOWN))
    await office.tell(
        published(7, LOW, DAY, division=COUNTY, facts=[fact(TOWN, "2026-11", people=3)]),
        published(8, LOW, DAY, TOWN_HALL, division=NEXT_TOWN, facts=[fact(NEXT_TOWN, "2026-11", people=4)]),
    )
    for division in (NEXT_TOWN, TOWN):
        assert await office.states(division, matter=LOW) == {
            (TOWN, "2026-Q3"): "agree",
            (VILLAGE, "2026-Q3"): "disagree",
            (NEXT_TOWN, "2026-11"): "disagree",
        }


async def test_what_follows_an_organ_is_asked_in_its_place(office: Office) -> None:
    """An organ that ended cannot explain: its successor is named, and speaks with one voice with it."""
    await office.tell(*ALL)
    ended = organ(TOWN_HALL, TOWN).model_copy(
        update={"version": 2, "ended_on": date(2026, 11, 2), "successor": CZJ}
    )
    await office.tell(ended)
    [found] = (await office.listed(state="disagree")).comparisons
    assert (list(found.explaining), found.voices[1].organ_name) == ([CZJ], "县财政局")


async def test_two_organs_of_one_level_that_differ_must_both_explain(office: Office) -> None:
    """The county's civil affairs and finance say different sums: neither is taken for right."""
    await office.tell(
        published(1, LOW, DAY, facts=[fact(VILLAGE, amount="1")]),
        published(2, LOW, DAY, CZJ, facts=[fact(VILLAGE, amount="2")]),
    )
    [found] = (await office.listed()).comparisons
    assert list(found.explaining) == [CZJ, MZJ]


async def test_questions_about_nothing_are_refused(office: Office) -> None:
    """No division, no matter, an invented state; a county without figures has empty lists."""
    with pytest.raises(InvalidRequest):
        await office.listed("")
    with pytest.raises(InvalidRequest):
        await office.listed(state="perfect")
    with pytest.raises(InvalidRequest):
        await office.api.CountAlignment(pb.CountAlignmentRequest(division=COUNTY), NOBODY)
    found = await office.listed()
    assert (found.total, found.sums_total, list(found.matters)) == (0, 0, [])
