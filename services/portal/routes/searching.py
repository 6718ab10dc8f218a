"""搜索: what is asked and chosen stands in the address; every step is a link or a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import grpc
from grpc import aio
from starlette.requests import Request
from starlette.responses import Response

from gongkai.contracts.kinds import KINDS, VALIDITIES
from gongkai.rpc.search.v1 import search_pb2 as pb
from gongkai.serving.errors import is_unavailable, reasons_of
from services.portal import words
from services.portal.failures import RETRY_SECONDS
from services.portal.pages import Where
from services.portal.places import Place
from services.portal.portal import Portal, page_of, portal_of
from services.portal.registry import Domains

PAGE_SIZE: Final = 10
MOST_CHOICES: Final = 20
DEEPEST: Final = 1000
SORTS: Final = {"": "相关度", "newest": "最新公开", "oldest": "最早公开"}
_SORTS: Final = {"": pb.SORT_RELEVANCE, "newest": pb.SORT_NEWEST, "oldest": pb.SORT_OLDEST}
FACETS: Final = {"validity": "有效性", "domain": "领域", "organ": "公开机关", "year": "年份", "kind": "类型"}
"""Name of a facet in addresses (and in search's answer) → what it is called, in the order of the page."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the reader asked and chose."""

    q: str
    chosen: Mapping[str, Sequence[str]]
    sort: str
    page: int

    @classmethod
    def read(cls, request: Request) -> Asked:
        """Read the address; what no page of ours writes is left out.

        Raises:
            HTTPException: 400, the page is no number.
        """
        given = request.query_params
        chosen = {
            name: tuple(dict.fromkeys(one for one in given.getlist(name) if one))[:MOST_CHOICES]
            for name in FACETS
        }
        sort = given.get("sort", "")
        return cls(
            given.get("q", "").strip(),
            chosen,
            sort if sort in SORTS else "",
            page_of(request, most=DEEPEST // PAGE_SIZE),
        )

    def parameters(self, **changes: object) -> dict[str, object]:
        """The parameters of the same question, with changes; the page begins anew."""
        return {"q": self.q, **self.chosen, "sort": self.sort, **changes}

    def without(self, name: str, value: str) -> dict[str, object]:
        """The parameters without one choice."""
        return self.parameters(**{name: [one for one in self.chosen[name] if one != value]})


@dataclass(frozen=True, slots=True)
class Choice:
    """One checkbox."""

    value: str
    label: str
    count: int
    on: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """One facet."""

    name: str
    title: str
    choices: Sequence[Choice]


async def search(request: Request) -> Response:
    """``/{div}/search``."""
    portal = portal_of(request)
    asked = Asked.read(request)
    where = await portal.where(request, "search", "")
    assert where.place is not None
    domains = await portal.registry.domains_of(where.place)
    try:
        found = await portal.offices.search.Search(_question(asked, where.place))
    except aio.AioRpcError as error:
        return _failed(request, portal, where, asked, error)
    values = {
        "asked": asked,
        "found": found,
        "panels": panels(found, asked, domains),
        "labels": _labels(found, domains),
        "facets": FACETS,
        "sorts": SORTS,
        "size": PAGE_SIZE,
        "shown": min(found.total, DEEPEST),
        "problem": "",
    }
    return portal.pages.render(request, "search.html", values, where)


def _failed(request: Request, portal: Portal, where: Where, asked: Asked, error: aio.AioRpcError) -> Response:
    """The search page without results: what was typed stays in its box.

    Raises:
        AioRpcError: it is neither away nor a refusal.
    """
    refused = error.code() in {grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT}
    if not refused and not is_unavailable(error):
        raise error
    problem = "".join(reason.message_zh for reason in reasons_of(error)) if refused else ""
    values = {
        "asked": asked,
        "found": pb.SearchResponse(),
        "panels": (),
        "labels": {},
        "facets": FACETS,
        "sorts": SORTS,
        "size": PAGE_SIZE,
        "shown": 0,
        "problem": problem or "检索暂时不可用，请过一分钟再试。各栏目的列表仍可浏览。",
    }
    answer = portal.pages.render(request, "search.html", values, where, status=400 if refused else 503)
    answer.headers["Cache-Control"] = "no-store"
    if not refused:
        answer.headers["Retry-After"] = RETRY_SECONDS
    return answer


def _question(asked: Asked, place: Place) -> pb.SearchRequest:
    return pb.SearchRequest(
        query=asked.q,
        division=place.code,
        also=place.predecessors,
        organs=asked.chosen["organ"],
        kinds=asked.chosen["kind"],
        domains=asked.chosen["domain"],
        years=asked.chosen["year"],
        validities=asked.chosen["validity"],
        sort=_SORTS[asked.sort] if asked.q or asked.sort else pb.SORT_NEWEST,
        page=asked.page,
        page_size=PAGE_SIZE,
    )


def panels(found: pb.SearchResponse, asked: Asked, domains: Domains) -> Sequence[Panel]:
    """The facets as they are shown; a choice that leaves nothing stays, with 0, so that it can be taken back."""
    counted = {facet.name: {one.value: one.count for one in facet.values} for facet in found.facets}
    labels = _labels(found, domains)
    shown = []
    for name, title in FACETS.items():
        counts = {**dict.fromkeys(asked.chosen[name], 0), **counted.get(name, {})}
        choices = [
            Choice(value, labels.get((name, value), value), count, on=value in asked.chosen[name])
            for value, count in counts.items()
        ]
        if choices:
            shown.append(Panel(name, title, choices))
    return shown


def _labels(found: pb.SearchResponse, domains: Domains) -> dict[tuple[str, str], str]:
    labels = {
        (facet.name, one.value): one.label for facet in found.facets for one in facet.values if one.label
    }
    labels |= {("domain", domain.code): domain.name for domain in domains.listed}
    labels |= {("kind", code): words.kind(code) for code in KINDS}
    labels |= {("validity", code): words.validity(code) for code in VALIDITIES}
    return labels
