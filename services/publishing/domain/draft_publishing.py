"""Whether a draft may become public, by the examination a department's document passes, and what follows when it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gongkai.contracts.ingest import IngestConfirmer
from gongkai.eventstore.codec import DomainEvent
from gongkai.refusal import Reason, Refusal
from services.publishing.domain.contents import HeldContents, read_contents
from services.publishing.domain.draft import OPEN, Draft
from services.publishing.domain.draft_events import DraftPublished
from services.publishing.domain.draft_rules import PUBLISH, Order, stale, standing
from services.publishing.domain.events import NumberTaken, RecordPublished
from services.publishing.domain.examine import examine
from services.publishing.domain.header import Draft as Publishable
from services.publishing.domain.manuscript import document_of
from services.publishing.domain.number import SerialBook, record_id_of
from services.publishing.domain.personal import personal_reasons_of_body
from services.publishing.domain.reasons import organ_ended, reason
from services.publishing.domain.record import RECORD, Enter, Record
from services.publishing.domain.registry import Organ, Registry
from services.publishing.domain.staff_words import to_staff


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What must be known to examine a draft."""

    organ: Organ
    registry: Registry
    held: HeldContents
    """What the content store knows of the draft's files."""
    body_text: str
    """The body's text, where it is one; looked through for personal numbers."""
    record: Record
    """The record it revises, or the one it would become, as it is now."""
    today: date


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of it."""

    publishable: Publishable | None
    reasons: tuple[Reason, ...]
    """Everything that stands against publishing; empty exactly where there is something publishable."""

    @property
    def defects(self) -> tuple[str, ...]:
        """What a migrated record would still lack."""
        return self.publishable.header.defects if self.publishable else ()


@dataclass(frozen=True, slots=True)
class Publication:
    """The events of publishing: of the draft, of its record, and of the serial of a new one."""

    draft_events: tuple[DomainEvent, ...]
    record_id: str
    record_events: tuple[DomainEvent, ...]
    number_taken: NumberTaken | None
    record: Record
    """As it is afterwards."""


def record_of(draft: Draft) -> str:
    """The id of the record the draft revises, or is going to become."""
    return draft.revises.record_id if draft.revises else record_id_of(draft.organ, draft.id)


def examined(draft: Draft, around: Surroundings, *, attribute: str = "") -> Examined:
    """Examine the content. What only the review can bring (attribute, ground, confirmer) counts as there until it is due.

    Args:
        draft: what was written.
        around: what is known.
        attribute: one that is about to be proposed, instead of the draft's own.
    """
    reviewed = draft.phase == "confirmed"
    known = draft.confirmer
    confirmer = IngestConfirmer(name="-", post="-")
    if reviewed:
        confirmer = IngestConfirmer(name=known.name if known else "", post=known.post if known else "")
    settled = attribute or (draft.attribute if draft.phase in {"proposed", "confirmed"} else "")
    document = document_of(
        draft.content,
        organ=draft.organ,
        division=around.organ.division,
        record_key=draft.revises.record_key if draft.revises else draft.id,
        attribute=settled or "proactive",
        ground=draft.ground or "-",
        confirmer=confirmer,
        provenance=draft.revises.provenance if draft.revises else "live",
    )
    publishable, reasons = None, _of_the_whole(draft, around)
    try:
        publishable = examine(
            document,
            read_contents(document),
            organ=around.organ,
            registry=around.registry,
            held=around.held,
            event_id=draft.id,
            today=around.today,
            by_hand=True,
        )
    except Refusal as refusal:
        reasons += refusal.reasons
    reasons += personal_reasons_of_body("body", around.body_text)
    told = tuple(dict.fromkeys(map(to_staff, reasons)))
    return Examined(None if told else publishable, told)


def publish(
    draft: Draft,
    order: Order,
    around: Surroundings,
    *,
    book: SerialBook,
    serial: int,
) -> Publication:
    """Publish a confirmed draft: its record's events and its own, to be appended together.

    Args:
        draft: as it is now.
        order: who publishes.
        around: what is known.
        book: the organ's serials of this month.
        serial: the last one taken.

    Raises:
        Refusal: with every reason.
    """
    if draft.phase not in OPEN:  # what was published differs from the record it has become: that is no reason
        raise Refusal(*standing(draft, PUBLISH, order.by))
    found = examined(draft, around)
    against = standing(draft, PUBLISH, order.by) + stale(draft, order.expected_version)
    if found.publishable is None or against:
        raise Refusal(*dict.fromkeys([*against, *found.reasons]))
    record_id = record_of(draft)
    sent_at = act_time(around.record, order.at)
    command = Enter(record_id, found.publishable, book.number(serial + 1), sent_at)
    events: Sequence[DomainEvent] = RECORD.decide(around.record, command)
    if not events:
        raise Refusal(reason("draft.unchanged"))
    record = RECORD.fold(events, around.record)
    own = DraftPublished(
        draft=draft.stream,
        organ=draft.organ,
        by=order.by,
        at=order.at,
        record_id=record_id,
        index_number=record.index_number,
    )
    new = isinstance(events[0], RecordPublished)
    taken = NumberTaken(index_number=record.index_number, record_id=record_id) if new else None
    return Publication((own,), record_id, tuple(events), taken, record)


def act_time(record: Record, at: datetime) -> datetime:
    """When an act of the staff counts as made: now, and never before the last event applied.

    An event its department made before it, and that comes later, is stale: it knows nothing of the act. One made after
    it is applied, for the department is the source.
    """
    return max(at, record.sent_at) if record.sent_at else at


def _of_the_whole(draft: Draft, around: Surroundings) -> list[Reason]:
    """Whether the record is still the one that was opened, and somebody stands for the attribute."""
    found = []
    if around.record.version != (draft.revises.base_version if draft.revises else 0):
        found.append(reason("draft.record-changed"))
    if around.organ.heir and draft.revises is None:  # what it published may still be mended
        found.append(organ_ended(around.organ.heir, around.organ.heir_name))
    if draft.phase == "confirmed" and draft.confirmer is None:  # erased; a migrated record would list it only
        found.append(reason("confirmer.missing"))
    if not draft.content.files and not _migrated(draft):
        found.append(reason("content.nothing"))
    return found


def _migrated(draft: Draft) -> bool:
    """A migrated record may be a header whose text nobody holds any more; mending it must not need the text."""
    return draft.revises is not None and draft.revises.provenance == "migration"
