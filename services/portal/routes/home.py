"""The front page, and the home page of each division."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

import structlog
from grpc import aio
from starlette.requests import Request
from starlette.responses import Response

from gongkai.contracts.kinds import KINDS
from gongkai.rpc.catalog.v1 import catalogues_pb2
from gongkai.rpc.oversight.v1 import oversight_pb2
from gongkai.rpc.publishing.v1 import publishing_pb2 as pb
from services.portal.catalogues import in_force
from services.portal.pages import Where
from services.portal.portal import Portal, portal_of

NEWEST: Final = 8
NORMATIVE: Final = 4
T = TypeVar("T")
_log = structlog.get_logger()


async def choose(request: Request) -> Response:
    """``/``: choose a county."""
    portal = portal_of(request)
    divisions = await portal.registry.divisions()
    places = [*([divisions.city] if divisions.city else []), *divisions.counties]
    counts = await asyncio.gather(
        *(
            or_none(portal.offices.records.CountRecords(pb.CountRecordsRequest(division=place.code)))
            for place in places
        )
    )
    values = {"counts": dict(zip((place.code for place in places), counts, strict=True))}
    return portal.pages.render(request, "choose.html", values, Where(divisions.city, divisions, "choose"))


async def county(request: Request) -> Response:
    """``/{div}/``: what is new, what there is, how well the duty is kept."""
    portal = portal_of(request)
    where = await portal.where(request, "home")
    assert where.place is not None
    assert where.divisions is not None
    code = where.place.code
    offices = portal.offices
    newest, normative, counts, domains, shown, board = await asyncio.gather(
        offices.records.ListRecords(pb.ListRecordsRequest(division=code, page=1, page_size=NEWEST)),
        offices.records.ListRecords(
            pb.ListRecordsRequest(division=code, kind="normative", page=1, page_size=NORMATIVE)
        ),
        offices.records.CountRecords(pb.CountRecordsRequest(division=code)),
        portal.registry.domains_of(where.place),
        or_none(in_force(portal, where)),
        or_none(
            offices.oversight.GetBoard(
                oversight_pb2.GetBoardRequest(division=code, also=where.place.predecessors)
            )
        ),
    )
    values = {
        "newest": newest.records,
        "normative": normative,
        "counts": counts,
        "domains": domains,
        "shown_domains": [one for one in domains.listed if one.matter_count or counts.by_domain[one.code]],
        "shown": shown,
        "kinds": KINDS,
        "board": board,
        "timed": sum(row.timed for row in board.organs) if board else 0,
        "late": sum(row.late for row in board.organs) if board else 0,
        "below": where.divisions.below.get(code, ()),
        "past": await _past(portal, where),
    }
    return portal.pages.render(request, "home.html", values, where)


async def _past(portal: Portal, where: Where) -> dict[str, dict[str, object]]:
    """The last catalogue of each division that ended into this one: code → how addresses name its edition.

    One whose first edition came into force only after its last day is named by number; without any, it is left out.
    """
    assert where.place is not None
    assert where.divisions is not None
    found: dict[str, dict[str, object]] = {}
    for one in filter(None, map(where.divisions.find, where.place.predecessors)):
        if one.heir != where.place.code:
            continue
        shown = await or_none(in_force(portal, Where(one, where.divisions)))
        if shown is None or not shown.exists:
            continue
        asked = catalogues_pb2.ListEditionsRequest(catalogue=shown.catalogue.id)
        told = await or_none(portal.offices.catalogues.ListEditions(asked))
        editions = told.editions if told else ()
        if any(edition.effective_on <= one.last_day for edition in editions):
            found[one.code] = {"on": one.last_day}
        elif editions and not shown.borrowed:
            found[one.code] = {"edition": editions[0].number}
    return found


async def or_none(call: Awaitable[T]) -> T | None:
    """The answer, or nothing where the service does not give one: the page is worth showing without it."""
    try:
        return await call
    except aio.AioRpcError as error:
        _log.warning("page shown without a part of it", why=error.code().name)
        return None
