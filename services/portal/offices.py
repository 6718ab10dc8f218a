"""The services the portal asks, one client each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grpc import aio

from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from gongkai.rpc.oversight.v1.oversight_pb2_grpc import OversightServiceStub
from gongkai.rpc.publishing.v1.publishing_pb2_grpc import ContentServiceStub, RecordServiceStub
from gongkai.rpc.search.v1.search_pb2_grpc import SearchServiceStub

if TYPE_CHECKING:  # the generated modules have these names for the type checker alone
    from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceAsyncStub
    from gongkai.rpc.oversight.v1.oversight_pb2_grpc import OversightServiceAsyncStub
    from gongkai.rpc.publishing.v1.publishing_pb2_grpc import ContentServiceAsyncStub, RecordServiceAsyncStub
    from gongkai.rpc.search.v1.search_pb2_grpc import SearchServiceAsyncStub


@dataclass(frozen=True, slots=True)
class Offices:
    """Clients of the other services."""

    catalog: CatalogServiceAsyncStub
    records: RecordServiceAsyncStub
    contents: ContentServiceAsyncStub
    uploads: ContentServiceAsyncStub
    """The same contents, over a channel that adds no token: an organ's own token goes through it."""
    search: SearchServiceAsyncStub
    oversight: OversightServiceAsyncStub


async def open_offices(peer: Callable[[str], Awaitable[aio.Channel]], uploads: aio.Channel) -> Offices:
    """Make the clients.

    Args:
        peer: opens the channel to a service by name, with the portal's token.
        uploads: a channel to publishing that adds no token.
    """
    publishing = await peer("publishing")
    return Offices(
        catalog=CatalogServiceStub(await peer("catalog")),
        records=RecordServiceStub(publishing),
        contents=ContentServiceStub(publishing),
        uploads=ContentServiceStub(uploads),
        search=SearchServiceStub(await peer("search")),
        oversight=OversightServiceStub(await peer("oversight")),
    )
