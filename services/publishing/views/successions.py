"""Which divisions and organs ended, as catalog told: so that a list of the successor holds what was the predecessor's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.successions import End, Successions
from services.publishing.views.reading import Filter
from services.publishing.views.tables import known_division


async def successions(conn: AsyncConnection, table: Table) -> Successions:
    """Read what of the known divisions or organs has an end: a few rows, by an index of their own."""
    columns = (table.c.code, table.c.successor, table.c.ended_on)
    rows = await conn.execute(select(*columns).where(table.c.ended_on.is_not(None)))
    return Successions({row.code: End(row.successor, row.ended_on) for row in rows})


async def predecessors(conn: AsyncConnection, division: str, today: date) -> tuple[str, ...]:
    """Give the ended divisions elsewhere whose records are a division's too."""
    return (await successions(conn, known_division)).predecessors(division, today) if division else ()


async def with_predecessors(conn: AsyncConnection, narrowed: Filter, today: date) -> Filter:
    """Widen a list to what its division stands for on a day."""
    return replace(narrowed, also=await predecessors(conn, narrowed.division, today))
