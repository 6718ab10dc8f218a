"""The catalog service as a whole: database, NATS and gRPC, as its composition root puts it together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from nats.aio.client import Client

from gongkai.devstack.postgres import Postgres
from gongkai.messaging.connection import connect
from gongkai.messaging.envelope import parse
from gongkai.messaging.provision import provision
from gongkai.messaging.topology import load_topology
from gongkai.rpc.catalog.v1 import catalog_pb2 as pb
from gongkai.rpc.catalog.v1 import identity_pb2
from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from gongkai.rpc.catalog.v1.identity_pb2_grpc import IdentityServiceStub
from gongkai.rpc.log.v1 import log_pb2
from gongkai.rpc.log.v1.log_pb2_grpc import ContractLogServiceStub
from gongkai.rpc.ops.v1 import ops_pb2
from gongkai.rpc.ops.v1.ops_pb2_grpc import OpsServiceStub
from gongkai.security.keys import create_keys
from gongkai.security.tokens import operator_tokens, service_tokens
from gongkai.serving.channels import channel, streaming
from gongkai.serving.errors import reasons_of
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Address, Settings
from services.catalog.__main__ import compose
from tests.conftest import fresh_database, fresh_nats

TOLD = 1488 + 20 + 20 + 159 + 2 * (1 + 305)
"""Divisions, years, rules, bases, and the guide and the standard with their matters."""
LOGGED = TOLD + 26 + 2 * (3 + 305)
"""And domains, drafts and stances, which are told to nobody."""
MZJ = pb.Organ(
    code="341323-mzj", name="灵璧县民政局（演示）", short_name="县民政局", division="341323000000",
    uscc="11341323MD23A00253",
)  # fmt: skip


@dataclass
class Running:
    settings: Settings
    target: str
    channel: grpc.aio.Channel
    nats: Client

    @property
    def catalog(self) -> CatalogServiceStub:
        return CatalogServiceStub(self.channel)

    async def messages(self, stream: str) -> int:
        return (await self.nats.jetstream().stream_info(stream)).state.messages

    async def until(self, stream: str, count: int) -> None:
        async with asyncio.timeout(30):
            while await self.messages(stream) < count:  # noqa: ASYNC110 - a server is asked
                await asyncio.sleep(0.05)


@asynccontextmanager
async def started(database_url: str, nats: str, keys: Path) -> AsyncIterator[Running]:
    """The service, sown, on these servers."""
    create_keys(keys, services=["catalog", "portal"])
    settings = Settings(
        "catalog",
        database_url=database_url,
        nats_url=nats,
        keys=keys,
        grpc_listen=Address("127.0.0.1", 0),
    )
    async with connect(nats, None, name="admin") as client:
        await provision(client, load_topology())
        async with Service("catalog", settings) as service:
            await compose(service)
            await service.start()
            target = f"127.0.0.1:{service.grpc_port}"
            async with channel(target, audience="catalog", tokens=operator_tokens(keys)) as opened:
                yield Running(settings, target, opened, client)


@pytest.fixture
async def running(database_url: str, nats: str, tmp_path: Path) -> AsyncIterator[Running]:
    """A service of its own, for a test that changes something."""
    async with started(database_url, nats, tmp_path) as one:
        yield one


@pytest.fixture(scope="module")
async def untouched(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """One service for all tests that leave it as its seed made it."""
    with fresh_database(postgres) as database_url, fresh_nats() as (nats, _):
        async with started(database_url, nats.url, tmp_path_factory.mktemp("keys")) as one:
            yield one


async def register(catalog: CatalogServiceStub, organ: pb.Organ, command_id: str = "c-1") -> pb.Organ:
    request = pb.RegisterOrganRequest(command_id=command_id, actor="operator", organ=organ)
    return (await catalog.RegisterOrgan(request)).organ


async def test_the_seed_reaches_the_services_and_the_province(untouched: Running) -> None:
    """Every seed event is told once on EVT and once on FEED, under the ids of the log."""
    await untouched.until("EVT_CATALOG", TOLD)
    await untouched.until("FEED_CATALOG", TOLD)

    first = await untouched.nats.jetstream().get_msg("EVT_CATALOG", 1)
    envelope = parse(first.headers, first.data or b"")
    assert first.subject == "evt.catalog.341300000000.division.changed"
    assert (envelope.type, envelope.subject, envelope.version, envelope.position) == (
        "cn.gongkai.catalog.division.changed.v1",
        "division:341300000000",
        1,
        1,
    )
    assert (await untouched.messages("EVT_CATALOG"), await untouched.messages("FEED_CATALOG")) == (
        TOLD,
        TOLD,
    )


async def test_the_registry_answers_over_grpc(untouched: Running) -> None:
    """Divisions, domains, matters and days come with their totals, page by page."""
    catalog = untouched.catalog

    counties = await catalog.ListDivisions(pb.ListDivisionsRequest(level="county", page_size=5))
    more = await catalog.ListDivisions(
        pb.ListDivisionsRequest(level="county", page_size=5, page_token=counties.next_page_token)
    )
    village = await catalog.GetDivision(pb.GetDivisionRequest(code="341323110000"))
    domains = await catalog.ListDomains(pb.ListDomainsRequest())
    matter = await catalog.GetMatter(pb.GetMatterRequest(id="m-20-001"))
    days = await catalog.ListCalendarDays(pb.ListCalendarDaysRequest(year=2026))

    assert (len(counties.divisions), len(more.divisions), counties.total, more.next_page_token) == (
        5,
        2,
        7,
        "",
    )
    assert [division.name for division in village.ancestors] == ["宿州市", "灵璧县"]
    assert (len(domains.domains), domains.edition, domains.domains[0].name) == (
        26,
        "341300000000-1",
        "国土空间规划",
    )
    assert (matter.matter.domain, matter.edition) == ("20", "341300000000-1")
    assert (len(days.days), days.announced_until) == (39, "2026-12-31")
    staff = await IdentityServiceStub(untouched.channel).ListStaff(identity_pb2.ListStaffRequest())
    assert staff.total == 0  # who works here is registered by people, never by a seed


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda catalog: catalog.GetOrgan(pb.GetOrganRequest(code="nobody")), "organ.unknown"),
        (lambda catalog: catalog.GetDivision(pb.GetDivisionRequest(code="1")), "division.unknown"),
        (lambda catalog: catalog.GetMatter(pb.GetMatterRequest(id="m-99-001")), "matter.unknown"),
    ],
)
async def test_what_is_not_there_is_not_found(
    untouched: Running, ask: Callable[..., object], code: str
) -> None:
    """A question about something unknown is answered NOT_FOUND, with the reason in Chinese."""
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await ask(untouched.catalog)

    assert error.value.code() is grpc.StatusCode.NOT_FOUND
    assert [reason.code for reason in reasons_of(error.value)] == [code]


async def test_an_organ_is_registered_given_a_key_and_revoked(running: Running) -> None:
    """Each step answers with the organ as it then stands, and is told to the services."""
    await running.until("EVT_CATALOG", TOLD)
    key = "U" + "A" * 55

    registered = await register(running.catalog, MZJ)
    added = await running.catalog.AddOrganCredential(
        pb.AddOrganCredentialRequest(command_id="c-2", actor="operator", organ=MZJ.code, public_key=key)
    )
    revoked = await running.catalog.RevokeOrganCredentials(
        pb.RevokeOrganCredentialsRequest(command_id="c-3", actor="operator", organ=MZJ.code, reason="停用")
    )

    assert registered == MZJ
    assert list(added.organ.credential_keys) == [key]
    assert (list(revoked.revoked_keys), list(revoked.organ.credential_keys)) == ([key], [])
    await running.until("EVT_CATALOG", TOLD + 3)
    await running.until("FEED_CATALOG", TOLD + 1)


async def test_a_refused_registration_tells_every_reason(untouched: Running) -> None:
    """The clerk reads all reasons at once, each with its field; nothing is registered."""
    bad = pb.Organ(code="MZJ", name="", short_name="x", division="1", uscc="11341323MD23A00250")

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await register(untouched.catalog, bad)

    assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert [(reason.code, reason.field) for reason in reasons_of(error.value)] == [
        ("organ.code.malformed", "code"),
        ("organ.name.missing", "name"),
        ("division.unknown", "division"),
        ("uscc.check", "uscc"),
    ]
    assert (await untouched.catalog.ListOrgans(pb.ListOrgansRequest())).total == 0


async def test_only_the_operator_changes_the_registry(untouched: Running) -> None:
    """A service may ask and may not command."""
    tokens = service_tokens(untouched.settings.keys, "portal")
    async with channel(untouched.target, audience="catalog", tokens=tokens) as opened:
        portal = CatalogServiceStub(opened)
        assert (await portal.ListOrgans(pb.ListOrgansRequest())).total == 0
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await register(portal, MZJ)

    assert error.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_a_new_year_is_announced_over_grpc(running: Running) -> None:
    """An operator's notice extends the calendar; a date that is none is named."""
    day = pb.CalendarDay(date="2027-01-01", working=False, name="元旦")
    request = pb.AnnounceCalendarRequest(
        command_id="c-1", actor="operator", year=2027, days=[day], source="国办通知", complete=True
    )

    announced = await running.catalog.AnnounceCalendar(request)

    until = (await running.catalog.ListCalendarDays(pb.ListCalendarDaysRequest(year=2027))).announced_until
    assert (announced.version, until) == (1, "2027-12-31")
    request.days.append(pb.CalendarDay(date="元旦"))
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await running.catalog.AnnounceCalendar(request)
    assert [(reason.code, reason.field) for reason in reasons_of(error.value)] == [
        ("calendar.day.malformed", "days[1].date")
    ]


async def test_the_log_can_be_read_verified_and_refilled(running: Running) -> None:
    """A view is rebuilt from the contracts, the log verifies, and a refill tells everything again."""
    await running.until("EVT_CATALOG", TOLD)
    log, ops = ContractLogServiceStub(running.channel), OpsServiceStub(running.channel)

    request = log_pb2.ReadContractsRequest(audience=log_pb2.AUDIENCE_SERVICES)
    async with streaming(log.ReadContracts(request, timeout=60)) as answers:
        read = [answer.subject async for answer in answers]
    verified = await ops.VerifyLog(ops_pb2.VerifyLogRequest())
    await ops.RefillStream(ops_pb2.RefillStreamRequest(stream="EVT_CATALOG"))

    assert (len(read), verified.events, list(verified.faults)) == (TOLD, LOGGED, [])
    await running.until("EVT_CATALOG", 2 * TOLD)


async def test_a_second_start_appends_nothing(untouched: Running) -> None:
    """Another process on the same database finds the seed done."""
    await untouched.until("EVT_CATALOG", TOLD)

    async with Service("catalog", untouched.settings) as second:
        await compose(second)

    verified = await OpsServiceStub(untouched.channel).VerifyLog(ops_pb2.VerifyLogRequest())
    assert verified.events == LOGGED
