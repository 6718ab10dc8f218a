"""oversight, composed and run: ``python -m services.oversight``."""

from __future__ import annotations

from gongkai.eventstore.store import EventStore
from gongkai.messaging.connection import connect
from gongkai.messaging.relay import Relay
from gongkai.rpc.log.v1 import log_pb2, log_pb2_grpc
from gongkai.rpc.ops.v1 import ops_pb2, ops_pb2_grpc
from gongkai.rpc.oversight.v1 import oversight_pb2, oversight_pb2_grpc
from gongkai.serving.clock import Clock, new_id, utc_now
from gongkai.serving.lifecycle import Service, run
from gongkai.serving.log_api import ContractLog
from gongkai.serving.ops_api import OpsApi, Retry
from gongkai.serving.rebuilding import Rebuild
from services.oversight.api import OversightApi
from services.oversight.codec import CODEC
from services.oversight.consumers import consumers
from services.oversight.rounds import Rounds
from services.oversight.saying import EVT, tell_services
from services.oversight.sources import Sources
from services.oversight.views.rebuild import views_of


async def compose(service: Service, clock: Clock = utc_now) -> None:
    """Put the service together: database, relay, consumers, the daily round, gRPC.

    ``clock`` gives the present; tests move it.
    """
    settings = service.settings
    engine = await service.database("services.oversight")
    store = EventStore(CODEC, clock=clock, ids=new_id)
    client = await service.enter(
        "nats", connect(settings.nats_url, settings.nats_credentials, name="oversight")
    )
    relay = Relay(engine=engine, store=store, client=client, stream=EVT, project=tell_services)
    service.task(f"relay {EVT}", relay.run)
    rounds = Rounds(engine, store, clock=clock, caught_up=Sources(client).caught_up, appended=relay.wake)
    service.task("rounds", rounds.run)
    retries: dict[str, Retry] = {}
    for consumer in consumers(engine, settings, clock=clock):
        service.consumer(consumer.name, consumer.run)
        service.check(consumer.name, consumer.check)
        retries[consumer.name] = consumer.retry
    service.grpc(
        oversight_pb2_grpc.add_OversightServiceServicer_to_server,
        OversightApi(engine, clock=clock),
        oversight_pb2.DESCRIPTOR,
    )
    service.grpc(
        log_pb2_grpc.add_ContractLogServiceServicer_to_server,
        ContractLog(engine, store, {log_pb2.AUDIENCE_SERVICES: tell_services}, stopping=service.stopping),
        log_pb2.DESCRIPTOR,
    )
    service.grpc(
        ops_pb2_grpc.add_OpsServiceServicer_to_server,
        OpsApi(engine, clock=clock, store=store, streams=[EVT], retries=retries, views=await _views(service)),
        ops_pb2.DESCRIPTOR,
    )


async def _views(service: Service) -> Rebuild | None:
    """What the views are rebuilt from, where the owners can be asked."""
    owners = ("catalog", "publishing", "requests")
    if not all(service.settings.peers.get(owner) for owner in owners):
        return None
    return views_of(*[await service.peer(owner) for owner in owners])


if __name__ == "__main__":
    run("oversight", compose, need=("database_url", "nats_url"))
