"""村务公开: a county's or township's column of villages, a village's page, its bulletin sheet, and text for its chat group."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from gongkai.divisions import stem
from gongkai.rpc.catalog.v1 import villages_pb2 as pb
from gongkai.serving.clock import legal_day
from gongkai.villages import Period, after, before, quarter_named
from services.portal import villages
from services.portal.pages import Where
from services.portal.places import Place
from services.portal.portal import Portal, page_of, portal_of
from services.portal.villagewords import village_name

PAGE_SIZE: Final = 20
"""Villages of a page: each costs a call for its records."""
RECORDS: Final = 20
MOST_CHARACTERS: Final = 1000
"""Of the text for a chat group: what people read without unfolding it."""
SIZES: Final = {"a4": "A4", "a3": "A3"}
_NUMBER: Final = 4
_MOST_PAGES: Final = 100
"""Of the column: catalog tells at most 2,000 lists at once."""


async def index(request: Request) -> Response:
    """``/{div}/villages/``: the column of a county or township; of a village its page."""
    portal = portal_of(request)
    where = await portal.where(request, "villages", "villages/")
    assert where.place is not None
    if where.place.level == "village":
        return await _village(request, portal, where, where.place)
    page = page_of(request, most=_MOST_PAGES)
    office, token = portal.offices.villages, ""
    if page > 1:  # the token of a page is the last village before it
        before = pb.ListVillageListsRequest(
            division=where.place.code, page_size=(page - 1) * PAGE_SIZE, brief=True
        )
        token = (await office.ListVillageLists(before)).next_page_token
    asked = pb.ListVillageListsRequest(division=where.place.code, page_size=PAGE_SIZE, page_token=token)
    told = await office.ListVillageLists(asked)
    today = legal_day(portal.clock())
    shown = (page - 1) * PAGE_SIZE < told.total
    entries = await villages.entries(portal, (one.list for one in told.lists), today) if shown else []
    assert where.divisions is not None
    inside = stem(where.place.code)
    values = {
        "entries": [(where.divisions.find(one.village), one) for one in entries],
        "total": told.total,
        "page": page,
        "size": PAGE_SIZE,
        "all_villages": sum(
            place.level == "village" and not place.heir and place.code.startswith(inside)
            for place in where.divisions.by_code.values()
        ),
    }
    return portal.pages.render(request, "villages/column.html", values, where)


async def _village(request: Request, portal: Portal, where: Where, place: Place) -> Response:
    number = _number(request)
    told, kinds, records = await asyncio.gather(
        villages.list_of(portal, place.code, number),
        villages.kinds_of(portal),
        villages.records_of(portal, place.code),
    )
    if told is None and number:
        raise HTTPException(404)
    today = legal_day(portal.clock())
    where = replace(where, below="")
    quarter = villages.this_quarter(today)
    values = {
        "told": told,
        "groups": villages.grouped(told.list, kinds, records, today) if told else [],
        "records": records[:RECORDS],
        "more": len(records) > RECORDS,
        "quarter": quarter,
        "earlier": before(quarter),
        **_offices(where),
    }
    return portal.pages.render(request, "villages/village.html", values, where)


async def sheet(request: Request) -> Response:
    """``/{village}/villages/bulletin?period=2026-Q4&size=a4``: a page to print and to put on the board."""
    portal, where, place = await _at_village(request)
    size = request.query_params.get("size", "a4").lower()
    if size not in SIZES:
        raise HTTPException(400, "纸张只有 a4 和 a3 两种，请在网址里写 size=a4 或者 size=a3")
    shown, told = await _bulletin(request, portal, place)
    later = after(shown.period)
    values = {
        "told": told,
        "bulletin": shown,
        "sizes": SIZES,
        "size": size,
        "earlier": before(shown.period),
        "later": later if later.first <= legal_day(portal.clock()) else None,
        "address": f"{portal.base(request)}/{place.slug}/villages/",
        "public_address": portal.base(request),
        **_offices(where),
    }
    return portal.pages.render(request, "villages/bulletin.html", values, where)


async def text(request: Request) -> Response:
    """``/{village}/villages/bulletin.txt``: the same for the villagers' chat group, within 1,000 characters."""
    portal, where, place = await _at_village(request)
    shown, _ = await _bulletin(request, portal, place)
    assert where.divisions is not None
    address = f"{portal.base(request)}/{place.slug}/villages/"
    demo = "【演示数据，内容均为虚构】\n" if portal.settings.demo else ""
    body = chat_text(village_name(place.name), shown, address, _offices(where)["township"], demo)
    return PlainTextResponse(body, headers={"Cache-Control": "no-cache"})


def chat_text(name: str, shown: villages.Bulletin, address: str, township: str, demo: str = "") -> str:
    """Write the text: as many records as there is room for, then how many more, then where to look and to ask."""
    head = f"{demo}【{name}村务公开】{shown.period.name}（{shown.count} 项）\n"
    foot = [f"全文和清单：{address}"]
    foot.append(
        f"有疑问请问村委会或村务监督委员会；不公开、不真实的，可向{township}反映（村委会组织法第三十一条）。"
    )
    ending = "\n".join(foot)
    if not shown.count:
        return f"{head}本季度还没有公开的内容。\n{ending}\n"
    lines = [f"{record.title}（{record.published_on}）" for _, records in shown.shown for record in records]
    room = MOST_CHARACTERS - len(head) - len(ending) - len("……另有 999 项，见下面的网址。\n\n")
    kept: list[str] = []
    for number, line in enumerate(lines, start=1):
        written = f"{number}. {line}\n"
        if len(written) > room:
            break
        kept.append(written)
        room -= len(written)
    rest = len(lines) - len(kept)
    more = f"……另有 {rest} 项，见下面的网址。\n" if rest else ""
    return f"{head}{''.join(kept)}{more}{ending}\n"


async def _at_village(request: Request) -> tuple[Portal, Where, Place]:
    portal = portal_of(request)
    where = await portal.where(request, "villages")
    if where.place is None or where.place.level != "village":
        raise HTTPException(404)
    return portal, where, where.place


async def _bulletin(
    request: Request, portal: Portal, place: Place
) -> tuple[villages.Bulletin, pb.GetVillageListResponse]:
    period = _period(request, portal)
    told, kinds, records = await asyncio.gather(
        villages.list_of(portal, place.code),
        villages.kinds_of(portal),
        villages.records_in(portal, place.code, period),
    )
    if told is None:
        raise HTTPException(404)
    return villages.bulletin(told.list, kinds, records, period), told


def _period(request: Request, portal: Portal) -> Period:
    code = request.query_params.get("period", "")
    if not code:
        return villages.this_quarter(legal_day(portal.clock()))
    period = quarter_named(code)
    if period is None:
        raise HTTPException(400, "公示期应写成年份和季度，例如 2026-Q4")
    return period


def _number(request: Request) -> int:
    asked = request.query_params.get("number", "") or "0"
    if not (asked.isascii() and asked.isdecimal() and len(asked) <= _NUMBER):
        raise HTTPException(400, "清单的编号应是正整数")
    return int(asked)


def _offices(where: Where) -> dict[str, Any]:
    """Whom to complain to (Art. 31): the township, then the county."""
    above: Sequence[Place] = where.above
    named = {one.level: one for one in above}
    township, county = named.get("township"), named.get("county")
    return {
        "township": _government(township) if township else "乡镇人民政府",
        "county": f"{county.name}人民政府及其有关主管部门" if county else "县级人民政府及其有关主管部门",
    }


def _government(place: Place) -> str:
    return f"{place.name}办事处" if place.name.endswith("街道") else f"{place.name}人民政府"
