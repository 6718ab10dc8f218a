"""A matter: the row in full with its structure in plain words, and what was published under it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import grpc
from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gongkai.contracts.matters import COLUMNS
from gongkai.rpc.catalog.v1 import catalogues_pb2
from gongkai.rpc.oversight.v1 import oversight_pb2
from gongkai.rpc.publishing.v1 import publishing_pb2 as pb
from services.portal.catalogues import InForce, When, in_force, when_of
from services.portal.pages import query
from services.portal.portal import Portal, page_of, portal_of
from services.portal.routes.home import or_none

PAGE_SIZE: Final = 10
_ELSEWHERE: Final = 12
"""Other catalogues that a page shows the matter in."""
_BACK: Final = 10
"""Editions that are looked through for a matter that is no longer there."""


async def show(request: Request) -> Response:
    """``/{div}/catalogue/{domain}/{matter}``: one round of calls, side by side."""
    portal = portal_of(request)
    code, identity = request.path_params["domain"], request.path_params["matter"]
    where = await portal.where(request, "catalogue", f"catalogue/{code}/{identity}")
    when, page = when_of(request), page_of(request)
    shown = await in_force(portal, where)
    if not shown.exists:
        raise HTTPException(404)
    listing = pb.ListRecordsRequest(
        division=shown.place.code, matter=identity, page=page, page_size=PAGE_SIZE
    )
    told, listed, organs, duty, figures = await asyncio.gather(
        portal.offices.catalogues.GetRow(_row(shown, identity, when)),
        or_none(portal.offices.records.ListRecords(listing)),
        or_none(portal.registry.organs(shown.place)),
        _nothing()
        if when.asked
        else or_none(portal.offices.oversight.GetDutyCoverage(_duty(shown, identity))),
        or_none(portal.offices.oversight.CountAlignment(_figures(shown, identity))),
        return_exceptions=True,
    )
    if isinstance(told, aio.AioRpcError) and told.code() is grpc.StatusCode.NOT_FOUND:
        return await _not_in(request, shown, when)
    for fault in (told, listed, organs, duty, figures):
        if isinstance(fault, BaseException):
            raise fault
    assert isinstance(told, catalogues_pb2.GetRowResponse)
    if told.row.row.domain != code:
        return RedirectResponse(_path(request, told.row.row.domain, identity), status_code=301)
    values = {
        **_values(shown, told, organs if isinstance(organs, Mapping) else {}),
        "when": when,
        "records": listed.records if isinstance(listed, pb.ListRecordsResponse) else None,
        "total": listed.total if isinstance(listed, pb.ListRecordsResponse) else 0,
        "page": page,
        "size": PAGE_SIZE,
        "duty": duty if isinstance(duty, oversight_pb2.GetDutyCoverageResponse) else None,
        "figures": figures if isinstance(figures, oversight_pb2.CountAlignmentResponse) else None,
    }
    return portal.pages.render(request, "matter.html", values, where)


def _values(shown: InForce, told: catalogues_pb2.GetRowResponse, organs: Mapping[str, str]) -> dict[str, Any]:
    return {
        "shown": shown,
        "matter": told.row,
        "row": told.row.row,
        "reading": told.row.reading,
        "edition": told.edition,
        "columns": COLUMNS,
        "organs": [(one, organs.get(one, "")) for one in told.row.organs],
        "history": sorted(told.history, key=lambda one: one.edition, reverse=True),
        "elsewhere": [(one, _unlike(told.row.row, one.row)) for one in told.elsewhere],
        "elsewhere_total": told.elsewhere_total,
        "domain_name": shown.domain_name(told.row.row.domain),
    }


def _unlike(here: catalogues_pb2.Row, there: catalogues_pb2.Row) -> list[str]:
    """The columns that another catalogue writes otherwise."""
    return [label for field, label in COLUMNS.items() if getattr(here, field) != getattr(there, field)]


async def _not_in(request: Request, shown: InForce, when: When) -> Response:
    """The edition has no such matter: lead to the last that had it, or say where it is.

    Raises:
        HTTPException: 404, none has.
    """
    portal = portal_of(request)
    code, identity = request.path_params["domain"], request.path_params["matter"]
    last = await _last_edition(portal, shown, identity)
    if last and not when.asked:
        return RedirectResponse(_path(request, code, identity, edition=last), status_code=302)
    own = [(shown.catalogue.id, 0), *([(shown.catalogue.id, last)] if last else [])]
    for catalogue, edition in [*(own if when.asked else ()), (shown.catalogue.upper, 0)]:
        asked = catalogues_pb2.GetRowRequest(
            catalogue=catalogue, matter=identity, edition=edition, others=1, brief=True
        )
        found = await or_none(portal.offices.catalogues.GetRow(asked)) if catalogue else None
        if found is not None and found.row.row.domain == code:
            where = await portal.where(request, "catalogue", "catalogue/")
            values = {"shown": shown, "when": when, "found": found, "domain_name": shown.domain_name(code)}
            return portal.pages.render(request, "matter_elsewhere.html", values, where, status=404)
    raise HTTPException(404)


async def _last_edition(portal: Portal, shown: InForce, identity: str) -> int:
    """The newest of the editions before the one in force that has the matter; 0 where none has."""
    before = range(shown.catalogue.published - 1, max(0, shown.catalogue.published - 1 - _BACK), -1)
    for number in before:
        if await or_none(portal.offices.catalogues.GetRow(_row(shown, identity, When(edition=number)))):
            return number
    return 0


def _row(shown: InForce, identity: str, when: When) -> catalogues_pb2.GetRowRequest:
    return catalogues_pb2.GetRowRequest(
        catalogue=shown.catalogue.id,
        matter=identity,
        edition=when.edition,
        on=when.on,
        others=_ELSEWHERE,
        brief=True,
    )


async def _nothing() -> None:
    """Of an earlier edition nothing is due."""


def _duty(shown: InForce, identity: str) -> oversight_pb2.GetDutyCoverageRequest:
    return oversight_pb2.GetDutyCoverageRequest(division=shown.place.code, matter=identity)


def _figures(shown: InForce, identity: str) -> oversight_pb2.CountAlignmentRequest:
    return oversight_pb2.CountAlignmentRequest(division=shown.place.code, matter=identity)


def _path(request: Request, domain: str, identity: str, **more: object) -> str:
    below = f"catalogue/{quote(domain)}/{quote(identity)}"
    return f"/{request.path_params['div']}/{below}{query({**request.query_params, **more})}"
