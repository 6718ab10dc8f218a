"""The NATS edge for what requests says: whose applicant was erased there is forgotten here at once, not after 30 days.

A notice is sealed for the request it is about and itself (``<request>/<key>``), so it is found without knowing anybody.
What was still to be sent is dropped when it is due; a doubt about it can be settled, and not sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts import requests
from gongkai.contracts.requests import ApplicantErased
from gongkai.eventstore.store import Append, StreamWrite
from gongkai.messaging.applying import Received
from gongkai.messaging.consumer import BatchConsumer
from gongkai.messaging.envelope import registry
from gongkai.serving.settings import Settings
from services.notify.domain.messages import MessageForgotten
from services.notify.office import ACTOR, Office
from services.notify.views import reading

DURABLE: Final = "notify"
NAME: Final = "notify-erasures"
FROM_REQUESTS: Final = registry(
    requests.RequestRegistered, requests.RequestReceived, requests.RequestDecided, requests.ApplicantErased
)
"""What is no erasure is read all the same: an event that cannot be read is set aside for a person."""


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Destroys the keys of what erased applicants were told."""

    office: Office

    async def apply(self, conn: AsyncConnection, batch: Sequence[Received]) -> None:
        """Forget their notices, in the consumer's transaction. Those forgotten before are found no more."""
        erased = {one.contract.request_id for one in batch if isinstance(one.contract, ApplicantErased)}
        if not erased:
            return
        now = self.office.clock()
        appends = []
        for row in await reading.notices_about(conn, erased):
            await self.office.forget(conn, row.sealed_for, "applicant erased")
            write = StreamWrite(f"message:{row.key}", row.version, [MessageForgotten(key=row.key, at=now)])
            appends.append(Append([write], ACTOR, f"forget:{row.key}"))
        if appends:
            await self.office.record(conn, appends)


def erasures_consumer(office: Office, settings: Settings) -> BatchConsumer:
    """Make the consumer of what requests says."""
    return BatchConsumer(
        name=NAME,
        stream="EVT_REQUESTS",
        durable=DURABLE,
        url=settings.nats_url,
        credentials=settings.nats_credentials,
        engine=office.engine,
        apply=Forgetting(office).apply,
        applied=office.committed,
        clock=office.clock,
        registry=FROM_REQUESTS,
    )
