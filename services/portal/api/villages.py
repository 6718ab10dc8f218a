"""REST: 村务公开, the villages of a county or township and a village's list."""
# ruff: noqa: D415 - docstrings here are the interface's documentation, in Chinese, and end in 。

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.exceptions import HTTPException

from gongkai.rpc.catalog.v1 import villages_pb2 as pb
from gongkai.serving.clock import legal_day
from services.portal import villages as shown
from services.portal.api import village_models as models
from services.portal.api.reading import NOT_FOUND
from services.portal.api.within import Within, place_of
from services.portal.portal import portal_of

router = APIRouter()

VillageCode = Annotated[str, Path(description="村（社区）的 12 位区划代码", pattern=r"^\d{12}$")]


@router.get(
    "/divisions/{division}/villages", summary="有村务公开清单的村（社区）", tags=["村务"], responses=NOT_FOUND
)
async def villages(
    request: Request,
    division: Within,
    page_size: Annotated[int, Query(ge=1, le=50)] = 20,
    page_token: str = "",
) -> models.Villages:
    """各村现行清单的编号、最近一次公开、下一个公开日。村民自治的公开不适用 20 个工作日的期限。"""
    portal = portal_of(request)
    place, known = await place_of(request, division), await portal.registry.divisions()
    asked = pb.ListVillageListsRequest(division=place.code, page_size=page_size, page_token=page_token)
    told = await portal.offices.villages.ListVillageLists(asked)
    entries = await shown.entries(portal, (one.list for one in told.lists), legal_day(portal.clock()))
    base = portal.base(request)
    return models.Villages(
        total=told.total,
        next_page_token=told.next_page_token,
        villages=[models.Village.of(one, known.find(one.village), base) for one in entries],
    )


@router.get(
    "/villages/{village}/list", summary="一个村（社区）的村务公开清单", tags=["村务"], responses=NOT_FOUND
)
async def village_list(
    request: Request,
    village: VillageCode,
    number: Annotated[int, Query(ge=0, le=9999, description="清单的编号；0 为现行")] = 0,
) -> models.VillageList:
    """清单的各项，每项最近一次公开和下一个公开日；以前的清单只写各项，不写公开情况。"""
    portal = portal_of(request)
    told, kinds, records = await asyncio.gather(
        shown.list_of(portal, village, number), shown.kinds_of(portal), shown.records_of(portal, village)
    )
    if told is None:
        which = f"第 {number} 号清单" if number else "清单"
        detail = f"{village} 没有公布过{which}。请核对村（社区）的代码和清单的编号；有清单的村（社区）见 /divisions/{{division}}/villages。"
        raise HTTPException(404, detail)
    groups = shown.grouped(told.list, kinds, records, legal_day(portal.clock()))
    return models.VillageList.of(told, groups, portal.base(request))
