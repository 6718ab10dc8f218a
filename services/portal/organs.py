"""Whose desk it is: the organs somebody of the staff works for, and the one they chose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from grpc import aio
from starlette.requests import Request

from gongkai.rpc.catalog.v1 import catalog_pb2
from gongkai.security.permissions import Role
from services.portal.clients import Signed
from services.portal.portal import portal_of

MOST: Final = 2000
_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """The organs somebody may look at, and the one looked at."""

    organs: tuple[tuple[str, str], ...]
    """Code and name, the person's own first."""
    chosen: str

    @property
    def name(self) -> str:
        """Name of the chosen one."""
        return next((name for code, name in self.organs if code == self.chosen), self.chosen)


async def organs_of(request: Request, signed: Signed, *roles: Role) -> Choice:
    """The organs at which somebody has one of the roles; ``?organ=`` or the form's choice picks one of them.

    Raises:
        AioRpcError: catalog is away, and somebody has a whole division.
    """
    names: dict[str, str] = {}
    own = signed.staff.organ
    for grant in signed.staff.grants:
        if grant.role in roles and grant.organ:
            names[grant.organ] = (
                signed.organ_name if grant.organ == own else await _name(request, grant.organ)
            )
    for grant in signed.staff.grants:
        if grant.role in roles and not grant.organ and grant.division:
            names = {**await _below(request, grant.division), **names}
    organs = tuple(sorted(names.items(), key=lambda one: one[0] != own))
    wanted = request.query_params.get("organ", "")
    chosen = wanted if wanted in names else (organs[0][0] if organs else "")
    return Choice(organs, chosen)


async def _below(request: Request, division: str) -> dict[str, str]:
    names: dict[str, str] = {}
    token = ""
    while len(names) < MOST:
        asked = catalog_pb2.ListOrgansRequest(
            division=division, include_below=True, page_size=_PAGE, page_token=token
        )
        told = await portal_of(request).offices.catalog.ListOrgans(asked)
        names |= {organ.code: organ.name for organ in told.organs}
        token = told.next_page_token
        if not token:
            break
    return names


async def _name(request: Request, code: str) -> str:
    try:
        told = await portal_of(request).offices.catalog.GetOrgan(catalog_pb2.GetOrganRequest(code=code))
    except aio.AioRpcError:
        return code
    return told.organ.name
