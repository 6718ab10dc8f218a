"""Divisions, domains, organs, and which catalogue is in force where, kept for a while: pages are asked for every second.

A catalogue is kept for seconds only, the others for a minute. Records and rows are never kept: a withdrawal shows at once.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final, Generic, TypeVar

import grpc
import structlog
from grpc import aio

from gongkai.divisions import stem
from gongkai.rpc.catalog.v1 import catalog_pb2 as pb
from gongkai.rpc.catalog.v1 import catalogues_pb2, villages_pb2
from gongkai.serving.errors import is_unavailable
from services.portal.offices import Offices
from services.portal.villagewords import village_name

FRESH_SECONDS: Final = 60.0
CATALOGUE_SECONDS: Final = 5.0
"""A new edition shows at the next look; a first one, or a new domain, after at most this."""
_MOST_ORGANS: Final = 500
_PAGE: Final = 1000
_FULL: Final = 12
_LEVEL_DIGITS: Final = {"city": 6, "county": 6, "township": 9, "village": 12}

T = TypeVar("T")
_log = structlog.get_logger()


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


@dataclass(frozen=True, slots=True)
class Domains:
    """The domains of the edition in force."""

    edition: str
    listed: Sequence[pb.Domain]

    def find(self, code: str) -> pb.Domain | None:
        """Find a domain by code."""
        return next((domain for domain in self.listed if domain.code == code), None)

    def name_of(self, code: str) -> str:
        """Name of a domain; the code itself where it is unknown."""
        domain = self.find(code)
        return domain.name if domain else code

    @property
    def matters(self) -> int:
        """How many matters they have together."""
        return sum(domain.matter_count for domain in self.listed)


class Kept(Generic[T]):
    """A value read again after a while; while its owner does not answer, the last one stays in use."""

    def __init__(
        self,
        read: Callable[[], Awaitable[T]],
        now: Callable[[], float] = time.monotonic,
        seconds: float = FRESH_SECONDS,
    ) -> None:
        self._read = read
        self._seconds = seconds
        self._now = now
        self._lock = asyncio.Lock()
        self._value: T | None = None
        self._until = 0.0

    async def get(self) -> T:
        """Return the value, read not longer ago than that if its owner answers.

        Raises:
            AioRpcError: it was never read, and cannot be now.
        """
        if self._value is not None and self._now() < self._until:
            return self._value
        async with self._lock:
            if self._value is None or self._now() >= self._until:
                await self._renew()
        assert self._value is not None
        return self._value

    async def _renew(self) -> None:
        try:
            self._value = await self._read()
        except aio.AioRpcError as error:
            if self._value is None or not is_unavailable(error):
                raise
            _log.warning("registry not answering; its last answer stays in use", why=error.code().name)
        self._until = self._now() + self._seconds


class Registry:
    """What the portal keeps of catalog."""

    def __init__(self, offices: Offices) -> None:
        self._offices = offices
        self._divisions = Kept(self._read_divisions)
        self._domains = Kept(self._read_domains)
        self._changed = Kept(self._read_changed)
        self._villages = Kept(self._read_villages)
        self._catalogues: dict[str, Kept[catalogues_pb2.GetCatalogueResponse]] = {}
        self._organs: dict[str, Kept[Mapping[str, str]]] = {}

    async def divisions(self) -> Divisions:
        """All divisions."""
        return await self._divisions.get()

    async def domains(self) -> Domains:
        """The domains of the edition in force."""
        return await self._domains.get()

    async def catalogue(self, place: Place) -> catalogues_pb2.GetCatalogueResponse:
        """The catalogue in force for a division: its own, or the nearest one above it; empty where there is none."""
        if place.code not in self._catalogues:
            read = partial(self._read_catalogue, place.code)
            self._catalogues[place.code] = Kept(read, seconds=CATALOGUE_SECONDS)
        return await self._catalogues[place.code].get()

    async def domains_of(self, place: Place) -> Domains:
        """The domains of the catalogue in force for a division, then those only the city has.

        While nobody answers for catalogues, the city's.
        """
        known, told = await asyncio.gather(self.domains(), self.catalogue(place), return_exceptions=True)
        if isinstance(known, BaseException):
            raise known
        if isinstance(told, BaseException):
            if not isinstance(told, aio.AioRpcError):
                raise told
            return known
        own = [
            pb.Domain(code=one.code, seq=one.seq, name=one.name, matter_count=one.matters)
            for one in told.domains
        ]
        codes = {one.code for one in own}
        only_above = [
            pb.Domain(code=one.code, seq=one.seq, name=one.name)
            for one in known.listed
            if one.code not in codes
        ]
        if not own:
            return known
        return Domains(known.edition, tuple(sorted((*own, *only_above), key=lambda domain: domain.seq)))

    async def organs(self, place: Place) -> Mapping[str, str]:
        """Code and name of the organs of a division; below the city also of what lies in it."""
        if place.code not in self._organs:
            self._organs[place.code] = Kept(partial(self._read_organs, place))
        return await self._organs[place.code].get()

    async def changed_organs(self) -> Mapping[str, pb.Organ]:
        """The organs that bore another name or have ended, and those in their place; by code."""
        return await self._changed.get()

    async def keeps_villages(self, place: Place) -> bool:
        """Whether a division is, or holds, a village with a list; no while nobody answers."""
        try:
            found = await self._villages.get()
        except aio.AioRpcError:
            return False
        return any(code.startswith(stem(place.code)) for code in found)

    async def _read_villages(self) -> frozenset[str]:
        found: set[str] = set()
        token = ""
        while True:
            asked = villages_pb2.ListVillageListsRequest(page_size=_PAGE, page_token=token, brief=True)
            page = await self._offices.villages.ListVillageLists(asked)
            found |= {one.list.village for one in page.lists}
            token = page.next_page_token
            if not token:
                return frozenset(found)

    async def _read_divisions(self) -> Divisions:
        by_code: dict[str, Place] = {}
        token = ""
        while True:
            request = pb.ListDivisionsRequest(page_size=_PAGE, page_token=token)
            page = await self._offices.catalog.ListDivisions(request)
            for one in page.divisions:
                by_code[one.code] = Place.of(one)
            token = page.next_page_token
            if not token:
                return _divisions(by_code)

    async def _read_catalogue(self, code: str) -> catalogues_pb2.GetCatalogueResponse:
        asked = catalogues_pb2.GetCatalogueRequest(id=code, or_above=True)
        try:
            return await self._offices.catalogues.GetCatalogue(asked)
        except aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return catalogues_pb2.GetCatalogueResponse()
            raise

    async def _read_organs(self, place: Place) -> Mapping[str, str]:
        asked = pb.ListOrgansRequest(
            division=place.code, include_below=place.level != "city", page_size=_MOST_ORGANS
        )
        told = await self._offices.catalog.ListOrgans(asked)
        return {organ.code: organ.name for organ in told.organs}

    async def _read_changed(self) -> Mapping[str, pb.Organ]:
        found: dict[str, pb.Organ] = {}
        token = ""
        while True:
            asked = pb.ListOrgansRequest(page_size=_PAGE, page_token=token)
            page = await self._offices.catalog.ListOrgans(asked)
            found |= {organ.code: organ for organ in page.organs}
            token = page.next_page_token
            if not token:
                break
        changed = {code for code, organ in found.items() if organ.heir or organ.former_names}
        return {code: found[code] for code in changed | {found[one].heir for one in changed} if code in found}

    async def _read_domains(self) -> Domains:
        answer = await self._offices.catalog.ListDomains(pb.ListDomainsRequest())
        return Domains(answer.edition, tuple(sorted(answer.domains, key=lambda domain: domain.seq)))


def _divisions(by_code: Mapping[str, Place]) -> Divisions:
    below: dict[str, list[Place]] = defaultdict(list)
    for place in by_code.values():
        parent = by_code.get(place.parent)
        if not place.heir:
            below[parent.heir if parent and parent.heir else place.parent].append(place)
    return Divisions(by_code, dict(below))
