"""The events of a request's life.

What others are told of carries the whole public state (``RequestFacts``), so that a relay maps one event to one
contract without reading the rest of the log. Personal data, and every text in which somebody may have written of a
person, is sealed under ``applicant_id``: destroying that one key makes all of it unreadable.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Final

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.personal import Erased, Personal
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

_SEALED: Final = Personal(subject_field="applicant_id")


class RequestFacts(DomainEvent):
    """A request as it stands after the event, without a word of who asked or for what."""

    request_id: str
    number: str
    organ: str
    division: str
    applicant_id: str
    """Opaque; the subject under whose key everything personal is sealed."""
    applicant_kind: str
    """A column of the annual report; says nothing of the person."""
    phase: Phase
    outcome: Outcome = "none"
    clock: tuple[ClockEntry, ...] = ()


class RequestSubmitted(RequestFacts):
    """Somebody asked for information."""

    NAME: ClassVar[str] = "request.submitted"

    on: date
    applicant: Annotated[Applicant | Erased, _SEALED]
    content: Annotated[Content | Erased, _SEALED]


class ReceiptConfirmed(RequestFacts):
    """Both sides confirmed the receipt (Art. 31(三)): the clock of Art. 33 runs from ``on``."""

    NAME: ClassVar[str] = "request.receipt_confirmed"

    on: date
    proof: Annotated[str | Erased, _SEALED]
    told_due_on: date | None
    """What the applicant was told then; what is due now is derived anew each time."""
    told_provisional: bool


class ReceiptCorrected(RequestFacts):
    """The day of receipt had been recorded wrongly."""

    NAME: ClassVar[str] = "request.receipt_corrected"

    on: date
    reason: Annotated[str | Erased, _SEALED]


class SearchRecorded(DomainEvent):
    """The organ looked for the information."""

    NAME: ClassVar[str] = "request.search_recorded"

    request_id: str
    applicant_id: str
    by: str
    search: Annotated[Search | Erased, _SEALED]


class Decided(RequestFacts):
    """The organ decided; ``on`` is the day of the answer."""

    NAME: ClassVar[str] = "request.decided"

    on: date
    reply: Annotated[Reply | Erased, _SEALED]
    digests: tuple[str, ...]
    """Of the reply's files, to destroy them by when the applicant is erased."""
    notice: Channel
    """Which way the applicant is told that there is a decision."""


class NoticeSettled(DomainEvent):
    """What became of the notice."""

    NAME: ClassVar[str] = "request.notice_settled"

    request_id: str
    state: Delivery


class ApplicantRead(DomainEvent):
    """Somebody of the staff opened the applicant's data."""

    NAME: ClassVar[str] = "request.applicant_read"

    request_id: str
    by: str


class ApplicantErased(RequestFacts):
    """The key of everything personal was destroyed, and the reply's files with it."""

    NAME: ClassVar[str] = "request.applicant_erased"

    on: date
    reason: str
    """Must hold no personal data: nothing can be sealed for this person any more."""
    notice_dropped: bool
    """A notice that had not been asked for yet: it never will be."""


class NumberTaken(DomainEvent):
    """A registration number was given out; the version in its stream is the serial."""

    NAME: ClassVar[str] = "request.number_taken"

    number: str
    request_id: str


RequestEvent = (
    RequestSubmitted
    | ReceiptConfirmed
    | ReceiptCorrected
    | SearchRecorded
    | Decided
    | NoticeSettled
    | ApplicantRead
    | ApplicantErased
)

EVENT_TYPES: Final[tuple[type[DomainEvent], ...]] = (
    RequestSubmitted,
    ReceiptConfirmed,
    ReceiptCorrected,
    SearchRecorded,
    Decided,
    NoticeSettled,
    ApplicantRead,
    ApplicantErased,
    NumberTaken,
)
