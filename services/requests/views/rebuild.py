"""What ``gongkai views rebuild requests`` builds, and from what."""

from __future__ import annotations

from typing import Final

from grpc.aio import Channel

from gongkai.eventstore.store import EventStore
from gongkai.serving.rebuilding import Rebuild, Source
from gongkai.serving.sources import OwnersLog, OwnLog
from services.requests.consumers import FROM_CATALOG
from services.requests.views import tables
from services.requests.views.law import apply_catalog
from services.requests.views.writing import apply_events

__all__ = ["LAW", "TABLES", "apply_events", "views_of"]

TABLES: Final = (tables.request,)
"""``reply_file`` and ``notice`` are not among them: they hold what was uploaded and what was asked, not what happened."""
LAW: Final = (tables.organ, tables.calendar_year, tables.rule)
"""Copies of the organs and the law, from catalog's contracts."""


def views_of(store: EventStore, catalog: Channel | None) -> Rebuild:
    """What is rebuilt; without a channel to catalog its copies are left alone."""

    def sources() -> list[Source]:
        own: list[Source] = [OwnLog(store, apply_events, name="requests")]
        if catalog is not None:
            own.append(OwnersLog("catalog", catalog, FROM_CATALOG, apply_catalog))
        return own

    rebuilt = (*TABLES, *LAW) if catalog is not None else TABLES
    return Rebuild([table.name for table in rebuilt], sources)
