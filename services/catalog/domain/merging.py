"""From what stands above and how we stand to it: our rows, and what must be decided before they can be published.

Both are functions of those two alone. A cell we did not adapt follows; one that we adapted keeps our text as long as
the text above is what we decided against, or has become ours; else somebody must decide. Nothing is overwritten in
silence, and nothing that was decided is asked again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.catalog.domain.rows import Changes, MatterRow, changes_between
from services.catalog.domain.stances import (
    UNDECIDED,
    Kind,
    MatterRejoined,
    MatterReleased,
    MatterRestored,
    Stance,
    StanceEvent,
    evolve,
)

_EMPTY: Final[Mapping[str, MatterRow]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Upper:
    """The catalogue above, at the edition a draft stands on, as far as it concerns the lower one."""

    rows: Mapping[str, MatterRow] = field(default_factory=lambda: _EMPTY)
    """Matter → row."""
    gone: Mapping[str, MatterRow] = field(default_factory=lambda: _EMPTY)
    """Matters that stood there once and do not now: as they stood last."""


class State(StrEnum):
    """Where a matter is."""

    IN = "in"
    LEFT_OUT = "left_out"
    OUT = "out"


class Asked(StrEnum):
    """What can be in need of a decision."""

    NEW_ABOVE = "new_above"
    CHANGED_BOTH = "changed_both"
    GONE_ABOVE = "gone_above"


ANSWERS: Final[Mapping[Asked, tuple[str, ...]]] = MappingProxyType(
    {
        Asked.NEW_ABOVE: ("adopt", "set", "leave_out"),
        Asked.CHANGED_BOTH: ("hold", "restore", "set", "leave_out"),
        Asked.GONE_ABOVE: ("drop", "keep"),
    }
)
"""The edits that settle it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What must be decided before the edition can be proposed."""

    kind: Asked
    field: str = ""
    """Of `CHANGED_BOTH`: the cell, with the text we decided against, the text above now, and our own."""
    was: str = ""
    upper: str = ""
    own: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A matter as it would be published."""

    state: State
    row: MatterRow | None = None
    """Of one that is left out or in question: as it stands above, or stood last."""
    differs: Changes = field(default_factory=dict)
    """From the catalogue above."""
    added: bool = False
    """Does not stand above."""
    reason: str = ""
    questions: tuple[Question, ...] = ()


_OUT: Final = Standing(State.OUT)


def settle(stance: Stance, upper: MatterRow | None) -> list[StanceEvent]:
    """Give what the catalogue above has decided for us: recorded with the next edit of the matter, or at publishing.

    Args:
        stance: ours.
        upper: the row above; None where there is none.
    """
    if upper is None:
        follows = stance.kind is Kind.LEFT_OUT or (stance.kind is Kind.ADOPTED and not stance.adapted)
        return [MatterReleased()] if follows else []
    if stance.kind is Kind.OWN:
        assert stance.row is not None, "a matter of our own has a row"
        return [MatterRejoined(changes=changes_between(upper, stance.row))]
    dissolved = tuple(name for name, change in stance.adapted.items() if change.now == getattr(upper, name))
    return [MatterRestored(fields=dissolved)] if dissolved else []


def settled(stance: Stance, upper: MatterRow | None) -> Stance:
    """Give the stance after `settle`."""
    for event in settle(stance, upper):
        stance = evolve(stance, event)
    return stance


def stand(stance: Stance, upper: MatterRow | None, gone: MatterRow | None = None) -> Standing:
    """Give one matter as it would be published.

    Args:
        stance: ours.
        upper: the row above; None where there is none.
        gone: the row as it stood above last, where it stood there and does not now.
    """
    stance = settled(stance, upper)
    match stance.kind:
        case Kind.OWN:
            return Standing(State.IN, stance.row, added=True)
        case Kind.NONE if upper is not None:
            return Standing(State.OUT, upper, questions=(Question(Asked.NEW_ABOVE),))
        case Kind.LEFT_OUT:
            return Standing(State.LEFT_OUT, upper, reason=stance.reason)
        case Kind.ADOPTED if upper is not None:
            return _adopted(stance, upper)
        case Kind.ADOPTED:
            assert gone is not None, "what was adopted stood above"
            kept = gone.put({name: change.now for name, change in stance.adapted.items()})
            return Standing(State.IN, kept, added=True, questions=(Question(Asked.GONE_ABOVE),))
        case _:
            return Standing(State.OUT, reason=stance.reason)


def merge(upper: Upper, stances: Mapping[str, Stance]) -> dict[str, Standing]:
    """Give every matter that stands above or that we have a stance to, by id."""
    identities = sorted({*upper.rows, *stances})
    return {
        identity: stand(stances.get(identity, UNDECIDED), upper.rows.get(identity), upper.gone.get(identity))
        for identity in identities
    }


def resolve(upper: Upper, stances: Mapping[str, Stance]) -> dict[str, MatterRow]:
    """Give the rows that would be published, by id of the matter."""
    return {
        identity: standing.row
        for identity, standing in merge(upper, stances).items()
        if standing.state is State.IN and standing.row is not None
    }


def questions(upper: Upper, stances: Mapping[str, Stance]) -> Iterator[tuple[str, Question]]:
    """Give what must be decided: matter and question."""
    for identity, standing in merge(upper, stances).items():
        for question in standing.questions:
            yield identity, question


def _adopted(stance: Stance, upper: MatterRow) -> Standing:
    asked = tuple(
        Question(Asked.CHANGED_BOTH, name, change.was, getattr(upper, name), change.now)
        for name, change in stance.adapted.items()
        if getattr(upper, name) != change.was
    )
    row = upper.put({name: change.now for name, change in stance.adapted.items()})
    return Standing(State.IN, row, changes_between(upper, row), reason=stance.reason, questions=asked)
