"""A service of two methods' worth of search, on real servers, whose behaviour each test gives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest

from gongkai.rpc.search.v1 import search_pb2, search_pb2_grpc
from gongkai.security.keys import create_keys
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Address, Settings

LOOPBACK = Address("127.0.0.1", 0)

Search = Callable[[search_pb2.SearchRequest], Awaitable[search_pb2.SearchResponse]]
Rebuild = Callable[[], AsyncIterator[search_pb2.RebuildResponse]]


async def nothing_found(_request: search_pb2.SearchRequest) -> search_pb2.SearchResponse:
    return search_pb2.SearchResponse()


async def built_at_once() -> AsyncIterator[search_pb2.RebuildResponse]:
    yield search_pb2.RebuildResponse(phase="done")


class SearchApi(search_pb2_grpc.SearchServiceServicer):
    def __init__(self, search: Search, rebuild: Rebuild) -> None:
        self._search = search
        self._rebuild = rebuild

    async def Search(  # noqa: N802
        self, request: search_pb2.SearchRequest, _context: grpc.aio.ServicerContext
    ) -> search_pb2.SearchResponse:
        return await self._search(request)

    async def Rebuild(  # noqa: N802
        self, _request: search_pb2.RebuildRequest, _context: grpc.aio.ServicerContext
    ) -> AsyncIterator[search_pb2.RebuildResponse]:
        stream = self._rebuild()
        try:
            async for step in stream:
                yield step
        finally:
            await stream.aclose()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    create_keys(folder, services=["search", "portal"])
    return folder


@asynccontextmanager
async def search_service(
    keys: Path, search: Search = nothing_found, rebuild: Rebuild = built_at_once, *, drain: float = 5
) -> AsyncIterator[Service]:
    settings = Settings("search", keys=keys, grpc_listen=LOOPBACK, http_listen=LOOPBACK, drain_seconds=drain)
    async with Service("search", settings) as service:
        api = SearchApi(search, rebuild)
        service.grpc(search_pb2_grpc.add_SearchServiceServicer_to_server, api, search_pb2.DESCRIPTOR)
        yield service
