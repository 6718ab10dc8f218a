"""What is said of duties that come due: once for each due day, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.contracts.contract import Contract
from gongkai.contracts.oversight import DutyDueSoon as TellSoon
from gongkai.contracts.oversight import DutyOverdue as TellOver
from gongkai.eventstore.golden import golden_faults
from gongkai.eventstore.store import EventStore
from gongkai.legaltime import Due
from gongkai.messaging.connection import connect
from gongkai.messaging.envelope import parse
from gongkai.messaging.provision import provision
from gongkai.messaging.topology import load_topology
from gongkai.rpc.ops.v1 import ops_pb2
from gongkai.rpc.ops.v1.ops_pb2_grpc import OpsServiceStub
from gongkai.security.tokens import operator_tokens
from gongkai.serving.channels import channel
from gongkai.serving.clock import new_id
from gongkai.serving.database import create_engine, migrate
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Settings
from services.oversight.__main__ import compose
from services.oversight.codec import CODEC
from services.oversight.domain.coverage import Standing, State
from services.oversight.domain.telling import (
    NOTHING,
    DutyDueSoon,
    DutyFacts,
    DutyOverdue,
    Found,
    decide,
    fold,
)
from services.oversight.rounds import Rounds
from tests.oversight.duties import (
    CIVIL,
    COUNTY,
    LAW,
    MZJ,
    ORGANS,
    edition,
    every,
    matter,
    meant,
    published,
    tell,
    withdrawn,
)

NOVEMBER = date(2026, 11, 30)
FACTS = DutyFacts(
    organ=MZJ, organ_name="县民政局", division=COUNTY, matter="m-01-1", title="名单", domain="01",
    edition=f"{COUNTY}-1", time_limit="每月公开", due_on=NOVEMBER, said_on=date(2026, 11, 23),
)  # fmt: skip
SOON = Found(FACTS, Standing(State.DUE_SOON, Due(NOVEMBER, provisional=False), None, 5))
OVER = Found(FACTS, Standing(State.OVERDUE, Due(NOVEMBER, provisional=False), None, -1))
CATALOGUE = (*LAW, *ORGANS, edition(), matter("m-01-1", CIVIL, every("months")), meant(CIVIL, MZJ))


@pytest.mark.domain
def test_every_shape_an_event_ever_had_still_reads() -> None:
    """One payload of every event type and schema is kept."""
    assert golden_faults(CODEC, Path(__file__).parent / "golden") == []


@pytest.mark.domain
def test_each_thing_is_said_once_for_a_due_day() -> None:
    """Soon once, overdue once, never soon after overdue; another due day is said anew; nothing is said of kept duties."""
    [soon] = decide(NOTHING, SOON)
    assert isinstance(soon, DutyDueSoon)
    assert decide(fold([soon]), SOON) == []
    [over] = decide(fold([soon]), OVER)
    assert isinstance(over, DutyOverdue)
    assert decide(fold([over]), OVER) == decide(fold([over]), SOON) == []
    later = FACTS.model_copy(update={"due_on": date(2026, 12, 31)})
    assert len(decide(fold([soon, over]), Found(later, SOON.standing))) == 1
    assert decide(NOTHING, Found(FACTS, Standing(State.IN_TIME, SOON.standing.due, None, 9))) == []


@dataclass
class Daily:
    """The round over a real database, on days a test names."""

    engine: AsyncEngine
    store: EventStore
    rounds: Rounds
    woken: list[str] = field(default_factory=list)

    async def on(self, day: str) -> int:
        return await self.rounds.once(date.fromisoformat(day))

    async def said(self) -> list[tuple[str, str, str]]:
        async with self.engine.connect() as conn:
            events = await self.store.read(conn, 0, 1000)
        return [(each.type, each.stream, str(getattr(each.data, "due_on"))) for each in events]  # noqa: B009


@pytest.fixture
async def daily(database_url: str) -> AsyncIterator[Daily]:
    await migrate("services.oversight", database_url)
    engine = create_engine(database_url, pool_size=5)
    store = EventStore(CODEC, clock=lambda: datetime(2026, 11, 23, tzinfo=UTC), ids=new_id)
    woken: list[str] = []

    async def caught_up() -> bool:
        return True

    rounds = Rounds(
        engine,
        store,
        clock=lambda: datetime(2026, 11, 23, tzinfo=UTC),
        caught_up=caught_up,
        appended=lambda: woken.append("relay"),
    )
    yield Daily(engine, store, rounds, woken)
    await engine.dispose()


async def test_a_month_of_rounds_says_each_thing_once(daily: Daily) -> None:
    """Rounds of every day: soon at five working days, overdue the day after; a publication begins the next due day."""
    await tell(daily.engine, [*CATALOGUE, published(1, "m-01-1", date(2026, 10, 9))])
    days = [date(2026, 11, 1) + timedelta(days=n) for n in range(35)]

    said = [day for day in days if await daily.rounds.once(day)]

    assert said == [date(2026, 11, 23), date(2026, 12, 1)]
    await tell(daily.engine, [published(2, "m-01-1", date(2026, 12, 6))])
    assert (await daily.on("2026-12-06"), await daily.on("2027-02-01")) == (0, 1)
    stream = f"duty:{MZJ}/m-01-1"
    assert await daily.said() == [
        ("duty.due_soon", stream, "2026-11-30"),
        ("duty.overdue", stream, "2026-11-30"),
        ("duty.overdue", stream, "2027-01-31"),
    ]
    assert len(daily.woken) == 3


async def test_a_withdrawn_publication_makes_the_earlier_day_count_again(daily: Daily) -> None:
    """What was withdrawn keeps no duty; of a due day that was said already nothing is said again."""
    await tell(daily.engine, [*CATALOGUE, published(1, "m-01-1", date(2026, 9, 9))])
    assert await daily.on("2026-11-02") == 1
    await tell(daily.engine, [published(2, "m-01-1", date(2026, 11, 2))])
    assert await daily.on("2026-11-03") == 0

    await tell(daily.engine, [withdrawn(2)])

    assert await daily.on("2026-11-04") == 0
    assert [due for _, _, due in await daily.said()] == ["2026-10-31"]


async def test_two_replicas_say_it_once(daily: Daily) -> None:
    """Rounds at the same moment: of two the store lets one say it, and the other finds it said."""
    await tell(daily.engine, [*CATALOGUE, published(1, "m-01-1", date(2026, 9, 9))])

    await asyncio.gather(daily.on("2026-11-02"), daily.on("2026-11-02"), return_exceptions=True)

    assert await daily.on("2026-11-02") == 0
    assert len(await daily.said()) == 1


async def test_the_service_tells_what_comes_due(settings: Settings) -> None:
    """At its start and when the legal day changes the service makes a round, and says on EVT_OVERSIGHT what it found."""
    await migrate("services.oversight", settings.database_url)
    engine = create_engine(settings.database_url, pool_size=2)
    await tell(engine, [*CATALOGUE, published(1, "m-01-1", date(2026, 10, 9))])
    await engine.dispose()
    now = [datetime(2026, 11, 30, 15, 59, 58, tzinfo=UTC)]  # two seconds before the legal day is over
    async with connect(settings.nats_url, None, name="admin") as client:
        await provision(client, load_topology())
        heard = await client.jetstream().subscribe("evt.oversight.>", stream="EVT_OVERSIGHT")

        async def hear(kind: type[Contract]) -> Contract:
            message = await heard.next_msg(timeout=30)
            await message.ack()
            envelope = parse(message.headers, message.data)
            assert envelope.type == kind.TYPE
            return kind.model_validate(orjson.loads(envelope.data))

        async with Service("oversight", settings) as service:
            await compose(service, lambda: now[0])
            await service.start()
            soon = await hear(TellSoon)
            now[0] += timedelta(seconds=3)
            over = await hear(TellOver)
            target = f"127.0.0.1:{service.grpc_port}"
            async with channel(target, audience="oversight", tokens=operator_tokens(settings.keys)) as opened:
                log = await OpsServiceStub(opened).VerifyLog(ops_pb2.VerifyLogRequest())
    assert isinstance(soon, TellSoon)
    assert isinstance(over, TellOver)
    assert (soon.due_on, soon.days_left, soon.said_on, soon.version) == (NOVEMBER, 0, NOVEMBER, 1)
    assert (over.due_on, over.said_on, over.version) == (NOVEMBER, date(2026, 12, 1), 2)
    assert (soon.organ, soon.matter, soon.edition) == (MZJ, "m-01-1", f"{COUNTY}-1")
    assert (log.events, log.streams, list(log.faults)) == (2, 1, [])
