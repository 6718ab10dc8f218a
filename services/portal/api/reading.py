"""REST: records, search, the registry."""
# ruff: noqa: D415 - docstrings here are the interface's documentation, in Chinese, and end in 。

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from gongkai.rpc.catalog.v1 import catalog_pb2
from gongkai.rpc.publishing.v1 import publishing_pb2
from gongkai.rpc.search.v1 import search_pb2
from services.portal.api import record_models, registry_models, search_models
from services.portal.api.problems import MEDIA_TYPE, problem
from services.portal.portal import portal_of

router = APIRouter()

_PROBLEM: Final[dict[str, Any]] = {
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
}
NOT_FOUND: Final[dict[int | str, dict[str, Any]]] = {404: {"description": "没有找到", **_PROBLEM}}
_GONE: Final[dict[int | str, dict[str, Any]]] = {
    410: {"description": "已经撤回：只有日期、机关和理由", **_PROBLEM}
}
_SORTS: Final = {
    "relevance": search_pb2.SORT_RELEVANCE,
    "newest": search_pb2.SORT_NEWEST,
    "oldest": search_pb2.SORT_OLDEST,
}
Division = Annotated[
    str, Query(description="6、9 或 12 位区划代码，包括其下各级", pattern=r"^(\d{6}|\d{9}|\d{12})?$")
]
Page = Annotated[int, Query(ge=1, le=100_000, description="页码，从 1 起")]
Several = Annotated[list[str], Query(max_length=50)]


@router.get("/records", summary="按条件列出信息，新的在前", tags=["信息"])
async def records(  # noqa: PLR0913, PLR0917 - query parameters
    request: Request,
    division: Division = "",
    organ: str = "",
    kind: str = "",
    domain: str = "",
    month: Annotated[str, Query(description="发布月份，如 2026-11", pattern=r"^(\d{4}-\d{2})?$")] = "",
    matter: Annotated[str, Query(description="公开事项的标识")] = "",
    page: Page = 1,
    page_size: Annotated[int, Query(ge=1, le=100)] = 20,
) -> record_models.Records:
    """信息列表。"""
    portal = portal_of(request)
    found = await portal.offices.records.ListRecords(
        publishing_pb2.ListRecordsRequest(
            division=division,
            organ=organ,
            kind=kind,
            domain=domain,
            month=month,
            matter=matter,
            page=page,
            page_size=page_size,
        )
    )
    base = portal.base(request)
    listed = [record_models.Record.of(record, base) for record in found.records]
    return record_models.Records(total=found.total, page=page, page_size=page_size, records=listed)


@router.get(
    "/records/{uscc}/{number}",
    summary="按索引号取一条信息",
    tags=["信息"],
    response_model=record_models.Record,
    responses={**NOT_FOUND, **_GONE},
)
async def record(request: Request, uscc: str, number: str) -> record_models.Record | Response:
    """一条信息；已经撤回的答 410。"""
    portal = portal_of(request)
    asked = publishing_pb2.GetRecordRequest(index_number=f"{uscc}/{number}")
    found = await portal.offices.records.GetRecord(asked)
    if found.HasField("tombstone"):
        left = found.tombstone
        return problem(
            request,
            410,
            detail=f"撤回理由：{left.reason}",
            withdrawn_on=left.withdrawn_on,
            organ_name=left.organ_name,
            index_number=left.index_number,
        )
    return record_models.Record.of(found.record, portal.base(request))


@router.get("/search", summary="搜索", tags=["信息"])
async def search(  # noqa: PLR0913, PLR0917 - query parameters
    request: Request,
    q: Annotated[str, Query(description="字词，或者文号、索引号")] = "",
    division: Division = "",
    organ: Several = [],  # noqa: B006 - FastAPI reads the default and never changes it
    kind: Several = [],  # noqa: B006
    domain: Several = [],  # noqa: B006
    year: Several = [],  # noqa: B006
    validity: Several = [],  # noqa: B006
    sort: Literal["relevance", "newest", "oldest"] = "relevance",
    page: Page = 1,
    page_size: Annotated[int, Query(ge=1, le=50)] = 10,
) -> search_models.Found:
    """搜索信息；同一条件给几个值的，符合其一即可。"""
    portal = portal_of(request)
    place = (await portal.registry.divisions()).find(division) if division else None
    found = await portal.offices.search.Search(
        search_pb2.SearchRequest(
            query=q,
            division=division,
            also=place.predecessors if place else (),
            organs=organ,
            kinds=kind,
            domains=domain,
            years=year,
            validities=validity,
            sort=_SORTS[sort],
            page=page,
            page_size=page_size,
        )
    )
    base = portal.base(request)
    return search_models.Found(
        total=found.total,
        page=page,
        page_size=page_size,
        exact_number=found.exact_number,
        hits=[search_models.Hit.of(hit, base) for hit in found.hits],
        facets={
            facet.name: [
                search_models.FacetValue(value=one.value, label=one.label, count=one.count)
                for one in facet.values
            ]
            for facet in found.facets
        },
    )


@router.get("/divisions", summary="区划表", tags=["目录"])
async def divisions(request: Request, parent: Division = "", level: str = "") -> registry_models.Divisions:
    """全部区划，或者某一区划之下、某一级的。"""
    known = await portal_of(request).registry.divisions()
    above = known.find(parent) if parent else None
    listed = [
        registry_models.Division.of(one)
        for one in known.by_code.values()
        if (not parent or (above is not None and one.parent == above.code)) and level in ("", one.level)
    ]
    return registry_models.Divisions(total=len(listed), divisions=listed)


@router.get("/organs", summary="公开机关", tags=["目录"])
async def organs(
    request: Request,
    division: Division = "",
    include_below: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    page_size: Annotated[int, Query(ge=1, le=500)] = 100,
    page_token: str = "",
) -> registry_models.Organs:
    """登记的机关，按代码排列。"""
    portal = portal_of(request)
    found = await portal.offices.catalog.ListOrgans(
        catalog_pb2.ListOrgansRequest(
            division=division.ljust(12, "0") if division else "",
            include_below=include_below,
            page_size=page_size,
            page_token=page_token,
        )
    )
    listed = [registry_models.Organ.of(organ) for organ in found.organs]
    return registry_models.Organs(total=found.total, next_page_token=found.next_page_token, organs=listed)


@router.get("/organs/{code}", summary="一个机关", tags=["目录"], responses=NOT_FOUND)
async def organ(request: Request, code: str) -> registry_models.Organ:
    """按代码取一个机关。"""
    found = await portal_of(request).offices.catalog.GetOrgan(catalog_pb2.GetOrganRequest(code=code))
    return registry_models.Organ.of(found.organ)


@router.get("/domains", summary="现行目录的领域", tags=["目录"])
async def domains(request: Request) -> registry_models.Domains:
    """领域，按顺序。"""
    known = await portal_of(request).registry.domains()
    listed = [
        registry_models.Domain(code=one.code, seq=one.seq, name=one.name, matter_count=one.matter_count)
        for one in known.listed
    ]
    return registry_models.Domains(edition=known.edition, domains=listed)


@router.get("/domains/{code}/matters", summary="一个领域的公开事项", tags=["目录"])
async def matters(
    request: Request,
    code: str,
    page_size: Annotated[int, Query(ge=1, le=500)] = 100,
    page_token: str = "",
) -> registry_models.Matters:
    """标准目录的行，十栏齐全。"""
    found = await portal_of(request).offices.catalog.ListMatters(
        catalog_pb2.ListMattersRequest(domain=code, page_size=page_size, page_token=page_token)
    )
    return registry_models.Matters(
        edition=found.edition,
        total=found.total,
        next_page_token=found.next_page_token,
        matters=[registry_models.Matter.of(matter) for matter in found.matters],
    )
