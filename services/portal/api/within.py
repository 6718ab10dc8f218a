"""The division that an address of the interface names, with all that lies in it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request
from starlette.exceptions import HTTPException

from services.portal.places import Place
from services.portal.portal import portal_of

Within = Annotated[
    str, Path(description="6、9 或 12 位区划代码，包括其下各级", pattern=r"^(\d{6}|\d{9}|\d{12})$")
]


async def place_of(request: Request, division: str) -> Place:
    """Find it.

    Raises:
        HTTPException: 404, there is none.
    """
    place = (await portal_of(request).registry.divisions()).find(division)
    if place is None:
        raise HTTPException(404, f"没有区划 {division}。请用 /divisions 查区划代码。")
    return place
