"""目录公开情况: what the catalogue demands of each organ beside what it published, every number opening to its list."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.divisions import stem
from gongkai.rpc.oversight.v1 import oversight_pb2 as pb
from services.portal.pages import Where
from services.portal.portal import page_of, portal_of
from services.portal.routes.oversight import organ_of

PAGE_SIZE: Final = 20
_PATIENCE: Final = 20.0
"""Seconds for a board: the city's counts the duties of all its divisions, some 7 s for a million."""
STATES: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "overdue": ("◆", "late", "已经逾期"),
        "due_soon": ("▲", "soon", "快到期"),
        "never": ("○", "wait", "没有公开过"),
        "in_time": ("●", "fine", "按期"),
        "any_time": ("●", "fine", "已公开"),
    }
)
"""State of a duty → its shape, its colour, its words."""
LISTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "": "全部",
        "covered": "已公开",
        "missing": "没有公开过",
        "late": "有超期公开的",
        "due_soon": "快到期",
        "overdue": "已经逾期",
    }
)
"""What a list of duties may be narrowed to, in their order → its name."""
_SUMMED: Final = ("duties", "covered", "late", "due_soon", "overdue", "columns", "empty")
_OF_SITE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "website-empty-columns": "空白栏目",
        "website-stale-columns": "不更新的通知公告、政策文件栏目",
        "website-stale-others": "其他不更新的栏目",
    }
)
"""Rule by which columns make a site fail → what it counts."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the board: an organ, or a county of the city."""

    name: str
    path: str
    """Where its duties are listed; of a county, its own board."""
    counts: Mapping[str, int]
    is_organ: bool


async def board(request: Request) -> Response:
    """``/{div}/oversight/coverage``: organs and columns; on the city's page its counties instead of their organs."""
    portal = portal_of(request)
    where = await portal.where(request, "oversight", "oversight/coverage")
    assert where.place is not None
    oversight, code = portal.offices.oversight, where.place.code
    found, columns = await asyncio.gather(
        oversight.GetCoverage(pb.GetCoverageRequest(division=code), timeout=_PATIENCE),
        oversight.ListColumns(pb.ListColumnsRequest(division=code, also=where.place.predecessors)),
    )
    lines = lines_of(where, [row for row in found.organs if row.duties])
    values = {
        "found": found,
        "lines": lines,
        "total": {name: sum(line.counts[name] for line in lines) for name in _SUMMED},
        "idle": [row.organ_name for row in found.organs if not row.duties],
        "home": next((one for one in columns.columns if one.group == "home"), None),
        "poor": sorted(
            (one for one in columns.columns if one.group != "home" and one.state != "kept"),
            key=lambda one: one.state != "empty",
        ),
        "kept": sum(one.group != "home" and one.state == "kept" for one in columns.columns),
        "verdicts": [(_OF_SITE[one.code], one) for one in columns.verdicts if one.code in _OF_SITE],
    }
    return portal.pages.render(request, "coverage.html", values, where)


async def duties(request: Request) -> Response:
    """``/{div}/oversight/{organ}/duties``: an organ's duties, each with its standing; and its columns."""
    portal = portal_of(request)
    where = await portal.where(request, "oversight")
    code, page = request.path_params["organ"], page_of(request)
    state, domain = request.query_params.get("state", ""), request.query_params.get("domain", "")
    if state not in LISTS:
        raise HTTPException(400, f"只能按这几种查看：{'、'.join(LISTS.values())}")
    organ = await organ_of(portal, where, code)
    oversight = portal.offices.oversight
    asked = pb.ListDutiesRequest(organ=code, state=state, domain=domain, page=page, page_size=PAGE_SIZE)
    found, columns = await asyncio.gather(
        oversight.ListDuties(asked), oversight.ListColumns(pb.ListColumnsRequest(organ=code))
    )
    assert where.divisions is not None
    home = where.divisions.find(organ.division)
    values = {
        "organ": organ,
        "found": found,
        "columns": columns.columns,
        "column": next((one for one in columns.columns if one.code == domain), None),
        "state": state,
        "domain": domain,
        "slug": home.slug if home else "",
        "page": page,
        "size": PAGE_SIZE,
        "states": STATES,
        "lists": LISTS,
    }
    return portal.pages.render(request, "duties.html", values, where)


def lines_of(where: Where, rows: Iterable[pb.OrganCoverage]) -> list[Line]:
    """The lines of a board: the organs; on the city's board its own organs, then each county as one line."""
    assert where.place is not None
    assert where.divisions is not None
    base = f"/{where.place.slug}/oversight/"
    lines: list[Line] = []
    counties: dict[str, dict[str, int]] = {}
    for row in rows:
        counts = {name: int(getattr(row, name)) for name in _SUMMED}
        if where.place.level == "city" and row.division != where.place.code:
            held = counties.setdefault(stem(row.division)[:6], dict.fromkeys(_SUMMED, 0))
            counties[stem(row.division)[:6]] = {name: held[name] + counts[name] for name in _SUMMED}
        else:
            lines.append(Line(row.organ_name, f"{base}{row.organ}/duties", counts, is_organ=True))
    for slug, counts in sorted(counties.items()):
        lines.append(
            Line(
                where.divisions.name_of(slug.ljust(12, "0")),
                f"/{slug}/oversight/coverage",
                counts,
                is_organ=False,
            )
        )
    return lines
