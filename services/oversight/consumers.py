"""The NATS edge: what publishing, catalog and requests say, into the views."""

from __future__ import annotations

from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.contracts import catalog, publishing, requests, villages
from gongkai.messaging.consumer import BatchConsumer
from gongkai.messaging.envelope import registry
from gongkai.serving.clock import Clock
from gongkai.serving.settings import Settings
from services.oversight.views.writing import apply_records, apply_registry, apply_requests

DURABLE: Final = "oversight"
BATCH: Final = 500
"""Messages a transaction; most of a batch's time is its commit."""

FROM_PUBLISHING: Final = registry(
    publishing.RecordPublished,
    publishing.RecordRevised,
    publishing.RecordWithdrawn,
    publishing.ContentDestroyed,
)
FROM_CATALOG: Final = registry(
    catalog.OrganChanged,
    catalog.DivisionChanged,
    catalog.CalendarAnnounced,
    catalog.EditionPublished,
    catalog.MatterRevised,
    catalog.MatterRetired,
    catalog.BasisChanged,
    catalog.SubjectAssigned,
    catalog.RuleChanged,
    villages.VillageListPublished,
)
FROM_REQUESTS: Final = registry(
    requests.RequestRegistered, requests.RequestReceived, requests.RequestDecided, requests.ApplicantErased
)
"""What is not shown on the board is read all the same: an event that cannot be read is set aside for a person."""


def consumers(engine: AsyncEngine, settings: Settings, *, clock: Clock) -> list[BatchConsumer]:
    """Make the three consumers that fill the views."""
    records = BatchConsumer(
        name="oversight-records",
        stream="EVT_PUBLISHING",
        durable=DURABLE,
        url=settings.nats_url,
        credentials=settings.nats_credentials,
        engine=engine,
        apply=apply_records,
        clock=clock,
        registry=FROM_PUBLISHING,
        batch_size=BATCH,
    )
    law = BatchConsumer(
        name="oversight-registry",
        stream="EVT_CATALOG",
        durable=DURABLE,
        url=settings.nats_url,
        credentials=settings.nats_credentials,
        engine=engine,
        apply=apply_registry,
        clock=clock,
        registry=FROM_CATALOG,
        batch_size=BATCH,
    )
    asked = BatchConsumer(
        name="oversight-requests",
        stream="EVT_REQUESTS",
        durable=DURABLE,
        url=settings.nats_url,
        credentials=settings.nats_credentials,
        engine=engine,
        apply=apply_requests,
        clock=clock,
        registry=FROM_REQUESTS,
        batch_size=BATCH,
    )
    return [law, records, asked]
