"""Real servers for the messaging benches: a PostgreSQL and a nats-server with authentication, on loopback."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.contracts.contract import Contract
from gongkai.devstack.nats import Nats
from gongkai.devstack.ports import free_port
from gongkai.devstack.postgres import Postgres
from gongkai.devstack.process import Child
from gongkai.eventstore import schema as kernel
from gongkai.eventstore.codec import Codec, DomainEvent
from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.store import EventStore
from gongkai.messaging import schema as messaging
from gongkai.messaging.auth import NatsKeys, ServerPlace, create_keys, nats_config, service_credentials
from gongkai.messaging.connection import connect
from gongkai.messaging.outgoing import Outgoing
from gongkai.messaging.provision import provision
from gongkai.messaging.topology import load_topology
from gongkai.serving.clock import utc_now
from gongkai.serving.database import create_engine


class NoteTaken(DomainEvent):
    """An event of the size of a record's header."""

    NAME: ClassVar[str] = "note.taken"
    note: str
    text: str


class NoteSaid(Contract):
    """What is said about it."""

    TYPE: ClassVar[str] = "cn.gongkai.publishing.note.said.v1"
    note: str
    version: int
    text: str


def project(event: StoredEvent) -> list[Outgoing]:
    """One message an event."""
    note = event.data
    assert isinstance(note, NoteTaken)
    said = NoteSaid(note=note.note, version=event.version, text=note.text)
    return [
        Outgoing(
            "evt.publishing.410926000000.note.said", said, "/divisions/410926000000/publishing", event.stream
        )
    ]


@dataclass
class World:
    """The running servers."""

    nats_url: str
    keys: NatsKeys
    engine: AsyncEngine
    store: EventStore

    def credentials(self, user: str) -> str:
        """A user's credentials."""
        return service_credentials(self.keys, load_topology(), user, utc_now()).text

    def user(self, name: str) -> AbstractAsyncContextManager[Client]:
        """A connection of a user of the topology."""
        return connect(self.nats_url, self.credentials(name), name=name)

    async def empty(self, admin: Client, stream: str) -> None:
        """Delete a stream and make all of the topology anew."""
        await admin.jetstream(timeout=30).delete_stream(stream)
        await provision(admin, load_topology())


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="gongkai-bench-"))
    folder.chmod(0o711)  # PostgreSQL's own user must reach its data
    return folder


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """Start both servers; gone afterwards."""
    folder = _folder()
    database = Postgres(folder, free_port(), durable=True)
    port = free_port([database.port])
    monitor = free_port([database.port, port])
    keys = create_keys(folder / "keys", utc_now())
    place = ServerPlace(store=folder / "nats", port=port, monitor_port=monitor)
    server = Nats(folder, port, monitor, config=nats_config(keys, place, utc_now()))
    children = []
    try:
        for part in (database, server):
            part.prepare()
            child = Child(part.spec(), run=folder / "run", logs=folder / "logs")
            child.start()
            children.append(child)
            await asyncio.to_thread(child.wait_ready)
        database.ensure_role("bench")
        database.ensure_database("bench", "bench")
        engine = create_engine(database.url("bench", "bench"))
        async with engine.begin() as conn:
            await conn.run_sync(kernel.create_tables)
            await conn.run_sync(messaging.metadata.create_all)
        here = World(server.url, keys, engine, EventStore(Codec(NoteTaken), clock=utc_now, ids=uuid4))
        async with here.user("admin") as admin:
            await provision(admin, load_topology())
        yield here
        await engine.dispose()
    finally:
        for child in reversed(children):
            child.stop()
        shutil.rmtree(folder, ignore_errors=True)
