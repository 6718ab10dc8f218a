"""What is said of a duty that comes due: soon, then overdue, each once for a due day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.errors import UnknownEventType
from services.oversight.domain.coverage import Standing, State


class DutyFacts(DomainEvent):
    """A duty as it stood when it was found due."""

    organ: str
    organ_name: str
    division: str
    matter: str
    title: str
    domain: str
    edition: str
    """``<catalogue>-<number>``."""
    time_limit: str
    due_on: date
    said_on: date
    """The legal day of the round that found it."""
    last_published_on: date | None = None


class DutyDueSoon(DutyFacts):
    """The due day is near."""

    NAME: ClassVar[str] = "duty.due_soon"

    days_left: int
    """Working days to the due day."""


class DutyOverdue(DutyFacts):
    """The due day is over."""

    NAME: ClassVar[str] = "duty.overdue"


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of a duty, by due day."""

    soon: frozenset[date] = frozenset()
    overdue: frozenset[date] = frozenset()


NOTHING = Told()


@dataclass(frozen=True, slots=True)
class Found:
    """A duty as a round finds it."""

    facts: DutyFacts
    standing: Standing


def duty_stream(organ: str, matter: str) -> str:
    """Give the stream of a duty."""
    return f"duty:{organ}/{matter}"


def decide(told: Told, found: Found) -> list[DutyDueSoon | DutyOverdue]:
    """Say what was not said of this due day yet. That it was overdue makes it pointless to say that it comes."""
    facts, standing = found.facts, found.standing
    if standing.state is State.OVERDUE and facts.due_on not in told.overdue:
        return [DutyOverdue(**facts.model_dump())]
    if standing.state is State.DUE_SOON and facts.due_on not in told.soon | told.overdue:
        return [DutyDueSoon(**facts.model_dump(), days_left=standing.left)]
    return []


def evolve(told: Told, event: DomainEvent) -> Told:
    """Remember what was said.

    Raises:
        UnknownEventType: an event of another thing.
    """
    match event:
        case DutyDueSoon():
            return Told(told.soon | {event.due_on}, told.overdue)
        case DutyOverdue():
            return Told(told.soon, told.overdue | {event.due_on})
        case _:
            raise UnknownEventType(event.NAME, event.SCHEMA)


def fold(events: Iterable[DomainEvent]) -> Told:
    """Give what was said, from a duty's whole history."""
    told = NOTHING
    for event in events:
        told = evolve(told, event)
    return told
