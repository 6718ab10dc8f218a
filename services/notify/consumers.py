"""The NATS edge: records become public, and whoever wants to know gets one message.

A record is claimed in the transaction that queues its messages, for ever: repeats and refills of the stream queue
nothing. What comes later than the window is listed for a person instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts import publishing
from gongkai.contracts.publishing import RecordPublished
from gongkai.eventstore.store import Append
from gongkai.messaging.applying import Received
from gongkai.messaging.consumer import BatchConsumer
from gongkai.messaging.envelope import registry
from gongkai.messaging.reactor import Claim, Fact, ReactorLedger
from gongkai.serving.settings import Settings
from services.notify.office import Office
from services.notify.telling import Match, News, matches, queue_news
from services.notify.views import tables

DURABLE: Final = "notify"
NAME: Final = "notify-records"
BATCH: Final = 50
"""Records a transaction. Each may queue hundreds of messages, and all of the service's appends wait for theirs."""
FROM_PUBLISHING: Final = registry(
    publishing.RecordPublished,
    publishing.RecordRevised,
    publishing.RecordWithdrawn,
    publishing.ContentDestroyed,
)
_NEVER_LATE: Final = timedelta(days=36500)


@dataclass(frozen=True, slots=True)
class Reactor:
    """Queues what subscribers are to be told."""

    office: Office
    name: str = NAME

    async def apply(self, conn: AsyncConnection, batch: Sequence[Received]) -> None:
        """Claim each new record and queue its messages, in the consumer's transaction."""
        now = self.office.clock()
        heard = self._heard(batch, now)
        wanted = await matches(conn, [news for news, _ in heard])
        appends: list[Append] = []
        told: list[Match] = []
        for news, occurred_at in heard:
            claim = await self._claim(conn, news, occurred_at, now, unwanted=not wanted[news.record_id])
            if claim is Claim.ACT:
                told += wanted[news.record_id]
            elif claim is Claim.DOUBT:
                late = insert(tables.late_record).values(record_id=news.record_id, facts=news.facts())
                await conn.execute(late.on_conflict_do_nothing())
        appends = await queue_news(conn, told, now)
        if appends:
            await self.office.record(conn, appends)

    def _heard(self, batch: Sequence[Received], now: datetime) -> list[tuple[News, datetime]]:
        """What is news: first publications of live records, each once, in one order for all replicas."""
        found: dict[str, tuple[News, datetime]] = {}
        for received in batch:
            contract = received.contract
            # A migrated archive is no news, nor is a new version or a withdrawal.
            if isinstance(contract, RecordPublished) and contract.provenance == "live":
                found[contract.record_id] = (News.of(contract), received.envelope.time or now)
        return [found[record_id] for record_id in sorted(found)]

    async def _claim(
        self, conn: AsyncConnection, news: News, occurred_at: datetime, now: datetime, *, unwanted: bool
    ) -> Claim:
        # Always version 1: a record that is withdrawn and published again was told of already.
        fact = Fact(f"record:{news.record_id}", 1, occurred_at)
        # What nobody wants is claimed too, or a refill would tell it to later subscribers; but it is no doubt.
        ledger = ReactorLedger(self.name, _NEVER_LATE) if unwanted else ReactorLedger(self.name)
        return await ledger.claim(conn, fact, now)


def records_consumer(office: Office, settings: Settings) -> BatchConsumer:
    """Make the consumer of what publishing says."""
    reactor = Reactor(office)
    return BatchConsumer(
        name=NAME,
        stream="EVT_PUBLISHING",
        durable=DURABLE,
        url=settings.nats_url,
        credentials=settings.nats_credentials,
        engine=office.engine,
        apply=reactor.apply,
        clock=office.clock,
        registry=FROM_PUBLISHING,
        applied=office.committed,
        batch_size=BATCH,
    )
