"""What a subscription covers: topics × places, a place with everything below it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final

from gongkai.successions import Successions

ALL: Final = "all"
"""The topic that every record has."""
DIVISION_CODE: Final = re.compile(r"\d{12}")
_STEMS: Final = (2, 4, 6, 9, 12)
"""Digits that name a province, city, county, township and village (统计用区划代码)."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to be told of."""

    topics: frozenset[str]
    """Domain codes, or ``ALL``."""
    places: frozenset[str]
    """Division codes of 12 digits."""

    def covers(self, domain: str | None, division: str) -> bool:
        """Tell whether a record of this domain and division is wanted."""
        return self.wants(domain, divisions_above(division))

    def wants(self, domain: str | None, places: frozenset[str]) -> bool:
        """Tell whether a record of this domain that belongs to these places is wanted."""
        return not self.topics.isdisjoint(topics_of(domain)) and not self.places.isdisjoint(places)


def topics_of(domain: str | None) -> frozenset[str]:
    """The topics a record has."""
    return frozenset({ALL, domain}) if domain else frozenset({ALL})


def divisions_above(division: str) -> frozenset[str]:
    """The division itself and every one it lies in."""
    return frozenset(division[:digits].ljust(12, "0") for digits in _STEMS)


def places_of(division: str, day: date, successions: Successions) -> frozenset[str]:
    """The places whose subscribers a record of a division concerns: those above, and the ended ones these stand for."""
    above = divisions_above(division)
    return above.union(*(successions.followed_by(one, day) for one in above))


def faults_of(topics: Collection[str], places: Collection[str]) -> list[str]:
    """Name the places that are no division codes and the topics that are no codes."""
    bad = [place for place in places if not DIVISION_CODE.fullmatch(place)]
    return bad + [topic for topic in topics if not re.fullmatch(r"[0-9A-Za-z-]{1,20}", topic)]
