"""The NATS edge: what publishing says, into the index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.contracts.publishing import (
    ContentDestroyed,
    RecordPublished,
    RecordRevised,
    RecordState,
    RecordWithdrawn,
)
from gongkai.messaging.applying import Received
from gongkai.messaging.consumer import BatchConsumer
from gongkai.messaging.envelope import registry
from gongkai.messaging.faults import PoisonError, TransientError
from gongkai.serving.clock import Clock
from gongkai.serving.settings import Settings
from services.search.bodies import BodiesUnavailable
from services.search.engine import IndexRefused, IndexUnavailable
from services.search.indexing import Fact, Indexer

NAME: Final = "search-records"
BATCH: Final = 300
FACTS: Final = registry(RecordPublished, RecordRevised, RecordWithdrawn, ContentDestroyed)

_INDEXED = Counter("gongkai_search_facts", "Contracts applied to the index.")


def records_consumer(
    indexer: Indexer, database: AsyncEngine, settings: Settings, *, clock: Clock
) -> BatchConsumer:
    """The consumer that keeps the index; its database holds its place and its dead letters only."""

    async def apply(_conn: AsyncConnection, batch: Sequence[Received]) -> None:
        facts: list[Fact] = []
        for received in batch:
            assert isinstance(received.contract, RecordState | RecordWithdrawn | ContentDestroyed)
            facts.append(received.contract)
        try:
            await indexer.apply(facts)
        except (IndexUnavailable, BodiesUnavailable) as error:
            raise TransientError(str(error)) from error
        except IndexRefused as error:
            if len(batch) == 1:
                raise PoisonError(str(error)) from error
            raise  # the batch is taken apart, and the guilty one comes back alone
        _INDEXED.inc(len(facts))

    return BatchConsumer(
        name=NAME,
        stream="EVT_PUBLISHING",
        durable="search",
        url=settings.nats_url,
        credentials=settings.nats_credentials,
        engine=database,
        apply=apply,
        clock=clock,
        registry=FACTS,
        batch_size=BATCH,
    )
