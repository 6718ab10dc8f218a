"""REST: catalogues, their editions and rows."""
# ruff: noqa: D415 - docstrings here are the interface's documentation, in Chinese, and end in 。

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request

from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from services.portal.api import catalogue_models as models
from services.portal.api.reading import NOT_FOUND, Division
from services.portal.portal import portal_of

router = APIRouter()

Identity = Annotated[str, Path(description="12 位区划代码，或者 guide", pattern=r"^(\d{12}|guide)$")]
EditionNumber = Annotated[int, Query(ge=0, le=9999, description="版次；0 为现行")]
Day = Annotated[str, Query(description="那一天施行的一版，如 2026-11-23", pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
Level = Literal["", "city", "county", "township", "village"]


@router.get("/catalogues", summary="事项目录的清单", tags=["目录"])
async def catalogues(request: Request, division: Division = "") -> models.Catalogues:
    """全部目录，或者某一区划和它以下的。"""
    asked = pb.ListCataloguesRequest(division=division.ljust(12, "0") if division else "")
    told = await portal_of(request).offices.catalogues.ListCatalogues(asked)
    listed = [models.Catalogue.of(one) for one in told.catalogues]
    return models.Catalogues(total=len(listed), catalogues=listed)


@router.get("/catalogues/{catalogue}", summary="一个目录和它的领域", tags=["目录"], responses=NOT_FOUND)
async def catalogue(
    request: Request,
    catalogue: Identity,
    or_above: Annotated[bool, Query(description="没有发布过的，答最近的上级目录")] = False,  # noqa: FBT002 - a query parameter
) -> models.CatalogueWhole:
    """现行版的概况。"""
    asked = pb.GetCatalogueRequest(id=catalogue, or_above=or_above)
    return models.CatalogueWhole.whole(await portal_of(request).offices.catalogues.GetCatalogue(asked))


@router.get("/catalogues/{catalogue}/editions", summary="目录的历次版本", tags=["目录"], responses=NOT_FOUND)
async def editions(request: Request, catalogue: Identity) -> models.Editions:
    """发布过的各版，新的在前。"""
    asked = pb.ListEditionsRequest(catalogue=catalogue)
    told = await portal_of(request).offices.catalogues.ListEditions(asked)
    return models.Editions(editions=[models.Edition.of(one) for one in told.editions])


@router.get("/catalogues/{catalogue}/rows", summary="目录的行", tags=["目录"], responses=NOT_FOUND)
async def rows(  # noqa: PLR0913, PLR0917 - query parameters
    request: Request,
    catalogue: Identity,
    edition: EditionNumber = 0,
    on: Day = "",
    domain: str = "",
    organ: Annotated[str, Query(description="机关代码：只要它应当公开的")] = "",
    level: Level = "",
    q: Annotated[str, Query(max_length=100, description="字词")] = "",
    differences_only: Annotated[bool, Query(description="只要与上级不同的，包括不采用的")] = False,  # noqa: FBT002 - a query parameter
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
    page_token: str = "",
) -> models.Rows:
    """某一版的行，十栏照原文，附读出的结构。"""
    told = await portal_of(request).offices.catalogues.ListRows(
        pb.ListRowsRequest(
            catalogue=catalogue, edition=edition, on=on, domain=domain, organ=organ, level=level, q=q,
            differences_only=differences_only, page_size=page_size, page_token=page_token,
        )
    )  # fmt: skip
    return models.Rows(
        edition=models.Edition.of(told.edition),
        total=told.total,
        next_page_token=told.next_page_token,
        rows=[models.Row.of(one) for one in told.rows],
    )


@router.get(
    "/catalogues/{catalogue}/rows/{matter}", summary="一个公开事项", tags=["目录"], responses=NOT_FOUND
)
async def row(
    request: Request, catalogue: Identity, matter: str, edition: EditionNumber = 0, on: Day = ""
) -> models.Matter:
    """一行，历次变化，和它在其他目录里的样子。"""
    asked = pb.GetRowRequest(catalogue=catalogue, matter=matter, edition=edition, on=on)
    return models.Matter.of(await portal_of(request).offices.catalogues.GetRow(asked))
