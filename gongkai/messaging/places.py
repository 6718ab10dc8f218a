"""How far a consumer has come in each owner's log: {stream: (epoch, position)}, never a stream sequence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.messaging.envelope import Envelope
from gongkai.messaging.schema import consumer_place


@dataclass(frozen=True, slots=True, order=True)
class LogPlace:
    """A place in an owner's log."""

    epoch: str
    position: int


async def advance(conn: AsyncConnection, consumer: str, stream: str, envelopes: Iterable[Envelope]) -> None:
    """Move the consumer's place to the furthest of ``envelopes``, in the transaction that applies them."""
    places = [LogPlace(envelope.epoch, envelope.position) for envelope in envelopes if envelope.position]
    if not places:
        return
    furthest = max(places)
    statement = insert(consumer_place).values(
        consumer=consumer, stream=stream, epoch=furthest.epoch, position=furthest.position
    )
    excluded = statement.excluded
    held = consumer_place.c
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["consumer", "stream"],
            set_={"epoch": excluded.epoch, "position": excluded.position},
            where=tuple_(excluded.epoch, excluded.position) > tuple_(held.epoch, held.position),
        )
    )


async def place_of(conn: AsyncConnection, consumer: str, stream: str) -> LogPlace | None:
    """The furthest event applied; single earlier ones may still be on their way again after a failure."""
    found = await conn.execute(
        select(consumer_place.c.epoch, consumer_place.c.position).where(
            consumer_place.c.consumer == consumer, consumer_place.c.stream == stream
        )
    )
    row = found.one_or_none()
    return None if row is None else LogPlace(row.epoch, row.position)
