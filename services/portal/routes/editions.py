"""目录的版本: differences to the catalogue above, any two editions side by side, the official table as a workbook."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import grpc
from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.contracts.matters import COLUMNS
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from services.portal.catalogues import InForce, edition_id, edition_of, in_force, token_of, when_of
from services.portal.downloads import download_headers
from services.portal.pages import Where
from services.portal.portal import Portal, portal_of
from services.portal.routes.home import or_none
from services.portal.rowwords import GUIDE

PAGE_SIZE: Final = 30
WORKBOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ALL: Final = "all"


async def differences(request: Request) -> Response:
    """``/{div}/catalogue/differences``: every row that is not as above, with the reason; those left out too."""
    portal = portal_of(request)
    where = await portal.where(request, "catalogue", "catalogue/differences")
    shown, domain = await in_force(portal, where), await _domain(request, portal, where)
    when, after = when_of(request), token_of(request)
    rows = None
    if shown.exists and shown.catalogue.upper:
        asked = pb.ListRowsRequest(
            catalogue=shown.catalogue.id, edition=when.edition, on=when.on, differences_only=True,
            domain=domain, page_size=PAGE_SIZE, page_token=after,
        )  # fmt: skip
        rows = await portal.offices.catalogues.ListRows(asked)
    values = {
        "shown": shown,
        "when": when,
        "after": after,
        "rows": rows,
        "domain": domain,
        "called": await _called(portal, where),
    }
    return portal.pages.render(request, "differences.html", values, where)


async def compare(request: Request) -> Response:
    """``/{div}/catalogue/compare?a=&b=``: two editions, of one catalogue or of two."""
    portal = portal_of(request)
    where = await portal.where(request, "catalogue", "catalogue/compare")
    shown = await in_force(portal, where)
    a, b = (request.query_params.get(name, "").strip() for name in ("a", "b"))
    left, right = edition_of(a), edition_of(b)
    if (a and left is None) or (b and right is None):
        raise HTTPException(400, "要比较的版本应写作 341323000000-1 这样的目录代码和版次")
    domain, after = await _domain(request, portal, where), token_of(request)
    offered, found = await asyncio.gather(
        _offered(portal, shown), _compared(portal, left, right, domain, after)
    )
    if found is not None:  # of another county, they are not offered of themselves
        named = {edition_id(one) for one in offered}
        offered += [one for one in (found.left, found.right) if edition_id(one) not in named]
    missing = found is None and left is not None and right is not None
    values: dict[str, Any] = {
        "shown": shown, "missing": missing, "a": a, "b": b, "domain": domain, "after": after, "found": found, "columns": COLUMNS,
        "offered": offered, "size": PAGE_SIZE, "called": await _called(portal, where),
    }  # fmt: skip
    return portal.pages.render(request, "compare.html", values, where, status=404 if missing else 200)


async def _domain(request: Request, portal: Portal, where: Where) -> str:
    """The domain a page is narrowed to; none is all.

    Raises:
        HTTPException: 404, there is no such domain.
    """
    code = request.query_params.get("domain", "")
    assert where.place is not None
    if code and (await portal.registry.domains_of(where.place)).find(code) is None:
        raise HTTPException(404)
    return code


async def _called(portal: Portal, where: Where) -> dict[str, str]:
    """Names of domains, also of those that only a catalogue above has."""
    assert where.place is not None
    return {one.code: one.name for one in (await portal.registry.domains_of(where.place)).listed}


async def _offered(portal: Portal, shown: InForce) -> list[pb.Edition]:
    """The editions to choose from: the catalogue's own, those of the one above, the city's and the guide's."""
    if not shown.exists:
        return []
    city = shown.divisions.city.code if shown.divisions.city else ""
    names = [one for one in dict.fromkeys((shown.catalogue.id, shown.catalogue.upper, city, GUIDE)) if one]
    told = await asyncio.gather(
        *(
            or_none(portal.offices.catalogues.ListEditions(pb.ListEditionsRequest(catalogue=one)))
            for one in names
        )
    )
    return [edition for one in told if one is not None for edition in one.editions]


async def _compared(
    portal: Portal, left: tuple[str, int] | None, right: tuple[str, int] | None, domain: str, after: str
) -> pb.CompareEditionsResponse | None:
    if left is None or right is None:
        return None
    try:
        return await portal.offices.catalogues.CompareEditions(
            pb.CompareEditionsRequest(
                catalogue=left[0], edition=left[1], with_catalogue=right[0], with_edition=right[1], domain=domain,
                page_size=PAGE_SIZE, page_token=after,
            )
        )  # fmt: skip
    except aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return None
        raise


async def workbook(request: Request) -> Response:
    """``/{div}/catalogue/{domain}.xlsx`` (``all``: every domain): the official table as the departments print it."""
    portal = portal_of(request)
    where = await portal.where(request)
    shown = await in_force(portal, where)
    domain = request.path_params["domain"]
    if not shown.exists or (domain != ALL and all(one.code != domain for one in shown.domains)):
        raise HTTPException(404)
    when = when_of(request)
    edition = when.edition
    if when.on:
        asked = pb.ListRowsRequest(catalogue=shown.catalogue.id, on=when.on, page_size=1)
        edition = (await portal.offices.catalogues.ListRows(asked)).edition.number
    told = await portal.offices.catalogues.ExportTable(
        pb.ExportTableRequest(
            catalogue=shown.catalogue.id, edition=edition, domain="" if domain == ALL else domain
        )
    )
    return Response(
        told.workbook, media_type=WORKBOOK, headers=download_headers(told.name or f"{domain}.xlsx")
    )
