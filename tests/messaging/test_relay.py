"""The relay: nothing twice, nothing missing, whoever dies and whatever is lost."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from sqlalchemy import text

from gongkai.eventstore.codec import Codec
from gongkai.eventstore.store import EventStore
from gongkai.messaging.batch import BatchSender, Message, StaleSender
from gongkai.messaging.control import request_refill
from gongkai.messaging.relay import RelayStopped

EVT = "EVT_PUBLISHING"


def ids(messages: list[Any]) -> list[str]:
    return [message.headers["ce-id"] for message in messages]


async def arrived(city: Any, count: int) -> None:
    async with asyncio.timeout(30), city.user("admin") as admin:
        while (await admin.jetstream().stream_info(EVT)).state.messages < count:  # noqa: ASYNC110 - a server is asked
            await asyncio.sleep(0.05)


async def test_says_every_event_once_in_order(city: Any, log: Any) -> None:
    """Every event of the log stands in the stream once, in order, with its own id and its place."""
    await log.take(1200)
    async with city.user("publishing") as client, log.relaying(log.relay(client)):
        await arrived(city, 1200)
        await log.take(10, prefix="later")
        await arrived(city, 1210)
    messages = await city.messages(EVT)
    assert ids(messages) == await log.event_ids()
    first = messages[0].headers
    assert first["ce-type"] == "cn.gongkai.publishing.note.said.v1"
    assert first["ce-subject"] == "note:n0"
    assert first["ce-gkversion"] == "1"
    assert int(messages[-1].headers["ce-gkposition"]) == await log.head()


async def test_resumes_where_the_stream_ends(city: Any, log: Any) -> None:
    """A relay that takes over goes on after the stream's last message, so what the last one published stays single."""
    await log.take(700)
    async with city.user("publishing") as client, log.relaying(log.relay(client)):
        await arrived(city, 700)
    await log.take(30, prefix="later")
    async with city.user("publishing") as client, log.relaying(log.relay(client)):
        await arrived(city, 730)
    assert ids(await city.messages(EVT)) == await log.event_ids()


async def test_an_outage_longer_than_the_dedupe_window_doubles_nothing(city: Any, log: Any) -> None:
    """The relay leans on no dedupe window: away for longer than that, it still says nothing twice."""
    async with city.user("admin") as admin:
        config = (await admin.jetstream().stream_info(EVT)).config
        config.duplicate_window = 0.1
        await admin.jetstream().update_stream(config)
    await log.take(20)
    async with city.user("publishing") as client, log.relaying(log.relay(client)):
        await arrived(city, 20)
    await log.take(20, prefix="away")
    await asyncio.sleep(0.3)  # the window is over
    async with city.user("publishing") as client, log.relaying(log.relay(client)):
        await arrived(city, 40)
    messages = await city.messages(EVT)
    assert ids(messages) == await log.event_ids()
    assert not any("Nats-Msg-Id" in message.headers for message in messages)


async def test_several_messages_of_one_event_have_stable_ids(city: Any, log: Any) -> None:
    """Of several messages of one event the first bears its id, the others ids derived from it."""
    await log.take(3)
    async with (
        city.user("publishing") as client,
        log.relaying(log.relay(client, project=lambda event: log.project(event) * 3)),
    ):
        await arrived(city, 9)
    events = await log.event_ids()
    expected = [
        str(UUID(event) if part == 0 else uuid5(UUID(event), str(part)))
        for event in events
        for part in range(3)
    ]
    assert ids(await city.messages(EVT)) == expected


_RELAY_PROCESS = """
    import asyncio, sys
    from pathlib import Path
    from uuid import uuid4
    from sqlalchemy.ext.asyncio import create_async_engine
    from gongkai.messaging.connection import connect
    sys.path.insert(0, sys.argv[4])
    import conftest as world

    async def main():
        engine = create_async_engine(sys.argv[1])
        log = world.Log(engine, world.EventStore(world.Codec(world.NoteTaken), clock=world.now, ids=uuid4))
        async with connect(sys.argv[2], Path(sys.argv[3]), name="publishing") as client:
            await log.relay(client, page=20).run(asyncio.Event())

    asyncio.run(main())
"""


async def test_killed_while_publishing(city: Any, log: Any, database_url: str, tmp_path: Any) -> None:
    """A relay process killed at any moment leaves neither a gap nor a double to its successor."""
    credentials = tmp_path / "publishing.creds"
    credentials.write_text(city.credentials("publishing"))
    command = [sys.executable, "-c", textwrap.dedent(_RELAY_PROCESS), database_url, city.url, str(credentials),
               str(Path(__file__).parent)]  # fmt: skip
    total = 0
    for round_ in range(3):
        before = total
        await log.take(3000, prefix=f"r{round_}-")
        total += 3000
        process = subprocess.Popen(command)
        try:
            await arrived(city, before + 200 * (round_ + 1))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    async with city.user("publishing") as client, log.relaying(log.relay(client)):
        await arrived(city, total)
    assert ids(await city.messages(EVT)) == await log.event_ids()


async def test_two_racing_relays(city: Any, log: Any) -> None:
    """Two relays that both believe to lead cannot both succeed: the stream holds every event once."""
    await log.take(3000)

    async with city.user("publishing") as one, city.user("publishing") as two:
        relays = [log.relay(one), log.relay(two)]
        relays[1]._lock += 1  # as if the first one's lock had been lost without its noticing
        async with log.relaying(relays[0]), log.relaying(relays[1]):
            await arrived(city, 3000)
            await log.take(500, prefix="later")
            await arrived(city, 3500)
    assert ids(await city.messages(EVT)) == await log.event_ids()


async def test_a_stale_batch_is_refused(city: Any, log: Any) -> None:
    """A batch that expects an older end of the stream is refused as a whole."""
    await log.take(5)
    async with city.user("publishing") as client:
        async with log.relaying(log.relay(client)):
            await arrived(city, 5)
        async with BatchSender(client) as sender:
            late = [Message("evt.publishing.1.note.said", {}, b"{}")] * 3
            with pytest.raises(StaleSender):
                await sender.confirm(await sender.send(late, expected_last=4))
    assert len(await city.messages(EVT)) == 5


async def test_only_one_of_two_leads(city: Any, log: Any) -> None:
    """A second relay waits until the first one stops, then goes on."""
    await log.take(10)
    async with city.user("publishing") as one, city.user("publishing") as two:
        async with log.relaying(log.relay(one)):
            await arrived(city, 10)
            async with log.relaying(
                log.relay(two, project=lambda _: pytest.fail("the second relay led too"))
            ):
                await log.take(5, prefix="b")
                await arrived(city, 15)
        async with log.relaying(log.relay(two)):
            await log.take(5, prefix="c")
            await arrived(city, 20)
    assert ids(await city.messages(EVT)) == await log.event_ids()


async def test_unknown_event_type_stops_it(city: Any, log: Any) -> None:
    """An event this release does not know stops the relay, which says so and skips nothing."""
    await log.take(3)
    ignorant = EventStore(
        Codec(), clock=lambda: pytest.fail("not asked"), ids=lambda: pytest.fail("not asked")
    )
    async with city.user("publishing") as client:
        with pytest.raises(RelayStopped, match=r"note\.taken"):
            await log.relay(client, store=ignorant).run(asyncio.Event())
    assert await city.messages(EVT) == []


async def test_a_wiped_store_is_refilled_while_idle(city: Any, log: Any) -> None:
    """When JetStream loses its store under an idle relay, the relay fills it again with the same event ids."""
    await log.take(600)
    async with city.user("publishing") as client, log.relaying(log.relay(client)):
        await arrived(city, 600)
        before = ids(await city.messages(EVT))
        city.wipe()
        await asyncio.to_thread(city.start)
        await city.provision()
        await arrived(city, 600)
        await log.take(5, prefix="later")
        await arrived(city, 605)
    after = ids(await city.messages(EVT))
    assert after[:600] == before
    assert after == await log.event_ids()


async def test_an_emptied_stream_is_refilled_while_idle(city: Any, log: Any) -> None:
    """A purged stream is filled again although the relay had nothing to say."""
    await log.take(50)
    async with city.user("publishing") as client, log.relaying(log.relay(client)):
        await arrived(city, 50)
        async with city.user("admin") as admin:
            await admin.jetstream().purge_stream(EVT)
        await arrived(city, 50)
    assert ids(await city.messages(EVT)) == await log.event_ids()


async def test_refill_on_request_keeps_ids(city: Any, log: Any) -> None:
    """A requested refill says everything again, with the same ids and places, and takes the request away."""
    await log.take(40)
    async with city.user("publishing") as client, log.relaying(log.relay(client)):
        await arrived(city, 40)
        async with log.engine.begin() as conn:
            await request_refill(conn, EVT, at=log.now(), by="operator")
        await arrived(city, 80)
        async with asyncio.timeout(10), log.engine.connect() as conn:
            while (await conn.execute(text("SELECT count(*) FROM relay_control"))).scalar_one():
                await conn.rollback()
                await asyncio.sleep(0.05)
    everything = ids(await city.messages(EVT))
    assert everything == (await log.event_ids()) * 2


async def test_an_older_database_may_not_fill_a_newer_stream(city: Any, log: Any) -> None:
    """A log that ends before the stream does was restored without a new epoch: the relay stops."""
    await log.take(3)
    async with city.user("publishing") as client:
        async with BatchSender(client) as sender:
            async with log.engine.connect() as conn:
                epoch = await log.store.epoch(conn)
            ahead = {"ce-gkepoch": epoch, "ce-gkposition": "99"}
            await sender.confirm(await sender.send([Message("evt.publishing.1.note.said", ahead, b"{}")]))
        with pytest.raises(RelayStopped, match="epoch"):
            await log.relay(client).run(asyncio.Event())


async def test_a_new_epoch_says_everything_again(city: Any, log: Any) -> None:
    """After a restore with a new epoch the whole log is said again under it."""
    await log.take(4)
    async with city.user("publishing") as client:
        async with log.relaying(log.relay(client)):
            await arrived(city, 4)
        async with log.engine.begin() as conn:
            await log.store.renew_epoch(conn)
        async with log.relaying(log.relay(client)):
            await arrived(city, 8)
    messages = await city.messages(EVT)
    assert ids(messages) == (await log.event_ids()) * 2
    assert messages[0].headers["ce-gkepoch"] < messages[-1].headers["ce-gkepoch"]


async def test_an_outage_of_the_server_is_waited_for(city: Any, log: Any) -> None:
    """A relay whose server is away goes on when it is back."""
    await log.take(10)
    async with city.user("publishing") as client, log.relaying(log.relay(client)):
        await arrived(city, 10)
        city.child.kill()
        await log.take(10, prefix="away")
        await asyncio.to_thread(city.start)
        await arrived(city, 20)
    assert ids(await city.messages(EVT)) == await log.event_ids()


async def test_a_wake_reaches_the_replica_that_leads(
    city: Any, log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one replica has committed, the leader says at once: the wake goes through the database."""
    monkeypatch.setattr("gongkai.messaging.relay._CHECK_SECONDS", 3600.0)  # it never looks by itself
    await log.take(1)
    async with city.user("publishing") as client, log.relaying(log.relay(client)):
        await arrived(city, 1)
        other = log.relay(client)
        async with log.relaying(other):
            await log.take(1, prefix="b")
            other.wake()
            await arrived(city, 2)
