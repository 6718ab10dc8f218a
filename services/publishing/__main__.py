"""publishing, composed and run: ``python -m services.publishing``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Final

from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.content.objects import open_objects
from gongkai.content.store import ContentStore
from gongkai.content.upkeep import tidying
from gongkai.contracts.told import BY_CATALOG
from gongkai.eventstore.ledger import CommandLedger
from gongkai.eventstore.store import EventStore
from gongkai.eventstore.vault import Vault
from gongkai.messaging.applying import Received
from gongkai.messaging.connection import ConnectionWatch, connect, either
from gongkai.messaging.consumer import BatchConsumer
from gongkai.messaging.envelope import registry
from gongkai.messaging.relay import Relay
from gongkai.rpc.log.v1 import log_pb2, log_pb2_grpc
from gongkai.rpc.ops.v1 import ops_pb2, ops_pb2_grpc
from gongkai.rpc.publishing.v1 import drafts_pb2, drafts_pb2_grpc, publishing_pb2, publishing_pb2_grpc
from gongkai.security.keys import derive, master_key
from gongkai.security.tokens import OrganKeys
from gongkai.serving.background import Background
from gongkai.serving.clock import new_id, utc_now
from gongkai.serving.lifecycle import Service, run
from gongkai.serving.log_api import ContractLog
from gongkai.serving.ops_api import OpsApi
from services.publishing.api import RecordApi
from services.publishing.codec import CODEC
from services.publishing.consumers import IngestConsumer
from services.publishing.content_api import ContentApi
from services.publishing.destroying import await_clean_ingest
from services.publishing.draft_reading_api import DraftApi
from services.publishing.handlers import Deciding
from services.publishing.saying import EVT, FEED, tell_public, tell_services
from services.publishing.views.rebuild import views_of
from services.publishing.views.registry import apply_catalog, credential_keys

STREAMS: Final = {EVT: tell_services, FEED: tell_public}
"""Each stream publishing fills, and what an event says on it."""
CATALOG_CONSUMER: Final = "publishing-registry"


async def compose(service: Service) -> None:
    """Put the service together: database, content, relays, consumers, gRPC."""
    settings = service.settings
    engine = await service.database("services.publishing")
    master = master_key(settings.keys)
    world = Deciding(
        engine=engine,
        store=EventStore(
            CODEC, clock=utc_now, ids=new_id, vault=Vault(derive(master, b"vault"), clock=utc_now)
        ),
        ledger=CommandLedger(clock=utc_now),
        contents=ContentStore(
            open_objects(settings.content_url),
            master,
            clock=utc_now,
            limit=settings.content_limit,
        ),
        clock=utc_now,
    )
    watch = ConnectionWatch("publishing")
    client = await service.enter(
        "nats", connect(settings.nats_url, settings.nats_credentials, name="publishing", watch=watch)
    )
    service.task("nats connection", _ends_with(watch))
    relays = [
        Relay(engine=engine, store=world.store, client=client, stream=stream, project=project)
        for stream, project in STREAMS.items()
    ]

    def wake_relays() -> None:
        for relay in relays:
            relay.wake()

    for relay in relays:
        service.task(f"relay {relay.stream}", relay.run)
    consumers = _consume(service, world, wake_relays)
    service.task("content purge", tidying(world.contents, world.engine))
    service.organ_keys = organ_keys(engine)
    _serve(service, world, client, wake_relays)
    service.grpc(
        ops_pb2_grpc.add_OpsServiceServicer_to_server,
        OpsApi(
            engine,
            clock=utc_now,
            store=world.store,
            streams=STREAMS,
            retries={consumer.name: consumer.retry for consumer in consumers},
            views=views_of(
                world.store, await service.peer("catalog") if settings.peers.get("catalog") else None
            ),
        ),
        ops_pb2.DESCRIPTOR,
    )


def _consume(service: Service, world: Deciding, wake: Callable[[], None]) -> tuple[BatchConsumer, ...]:
    settings = service.settings
    ingest = IngestConsumer(world, url=settings.nats_url, credentials=settings.nats_credentials, wake=wake)
    catalog = BatchConsumer(
        name=CATALOG_CONSUMER,
        stream="EVT_CATALOG",
        durable="publishing",
        url=settings.nats_url,
        credentials=settings.nats_credentials,
        engine=world.engine,
        registry=registry(*BY_CATALOG),
        apply=_apply_catalog,
        clock=utc_now,
    )
    for consumer in (ingest, catalog):
        service.consumer(consumer.name, consumer.run)
        service.check(consumer.name, consumer.check)
    return ingest, catalog


async def _apply_catalog(conn: AsyncConnection, batch: Sequence[Received]) -> None:
    await apply_catalog(conn, [received.contract for received in batch])


def _serve(service: Service, world: Deciding, client: Client, wake: Callable[[], None]) -> None:
    async def settle() -> bool:
        return await await_clean_ingest(client)

    service.grpc(
        publishing_pb2_grpc.add_RecordServiceServicer_to_server,
        RecordApi(world.engine, world.contents, clock=utc_now),
        publishing_pb2.DESCRIPTOR,
    )
    service.grpc(
        publishing_pb2_grpc.add_ContentServiceServicer_to_server,
        ContentApi(world, wake=wake, settle=settle),
        publishing_pb2.DESCRIPTOR,
    )
    service.grpc(
        drafts_pb2_grpc.add_DraftServiceServicer_to_server, DraftApi(world, wake), drafts_pb2.DESCRIPTOR
    )
    audiences = {log_pb2.AUDIENCE_SERVICES: tell_services, log_pb2.AUDIENCE_PUBLIC: tell_public}
    service.grpc(
        log_pb2_grpc.add_ContractLogServiceServicer_to_server,
        ContractLog(world.engine, world.store, audiences, stopping=service.stopping),
        log_pb2.DESCRIPTOR,
    )


def organ_keys(engine: AsyncEngine) -> OrganKeys:
    """Look up an organ's keys in force, as catalog told them."""

    async def find(code: str) -> Collection[str]:
        async with engine.connect() as conn:
            return await credential_keys(conn, code)

    return find


def _ends_with(watch: ConnectionWatch) -> Background:
    """A background part that dies when the connection is closed for good, and the process with it."""

    async def watching(stop: asyncio.Event) -> None:
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait(either(stopping, watch.ended), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if watch.ended.done() and not stop.is_set():
            raise watch.ended.result()

    return watching


if __name__ == "__main__":
    run("publishing", compose, need=("database_url", "nats_url", "content_url"))
