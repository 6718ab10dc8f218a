"""An organ and its township end: events are refused with the successor named, records follow, nothing moves early."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from gongkai.contracts import catalog
from gongkai.contracts.ingest import ReplyAccepted, ReplyRejected
from gongkai.rpc.publishing.v1 import publishing_pb2 as records
from gongkai.security.permissions import Role
from gongkai.serving.clock import legal_day, utc_now
from services.publishing.domain.deciding import Answered
from services.publishing.domain.registry import Organ
from services.publishing.handlers import decide_events
from services.publishing.views.reading import Filter, count_records, list_records
from services.publishing.views.registry import apply_catalog, read_registry
from services.publishing.views.successions import predecessors, with_predecessors
from tests.publishing.office import Office

EAST, WEST, ELSEWHERE = "340125101000", "340125102000", "340126103000"


async def tell(office: Office, *contracts: Any) -> None:
    async with office.engine.begin() as conn:
        await apply_catalog(conn, contracts)


def ended(code: str, successor: str, day: date, version: int = 2) -> catalog.DivisionChanged:
    return catalog.DivisionChanged(
        code=code, version=version, name=code, level="township", ended_on=day, successor=successor
    )


def organ_ended(known: Organ, successor: str, day: date, version: int) -> catalog.OrganChanged:
    return catalog.OrganChanged(
        code=known.code, version=version, name="新名局", short_name="新名", division=known.division, uscc=known.uscc,
        former_names=(catalog.FormerName(name=known.name, until=day),), ended_on=day, successor=successor,
    )  # fmt: skip


async def test_records_follow_the_successor_from_the_day(
    office: Office, make_document: Callable[..., Any], make_incoming: Callable[..., Any]
) -> None:
    """Before it nothing changes; from it on the list of the successor holds both, and the ended organ is refused."""
    today = legal_day(utc_now())
    await tell(
        office,
        *(
            catalog.DivisionChanged(code=code, version=1, name=code, level="township")
            for code in (EAST, WEST, ELSEWHERE)
        ),
    )
    gone, heir = await office.organ(EAST), await office.organ(WEST)

    async def send(organ: str, division: str, name: str) -> ReplyAccepted | ReplyRejected:
        document = make_document(organ=organ, division=division, record=name, title=f"通知{name}")
        (verdict,) = await decide_events(office.world, [make_incoming(document, organ=organ)])
        assert isinstance(verdict, Answered)
        return verdict.reply

    async def shown(day: date, division: str = WEST) -> tuple[int, int, int]:
        async with office.engine.connect() as conn:
            narrowed = await with_predecessors(conn, Filter(division), day)
            states, total = await list_records(conn, narrowed, page=1, page_size=10)
            also = await predecessors(conn, division, day)
            counted = await count_records(conn, division, year=today.year, also=also)
        return len(states), total, counted.total

    first = await send(gone, EAST, "1")
    await tell(office, ended(EAST, WEST, today + timedelta(days=1)))
    async with office.engine.connect() as conn:
        known = (await read_registry(conn, today)).organs[gone]
    await tell(office, organ_ended(known, heir, today + timedelta(days=1), 2))
    early = await send(gone, EAST, "2")
    assert isinstance(first, ReplyAccepted)
    assert isinstance(early, ReplyAccepted)
    named = await office.record(early.index_number)
    assert named.record.organ_name == known.name
    assert await shown(today) == (0, 0, 0)
    assert await shown(today + timedelta(days=1)) == (2, 2, 2)

    taken_back = catalog.DivisionChanged(code=EAST, version=3, name=EAST, level="township")
    await tell(office, taken_back)
    assert await shown(today + timedelta(days=1)) == (0, 0, 0)
    await tell(office, ended(EAST, WEST, today, version=4))
    await tell(office, organ_ended(known, heir, today, 3))
    late, elsewhere = await send(gone, EAST, "3"), await send(heir, EAST, "4")
    taken = await send(heir, WEST, "5")
    assert isinstance(late, ReplyRejected)
    assert [one.code for one in late.reasons] == ["organ.ended"]
    assert heir in late.reasons[0].message
    assert isinstance(elsewhere, ReplyRejected)
    assert [one.code for one in elsewhere.reasons] == ["division.ended"]
    assert isinstance(taken, ReplyAccepted)
    assert await shown(today) == (3, 3, 3)
    assert await shown(today, "340126000000") == (0, 0, 0)
    listed = await office.records.ListRecords(records.ListRecordsRequest(division=WEST))
    assert {record.division for record in listed.records} == {EAST, WEST}

    await tell(office, ended(WEST, ELSEWHERE, today))
    assert await shown(today, "340126000000") == (3, 3, 3)

    reviewer = office.person(Role.REVIEWER, organ=heir)
    tombstone = await reviewer.withdraw(first.index_number)
    assert tombstone.organ == gone
