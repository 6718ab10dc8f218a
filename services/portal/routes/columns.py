"""法定主动公开内容: the columns, by kind; their months; as Atom."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import date
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gongkai.contracts.kinds import KINDS
from gongkai.rpc.publishing.v1 import publishing_pb2 as pb
from gongkai.serving.clock import legal_day
from services.portal.feed import FEED_TYPE, atom
from services.portal.pages import answer
from services.portal.portal import Portal, page_of, portal_of

PAGE_SIZE: Final = 20
FEED_SIZE: Final = 50
ALL: Final = "all"
COLUMNS: Final = {ALL: "全部信息", **KINDS}
"""Column → its name: every kind, and all of them."""
_FIRST_YEAR: Final = 1990
_RECENT: Final = 12
_MONTH: Final = re.compile(r"(?:19|20)\d{2}-(?:0[1-9]|1[0-2])")


async def index(request: Request) -> Response:
    """``/{div}/statutory/``: the columns with their counts."""
    portal = portal_of(request)
    where = await portal.where(request, "statutory", "statutory/")
    assert where.place is not None
    counts = await portal.offices.records.CountRecords(pb.CountRecordsRequest(division=where.place.code))
    values = {"counts": counts, "kinds": KINDS}
    return portal.pages.render(request, "columns.html", values, where)


async def column(request: Request) -> Response:
    """``/{div}/statutory/{column}`` and ``/{yyyy-mm}``: its records, newest first."""
    portal = portal_of(request)
    name, month = _asked(request)
    if (chosen := request.query_params.get("month")) is not None:  # the form for older months
        return _to_month(request, chosen)
    below = f"statutory/{name}" + (f"/{month}" if month else "")
    where = await portal.where(request, "statutory", below)
    assert where.place is not None
    page = page_of(request)
    listed, counts = await asyncio.gather(
        _list(portal, where.place.code, name, month, page=page, size=PAGE_SIZE),
        portal.offices.records.CountRecords(pb.CountRecordsRequest(division=where.place.code)),
    )
    today = legal_day(portal.clock())
    values = {
        "column": name,
        "month": month,
        "columns": COLUMNS,
        "records": listed.records,
        "total": listed.total,
        "counts": counts,
        "page": page,
        "size": PAGE_SIZE,
        "recent": recent_months(today),
        "years": range(today.year, _FIRST_YEAR - 1, -1),
    }
    return portal.pages.render(request, "column.html", values, where)


async def feed(request: Request) -> Response:
    """``/{div}/statutory/{column}.atom`` and ``/{column}/{yyyy-mm}.atom``: the newest records."""
    portal = portal_of(request)
    name, month = _asked(request)
    where = await portal.where(request)
    assert where.place is not None
    listed = await _list(portal, where.place.code, name, month, page=1, size=FEED_SIZE)
    title = f"{where.place.name}政府信息公开 · {COLUMNS[name]}" + (f" · {month}" if month else "")
    page = request.url.path.removesuffix(".atom")
    data = atom(title, portal.base(request), page, listed.records, portal.clock())
    return answer(request, data, FEED_TYPE)


async def _list(
    portal: Portal, division: str, name: str, month: str, *, page: int, size: int
) -> pb.ListRecordsResponse:
    kind = "" if name == ALL else name
    request = pb.ListRecordsRequest(division=division, kind=kind, month=month, page=page, page_size=size)
    return await portal.offices.records.ListRecords(request)


def _asked(request: Request) -> tuple[str, str]:
    name, month = request.path_params["column"], request.path_params.get("month", "")
    if name not in COLUMNS or (month and not _MONTH.fullmatch(month)):
        raise HTTPException(404)
    return name, month


def _to_month(request: Request, month: str) -> Response:
    text = f"{request.query_params.get('year', '')}-{month.zfill(2)}"
    if not _MONTH.fullmatch(text):
        raise HTTPException(400, "请同时选择年份和月份")
    path = f"/{request.path_params['div']}/statutory/{request.path_params['column']}/{text}"
    return RedirectResponse(path, status_code=303)


def recent_months(today: date) -> Sequence[str]:
    """The month of ``today`` and the eleven before it, newest first, as ``yyyy-mm``."""
    count = today.year * 12 + today.month - 1
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(count, count - _RECENT, -1)]
