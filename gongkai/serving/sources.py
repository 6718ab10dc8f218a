"""The two kinds of log that views are rebuilt from: the service's own, and another service's, read as contracts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from grpc import aio
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.store import EventStore
from gongkai.messaging.applying import Received
from gongkai.messaging.envelope import Registry, decode_contract, parse
from gongkai.rpc.log.v1 import log_pb2
from gongkai.rpc.log.v1.log_pb2_grpc import ContractLogServiceStub
from gongkai.serving.channels import LONG, streaming
from gongkai.serving.rebuilding import Begin, Progress

PAGE: Final = 500


class OwnLog:
    """The service's own log."""

    def __init__(
        self,
        store: EventStore,
        apply: Callable[[AsyncConnection, Sequence[StoredEvent]], Awaitable[None]],
        *,
        name: str = "log",
    ) -> None:
        """Take the log and what writes its events into the view tables."""
        self._store = store
        self._apply = apply
        self._name = name
        self._after = 0

    async def fill(self, begin: Begin) -> AsyncIterator[Progress]:
        """See ``Source.fill``."""
        while True:
            async with begin() as conn:
                events = await self._store.read(conn, self._after, PAGE)
                if not events:
                    return
                await self._apply(conn, events)
                head = await self._store.head(conn)
            self._after = events[-1].position
            yield Progress(self._name, self._after, max(head, self._after))


class OwnersLog:
    """Another service's log, over gRPC. A break in the middle ends the rebuild; the live views are as they were."""

    def __init__(
        self,
        owner: str,
        channel: aio.Channel,
        registry: Registry,
        apply: Callable[[AsyncConnection, Sequence[Received]], Awaitable[object]],
    ) -> None:
        """Take whose log it is, the contracts that are read of it, and what applies them."""
        self._owner = owner
        self._log = ContractLogServiceStub(channel)
        self._registry = registry
        self._apply = apply
        self._after = 0
        self._epoch = ""

    async def fill(self, begin: Begin) -> AsyncIterator[Progress]:
        """See ``Source.fill``."""
        request = log_pb2.ReadContractsRequest(
            audience=log_pb2.AUDIENCE_SERVICES, after_position=self._after, epoch=self._epoch
        )
        call = self._log.ReadContracts(request, timeout=LONG, wait_for_ready=True)
        page: list[Received] = []
        async with streaming(call) as answers:
            async for answer in answers:
                self._after, self._epoch = answer.position, answer.epoch
                page.append(self._read(answer))
                if len(page) >= PAGE:
                    await self._write(begin, page)
                    yield Progress(self._owner, self._after, self._after)
                    page = []
        await self._write(begin, page)
        yield Progress(self._owner, self._after, self._after)

    def _read(self, answer: log_pb2.ReadContractsResponse) -> Received:
        envelope = parse(dict(answer.attributes), answer.data)
        return Received(envelope, decode_contract(envelope, self._registry), answer.subject, 1)

    async def _write(self, begin: Begin, page: Sequence[Received]) -> None:
        if page:
            async with begin() as conn:
                await self._apply(conn, page)
