"""The gRPC edge: questions from the portal, a rebuild by an operator. The words of a question are never logged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from grpc import aio
from prometheus_client import Counter, Histogram

from gongkai.refusal import Reason
from gongkai.rpc.search.v1 import search_pb2 as pb
from gongkai.rpc.search.v1 import search_pb2_grpc
from gongkai.serving.errors import Unavailable
from services.search.bodies import BodiesUnavailable
from services.search.domain.answer import Answer, Fragment, Hit, read_answer
from services.search.domain.query import Order, Question, request_body
from services.search.engine import Engine, IndexUnavailable
from services.search.owner import OwnerUnavailable
from services.search.rebuild import Progress, Rebuilder

AWAY: Final = Reason("search.unavailable", "检索暂时不可用，请稍后再试。各栏目的列表仍可浏览。")
PEER_AWAY: Final = Reason(
    "search.rebuild.peer-away", "发布服务或检索服务器没有应答，重建没有完成，原有索引继续使用。请稍后再试。"
)

_DEFAULT_PAGE: Final = 10
_ORDERS: Final = {
    pb.SORT_RELEVANCE: Order.RELEVANCE,
    pb.SORT_NEWEST: Order.NEWEST,
    pb.SORT_OLDEST: Order.OLDEST,
}
_ASKED = Counter("gongkai_search_questions", "Questions answered.", ["found"])
_SECONDS = Histogram("gongkai_search_seconds", "Seconds to answer a question.")

Context = aio.ServicerContext[Any, Any]


class SearchApi(search_pb2_grpc.SearchServiceServicer):
    """Answers ``SearchService``."""

    def __init__(self, engine: Engine, rebuilder: Rebuilder) -> None:
        self._engine = engine
        self._rebuilder = rebuilder

    async def Search(self, request: pb.SearchRequest, _context: Context) -> pb.SearchResponse:
        """Answer a question; a question beyond a limit is refused with every reason."""
        body = request_body(_question(request))
        began = time.perf_counter()
        try:
            answer = read_answer(await self._engine.search(body))
        except IndexUnavailable:
            raise Unavailable(AWAY) from None
        _SECONDS.observe(time.perf_counter() - began)
        _ASKED.labels("yes" if answer.total else "no").inc()
        return _response(answer)

    async def Rebuild(
        self, request: pb.RebuildRequest, _context: Context
    ) -> AsyncIterator[pb.RebuildResponse]:
        """Rebuild the index, telling how far it is. A caller who leaves ends the rebuild; nothing was switched then."""
        told: asyncio.Queue[Progress | None] = asyncio.Queue()

        async def rebuild() -> None:
            try:
                await self._rebuilder.run(told.put, back=request.back)
            finally:
                told.put_nowait(None)

        work = asyncio.create_task(rebuild())
        try:
            while (progress := await told.get()) is not None:
                yield pb.RebuildResponse(
                    phase=progress.phase,
                    done=progress.done,
                    total=progress.total,
                    message_zh=progress.message_zh,
                )
            await work
        except (IndexUnavailable, BodiesUnavailable, OwnerUnavailable) as error:
            raise Unavailable(PEER_AWAY) from error
        finally:
            work.cancel()
            await asyncio.wait([work])


def _question(request: pb.SearchRequest) -> Question:
    return Question(
        query=request.query,
        division=request.division,
        also=tuple(request.also),
        organs=tuple(request.organs),
        kinds=tuple(request.kinds),
        domains=tuple(request.domains),
        years=tuple(request.years),
        validities=tuple(request.validities),
        order=_ORDERS.get(request.sort),
        page=request.page or 1,
        page_size=request.page_size or _DEFAULT_PAGE,
    )


def _response(answer: Answer) -> pb.SearchResponse:
    facets = [
        pb.Facet(
            name=name,
            values=[pb.FacetValue(value=one.value, label=one.label, count=one.count) for one in values],
        )
        for name, values in answer.facets.items()
    ]
    hits = [_hit(hit) for hit in answer.hits]
    return pb.SearchResponse(total=answer.total, hits=hits, facets=facets, exact_number=answer.exact_number)


def _hit(hit: Hit) -> pb.Hit:
    source: Mapping[str, Any] = hit.source

    def text(name: str) -> str:
        return str(source.get(name) or "")

    return pb.Hit(
        record_id=text("record_id"),
        index_number=text("index_number"),
        organ=text("organ"),
        organ_name=text("organ_name"),
        division=text("division"),
        kind=text("kind"),
        title=_snippet(hit.title),
        body=[_snippet(snippet) for snippet in hit.body],
        doc_number=text("doc_number"),
        published_on=text("published_on"),
        formed_on=text("formed_on"),
        validity=text("validity"),
        domain=text("domain"),
        file_count=int(source.get("file_count", 0)),
        issuer=text("issuer"),
    )


def _snippet(pieces: tuple[Fragment, ...]) -> pb.Snippet:
    return pb.Snippet(fragments=[pb.Fragment(text=piece.text, marked=piece.marked) for piece in pieces])
