"""Folding a history into a state."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

import pytest

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.decider import Decider, Folded
from gongkai.eventstore.errors import UnknownEventType
from gongkai.eventstore.event import StoredEvent
from gongkai.refusal import Reason, Refusal

pytestmark = pytest.mark.domain


class Counted(DomainEvent):
    """The count went up."""

    NAME: ClassVar[str] = "counter.counted"

    by: int


class Cleared(DomainEvent):
    """Something this fold knows nothing of."""

    NAME: ClassVar[str] = "shelf.cleared"


def decide(state: int, by: int) -> list[Counted]:
    if state + by > 10:
        raise Refusal(Reason("counter.full", "计数已满。"))
    return [Counted(by=by)] if by else []


def evolve(state: int, event: DomainEvent) -> int:
    match event:
        case Counted(by=by):
            return state + by
        case _:
            raise UnknownEventType(event.NAME, event.SCHEMA)


COUNTER: Decider[int, int, DomainEvent] = Decider(initial=0, decide=decide, evolve=evolve)


def recorded(version: int, by: int) -> StoredEvent:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return StoredEvent(
        version, "counter:1", version, UUID(int=version), Counted.NAME, Counted(by=by), "a", "c", at
    )


def test_a_history_folds_to_a_state_and_the_version_to_expect() -> None:
    """Given three events, the state is what they add up to, at version 3."""
    assert COUNTER.load([recorded(1, 2), recorded(2, 3), recorded(3, 1)]) == Folded(6, 3)


def test_a_thing_without_history_is_at_version_nought() -> None:
    """Nothing happened: the initial state, version 0."""
    assert COUNTER.load([]) == Folded(0, 0)


def test_a_decision_folds_onto_the_state_it_was_made_on() -> None:
    """Given a state, when a command is decided, then the new state follows from its events alone."""
    state = COUNTER.fold([Counted(by=4)])
    assert COUNTER.fold(COUNTER.decide(state, 5), state) == 9


def test_a_refused_command_changes_nothing() -> None:
    """A refusal carries its reasons and no events."""
    with pytest.raises(Refusal) as refusal:
        COUNTER.decide(9, 5)
    assert [reason.code for reason in refusal.value.reasons] == ["counter.full"]


def test_an_event_of_another_thing_stops_the_fold() -> None:
    """A fold never passes over what it does not understand."""
    with pytest.raises(UnknownEventType):
        COUNTER.fold([Counted(by=1), Cleared()])
