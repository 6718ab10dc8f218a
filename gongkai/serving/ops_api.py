"""What an operator asks of a service: refill a stream, settle dead letters, verify the log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.eventstore.store import EventStore
from gongkai.messaging import deadletters
from gongkai.messaging.control import request_refill
from gongkai.messaging.deadletters import DeadLetter, NoSuchLetter
from gongkai.messaging.faults import TransientError
from gongkai.refusal import Reason, Refusal
from gongkai.rpc.ops.v1 import ops_pb2, ops_pb2_grpc
from gongkai.security.grpc_auth import current_caller
from gongkai.serving.clock import Clock
from gongkai.serving.errors import InvalidRequest, NotFound, Unavailable
from gongkai.serving.rebuilding import Difference, Rebuild, rebuild

Retry = Callable[[int], Awaitable[str | None]]
"""``BatchConsumer.retry``: gives the letter of a number to its consumer once more; ``None`` if it was applied (the letter
is settled then), else why not (the letter waits on)."""
Context = aio.ServicerContext[Any, Any]

LARGEST_PAGE: Final = 500

NO_LOG: Final = Reason("ops.no-log", "本服务没有自己的事件日志")
NO_VIEWS: Final = Reason("ops.no-views", "本服务没有可以重建的视图；检索索引请用 gongkai search rebuild")
NO_SUCH_STREAM: Final = Reason("ops.stream-unknown", "本服务不发布这个流", "stream")
NO_SUCH_LETTER: Final = Reason("ops.letter-unknown", "没有这一编号的待处理死信", "number")
SETTLED: Final = Reason("ops.letter-settled", "这封死信已经处理，不再重试", "number")
NO_CONSUMER: Final = Reason("ops.consumer-unknown", "这封死信的消费者已不在本服务中，只能丢弃", "number")
NOT_NOW: Final = Reason("ops.not-now", "消费者尚未连接或依赖暂不可用，请稍后重试")
NO_REASON: Final = Reason("ops.reason-missing", "丢弃死信必须说明理由", "reason")
NO_ACTOR: Final = Reason("ops.actor-missing", "丢弃死信必须注明经办人", "actor")

_log = structlog.get_logger()


class OpsApi(ops_pb2_grpc.OpsServiceServicer):
    """Answers ``OpsService`` for one service."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        clock: Clock,
        store: EventStore | None = None,
        streams: Collection[str] = (),
        retries: Mapping[str, Retry] | None = None,
        views: Rebuild | None = None,
    ) -> None:
        """Take what the service has.

        Args:
            engine: its database, with the messaging tables.
            clock: the present.
            store: its own log, if it has one.
            streams: the streams its relays fill.
            retries: how each of its consumers takes a letter again, by consumer name.
            views: its views and what they are rebuilt from, if it has any.
        """
        self._engine = engine
        self._clock = clock
        self._store = store
        self._streams = frozenset(streams)
        self._retries = dict(retries or {})
        self._views = views

    async def RefillStream(  # noqa: N802 - the name of the method on the wire, as all below
        self, request: ops_pb2.RefillStreamRequest, _context: Context
    ) -> ops_pb2.RefillStreamResponse:
        """Have the stream filled again from the first event; the answer names the last event it will hold."""
        if self._store is None or request.stream not in self._streams:
            raise NotFound(NO_SUCH_STREAM)
        async with self._engine.begin() as conn:
            head = await self._store.head(conn)
            await request_refill(conn, request.stream, at=self._clock(), by=str(current_caller()))
        _log.info("refill asked for", stream=request.stream, until=head)
        return ops_pb2.RefillStreamResponse(until_position=head)

    async def ListDeadLetters(  # noqa: N802
        self, request: ops_pb2.ListDeadLettersRequest, _context: Context
    ) -> ops_pb2.ListDeadLettersResponse:
        """Answer a page of letters, oldest first, without their bytes."""
        async with self._engine.connect() as conn:
            letters = await deadletters.list_letters(
                conn,
                after=request.after_number,
                limit=min(request.page_size or 100, LARGEST_PAGE),
                include_settled=request.include_settled,
            )
            waiting = await deadletters.count_waiting(conn)
        return ops_pb2.ListDeadLettersResponse(
            letters=[_message(letter) for letter in letters], total_waiting=waiting
        )

    async def GetDeadLetter(  # noqa: N802
        self, request: ops_pb2.GetDeadLetterRequest, _context: Context
    ) -> ops_pb2.GetDeadLetterResponse:
        """Answer one letter with its bytes."""
        letter = await self._letter(request.number)
        answer = _message(letter)
        answer.data = letter.data
        return ops_pb2.GetDeadLetterResponse(letter=answer)

    async def RetryDeadLetter(  # noqa: N802
        self, request: ops_pb2.RetryDeadLetterRequest, _context: Context
    ) -> ops_pb2.RetryDeadLetterResponse:
        """Give a waiting letter to its consumer once more."""
        letter = await self._letter(request.number)
        if letter.state != "waiting":
            raise Refusal(SETTLED)
        retry = self._retries.get(letter.consumer)
        if retry is None:
            raise Refusal(NO_CONSUMER)
        try:
            reason = await retry(letter.number)
        except NoSuchLetter as error:  # settled meanwhile
            raise NotFound(NO_SUCH_LETTER) from error
        except TransientError as error:
            raise Unavailable(NOT_NOW) from error
        _log.info(
            "dead letter retried", number=letter.number, applied=reason is None, by=str(current_caller())
        )
        return ops_pb2.RetryDeadLetterResponse(applied=reason is None, reason=reason or "")

    async def DiscardDeadLetter(  # noqa: N802
        self, request: ops_pb2.DiscardDeadLetterRequest, _context: Context
    ) -> ops_pb2.DiscardDeadLetterResponse:
        """Give a letter up by name, with a reason; its bytes are deleted."""
        missing = [
            reason
            for reason, text in ((NO_ACTOR, request.actor), (NO_REASON, request.reason))
            if not text.strip()
        ]
        if missing:
            raise InvalidRequest(*missing)
        try:
            async with self._engine.begin() as conn:
                await deadletters.discard_letter(
                    conn, request.number, by=request.actor, reason=request.reason, at=self._clock()
                )
        except NoSuchLetter as error:
            raise NotFound(NO_SUCH_LETTER) from error
        _log.info("dead letter discarded", number=request.number, by=request.actor)
        return ops_pb2.DiscardDeadLetterResponse()

    async def VerifyLog(  # noqa: N802
        self, _request: ops_pb2.VerifyLogRequest, _context: Context
    ) -> ops_pb2.VerifyLogResponse:
        """Recompute every event's digest and the density of every stream. Reads the whole log."""
        if self._store is None:
            raise Refusal(NO_LOG)
        async with self._engine.connect() as conn:
            found = await self._store.verify(conn)
        return ops_pb2.VerifyLogResponse(
            events=found.events, streams=found.streams, faults=[str(fault) for fault in found.faults]
        )

    async def RebuildViews(  # noqa: N802
        self, _request: ops_pb2.RebuildViewsRequest, _context: Context
    ) -> AsyncIterator[ops_pb2.RebuildViewsResponse]:
        """Build every view anew beside the live one and mend what differs; tells progress, then the differences."""
        if self._views is None:
            raise Refusal(NO_VIEWS)
        differences = []
        async for told in rebuild(self._engine, self._views):
            if isinstance(told, Difference):
                differences.append(str(told))
            else:
                yield ops_pb2.RebuildViewsResponse(view=told.source, done=told.done, total=told.total)
        _log.info("views rebuilt", differences=differences, by=str(current_caller()))
        yield ops_pb2.RebuildViewsResponse(finished=True, differences=differences)

    async def _letter(self, number: int) -> DeadLetter:
        try:
            async with self._engine.connect() as conn:
                return await deadletters.get_letter(conn, number)
        except NoSuchLetter as error:
            raise NotFound(NO_SUCH_LETTER) from error


def _message(letter: DeadLetter) -> ops_pb2.DeadLetter:
    return ops_pb2.DeadLetter(
        number=letter.number,
        consumer=letter.consumer,
        subject=letter.subject,
        reason=letter.reason,
        attempts=letter.attempts,
        first_failed_at=_timestamp(letter.first_failed_at),
        last_failed_at=_timestamp(letter.last_failed_at),
        headers=letter.headers,
        state=letter.state,
    )


def _timestamp(at: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp
