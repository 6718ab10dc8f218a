"""What happens to a catalogue while its next edition is drafted: the events of ``catalogue:<id>``."""

from __future__ import annotations

from typing import ClassVar

from gongkai.eventstore.codec import DomainEvent
from services.catalog.domain.editions import EditionPublished


class CatalogueFounded(DomainEvent):
    """A division has a catalogue."""

    NAME: ClassVar[str] = "catalogue.founded"

    catalogue: str
    """The division's code, or ``guide``."""
    division: str
    level: str
    upper: str
    title: str


class EditionOpened(DomainEvent):
    """The next edition is being drafted."""

    NAME: ClassVar[str] = "edition.opened"

    catalogue: str
    number: int
    upper_edition: int
    title: str


class UpperTaken(DomainEvent):
    """The draft stands on another edition of the catalogue above."""

    NAME: ClassVar[str] = "edition.upper_taken"

    catalogue: str
    upper_edition: int


class EditionProposed(DomainEvent):
    """The draft waits for another person's review."""

    NAME: ClassVar[str] = "edition.proposed"

    catalogue: str
    by: str
    """The actor, who may not publish it."""
    note: str


class EditionReturned(DomainEvent):
    """The reviewer sent the draft back, or its proposer took it back."""

    NAME: ClassVar[str] = "edition.returned"

    catalogue: str
    reason: str


class EditionDiscarded(DomainEvent):
    """The draft was given up; everything in it is again as it stands in the edition in force."""

    NAME: ClassVar[str] = "edition.discarded"

    catalogue: str
    number: int
    """Of the draft; the next one gets it again."""
    reason: str


DraftEvent = (
    CatalogueFounded | EditionOpened | UpperTaken | EditionProposed | EditionReturned | EditionDiscarded
)
CatalogueEvent = DraftEvent | EditionPublished
