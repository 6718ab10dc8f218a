"""What is asked of a request. A day is ``None`` where what was given is no date."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from services.requests.domain.acts import ActCode
from services.requests.domain.facts import Applicant, Content, ReplyFile


@dataclass(frozen=True, slots=True)
class Submission:
    """A new request: cleaned and checked, with everything that was drawn for it."""

    request_id: str
    number: str
    applicant_id: str
    organ: str
    division: str
    applicant: Applicant
    content: Content
    on: date


@dataclass(frozen=True, slots=True)
class ConfirmReceipt:
    """Both sides confirmed it on a legal day; None: what was given is no date."""

    on: date | None
    proof: str
    told_due_on: date | None = None
    told_provisional: bool = False


@dataclass(frozen=True, slots=True)
class CorrectReceipt:
    """The day was recorded wrongly."""

    on: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class RecordSearch:
    """The organ looked."""

    on: date | None
    places: str
    words: str
    result: str
    by: str


@dataclass(frozen=True, slots=True)
class Decide:
    """The organ answers."""

    outcome: str
    on: date | None
    text: str
    files: tuple[ReplyFile, ...] = ()
    unknown_files: int = 0
    """Files named that were not uploaded for this request."""


@dataclass(frozen=True, slots=True)
class ReadApplicant:
    """Somebody of the staff opens the applicant's data."""

    by: str


@dataclass(frozen=True, slots=True)
class EraseApplicant:
    """Destroy the applicant's data for ever."""

    reason: str
    notice_dropped: bool = field(default=False, compare=False)


Command = ConfirmReceipt | CorrectReceipt | RecordSearch | Decide | ReadApplicant | EraseApplicant


def act_of(command: Command) -> ActCode:
    """Name the act a command is."""
    match command:
        case ConfirmReceipt():
            return "confirm_receipt"
        case CorrectReceipt():
            return "correct_receipt"
        case RecordSearch():
            return "record_search"
        case Decide(outcome=outcome):
            return "not_held" if outcome == "not_held" else "disclose"
        case ReadApplicant():
            return "read_applicant"
        case EraseApplicant():
            return "erase"
