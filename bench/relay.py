"""The relay against raw atomic batches, in one run: ``python -m bench.relay [events]``.

Raw: prepared messages of the same size and headers, in atomic batches of 250 with the expected last sequence, one
after another. Ours: the relay from the events table, leadership, decoding, projecting and encoding included.
"""

from __future__ import annotations

import asyncio
import sys
import time
from statistics import median
from uuid import uuid4

from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.world import NoteTaken, World, project, world
from gongkai.eventstore.store import EventStore, StreamWrite
from gongkai.messaging.batch import BatchSender, Message
from gongkai.messaging.outgoing import messages_of
from gongkai.messaging.relay import Relay

BATCH = 250


async def raw(client: Client, messages: list[Message]) -> float:
    """Messages a second of prepared atomic batches."""
    async with BatchSender(client) as sender:
        started = time.perf_counter()
        for start in range(0, len(messages), BATCH):
            await sender.confirm(await sender.send(messages[start : start + BATCH], expected_last=start))
        return len(messages) / (time.perf_counter() - started)


async def relayed(client: Client, engine: AsyncEngine, store: EventStore, count: int) -> float:
    """Messages a second of the relay, from its start to the last message on disk."""
    relay = Relay(engine=engine, store=store, client=client, stream="EVT_PUBLISHING", project=project)
    stop = asyncio.Event()
    jetstream = client.jetstream()
    started = time.perf_counter()
    running = asyncio.create_task(relay.run(stop))
    while (await jetstream.stream_info("EVT_PUBLISHING")).state.messages < count:  # noqa: ASYNC110 - a server is asked
        await asyncio.sleep(0.05)  # rarely: looking costs the same processor
    seconds = time.perf_counter() - started
    stop.set()
    await running
    return count / seconds


async def fill(here: World, count: int) -> list[Message]:
    """Append ``count`` events; return the messages they give."""
    prepared: list[Message] = []
    for start in range(0, count, 1000):
        writes = [
            StreamWrite(f"note:{number}", 0, [NoteTaken(note=str(number), text="公开" * 200)])
            for number in range(start, min(start + 1000, count))
        ]
        async with here.engine.begin() as conn:
            events = await here.store.append(conn, writes, actor="bench", command_id=str(uuid4()))
        prepared += [message for event in events for message in messages_of(event, "raw", project)]
    return prepared


async def main(count: int) -> None:
    """Five rounds of both, taking turns; the median of each counts."""
    async with world() as here, here.user("publishing") as client, here.user("admin") as admin:
        prepared = await fill(here, count)
        raws, ours = [], []
        for _ in range(5):
            await here.empty(admin, "EVT_PUBLISHING")
            raws.append(await raw(client, prepared))
            await here.empty(admin, "EVT_PUBLISHING")
            ours.append(await relayed(client, here.engine, here.store, count))
    print(f"raw atomic batches  {median(raws):10,.0f} messages/s   {[round(rate) for rate in raws]}")
    print(f"relay               {median(ours):10,.0f} messages/s   {[round(rate) for rate in ours]}")
    print(f"ratio               {median(ours) / median(raws):10.2f}   (aim 0.7)")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
