"""publishing on real servers: events in, answers, contracts and pages of records out."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from nats.aio.client import Client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gongkai.contracts import catalog
from gongkai.contracts.contract import Contract
from gongkai.contracts.ingest import IngestDocument, IngestWithdrawal
from gongkai.messaging.connection import connect
from gongkai.messaging.envelope import Envelope, headers_of
from gongkai.messaging.provision import provision
from gongkai.messaging.topology import load_topology
from gongkai.rpc.ops.v1 import ops_pb2, ops_pb2_grpc
from gongkai.rpc.publishing.v1 import publishing_pb2 as pb
from gongkai.rpc.publishing.v1 import publishing_pb2_grpc
from gongkai.security.keys import create_keys
from gongkai.security.tokens import operator_tokens
from gongkai.serving.channels import channel
from gongkai.serving.errors import reasons_of
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Address, Settings
from services.publishing.__main__ import compose

ORGAN = "341323-mzj"
USCC = "11341323003205511A"
COUNTY = "341323000000"
WAIT = 20.0


@dataclass
class Town:
    """A running publishing service, and everybody it talks to."""

    client: Client
    service: Service
    engine: AsyncEngine
    channel: grpc.aio.Channel
    store: Path
    """Where nats-server keeps its streams."""
    content: Path
    _sent: list[str] = field(default_factory=list)

    @property
    def records(self) -> Any:
        return publishing_pb2_grpc.RecordServiceStub(self.channel)

    @property
    def contents(self) -> Any:
        return publishing_pb2_grpc.ContentServiceStub(self.channel)

    @property
    def ops(self) -> Any:
        return ops_pb2_grpc.OpsServiceStub(self.channel)

    async def tell(self, *contracts: tuple[str, Contract]) -> None:
        """Say what catalog says."""
        for number, (thing, contract) in enumerate(contracts, start=1):
            envelope = Envelope(
                id=str(uuid4()), type=contract.TYPE, source="/divisions/341300000000/catalog", subject=thing,
                data=contract.model_dump_json().encode(), version=1, epoch="20261123", position=number,
            )  # fmt: skip
            subject = f"evt.catalog.341300000000.{contract.TYPE.split('.')[3]}.{contract.TYPE.split('.')[4]}"
            await self.client.jetstream().publish(subject, envelope.data, headers=headers_of(envelope))

    async def send(
        self,
        value: dict[str, Any] | bytes,
        event_id: str,
        *,
        organ: str = ORGAN,
        token: str = "document",  # noqa: S107 - of a subject
        headers: dict[str, str] | None = None,
    ) -> None:
        """Send a departmental event, as its system would."""
        data = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
        kind = {"document": IngestDocument.TYPE, "withdrawal": IngestWithdrawal.TYPE}[token]
        envelope = Envelope(event_id, kind, f"/organs/{organ}", "", data, time=datetime.now(UTC))
        await self.client.jetstream().publish(
            f"ingest.{organ}.{token}", data, headers=headers if headers is not None else headers_of(envelope)
        )

    async def messages(self, stream: str) -> list[Any]:
        jetstream = self.client.jetstream()
        state = (await jetstream.stream_info(stream)).state
        return [await jetstream.get_msg(stream, seq) for seq in range(1, state.last_seq + 1)]

    async def replies(self, count: int) -> list[dict[str, Any]]:
        """All answers, once there are ``count``."""
        await self.until(lambda: self.count("REPLY"), count)
        return [json.loads(message.data) for message in await self.messages("REPLY")]

    async def count(self, stream: str) -> int:
        return int((await self.client.jetstream().stream_info(stream)).state.messages)

    async def rows(self, query: str) -> list[Any]:
        async with self.engine.connect() as conn:
            return list((await conn.execute(text(query))).all())

    async def until(self, look: Callable[[], Any], expected: object) -> None:
        deadline = time.monotonic() + WAIT
        while (found := await look()) != expected:
            assert time.monotonic() < deadline, f"still {found}, not {expected}"
            await asyncio.sleep(0.05)


@asynccontextmanager
async def running_town(database_url: str, nats: str, store: Path, folder: Path) -> AsyncIterator[Town]:
    keys, content = folder / "keys", folder / "content"
    create_keys(keys, services=["publishing", "portal"])
    settings = Settings(
        "publishing", database_url=database_url, nats_url=nats, content_url=content.as_uri(), keys=keys,
        grpc_listen=Address("127.0.0.1", 0), drain_seconds=5,
    )  # fmt: skip
    async with (
        disposed(create_async_engine(database_url)) as engine,
        connect(nats, name="admin") as client,
        Service("publishing", settings) as service,
    ):
        await provision(client, load_topology())
        await compose(service)
        await service.start()
        target = f"127.0.0.1:{service.grpc_port}"
        opened = channel(target, audience="publishing", tokens=operator_tokens(keys), deadline=20)
        try:
            yield Town(client, service, engine, opened, store, content)
        finally:
            await opened.close(None)


@asynccontextmanager
async def disposed(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    try:
        yield engine
    finally:
        await engine.dispose()


@pytest.fixture
async def town(database_url: str, nats_child: tuple[Any, Any], tmp_path: Path) -> AsyncIterator[Town]:
    """A service that knows one organ, its county and one matter."""
    server = nats_child[0]
    async with running_town(database_url, server.url, server.folder, tmp_path) as town:
        await town.tell(*registry())
        await town.until(lambda: town.rows("SELECT count(*) FROM known_organ"), [(1,)])
        yield town


def registry() -> list[tuple[str, Contract]]:
    matter = catalog.MatterState(
        id="d07-003", domain="d07", level1="低保", level2="标准", content_elements="", legal_basis="", time_limit="",
        subject="", channels="", audience="", mode="", levels="", provenance="found",
    )  # fmt: skip
    domain = catalog.DomainState(code="d07", seq=7, name="社会救助", lead_units="民政")
    return [
        (f"division:{COUNTY}", catalog.DivisionChanged(code=COUNTY, version=1, name="灵璧县", level="county")),
        ("matter:d07-003", catalog.MatterRevised(edition="2020", version=1, matter=matter)),
        (
            "edition:2020",
            catalog.EditionPublished(
                edition="2020", version=1, division="341300000000", title="目录", effective_on=date(2020, 1, 1),
                domains=(domain,), matter_ids=("d07-003",),
            ),
        ),
        (
            f"organ:{ORGAN}",
            catalog.OrganChanged(
                code=ORGAN, version=1, name="灵璧县民政局", short_name="县民政局", division=COUNTY, uscc=USCC
            ),
        ),
    ]  # fmt: skip


async def test_document_is_answered_published_and_shown(
    town: Town, make_document: Callable[..., Any]
) -> None:
    """Given an organ, when it sends a document, then it is answered, told to EVT and FEED, listed and fetched."""
    fact = {"division": COUNTY, "period": "2026年三季度", "amount": "5400.0", "people": 0, "on": "2026-01-05"}
    await town.send(make_document(matter="d07-003", facts=[fact]), "e-1")

    (reply,) = await town.replies(1)
    assert (reply["event_id"], reply["outcome"], reply["version"]) == ("e-1", "published", 1)
    await town.until(lambda: town.count("EVT_PUBLISHING"), 1)
    await town.until(lambda: town.count("FEED_PUBLISHING"), 1)
    (feed,) = await town.messages("FEED_PUBLISHING")
    assert feed.subject == f"feed.{COUNTY}.normative.published"
    assert feed.headers["ce-gkversion"] == "1"
    state = json.loads(feed.data)
    assert (state["index_number"], state["domain"]) == (reply["index_number"], "d07")
    assert "张明远" not in feed.data.decode()

    answer = await town.records.GetRecord(pb.GetRecordRequest(index_number=reply["index_number"]))
    assert answer.record.title == "关于提高城乡低保标准的通知"
    said = {"division": COUNTY, "period": "2026-Q3", "amount": "5400", "people": 0, "on": "2026-01-05"}
    assert list(answer.record.facts) == [pb.Fact(**said)]
    assert state["facts"] == [said | {"households": None}]
    listed = await town.records.ListRecords(pb.ListRecordsRequest(division="341300", kind="normative"))
    assert (listed.total, [one.record_id for one in listed.records]) == (1, [reply["record_id"]])
    assert listed.records[0] == answer.record
    counts = await town.records.CountRecords(pb.CountRecordsRequest(division="341323"))
    assert (counts.total, dict(counts.by_domain), dict(counts.by_kind)) == (1, {"d07": 1}, {"normative": 1})
    under = await town.records.ListRecords(pb.ListRecordsRequest(division="341323", matter="d07-003"))
    assert [one.matter for one in under.records] == ["d07-003"]
    asked = pb.CountRecordsRequest(division="341323", matters=["d07-003", "d07-004"])
    assert dict((await town.records.CountRecords(asked)).by_matter) == {"d07-003": 1}
    parts = [
        part
        async for part in town.contents.FetchContent(
            pb.FetchContentRequest(digests=[state["files"][0]["digest"]])
        )
    ]
    assert b"".join(part.data for part in parts).decode() == make_document()["body"]["text"]
    assert await town.count("INGEST") == 0


async def test_confirmer_is_sealed_in_the_log(town: Town, make_document: Callable[..., Any]) -> None:
    """Given a published record, when the database is read, then the confirmer's name stands nowhere in it in clear."""
    await town.send(make_document(), "e-1")
    await town.replies(1)
    payloads = await town.rows("SELECT payload FROM event WHERE type = 'record.published'")
    assert "张明远" not in str(payloads)
    assert "$sealed" in str(payloads)
    everything = await town.rows(
        "SELECT command::text FROM command UNION ALL SELECT record::text FROM record"
    )
    assert "张明远" not in str(everything)


async def test_batch_with_bytes_that_are_no_event(town: Town, make_document: Callable[..., Any]) -> None:
    """Given good events around bytes that are none, when they come, then one letter is kept and the rest go through."""
    await town.send(make_document(record="a"), "e-1")
    await town.send(b"\xff\x00 no event", "e-2")
    await town.send(make_document(record="b", title=""), "e-3")
    await town.send(b"no id either", "", headers={"ce-type": "x"})
    await town.send(make_document(record="c"), "e-4")

    replies = {reply["event_id"]: reply for reply in await town.replies(4)}
    assert replies["e-1"]["outcome"] == replies["e-4"]["outcome"] == "published"
    assert [one["code"] for one in replies["e-2"]["reasons"]] == ["event.unreadable"]
    assert [one["code"] for one in replies["e-3"]["reasons"]] == ["title.missing"]
    subjects = sorted(message.subject for message in await town.messages("REPLY"))
    assert subjects == sorted([f"reply.{ORGAN}.accepted"] * 2 + [f"reply.{ORGAN}.rejected"] * 2)
    letters = await town.ops.ListDeadLetters(ops_pb2.ListDeadLettersRequest())
    assert letters.total_waiting == 2
    await town.send(b"\xff\x00 no event", "e-2")
    await town.replies(5)
    assert (await town.ops.ListDeadLetters(ops_pb2.ListDeadLettersRequest())).total_waiting == 2
    assert [row[0][-5:] for row in await town.rows("SELECT index_number FROM record ORDER BY 1")] == [
        "00001",
        "00002",
    ]


async def test_organ_that_becomes_known_is_waited_for(town: Town, make_document: Callable[..., Any]) -> None:
    """Given an event of an organ catalog has not told of, when catalog tells, then the event is published."""
    late = "341323-cjj"
    await town.send(make_document(organ=late), "e-1", organ=late)
    changed = catalog.OrganChanged(
        code=late,
        version=1,
        name="灵璧县城管局",
        short_name="城管局",
        division=COUNTY,
        uscc="11341323003205512B",
    )
    await asyncio.sleep(0.3)
    await town.tell((f"organ:{late}", changed))
    (reply,) = await town.replies(1)
    assert reply["outcome"] == "published"


async def test_withdrawn_record_is_hidden_on_every_path(
    town: Town, make_document: Callable[..., Any]
) -> None:
    """Given a record, when it is withdrawn, then list, single read and content have it no more, and FEED says so."""
    await town.send(make_document(), "e-1")
    (published,) = await town.replies(1)
    (file,) = (
        await town.records.GetRecord(pb.GetRecordRequest(record_id=published["record_id"]))
    ).record.files
    withdrawal = {"record": "MZ-2026-118", "organ": ORGAN, "reason": "标准有误"}
    await town.send(withdrawal, "e-2", token="withdrawal")
    await town.replies(2)

    answer = await town.records.GetRecord(pb.GetRecordRequest(index_number=published["index_number"]))
    assert answer.WhichOneof("outcome") == "tombstone"
    assert answer.tombstone.reason == "标准有误"
    assert (await town.records.ListRecords(pb.ListRecordsRequest())).total == 0
    assert (await town.records.CountRecords(pb.CountRecordsRequest())).total == 0
    (part,) = [
        part async for part in town.contents.FetchContent(pb.FetchContentRequest(digests=[file.digest]))
    ]
    assert not part.found
    await town.until(lambda: town.count("FEED_PUBLISHING"), 2)
    last = (await town.messages("FEED_PUBLISHING"))[-1]
    assert last.subject.endswith(".withdrawn")
    assert "低保" not in last.data.decode()

    await town.send(make_document(), "e-1")
    assert (await town.replies(3))[2]["outcome"] == "published"
    assert (await town.records.ListRecords(pb.ListRecordsRequest())).total == 0


async def test_large_body_is_uploaded_first(town: Town, make_document: Callable[..., Any]) -> None:
    """Given a body above the inline limit, when it is uploaded and named by digest, then the record has it."""
    data = "正文".encode() * 100_000
    digest = hashlib.sha256(data).hexdigest()
    event = make_document(body={"media_type": "text/plain", "digest": digest})
    await town.send(event, "e-1")
    assert [one["code"] for one in (await town.replies(1))[0]["reasons"]] == ["content.not-uploaded"]

    async def chunks() -> AsyncIterator[pb.UploadContentRequest]:
        for start in range(0, len(data), 100_000):
            yield pb.UploadContentRequest(
                digest=digest, media_type="text/plain", chunk=data[start : start + 100_000]
            )

    assert (await town.contents.UploadContent(chunks())).size == len(data)
    fetched = [part async for part in town.contents.FetchContent(pb.FetchContentRequest(digests=[digest]))]
    assert [part.found for part in fetched] == [False]
    await town.send(event, "e-2")
    assert (await town.replies(2))[1]["outcome"] == "published"
    fetched = [part async for part in town.contents.FetchContent(pb.FetchContentRequest(digests=[digest]))]
    assert b"".join(part.data for part in fetched) == data


async def test_destroyed_content_is_gone_from_every_store(
    town: Town, make_document: Callable[..., Any]
) -> None:
    """Given a published body, when it is destroyed, then no store has its bytes, the log verifies, it cannot return."""
    secret = "此文含有绝不该公开的内容七七四九"
    await town.send(make_document(body={"media_type": "text/plain", "text": secret}), "e-1")
    (reply,) = await town.replies(1)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    command = pb.DestroyContentRequest(command_id="c-1", actor="周", digest=digest, reason="误发")
    destroyed = await town.contents.DestroyContent(command)
    assert list(destroyed.record_ids) == [reply["record_id"]]
    assert await town.contents.DestroyContent(command) == destroyed

    for folder in (town.store, town.content):
        for path in folder.rglob("*"):
            if path.is_file():
                held = path.read_bytes()
                assert secret.encode() not in held, path
                assert json.dumps(secret).encode() not in held, path
    verified = await town.ops.VerifyLog(ops_pb2.VerifyLogRequest())
    assert (verified.events, list(verified.faults)) == (3, [])
    record = (await town.records.GetRecord(pb.GetRecordRequest(record_id=reply["record_id"]))).record
    assert [file.destroyed for file in record.files] == [True]
    await town.until(lambda: town.count("FEED_PUBLISHING"), 2)
    assert (await town.messages("FEED_PUBLISHING"))[1].subject == f"feed.{COUNTY}.content.destroyed"

    again = make_document(record="x", body={"media_type": "text/plain", "text": secret})
    await town.send(again, "e-2")
    assert [one["code"] for one in (await town.replies(2))[1]["reasons"]] == ["content.destroyed"]


async def test_destruction_is_refused_with_every_reason(town: Town) -> None:
    """Given a wrong digest and no reason, when content is to be destroyed, then both are told."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await town.contents.DestroyContent(pb.DestroyContentRequest(command_id="c", actor="周", digest="abc"))
    assert {one.code for one in reasons_of(refused.value)} == {"content.digest", "reason.missing"}
    unknown = pb.DestroyContentRequest(command_id="d", actor="周", digest="0" * 64, reason="误发")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await town.contents.DestroyContent(unknown)
    assert [one.code for one in reasons_of(refused.value)] == ["digest.unknown"]


async def test_many_events_have_dense_numbers_pages_and_counts(
    town: Town, make_document: Callable[..., Any]
) -> None:
    """Given 450 events, some of the same records, when they have come, then numbers, pages and counts agree."""
    for n in range(450):
        event = make_document(record=f"r-{n % 300}", title=f"通知{n}", formed_on=f"2026-{1 + n % 9:02d}-15")
        await town.send(event, f"e-{n}")
    replies = await town.replies(450)
    outcomes = [reply["outcome"] for reply in replies]
    assert (outcomes.count("published"), outcomes.count("revised")) == (300, 150)
    numbers = await town.rows("SELECT index_number FROM record ORDER BY 1")
    assert [row[0][-5:] for row in numbers] == [f"{n:05d}" for n in range(1, 301)]
    seen: list[str] = []
    for page in range(1, 8):
        listed = await town.records.ListRecords(pb.ListRecordsRequest(organ=ORGAN, page=page, page_size=50))
        assert listed.total == 300
        seen += [one.record_id for one in listed.records]
    assert len(seen) == len(set(seen)) == 300
    await town.until(lambda: town.count("FEED_PUBLISHING"), 450)
