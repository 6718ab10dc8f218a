"""事项目录: what must be disclosed, by domain, organ and level; the official table of a domain."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import grpc
from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.rpc.catalog.v1 import catalogues_pb2
from gongkai.rpc.publishing.v1 import publishing_pb2 as pb
from services.portal.catalogues import InForce, When, in_force, token_of, when_of
from services.portal.portal import Portal, page_of, portal_of
from services.portal.routes.home import or_none
from services.portal.rowwords import LEVELS

PAGE_SIZE: Final = 20
ROWS: Final = 40
"""Rows of the official table on a page: some 100 KB before they are packed."""
_LONGEST: Final = 100


async def index(request: Request) -> Response:
    """``/{div}/catalogue/``: the domains; or the rows of an organ, a level, a word, or an earlier edition."""
    portal = portal_of(request)
    where = await portal.where(request, "catalogue", "catalogue/")
    shown = await in_force(portal, where)
    when = when_of(request)
    asked = _asked(request)
    values: dict[str, Any] = {
        "shown": shown,
        "when": when,
        "asked": asked,
        "levels": LEVELS,
        "after": token_of(request),
    }
    if not shown.exists:
        values |= {"counts": await _counts(portal, shown), "rows": None, "organs": {}, "differences": 0}
        return portal.pages.render(request, "catalogue.html", values | {"editions": ()}, where)
    listing = when.asked or any(asked.values())
    editions, organs, differences, counts, rows = await asyncio.gather(
        portal.offices.catalogues.ListEditions(
            catalogues_pb2.ListEditionsRequest(catalogue=shown.catalogue.id)
        ),
        or_none(portal.registry.organs(shown.place)),
        portal.offices.catalogues.ListRows(
            catalogues_pb2.ListRowsRequest(catalogue=shown.catalogue.id, differences_only=True, page_size=1)
        ),
        _counts(portal, shown),
        _rows_or_none(portal, shown, when, values["after"], **asked) if listing else _nothing(),
    )
    values |= {
        "editions": editions.editions,
        "organs": organs or {},
        "differences": differences.total,
        "rows": rows,
        "counts": counts,
    }
    if listing and rows is None:
        return portal.pages.render(request, "no_edition.html", values, where, status=404)
    return portal.pages.render(request, "catalogue.html", values, where)


async def domain(request: Request) -> Response:
    """``/{div}/catalogue/{domain}``: its official table, and the records disclosed in it."""
    portal = portal_of(request)
    code = request.path_params["domain"]
    where = await portal.where(request, "catalogue", f"catalogue/{code}")
    shown = await in_force(portal, where)
    assert where.place is not None
    found = (await portal.registry.domains_of(where.place)).find(code)
    if found is None:
        raise HTTPException(404)
    when, page = when_of(request), page_of(request)
    listed, rows = await asyncio.gather(
        portal.offices.records.ListRecords(
            pb.ListRecordsRequest(division=where.place.code, domain=code, page=page, page_size=PAGE_SIZE)
        ),
        _rows_or_none(portal, shown, when, token_of(request), domain=code) if shown.exists else _nothing(),
    )
    if when.asked and shown.exists and rows is None:
        editions = await portal.offices.catalogues.ListEditions(
            catalogues_pb2.ListEditionsRequest(catalogue=shown.catalogue.id)
        )
        values = {"shown": shown, "when": when, "editions": editions.editions}
        return portal.pages.render(request, "no_edition.html", values, where, status=404)
    under = await _under(portal, where.place.code, rows)
    values = {
        "shown": shown,
        "when": when,
        "after": token_of(request),
        "domain": found,
        "rows": rows,
        "reach": reach_columns(rows),
        "under": under,
        "records": listed.records,
        "total": listed.total,
        "page": page,
        "size": PAGE_SIZE,
    }
    return portal.pages.render(request, "domain.html", values, where)


def reach_columns(rows: catalogues_pb2.ListRowsResponse | None) -> list[str]:
    """The levels that have a column: 县级 and 乡级 always, the others where a row names them."""
    named = {level for row in rows.rows for level in row.reading.levels} if rows else set()
    return [level for level in LEVELS if level in named | {"county", "township"}]


def _asked(request: Request) -> dict[str, str]:
    given = {
        name: request.query_params.get(name, "").strip()[:_LONGEST] for name in ("find", "organ", "level")
    }
    if given["level"] and given["level"] not in LEVELS:
        raise HTTPException(400, "公开层级只有市级、县级、乡级、村级")
    return given


async def _rows(
    portal: Portal,
    shown: InForce,
    when: When,
    after: str,
    *,
    domain: str = "",
    organ: str = "",
    level: str = "",
    find: str = "",
) -> catalogues_pb2.ListRowsResponse:
    return await portal.offices.catalogues.ListRows(
        catalogues_pb2.ListRowsRequest(
            catalogue=shown.catalogue.id,
            edition=when.edition,
            on=when.on,
            domain=domain,
            organ=organ,
            level=level,
            q=find,
            page_size=ROWS,
            page_token=after,
        )
    )


async def _rows_or_none(
    portal: Portal, shown: InForce, when: When, after: str, **asked: str
) -> catalogues_pb2.ListRowsResponse | None:
    """The rows; None where there is no such edition."""
    try:
        return await _rows(portal, shown, when, after, **asked)
    except aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return None
        raise


async def _counts(portal: Portal, shown: InForce) -> pb.CountRecordsResponse:
    return await portal.offices.records.CountRecords(pb.CountRecordsRequest(division=shown.place.code))


async def _under(
    portal: Portal, division: str, rows: catalogues_pb2.ListRowsResponse | None
) -> pb.CountRecordsResponse:
    """How many records there are under each of the rows."""
    if rows is None or not rows.rows:
        return pb.CountRecordsResponse()
    asked = pb.CountRecordsRequest(division=division, matters=[row.matter for row in rows.rows])
    return await portal.offices.records.CountRecords(asked)


async def _nothing() -> None:
    return None
