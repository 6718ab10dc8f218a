"""依申请公开: the ways the law gives, and where they begin."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gongkai.rpc.catalog.v1 import catalog_pb2
from services.portal.portal import portal_of
from services.portal.routes.home import or_none


async def ways(request: Request) -> Response:
    """``/{div}/requests/``: how to apply (条例第二十九条), and where to look up."""
    portal = portal_of(request)
    where = await portal.where(request, "requests", "requests/")
    assert where.place is not None
    asked = catalog_pb2.ListOrgansRequest(division=where.place.code, page_size=200)
    organs = await or_none(portal.offices.catalog.ListOrgans(asked))
    there = [organ for organ in organs.organs if not organ.heir] if organs else []
    values = {"organs": there, "organ_total": organs.total if organs else 0}
    return portal.pages.render(request, "requests/ways.html", values, where)


async def accessibility(request: Request) -> Response:
    """``/accessibility``: how the site can be used without sight, mouse or script."""
    portal = portal_of(request)
    return portal.pages.render(request, "accessibility.html", {})
