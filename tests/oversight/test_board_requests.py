"""Requests on the board: how many, on time, late, overdue; and the due day as the law changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.contracts.catalog import CalendarAnnounced, CalendarDay, OrganChanged, RuleChanged
from gongkai.contracts.contract import Contract
from gongkai.contracts.requests import ClockEntry, RequestDecided, RequestReceived, RequestRegistered
from gongkai.messaging.applying import Received
from gongkai.messaging.envelope import Envelope
from gongkai.serving.database import create_engine, migrate
from services.oversight.views import reading
from services.oversight.views.writing import apply_registry, apply_requests

COUNTY = "341323000000"
MZJ = "341323-mzj"
ART_33 = RuleChanged(
    code="request-reply", version=1, value=20, unit="working_days", effective_from=date(2019, 5, 15),
    citation="《政府信息公开条例》第三十三条", mark="L",
)  # fmt: skip
ORGAN = OrganChanged(
    code=MZJ,
    version=1,
    name="民政局",
    short_name="民政局",
    division=COUNTY,
    uscc="11341323MD23A00253",
)
HOLIDAYS_2026 = [date(2026, 10, day) for day in range(1, 8)] + [date(2026, 9, 25)]
WORKED_2026 = [date(2026, 9, 20), date(2026, 10, 10)]


def calendar(year: int, holidays: list[date], worked: list[date], version: int = 1) -> CalendarAnnounced:
    days = [CalendarDay(day=day, working=False, name="假日") for day in holidays]
    days += [CalendarDay(day=day, working=True, name="调休") for day in worked]
    return CalendarAnnounced(year=year, version=version, days=tuple(days), source="通知", complete=True)


def request(
    number: int, received: date | None = None, decided: date | None = None
) -> RequestRegistered | RequestReceived | RequestDecided:
    entries = [
        ClockEntry(what=what, on=on)
        for what, on in (("submitted", received), ("received", received), ("decided", decided))
        if on
    ]
    kind = RequestDecided if decided else RequestReceived if received else RequestRegistered
    return kind(
        request_id=f"q{number}", number=f"341323-2026-{number:05d}", version=len(entries) + 1, organ=MZJ,
        division=COUNTY, phase="decided" if decided else "submitted", clock=tuple(entries),
    )  # fmt: skip


def received(contract: Contract) -> Received:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return Received(
        Envelope(str(uuid4()), contract.TYPE, "/x", "thing:1", b"", at, 1, "e1", 1), contract, "evt.x", 1
    )


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    await migrate("services.oversight", database_url)
    engine = create_engine(database_url, pool_size=5)
    yield engine
    await engine.dispose()


async def tell(engine: AsyncEngine, *contracts: Contract) -> None:
    for contract in contracts:
        apply = apply_requests if contract.TYPE.startswith("cn.gongkai.requests") else apply_registry
        async with engine.begin() as conn:
            await apply(conn, [received(contract)])


async def counts(engine: AsyncEngine, today: date) -> tuple[int, ...]:
    async with engine.connect() as conn:
        row = (await reading.organ_requests(conn, COUNTY, today))[MZJ]
    return (row.requests, row.open, row.on_time, row.late, row.overdue)


async def test_requests_are_counted_on_time_late_and_overdue(engine: AsyncEngine) -> None:
    """Due on the twentieth working day after receipt: that day is on time, the next is late or overdue."""
    start = date(2026, 9, 14)  # due 2026-10-16
    await tell(
        engine, ORGAN, ART_33, calendar(2026, HOLIDAYS_2026, WORKED_2026),
        request(1, start, date(2026, 10, 16)),
        request(2, start, date(2026, 10, 19)),
        request(3, start),
        request(4),
        request(5, start, date(2026, 10, 17)),  # a Saturday
    )  # fmt: skip

    assert await counts(engine, date(2026, 10, 16)) == (5, 2, 1, 2, 0)
    assert await counts(engine, date(2026, 10, 17)) == (5, 2, 1, 2, 1)
    async with engine.connect() as conn:
        late = await reading.list_late_requests(conn, MZJ, date(2026, 10, 20), reading.Page())
    assert [(row.number[-1], row.due_on, row.days_over) for row in late.rows] == [
        ("3", date(2026, 10, 16), None),
        ("2", date(2026, 10, 16), 1),
        ("5", date(2026, 10, 16), 1),
    ]


async def test_law_that_comes_late_or_changes_moves_the_due_day(engine: AsyncEngine) -> None:
    """The streams are not ordered: a request waits for its rule, and a new calendar derives it again."""
    await tell(engine, ORGAN, request(1, date(2026, 12, 21)))
    assert await counts(engine, date(2027, 3, 1)) == (1, 1, 0, 0, 0)

    await tell(engine, ART_33, calendar(2026, [], []))
    async with engine.connect() as conn:
        [row] = (await reading.list_late_requests(conn, "", date(2027, 3, 1), reading.Page())).rows
    assert (row.due_on, row.provisional) == (date(2027, 1, 18), True)

    await tell(engine, calendar(2027, [date(2027, 1, 1)], []))
    async with engine.connect() as conn:
        [row] = (await reading.list_late_requests(conn, "", date(2027, 3, 1), reading.Page())).rows
    assert (row.due_on, row.provisional) == (date(2027, 1, 19), False)


async def test_an_older_version_of_a_request_changes_nothing(engine: AsyncEngine) -> None:
    """A refill repeats what was told before; a decided request stays decided."""
    start = date(2026, 3, 2)
    await tell(engine, ORGAN, ART_33, calendar(2026, [], []), request(1, start, date(2026, 3, 9)))
    await tell(engine, request(1, start), request(1))
    assert await counts(engine, date(2026, 12, 1)) == (1, 0, 1, 0, 0)
