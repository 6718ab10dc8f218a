"""What happens to a draft. Nobody outside publishing hears of any of it: no contract is made of these.

What people wrote is sealed under a key of the draft, so that the log never shows the title of what may turn out to
be secret, and can be made to forget it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.personal import Erased, Personal
from services.publishing.domain.manuscript import Manuscript, Revises

_OF_DRAFT = Personal(subject_field="draft")
_OF_CONFIRMER = Personal(subject_field="confirmer_id")


class DraftEvent(DomainEvent):
    """What every event of a draft tells."""

    draft: str
    """Its stream, ``draft:<uuid>``; also the subject under whose key its texts are sealed."""
    organ: str
    by: str
    """Opaque id of the person."""
    at: datetime
    """When the command was decided (UTC)."""


class DraftSaved(DraftEvent):
    """Somebody wrote: the whole content as it is now."""

    NAME: ClassVar[str] = "draft.saved"

    content: Annotated[Manuscript | Erased, _OF_DRAFT]
    revises: Revises | None = None


class AttributeProposed(DraftEvent):
    """An editor proposed the disclosure attribute, with its ground."""

    NAME: ClassVar[str] = "attribute.proposed"

    attribute: str
    ground: Annotated[str | Erased, _OF_DRAFT]


class AttributeConfirmed(DraftEvent):
    """Another person confirmed it (《条例》第十七条)."""

    NAME: ClassVar[str] = "attribute.confirmed"

    confirmer_id: str
    """Opaque id under whose key the two fields below are sealed."""
    confirmer_name: Annotated[str | Erased | None, _OF_CONFIRMER] = None
    confirmer_post: Annotated[str | Erased | None, _OF_CONFIRMER] = None


class DraftReturned(DraftEvent):
    """A reviewer gave it back to be written anew."""

    NAME: ClassVar[str] = "draft.returned"

    reason: Annotated[str | Erased, _OF_DRAFT]


class DraftPublished(DraftEvent):
    """It became a record, or a record's next version; appended together with it."""

    NAME: ClassVar[str] = "draft.published"

    record_id: str
    index_number: str


class DraftDiscarded(DraftEvent):
    """It was given up."""

    NAME: ClassVar[str] = "draft.discarded"

    reason: Annotated[str | Erased, _OF_DRAFT]


DRAFT_EVENT_TYPES: tuple[type[DomainEvent], ...] = (
    DraftSaved,
    AttributeProposed,
    AttributeConfirmed,
    DraftReturned,
    DraftPublished,
    DraftDiscarded,
)
