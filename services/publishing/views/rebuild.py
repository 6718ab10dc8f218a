"""The views that derive from the log, filled again from its events: page after page, from position 0.

``incoming`` is not among them: it derives from the command ledger, for a refusal leaves no event. The tables are found by the connection's search path, so that a rebuild
can fill shadows of them beside the live ones.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from grpc.aio import Channel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.told import BY_CATALOG
from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.store import EventStore
from gongkai.messaging.applying import Received
from gongkai.messaging.envelope import registry
from gongkai.serving.rebuilding import Rebuild, Source
from gongkai.serving.sources import OwnersLog, OwnLog
from services.publishing.domain.events import RecordEntered, RecordWithdrawn
from services.publishing.domain.header import FileFact, Header
from services.publishing.domain.record import RECORD, Record
from services.publishing.views.drafts import write_drafts
from services.publishing.views.records import Change, digests_of, write_records
from services.publishing.views.registry import apply_catalog
from services.publishing.views.tables import record, record_file

TABLES: Final[tuple[str, ...]] = (
    "record",
    "record_file",
    "record_count",
    "record_year",
    "record_matter",
    "draft",
)
"""Filled by ``apply_events``, and by nothing else; empty before the first page."""

KNOWN: Final[tuple[str, ...]] = ("known_division", "known_organ", "known_edition", "known_matter")
"""Copies of catalog's registry, from its contracts."""


def views_of(store: EventStore, catalog: Channel | None) -> Rebuild:
    """What ``gongkai views rebuild publishing`` builds; without a channel to catalog its copies are left alone."""

    def sources() -> list[Source]:
        own: list[Source] = [OwnLog(store, apply_events, name="publishing")]
        if catalog is not None:
            own.append(OwnersLog("catalog", catalog, registry(*BY_CATALOG), _apply_catalog))
        return own

    return Rebuild((*TABLES, *KNOWN) if catalog is not None else TABLES, sources)


async def _apply_catalog(conn: AsyncConnection, page: Sequence[Received]) -> None:
    await apply_catalog(conn, [received.contract for received in page])


async def apply_events(conn: AsyncConnection, events: Sequence[StoredEvent]) -> None:
    """Bring the views from where the events before this page left them to where it leaves them."""
    await write_records(conn, await _changes(conn, events))
    await write_drafts(conn, [(stored.data, stored.version) for stored in events])


async def _changes(conn: AsyncConnection, events: Sequence[StoredEvent]) -> list[Change]:
    """Each record of the page once, as it was before the page and as it is after it."""
    histories: dict[str, list[RecordEntered | RecordWithdrawn]] = {}
    for stored in events:
        if isinstance(stored.data, RecordEntered | RecordWithdrawn):
            histories.setdefault(stored.data.record_id, []).append(stored.data)
    before = await _as_shown(conn, histories)
    changes = []
    for record_id, history in histories.items():
        was, last = before.get(record_id, RECORD.initial), history[-1]
        gone = last if isinstance(last, RecordWithdrawn) else None
        changes.append(
            Change(
                record_id,
                was,
                RECORD.fold(history, was),
                gone.withdrawn_on if gone else None,
                gone.reason if gone else None,
                digests_of(history),
            )
        )
    return changes


async def _as_shown(conn: AsyncConnection, record_ids: Collection[str]) -> dict[str, Record]:
    """As much of the records as their rows tell: what counts and withdrawals need, and no title."""
    if not record_ids:
        return {}
    used = select(record_file.c.record_id, record_file.c.digest).where(
        record_file.c.record_id.in_(record_ids), record_file.c.current
    )
    files: dict[str, list[FileFact]] = {}
    for row in await conn.execute(used):
        fact = FileFact(role="attachment", name="", digest=row.digest, size=0, media_type="")
        files.setdefault(row.record_id, []).append(fact)
    found = await conn.execute(select(record).where(record.c.record_id.in_(record_ids)))
    return {
        row.record_id: Record(
            version=row.version,
            public=row.public,
            index_number=row.index_number,
            header=Header(
                organ=row.organ,
                organ_name=row.organ_name,
                division=row.division,
                kind=row.kind,
                title="",
                domain=row.domain or None,
                matter=row.matter,
                published_on=row.published_on,
                provenance="live",
                files=tuple(files.get(row.record_id, ())),
            ),
        )
        for row in found
    }
