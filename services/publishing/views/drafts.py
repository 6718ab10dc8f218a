"""The view of drafts: where each stands. Its texts stay in the log, sealed, and are read from there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.codec import DomainEvent
from services.publishing.domain.draft import OPEN, PHASES, draft_id_of
from services.publishing.domain.draft_events import (
    AttributeConfirmed,
    AttributeProposed,
    DraftDiscarded,
    DraftEvent,
    DraftPublished,
    DraftReturned,
    DraftSaved,
)
from services.publishing.views.tables import draft

_PHASE_AFTER: Final[Mapping[type[DraftEvent], str]] = {
    DraftSaved: "drafting",
    AttributeProposed: "proposed",
    AttributeConfirmed: "confirmed",
    DraftReturned: "drafting",
    DraftPublished: "published",
    DraftDiscarded: "discarded",
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of drafts, newest first."""

    draft_ids: list[str]
    total: int
    by_phase: Mapping[str, int]
    """Every phase, whatever phase the page is narrowed to."""


def draft_row(event: DraftEvent, version: int) -> dict[str, Any]:
    """The row of a draft after its event of this version; a record it does not name stays the one named before."""
    record_id = None
    if isinstance(event, DraftSaved) and event.revises is not None:
        record_id = event.revises.record_id
    elif isinstance(event, DraftPublished):
        record_id = event.record_id
    return {
        "draft_id": draft_id_of(event.draft),
        "organ": event.organ,
        "phase": _PHASE_AFTER[type(event)],
        "record_id": record_id,
        "version": version,
        "updated_at": event.at,
    }


async def write_drafts(conn: AsyncConnection, events: Sequence[tuple[DomainEvent, int]]) -> None:
    """Bring the view to what is about to be appended: events with their versions, in order."""
    rows = [draft_row(event, version) for event, version in events if isinstance(event, DraftEvent)]
    if not rows:
        return
    statement = insert(draft)
    new = statement.excluded
    changed = {
        "phase": new.phase,
        "record_id": func.coalesce(new.record_id, draft.c.record_id),
        "version": new.version,
        "updated_at": new.updated_at,
    }
    await conn.execute(statement.on_conflict_do_update(index_elements=["draft_id"], set_=changed), rows)


async def list_drafts(
    conn: AsyncConnection, organs: Collection[str], *, phase: str, page: int, page_size: int
) -> Page:
    """Drafts of these organs, in one phase or (empty) in all."""
    of_organs = draft.c.organ.in_(organs)
    narrowed: list[ColumnElement[bool]] = [of_organs, *([draft.c.phase == phase] if phase else [])]
    ids = (
        select(draft.c.draft_id)
        .where(*narrowed)
        .order_by(draft.c.updated_at.desc(), draft.c.draft_id.desc())
        .limit(page_size)
        .offset((page - 1) * page_size)
    )
    counted = select(draft.c.phase, func.count()).where(of_organs).group_by(draft.c.phase)
    counts = dict.fromkeys(PHASES, 0) | {row[0]: row[1] for row in await conn.execute(counted)}
    total = counts.get(phase, 0) if phase else sum(counts.values())
    return Page(list((await conn.execute(ids)).scalars()), total, counts)


async def being_revised(conn: AsyncConnection, record_ids: Collection[str]) -> set[str]:
    """Those of the records of which a revision is under way."""
    if not record_ids:
        return set()
    asked = select(draft.c.record_id).where(draft.c.record_id.in_(record_ids), draft.c.phase.in_(OPEN))
    return set((await conn.execute(asked)).scalars())
