"""requests, composed and run: ``python -m services.requests``."""

from __future__ import annotations

from collections.abc import Callable

from gongkai.content.objects import open_objects
from gongkai.content.store import ContentStore
from gongkai.content.upkeep import tidying
from gongkai.eventstore.ledger import CommandLedger
from gongkai.eventstore.store import EventStore
from gongkai.eventstore.vault import Vault
from gongkai.messaging.connection import connect
from gongkai.messaging.relay import Relay
from gongkai.rpc.log.v1 import log_pb2, log_pb2_grpc
from gongkai.rpc.notify.v1.notify_pb2_grpc import NotifyServiceStub
from gongkai.rpc.ops.v1 import ops_pb2, ops_pb2_grpc
from gongkai.rpc.requests.v1 import requests_pb2, requests_pb2_grpc
from gongkai.security.keys import derive, master_key
from gongkai.security.throttle import Throttle
from gongkai.serving.clock import Clock, new_id, utc_now
from gongkai.serving.lifecycle import Service, run
from gongkai.serving.log_api import ContractLog
from gongkai.serving.ops_api import OpsApi, Retry
from services.requests.api import RequestApi
from services.requests.codec import CODEC
from services.requests.consumers import consumers
from services.requests.gate import Gate
from services.requests.handlers import Desk
from services.requests.reactors import NoticeReactor
from services.requests.saying import EVT, tell_services
from services.requests.views.rebuild import views_of


async def compose(service: Service, clock: Clock = utc_now) -> None:
    """Put the service together: database, content, relay, reactor, consumers, gRPC.

    ``clock`` gives the present; tests move it.
    """
    settings = service.settings
    engine = await service.database("services.requests")
    master = master_key(settings.keys)
    vault = Vault(derive(master, b"vault"), clock=clock)
    store = EventStore(CODEC, clock=clock, ids=new_id, vault=vault)
    client = await service.enter(
        "nats", connect(settings.nats_url, settings.nats_credentials, name="requests")
    )
    followers: list[Callable[[], None]] = []

    def wake() -> None:
        for follower in followers:
            follower()

    relay = Relay(engine=engine, store=store, client=client, stream=EVT, project=tell_services)
    desk = Desk(
        engine=engine,
        store=store,
        ledger=CommandLedger(clock=clock),
        vault=vault,
        contents=ContentStore(
            open_objects(settings.content_url), master, clock=clock, limit=settings.content_limit
        ),
        clock=clock,
        ids=new_id,
        code_key=derive(master, b"requests"),
        appended=wake,
    )
    reactor = NoticeReactor(desk, NotifyServiceStub(await service.peer("notify")))
    followers += [relay.wake, reactor.wake]
    service.task(f"relay {EVT}", relay.run)
    service.task("notices", reactor.run)
    service.task("content purge", tidying(desk.contents, desk.engine))
    retries: dict[str, Retry] = {}
    for consumer in consumers(desk, settings):
        service.consumer(consumer.name, consumer.run)
        service.check(consumer.name, consumer.check)
        retries[consumer.name] = consumer.retry
    throttle = Throttle(engine, derive(master, b"throttle"), clock=clock)
    gate = Gate(throttle, derive(master, b"gate"), clock=clock)
    service.grpc(
        requests_pb2_grpc.add_RequestServiceServicer_to_server,
        RequestApi(desk, gate, file_limit=settings.content_limit),
        requests_pb2.DESCRIPTOR,
    )
    service.grpc(
        log_pb2_grpc.add_ContractLogServiceServicer_to_server,
        ContractLog(engine, store, {log_pb2.AUDIENCE_SERVICES: tell_services}, stopping=service.stopping),
        log_pb2.DESCRIPTOR,
    )
    service.grpc(
        ops_pb2_grpc.add_OpsServiceServicer_to_server,
        OpsApi(
            engine,
            clock=clock,
            store=store,
            streams=[EVT],
            retries=retries,
            views=views_of(store, await service.peer("catalog") if settings.peers.get("catalog") else None),
        ),
        ops_pb2.DESCRIPTOR,
    )


if __name__ == "__main__":
    run("requests", compose, need=("database_url", "nats_url", "content_url"))
