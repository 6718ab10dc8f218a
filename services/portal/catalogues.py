"""The catalogue a page of a division shows: its own or the nearest above, the edition asked for, and their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request

from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from gongkai.serving.clock import legal_day
from services.portal.pages import Where
from services.portal.places import Divisions, Place
from services.portal.portal import Portal, portal_of
from services.portal.rowwords import ABOVE, GUIDE

_EDITION: Final = re.compile(r"([a-z0-9]{1,12})-([1-9][0-9]{0,3})")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,3}")
_TOKEN: Final = 200
_GUIDE_NAME: Final = "国家试点领域标准指引"


@dataclass(frozen=True, slots=True)
class InForce:
    """The catalogue in force for a division."""

    place: Place
    divisions: Divisions
    catalogue: pb.Catalogue
    domains: Sequence[pb.DomainCount]

    @property
    def exists(self) -> bool:
        """Whether anything is published at all."""
        return bool(self.catalogue.id)

    @property
    def borrowed(self) -> bool:
        """Whether it is another division's, for want of one of its own."""
        return self.catalogue.division != self.place.code or self.catalogue.id == GUIDE

    @property
    def keeper(self) -> str:
        """Whose it is."""
        return catalogue_name(self.catalogue.id, self.divisions)

    @property
    def above(self) -> str:
        """What the catalogue above is called."""
        return ABOVE.get(self.catalogue.level, "上级目录") if self.catalogue.upper else ""

    def domain_name(self, code: str) -> str:
        """Name of a domain; the code itself where it is unknown."""
        return next((one.name for one in self.domains if one.code == code), code)

    def slug_of(self, catalogue: str) -> str:
        """The division code by which addresses show a catalogue; empty where no page shows it."""
        place = self.divisions.find(catalogue) if catalogue.isdecimal() else None
        return place.slug if place else ""

    def name_of(self, catalogue: str) -> str:
        """Whose a catalogue is."""
        return catalogue_name(catalogue, self.divisions)


@dataclass(frozen=True, slots=True)
class When:
    """The edition a reader asks for: by day, by number, or (neither) the one in force."""

    on: str = ""
    edition: int = 0

    @property
    def asked(self) -> bool:
        """Whether one was named."""
        return bool(self.on or self.edition)

    @property
    def parameters(self) -> dict[str, object]:
        """As addresses say it."""
        return {"on": self.on, "edition": self.edition or ""}


async def in_force(portal: Portal, where: Where) -> InForce:
    """The catalogue of the division a page names; of one that ended and had none, what stood above it, not its heir's."""
    assert where.place is not None
    assert where.divisions is not None
    told = await portal.registry.catalogue(where.place)
    if where.place.heir and told.catalogue.division != where.place.code:
        above = where.divisions.find(where.place.parent)
        told = await portal.registry.catalogue(above) if above else told
    return InForce(where.place, where.divisions, told.catalogue, told.domains)


def when_of(request: Request) -> When:
    """``?on=`` or ``?edition=``.

    Raises:
        HTTPException: 400, it is no day or no number, or a day that is yet to come.
    """
    on, edition = request.query_params.get("on", "").strip(), request.query_params.get("edition", "").strip()
    if on:
        try:
            day = date.fromisoformat(on)
        except ValueError:
            raise HTTPException(400, "日期应写作 2026-11-23 这样的年-月-日") from None
        if day > legal_day(portal_of(request).clock()):
            raise HTTPException(400, "这一天还没有到，那时施行哪一版现在不知道；请选今天或者以前的日期")
        return When(on=day.isoformat())
    if edition and not _NUMBER.fullmatch(edition):
        raise HTTPException(400, "目录版次应是 1、2、3 这样的数字")
    return When(edition=int(edition or 0))


def edition_of(text: str) -> tuple[str, int] | None:
    """An edition as addresses name it, ``341323000000-2``: catalogue and number; None where it is none."""
    match = _EDITION.fullmatch(text)
    return (match[1], int(match[2])) if match else None


def edition_id(edition: pb.Edition) -> str:
    """How addresses name an edition."""
    return f"{edition.catalogue}-{edition.number}"


def token_of(request: Request, name: str = "after") -> str:
    """Where a list goes on, as the service named it."""
    return request.query_params.get(name, "")[:_TOKEN]


def catalogue_name(catalogue: str, divisions: Divisions) -> str:
    """Whose a catalogue is: the division's name."""
    return _GUIDE_NAME if catalogue == GUIDE else divisions.name_of(catalogue)
