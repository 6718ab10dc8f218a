"""The batch consumer: applies everything once in effect, sets poison aside, waits for what is away."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.contract import Contract
from gongkai.messaging.applying import Received
from gongkai.messaging.auth import user_credentials
from gongkai.messaging.batch import BatchSender, Message
from gongkai.messaging.consumer import BatchConsumer, ConsumerGone
from gongkai.messaging.deadletters import DeadLetter, NoSuchLetter, discard_letter, get_letter, list_letters
from gongkai.messaging.envelope import Envelope, headers_of, registry
from gongkai.messaging.faults import PoisonError, TransientError
from gongkai.messaging.places import place_of
from gongkai.messaging.topology import Permissions, load_topology
from gongkai.messaging.view import upsert_newer
from gongkai.serving.health import NotReady

EVT = "EVT_PUBLISHING"
metadata = MetaData()
note_view = Table(
    "note_view",
    metadata,
    Column("note", Text, primary_key=True),
    Column("version", Integer),
    Column("text", Text),
)


class NoteSaid(Contract):
    TYPE = "cn.gongkai.publishing.note.said.v1"
    note: str
    version: int
    text: str


def said(note: str, version: int = 1, text: str = "x", position: int = 1) -> Message:
    data = NoteSaid(note=note, version=version, text=text).model_dump_json().encode()
    envelope = Envelope(str(uuid4()), NoteSaid.TYPE, "/divisions/1/publishing", f"note:{note}", data,
                        version=version, epoch="e", position=position)  # fmt: skip
    return Message("evt.publishing.1.note.said", headers_of(envelope), data)


class View:
    """A view of notes; ``trouble`` decides which batches fail."""

    def __init__(self, city: Any, engine: Any) -> None:
        self.city = city
        self.engine = engine
        self.trouble: Callable[[Sequence[Received]], None] = lambda _: None
        self.seen: list[tuple[str, int]] = []

    async def apply(self, conn: AsyncConnection, batch: Sequence[Received]) -> None:
        contracts = [received.contract for received in batch]
        self.seen += [
            (c.note, r.deliveries) for c, r in zip(contracts, batch, strict=True) if isinstance(c, NoteSaid)
        ]
        await upsert_newer(conn, note_view, [contract.model_dump() for contract in contracts], key="note")
        self.trouble(batch)

    def consumer(self, **changes: Any) -> BatchConsumer:
        given = {
            "name": "notes@1", "stream": EVT, "durable": "search", "url": self.city.url,
            "credentials": self.city.credentials("search"), "engine": self.engine, "apply": self.apply,
            "clock": self.city.now, "registry": registry(NoteSaid),
        }  # fmt: skip
        return BatchConsumer(**(given | changes))

    @asynccontextmanager
    async def consuming(self, **changes: Any) -> AsyncIterator[BatchConsumer]:
        stop = asyncio.Event()
        consumer = self.consumer(**changes)
        task = asyncio.create_task(consumer.run(stop))
        try:
            yield consumer
        finally:
            stop.set()
            await task

    async def rows(self) -> dict[str, tuple[int, str]]:
        async with self.engine.connect() as conn:
            return {row.note: (row.version, row.text) for row in await conn.execute(select(note_view))}

    async def holds(self, count: int) -> None:
        await until(self.rows, lambda rows: len(rows) >= count)

    async def letters(self) -> list[DeadLetter]:
        async with self.engine.connect() as conn:
            return await list_letters(conn)

    async def has_letters(self, count: int) -> list[DeadLetter]:
        return await until(self.letters, lambda letters: len(letters) >= count)

    async def send(self, *messages: Message) -> None:
        async with self.city.user("publishing") as client, BatchSender(client) as sender:
            for start in range(0, len(messages), 500):
                await sender.confirm(await sender.send(messages[start : start + 500]))

    async def settled(self) -> None:
        """Nothing is left with the server."""

        async def left() -> int:
            async with self.city.user("admin") as admin:
                info = await admin.jetstream().consumer_info(EVT, "search")
                return info.num_pending + info.num_ack_pending

        await until(left, lambda count: count == 0)


async def until(ask: Callable[[], Any], enough: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(40):
        while not enough(found := await ask()):  # noqa: ASYNC110 - a server is asked
            await asyncio.sleep(0.05)
        return found


@pytest.fixture
async def view(city: Any, engine: Any) -> View:
    async with engine.begin() as conn:
        await conn.run_sync(metadata.create_all)
    return View(city, engine)


async def test_applies_everything_and_keeps_its_place(view: View) -> None:
    """Every event is applied, acknowledged, and the consumer's place is that of the furthest one."""
    await view.send(*(said(f"n{i}", position=i + 1) for i in range(1000)))
    async with view.consuming() as consumer:
        await view.holds(1000)
        await view.settled()
        await consumer.check()
    async with view.engine.connect() as conn:
        place = await place_of(conn, "notes@1", EVT)
    assert place is not None
    assert place.position == 1000


async def test_only_newer_versions_replace(view: View) -> None:
    """Old versions, repeats and any order leave the newest version in the view."""
    await view.send(said("a", 3, "third"), said("a", 1, "first"), said("b", 1, "one"))
    async with view.consuming():
        await view.holds(2)
        await view.send(said("b", 2, "two"), said("a", 2, "second"), said("a", 3, "third"), said("c"))
        await view.holds(3)
    assert await view.rows() == {"a": (3, "third"), "b": (2, "two"), "c": (1, "x")}


async def test_poison_is_set_aside_alone(view: View) -> None:
    """One message that always fails becomes one dead letter after five deliveries; the rest of its batch is applied."""

    def fail(batch: Sequence[Received]) -> None:
        if any(received.envelope.subject == "note:n13" for received in batch):
            raise RuntimeError("thirteen")

    view.trouble = fail
    await view.send(*(said(f"n{i}") for i in range(60)))
    async with view.consuming():
        await view.holds(59)
        letters = await view.has_letters(1)
        await view.settled()
    assert [(letter.reason, letter.attempts) for letter in letters] == [("RuntimeError: thirteen", 5)]
    assert "n13" not in await view.rows()
    assert sorted(n for note, n in view.seen if note == "n13" and n > 1) == [2, 3, 4, 5]


async def test_declared_poison_is_not_tried_again(view: View) -> None:
    """A message the application calls poison is set aside at its first delivery."""

    def fail(batch: Sequence[Received]) -> None:
        if any(received.envelope.subject == "note:bad" for received in batch):
            raise PoisonError("cannot be")

    view.trouble = fail
    await view.send(said("bad"), said("good"))
    async with view.consuming():
        letters = await view.has_letters(1)
        await view.holds(1)
    assert [(letter.reason, letter.attempts) for letter in letters] == [("PoisonError: cannot be", 1)]


async def test_what_is_no_event_becomes_one_letter_each(view: View) -> None:
    """Bytes without envelope, unknown types and wrong data are set aside with their bytes; events around go through."""
    unknown = headers_of(Envelope("1", "cn.gongkai.unknown.v1", "/x", "", b""))
    wrong = headers_of(Envelope("2", NoteSaid.TYPE, "/x", "", b""))
    subject = "evt.publishing.1.note.said"
    await view.send(
        said("before"), Message(subject, {}, b"\xff\x00rubbish"), Message(subject, unknown, b"{}"),
        Message(subject, wrong, b'{"note": 1'), said("after"),
    )  # fmt: skip
    async with view.consuming():
        letters = await view.has_letters(3)
        await view.holds(2)
        await view.settled()
    assert [letter.data for letter in letters] == [b"\xff\x00rubbish", b"{}", b'{"note": 1']
    assert "missing" in letters[0].reason
    assert "not known" in letters[1].reason
    assert "NoteSaid" in letters[2].reason


async def test_passing_fault_delays_and_loses_nothing(view: View) -> None:
    """While something needed is away the batch comes again, later each time, and nothing is set aside."""
    failures = iter([True, True, True])

    def fail(_batch: Sequence[Received]) -> None:
        if next(failures, False):
            raise TransientError("away")

    view.trouble = fail
    started = asyncio.get_running_loop().time()
    await view.send(*(said(f"n{i}") for i in range(5)))
    async with view.consuming():
        await view.holds(5)
        await view.settled()
    elapsed = asyncio.get_running_loop().time() - started
    assert max(delivery for _, delivery in view.seen) >= 4
    assert elapsed >= 0.5 + 1 + 2  # the delays of three naks: redelivery is not immediate
    assert await view.letters() == []


async def test_answers_follow_the_commit(view: View) -> None:
    """What apply returns is in its stream when the event is acknowledged, and again if the event comes again."""

    async def reply(conn: AsyncConnection, batch: Sequence[Received]) -> list[Message]:
        await view.apply(conn, batch)
        return [
            Message("reply.a.accepted", {"ce-subject": received.envelope.id}, b"{}") for received in batch
        ]

    topology = load_topology()
    search, publishing = (topology.permissions(topology.users[name]) for name in ("search", "publishing"))
    both = Permissions(publish=(*search.publish, *publishing.publish), subscribe=("_INBOX_both.>",))
    credentials = user_credentials(view.city.keys, "both", both, view.city.now()).text
    a, b = said("a"), said("b")
    await view.send(a, b)
    async with view.consuming(apply=reply, credentials=credentials):
        await view.settled()
    answered = [message.headers["ce-subject"] for message in await view.city.messages("REPLY")]
    assert answered == [a.headers["ce-id"], b.headers["ce-id"]]


async def test_deleted_consumer_ends_it(view: View) -> None:
    """When its durable is deleted the consumer ends, saying so, instead of spinning."""
    consumer = view.consumer()
    task = asyncio.create_task(consumer.run(asyncio.Event()))
    await until(lambda: _ready(consumer), bool)
    async with view.city.user("admin") as admin:
        await admin.jetstream().delete_consumer(EVT, "search")
    with pytest.raises(ConsumerGone, match="EVT_PUBLISHING/search"):
        await task
    with pytest.raises(NotReady, match="consumer-gone"):
        await consumer.check()


async def _ready(consumer: BatchConsumer) -> bool:
    try:
        await consumer.check()
    except NotReady:
        return False
    return True


_CONSUMER_PROCESS = """
    import asyncio, sys
    from pathlib import Path
    from sqlalchemy.ext.asyncio import create_async_engine
    from gongkai.messaging.consumer import BatchConsumer
    from gongkai.serving.clock import utc_now

    async def apply(conn, batch):
        return None

    async def main():
        consumer = BatchConsumer(name="notes@1", stream="EVT_PUBLISHING", durable="search", url=sys.argv[2],
            credentials=Path(sys.argv[3]), engine=create_async_engine(sys.argv[1]), apply=apply, clock=utc_now)
        task = asyncio.create_task(consumer.run(asyncio.Event()))
        while not consumer._exists and not task.done():
            await asyncio.sleep(0.05)
        print("consuming", flush=True)
        await task

    asyncio.run(main())
"""


async def test_deleted_consumer_ends_the_process(view: View, database_url: str, tmp_path: Path) -> None:
    """A process whose durable is deleted exits with an error that names it."""
    credentials = tmp_path / "search.creds"
    credentials.write_text(view.city.credentials("search"))
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_CONSUMER_PROCESS), database_url, view.city.url, str(credentials)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        await asyncio.to_thread(process.stdout.readline)
        async with view.city.user("admin") as admin:
            await admin.jetstream().delete_consumer(EVT, "search")
        output, _ = await asyncio.to_thread(process.communicate, timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 1
    assert "consumer is gone" in output
    assert "EVT_PUBLISHING/search does not exist" in output


async def test_survives_an_outage_of_the_server(view: View) -> None:
    """Messages sent after the server came back are applied by the consumer that was there before."""
    await view.send(said("before"))
    async with view.consuming():
        await view.holds(1)
        view.city.child.kill()
        await asyncio.to_thread(view.city.start)
        await view.send(said("after"))
        await view.holds(2)


async def test_stopping_gives_back_what_it_holds(view: View) -> None:
    """What a stopping consumer had fetched reaches its successor at once, not after the acknowledgement timeout."""
    for number in range(5):
        async with view.consuming(batch_size=50):
            await view.send(*(said(f"r{number}-{i}") for i in range(120)))
    async with view.consuming():
        async with asyncio.timeout(10):
            await view.holds(600)


async def test_retry_and_discard(view: View) -> None:
    """A dead letter is applied once its cause is gone, or given up by name; both leave the list."""

    def fail(_batch: Sequence[Received]) -> None:
        raise PoisonError("not yet")

    view.trouble = fail
    await view.send(said("one"), said("two"))
    async with view.consuming() as consumer:
        first, second = await view.has_letters(2)
        assert await consumer.retry(first.number) == "PoisonError: not yet"
        view.trouble = lambda _: None
        assert await consumer.retry(first.number) is None
        with pytest.raises(NoSuchLetter):
            await consumer.retry(first.number)
        async with view.engine.begin() as conn:
            await discard_letter(conn, second.number, by="office", reason="was a test", at=view.city.now())
    assert await view.letters() == []
    assert set(await view.rows()) == {"one"}
    async with view.engine.connect() as conn:
        kept = await get_letter(conn, second.number)
        assert (kept.state, kept.data) == ("discarded", b"")
        assert [letter.state for letter in await list_letters(conn, include_settled=True)] == [
            "retried",
            "discarded",
        ]
