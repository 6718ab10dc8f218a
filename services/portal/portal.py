"""What every handler works with: the other services, the registry, the pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request

from gongkai.serving.clock import Clock
from gongkai.serving.settings import Settings
from services.portal.offices import Offices
from services.portal.pages import Pages, Where
from services.portal.registry import Registry

NO_DIVISION = "no-division"
"""Detail of the 404 that says the division does not exist."""
_PAGE_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Portal:
    """One portal."""

    offices: Offices
    registry: Registry
    pages: Pages
    settings: Settings
    clock: Clock

    async def where(self, request: Request, section: str = "", below: str = "") -> Where:
        """Return the division the address names, with what the frame around the page needs.

        Raises:
            HTTPException: 404, there is no such division.
        """
        divisions = await self.registry.divisions()
        place = divisions.find(request.path_params["div"])
        if place is None:
            raise HTTPException(404, NO_DIVISION)
        return Where(place, divisions, section, below, await self.registry.keeps_villages(place))

    async def where_of(self, division: str, section: str = "") -> Where:
        """Return the frame for a page that belongs to a division but does not name it."""
        divisions = await self.registry.divisions()
        place = divisions.find(division)
        kept = place is not None and await self.registry.keeps_villages(place)
        return Where(place, divisions, section, villages=kept)

    def base(self, request: Request) -> str:
        """The address the public uses, without a slash at its end."""
        return (self.settings.public_url or str(request.base_url)).rstrip("/")


def portal_of(request: Request) -> Portal:
    """The portal a request came to."""
    portal: Portal = request.app.state.portal
    return portal


def page_of(request: Request, *, most: int = 1000) -> int:
    """The page asked for, from 1.

    Raises:
        HTTPException: 400, it is no number or too large.
    """
    text = request.query_params.get("page", "1") or "1"
    if not (text.isascii() and text.isdecimal() and len(text) <= _PAGE_DIGITS and 1 <= int(text) <= most):
        raise HTTPException(400, f"页码应是 1 到 {most} 之间的整数")
    return int(text)
