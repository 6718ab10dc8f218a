"""The NATS edge: what catalog says of organs, calendar and rules; what notify says became of a notice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts import notify
from gongkai.contracts.told import BY_CATALOG
from gongkai.messaging.applying import Received
from gongkai.messaging.consumer import BatchConsumer
from gongkai.messaging.envelope import registry
from gongkai.serving.settings import Settings
from services.requests.handlers import Desk
from services.requests.settling import Settled, settle_notices
from services.requests.views.law import apply_catalog

DURABLE: Final = "requests"
SENDER: Final = "requests"
"""How notify names us in what it says."""

FROM_CATALOG: Final = registry(*BY_CATALOG)
"""What is not kept is read all the same: an event that cannot be read is set aside for a person."""
FROM_NOTIFY: Final = registry(notify.MessageSettled)


def consumers(desk: Desk, settings: Settings) -> list[BatchConsumer]:
    """Make the two consumers."""
    made = partial(
        BatchConsumer,
        durable=DURABLE,
        url=settings.nats_url,
        credentials=settings.nats_credentials,
        engine=desk.engine,
        clock=desk.clock,
    )

    async def apply_notices(conn: AsyncConnection, batch: Sequence[Received]) -> None:
        await settle_notices(desk, conn, [settled for one in batch if (settled := settled_of(one))])

    return [
        made(name="requests-law", stream="EVT_CATALOG", apply=apply_catalog, registry=FROM_CATALOG),
        made(
            name="requests-notices",
            stream="EVT_NOTIFY",
            apply=apply_notices,
            applied=desk.appended,
            registry=FROM_NOTIFY,
        ),
    ]


def settled_of(received: Received) -> Settled | None:
    """Read what became of a notice of ours; None for the others'."""
    told = received.contract
    if not isinstance(told, notify.MessageSettled) or told.sender != SENDER:
        return None
    return Settled(told.key, told.version, "failed" if told.state == "dropped" else told.state)
