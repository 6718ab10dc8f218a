"""监督保障: how well each organ keeps its duty, every number opening to its records."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.rpc.catalog.v1 import catalog_pb2
from gongkai.rpc.oversight.v1 import oversight_pb2 as pb
from services.portal.pages import Where
from services.portal.portal import Portal, page_of, portal_of

PAGE_SIZE: Final = 20
_HEIGHT: Final = 150
_STEP: Final = 96
_WIDTH: Final = 68


@dataclass(frozen=True, slots=True)
class Bar:
    """One column of the chart, in units of its drawing."""

    label: str
    count: int
    late: bool
    x: int
    y: int
    width: int
    height: int


def bars(lags: list[pb.LagBucket]) -> list[Bar]:
    """The columns of the chart; a count above zero is always to be seen."""
    most = max((bucket.count for bucket in lags), default=0) or 1
    drawn = []
    for number, bucket in enumerate(lags):
        height = max(round(bucket.count / most * _HEIGHT), 2 if bucket.count else 0)
        label = bucket.label.replace("个工作日", "").strip()
        drawn.append(
            Bar(label, bucket.count, bucket.late, 14 + number * _STEP, 30 + _HEIGHT - height, _WIDTH, height)
        )
    return drawn


async def board(request: Request) -> Response:
    """``/{div}/oversight/``: the board."""
    portal = portal_of(request)
    where = await portal.where(request, "oversight", "oversight/")
    assert where.place is not None
    found = await portal.offices.oversight.GetBoard(
        pb.GetBoardRequest(division=where.place.code, also=where.place.predecessors)
    )
    drawn = bars(list(found.lags))
    values = {
        "board": found,
        "bars": drawn,
        "chart_width": 14 + _STEP * len(drawn),
        "limit_x": next((bar.x - 14 for bar in drawn if bar.late), 0),
        "published": sum(row.published for row in found.organs),
        "withdrawn": sum(row.withdrawn for row in found.organs),
        "timed": sum(row.timed for row in found.organs),
        "late": sum(row.late for row in found.organs),
        "defects": sum(row.defects for row in found.organs),
        "asked": [row for row in found.organs if row.requests],
        "requests": sum(row.requests for row in found.organs),
        "answered": sum(row.requests_on_time + row.requests_late for row in found.organs),
        "overdue": sum(row.requests_overdue for row in found.organs),
        "on_time": sum(row.requests_on_time for row in found.organs),
    }
    return portal.pages.render(request, "oversight.html", values, where)


async def late(request: Request) -> Response:
    """``/{div}/oversight/{organ}/late``: the late records of an organ, each with its days."""
    portal = portal_of(request)
    where = await portal.where(request, "oversight")
    code, page = request.path_params["organ"], page_of(request)
    organ = await organ_of(portal, where, code)
    found = await portal.offices.oversight.ListLateRecords(
        pb.ListLateRecordsRequest(organ=code, page=page, page_size=PAGE_SIZE)
    )
    values = {"organ": organ, "records": found.records, "total": found.total, "page": page, "size": PAGE_SIZE}
    return portal.pages.render(request, "late.html", values, where)


async def late_requests(request: Request) -> Response:
    """``/{div}/oversight/{organ}/requests``: overdue and late answers, by number and days; never who asked for what."""
    portal = portal_of(request)
    where = await portal.where(request, "oversight")
    code, page = request.path_params["organ"], page_of(request)
    organ = await organ_of(portal, where, code)
    assert where.place is not None
    found, board = await asyncio.gather(
        portal.offices.oversight.ListLateRequests(
            pb.ListLateRequestsRequest(organ=code, page=page, page_size=PAGE_SIZE)
        ),
        portal.offices.oversight.GetBoard(
            pb.GetBoardRequest(division=where.place.code, also=where.place.predecessors)
        ),
    )
    values = {
        "organ": organ,
        "requests": found.requests,
        "total": found.total,
        "board": board,
        "page": page,
        "size": PAGE_SIZE,
    }
    return portal.pages.render(request, "late_requests.html", values, where)


async def defects(request: Request) -> Response:
    """``/{div}/oversight/{organ}/defects``: what an organ's migrated records lack."""
    portal = portal_of(request)
    where = await portal.where(request, "oversight")
    code, page = request.path_params["organ"], page_of(request)
    organ = await organ_of(portal, where, code)
    found = await portal.offices.oversight.ListDefects(
        pb.ListDefectsRequest(organ=code, page=page, page_size=PAGE_SIZE)
    )
    values = {
        "organ": organ,
        "records": found.records,
        "total": found.total,
        "by_code": sorted(found.by_code.items(), key=lambda item: -item[1]),
        "page": page,
        "size": PAGE_SIZE,
    }
    return portal.pages.render(request, "defects.html", values, where)


async def organ_of(portal: Portal, where: Where, code: str) -> catalog_pb2.Organ:
    """An organ of the division or below.

    Raises:
        HTTPException: 404, the organ is of another division.
    """
    organ = (await portal.offices.catalog.GetOrgan(catalog_pb2.GetOrganRequest(code=code))).organ
    assert where.place is not None
    assert where.divisions is not None
    home = where.divisions.find(organ.division)
    if home is None or where.place not in [home, *where.divisions.above(home)]:
        raise HTTPException(404)
    return organ
