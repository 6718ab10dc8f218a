"""search, composed and run: ``python -m services.search``."""

from __future__ import annotations

import asyncio

from gongkai.rpc.ops.v1 import ops_pb2, ops_pb2_grpc
from gongkai.rpc.search.v1 import search_pb2, search_pb2_grpc
from gongkai.serving.clock import utc_now
from gongkai.serving.health import NotReady
from gongkai.serving.lifecycle import Service, run
from gongkai.serving.ops_api import OpsApi
from services.search.api import SearchApi
from services.search.bodies import PublishedBodies
from services.search.client import open_client
from services.search.consumers import records_consumer
from services.search.engine import Engine, IndexUnavailable
from services.search.indexing import Indexer
from services.search.owner import Publishing
from services.search.rebuild import Rebuilder
from services.search.upkeep import expunge_until, fill_again


async def compose(service: Service) -> None:
    """Put the service together: database, OpenSearch, publishing's contents, consumer, gRPC."""
    database = await service.database("services.search")
    client = await service.enter("opensearch", open_client(service.settings.opensearch_url))
    publishing = await service.peer("publishing")
    engine = Engine(client)
    indexer = Indexer(engine, PublishedBodies(publishing), database)
    rebuilder = Rebuilder(engine, indexer, Publishing(publishing), database)
    born = await engine.ensure()
    await rebuilder.tidy()

    async def answers() -> None:
        try:
            found = (await engine.indices()).public
        except IndexUnavailable as error:
            raise NotReady("opensearch-unreachable", "OpenSearch 无法连接") from error
        if not found:
            raise NotReady("index-missing", "检索索引不存在，请运行 gongkai search rebuild")

    async def upkeep(stop: asyncio.Event) -> None:
        if born:
            await fill_again(stop, rebuilder, database)
        await expunge_until(stop, engine, database)

    consumer = records_consumer(indexer, database, service.settings, clock=utc_now)
    service.consumer(consumer.name, consumer.run)
    service.check(consumer.name, consumer.check)
    service.check("opensearch", answers)
    service.task("upkeep", upkeep)
    service.grpc(
        search_pb2_grpc.add_SearchServiceServicer_to_server,
        SearchApi(engine, rebuilder),
        search_pb2.DESCRIPTOR,
    )
    service.grpc(
        ops_pb2_grpc.add_OpsServiceServicer_to_server,
        OpsApi(database, clock=utc_now, retries={consumer.name: consumer.retry}),
        ops_pb2.DESCRIPTOR,
    )


if __name__ == "__main__":
    run("search", compose, need=("database_url", "nats_url", "opensearch_url"))
