"""A service's log and operations over gRPC, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import grpc
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.contracts.contract import Contract
from gongkai.eventstore import Codec, DomainEvent, EventStore, StoredEvent, StreamWrite
from gongkai.eventstore.schema import create_tables
from gongkai.messaging import deadletters
from gongkai.messaging.control import refill_requested
from gongkai.messaging.deadletters import Failure
from gongkai.messaging.outgoing import Outgoing, messages_of
from gongkai.messaging.schema import metadata
from gongkai.rpc.log.v1 import log_pb2, log_pb2_grpc
from gongkai.rpc.ops.v1 import ops_pb2, ops_pb2_grpc
from gongkai.security.keys import create_keys
from gongkai.security.tokens import operator_tokens, service_tokens
from gongkai.serving.channels import channel, streaming
from gongkai.serving.database import create_engine
from gongkai.serving.errors import reasons_of
from gongkai.serving.lifecycle import Service
from gongkai.serving.log_api import ContractLog
from gongkai.serving.ops_api import OpsApi
from gongkai.serving.settings import Address, Settings

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
FAILURE = Failure("INGEST", "ingest.341323-mzj.document", {"ce-id": "7"}, b"{", "data is no document", 1)


class Named(DomainEvent):
    NAME: ClassVar[str] = "thing.named"
    name: str


class ThingNamed(Contract):
    TYPE: ClassVar[str] = "cn.gongkai.test.thing.named.v1"
    name: str
    version: int


def tell_services(event: StoredEvent) -> list[Outgoing]:
    assert isinstance(event.data, Named)
    contract = ThingNamed(name=event.data.name, version=event.version)
    return [
        Outgoing(f"evt.test.{part}", contract, "/divisions/341323000000/test", event.stream) for part in "ab"
    ]


def tell_public(event: StoredEvent) -> list[Outgoing]:
    return tell_services(event)[:1] if event.position % 2 else []


@dataclass
class Site:
    service: Service
    engine: AsyncEngine
    store: EventStore
    keys: Path
    retried: list[int]

    async def append(self, *names: str) -> list[StoredEvent]:
        stored = []
        for name in names:
            async with self.engine.begin() as conn:
                write = StreamWrite(f"thing:{name}", 0, [Named(name=name)])
                stored += await self.store.append(conn, [write], actor="test", command_id=name)
        return stored

    @asynccontextmanager
    async def client(self, *, operator: bool = False) -> AsyncIterator[grpc.aio.Channel]:
        tokens = operator_tokens(self.keys) if operator else service_tokens(self.keys, "search")
        async with channel(f"127.0.0.1:{self.service.grpc_port}", audience="test", tokens=tokens) as opened:
            yield opened

    async def read(self, **request: object) -> list[log_pb2.ReadContractsResponse]:
        wanted = {"audience": log_pb2.AUDIENCE_SERVICES} | request
        async with self.client() as opened:
            call = log_pb2_grpc.ContractLogServiceStub(opened).ReadContracts(
                log_pb2.ReadContractsRequest(**wanted)
            )
            async with streaming(call) as answers:
                return [answer async for answer in answers]


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    create_keys(tmp_path, services=["test", "search"])
    engine = create_engine(database_url)
    async with engine.begin() as conn:
        await conn.run_sync(create_tables)
        await conn.run_sync(metadata.create_all)
    numbers = count(1)
    store = EventStore(Codec(Named), clock=lambda: NOW, ids=lambda: UUID(int=next(numbers)))
    retried: list[int] = []

    async def retry(number: int) -> str | None:
        retried.append(number)
        return "still no document" if number == 1 else None

    settings = Settings("test", keys=tmp_path, grpc_listen=Address("127.0.0.1", 0))
    async with Service("test", settings) as service:
        projections = {log_pb2.AUDIENCE_SERVICES: tell_services, log_pb2.AUDIENCE_PUBLIC: tell_public}
        log = ContractLog(engine, store, projections, stopping=service.stopping)
        service.grpc(log_pb2_grpc.add_ContractLogServiceServicer_to_server, log, log_pb2.DESCRIPTOR)
        ops = OpsApi(
            engine, clock=lambda: NOW, store=store, streams=["EVT_TEST"], retries={"publishing": retry}
        )
        service.grpc(ops_pb2_grpc.add_OpsServiceServicer_to_server, ops, ops_pb2.DESCRIPTOR)
        await service.start()
        yield Site(service, engine, store, tmp_path, retried)
    await engine.dispose()


async def set_aside(site: Site, data: bytes = b"{") -> None:
    failure = Failure(FAILURE.stream, FAILURE.subject, FAILURE.headers, data, FAILURE.reason, 1)
    async with site.engine.begin() as conn:
        await deadletters.set_aside(conn, "publishing", [failure], NOW)


async def test_log_is_read_as_the_relay_tells_it(site: Site) -> None:
    """Subjects, attributes and bytes are exactly those of the messages on NATS."""
    events = await site.append("甲", "乙", "丙")

    answers = await site.read()

    async with site.engine.connect() as conn:
        epoch = await site.store.epoch(conn)
    told = [
        (epoch, event.position, message.headers, message.subject, message.data)
        for event in events
        for message in messages_of(event, epoch, tell_services)
    ]
    assert [(a.epoch, a.position, dict(a.attributes), a.subject, a.data) for a in answers] == told
    assert len(told) == 6


async def test_public_audience_sees_public_facts_only(site: Site) -> None:
    """Each audience gets what its own projection says."""
    await site.append("甲", "乙", "丙")

    answers = await site.read(audience=log_pb2.AUDIENCE_PUBLIC)

    assert [answer.subject for answer in answers] == ["evt.test.a"] * len(answers)
    assert 0 < len(answers) < 3


async def test_reading_goes_on_after_a_place(site: Site) -> None:
    """With its epoch and position a reader gets what came after."""
    await site.append("甲", "乙")
    first = await site.read()
    await site.append("丙")

    rest = await site.read(after_position=first[-1].position, epoch=first[-1].epoch)

    assert {answer.attributes["ce-subject"] for answer in rest} != {a.attributes["ce-subject"] for a in first}
    assert len(rest) == 2


async def test_place_of_another_epoch_restarts(site: Site) -> None:
    """A place in a log that was restored since means nothing: reading begins at the beginning."""
    await site.append("甲", "乙")
    old = await site.read()
    async with site.engine.begin() as conn:
        await site.store.renew_epoch(conn)

    again = await site.read(after_position=old[-1].position, epoch=old[-1].epoch)

    assert len(again) == len(old)
    assert again[0].epoch > old[0].epoch


async def test_place_beyond_the_head_is_refused(site: Site) -> None:
    """A position this log never had is an error, not silence."""
    await site.append("甲")
    epoch = (await site.read())[0].epoch

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await site.read(after_position=10**9, epoch=epoch)
    assert [reason.code for reason in reasons_of(caught.value)] == ["log.beyond-head"]


async def test_audience_must_be_named(site: Site) -> None:
    """A request without an audience is refused with the field."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await site.read(audience=log_pb2.AUDIENCE_UNSPECIFIED)
    assert reasons_of(caught.value)[0].field == "audience"


async def test_following_sees_later_events_and_ends_with_the_process(site: Site) -> None:
    """A followed log yields what is appended later; draining ends it as unavailable, within the grace."""
    await site.append("甲")
    seen: asyncio.Queue[str] = asyncio.Queue()

    async def follow() -> None:
        async with site.client() as opened:
            request = log_pb2.ReadContractsRequest(audience=log_pb2.AUDIENCE_SERVICES, follow=True)
            call = log_pb2_grpc.ContractLogServiceStub(opened).ReadContracts(request)
            async with streaming(call) as answers:
                async for answer in answers:
                    await seen.put(answer.attributes["ce-subject"])

    following = asyncio.create_task(follow())
    first = [await asyncio.wait_for(seen.get(), 30) for _ in range(2)]
    await site.append("乙")
    second = [await asyncio.wait_for(seen.get(), 30) for _ in range(2)]
    site.service.stopping.set()

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await following
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert (set(first), set(second)) == ({first[0]}, {second[0]})
    assert first[0] != second[0]


async def test_unknown_event_stops_the_reader(site: Site) -> None:
    """The log is not read past an event this release does not know."""
    await site.append("甲", "乙")
    async with site.engine.begin() as conn:
        await conn.execute(
            text(
                "ALTER TABLE event DISABLE TRIGGER USER; UPDATE event SET type = 'thing.melted' WHERE position = (SELECT max(position) FROM event)"
            )
        )

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await site.read()
    assert [reason.code for reason in reasons_of(caught.value)] == ["log.unknown-event"]


async def test_refill_is_noted_for_the_relay(site: Site) -> None:
    """A refill of one of the service's streams is asked for, with the head it will reach; of others not."""
    stored = await site.append("甲")
    async with site.client(operator=True) as opened:
        ops = ops_pb2_grpc.OpsServiceStub(opened)
        answer = await ops.RefillStream(ops_pb2.RefillStreamRequest(stream="EVT_TEST"))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ops.RefillStream(ops_pb2.RefillStreamRequest(stream="EVT_OTHER"))

    async with site.engine.connect() as conn:
        assert await refill_requested(conn, "EVT_TEST") == NOW
    assert answer.until_position == stored[-1].position
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_dead_letters_are_listed_and_shown(site: Site) -> None:
    """A list holds no bytes; one letter does, with headers and times."""
    await set_aside(site)
    async with site.client(operator=True) as opened:
        ops = ops_pb2_grpc.OpsServiceStub(opened)
        listed = await ops.ListDeadLetters(ops_pb2.ListDeadLettersRequest())
        shown = await ops.GetDeadLetter(ops_pb2.GetDeadLetterRequest(number=listed.letters[0].number))

    assert (listed.total_waiting, listed.letters[0].data, listed.letters[0].reason) == (
        1,
        b"",
        FAILURE.reason,
    )
    assert (shown.letter.data, dict(shown.letter.headers)) == (b"{", {"ce-id": "7"})
    assert shown.letter.first_failed_at.ToDatetime(UTC) == NOW


async def test_retry_reports_what_the_consumer_said(site: Site) -> None:
    """A retry goes to the letter's consumer, and says whether it was applied."""
    await set_aside(site, b"{")
    await set_aside(site, b"{}")
    async with site.client(operator=True) as opened:
        ops = ops_pb2_grpc.OpsServiceStub(opened)
        letters = (await ops.ListDeadLetters(ops_pb2.ListDeadLettersRequest())).letters
        answers = [
            await ops.RetryDeadLetter(ops_pb2.RetryDeadLetterRequest(number=it.number)) for it in letters
        ]

    assert [(answer.applied, answer.reason) for answer in answers] == [
        (False, "still no document"),
        (True, ""),
    ]
    assert site.retried == [letter.number for letter in letters]


async def test_discarding_needs_a_name_and_a_reason(site: Site) -> None:
    """A letter is discarded by name with a reason; its bytes are gone and it cannot be discarded again."""
    await set_aside(site)
    async with site.client(operator=True) as opened:
        ops = ops_pb2_grpc.OpsServiceStub(opened)
        number = (await ops.ListDeadLetters(ops_pb2.ListDeadLettersRequest())).letters[0].number
        with pytest.raises(grpc.aio.AioRpcError) as bare:
            await ops.DiscardDeadLetter(ops_pb2.DiscardDeadLetterRequest(number=number))
        request = ops_pb2.DiscardDeadLetterRequest(number=number, actor="值班员", reason="测试报文")
        await ops.DiscardDeadLetter(request)
        with pytest.raises(grpc.aio.AioRpcError) as again:
            await ops.DiscardDeadLetter(request)
        shown = (await ops.GetDeadLetter(ops_pb2.GetDeadLetterRequest(number=number))).letter

    assert {reason.field for reason in reasons_of(bare.value)} == {"actor", "reason"}
    assert again.value.code() is grpc.StatusCode.NOT_FOUND
    assert (shown.state, shown.data) == ("discarded", b"")


async def test_verification_tells_sound_from_altered(site: Site) -> None:
    """A sound log verifies with its counts; an altered event is named."""
    await site.append("甲", "乙")
    async with site.client(operator=True) as opened:
        ops = ops_pb2_grpc.OpsServiceStub(opened)
        sound = await ops.VerifyLog(ops_pb2.VerifyLogRequest())
        async with site.engine.begin() as conn:
            await conn.execute(
                text(
                    "ALTER TABLE event DISABLE TRIGGER USER; UPDATE event SET actor = 'somebody else' WHERE stream = 'thing:甲'"
                )
            )
        altered = await ops.VerifyLog(ops_pb2.VerifyLogRequest())

    assert (sound.events, sound.streams, list(sound.faults)) == (2, 2, [])
    assert "thing:甲" in altered.faults[0]


async def test_services_do_not_operate_each_other(site: Site) -> None:
    """Operations are the operator's alone."""
    async with site.client() as opened:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ops_pb2_grpc.OpsServiceStub(opened).VerifyLog(ops_pb2.VerifyLogRequest())
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
