"""A city's NATS with its users, and a service database with a log, for the messaging tests."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gongkai.contracts.contract import Contract
from gongkai.devstack.nats import Nats
from gongkai.devstack.ports import free_port
from gongkai.devstack.process import Child
from gongkai.eventstore import schema as kernel
from gongkai.eventstore.codec import Codec, DomainEvent
from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.store import EventStore, StreamWrite
from gongkai.messaging import schema as messaging
from gongkai.messaging.auth import (
    NatsKeys,
    ServerPlace,
    create_keys,
    nats_config,
    organ_credentials,
    service_credentials,
    system_credentials,
)
from gongkai.messaging.connection import connect
from gongkai.messaging.outgoing import Outgoing
from gongkai.messaging.provision import provision, provision_consumer
from gongkai.messaging.relay import Relay
from gongkai.messaging.topology import load_topology, organ_consumer


def now() -> datetime:
    return datetime.now(UTC)


class NoteTaken(DomainEvent):
    """A thing of the tests: a note with a text."""

    NAME = "note.taken"
    note: str
    text: str


class NoteSaid(Contract):
    """What is said of a note."""

    TYPE = "cn.gongkai.publishing.note.said.v1"
    note: str
    version: int
    text: str


async def read_all(client: Client, stream: str) -> list[Msg]:
    """Every message of a stream, in order."""
    jetstream = client.jetstream()
    kept = ConsumerConfig(ack_policy=AckPolicy.NONE, mem_storage=True, inactive_threshold=60)
    reader = (await jetstream.add_consumer(stream, kept)).name
    messages = await jetstream.pull_subscribe_bind(consumer=reader, stream=stream)
    left = (await messages.consumer_info()).num_pending or 0
    found: list[Msg] = []
    while len(found) < left:
        found += await messages.fetch(min(left - len(found), 500), timeout=30)
    await jetstream.delete_consumer(stream, reader)
    return found


@dataclass
class City:
    """A nats-server with authentication on, provisioned."""

    server: Nats
    child: Child
    keys: NatsKeys
    folder: Path
    leaf_port: int

    @property
    def url(self) -> str:
        return self.server.url

    @staticmethod
    def now() -> datetime:
        return now()

    def credentials(self, user: str) -> str:
        return service_credentials(self.keys, load_topology(), user, now()).text

    @asynccontextmanager
    async def user(self, name: str) -> AsyncIterator[Client]:
        async with connect(self.url, self.credentials(name), name=name) as client:
            yield client

    @asynccontextmanager
    async def system(self) -> AsyncIterator[Client]:
        async with connect(self.url, system_credentials(self.keys, now()).text, name="system") as client:
            yield client

    async def provision(self) -> None:
        async with self.user("admin") as admin:
            await provision(admin, load_topology())

    async def provision_organ(self, code: str) -> None:
        async with self.user("admin") as admin:
            await provision_consumer(admin, organ_consumer(code))

    @asynccontextmanager
    async def connected(self, credentials: str, name: str) -> AsyncIterator[Client]:
        async with connect(self.url, credentials, name=name) as client:
            yield client

    async def add_organ(self, code: str, division: str = "341323000000") -> tuple[str, str]:
        """Its credentials and its public key."""
        await self.provision_organ(code)
        made = organ_credentials(self.keys, code, division, now())
        return made.text, made.public_key

    async def messages(self, stream: str) -> list[Msg]:
        """Everything in a stream, as a relaying service may read it."""
        async with self.user("admin") as admin:
            return await read_all(admin, stream)

    async def count(self, stream: str) -> int:
        async with self.user("admin") as admin:
            return (await admin.jetstream().stream_info(stream)).state.messages

    def wipe(self) -> None:
        """The server dies and loses every stream."""
        self.child.kill()
        shutil.rmtree(self.server.folder / "jetstream")

    def start(self) -> None:
        self.child.start()
        self.child.wait_ready()


@pytest.fixture
async def city() -> AsyncIterator[City]:
    """A fresh city for one test."""
    folder = Path(tempfile.mkdtemp(prefix="gongkai-city-"))
    port = free_port()
    monitor = free_port([port])
    leaf = free_port([port, monitor])
    keys = create_keys(folder / "keys", now())
    place = ServerPlace(store=folder / "nats", port=port, monitor_port=monitor, leaf_port=leaf)
    server = Nats(folder, port, monitor, config=nats_config(keys, place, now()))
    server.prepare()
    child = Child(server.spec(), run=folder / "run", logs=folder / "logs")
    child.start()
    try:
        await asyncio.to_thread(child.wait_ready)
        city = City(server, child, keys, folder, leaf)
        await city.provision()
        yield city
    finally:
        child.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A service database with the kernel's and the messaging tables."""
    engine = create_async_engine(database_url, pool_pre_ping=True)
    async with engine.begin() as conn:
        await conn.run_sync(kernel.create_tables)
        await conn.run_sync(messaging.metadata.create_all)
    yield engine
    await engine.dispose()


@dataclass
class Log:
    """A service's log of notes, and what it says about them."""

    engine: AsyncEngine
    store: EventStore

    async def take(self, count: int, *, prefix: str = "n") -> None:
        """Append ``count`` notes, each a thing of its own."""
        async with self.engine.begin() as conn:
            writes = [
                StreamWrite(f"note:{name}", 0, [NoteTaken(note=name, text="天" * 5)])
                for name in (f"{prefix}{number}" for number in range(count))
            ]
            await self.store.append(conn, writes, actor="test", command_id=str(uuid4()))

    @staticmethod
    def now() -> datetime:
        return now()

    async def head(self) -> int:
        async with self.engine.connect() as conn:
            return await self.store.head(conn)

    async def event_ids(self) -> list[str]:
        async with self.engine.connect() as conn:
            return [str(event.event_id) for event in await self.store.read(conn, 0, 100_000)]

    @staticmethod
    def project(event: StoredEvent) -> list[Outgoing]:
        note = event.data
        assert isinstance(note, NoteTaken)
        said = NoteSaid(note=note.note, version=event.version, text=note.text)
        return [
            Outgoing(
                "evt.publishing.410926000000.note.said",
                said,
                "/divisions/410926000000/publishing",
                event.stream,
            )
        ]

    def relay(self, client: Client, **changes: Any) -> Relay:
        given = {"engine": self.engine, "store": self.store, "client": client, "stream": "EVT_PUBLISHING",
                 "project": self.project}  # fmt: skip
        return Relay(**(given | changes))

    @asynccontextmanager
    async def relaying(self, relay: Relay) -> AsyncIterator[asyncio.Task[None]]:
        """The relay runs for the time of the block."""
        stop = asyncio.Event()
        task = asyncio.create_task(relay.run(stop))
        try:
            yield task
        finally:
            stop.set()
            await task


@pytest.fixture
def log(engine: AsyncEngine) -> Log:
    return Log(engine, EventStore(Codec(NoteTaken), clock=now, ids=uuid4))
