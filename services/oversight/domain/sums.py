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

from services.oversight.domain.alignment import Given, Key, Statement, begins, newest

SUMMED: Final = ("amount", "people", "households")


class SumState(StrEnum):
    """How a sum stands to the whole."""

    DISAGREE = "disagree"
    """All have spoken and it differs, or it exceeds the whole already."""
    AGREE = "agree"
    INCOMPLETE = "incomplete"
    """Some have not spoken yet, and there is room for them."""


@dataclass(frozen=True, slots=True)
class Sum:
    """One field of a matter, place and period."""

    key: Key
    field: str
    whole: Given
    organ: str
    """Who published the whole."""
    parts: Mapping[str, Given]
    """Place below → what it says of itself."""
    places: int
    """How many places lie directly below."""
    total: Decimal
    state: SumState


Parent = Callable[[str, str], str]
"""Place and period → what it lay in directly; empty for the topmost."""
Below = Callable[[str, str], Collection[str]]
"""Place and period → the places that were there directly below it; nothing where it is not known."""


def sums(statements: Iterable[Statement], parent: Parent, below: Below) -> list[Sum]:
    """Add up; by matter, place and period as they come, fields in their order."""
    own: dict[Key, list[Statement]] = defaultdict(list)
    for one in statements:
        if one.division == one.key.place:
            own[one.key].append(one)
    children: dict[Key, list[Key]] = defaultdict(list)
    for key in own:
        above = Key(key.matter, parent(key.place, key.period), key.period)
        if above in own:
            children[above].append(key)
    found: list[Sum] = []
    for key, parts in children.items():
        said = {part.place: newest(own[part]) for part in parts}
        known = {*below(key.place, key.period), *said}
        found += _added(key, own[key], said, len(known))
    found.sort(key=lambda one: (one.key.matter, one.key.place))
    found.sort(key=lambda one: (begins(one.key.period), one.key.period), reverse=True)
    return found


def _added(
    key: Key, own: Collection[Statement], said: Mapping[str, Mapping[str, Given]], places: int
) -> Iterable[Sum]:
    whole = newest(own)
    organ_of = {one.index_number: one.organ for one in own}
    for field in SUMMED:
        parts = {place: values[field] for place, values in sorted(said.items()) if field in values}
        if field not in whole or not parts:
            continue
        total = sum((_number(part) for part in parts.values()), Decimal())
        state = _state(total, _number(whole[field]), complete=len(parts) == places)
        yield Sum(key, field, whole[field], organ_of[whole[field].index_number], parts, places, total, state)


def _state(total: Decimal, whole: Decimal, *, complete: bool) -> SumState:
    if total > whole or (complete and total < whole):
        return SumState.DISAGREE
    return SumState.AGREE if complete else SumState.INCOMPLETE


def _number(given: Given) -> Decimal:
    assert isinstance(given.value, Decimal | int)
    return Decimal(given.value)
