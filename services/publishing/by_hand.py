"""What the staff do to records: publish a draft, open one to revise a record, withdraw. Load, decide, append."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.ingest import IngestWithdrawal
from gongkai.eventstore.store import StreamWrite
from gongkai.refusal import Refusal
from gongkai.serving.clock import legal_day
from gongkai.serving.errors import NotFound
from services.publishing.commanding import Asked, Decided, Outcome, carry_out
from services.publishing.domain import draft_rules as rules
from services.publishing.domain.draft import Draft, draft_id_of, draft_stream
from services.publishing.domain.draft_publishing import act_time, publish
from services.publishing.domain.events import RecordWithdrawn
from services.publishing.domain.manuscript import Revises, manuscript_of
from services.publishing.domain.number import book_of, record_stream
from services.publishing.domain.reasons import reason
from services.publishing.domain.record import RECORD, Record, Withdraw
from services.publishing.domain.registry import Organ
from services.publishing.domain.staff_words import to_staff
from services.publishing.domain.withdrawal import read_withdrawal
from services.publishing.drafting import find_draft
from services.publishing.handlers import Deciding, last_serials
from services.publishing.reading_drafts import (
    load_draft,
    load_record,
    record_named,
    registry_now,
    surroundings,
)
from services.publishing.staffing import NO_RECORD, require
from services.publishing.views.drafts import being_revised
from services.publishing.views.records import Change


async def publish_draft(world: Deciding, asked: Asked, order: rules.Order) -> Outcome:
    """Publish a confirmed draft: the draft's event, its record's, and a new record's number in one append.

    Raises:
        NotFound: no such draft, or not for this person.
        PermissionRefused: the person may not publish for the organ.
        Refusal: with every reason.
    """
    what = {"act": rules.PUBLISH, "stream": order.stream, "expected_version": order.expected_version}

    async def decide(conn: AsyncConnection) -> Decided:
        draft, organ = await find_draft(world, conn, asked, draft_id_of(order.stream))
        require(asked.staff, rules.PUBLISH, organ)
        book = book_of(organ.uscc, legal_day(order.at))
        serial = (await last_serials(conn, [book.stream]))[book.stream]
        draft = await load_draft(world, conn, draft.id)  # as whoever was faster may have left it
        around = await surroundings(world, conn, draft, organ)
        done = publish(draft, order, around, book=book, serial=serial)
        writes = [
            StreamWrite(draft.stream, draft.version, done.draft_events),
            StreamWrite(record_stream(done.record_id), around.record.version, done.record_events),
        ]
        if done.number_taken is not None:
            writes.append(StreamWrite(book.stream, serial, [done.number_taken]))
        outcome = {"draft_id": draft.id, "version": draft.version + len(done.draft_events)}
        return Decided(outcome, writes, [Change(done.record_id, around.record, done.record)])

    return await carry_out(world, asked, what, decide)


async def revise_record(world: Deciding, asked: Asked, index_number: str) -> Outcome:
    """Open a draft filled from a public record.

    Raises:
        NotFound: there never was such a record.
        PermissionRefused: the person may not revise for the organ.
        Refusal: it is withdrawn, or is being revised already.
    """
    what = {"act": "record.revise", "index_number": index_number}

    async def decide(conn: AsyncConnection) -> Decided:
        record_id, record, organ = await _find_record(world, conn, index_number)
        require(asked.staff, "record.revise", organ)
        if record.header is None or not record.public:
            raise Refusal(reason("record.withdrawn"))
        if await being_revised(conn, [record_id]):
            raise Refusal(reason("record.being-revised"))
        revises = Revises(
            record_id=record_id,
            record_key=record.record_key,
            index_number=record.index_number,
            base_version=record.version,
            provenance=record.header.provenance,
        )
        draft_id = str(world.ids())
        save = rules.Save(
            stream=draft_stream(draft_id),
            by=asked.staff.id,
            at=world.clock(),
            organ=organ.code,
            content=manuscript_of(record.header),
            revises=revises,
        )
        events = rules.decide(Draft(), save)
        return Decided({"draft_id": draft_id, "version": 1}, [StreamWrite(save.stream, 0, events)])

    return await carry_out(world, asked, what, decide)


async def withdraw_record(world: Deciding, asked: Asked, index_number: str, why: str) -> Outcome:
    """Withdraw a public record; the outcome is what is left of it, all of it public.

    Raises:
        NotFound: there never was such a record.
        PermissionRefused: the person may not withdraw for the organ.
        Refusal: with every reason.
    """
    what = {"act": "record.withdraw", "index_number": index_number, "reason": why}

    async def decide(conn: AsyncConnection) -> Decided:
        record_id, record, organ = await _find_record(world, conn, index_number)
        require(asked.staff, "record.withdraw", organ)
        now = world.clock()
        asked_for = IngestWithdrawal(record=record.record_key, organ=organ.code, reason=why)
        read = read_withdrawal(asked_for, organ=organ.code, today=legal_day(now))
        found = [*(() if record.public else (reason("record.withdrawn"),)), *map(to_staff, read.found)]
        command = Withdraw(record_id, read.reason, read.on, act_time(record, now), tuple(found))
        events = RECORD.decide(record, command)
        after = RECORD.fold(events, record)
        change = Change(record_id, record, after, read.on, read.reason)
        write = StreamWrite(record_stream(record_id), record.version, events)
        return Decided(_left(events[0]), [write], [change])

    return await carry_out(world, asked, what, decide)


async def _find_record(
    world: Deciding, conn: AsyncConnection, index_number: str
) -> tuple[str, Record, Organ]:
    named = await record_named(conn, index_number.strip())
    registry, _ = await registry_now(world, conn)
    organ = registry.organs.get(named[1]) if named else None
    if named is None or organ is None:
        raise NotFound(NO_RECORD)
    return named[0], await load_record(world, conn, named[0]), organ


def _left(event: object) -> dict[str, Any]:
    if not isinstance(event, RecordWithdrawn):
        raise TypeError(type(event).__name__)
    fields = {"record_id", "index_number", "organ", "organ_name", "division", "withdrawn_on", "reason"}
    return event.model_dump(mode="json", include=fields)
