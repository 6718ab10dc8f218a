"""Commands of publishing: a batch of departmental events, and the destruction of a content. Load, decide, append."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy import ARRAY, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.content.refused import ContentDestroyed as ContentWasDestroyed
from gongkai.content.store import Blob, ContentStore
from gongkai.contracts.ingest import IngestDocument, ReplyAccepted, ReplyRejected
from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.errors import AppendBusy, CommandRaced, VersionConflict
from gongkai.eventstore.ledger import CommandLedger, Entry
from gongkai.eventstore.store import Append, EventStore, StreamWrite
from gongkai.messaging.deadletters import Failure, set_aside
from gongkai.serving.clock import Clock, Ids, legal_day, new_id
from services.publishing.domain.contents import Held
from services.publishing.domain.deciding import (
    Answered,
    Decision,
    Item,
    Known,
    Remembered,
    Unanswerable,
    Verdict,
    decide_one,
    prepare,
)
from services.publishing.domain.incoming import Incoming, Parsed, Understood, parse
from services.publishing.domain.number import book_of, record_stream
from services.publishing.domain.record import RECORD, Record
from services.publishing.domain.registry import Organ, Registry
from services.publishing.views.editions import with_claims
from services.publishing.views.incoming import incoming_row, write_incoming
from services.publishing.views.records import Change, digests_of, write_records
from services.publishing.views.registry import RegistryCache

_log = structlog.get_logger()
STREAM: Final = "INGEST"
DURABLE: Final = "publishing"
CONSUMER: Final = "publishing-ingest"
"""What dead letters of INGEST are listed under."""
_TRIES: Final = 5
# The last version of each serial stream by one probe of its index: a month's stream is never read through.
_SERIALS: Final = text(
    "SELECT asked.stream, (SELECT max(version) FROM event WHERE event.stream = asked.stream) AS serial"
    " FROM unnest(:streams) AS asked (stream)"
).bindparams(bindparam("streams", type_=ARRAY(Text)))
_LOCK_BOOKS: Final = text(
    "SELECT pg_advisory_xact_lock(1, book) FROM"
    " (SELECT DISTINCT hashtext(stream) AS book FROM unnest(:streams) AS asked (stream) ORDER BY 1) AS books"
).bindparams(bindparam("streams", type_=ARRAY(Text)))


@dataclass(frozen=True, slots=True)
class Deciding:
    """What deciding needs of the world."""

    engine: AsyncEngine
    store: EventStore
    ledger: CommandLedger
    contents: ContentStore
    clock: Clock
    ids: Ids = new_id
    registry: RegistryCache = field(default_factory=RegistryCache)


async def decide_events(world: Deciding, batch: Sequence[Incoming]) -> list[Verdict]:
    """Decide a batch of departmental events in order, in one transaction; the verdicts stand in their order.

    When another replica appended to the same record or serial first, or answered one of the same events, nothing
    was written and the whole batch is decided anew.

    Raises:
        VersionConflict, CommandRaced, AppendBusy: again and again; the batch may be delivered once more.
    """
    parsed = [parse(incoming) for incoming in batch]
    for left in reversed(range(_TRIES)):
        try:
            async with world.engine.begin() as conn:
                return await _decide(world, conn, parsed)
        except (VersionConflict, CommandRaced, AppendBusy, ContentWasDestroyed) as error:
            if not left:
                raise
            _log.info("batch is decided anew", cause=repr(error))
    raise AssertionError("unreachable")


async def _decide(world: Deciding, conn: AsyncConnection, batch: Sequence[Parsed]) -> list[Verdict]:
    now = world.clock()
    today = legal_day(now)
    known = Known(await world.registry.current(conn, today), now, today)
    known.remembered = await _remembered(world, conn, batch)
    items = [prepare(parsed, known.remembered) for parsed in batch]
    known.registry = await with_claims(conn, known.registry, _claims(items, known.registry))
    await _look_up(world, conn, items, known)
    before = dict(known.records)
    decisions = [decide_one(parsed, item, known) for parsed, item in zip(batch, items, strict=True)]
    await _write(world, conn, batch, decisions, before, known)
    return [decision.verdict for decision in decisions]


def _claims(items: Sequence[Item], registry: Registry) -> Iterator[tuple[Organ | None, str | None]]:
    for item in items:
        if isinstance(item, Understood) and isinstance(item.event, IngestDocument):
            yield registry.organs.get(item.incoming.organ), item.event.matter


async def _remembered(
    world: Deciding, conn: AsyncConnection, batch: Sequence[Parsed]
) -> dict[str, Remembered]:
    ids = {parsed.incoming.command_id for parsed in batch if parsed.incoming.event_id}
    entries = await world.ledger.find(conn, ids)
    return {
        command_id: Remembered(entry.fingerprint, reply_of(entry.outcome))
        for command_id, entry in entries.items()
    }


def reply_of(outcome: dict[str, object]) -> ReplyAccepted | ReplyRejected:
    """The answer the ledger holds."""
    return (ReplyRejected if "reasons" in outcome else ReplyAccepted).model_validate(outcome)


async def _look_up(world: Deciding, conn: AsyncConnection, items: Sequence[Item], known: Known) -> None:
    """Read what deciding the batch needs: contents, histories and serials, each in one query."""
    understood = [item for item in items if isinstance(item, Understood)]
    digests = {one.digest for item in understood for one in item.contents.brought}
    if digests:
        stored = await world.contents.known(conn, digests)
        known.held = {digest: Held(one.size) for digest, one in stored.items()}
        gone = await world.contents.destroyed(conn, digests - set(stored))
        known.held |= {digest: Held(0, destroyed=True) for digest in gone}
    streams = {record_stream(item.record_id): item.record_id for item in understood}
    for stream, history in (await world.store.load_many(conn, streams)).items():
        if history:
            known.records[streams[stream]] = RECORD.load(history).state
    organs = (known.registry.organs.get(item.incoming.organ) for item in understood)
    books = sorted({book_of(organ.uscc, known.today).stream for organ in organs if organ is not None})
    if books:
        known.serials = await last_serials(conn, books)


async def last_serials(conn: AsyncConnection, books: Sequence[str]) -> dict[str, int]:
    """The last serial taken of each serial stream, 0 where none was; nobody else takes one before this commits.

    These locks are the first of a transaction and are taken in one order, so they are part of no deadlock. Without
    them a person's one record would lose its number again and again to the batches of a load.
    """
    await conn.execute(_LOCK_BOOKS, {"streams": books})
    rows = await conn.execute(_SERIALS, {"streams": books})
    return {row.stream: row.serial or 0 for row in rows}


async def _write(
    world: Deciding,
    conn: AsyncConnection,
    batch: Sequence[Parsed],
    decisions: Sequence[Decision],
    before: dict[str, Record],
    known: Known,
) -> None:
    """Contents, ledger, view, then the append lock and the events: the order that is part of no deadlock."""
    blobs = {one.digest: one for decision in decisions for one in decision.contents}
    if blobs:
        await world.contents.put_many(
            conn, [Blob(one.data, one.media_type) for one in blobs.values() if one.data is not None]
        )
    await world.ledger.record(
        conn,
        [
            Entry(
                parsed.incoming.command_id,
                _actor(parsed.incoming),
                decision.verdict.fingerprint,
                decision.verdict.reply.model_dump(mode="json"),
            )
            for parsed, decision in zip(batch, decisions, strict=True)
            if isinstance(decision.verdict, Answered) and decision.verdict.first
        ],
    )
    await write_incoming(conn, _arrivals(batch, decisions, known))
    letters = [
        failure_of(parsed, reason)
        for parsed, decision in zip(batch, decisions, strict=True)
        if (reason := _unreadable(parsed, decision.verdict))
    ]
    if letters:
        await set_aside(conn, CONSUMER, letters, known.now)
    await write_records(conn, _changes(decisions, before, known))
    await world.store.append_batch(
        conn,
        [
            Append(
                [StreamWrite(write.stream, write.expected, write.events) for write in decision.writes],
                _actor(parsed.incoming),
                parsed.incoming.command_id,
            )
            for parsed, decision in zip(batch, decisions, strict=True)
            if decision.writes
        ],
    )


def _arrivals(
    batch: Sequence[Parsed], decisions: Sequence[Decision], known: Known
) -> Iterator[dict[str, object]]:
    """What the people of an organ see of its events: first answers only."""
    for parsed, decision in zip(batch, decisions, strict=True):
        verdict, sent = decision.verdict, parsed.incoming
        if isinstance(verdict, Answered) and verdict.first:
            yield incoming_row(sent.organ, sent.event_id, sent.token, verdict.reply, known.now)


def _actor(incoming: Incoming) -> str:
    return f"organ:{incoming.organ}"


def _changes(decisions: Sequence[Decision], before: dict[str, Record], known: Known) -> list[Change]:
    """Each changed record once, as it was before the batch and as it is after it."""
    last = {decision.record_id: decision for decision in decisions if decision.writes}
    events: dict[str, list[DomainEvent]] = {record_id: [] for record_id in last}
    for decision in decisions:
        if decision.writes:
            events[decision.record_id] += decision.writes[0].events
    return [
        Change(
            record_id,
            before.get(record_id, RECORD.initial),
            known.records[record_id],
            decision.withdrawn.withdrawn_on if decision.withdrawn else None,
            decision.withdrawn.reason if decision.withdrawn else None,
            digests_of(events[record_id]),
        )
        for record_id, decision in last.items()
    ]


def _unreadable(parsed: Parsed, verdict: Verdict) -> str:
    """Why the message is kept as a dead letter; empty for one that is an event."""
    if isinstance(verdict, Unanswerable):
        return "no ce-id: there is nobody to answer"
    if parsed.value is None and isinstance(verdict, Answered) and verdict.first:
        return "the data is no JSON object"
    return ""


def failure_of(parsed: Parsed, reason: str) -> Failure:
    """The message as a dead letter keeps it."""
    incoming = parsed.incoming
    headers = dict(incoming.headers)
    return Failure(STREAM, incoming.subject, headers, incoming.data, reason, incoming.deliveries)
