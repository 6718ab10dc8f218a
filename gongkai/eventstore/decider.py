"""Deciding, as three values: where a thing starts, what may happen to it, and what each happening does to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Generic, Protocol, TypeVar

State = TypeVar("State")
Command = TypeVar("Command")
Event = TypeVar("Event")
Event_co = TypeVar("Event_co", covariant=True)


class Recorded(Protocol[Event_co]):
    """What a fold needs of a stored event."""

    @property
    def version(self) -> int:
        """Place in the stream."""

    @property
    def data(self) -> Event_co:
        """The domain event."""


@dataclass(frozen=True, slots=True)
class Folded(Generic[State]):
    """A thing as its history says it is."""

    state: State
    version: int
    """The version to expect when appending; 0 for a thing without history."""


@dataclass(frozen=True, slots=True)
class Decider(Generic[State, Command, Event]):
    """The rules of one kind of thing; pure. Time, ids and law come to ``decide`` inside the command.

    ``Event`` is usually ``DomainEvent``: ``evolve`` matches on the events of its thing, and its last case raises
    ``UnknownEventType``, for a fold that passes over what it does not understand decides on half a history.
    """

    initial: State
    decide: Callable[[State, Command], Sequence[Event]]
    """The events that follow, or raises ``Refusal`` with every reason."""
    evolve: Callable[[State, Event], State]
    """The state after an event. Never refuses: what is in the log has happened."""

    def fold(self, events: Iterable[Event], state: State | None = None) -> State:
        """The state after these events, from ``state`` or from the beginning."""
        return reduce(self.evolve, events, self.initial if state is None else state)

    def load(self, history: Sequence[Recorded[Event]]) -> Folded[State]:
        """The state of a loaded stream, with the version to expect."""
        state = self.fold(recorded.data for recorded in history)
        return Folded(state, history[-1].version if history else 0)
