"""oversight, composed and run: ``python -m services.oversight``."""

from __future__ import annotations

from gongkai.rpc.ops.v1 import ops_pb2, ops_pb2_grpc
from gongkai.rpc.oversight.v1 import oversight_pb2, oversight_pb2_grpc
from gongkai.serving.clock import utc_now
from gongkai.serving.lifecycle import Service, run
from gongkai.serving.ops_api import OpsApi, Retry
from gongkai.serving.rebuilding import Rebuild
from services.oversight.api import OversightApi
from services.oversight.consumers import consumers
from services.oversight.views.rebuild import views_of


async def compose(service: Service) -> None:
    """Put the service together: database, consumers, gRPC."""
    engine = await service.database("services.oversight")
    retries: dict[str, Retry] = {}
    for consumer in consumers(engine, service.settings, clock=utc_now):
        service.consumer(consumer.name, consumer.run)
        service.check(consumer.name, consumer.check)
        retries[consumer.name] = consumer.retry
    service.grpc(
        oversight_pb2_grpc.add_OversightServiceServicer_to_server,
        OversightApi(engine, clock=utc_now),
        oversight_pb2.DESCRIPTOR,
    )
    service.grpc(
        ops_pb2_grpc.add_OpsServiceServicer_to_server,
        OpsApi(engine, clock=utc_now, retries=retries, views=await _views(service)),
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
