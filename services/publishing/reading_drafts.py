"""A draft as one of the staff sees it: from the log, examined as it stands, with what they may do now and why not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.refusal import Reason
from gongkai.security.permissions import Staff
from gongkai.serving.clock import legal_day
from gongkai.serving.errors import NotFound
from services.publishing.domain import draft_rules as rules
from services.publishing.domain.contents import Held
from services.publishing.domain.draft import OPEN, Draft, draft_stream, fold
from services.publishing.domain.draft_publishing import Examined, Surroundings, examined, record_of
from services.publishing.domain.header import FileFact
from services.publishing.domain.number import record_stream
from services.publishing.domain.reasons import reason
from services.publishing.domain.record import RECORD, Record
from services.publishing.domain.registry import Organ, Registry
from services.publishing.domain.text import clean
from services.publishing.handlers import Deciding
from services.publishing.staffing import NO_DRAFT, role_reasons
from services.publishing.views.editions import with_claims
from services.publishing.views.tables import record

WRITTEN: Final = frozenset({"text/plain", "text/markdown"})
"""Media types of a body that is edited as text."""
_LOOKED_THROUGH: Final = 4 * 1024 * 1024
"""Bytes of a text body that are looked through for personal numbers."""


@dataclass(frozen=True, slots=True)
class Act:
    """What can be done now, or every reason why it cannot."""

    code: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A draft for one reader."""

    draft: Draft
    organ: Organ
    body_text: str
    examined: Examined
    """As of now; without findings once the draft is done with."""
    acts: tuple[Act, ...]


async def registry_now(world: Deciding, conn: AsyncConnection) -> tuple[Registry, date]:
    """The registry, and the legal day it is of."""
    today = legal_day(world.clock())
    return await world.registry.current(conn, today), today


async def load_draft(world: Deciding, conn: AsyncConnection, draft_id: str, *, version: int = 0) -> Draft:
    """The draft of an id, as it is or (given a version) as it was.

    Raises:
        NotFound: there is none.
    """
    history = await world.store.load(conn, draft_stream(draft_id))
    if not history:
        raise NotFound(NO_DRAFT)
    return fold([stored.data for stored in history if not version or stored.version <= version])


async def load_drafts(world: Deciding, conn: AsyncConnection, draft_ids: Sequence[str]) -> list[Draft]:
    """The drafts of these ids, in their order."""
    streams = [draft_stream(draft_id) for draft_id in draft_ids]
    histories = await world.store.load_many(conn, streams)
    return [fold([stored.data for stored in histories[stream]]) for stream in streams]


async def load_record(world: Deciding, conn: AsyncConnection, record_id: str) -> Record:
    """The record of an id; the initial one where there is none."""
    return RECORD.load(await world.store.load(conn, record_stream(record_id))).state


async def record_named(conn: AsyncConnection, index_number: str) -> tuple[str, str] | None:
    """Id and organ of the record of an index number, public or withdrawn."""
    asked = select(record.c.record_id, record.c.organ).where(record.c.index_number == index_number)
    row = (await conn.execute(asked)).one_or_none()
    return (row.record_id, row.organ) if row else None


async def surroundings(world: Deciding, conn: AsyncConnection, draft: Draft, organ: Organ) -> Surroundings:
    """What examining a draft needs."""
    registry, today = await registry_now(world, conn)
    registry = await with_claims(conn, registry, [(organ, draft.content.matter)])
    return Surroundings(
        organ=organ,
        registry=registry,
        held=await _held(world, conn, {file.digest for file in draft.content.files}),
        body_text=await body_text(world, conn, draft.content.body),
        record=await load_record(world, conn, record_of(draft)),
        today=today,
    )


async def see(world: Deciding, conn: AsyncConnection, draft: Draft, organ: Organ, staff: Staff) -> Seen:
    """The draft as one of the staff sees it."""
    around = await surroundings(world, conn, draft, organ)
    found = examined(draft, around) if draft.phase in OPEN else Examined(None, ())
    shown = await written_text(world, conn, draft)
    return Seen(draft, organ, shown, found, tuple(_acts(draft, organ, staff, found)))


async def written_text(world: Deciding, conn: AsyncConnection, draft: Draft) -> str:
    """The body as it is edited; empty where it is a file."""
    body = draft.content.body
    return await body_text(world, conn, body) if body is not None and body.media_type in WRITTEN else ""


async def body_text(world: Deciding, conn: AsyncConnection, body: FileFact | None) -> str:
    """The text of a body; empty where it is no text, or gone."""
    if body is None or not body.media_type.startswith("text/") or body.size > _LOOKED_THROUGH:
        return ""
    content = await world.contents.get(conn, body.digest)
    return content.data.decode("utf-8", "replace") if content else ""


async def _held(world: Deciding, conn: AsyncConnection, digests: Collection[str]) -> dict[str, Held]:
    stored = await world.contents.known(conn, digests)
    gone = await world.contents.destroyed(conn, digests)
    return {digest: Held(one.size) for digest, one in stored.items()} | {
        digest: Held(0, destroyed=True) for digest in gone
    }


def _acts(draft: Draft, organ: Organ, staff: Staff, found: Examined) -> list[Act]:
    acts = []
    for act in rules.ACTS:
        against = role_reasons(staff, act, organ) + rules.standing(draft, act, staff.id)
        if act == rules.PUBLISH:
            against += found.reasons
        if act == rules.CONFIRM and not clean(staff.post):
            against.append(reason("confirmer.post-missing"))
        acts.append(Act(act, tuple(dict.fromkeys(against))))
    return acts


def record_acts(staff: Staff, organ: Organ, *, being_revised: bool) -> tuple[Act, Act]:
    """What one of the staff may do with a public record."""
    revise = role_reasons(staff, "record.revise", organ)
    if being_revised:
        revise.append(reason("record.being-revised"))
    return Act("record.revise", tuple(revise)), Act(
        "record.withdraw", tuple(role_reasons(staff, "record.withdraw", organ))
    )
