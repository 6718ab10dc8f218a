"""A service's own log, read as contracts: what views are rebuilt from and what a reader without NATS follows.

The same functions say here what an event means as in the relay, so that both give the same messages, byte for byte.
One event may give several messages at one position: a reader's place is a position whose messages it has all had,
which it knows when a later one comes or the stream ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from grpc import aio
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.eventstore.errors import UnknownEventType
from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.store import EventStore
from gongkai.messaging.outgoing import Project, messages_of
from gongkai.refusal import Reason
from gongkai.rpc.log.v1 import log_pb2, log_pb2_grpc
from gongkai.security.grpc_auth import current_caller
from gongkai.serving.errors import InvalidRequest, PermissionRefused, Unavailable

PAGE: Final = 500
POLL_SECONDS: Final = 0.25

NO_AUDIENCE: Final = Reason("log.audience-missing", "请指明读取范围：各服务或公众", "audience")
UNKNOWN_AUDIENCE: Final = Reason("log.audience-unknown", "本服务不提供这一读取范围", "audience")
PUBLIC_ONLY: Final = Reason("log.public-only", "机构凭证只能读取面向公众的内容", "audience")
BEYOND_HEAD: Final = Reason(
    "log.beyond-head", "起始位置超出日志末尾，所持位置不属于本日志，请从头读取", "after_position"
)
STOPPING: Final = Reason("log.stopping", "服务正在停止，请稍后从上次位置继续")
EPOCH_CHANGED: Final = Reason("log.epoch-changed", "日志已从备份恢复，请从头读取")
UNKNOWN_EVENT: Final = Reason("log.unknown-event", "日志含本版本不认识的事件，已停止读取，请先升级本服务")

Audience = log_pb2.Audience
Context = aio.ServicerContext[Any, Any]


class ContractLog(log_pb2_grpc.ContractLogServiceServicer):
    """Answers ``ContractLogService`` for one service."""

    def __init__(
        self,
        engine: AsyncEngine,
        store: EventStore,
        projections: Mapping[Audience.ValueType, Project | Sequence[Project]],
        *,
        stopping: asyncio.Event,
    ) -> None:
        """Take the log, and for each audience what events say to it.

        Args:
            engine: the service's database.
            store: reads its log.
            projections: for each audience the function its relay uses.
            stopping: set when the process drains; streams that follow end then (``Service.stopping``).
        """
        self._engine = engine
        self._store = store
        self._projections = {
            audience: project if callable(project) else _joined(project)
            for audience, project in projections.items()
        }
        self._stopping = stopping

    async def ReadContracts(  # noqa: N802 - the name of the method on the wire
        self, request: log_pb2.ReadContractsRequest, _context: Context
    ) -> AsyncIterator[log_pb2.ReadContractsResponse]:
        """Yield contracts after a position; to the head seen at the start, or on and on.

        Raises:
            InvalidRequest: the request names no audience of this service, or a place the log does not have.
            PermissionRefused: an organ asked for more than public facts.
            Unavailable: the log cannot be read on; the reader comes again with its place.
        """
        project = self._project(request.audience)
        epoch, head = await self._epoch_and_head()
        after = request.after_position if request.epoch == epoch else 0
        if after > head:
            raise InvalidRequest(BEYOND_HEAD)
        while True:
            events = await self._page(epoch, after)
            for event in events:
                if not request.follow and event.position > head:
                    return
                for answer in _answers(event, epoch, project):
                    yield answer
                after = event.position
            if not request.follow and (not events or after >= head):
                return
            if not events or self._stopping.is_set():
                await self._pause()

    def _project(self, audience: Audience.ValueType) -> Project:
        if audience == Audience.AUDIENCE_UNSPECIFIED:
            raise InvalidRequest(NO_AUDIENCE)
        if audience not in self._projections:
            raise InvalidRequest(UNKNOWN_AUDIENCE)
        if current_caller().kind == "organ" and audience != Audience.AUDIENCE_PUBLIC:
            raise PermissionRefused(PUBLIC_ONLY)
        return self._projections[audience]

    async def _epoch_and_head(self) -> tuple[str, int]:
        async with self._engine.connect() as conn:
            return await self._store.epoch(conn), await self._store.head(conn)

    async def _page(self, epoch: str, after: int) -> list[StoredEvent]:
        # a connection a page, not a stream: readers are many and slow, connections few
        async with self._engine.connect() as conn:
            if await self._store.epoch(conn) != epoch:
                raise Unavailable(EPOCH_CHANGED)
            try:
                return await self._store.read(conn, after, PAGE)
            except UnknownEventType as error:
                raise Unavailable(UNKNOWN_EVENT) from error

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._stopping.wait()
        except TimeoutError:
            return
        raise Unavailable(STOPPING)


def _answers(event: StoredEvent, epoch: str, project: Project) -> list[log_pb2.ReadContractsResponse]:
    return [
        log_pb2.ReadContractsResponse(
            epoch=epoch,
            position=event.position,
            attributes=message.headers,
            subject=message.subject,
            data=message.data,
        )
        for message in messages_of(event, epoch, project)
    ]


def _joined(projections: Sequence[Project]) -> Project:
    return lambda event: [outgoing for project in projections for outgoing in project(event)]
