"""The life of one record: published, revised, withdrawn, published again by its department.

A document for a withdrawn record publishes it again as its next version: withdrawing and correcting is how a
department mends a mistake, and its number is its address for ever. What was withdrawn does not come back by
accident: an event that was answered before is answered from the ledger without deciding anew, and an event its
sender made before the last one applied is refused as stale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.decider import Decider
from gongkai.eventstore.errors import UnknownEventType
from gongkai.refusal import Reason, Refusal
from services.publishing.domain.events import (
    RecordEntered,
    RecordPublished,
    RecordRepublished,
    RecordRevised,
    RecordWithdrawn,
)
from services.publishing.domain.header import Confirmer, Draft, Header
from services.publishing.domain.reasons import reason

Outcome = Literal["published", "revised", "withdrawn", "unchanged"]


@dataclass(frozen=True, slots=True)
class Record:
    """A record as its history says it is."""

    version: int = 0
    public: bool = False
    index_number: str = ""
    record_key: str = ""
    """The id its department, or its first draft, gave it."""
    header: Header | None = None
    """Of the last version that was public; None before the first."""
    confirmer: tuple[object, object] = (None, None)
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Enter:
    """Publish a draft: as a new record or as a new version."""

    record_id: str
    draft: Draft
    index_number: str
    """The number a new record gets; one that has a number keeps it."""
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Make a record no longer public."""

    record_id: str
    reason: str
    on: date
    sent_at: datetime | None
    found: tuple[Reason, ...] = ()
    """What was found wrong with the event itself; told together with what the record refuses."""


def decide(record: Record, command: Enter | Withdraw) -> Sequence[DomainEvent]:
    """What follows from a command; nothing when it changes nothing.

    Raises:
        Refusal: the record is unknown, or already holds a later event of its department.
    """
    return _enter(record, command) if isinstance(command, Enter) else _withdraw(record, command)


def evolve(record: Record, event: DomainEvent) -> Record:
    """The record after an event."""
    match event:
        case RecordEntered():
            return Record(
                version=record.version + 1,
                public=True,
                index_number=event.index_number,
                record_key=event.record_key,
                header=event.header,
                confirmer=(event.confirmer_name, event.confirmer_post),
                sent_at=event.sent_at or record.sent_at,
            )
        case RecordWithdrawn():
            return replace(
                record, version=record.version + 1, public=False, sent_at=event.sent_at or record.sent_at
            )
        case _:
            raise UnknownEventType(event.NAME, event.SCHEMA)


RECORD: Decider[Record, Enter | Withdraw, DomainEvent] = Decider(Record(), decide, evolve)


def outcome_of(events: Sequence[DomainEvent]) -> Outcome:
    """The word a department is answered with."""
    match events:
        case []:
            return "unchanged"
        case [RecordPublished() | RecordRepublished()]:
            return "published"
        case [RecordRevised()]:
            return "revised"
        case _:
            return "withdrawn"


def _enter(record: Record, command: Enter) -> Sequence[DomainEvent]:
    if _is_stale(record, command.sent_at):
        raise Refusal(reason("event.stale"))
    header, confirmer = _header_now(record, command.draft), command.draft.confirmer
    if record.public and header == record.header and _same_confirmer(record, confirmer):
        return []
    event_type = (
        RecordPublished if record.header is None else RecordRevised if record.public else RecordRepublished
    )
    return [
        event_type(
            record_id=command.record_id,
            record_key=command.draft.record_key,
            index_number=record.index_number or command.index_number,
            header=header,
            sent_at=command.sent_at,
            confirmer_id=f"confirmer:{command.record_id}:{record.version + 1}",
            confirmer_name=confirmer.name if confirmer else None,
            confirmer_post=confirmer.post if confirmer else None,
        )
    ]


def _header_now(record: Record, draft: Draft) -> Header:
    """The draft's header with the day the record was first public, unless the draft brings that day itself."""
    if record.header is None or draft.dated:
        return draft.header
    return draft.header.model_copy(update={"published_on": record.header.published_on})


def _same_confirmer(record: Record, confirmer: Confirmer | None) -> bool:
    """Whether the confirmer is the one recorded; one whose name was erased counts as the same."""
    given = (confirmer.name, confirmer.post) if confirmer else (None, None)
    return all(
        not isinstance(was, str | None) or was == now
        for was, now in zip(record.confirmer, given, strict=True)
    )


def _withdraw(record: Record, command: Withdraw) -> Sequence[DomainEvent]:
    reasons = list(command.found)
    if record.header is None:
        reasons.append(reason("record.unknown"))
    elif _is_stale(record, command.sent_at):
        reasons.append(reason("event.stale"))
    if reasons:
        raise Refusal(*reasons)
    if not record.public or record.header is None:
        return []
    return [
        RecordWithdrawn(
            record_id=command.record_id,
            index_number=record.index_number,
            organ=record.header.organ,
            organ_name=record.header.organ_name,
            division=record.header.division,
            kind=record.header.kind,
            withdrawn_on=command.on,
            reason=command.reason,
            sent_at=command.sent_at,
        )
    ]


def _is_stale(record: Record, sent_at: datetime | None) -> bool:
    return sent_at is not None and record.sent_at is not None and sent_at < record.sent_at
