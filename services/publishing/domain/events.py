"""What happens in publishing. These are private to the service; what others are told is made of them in relaying."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.personal import Erased, Personal
from services.publishing.domain.header import Header


class RecordEntered(DomainEvent):
    """A new version of a record became public: its whole header. Base of the three ways this happens."""

    NAME: ClassVar[str] = "record.entered"

    record_id: str
    record_key: str
    """The department's own id."""
    index_number: str
    header: Header
    sent_at: datetime | None
    """When the department's system made the event (its clock)."""
    confirmer_id: str
    """Opaque id of this version's confirmer: the subject under whose key the two fields below are sealed."""
    confirmer_name: Annotated[str | Erased | None, Personal(subject_field="confirmer_id")] = None
    confirmer_post: Annotated[str | Erased | None, Personal(subject_field="confirmer_id")] = None


class RecordPublished(RecordEntered):
    """A record became public for the first time."""

    NAME: ClassVar[str] = "record.published"


class RecordRevised(RecordEntered):
    """A public record got a new version from its department."""

    NAME: ClassVar[str] = "record.revised"


class RecordRepublished(RecordEntered):
    """A withdrawn record was made public again by a later event of its department."""

    NAME: ClassVar[str] = "record.republished"


class RecordWithdrawn(DomainEvent):
    """A record is no longer public."""

    NAME: ClassVar[str] = "record.withdrawn"

    record_id: str
    index_number: str
    organ: str
    organ_name: str
    division: str
    kind: str
    withdrawn_on: date
    reason: str
    sent_at: datetime | None


class NumberTaken(DomainEvent):
    """The next index number of an organ's month was given to a record; the stream's version is the serial."""

    NAME: ClassVar[str] = "serial.taken"

    index_number: str
    record_id: str


class ContentDestroyed(DomainEvent):
    """The bytes of a digest are gone for ever."""

    NAME: ClassVar[str] = "content.destroyed"

    digest: str
    record_ids: tuple[str, ...]
    division: str
    """Of the first record that used it; the city's or an organ's subject needs one."""
    destroyed_on: date
    reason: str


EVENT_TYPES: tuple[type[DomainEvent], ...] = (
    RecordPublished,
    RecordRevised,
    RecordRepublished,
    RecordWithdrawn,
    NumberTaken,
    ContentDestroyed,
)
