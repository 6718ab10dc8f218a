"""Divisions as pages show them, and what lies in what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from gongkai.rpc.catalog.v1 import catalog_pb2 as pb
from services.portal.villagewords import village_name

_FULL: Final = 12
_LEVEL_DIGITS: Final = {"city": 6, "county": 6, "township": 9, "village": 12}


@dataclass(frozen=True, slots=True)
class Place:
    """A division as pages show it."""

    code: str
    """12 digits."""
    name: str
    level: str
    """city, county, township or village."""
    parent: str
    ended_on: str = ""
    """The first day without it, as ISO writes it; it may lie ahead."""
    successor: str = ""
    end_kind: str = ""
    basis: str = ""
    heir: str = ""
    """What stands in its place today; empty while it is there."""
    predecessors: tuple[str, ...] = ()
    """Ended divisions elsewhere that it stands for."""
    former_names: tuple[pb.FormerName, ...] = ()
    newest_name: str = ""
    """Decided, not borne yet."""

    @classmethod
    def of(cls, told: pb.Division) -> Place:
        """Make one of catalog's answer."""
        return cls(
            told.code, village_name(told.name) if told.level == "village" else told.name, told.level, told.parent, told.ended_on, told.successor, told.end_kind,
            told.basis, told.heir, tuple(told.predecessors), tuple(told.former_names), told.newest_name,
        )  # fmt: skip

    @property
    def last_day(self) -> str:
        """The last day on which it is there; empty where no end was decided."""
        return str(date.fromisoformat(self.ended_on) - timedelta(days=1)) if self.ended_on else ""

    @property
    def slug(self) -> str:
        """The code as addresses write it: 6, 9 or 12 digits."""
        return self.code[: _LEVEL_DIGITS.get(self.level, _FULL)]


@dataclass(frozen=True, slots=True)
class Divisions:
    """All divisions of the city."""

    by_code: Mapping[str, Place]
    below: Mapping[str, Sequence[Place]]
    """Code → the divisions that are there directly below it, or below what it follows."""

    @classmethod
    def of(cls, by_code: Mapping[str, Place]) -> Divisions:
        """Make it of every division by code: what ended is below nothing, what moved along is below what followed."""
        below: dict[str, list[Place]] = defaultdict(list)
        for place in by_code.values():
            parent = by_code.get(place.parent)
            if not place.heir:
                below[parent.heir if parent and parent.heir else place.parent].append(place)
        return cls(by_code, dict(below))

    @property
    def city(self) -> Place | None:
        """The city itself; None before the registry has one."""
        return next((place for place in self.by_code.values() if place.level == "city"), None)

    @property
    def counties(self) -> Sequence[Place]:
        """Counties, districts and parks, by code."""
        return [place for place in self.by_code.values() if place.level == "county" and not place.heir]

    def find(self, code: str) -> Place | None:
        """Find a division by 6, 9 or 12 digits."""
        return self.by_code.get(code.ljust(_FULL, "0"))

    def name_of(self, code: str) -> str:
        """Name of a division; the code itself where it is unknown."""
        place = self.find(code)
        return place.name if place else code

    def county_of(self, place: Place) -> Place | None:
        """The county a division lies in, itself included; None for the city."""
        here: Place | None = place
        while here is not None and here.level != "county":
            here = self.standing(here.parent)
        return here

    def standing(self, code: str) -> Place | None:
        """The division, or what stands in its place today."""
        place = self.by_code.get(code)
        return self.by_code.get(place.heir) if place is not None and place.heir else place

    def above(self, place: Place) -> list[Place]:
        """What the division lies in, from the city down, without itself."""
        found: list[Place] = []
        here = self.standing(place.parent)
        while here is not None:
            found.insert(0, here)
            here = self.standing(here.parent)
        return found
