"""Consume-and-project against raw fetch-and-ack, in one run: ``python -m bench.consume [messages]``.

Raw: nats-py fetches 500 and acknowledges each, nothing else. Ours: FastStream's batch, decoding into contracts, a
version-guarded upsert into PostgreSQL, the consumer's place, the commit, then the acknowledgements.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from statistics import median
from uuid import uuid4

from nats.aio.client import Client
from sqlalchemy import Column, Integer, MetaData, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.world import NoteSaid, World, world
from gongkai.messaging.applying import Received
from gongkai.messaging.batch import BatchSender, Message
from gongkai.messaging.consumer import BatchConsumer
from gongkai.messaging.envelope import Envelope, headers_of, registry
from gongkai.messaging.provision import provision_consumer, remove_consumer
from gongkai.messaging.topology import ConsumerSpec
from gongkai.messaging.view import upsert_newer
from gongkai.serving.clock import utc_now

STREAM, DURABLE = "EVT_PUBLISHING", "search"
BATCH = 500
metadata = MetaData()
notes = Table(
    "note_view",
    metadata,
    Column("note", Text, primary_key=True),
    Column("version", Integer),
    Column("text", Text),
)


def message(number: int) -> Message:
    """One contract."""
    data = NoteSaid(note=str(number), version=1, text="公开" * 200).model_dump_json().encode()
    source, thing = "/divisions/410926000000/publishing", f"note:{number}"
    envelope = Envelope(str(uuid4()), NoteSaid.TYPE, source, thing, data, utc_now(), 1, "epoch", number + 1)
    return Message("evt.publishing.410926000000.note.said", headers_of(envelope), data)


async def fill(client: Client, count: int) -> None:
    """Put ``count`` messages into the stream."""
    async with BatchSender(client) as sender:
        for start in range(0, count, 500):
            await sender.confirm(await sender.send([message(number) for number in range(start, start + 500)]))


async def anew(admin: Client) -> None:
    """The durable starts at the beginning."""
    spec = ConsumerSpec(stream=STREAM, durable=DURABLE)
    await remove_consumer(admin, spec)
    await provision_consumer(admin, spec)


async def left(admin: Client) -> int:
    """Messages the durable has not settled."""
    info = await admin.jetstream().consumer_info(STREAM, DURABLE)
    return (info.num_pending or 0) + (info.num_ack_pending or 0)


async def raw(client: Client, admin: Client, count: int) -> float:
    """Messages a second fetched and acknowledged."""
    subscription = await client.jetstream().pull_subscribe_bind(consumer=DURABLE, stream=STREAM)
    started = time.perf_counter()
    done = 0
    while done < count:
        for fetched in await subscription.fetch(BATCH, timeout=1):
            await fetched.ack()
            done += 1
    while await left(admin):  # noqa: ASYNC110 - a server is asked
        await asyncio.sleep(0.05)
    seconds = time.perf_counter() - started
    await subscription.unsubscribe()
    return count / seconds


async def apply(conn: AsyncConnection, batch: Sequence[Received]) -> None:
    """Project notes."""
    await upsert_newer(conn, notes, [received.contract.model_dump() for received in batch], key="note")


async def projected(here: World, admin: Client, count: int) -> float:
    """Messages a second applied and acknowledged, the consumer's start included."""
    async with here.engine.begin() as conn:
        await conn.run_sync(metadata.drop_all)
        await conn.run_sync(metadata.create_all)
    stop = asyncio.Event()
    consumer = BatchConsumer(
        name="notes@1", stream=STREAM, durable=DURABLE, url=here.nats_url, credentials=here.credentials("search"),
        engine=here.engine, apply=apply, clock=utc_now, registry=registry(NoteSaid), batch_size=BATCH,
    )  # fmt: skip
    started = time.perf_counter()
    running = asyncio.create_task(consumer.run(stop))
    while await left(admin):  # noqa: ASYNC110 - a server is asked
        await asyncio.sleep(0.05)  # rarely: looking costs the same processor
    seconds = time.perf_counter() - started
    stop.set()
    await running
    return count / seconds


async def main(count: int) -> None:
    """Five rounds of both, taking turns; the median of each counts."""
    async with world() as here, here.user("search") as reader, here.user("admin") as admin:
        async with here.user("publishing") as publisher:
            await fill(publisher, count)
        raws, ours = [], []
        for _ in range(5):
            await anew(admin)
            raws.append(await raw(reader, admin, count))
            await anew(admin)
            ours.append(await projected(here, admin, count))
    print(f"raw fetch-and-ack    {median(raws):10,.0f} messages/s   {[round(rate) for rate in raws]}")
    print(f"consume-and-project  {median(ours):10,.0f} messages/s   {[round(rate) for rate in ours]}")
    print(f"ratio                {median(ours) / median(raws):10.2f}   (aim 0.5)")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
