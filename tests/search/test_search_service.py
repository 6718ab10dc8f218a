"""The service on its wires: gRPC from the portal and to publishing, contracts over NATS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from nats.aio.client import Client

from gongkai.contracts.contract import Contract
from gongkai.contracts.publishing import ContentDestroyed, RecordState
from gongkai.messaging.connection import connect
from gongkai.messaging.envelope import Envelope, headers_of
from gongkai.messaging.provision import provision
from gongkai.messaging.topology import load_topology
from gongkai.rpc.log.v1 import log_pb2, log_pb2_grpc
from gongkai.rpc.publishing.v1 import publishing_pb2, publishing_pb2_grpc
from gongkai.rpc.search.v1 import search_pb2 as pb
from gongkai.rpc.search.v1.search_pb2_grpc import SearchServiceStub
from gongkai.security.keys import create_keys
from gongkai.security.tokens import operator_tokens, service_tokens
from gongkai.serving.channels import channel, streaming
from gongkai.serving.clock import new_id, utc_now
from gongkai.serving.errors import reasons_of
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Address, Settings
from services.search.__main__ import compose
from tests.search.conftest import InventedOwner

HOST = "127.0.0.1"


def envelope_of(contract: Contract, position: int) -> Envelope:
    key = contract.digest if isinstance(contract, ContentDestroyed) else getattr(contract, "record_id", "")
    return Envelope(
        id=str(new_id()),
        type=contract.TYPE,
        source="/divisions/341323000000/publishing",
        subject=f"record:{key}",
        data=contract.model_dump_json().encode(),
        time=utc_now(),
        version=getattr(contract, "version", 1),
        epoch="e1",
        position=position,
    )


class Contents(publishing_pb2_grpc.ContentServiceServicer):
    """Gives out an invented owner's contents, in small chunks."""

    def __init__(self, owner: InventedOwner) -> None:
        self._owner = owner

    async def FetchContent(self, request: Any, _context: Any) -> AsyncIterator[Any]:  # noqa: N802
        for digest in request.digests:
            data = self._owner.contents.get(digest)
            if data is None:
                yield publishing_pb2.FetchContentResponse(digest=digest, last=True)
                continue
            for start in range(0, len(data), 7):
                last = start + 7 >= len(data)
                chunk = data[start : start + 7]
                yield publishing_pb2.FetchContentResponse(digest=digest, found=True, data=chunk, last=last)


class Records(publishing_pb2_grpc.RecordServiceServicer):
    """Counts an invented owner's records."""

    def __init__(self, owner: InventedOwner) -> None:
        self._owner = owner

    async def CountRecords(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return publishing_pb2.CountRecordsResponse(total=await self._owner.count_public())


class Log(log_pb2_grpc.ContractLogServiceServicer):
    """Reads an invented owner's log; breaks off once in the middle."""

    def __init__(self, owner: InventedOwner) -> None:
        self._owner = owner
        self.broken = 0

    async def ReadContracts(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        for position, contract in enumerate(self._owner.log, start=1):
            if position <= request.after_position:
                continue
            if position == 3 and not self.broken:
                self.broken += 1
                await context.abort(grpc.StatusCode.UNAVAILABLE, "gone for a moment")
            envelope = envelope_of(contract, position)
            yield log_pb2.ReadContractsResponse(
                epoch="e1", position=position, attributes=headers_of(envelope), data=envelope.data
            )


class World:
    """A running search service, the publishing it asks, and ways to speak to both."""

    def __init__(self, owner: InventedOwner, log: Log, client: Client, opened: Any, keys: Path) -> None:
        self.owner = owner
        self.log = log
        self._client = client
        self._opened = opened
        self._keys = keys

    async def say(self, *contracts: Contract) -> None:
        """Publish contracts as publishing's relay does."""
        jetstream = self._client.jetstream()
        for contract in contracts:
            thing = "content.destroyed" if isinstance(contract, ContentDestroyed) else "record.published"
            envelope = envelope_of(contract, self.owner.log.index(contract) + 1)
            subject = f"evt.publishing.341323000000.{thing}"
            await jetstream.publish(subject, envelope.data, headers=headers_of(envelope))

    async def ask(self, **question: Any) -> pb.SearchResponse:
        """Ask as the portal does."""
        return await SearchServiceStub(self._opened).Search(pb.SearchRequest(**question))

    async def until_total(self, total: int, **question: Any) -> pb.SearchResponse:
        """Ask until there are so many hits; the test's own time limit ends it."""
        while (answer := await self.ask(**question)).total != total:  # noqa: ASYNC110 - an index tells nobody
            await asyncio.sleep(0.1)
        return answer


@asynccontextmanager
async def publishing_of(log: Log, owner: InventedOwner) -> AsyncIterator[int]:
    server = grpc.aio.server()
    publishing_pb2_grpc.add_ContentServiceServicer_to_server(Contents(owner), server)
    publishing_pb2_grpc.add_RecordServiceServicer_to_server(Records(owner), server)
    log_pb2_grpc.add_ContractLogServiceServicer_to_server(log, server)
    port = server.add_insecure_port(f"{HOST}:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


@pytest.fixture
async def world(opensearch_url: str, database_url: str, nats: str, tmp_path: Path) -> AsyncIterator[World]:
    owner = InventedOwner()
    log = Log(owner)
    create_keys(tmp_path, services=("search", "publishing", "portal"))
    async with publishing_of(log, owner) as port, connect(nats, name="test") as client:
        await provision(client, load_topology(), replicas=1)
        settings = Settings(
            service="search",
            database_url=database_url,
            nats_url=nats,
            opensearch_url=opensearch_url,
            keys=tmp_path,
            grpc_listen=Address(HOST, 0),
            peers={"publishing": f"{HOST}:{port}"},
        )
        async with Service("search", settings) as service:
            await compose(service)
            await service.start()
            target = f"{HOST}:{service.grpc_port}"
            async with channel(
                target, audience="search", tokens=service_tokens(tmp_path, "portal")
            ) as opened:
                world = World(owner, log, client, opened, tmp_path)
                world.target = target  # type: ignore[attr-defined] # the operator's calls need it
                yield world


def marked(snippet: pb.Snippet) -> str:
    return "".join(piece.text for piece in snippet.fragments if piece.marked)


async def test_what_publishing_says_is_found_and_what_it_withdraws_is_not(world: World) -> None:
    """A contract over NATS becomes a hit with its words from publishing; a withdrawal ends it for good."""
    state = world.owner.publish("r", "农村危房改造补助公示", "拟补助三十七户，公示七个工作日。")
    await world.say(state)
    answer = await world.until_total(1, query="补助三十七户")
    assert marked(answer.hits[0].body[0]) == "补助三十七户"
    assert answer.hits[0].index_number == state.index_number
    assert {facet.name for facet in answer.facets} == {
        "division",
        "organ",
        "year",
        "kind",
        "domain",
        "validity",
    }
    await world.say(world.owner.withdraw(state))
    await world.until_total(0, query="补助三十七户")
    await world.say(state)
    later = world.owner.publish("later", "后来的公告")
    await world.say(later)
    await world.until_total(1)


async def test_a_destroyed_content_is_not_found_any_more(world: World) -> None:
    """After the destruction the record is still found by its title, not by the destroyed words."""
    state = world.owner.publish("r", "公示名单", "名单中有不该公开的内容")
    await world.say(state)
    await world.until_total(1, query="不该公开的内容")
    await world.say(world.owner.destroy(state))
    await world.until_total(0, query="不该公开的内容")
    assert (await world.ask(query="公示名单")).total == 1


async def test_a_question_beyond_a_limit_comes_back_with_every_reason(world: World) -> None:
    """The portal can show why a question is not answered."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await world.ask(query="长" * 201, page_size=51)
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    codes = {reason.code for reason in reasons_of(refused.value)}
    assert codes == {"search.query.too-long", "search.page-size.out-of-range"}


async def test_an_operator_rebuilds_over_grpc(world: World, tmp_path: Path) -> None:
    """A rebuild reads the log, even one that breaks off in the middle, and tells its phases; the portal may not."""
    said: list[RecordState] = [
        world.owner.publish(f"r{number}", "公告", f"正文{number}") for number in range(8)
    ]
    await world.say(*said)
    await world.until_total(8)
    phases: list[str] = []
    target: str = world.target  # type: ignore[attr-defined] # set by the fixture
    async with channel(target, audience="search", tokens=operator_tokens(tmp_path)) as opened:
        call = SearchServiceStub(opened).Rebuild(pb.RebuildRequest())
        async with streaming(call) as answers:
            phases = [answer.phase async for answer in answers]
    assert list(dict.fromkeys(phases)) == ["prepare", "read", "check", "switch", "done"]
    assert world.log.broken == 1
    assert (await world.ask(query="正文")).total == 8
    by_portal = SearchServiceStub(world._opened).Rebuild(pb.RebuildRequest())
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await by_portal.read()
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_what_cannot_be_read_is_set_aside_and_the_rest_goes_on(world: World) -> None:
    """Bytes that are no event stop nothing."""
    await world._client.jetstream().publish("evt.publishing.341323000000.record.published", b"no event")
    await world.say(world.owner.publish("r", "公告"))
    await world.until_total(1)
