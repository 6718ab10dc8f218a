"""Catalog's views from its own log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.store import EventStore, StreamWrite
from gongkai.serving.rebuilding import Rebuild
from gongkai.serving.sources import OwnLog
from services.catalog.views import tables, writing
from services.catalog.views.basis_tables import BASIS_TABLES
from services.catalog.views.village_tables import VILLAGE_TABLES

TABLES: Final = tuple(
    table.name
    for table in (
        *writing.ORDER,
        tables.catalogue,
        tables.stance,
        tables.matter_row,
        *BASIS_TABLES,
        *VILLAGE_TABLES,
    )
)
"""Every view table, those referred to before those that refer to them."""


async def apply_events(conn: AsyncConnection, events: Sequence[StoredEvent]) -> None:
    """Write what events mean into the views, as their commands did."""
    writes = [StreamWrite(event.stream, event.version - 1, [event.data]) for event in events]
    await writing.apply(conn, writes)


def views_of(store: EventStore) -> Rebuild:
    """What ``gongkai views rebuild catalog`` builds, and from what."""
    return Rebuild(TABLES, lambda: [OwnLog(store, apply_events, name="catalog")])
