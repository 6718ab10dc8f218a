"""Divisions, domains, organs, and which catalogue is in force where, kept for a while: pages are asked for every second.

A catalogue is kept for seconds only, the others for a minute. Records and rows are never kept: a withdrawal shows at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import grpc
from grpc import aio

from gongkai.divisions import stem
from gongkai.rpc.catalog.v1 import catalog_pb2 as pb
from gongkai.rpc.catalog.v1 import catalogues_pb2, villages_pb2
from services.portal.keeping import Kept
from services.portal.offices import Offices
from services.portal.places import Divisions, Place

CATALOGUE_SECONDS: Final = 5.0
"""A new edition shows at the next look; a first one, or a new domain, after at most this."""
_MOST_ORGANS: Final = 500
_PAGE: Final = 1000


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
                return Divisions.of(by_code)

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
