"""The oversight service as a whole: contracts in over NATS, the board out over gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.contracts.catalog import CalendarAnnounced, CalendarDay, MatterRevised, OrganChanged, RuleChanged
from gongkai.contracts.contract import Contract
from gongkai.contracts.publishing import ContentDestroyed, RecordPublished, RecordRevised, RecordWithdrawn
from gongkai.messaging.applying import Received
from gongkai.messaging.batch import BatchSender, Message
from gongkai.messaging.connection import connect
from gongkai.messaging.envelope import Envelope, headers_of
from gongkai.messaging.provision import provision
from gongkai.messaging.topology import load_topology
from gongkai.rpc.oversight.v1 import oversight_pb2 as pb
from gongkai.rpc.oversight.v1.oversight_pb2_grpc import OversightServiceStub
from gongkai.security.tokens import service_tokens
from gongkai.serving.channels import channel
from gongkai.serving.database import create_engine, migrate
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Settings
from services.oversight.__main__ import compose
from services.oversight.views import reading
from services.oversight.views.writing import apply_records, apply_registry

COUNTY = "341323000000"
MZJ, CZJ = "341323-mzj", "341323-czj"
AT = datetime(2026, 11, 1, tzinfo=UTC)
ART_26 = RuleChanged(
    code="proactive-disclosure", version=1, value=20, unit="working_days", effective_from=date(2019, 5, 15),
    citation="《政府信息公开条例》第二十六条", mark="L",
)  # fmt: skip


def calendar(year: int, *holidays: date, version: int = 1) -> CalendarAnnounced:
    days = tuple(CalendarDay(day=day, working=False, name="假日") for day in holidays)
    return CalendarAnnounced(year=year, version=version, days=days, source="通知", complete=True)


def organ(code: str, name: str, version: int = 1) -> OrganChanged:
    return OrganChanged(
        code=code, version=version, name=name, short_name=name, division=COUNTY, uscc="11341323MD23A00253"
    )


def record(
    number: int,
    formed_on: date | None,
    published_on: date,
    *,
    organ: str = MZJ,
    defects: Sequence[str] = (),
    division: str = COUNTY,
) -> RecordPublished:
    return RecordPublished(
        record_id=f"r{number}", index_number=f"11341323MD23A00253/202611-{number:05d}", version=1, organ=organ,
        organ_name="记录中的名称", division=division, kind="notice", title=f"通知{number}", formed_on=formed_on,
        published_on=published_on, provenance="live", defects=tuple(defects),
    )  # fmt: skip


def withdrawn(number: int, version: int = 2) -> RecordWithdrawn:
    return RecordWithdrawn(
        record_id=f"r{number}", index_number=f"11341323MD23A00253/202611-{number:05d}", version=version, organ=MZJ,
        organ_name="记录中的名称", division=COUNTY, kind="notice", withdrawn_on=date(2026, 11, 2), reason="有误",
    )  # fmt: skip


def received(contract: Contract, position: int = 1) -> Received:
    envelope = Envelope(
        str(uuid4()), contract.TYPE, "/divisions/341323000000/x", "thing:1", b"", AT, 1, "e1", position
    )
    return Received(envelope, contract, "evt.x", 1)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    await migrate("services.oversight", database_url)
    engine = create_engine(database_url, pool_size=5)
    yield engine
    await engine.dispose()


async def registry(engine: AsyncEngine, *contracts: Contract) -> None:
    async with engine.begin() as conn:
        await apply_registry(conn, [received(contract) for contract in contracts])


async def records(engine: AsyncEngine, *contracts: Contract) -> None:
    async with engine.begin() as conn:
        await apply_records(conn, [received(contract) for contract in contracts])


async def late(engine: AsyncEngine, organ: str = "") -> list[tuple[str, int, bool]]:
    async with engine.connect() as conn:
        found = await reading.list_late(conn, organ, reading.Page())
        return [(row.id, row.lag, row.provisional) for row in found.rows]


async def test_announcing_a_year_measures_its_records_again(engine: AsyncEngine) -> None:
    """A provisional lag becomes certain, and a record may stop being late, when the notice arrives."""
    await registry(engine, ART_26, calendar(2026))
    await records(engine, record(1, date(2026, 12, 21), date(2027, 1, 19)))
    before = await late(engine)

    await registry(engine, calendar(2027, date(2027, 1, 1)))

    assert (before, await late(engine)) == ([("r1", 21, True)], [])
    async with engine.connect() as conn:
        [row] = await reading.organ_rows(conn, "")
        assert (row.timed, row.late, row.median_lag) == (1, 0, 20)


async def test_records_that_came_before_the_rule_are_measured_when_it_comes(engine: AsyncEngine) -> None:
    """The two streams are not ordered: law that arrives last counts for what is there."""
    await records(engine, record(1, date(2026, 3, 2), date(2026, 4, 30)))
    before = await late(engine)

    await registry(engine, calendar(2026), ART_26)

    assert (before, await late(engine)) == ([], [("r1", 43, False)])


async def test_an_older_version_changes_nothing(engine: AsyncEngine) -> None:
    """Repeats and refills neither bring a withdrawn record back nor undo a correction of the calendar."""
    published = record(1, date(2026, 3, 2), date(2026, 4, 30), defects=["summary.missing"])
    await registry(engine, ART_26, calendar(2026, date(2026, 3, 3), version=2))
    await records(engine, published, withdrawn(1))

    await records(engine, published)
    await registry(engine, ART_26, calendar(2026, version=1))
    await records(engine, record(2, date(2026, 3, 2), date(2026, 3, 31)))

    async with engine.connect() as conn:
        [row] = await reading.organ_rows(conn, "")
        defects = await reading.list_defects(conn, "", reading.Page())
    assert (row.published, row.withdrawn, row.late, row.defects) == (1, 1, 0, 0)
    assert defects.total == 0
    assert await late(engine) == []


async def test_an_organ_is_called_by_the_registry_as_soon_as_it_is_known(engine: AsyncEngine) -> None:
    """A record names its organ until catalog does; after that the registry's name stays."""
    await records(engine, record(1, None, date(2026, 4, 30)))
    async with engine.connect() as conn:
        assert [row.name for row in await reading.organ_rows(conn, "")] == ["记录中的名称"]

    await registry(engine, organ(MZJ, "灵璧县民政局"))
    await records(engine, record(2, None, date(2026, 4, 30)))

    async with engine.connect() as conn:
        assert [row.name for row in await reading.organ_rows(conn, "")] == ["灵璧县民政局"]


async def test_the_board_of_a_successor_holds_the_organs_of_what_ended(engine: AsyncEngine) -> None:
    """A county that another was merged into answers for both; nobody else does."""
    await registry(engine, organ(MZJ, "灵璧县民政局"))
    await records(engine, record(1, None, date(2026, 4, 30)))
    async with engine.connect() as conn:
        both = await reading.organ_rows(conn, "341324000000", ["341323000000"])
        requests = await reading.organ_requests(conn, "341324000000", date(2026, 5, 1), ["341323000000"])
        alone = await reading.organ_rows(conn, "341324000000")

    assert [(row.code, row.published) for row in both] == [(MZJ, 1)]
    assert (dict(requests), list(alone)) == ({}, [])


async def test_a_concurrent_announcement_leaves_no_record_behind(engine: AsyncEngine) -> None:
    """A record measured by the old calendar while the new one is being committed is measured again."""
    await registry(engine, ART_26, calendar(2026))
    async with engine.begin() as conn:
        await apply_records(conn, [received(record(1, date(2026, 12, 21), date(2027, 1, 20)))])
        announcing = asyncio.create_task(registry(engine, calendar(2027, date(2027, 1, 1))))
        await asyncio.sleep(0.2)
        assert not announcing.done()

    await announcing

    assert await late(engine) == [("r1", 21, False)]


async def test_two_thousand_records_are_applied_in_batches(engine: AsyncEngine) -> None:
    """Large batches of first and second versions end as one row a record."""
    await registry(engine, ART_26, calendar(2026))
    day = date(2026, 3, 2)
    first = [record(number, day, day + timedelta(days=number % 60)) for number in range(2000)]
    second = [RecordRevised.model_validate(each.model_dump() | {"version": 2}) for each in first]

    for start in range(0, 2000, 500):
        await records(engine, *first[start : start + 500], *second[start : start + 500])

    async with engine.connect() as conn:
        [row] = await reading.organ_rows(conn, COUNTY)
    assert (row.published, row.timed) == (2000, 2000)


@dataclass
class Running:
    board: OversightServiceStub
    nats: Client

    async def tell(self, *contracts: Contract) -> None:
        """Publish as catalog and publishing would."""
        async with BatchSender(self.nats) as sender:
            for position, contract in enumerate(contracts, start=1):
                owner = contract.TYPE.split(".")[2]
                envelope = Envelope(
                    id=str(uuid4()), type=contract.TYPE, source=f"/divisions/{COUNTY}/{owner}", subject="thing:1",
                    data=contract.model_dump_json().encode(), time=AT, version=1, epoch="e1", position=position,
                )  # fmt: skip
                subject = f"evt.{owner}.{COUNTY}.thing.changed"
                message = Message(subject, headers_of(envelope), envelope.data)
                await sender.confirm(await sender.send([message]))

    async def until_organs(self, count: int) -> None:
        """Wait for the registry: it comes by another stream than the records."""
        async with asyncio.timeout(30):
            while True:
                board = await self.board.GetBoard(pb.GetBoardRequest(division=COUNTY))
                if len(board.organs) >= count:
                    return
                await asyncio.sleep(0.05)

    async def until(self, published: int, withdrawn: int) -> pb.GetBoardResponse:
        async with asyncio.timeout(30):
            while True:
                board = await self.board.GetBoard(pb.GetBoardRequest(division=COUNTY))
                rows = board.organs
                if (sum(row.published for row in rows), sum(row.withdrawn for row in rows)) == (
                    published,
                    withdrawn,
                ):
                    return board
                await asyncio.sleep(0.05)


@pytest.fixture
async def running(settings: Settings) -> AsyncIterator[Running]:
    async with connect(settings.nats_url, None, name="admin") as client:
        await provision(client, load_topology())
        async with Service("oversight", settings) as service:
            await compose(service)
            await service.start()
            target, tokens = f"127.0.0.1:{service.grpc_port}", service_tokens(settings.keys, "portal")
            async with channel(target, audience="oversight", tokens=tokens) as opened:
                yield Running(OversightServiceStub(opened), client)


MATTER = dict.fromkeys(("id", "domain", "level1", "level2", "content_elements", "legal_basis", "time_limit", "subject", "channels", "audience", "mode", "levels", "provenance"), "x")  # fmt: skip


async def test_the_board_follows_from_events_alone(running: Running) -> None:
    """Each organ's published, withdrawn, timed, late and defective records are counted, with the law's limit."""
    day = date(2026, 3, 2)
    await running.tell(
        ART_26,
        calendar(2026),
        organ(MZJ, "灵璧县民政局"),
        organ(CZJ, "灵璧县财政局"),
        MatterRevised.model_validate({"edition": "e", "version": 1, "matter": MATTER}),
    )
    await running.until_organs(2)
    await running.tell(
        record(1, day, date(2026, 3, 5)),
        record(2, day, date(2026, 4, 30)),
        record(3, None, date(2026, 4, 30), defects=["formed-on.missing", "summary.missing"]),
        record(4, day, date(2026, 3, 5)),
        ContentDestroyed(digest="0" * 64, version=1, record_ids=("r4",), destroyed_on=day, reason="隐私"),
        withdrawn(4),
    )

    board = await running.until(3, 1)
    late = await running.board.ListLateRecords(pb.ListLateRecordsRequest(organ=MZJ))
    defects = await running.board.ListDefects(pb.ListDefectsRequest(organ=MZJ))

    czj, mzj = board.organs
    assert (czj.organ_name, czj.published, czj.median_lag) == ("灵璧县财政局", 0, -1)
    assert (mzj.published, mzj.withdrawn, mzj.timed, mzj.late, mzj.defects) == (3, 1, 2, 1, 2)
    assert (mzj.organ_name, mzj.median_lag) == ("灵璧县民政局", 23)
    assert (board.limit_days, board.limit_citation) == (20, "《政府信息公开条例》第二十六条")
    assert [(lag.count, lag.late) for lag in board.lags] == [
        (1, False),
        (0, False),
        (0, False),
        (0, True),
        (1, True),
    ]
    assert board.as_of == "2026-11-01T00:00:00+00:00"
    assert [(row.title, row.working_days, row.provisional) for row in late.records] == [("通知2", 43, False)]
    assert [list(row.codes) for row in defects.records] == [["formed-on.missing", "summary.missing"]]
    assert dict(defects.by_code) == {"formed-on.missing": 1, "summary.missing": 1}


async def test_the_board_of_another_county_does_not_show_these_organs(running: Running) -> None:
    """A division's board holds its own organs and those below it, nobody else's."""
    await running.tell(ART_26, record(1, date(2026, 3, 2), date(2026, 3, 5)))
    await running.until(1, 0)

    other = await running.board.GetBoard(pb.GetBoardRequest(division="341324000000"))
    city = await running.board.GetBoard(pb.GetBoardRequest(division="341300000000"))

    assert (len(other.organs), len(city.organs)) == (0, 1)
