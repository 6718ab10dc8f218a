"""What county, township and village say in figures of the same matter, place and period, held beside each other.

The plan asks that the same matter has the same content at every level (§二（五）11: 相同事项的公开内容对应一致).

- Only the very same period is compared: a quarter stands beside that quarter, never beside its months, since a month's
  figure may rightly be less, and what the other months were nobody has said.
- A level is the level of the division a record is about, not of the organ that published it: what a township's office
  publishes for a village is said at the village.
- One organ has one voice at a level. Field by field its newest record counts; a later record that is silent about a field
  takes nothing back, so that nobody makes a disagreement vanish by publishing less.
- A figure is of its place as it stood when the period began: see `place_in`.
- What only one voice gives is neither agreed nor disagreed with.
- The topmost level that gives a figure is what the others are measured by. Whoever below it agrees with none of its values
  must explain; where that level is of two minds, all of it must explain too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from gongkai.divisions import level_of
from gongkai.successions import Successions

Value = Decimal | int | date

FIELDS: Final = ("amount", "people", "households", "on")
LEVELS: Final = ("city", "county", "township", "village")
"""From the top."""
_RANK: Final = {level: rank for rank, level in enumerate(LEVELS)}


class State(StrEnum):
    """How the figures of a matter, place and period stand to each other."""

    DISAGREE = "disagree"
    """At least one field differs."""
    AGREE = "agree"
    """At least one field was given by two voices, and none differs."""
    ALONE = "alone"
    """No field was given by two voices: there is nothing to hold beside."""


class Key(NamedTuple):
    """What figures are of; only those of the same are compared."""

    matter: str
    place: str
    """12 digits, as it stood in the period."""
    period: str


@dataclass(frozen=True, slots=True)
class Statement:
    """The figures of one record of one place and period."""

    key: Key
    division: str
    """Whom the record is about: the place, or what it lies in; as it stood in the period."""
    organ: str
    """Code of whom it is asked of today: the publisher, or what follows it."""
    index_number: str
    published_on: date
    version: int
    amount: Decimal | None = None
    """Yuan."""
    people: int | None = None
    households: int | None = None
    on: date | None = None

    @property
    def level(self) -> str:
        """At which level it is said."""
        return level_of(self.division)

    @property
    def age(self) -> tuple[date, int, str]:
        """Grows with newness; the index number decides between records of a day, so that the answer is always the same."""
        return (self.published_on, self.version, self.index_number)


@dataclass(frozen=True, slots=True)
class Given:
    """One value of a voice, and the record that says it."""

    value: Value
    index_number: str
    published_on: date


@dataclass(frozen=True, slots=True)
class Voice:
    """What one organ says at one level."""

    level: str
    organ: str
    values: Mapping[str, Given]
    """Field → its newest value; fields never given are missing."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field whose values differ."""

    field: str
    reference: tuple[Voice, ...]
    """The voices of the topmost level that gives it."""
    explaining: tuple[Voice, ...]
    """Who must say why, from the top."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The voices on a matter, place and period, from the top."""

    key: Key
    voices: tuple[Voice, ...]
    state: State
    differences: tuple[Difference, ...] = ()

    @property
    def explaining(self) -> tuple[str, ...]:
        """Codes of the organs that must explain, each once, from the top."""
        return tuple(dict.fromkeys(voice.organ for one in self.differences for voice in one.explaining))


@lru_cache(maxsize=4096)
def begins(period: str) -> date:
    """Give the first day of a period: 2026, 2026-Q3 or 2026-09."""
    year, _, rest = period.partition("-")
    month = 1 if not rest else (int(rest[1:]) - 1) * 3 + 1 if rest.startswith("Q") else int(rest)
    return date(int(year), month, 1)


def place_in(place: str, period: str, ends: Successions) -> str:
    """Give the place a figure is of: itself, or, where it had ended before the period began, what followed it.

    A figure of a time before a merger stays the figure of the place it was said of: two townships that became one do
    not contradict each other. What is still said under the old code of a time after it is said of the successor.
    """
    return ends.heir(place, begins(period))


def compare(statements: Iterable[Statement]) -> list[Comparison]:
    """Hold statements beside each other; the newest period first, then by matter and place."""
    by_key: dict[Key, list[Statement]] = defaultdict(list)
    for one in statements:
        by_key[one.key].append(one)
    return [compare_one(key, by_key[key]) for key in ordered(by_key)]


def ordered(keys: Iterable[Key]) -> list[Key]:
    """Give keys in their order: the newest period first, then by matter and place."""
    return sorted(sorted(keys), key=lambda key: (begins(key.period), key.period), reverse=True)


def compare_one(key: Key, statements: Sequence[Statement]) -> Comparison:
    """Hold the statements of one key beside each other."""
    voices = _voices(statements)
    together = [field for field in FIELDS if sum(field in voice.values for voice in voices) > 1]
    differences = tuple(found for field in together if (found := _difference(field, voices)))
    state = State.DISAGREE if differences else State.AGREE if together else State.ALONE
    return Comparison(key, voices, state, differences)


def newest(statements: Iterable[Statement]) -> dict[str, Given]:
    """Give each field as the newest of the statements has it that gives it."""
    values: dict[str, Given] = {}
    for one in sorted(statements, key=lambda one: one.age):
        for field in FIELDS:
            value = getattr(one, field)
            if value is not None:
                values[field] = Given(value, one.index_number, one.published_on)
    return values


def _voices(statements: Sequence[Statement]) -> tuple[Voice, ...]:
    by_voice: dict[tuple[str, str], list[Statement]] = defaultdict(list)
    for one in statements:
        by_voice[one.level, one.organ].append(one)
    ordered = sorted(by_voice, key=lambda each: (_RANK[each[0]], each[1]))
    return tuple(Voice(level, organ, newest(by_voice[level, organ])) for level, organ in ordered)


def _difference(field: str, voices: Sequence[Voice]) -> Difference | None:
    giving = [voice for voice in voices if field in voice.values]
    reference = [voice for voice in giving if voice.level == giving[0].level]
    said = {voice.values[field].value for voice in reference}
    below = [voice for voice in giving[len(reference) :] if voice.values[field].value not in said]
    explaining = [*(reference if len(said) > 1 else ()), *below]
    return Difference(field, tuple(reference), tuple(explaining)) if explaining else None
