"""A batch of departmental events decided in their order, each seeing what the ones before it did. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from gongkai.contracts.ingest import (
    IngestDocument,
    IngestEvent,
    IngestWithdrawal,
    ReplyAccepted,
    ReplyReason,
    ReplyRejected,
)
from gongkai.eventstore.codec import DomainEvent
from gongkai.refusal import Reason, Refusal
from services.publishing.domain.claims import edition_named
from services.publishing.domain.contents import Brought, Held
from services.publishing.domain.events import NumberTaken, RecordPublished, RecordWithdrawn
from services.publishing.domain.examine import examine
from services.publishing.domain.incoming import Incoming, Parsed, Understood, envelope_reasons, understand
from services.publishing.domain.number import SerialBook, book_of, record_stream
from services.publishing.domain.reasons import organ_ended, reason
from services.publishing.domain.record import RECORD, Enter, Record, Withdraw, outcome_of
from services.publishing.domain.registry import Organ, Registry
from services.publishing.domain.withdrawal import read_withdrawal

Reply = ReplyAccepted | ReplyRejected
PATIENCE: Final = 5
"""Deliveries of an event whose organ is not known; the last one refuses. Catalog's word may just be on its way."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The event has its answer."""

    reply: Reply
    fingerprint: bytes
    first: bool
    """False: the answer was given before and is only repeated, or must not be remembered under this id."""


@dataclass(frozen=True, slots=True)
class Postponed:
    """The event is to be delivered again later: its organ is not known yet."""


@dataclass(frozen=True, slots=True)
class Unanswerable:
    """The message is no event and has no id to answer to."""


Verdict = Answered | Postponed | Unanswerable


@dataclass(frozen=True, slots=True)
class Remembered:
    """An earlier answer of the ledger."""

    fingerprint: bytes
    reply: Reply


@dataclass(slots=True)
class Known:
    """What must be known to decide a batch; grows with each decision."""

    registry: Registry
    now: datetime
    today: date
    """The legal day of ``now``."""
    remembered: dict[str, Remembered] = field(default_factory=dict)
    """By command id."""
    held: dict[str, Held] = field(default_factory=dict)
    """By digest."""
    records: dict[str, Record] = field(default_factory=dict)
    """By record id; one that is missing has no history."""
    serials: dict[str, int] = field(default_factory=dict)
    """Last serial by serial stream; one that is missing is at 0."""


@dataclass(frozen=True, slots=True)
class Write:
    """Events of one stream, after ``expected`` earlier ones."""

    stream: str
    expected: int
    events: tuple[DomainEvent, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What one event of the batch leads to."""

    verdict: Verdict
    writes: tuple[Write, ...] = ()
    record_id: str = ""
    contents: tuple[Brought, ...] = ()
    """Inline contents to be stored."""
    withdrawn: RecordWithdrawn | None = None


Item = Parsed | Understood[IngestEvent]


def prepare(parsed: Parsed, remembered: Mapping[str, Remembered]) -> Item:
    """Read the fields of an event that will have to be decided; leave the others as they are."""
    undecided = parsed.incoming.event_id and parsed.incoming.command_id not in remembered
    if parsed.value is None or not undecided or envelope_reasons(parsed.incoming):
        return parsed
    return understand(parsed)


def decide_one(parsed: Parsed, item: Item, known: Known) -> Decision:
    """Decide one event, and let ``known`` have what follows from it."""
    incoming = parsed.incoming
    if not incoming.event_id:
        return Decision(Unanswerable())
    if (before := known.remembered.get(incoming.command_id)) is not None:
        if before.fingerprint == parsed.fingerprint:
            return Decision(Answered(before.reply, parsed.fingerprint, first=False))
        refused = rejected(incoming, (reason("event.id-reused"),))
        return Decision(Answered(refused, parsed.fingerprint, first=False))
    organ = known.registry.organs.get(incoming.organ)
    if organ is None and incoming.deliveries < PATIENCE and parsed.value is not None:
        return Decision(Postponed())
    decision = _decide_first(parsed, item, organ, known)
    if isinstance(decision.verdict, Answered):
        known.remembered[incoming.command_id] = Remembered(parsed.fingerprint, decision.verdict.reply)
    return decision


def rejected(incoming: Incoming, reasons: Sequence[Reason], edition: str = "") -> ReplyRejected:
    """The answer that tells every reason, and the edition where a claim was checked against one."""
    told = (ReplyReason(code=r.code, message=r.message_zh, field=r.field, article=r.article) for r in reasons)
    return ReplyRejected(event_id=incoming.event_id, reasons=tuple(told), edition=edition)


def _decide_first(parsed: Parsed, item: Item, organ: Organ | None, known: Known) -> Decision:
    """Decide an event that was never answered."""
    edition = ""
    try:
        understood = _understood(parsed, item)
        if organ is None or organ.heir:
            why = organ_ended(organ.heir, organ.heir_name) if organ else reason("organ.unknown")
            found = understood.every_reason((why,))
            return Decision(Answered(rejected(parsed.incoming, found), parsed.fingerprint, first=True))
        edition = _edition(understood, organ, known)
        return _decide_event(understood, organ, parsed.fingerprint, known)
    except Refusal as refusal:
        reply = rejected(parsed.incoming, refusal.reasons, edition)
        return Decision(Answered(reply, parsed.fingerprint, first=True))


def _edition(item: Understood[IngestEvent], organ: Organ, known: Known) -> str:
    """The edition the event's claims are checked against; empty where it makes none."""
    event = item.event
    return edition_named(event, organ, known.registry) if isinstance(event, IngestDocument) else ""


def _understood(parsed: Parsed, item: Item) -> Understood[IngestEvent]:
    """The event with its fields read, or the refusal of one that is no event of ours."""
    if parsed.value is None:
        raise Refusal(reason("event.unreadable"))
    if reasons := envelope_reasons(parsed.incoming):
        raise Refusal(*reasons)
    return item if isinstance(item, Understood) else understand(parsed)


def _decide_event(item: Understood[IngestEvent], organ: Organ, fingerprint: bytes, known: Known) -> Decision:
    record = known.records.get(item.record_id, RECORD.initial)
    book = book_of(organ.uscc, known.today)
    serial = known.serials.get(book.stream, 0)
    command = _command(item, organ, book.number(serial + 1), known)
    events = tuple(RECORD.decide(record, command))
    after = RECORD.fold(events, record)
    known.records[item.record_id] = after
    for one in item.contents.brought:
        if one.data is not None:
            known.held.setdefault(one.digest, Held(len(one.data)))
    return Decision(
        Answered(
            _accepted(item, after, events, command, _edition(item, organ, known)), fingerprint, first=True
        ),
        writes=_writes(item.record_id, record, events, book, serial, known),
        record_id=item.record_id,
        contents=tuple(one for one in item.contents.brought if one.data is not None) if events else (),
        withdrawn=next((event for event in events if isinstance(event, RecordWithdrawn)), None),
    )


def _command(item: Understood[Any], organ: Organ, number: str, known: Known) -> Enter | Withdraw:
    """The command an event gives, or its refusal with every reason of the event's own."""
    sent_at = min(item.incoming.sent_at, known.now) if item.incoming.sent_at else None
    if isinstance(item.event, IngestWithdrawal):
        read = read_withdrawal(item.event, organ=organ.code, today=known.today)
        found = item.every_reason(read.found)
        if not read.record_key and found:
            raise Refusal(*found)
        return Withdraw(item.record_id, read.reason, read.on, sent_at, found)
    event: IngestDocument = item.event
    try:
        draft = examine(
            event,
            item.contents,
            organ=organ,
            registry=known.registry,
            held=known.held,
            event_id=item.incoming.event_id,
            today=known.today,
        )
    except Refusal as refusal:
        found = item.every_reason(refusal.reasons)
        raise Refusal(*found) from refusal
    if item.malformed:
        raise Refusal(*item.malformed)
    return Enter(item.record_id, draft, number, sent_at)


def _writes(
    record_id: str,
    before: Record,
    events: tuple[DomainEvent, ...],
    book: SerialBook,
    serial: int,
    known: Known,
) -> tuple[Write, ...]:
    """The record's events, and with a new record its number: born in one append or not at all."""
    if not events:
        return ()
    writes = [Write(record_stream(record_id), before.version, events)]
    if isinstance(events[0], RecordPublished):
        taken = NumberTaken(index_number=book.number(serial + 1), record_id=record_id)
        writes.append(Write(book.stream, serial, (taken,)))
        known.serials[book.stream] = serial + 1
    return tuple(writes)


def _accepted(
    item: Understood[IngestEvent],
    after: Record,
    events: Sequence[DomainEvent],
    command: Enter | Withdraw,
    edition: str,
) -> ReplyAccepted:
    return ReplyAccepted(
        event_id=item.incoming.event_id,
        record_id=item.record_id,
        index_number=after.index_number,
        version=after.version,
        defects=command.draft.header.defects if isinstance(command, Enter) else (),
        edition=edition,
        outcome=outcome_of(events),
    )
