"""The NATS edge for what catalog says of divisions: whoever subscribed to one that ended is told of its successor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Column, Date, Integer, Table, Text, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.catalog import DivisionChanged
from gongkai.messaging.applying import Received
from gongkai.messaging.consumer import BatchConsumer
from gongkai.messaging.envelope import registry
from gongkai.messaging.view import upsert_newer
from gongkai.serving.settings import Settings
from gongkai.successions import End, Successions
from services.notify.office import Office
from services.notify.views.tables import metadata

NAME: Final = "notify-divisions"
FROM_CATALOG: Final = registry(DivisionChanged)
"""The durable hears nothing else."""

division_end = Table(
    "division_end",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", Integer),
    Column("successor", Text),
    Column("ended_on", Date),
)


async def apply(conn: AsyncConnection, batch: Sequence[Received]) -> None:
    """Keep the ends, and that there is none: one that was taken back must not rise again from an older word."""
    told = [one.contract for one in batch if isinstance(one.contract, DivisionChanged)]
    ends = [contract.model_dump(include={"code", "version", "successor", "ended_on"}) for contract in told]
    await upsert_newer(conn, division_end, ends, key="code")


async def successions(conn: AsyncConnection) -> Successions:
    """Read which divisions end, and what follows them: a few rows."""
    rows = await conn.execute(select(division_end).where(division_end.c.ended_on.is_not(None)))
    return Successions({row.code: End(row.successor, row.ended_on) for row in rows})


def divisions_consumer(office: Office, settings: Settings) -> BatchConsumer:
    """Make the consumer of what catalog says of divisions."""
    return BatchConsumer(
        name=NAME,
        stream="EVT_CATALOG",
        durable="notify",
        url=settings.nats_url,
        credentials=settings.nats_credentials,
        engine=office.engine,
        apply=apply,
        clock=office.clock,
        registry=FROM_CATALOG,
    )
