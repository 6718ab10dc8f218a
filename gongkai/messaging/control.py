"""What an operator asks of a relay: fill a stream again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.messaging.schema import relay_control


async def request_refill(conn: AsyncConnection, stream: str, *, at: datetime, by: str) -> None:
    """Have the leading relay publish every contract of ``stream`` again, from the first event, with the same ids.

    It begins within two seconds. Readers know each message by its id or its (epoch, position).
    """
    row = {"stream": stream, "requested_at": at, "requested_by": by}
    await conn.execute(
        insert(relay_control).values(row).on_conflict_do_update(index_elements=["stream"], set_=row)
    )


async def refill_requested(conn: AsyncConnection, stream: str) -> datetime | None:
    """When the refill that is due was asked for."""
    asked = await conn.execute(select(relay_control.c.requested_at).where(relay_control.c.stream == stream))
    return asked.scalar_one_or_none()


async def refill_begun(conn: AsyncConnection, stream: str, requested_at: datetime) -> None:
    """Take the request away; a newer one stays."""
    await conn.execute(
        delete(relay_control).where(
            relay_control.c.stream == stream, relay_control.c.requested_at == requested_at
        )
    )
