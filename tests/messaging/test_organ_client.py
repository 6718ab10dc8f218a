"""A department's client: resends until answered, and learns when it is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from nats.errors import Error as NatsError
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.ingest import IngestDocument, ReplyAccepted, ReplyReason, ReplyRejected
from gongkai.messaging import client as organ_module
from gongkai.messaging.applying import Received
from gongkai.messaging.auth import revoke_user
from gongkai.messaging.batch import Message
from gongkai.messaging.client import CredentialsRefused, Event, NotPermitted, NotProvisioned, organ_client
from gongkai.messaging.consumer import BatchConsumer
from gongkai.messaging.envelope import Envelope, headers_of, registry


def document(number: int) -> Event:
    return Event(
        f"id-{number}",
        "document",
        IngestDocument(record=str(number), title=f"第{number}号").model_dump_json().encode(),
    )


class Office:
    """Answers like publishing does: odd records are rejected."""

    def __init__(self, city: Any, engine: Any) -> None:
        self.city = city
        self.engine = engine
        self.seen: list[str] = []
        self.silent_for = 0

    async def apply(self, _conn: AsyncConnection, batch: Sequence[Received]) -> list[Message]:
        answers = []
        for received in batch:
            self.seen.append(received.envelope.id)
            if self.silent_for:
                self.silent_for -= 1
                continue
            answers.append(self.reply(received))
        return answers

    def reply(self, received: Received) -> Message:
        id_, contract = received.envelope.id, received.contract
        assert isinstance(contract, IngestDocument)
        reply: ReplyAccepted | ReplyRejected
        if int(contract.record or "0") % 2:
            reply, verb = (
                ReplyRejected(event_id=id_, reasons=(ReplyReason(code="odd", message="单号"),)),
                "rejected",
            )
        else:
            reply, verb = (
                ReplyAccepted(event_id=id_, record_id="r", index_number="x", version=1, outcome="published"),
                "accepted",
            )
        envelope = Envelope(f"re-{id_}", reply.TYPE, "/publishing", id_, reply.model_dump_json().encode())
        organ = received.subject.split(".")[1]
        return Message(f"reply.{organ}.{verb}", headers_of(envelope), envelope.data)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        consumer = BatchConsumer(
            name="ingest", stream="INGEST", durable="publishing", url=self.city.url,
            credentials=self.city.credentials("publishing"), engine=self.engine, apply=self.apply,
            clock=self.city.now, registry=registry(IngestDocument),
        )  # fmt: skip
        task = asyncio.create_task(consumer.run(stop))
        try:
            yield
        finally:
            stop.set()
            await task


@pytest.fixture
def office(city: Any, engine: Any) -> Office:
    return Office(city, engine)


async def test_every_event_gets_its_own_answer(city: Any, office: Office) -> None:
    """Many events under way at once are each given the answer to themselves."""
    credentials, _ = await city.add_organ("a")
    async with office.open(), organ_client(city.url, credentials) as organ:
        receipts = await asyncio.gather(*(organ.send(document(number)) for number in range(300)))
    assert [receipt.event_id for receipt in receipts] == [f"id-{number}" for number in range(300)]
    assert [receipt.accepted for receipt in receipts] == [number % 2 == 0 for number in range(300)]
    assert all(receipt.sent == 1 for receipt in receipts)
    rejected = receipts[1].reply
    assert isinstance(rejected, ReplyRejected)
    assert rejected.reasons[0].message == "单号"


async def test_resends_until_answered(city: Any, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event whose first answer is lost is sent again with the same id and answered then."""
    monkeypatch.setattr(organ_module, "_FIRST_RESEND_SECONDS", 0.5)
    credentials, _ = await city.add_organ("a")
    office.silent_for = 3
    async with office.open(), organ_client(city.url, credentials) as organ:
        receipts = await asyncio.gather(*(organ.send(document(number)) for number in range(3)))
    assert all(receipt.sent > 1 for receipt in receipts)
    assert set(office.seen) == {"id-0", "id-1", "id-2"}


async def test_a_wiped_ingest_loses_nothing(
    city: Any, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events that were only in a store that is gone are sent again by their sender."""
    monkeypatch.setattr(organ_module, "_FIRST_RESEND_SECONDS", 1.0)
    credentials, _ = await city.add_organ("a")
    async with organ_client(city.url, credentials) as organ:
        sending = [asyncio.create_task(organ.send(document(number))) for number in range(20)]
        async with asyncio.timeout(10):
            while await city.count("INGEST") < 20:  # noqa: ASYNC110 - a server is asked
                await asyncio.sleep(0.05)
        city.wipe()
        await asyncio.to_thread(city.start)
        await city.provision()
        await city.provision_organ("a")
        async with office.open():
            receipts = await asyncio.gather(*sending)
    assert len(receipts) == 20


async def test_another_organs_subject_is_refused(city: Any, office: Office) -> None:
    """Sending on another organ's subject is refused, the sender is told so in Chinese, and its own events go on."""
    credentials, _ = await city.add_organ("a")
    await city.add_organ("b")
    async with office.open(), organ_client(city.url, credentials) as organ:
        with pytest.raises(NotPermitted, match=r"ingest\.b\.document.*只能以本机构名义"):
            await organ.send(document(1), as_organ="b")
        assert (await organ.send(document(2))).accepted
    assert office.seen == ["id-2"]


async def test_a_revoked_organ_is_cut_off_and_told(city: Any) -> None:
    """A revoked organ's open client fails at once with the reason, and a new one cannot connect, after a restart too."""
    credentials, key = await city.add_organ("a")
    other, _ = await city.add_organ("b")
    async with organ_client(city.url, credentials) as organ:
        sending = asyncio.create_task(organ.send(document(1)))
        await asyncio.sleep(0.2)
        async with city.system() as system, asyncio.timeout(2):
            await revoke_user(city.keys, system, key, city.now())
            with pytest.raises(CredentialsRefused, match="吊销"):
                await sending
        with pytest.raises(CredentialsRefused, match="吊销"):
            await organ.send(document(2))
    with pytest.raises(CredentialsRefused):
        async with organ_client(city.url, credentials):
            pytest.fail("let in")
    city.child.kill()
    await asyncio.to_thread(city.start)
    with pytest.raises(CredentialsRefused):
        async with organ_client(city.url, credentials):
            pytest.fail("let in after a restart")
    async with organ_client(city.url, other):
        pass


async def test_an_organ_without_its_queue_is_told(city: Any) -> None:
    """Valid credentials without a provisioned answer queue are reported instead of waited on."""
    credentials, _ = await city.add_organ("a")
    async with city.user("admin") as admin:
        await admin.jetstream().delete_consumer("REPLY", "reply-a")
    with pytest.raises(NotProvisioned, match="gongkai organ add a"):
        async with organ_client(city.url, credentials):
            pytest.fail("not reached")


async def test_an_organ_reads_no_answers_but_its_own(city: Any) -> None:
    """An organ can neither pull another's answers, nor listen to the streams, nor acknowledge for others."""
    credentials, _ = await city.add_organ("a")
    await city.add_organ("b")
    async with city.connected(credentials, "organ-a") as client:
        jetstream = client.jetstream(timeout=0.5)
        for attempt in (
            lambda: jetstream.consumer_info("REPLY", "reply-b"),
            lambda: jetstream.consumer_info("INGEST", "publishing"),
            lambda: jetstream.stream_info("REPLY"),
            lambda: jetstream.get_msg("INGEST", 1),
            lambda: jetstream.publish("reply.a.accepted", b"{}", timeout=0.5),
            lambda: jetstream.publish("evt.publishing.x.y", b"{}", timeout=0.5),
            lambda: jetstream.publish("ingest.b.document", b"{}", timeout=0.5),
            lambda: jetstream.publish("$JS.ACK.INGEST.publishing.1.1.1.1.0", b"+ACK", timeout=0.5),
        ):
            with pytest.raises((NatsError, TimeoutError)):
                await attempt()
