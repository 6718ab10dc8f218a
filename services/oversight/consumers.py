"""The NATS edge: what publishing, catalog and requests say, into the views."""

from __future__ import annotations

from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.contracts import publishing, requests
from gongkai.contracts.told import BY_CATALOG
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
FROM_CATALOG: Final = registry(*BY_CATALOG)
FROM_REQUESTS: Final = registry(
    requests.RequestRegistered, requests.RequestReceived, requests.RequestDecided, requests.ApplicantErased
)
"""What is not shown on the board is read all the same: an event that cannot be read is set aside for a person."""


def consumers(engine: AsyncEngine, settings: Settings, *, clock: Clock) -> list[BatchConsumer]:
    """Make the three consumers that fill the views."""
    made = partial(
        BatchConsumer,
        durable=DURABLE,
        url=settings.nats_url,
        credentials=settings.nats_credentials,
        engine=engine,
        clock=clock,
        batch_size=BATCH,
    )
    return [
        made(name="oversight-registry", stream="EVT_CATALOG", apply=apply_registry, registry=FROM_CATALOG),
        made(
            name="oversight-records", stream="EVT_PUBLISHING", apply=apply_records, registry=FROM_PUBLISHING
        ),
        made(name="oversight-requests", stream="EVT_REQUESTS", apply=apply_requests, registry=FROM_REQUESTS),
    ]
