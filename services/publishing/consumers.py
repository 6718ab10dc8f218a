"""The NATS edge: departments' events are taken from INGEST in batches, decided, answered on REPLY, acknowledged.

The order is what makes it safe: the decision is committed, then the answers are stored in REPLY, then INGEST is
acknowledged. Wherever the process dies, the messages come again, and the ledger gives the same answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import ConsumerInfo
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, NotFoundError
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.messaging.batch import BatchSender, Message
from gongkai.messaging.deadletters import set_aside
from gongkai.messaging.faults import is_transient
from gongkai.messaging.metrics import CONSUMED, PENDING, UNACKED
from gongkai.serving.health import NotReady
from services.publishing.answering import incoming_of, reply_message
from services.publishing.domain.deciding import Answered, Postponed, Verdict
from services.publishing.domain.incoming import Incoming, parse
from services.publishing.handlers import CONSUMER, STREAM, Deciding, decide_events, failure_of

DURABLE: Final = "publishing"
BATCH: Final = 200
_TIMEOUT_SECONDS: Final = 0.25
_MOST_DELIVERIES: Final = 5
_FIRST_DELAY: Final = 0.5
_LONGEST_DELAY: Final = 30.0
_WATCH_SECONDS: Final = 5.0

_log = structlog.get_logger()


class ConsumerGone(Exception):
    """The durable consumer does not exist; the process ends, and provisioning makes it again."""


class IngestConsumer:
    """Takes departments' events from INGEST until it is asked to stop."""

    def __init__(self, world: Deciding, client: Client, *, batch: int = BATCH) -> None:
        self._world = world
        self._client = client
        self._jetstream: JetStreamContext = client.jetstream(timeout=5)
        self._batch = batch

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop``; what has been fetched by then is finished.

        Raises:
            ConsumerGone: stream or consumer were deleted.
        """
        await self._info()
        subscription = await self._jetstream.pull_subscribe_bind(DURABLE, STREAM)
        watching = asyncio.create_task(self._watch(stop))
        try:
            async with BatchSender(self._client) as sender:
                while not stop.is_set():
                    if watching.done():
                        watching.result()
                    messages = await self._fetch(subscription)
                    if messages:
                        await self.take(messages, sender)
        finally:
            watching.cancel()
            with suppress(Exception):
                await subscription.unsubscribe()

    async def check(self) -> None:
        """Readiness: the consumer exists."""
        try:
            await self._info()
        except (ConsumerGone, nats.errors.Error) as error:
            raise NotReady("ingest-consumer", "接收报送的消费者不存在或消息服务无法连接") from error

    async def _fetch(self, subscription: JetStreamContext.PullSubscription) -> list[Msg]:
        try:
            return await subscription.fetch(self._batch, timeout=_TIMEOUT_SECONDS)
        except (nats.errors.TimeoutError, TimeoutError):
            return []
        except (nats.errors.Error, APIError) as error:
            _log.warning("cannot fetch, trying again", error=repr(error))
            await asyncio.sleep(_FIRST_DELAY)
            return []

    async def _watch(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            with suppress(nats.errors.Error, TimeoutError):
                info = await self._info()
                PENDING.labels(CONSUMER).set(info.num_pending or 0)
                UNACKED.labels(CONSUMER).set(info.num_ack_pending or 0)
            await asyncio.sleep(_WATCH_SECONDS)

    async def _info(self) -> ConsumerInfo:
        try:
            info: ConsumerInfo = await self._jetstream.consumer_info(STREAM, DURABLE)
        except NotFoundError as error:
            raise ConsumerGone(f"{STREAM}/{DURABLE}") from error
        return info

    async def take(self, messages: Sequence[Msg], sender: BatchSender) -> None:
        """Decide, answer and acknowledge one batch."""
        incoming = [incoming_of(message) for message in messages]
        try:
            verdicts = await decide_events(self._world, incoming)
        except Exception as error:  # noqa: BLE001 - whatever it is, the messages are settled one way or another
            if is_transient(error):
                _log.warning("batch is delivered again later", messages=len(messages), error=repr(error))
                await self._put_off(messages)
            elif len(messages) > 1:
                _log.exception("batch failed, taking its messages one by one")
                for message in messages:
                    await self.take([message], sender)
            else:
                await self._fail(messages[0], incoming[0], error)
            return
        await self._answer(messages, incoming, verdicts, sender)

    async def _answer(
        self,
        messages: Sequence[Msg],
        incoming: Sequence[Incoming],
        verdicts: Sequence[Verdict],
        sender: BatchSender,
    ) -> None:
        at = self._world.clock()
        replies = [
            reply_message(one, verdict, division=self._world.registry.division_of(one.organ), at=at)
            for one, verdict in zip(incoming, verdicts, strict=True)
            if isinstance(verdict, Answered)
        ]
        if not await _stored(replies, sender):
            await self._put_off(messages)
            return
        for message, verdict in zip(messages, verdicts, strict=True):
            if isinstance(verdict, Postponed):
                await message.nak(delay=_delay(message))
                CONSUMED.labels(CONSUMER, "retried").inc()
            else:
                await message.ack()
                CONSUMED.labels(CONSUMER, "applied").inc()

    async def _fail(self, message: Msg, incoming: Incoming, error: Exception) -> None:
        """A message that fails for no reason that passes: some more deliveries, then a dead letter."""
        if incoming.deliveries < _MOST_DELIVERIES:
            await self._put_off([message])
            return
        _log.error("message set aside", subject=message.subject, exc_info=error)
        async with self._engine.begin() as conn:
            failure = failure_of(parse(incoming), f"{type(error).__name__} while deciding")
            await set_aside(conn, CONSUMER, [failure], self._world.clock())
        await message.term()
        CONSUMED.labels(CONSUMER, "set_aside").inc()

    @property
    def _engine(self) -> AsyncEngine:
        return self._world.engine

    async def _put_off(self, messages: Sequence[Msg]) -> None:
        for message in messages:
            with suppress(nats.errors.Error):  # not heard: the server delivers it again by itself
                await message.nak(delay=_delay(message))
                CONSUMED.labels(CONSUMER, "retried").inc()


async def _stored(replies: Sequence[Message], sender: BatchSender) -> bool:
    """Whether all answers are in REPLY."""
    if not replies:
        return True
    try:
        await sender.confirm(await sender.send(replies))
    except Exception as error:
        if not is_transient(error):
            raise
        _log.warning("answers are given again later", answers=len(replies), error=repr(error))
        return False
    return True


def _delay(message: Msg) -> float:
    return float(min(_FIRST_DELAY * 2 ** (message.metadata.num_delivered - 1), _LONGEST_DELAY))
