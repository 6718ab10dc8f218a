"""A service's NATS edge: batches of a durable consumer, pulled by FastStream, applied by ``applying.py``.

FastStream's own acknowledgement policies, decoding and declarations are all off: its first exception would term a
message, one undecodable message would take its batch along, and a declared stream would lose its limits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import nats.errors
import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from faststream.nats.security import NatsCredentials
from nats.aio.client import Client, RawCredentials
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.eventstore.event import Clock
from gongkai.messaging.applying import (
    Applier,
    Apply,
    Decode,
    Processor,
    Refuse,
    Work,
    answer,
    apply_once,
    nobody,
    read_letter,
)
from gongkai.messaging.batch import BatchSender
from gongkai.messaging.connection import ConnectionWatch, connection_options, credentials_text, either, opened
from gongkai.messaging.deadletters import NoSuchLetter, get_letter, retry_failed, settle_retried
from gongkai.messaging.envelope import Registry, Undecodable, decode_contract
from gongkai.messaging.faults import TransientError, is_transient
from gongkai.messaging.intake import RELEASE_SECONDS, Intake
from gongkai.messaging.metrics import PENDING, UNACKED
from gongkai.messaging.pulling import PULL_SECONDS, LongPull
from gongkai.serving.health import NotReady

if TYPE_CHECKING:
    from faststream.message import StreamMessage

_log = structlog.get_logger()

_WATCH_SECONDS: Final = 5.0


class ConsumerGone(Exception):
    """The durable consumer was deleted; the process should end, be provisioned and start again."""


class BatchConsumer:
    """Consumes one durable; replicas may share it.

    Args:
        name: of the view or process manager, with a version where a rebuild runs beside: ``records@2``.
        stream: the stream of the durable.
        durable: as in the topology.
        url: NATS servers, separated by commas.
        credentials: a ``.creds`` file, its text, or ``None``.
        engine: the service's database.
        apply: applies events, see ``Apply``.
        clock: now.
        registry: the contracts it reads; everything else is set aside. Not needed where ``decode`` is given.
        decode: how to read an envelope instead.
        refuse: answers the sender of what cannot be read.
        applied: called after each commit, to wake who sends what was appended.
        batch_size: messages in one transaction, at most.
    """

    def __init__(  # noqa: PLR0913 - keyword-only, most with defaults; every one is this consumer's own
        self,
        *,
        name: str,
        stream: str,
        durable: str,
        url: str,
        credentials: Path | str | None,
        engine: AsyncEngine,
        apply: Apply,
        clock: Clock,
        registry: Registry = MappingProxyType({}),
        decode: Decode | None = None,
        refuse: Refuse | None = None,
        applied: Callable[[], None] = nobody,
        batch_size: int = 500,
    ) -> None:
        self.name = name
        self._work = Work(
            name,
            stream,
            engine,
            decode or partial(decode_contract, known=registry),
            apply,
            clock,
            refuse,
            applied,
        )
        self._durable = durable
        self._url = url
        self._credentials = credentials
        self._batch_size = batch_size
        self._sender: BatchSender | None = None
        self._found = NotReady("consumer-starting", "消费者正在启动")
        self._exists = False

    async def check(self) -> None:
        """For readiness: connected, and the durable is there.

        Raises:
            NotReady: it cannot consume now.
        """
        if not self._exists:
            raise self._found

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop``; what is in hand then is finished, what was fetched besides is given back.

        Raises:
            ConsumerGone: the durable is not there, or no longer.
            ConnectionEnded: the connection was closed for good.
            AccessRefused: the server does not accept the credentials.
        """
        watch = ConnectionWatch(self.name)
        async with self._broker(watch) as (broker, client), BatchSender(client) as sender:
            await self._look(client)
            self._sender = sender
            intake = Intake(self.processor(sender), watch)
            subscriber = self._subscribe(broker, watch, intake)
            await broker.start()
            watch.on_reconnect = LongPull(subscriber.subscription, self._batch_size).again
            _log.info("consuming", consumer=self.name, stream=self._work.stream, durable=self._durable)
            try:
                await self._guard(client, watch, stop)
            finally:
                self._sender = None
                self._exists = False
                # What FastStream has fetched and not handed over would be lost to others until ack_wait has passed:
                # let it come to the intake, which gives it back.
                intake.closed = True
                await asyncio.gather(intake.finish(), asyncio.sleep(RELEASE_SECONDS))
                subscriber.running = False
                intake.released.set()

    def processor(self, sender: BatchSender) -> Processor:
        """What is done with each batch; a consumer that settles its messages in a way of its own overrides this."""
        return Applier(self._work, sender)

    async def retry(self, number: int) -> str | None:
        """Give a dead letter to this consumer once more; ``None`` if it was applied, else why not.

        Raises:
            NoSuchLetter: none of this number waits for this consumer.
            TransientError: not now.
        """
        sender, work = self._sender, self._work
        async with work.engine.connect() as conn:
            letter = await get_letter(conn, number)
        if letter.consumer != self.name or letter.state != "waiting":
            raise NoSuchLetter(str(number))
        if sender is None:
            raise TransientError("the consumer is not connected")
        try:
            received = read_letter(work.decode, letter)
            async with work.engine.begin() as conn:
                answers = await apply_once(conn, work, [received])
                await settle_retried(conn, number, work.clock())
        except Exception as error:
            if is_transient(error) or isinstance(error, NoSuchLetter):
                raise
            reason = str(error) if isinstance(error, Undecodable) else f"{type(error).__name__}: {error}"
            async with work.engine.begin() as conn:
                await retry_failed(conn, number, reason, work.clock())
            return reason
        work.applied()
        await answer(sender, answers)
        return None

    @asynccontextmanager
    async def _broker(self, watch: ConnectionWatch) -> AsyncIterator[tuple[NatsBroker, Client]]:
        client: Client | None = None

        async def closed() -> None:
            # A connection closed for good would leave FastStream spinning at full speed: it ends the process.
            watch.closed(client)

        credentials = self._credentials
        options = connection_options(credentials, watch)
        if credentials is not None:
            options["security"] = NatsCredentials(RawCredentials(credentials_text(credentials)))
        broker = NatsBroker(self._url.split(","), logger=None, apply_types=False, closed_cb=closed, **options)
        try:
            client = await opened(broker.connect(), watch)
            yield broker, client
        finally:
            watch.leaving = True
            with suppress(nats.errors.Error, TimeoutError):
                await broker.stop()
            if client is not None:
                await client.close()

    def _subscribe(self, broker: NatsBroker, watch: ConnectionWatch, intake: Intake) -> Any:  # noqa: ANN401
        subscriber = broker.subscriber(
            ">",
            durable=self._durable,
            stream=JStream(self._work.stream, declare=False),
            pull_sub=PullSub(batch=True, batch_size=self._batch_size, timeout=PULL_SECONDS),
            inbox_prefix=f"{connection_options(self._credentials, watch)['inbox_prefix']}.".encode(),
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            decoder=_undecoded,
        )
        subscriber(intake.take)
        return subscriber

    async def _guard(self, client: Client, watch: ConnectionWatch, stop: asyncio.Event) -> None:
        """Watch what FastStream does not: that the durable is still there and the connection not given up."""
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                await asyncio.wait(
                    either(stopping, watch.ended), timeout=_WATCH_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                if watch.ended.done():
                    _log.error("consumer ends: the connection is closed", consumer=self.name)
                    raise watch.ended.result()
                try:
                    await self._look(client)
                except (nats.errors.Error, TimeoutError) as error:
                    self._exists = False
                    self._found = NotReady("consumer-unreachable", "消息服务器没有应答")
                    _log.warning("consumer cannot be looked at", consumer=self.name, error=repr(error))
        finally:
            stopping.cancel()

    async def _look(self, client: Client) -> None:
        stream, durable = self._work.stream, self._durable
        with suppress(NotFoundError):
            info = await client.jetstream(timeout=3).consumer_info(stream, durable)
            self._exists = True
            PENDING.labels(self.name).set(info.num_pending or 0)
            UNACKED.labels(self.name).set(info.num_ack_pending or 0)
            return
        self._exists = False
        self._found = NotReady("consumer-gone", f"持久消费者 {stream}/{durable} 不存在")
        _log.error("consumer is gone: provision it and start again", stream=stream, durable=durable)
        raise ConsumerGone(f"{stream}/{durable} does not exist")


async def _undecoded(batch: StreamMessage[Sequence[Msg]]) -> Sequence[Msg]:
    return batch.raw_message
