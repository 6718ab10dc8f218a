"""A request as its history says it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.errors import UnknownEventType
from gongkai.eventstore.personal import ERASED, Erased
from services.requests.domain.events import (
    ApplicantErased,
    ApplicantRead,
    Decided,
    NoticeSettled,
    ReceiptConfirmed,
    ReceiptCorrected,
    RequestFacts,
    RequestSubmitted,
    SearchRecorded,
)
from services.requests.domain.facts import (
    Applicant,
    Channel,
    ClockEntry,
    Content,
    Delivery,
    Outcome,
    Phase,
    Reply,
    Search,
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Each axis is a field of its own: phase, outcome, delivery; the clock is derived from the days."""

    request_id: str
    number: str
    organ: str
    division: str
    applicant_id: str
    applicant_kind: str
    submitted_on: date
    applicant: Applicant | Erased
    content: Content | Erased
    phase: Phase = "submitted"
    outcome: Outcome = "none"
    delivery: Delivery = "none"
    received_on: date | None = None
    decided_on: date | None = None
    search: Search | Erased | None = None
    search_by: str = ""
    reply: Reply | Erased | None = None
    digests: tuple[str, ...] = ()
    notice: Channel = "none"
    erased: bool = False

    @property
    def clock(self) -> tuple[ClockEntry, ...]:
        """The legal days the clock reads, in their order of law."""
        days = {"submitted": self.submitted_on, "received": self.received_on, "decided": self.decided_on}
        return tuple(ClockEntry(what=what, on=on) for what, on in days.items() if on is not None)


NEW: Final[Request | None] = None
"""Where every request begins."""


def evolve(state: Request | None, event: DomainEvent) -> Request | None:
    """Apply one event.

    Raises:
        UnknownEventType: a request does not know it; nobody decides on half a history.
    """
    if isinstance(event, RequestSubmitted):
        return _submitted(event)
    if state is None:
        raise UnknownEventType(event.NAME, event.SCHEMA)
    if isinstance(event, RequestFacts):
        state = replace(state, phase=event.phase, outcome=event.outcome)
    return _evolve(state, event)


def _evolve(state: Request, event: DomainEvent) -> Request:
    match event:
        case ReceiptConfirmed(on=on) | ReceiptCorrected(on=on):
            return replace(state, received_on=on)
        case SearchRecorded(search=search, by=by):
            return replace(state, search=search, search_by=by)
        case Decided():
            return replace(
                state,
                decided_on=event.on,
                reply=event.reply,
                digests=event.digests,
                notice=event.notice,
                delivery="none" if event.notice == "none" else "sending",
            )
        case NoticeSettled(state=settled):
            return replace(state, delivery=settled)
        case ApplicantRead():
            return state
        case ApplicantErased(notice_dropped=dropped):
            gone = replace(state, erased=True, applicant=ERASED, content=ERASED)
            return replace(gone, delivery="failed") if dropped else gone
        case _:
            raise UnknownEventType(event.NAME, event.SCHEMA)


def _submitted(event: RequestSubmitted) -> Request:
    return Request(
        event.request_id,
        event.number,
        event.organ,
        event.division,
        event.applicant_id,
        event.applicant_kind,
        event.on,
        event.applicant,
        event.content,
    )
