"""catalog, composed and run: ``python -m services.catalog``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.eventstore.ledger import CommandLedger
from gongkai.eventstore.store import EventStore
from gongkai.eventstore.vault import Vault
from gongkai.messaging.connection import connect
from gongkai.messaging.relay import Relay
from gongkai.rpc.catalog.v1 import (
    bases_pb2,
    bases_pb2_grpc,
    catalog_pb2,
    catalog_pb2_grpc,
    catalogues_pb2,
    catalogues_pb2_grpc,
    duties_pb2,
    duties_pb2_grpc,
    identity_pb2,
    identity_pb2_grpc,
    villages_pb2,
    villages_pb2_grpc,
)
from gongkai.rpc.log.v1 import log_pb2, log_pb2_grpc
from gongkai.rpc.ops.v1 import ops_pb2, ops_pb2_grpc
from gongkai.security.keys import derive, master_key
from gongkai.security.tokens import OrganKeys
from gongkai.serving.clock import new_id, utc_now
from gongkai.serving.lifecycle import Service, run
from gongkai.serving.log_api import ContractLog
from gongkai.serving.ops_api import OpsApi
from services.catalog.api import CatalogApi
from services.catalog.bases.api import BasisApi
from services.catalog.codec import CODEC
from services.catalog.duties.answers import Answers
from services.catalog.duties.api import DutyApi
from services.catalog.duties.asking import AskDesk
from services.catalog.duties.assigning import Settling
from services.catalog.editions.api import CatalogueApi
from services.catalog.editions.desk import Desk
from services.catalog.handlers import Office
from services.catalog.identity.api import IdentityApi
from services.catalog.identity.desk import open_desk
from services.catalog.saying import tell_public, tell_services
from services.catalog.seed.reading import read_seed
from services.catalog.sowing import sow_once
from services.catalog.views import reading
from services.catalog.views.rebuild import views_of
from services.catalog.villages.api import VillageApi
from services.catalog.villages.commands import VillageDesk

STREAMS: Final = {"EVT_CATALOG": tell_services, "FEED_CATALOG": tell_public}
"""Each stream catalog fills, and what an event says on it."""


async def compose(service: Service) -> None:
    """Put the service together: database, seed, relays, gRPC."""
    settings = service.settings
    engine = await service.database("services.catalog")
    master = master_key(settings.keys)
    vault = Vault(derive(master, b"vault"), clock=utc_now)
    store = EventStore(CODEC, clock=utc_now, ids=new_id, vault=vault)
    client = await service.enter(
        "nats", connect(settings.nats_url, settings.nats_credentials, name="catalog")
    )
    relays = [
        Relay(engine=engine, store=store, client=client, stream=stream, project=project)
        for stream, project in STREAMS.items()
    ]

    def appended() -> None:
        for relay in relays:
            relay.wake()
        settling.wake()

    office = Office(engine, store, CommandLedger(clock=utc_now), appended)
    settling = Settling(office)
    await sow_once(office, read_seed())
    service.organ_keys = organ_keys(engine)
    for relay in relays:
        service.task(f"relay {relay.stream}", relay.run)
    service.task("subjects", settling.run)
    service.consumer("ask", AskDesk(client, Answers(office)).run)
    service.grpc(
        catalog_pb2_grpc.add_CatalogServiceServicer_to_server,
        CatalogApi(office, clock=utc_now),
        catalog_pb2.DESCRIPTOR,
    )
    service.grpc(bases_pb2_grpc.add_BasisServiceServicer_to_server, BasisApi(office), bases_pb2.DESCRIPTOR)
    service.grpc(
        catalogues_pb2_grpc.add_CatalogueServiceServicer_to_server,
        CatalogueApi(Desk(office, utc_now)),
        catalogues_pb2.DESCRIPTOR,
    )
    service.grpc(
        villages_pb2_grpc.add_VillageServiceServicer_to_server,
        VillageApi(VillageDesk(office, utc_now)),
        villages_pb2.DESCRIPTOR,
    )
    service.grpc(duties_pb2_grpc.add_DutyServiceServicer_to_server, DutyApi(office), duties_pb2.DESCRIPTOR)
    desk = open_desk(office, vault, master, settings.keys)
    service.grpc(
        identity_pb2_grpc.add_IdentityServiceServicer_to_server, IdentityApi(desk), identity_pb2.DESCRIPTOR
    )
    audiences = {log_pb2.AUDIENCE_SERVICES: tell_services, log_pb2.AUDIENCE_PUBLIC: tell_public}
    service.grpc(
        log_pb2_grpc.add_ContractLogServiceServicer_to_server,
        ContractLog(engine, store, audiences, stopping=service.stopping),
        log_pb2.DESCRIPTOR,
    )
    service.grpc(
        ops_pb2_grpc.add_OpsServiceServicer_to_server,
        OpsApi(engine, clock=utc_now, store=store, streams=STREAMS, views=views_of(store)),
        ops_pb2.DESCRIPTOR,
    )


def organ_keys(engine: AsyncEngine) -> OrganKeys:
    """Look up an organ's keys in force: catalog asks itself what others ask it."""

    async def find(code: str) -> Collection[str]:
        async with engine.connect() as conn:
            organ = await reading.find_organ(conn, code)
        return () if organ is None else tuple(organ.credential_keys)

    return find


if __name__ == "__main__":
    run("catalog", compose, need=("database_url", "nats_url"))
