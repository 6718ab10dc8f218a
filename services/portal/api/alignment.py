"""REST: figures of county, township and village beside each other."""
# ruff: noqa: D415 - docstrings here are the interface's documentation, in Chinese, and end in 。

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request

from gongkai.rpc.oversight.v1 import oversight_pb2 as pb
from services.portal.api import alignment_models as models
from services.portal.api.reading import NOT_FOUND
from services.portal.api.within import Within, place_of
from services.portal.portal import portal_of

router = APIRouter()

_PATIENCE: Final = 20.0
"""Seconds, as for the board."""


@router.get(
    "/divisions/{division}/alignment", summary="各级公布的数字比对", tags=["信息"], responses=NOT_FOUND
)
async def alignment(
    request: Request,
    division: Within,
    matter: Annotated[str, Query(max_length=80, description="公开事项的标识；空：全部")] = "",
    state: Annotated[
        Literal["", "disagree", "agree", "alone"],
        Query(description="disagree 不一致、agree 一致、alone 无从比对；空：全部"),
    ] = "",
    organ: Annotated[str, Query(max_length=40, description="机关代码：只要由它说明的")] = "",
    page: Annotated[int, Query(ge=1, le=100_000, description="页码，从 1 起")] = 1,
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> models.Alignment:
    """这个区划和它以下，同一事项、同一地区、同一时间的数字并排，写明由谁说明；以及本级总数和下级合计。"""
    asked = pb.ListAlignmentRequest(
        division=(await place_of(request, division)).code, matter=matter, state=state, organ=organ, page=page, page_size=page_size,
        sums_page=page, sums_page_size=page_size,
    )  # fmt: skip
    return models.Alignment.of(
        await portal_of(request).offices.oversight.ListAlignment(asked, timeout=_PATIENCE)
    )
