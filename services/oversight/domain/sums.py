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
Own = Mapping[str, Mapping[Key, Number]]
"""What each place says of itself: field → whose, number."""
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
    by_key: dict[Key, list[Sum]] = defaultdict(list)
    for field in SUMMED:
        numbers = own.get(field, {})
        children: dict[Key, list[Key]] = defaultdict(list)
        for key in numbers:
            above = Key(key.matter, parent(key.place, key.period), key.period)
            if above in numbers:
                children[above].append(key)
        for key, lower in children.items():
            parts = {one.place: numbers[one] for one in sorted(lower)}
            places = len({*below(key.place, key.period), *parts})
            total = sum(parts.values())
            state = _state(total, numbers[key], complete=len(parts) == places)
            by_key[key].append(Sum(key, field, numbers[key], parts, places, total, state))
    return [one for key in ordered(by_key) for one in by_key[key]]


def own_words(statements: Iterable[Statement]) -> list[Statement]:
    """Keep what is said of a place by a record about that place itself."""
    return [one for one in statements if one.division == one.key.place]


def _state(total: Number, whole: Number, *, complete: bool) -> SumState:
    if total > whole or (complete and total < whole):
        return SumState.DISAGREE
    return SumState.AGREE if complete else SumState.INCOMPLETE
