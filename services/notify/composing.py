"""notify put together; apart from ``__main__`` so that tests give it channels and a pace of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.eventstore.ledger import CommandLedger
from gongkai.eventstore.store import EventStore
from gongkai.eventstore.vault import Vault
from gongkai.messaging.connection import connect
from gongkai.messaging.faults import is_transient
from gongkai.messaging.relay import Relay
from gongkai.rpc.log.v1 import log_pb2, log_pb2_grpc
from gongkai.rpc.notify.v1 import notify_pb2, notify_pb2_grpc
from gongkai.rpc.ops.v1 import ops_pb2, ops_pb2_grpc
from gongkai.security.keys import derive, master_key
from gongkai.security.throttle import Throttle
from gongkai.serving.background import Background
from gongkai.serving.clock import new_id, utc_now
from gongkai.serving.lifecycle import Service
from gongkai.serving.log_api import ContractLog
from gongkai.serving.ops_api import OpsApi, Retry
from services.notify.adapters.port import Adapter
from services.notify.api import NotifyApi
from services.notify.codec import CODEC
from services.notify.consumers import records_consumer
from services.notify.domain.secrets import Secrets
from services.notify.erasures import erasures_consumer
from services.notify.handlers.noticing import forget_settled
from services.notify.handlers.subscribing import end_lapsed
from services.notify.office import Office
from services.notify.saying import EVT, tell_services
from services.notify.sending.outcomes import Pace
from services.notify.sending.preparing import Writer
from services.notify.sending.sender import Sender, list_restored, run_senders
from services.notify.sending.settling import Settler
from services.notify.successions import divisions_consumer
from services.notify.templates import load_templates
from services.notify.views.rebuild import views_of
from services.notify.views.writing import Views

_FORGET_SECONDS: Final = 3600.0
_log = structlog.get_logger()


def make_office(engine: AsyncEngine, master: bytes, channels: frozenset[str]) -> Office:
    """The tools of the service; ``master`` is the installation's master key."""
    vault = Vault(derive(master, b"vault"), clock=utc_now)
    secrets = Secrets(derive(master, b"notify/secrets"))
    return Office(
        engine=engine,
        store=EventStore(CODEC, clock=utc_now, ids=new_id, vault=vault),
        ledger=CommandLedger(clock=utc_now),
        vault=vault,
        views=Views(secrets),
        secrets=secrets,
        throttle=Throttle(engine, derive(master, b"throttle"), clock=utc_now),
        clock=utc_now,
        ids=new_id,
        channels=channels,
    )


async def put_together(service: Service, adapters: Sequence[Adapter], pace: Pace) -> Office:
    """Database, relay, consumers, senders, gRPC."""
    settings = service.settings
    engine = await service.database("services.notify")
    channels = frozenset[str](adapter.channel for adapter in adapters)
    office = make_office(engine, master_key(settings.keys), channels)
    await list_restored(office)
    client = await service.enter("nats", connect(settings.nats_url, settings.nats_credentials, name="notify"))
    relay = Relay(engine=engine, store=office.store, client=client, stream=EVT, project=tell_services)
    office.listeners.append(relay.wake)
    service.task(f"relay {EVT}", relay.run)
    consumers = [
        records_consumer(office, settings),
        erasures_consumer(office, settings),
        divisions_consumer(office, settings),
    ]
    for consumer in consumers:
        service.consumer(consumer.name, consumer.run)
        service.check(consumer.name, consumer.check)
    if not settings.public_url:
        _log.warning("GONGKAI_PUBLIC_URL is not set: links in messages lead nowhere")
    service.task("senders", _senders(office, adapters, settings.public_url.rstrip("/"), pace))
    service.task("forgetting", _forgetting(office))
    _serve(service, office, {consumer.name: consumer.retry for consumer in consumers})
    return office


def _senders(office: Office, adapters: Sequence[Adapter], site: str, pace: Pace) -> Background:
    writer = Writer(office.store, office.secrets, load_templates(), site, pace)
    settler = Settler(office)
    senders = [Sender(office, adapter, writer, settler, pace) for adapter in adapters]
    office.listeners.extend(sender.wake for sender in senders)

    async def sending(stop: asyncio.Event) -> None:
        try:
            await run_senders(senders, settler, stop)
            await stop.wait()  # without channels there is nothing to run
        finally:
            for adapter in adapters:
                await adapter.close()

    return sending


def _serve(service: Service, office: Office, retries: dict[str, Retry]) -> None:
    api = NotifyApi(office, load_templates(), wechat_token=service.settings.wechat_token)
    service.grpc(notify_pb2_grpc.add_NotifyServiceServicer_to_server, api, notify_pb2.DESCRIPTOR)
    service.grpc(
        log_pb2_grpc.add_ContractLogServiceServicer_to_server,
        ContractLog(
            office.engine,
            office.store,
            {log_pb2.AUDIENCE_SERVICES: tell_services},
            stopping=service.stopping,
        ),
        log_pb2.DESCRIPTOR,
    )
    ops = OpsApi(
        office.engine,
        clock=office.clock,
        store=office.store,
        streams=(EVT,),
        retries=retries,
        views=views_of(office.store, office.views),
    )
    service.grpc(ops_pb2_grpc.add_OpsServiceServicer_to_server, ops, ops_pb2.DESCRIPTOR)


def _forgetting(office: Office) -> Background:
    """Destroys addresses that are not needed any more: at the start, then every hour."""

    async def forgetting(stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                lapsed = await end_lapsed(office)
                forgotten = await forget_settled(office)
            except Exception as error:
                if not is_transient(error):
                    raise
                _log.warning("forgetting waits", error=repr(error))
            else:
                if lapsed or forgotten:
                    _log.info("addresses forgotten", subscriptions=lapsed, notices=forgotten)
            try:
                async with asyncio.timeout(_FORGET_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue

    return forgetting
