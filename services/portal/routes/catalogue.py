"""事项目录: what must be disclosed, and what was."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.rpc.catalog.v1 import catalog_pb2
from gongkai.rpc.publishing.v1 import publishing_pb2 as pb
from services.portal.portal import page_of, portal_of

PAGE_SIZE: Final = 20
MOST_MATTERS: Final = 500


async def index(request: Request) -> Response:
    """``/{div}/catalogue/``: the domains."""
    portal = portal_of(request)
    where = await portal.where(request, "catalogue", "catalogue/")
    assert where.place is not None
    domains, counts = await asyncio.gather(
        portal.registry.domains(),
        portal.offices.records.CountRecords(pb.CountRecordsRequest(division=where.place.code)),
    )
    return portal.pages.render(request, "catalogue.html", {"domains": domains, "counts": counts}, where)


async def domain(request: Request) -> Response:
    """``/{div}/catalogue/{domain}``: its matters, and the records disclosed in it."""
    portal = portal_of(request)
    code = request.path_params["domain"]
    where = await portal.where(request, "catalogue", f"catalogue/{code}")
    assert where.place is not None
    found = (await portal.registry.domains()).find(code)
    if found is None:
        raise HTTPException(404)
    page = page_of(request)
    asked = pb.ListRecordsRequest(division=where.place.code, domain=code, page=page, page_size=PAGE_SIZE)
    matters, listed = await asyncio.gather(
        portal.offices.catalog.ListMatters(
            catalog_pb2.ListMattersRequest(domain=code, page_size=MOST_MATTERS)
        ),
        portal.offices.records.ListRecords(asked),
    )
    values = {
        "domain": found,
        "matters": matters.matters,
        "matter_total": matters.total,
        "records": listed.records,
        "total": listed.total,
        "page": page,
        "size": PAGE_SIZE,
    }
    return portal.pages.render(request, "domain.html", values, where)


async def matter(request: Request) -> Response:
    """``/{div}/catalogue/{domain}/{matter}``: one row of the official table, whole."""
    portal = portal_of(request)
    code, identity = request.path_params["domain"], request.path_params["matter"]
    where = await portal.where(request, "catalogue", f"catalogue/{code}/{identity}")
    domains = await portal.registry.domains()
    answer = await portal.offices.catalog.GetMatter(catalog_pb2.GetMatterRequest(id=identity))
    found = domains.find(code)
    if found is None or answer.matter.domain != code:
        raise HTTPException(404)
    values = {"domain": found, "matter": answer.matter, "edition": answer.edition}
    return portal.pages.render(request, "matter.html", values, where)
