"""A draft as its history says it is: drafting → proposed → confirmed → published, returned to drafting, or discarded.

From the proposal on the content stands still until a reviewer returns it: what a reviewer confirms is what they have
read, and what is published is what was confirmed. (Were a change allowed and the proposal void by it, a reviewer
could confirm a text that came under their eyes.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.errors import UnknownEventType
from services.publishing.domain.draft_events import (
    AttributeConfirmed,
    AttributeProposed,
    DraftDiscarded,
    DraftEvent,
    DraftPublished,
    DraftReturned,
    DraftSaved,
)
from services.publishing.domain.header import Confirmer
from services.publishing.domain.manuscript import Manuscript, Revises

Phase = Literal["drafting", "proposed", "confirmed", "published", "discarded"]
PHASES: Final[tuple[Phase, ...]] = ("drafting", "proposed", "confirmed", "published", "discarded")
OPEN: Final[frozenset[Phase]] = frozenset({"drafting", "proposed", "confirmed"})
"""Phases in which something is still to be done."""


_EMPTY: Final = Manuscript()


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a draft."""

    at: datetime
    staff: str
    what: str
    """saved, proposed, confirmed, returned, published, discarded."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft after its events."""

    stream: str = ""
    version: int = 0
    organ: str = ""
    phase: Phase = "drafting"
    content: Manuscript = _EMPTY
    revises: Revises | None = None
    attribute: str = ""
    """As proposed last; kept through a return, for the next proposal."""
    ground: str = ""
    proposed_by: str = ""
    confirmed_by: str = ""
    confirmer: Confirmer | None = None
    """Name and post, sealed in the log; None before the confirmation and once erased."""
    returned_because: str = ""
    record_id: str = ""
    """Of the record it revises, or has become."""
    index_number: str = ""
    steps: tuple[Step, ...] = ()
    """Newest last."""

    @property
    def id(self) -> str:
        """Its uuid."""
        return draft_id_of(self.stream)


def draft_stream(draft_id: str) -> str:
    """The stream of a draft."""
    return f"draft:{draft_id}"


def draft_id_of(stream: str) -> str:
    """The draft of a stream."""
    return stream.removeprefix("draft:")


def evolve(draft: Draft, event: DomainEvent) -> Draft:
    """The draft after an event."""
    if not isinstance(event, DraftEvent):
        raise UnknownEventType(event.NAME, event.SCHEMA)
    before = replace(draft, stream=event.draft, organ=event.organ, version=draft.version + 1)
    match event:
        case DraftSaved():
            return _saved(before, event)
        case AttributeProposed():
            after = replace(
                before,
                phase="proposed",
                attribute=event.attribute,
                ground=_text(event.ground),
                proposed_by=event.by,
                returned_because="",
            )
            return _step(after, event, "proposed", _text(event.ground))
        case AttributeConfirmed():
            name, post = _text(event.confirmer_name), _text(event.confirmer_post)
            known = Confirmer(name=name, post=post) if name and post else None
            after = replace(before, phase="confirmed", confirmed_by=event.by, confirmer=known)
            return _step(after, event, "confirmed")
        case DraftReturned():
            why = _text(event.reason)
            after = replace(
                before,
                phase="drafting",
                proposed_by="",
                confirmed_by="",
                confirmer=None,
                returned_because=why,
            )
            return _step(after, event, "returned", why)
        case DraftPublished():
            after = replace(
                before, phase="published", record_id=event.record_id, index_number=event.index_number
            )
            return _step(after, event, "published", event.index_number)
        case DraftDiscarded():
            return _step(replace(before, phase="discarded"), event, "discarded", _text(event.reason))
    raise UnknownEventType(event.NAME, event.SCHEMA)


def fold(events: Sequence[DomainEvent]) -> Draft:
    """The draft of a whole history."""
    draft = Draft()
    for event in events:
        draft = evolve(draft, event)
    return draft


def _saved(before: Draft, event: DraftSaved) -> Draft:
    content = event.content if isinstance(event.content, Manuscript) else Manuscript()
    after = replace(before, content=content, revises=event.revises)
    if event.revises is not None:
        after = replace(after, record_id=event.revises.record_id, index_number=event.revises.index_number)
    return _step(after, event, "saved")


def _step(draft: Draft, event: DraftEvent, what: str, note: str = "") -> Draft:
    return replace(draft, steps=(*draft.steps, Step(event.at, event.by, what, note)))


def _text(sealed: object) -> str:
    return sealed if isinstance(sealed, str) else ""  # an erased text reads as none
