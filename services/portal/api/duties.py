"""REST: what an organ must disclose, for departments' systems; the same facts as over NATS, open to everybody."""
# ruff: noqa: D415 - docstrings here are the interface's documentation, in Chinese, and end in 。

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from gongkai.rpc.catalog.v1 import duties_pb2 as pb
from services.portal.api import duty_models as models
from services.portal.api.catalogues import Identity
from services.portal.api.problems import problem
from services.portal.api.reading import NOT_FOUND
from services.portal.portal import portal_of

router = APIRouter()

SCHEMA_TYPE: Final = "application/schema+json"
LARGEST: Final = 1024 * 1024
"""Bytes of a document's elements."""
Organ = Annotated[str, Path(description="机关代码，如 341323-mzj", pattern=r"^[0-9a-z-]{3,40}$")]
MatterId = Annotated[str, Path(description="事项的标识", max_length=80)]
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": models.Elements.model_json_schema()}},
    }
}


@router.get("/organs/{organ}/duties", summary="本机关应当公开的事项", tags=["报送"], responses=NOT_FOUND)
async def duties(
    request: Request,
    organ: Organ,
    domain: str = "",
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
    page_token: str = "",
) -> models.Duties:
    """现行目录里由这个机关公开的事项：要素、期限、渠道和要素的 JSON Schema；第一页的 place 留着，以后问变化用。"""
    asked = pb.ListDutiesRequest(organ=organ, domain=domain, page_size=page_size, page_token=page_token)
    return models.Duties.of(await portal_of(request).offices.duties.ListDuties(asked))


@router.get("/organs/{organ}/duties/changes", summary="事项的变化", tags=["报送"], responses=NOT_FOUND)
async def changes(
    request: Request,
    organ: Organ,
    place: Annotated[str, Query(max_length=300, description="上次答复里的 place；空：从头问起")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> models.DutyChanges:
    """自 place 以来增加、变动、取消的事项；用答复里的 place 再问，直到没有变化。"""
    asked = pb.ListChangesRequest(organ=organ, place=place, limit=limit)
    return models.DutyChanges.of(await portal_of(request).offices.duties.ListChanges(asked))


@router.get(
    "/catalogues/{catalogue}/matters/{matter}/schema",
    summary="事项要素的 JSON Schema",
    tags=["目录"],
    response_class=Response,
    responses={200: {"content": {SCHEMA_TYPE: {}}}, **NOT_FOUND},
)
async def schema(request: Request, catalogue: Identity, matter: MatterId) -> Response:
    """JSON Schema 2020-12：报送时 elements 的写法，按现行版。"""
    asked = pb.GetSchemaRequest(catalogue=catalogue, matter=matter)
    told = await portal_of(request).offices.duties.GetSchema(asked)
    return Response(told.schema, media_type=SCHEMA_TYPE)


@router.post(
    "/organs/{organ}/duties/{matter}/validate",
    summary="报送前核对要素",
    tags=["报送"],
    response_model=models.Validation,
    responses=NOT_FOUND,
    openapi_extra=_BODY,
)
async def validate(request: Request, organ: Organ, matter: MatterId) -> models.Validation | Response:
    """缺哪些要素、多写了什么，一次说全；不登记，不改动任何东西。"""
    elements = await _elements(request)
    if isinstance(elements, Response):
        return elements
    asked = pb.ValidateDocumentRequest(organ=organ, matter=matter, elements=elements)
    return models.Validation.of(await portal_of(request).offices.duties.ValidateDocument(asked))


async def _elements(request: Request) -> dict[str, str] | Response:
    """Read the body, or answer why it cannot be."""
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > LARGEST:
            return problem(request, 413, detail="要素合计超过 1 MiB。请在要素中写明要点，全文放入正文。")
    try:
        return models.Elements.model_validate(json.loads(bytes(data))).elements
    except (ValueError, RecursionError):
        text = '请发送 JSON 对象，如 {"elements": {"救助对象": "……"}}，要素的名称和内容都是文字。'
        return problem(request, 400, detail=text)
