"""What the staff's pages of the catalogue ask of catalog: a draft, its rows, what somebody keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import grpc
from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from gongkai.security.permissions import Place, Role, may
from services.portal.clients import Signed
from services.portal.portal import portal_of
from services.portal.rowdeeds import Names, names_of

ALL: Final = "all"
"""The domain that stands for every domain in an address."""
_SLOW: Final = 30.0
"""Seconds a call that touches a whole edition may take."""
_PAGE: Final = 500
_DIGITS: Final = 12
_GUIDE: Final = "guide"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a draft, as far as a page shows them."""

    rows: Sequence[pb.DraftRow]
    total: int
    page: int
    size: int


async def draft_of(request: Request, signed: Signed) -> pb.Draft:
    """The draft of the catalogue the address names; also where none is open.

    Raises:
        HTTPException: 404, there is no such catalogue.
        AioRpcError: not for the asker, or catalog is away.
    """
    catalogue = request.path_params["catalogue"]
    if catalogue != _GUIDE and not (
        catalogue.isascii() and catalogue.isdecimal() and len(catalogue) == _DIGITS
    ):
        raise HTTPException(404)
    told = (
        await portal_of(request)
        .offices.catalogues_for(signed)
        .GetDraft(pb.GetDraftRequest(catalogue=catalogue))
    )
    return told.draft


async def calls(request: Request, draft: pb.Draft) -> Names:
    """What this catalogue and the one above are called in sentences."""
    upper = draft.catalogue.upper
    level = "guide" if upper == _GUIDE else ""
    if upper and not level:
        place = (await portal_of(request).registry.divisions()).find(upper)
        level = place.level if place else ""
    return names_of(draft.catalogue, level)


async def rows_of(
    request: Request,
    signed: Signed,
    catalogue: str,
    *,
    domain: str = "",
    stance: str = "",
    q: str = "",
    page: int = 1,
    size: int = 1000,
) -> Rows:
    """The rows of a draft, a page of many of them at once."""
    office = portal_of(request).offices.catalogues_for(signed)
    found: list[pb.DraftRow] = []
    token, total, first = "", 0, (page - 1) * size
    while len(found) < first + size:
        asked = pb.ListDraftRowsRequest(
            catalogue=catalogue, domain="" if domain == ALL else domain, stance=stance, q=q, page_size=_PAGE, page_token=token
        )  # fmt: skip
        told = await office.ListDraftRows(asked, timeout=_SLOW)
        found += told.rows
        total, token = told.total, told.next_page_token
        if not token:
            break
    return Rows(found[first : first + size], total, page, size)


async def some_rows(
    request: Request, signed: Signed, catalogue: str, matters: Iterable[str]
) -> dict[str, pb.DraftRow]:
    """The rows of some matters as they stand now, by matter."""
    office = portal_of(request).offices.catalogues_for(signed)
    wanted = list(dict.fromkeys(one for one in matters if one))
    found: dict[str, pb.DraftRow] = {}
    for start in range(0, len(wanted), _PAGE):
        asked = pb.ListDraftRowsRequest(
            catalogue=catalogue, matters=wanted[start : start + _PAGE], page_size=_PAGE
        )
        told = await office.ListDraftRows(asked, timeout=_SLOW)
        found |= {row.matter: row for row in told.rows}
    return found


async def row_of(request: Request, signed: Signed, catalogue: str) -> pb.DraftRow:
    """The row of the matter the address names.

    Raises:
        HTTPException: 404, the draft has none.
    """
    matter = request.path_params["matter"]
    found = (await some_rows(request, signed, catalogue, [matter])).get(matter)
    if found is None:
        raise HTTPException(404)
    return found


async def kept_by(request: Request, signed: Signed) -> tuple[list[pb.Draft], list[pb.Catalogue]]:
    """The catalogues of the divisions somebody is steward of, with what is open; and those they may only look at."""
    office = portal_of(request).offices.catalogues_for(signed)
    listed = {one.id: one for one in (await office.ListCatalogues(pb.ListCataloguesRequest())).catalogues}
    staff = signed.staff
    own = {grant.division for grant in staff.grants if grant.role is Role.STEWARD and grant.division}
    mine = [one for one in listed.values() if one.division in own]
    mine += [pb.Catalogue(id=code, division=code) for code in sorted(own - set(listed))]
    drafts = []
    for one in mine:
        try:
            drafts.append((await office.GetDraft(pb.GetDraftRequest(catalogue=one.id))).draft)
        except aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise
    shown = {one.catalogue.id for one in drafts}
    others = [
        one for one in listed.values()
        if one.id not in shown and may(staff, "catalogue.read", Place("", one.division))
    ]  # fmt: skip
    return drafts, others
