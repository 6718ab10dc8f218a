"""A place's own figure beside the sum of what the places directly below it say of themselves.

Amounts, people and households only: days have no sum. Where not all places below have spoken the sum is incomplete, and
less than the whole says nothing; more than the whole is wrong whatever the others will say. Whoever published the whole must
explain: only there are all parts in sight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from services.oversight.domain.alignment import Key, Statement, ordered

SUMMED: Final = ("amount", "people", "households")


class SumState(StrEnum):
    """How a sum stands to the whole."""

    DISAGREE = "disagree"
    """All have spoken and it differs, or it exceeds the whole already."""
    AGREE = "agree"
    INCOMPLETE = "incomplete"
    """Some have not spoken yet, and there is room for them."""


Number = Decimal | int
Own = Mapping[Key, Mapping[str, Number]]
"""What each place says of itself: field → number."""
Parent = Callable[[str, str], str]
"""Place and period → what it lay in directly; empty for the topmost."""
Below = Callable[[str, str], Collection[str]]
"""Place and period → the places that were there directly below it; nothing where it is not known."""


@dataclass(frozen=True, slots=True)
class Sum:
    """One field of a matter, place and period."""

    key: Key
    field: str
    whole: Number
    parts: Mapping[str, Number]
    """Place below → what it says of itself."""
    places: int
    """How many places lie directly below."""
    total: Number
    state: SumState


def sums(own: Own, parent: Parent, below: Below) -> list[Sum]:
    """Add up; the newest period first, then by matter and place, fields in their order."""
    children: dict[Key, list[Key]] = defaultdict(list)
    for key in own:
        above = Key(key.matter, parent(key.place, key.period), key.period)
        if above in own:
            children[above].append(key)
    found: list[Sum] = []
    for key in ordered(children):
        parts = children[key]
        said = {part.place: own[part] for part in parts}
        known = {*below(key.place, key.period), *said}
        found += _added(key, own[key], said, len(known))
    return found


def own_words(statements: Iterable[Statement]) -> list[Statement]:
    """Keep what is said of a place by a record about that place itself."""
    return [one for one in statements if one.division == one.key.place]


def _added(
    key: Key, own: Mapping[str, Number], said: Mapping[str, Mapping[str, Number]], places: int
) -> Iterable[Sum]:
    for field in SUMMED:
        parts = {place: values[field] for place, values in sorted(said.items()) if field in values}
        if field not in own or not parts:
            continue
        total = sum(parts.values())
        state = _state(total, own[field], complete=len(parts) == places)
        yield Sum(key, field, own[field], parts, places, total, state)


def _state(total: Number, whole: Number, *, complete: bool) -> SumState:
    if total > whole or (complete and total < whole):
        return SumState.DISAGREE
    return SumState.AGREE if complete else SumState.INCOMPLETE
