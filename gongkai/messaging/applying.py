"""What is done with a batch of messages: applied in one transaction, then answered, then acknowledged one by one.

A batch that fails for a passing reason comes back later as a whole. A batch that fails for another reason is halved
until the guilty message stands alone; that one is tried five times and then set aside with its bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from nats.aio.msg import Msg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.contracts.contract import Contract
from gongkai.eventstore.event import Clock
from gongkai.messaging import places
from gongkai.messaging.batch import BatchSender, Message
from gongkai.messaging.deadletters import DeadLetter, Failure, set_aside
from gongkai.messaging.envelope import Envelope, Undecodable, parse
from gongkai.messaging.faults import PoisonError, is_transient
from gongkai.messaging.metrics import CONSUMED

_log = structlog.get_logger()

MAX_DELIVERIES: Final = 5
"""Of a message that fails alone; then it is set aside."""
_FIRST_DELAY: Final = 0.5
_MOST_DELAY: Final = 30.0
_AT_WORK_SECONDS: Final = 3.0
_MOST_PAUSE: Final = 5.0
_LONG_REPLY: Final = 10
"""Dots from which on a delivery's reply subject also names domain and account."""


@dataclass(frozen=True, slots=True)
class Received:
    """One event, read."""

    envelope: Envelope
    contract: Contract
    subject: str
    """The NATS subject it came on."""
    deliveries: int
    """From 1."""


Apply = Callable[[AsyncConnection, Sequence[Received]], Awaitable[Sequence[Message] | None]]
"""Applies events in the given transaction, without committing. Must bear repeats: an event may come again.

What it returns is sent as one atomic batch after the commit and before the acknowledgements, so at least once.
"""
Decode = Callable[[Envelope], Contract]
"""Raises ``Undecodable`` for what no retry can help."""
Refuse = Callable[[Failure], Message | None]
"""An answer to the sender of a message that cannot be decoded, if it can be told."""


def nobody() -> None:
    """Nobody waits for what a consumer commits."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a consumer is for."""

    name: str
    """Of the view or process manager; with a version where a rebuild runs beside: ``search-records@2``."""
    stream: str
    engine: AsyncEngine
    decode: Decode
    apply: Apply
    clock: Clock
    refuse: Refuse | None = None
    applied: Callable[[], None] = nobody
    """Called after each commit: what was appended in it can be said, what was queued can be done."""


@dataclass(frozen=True, slots=True)
class _Item:
    message: Msg
    received: Received


class Processor(Protocol):
    """Takes a batch and settles every message of it."""

    async def process(self, messages: Sequence[Msg]) -> None:
        """Do the work; afterwards each message is acknowledged, asked for again later, or set aside."""
        ...


class Applier:
    """Does ``work`` with batches, and settles every message of them."""

    def __init__(self, work: Work, sender: BatchSender) -> None:
        self._work = work
        self._sender = sender
        self._troubles = 0

    async def process(self, messages: Sequence[Msg]) -> None:
        """Apply a batch; afterwards each message is acknowledged, asked for again later, or set aside.

        If the process dies in between, the messages come back after the consumer's ``ack_wait``.
        """
        async with at_work(messages):
            items, failures = self._read(messages)
            try:
                if failures:
                    await self._set_aside(failures)
                if items:
                    await self._apply(items)
            except Exception as error:
                if not is_transient(error):
                    raise
                await self._postpone([message for message in messages if not message.is_acked], error)
            else:
                self._troubles = 0
                return
        # Outside of the batch: what is away for one batch is away for the next one too.
        self._troubles += 1
        await asyncio.sleep(min(0.25 * 2**self._troubles, _MOST_PAUSE))

    def _read(self, messages: Sequence[Msg]) -> tuple[list[_Item], list[tuple[Msg, Failure]]]:
        items: list[_Item] = []
        failures: list[tuple[Msg, Failure]] = []
        for message in messages:
            try:
                received = read(self._work.decode, message)
            except Undecodable as error:
                failures.append((message, _failure(self._work.stream, message, str(error))))
            else:
                items.append(_Item(message, received))
        return items, failures

    async def _apply(self, items: Sequence[_Item]) -> None:
        try:
            async with self._work.engine.begin() as conn:
                answers = await apply_once(conn, self._work, [item.received for item in items])
        except Exception as error:
            if is_transient(error):
                raise
            if len(items) == 1:
                await self._blame(items[0], error)
                return
            middle = len(items) // 2
            await self._apply(items[:middle])
            await self._apply(items[middle:])
            return
        self._work.applied()
        await answer(self._sender, answers)
        for item in items:
            await item.message.ack()
        CONSUMED.labels(self._work.name, "applied").inc(len(items))

    async def _blame(self, item: _Item, error: Exception) -> None:
        """One message failed alone: later again, or aside."""
        reason = f"{type(error).__name__}: {error}"
        if item.received.deliveries < MAX_DELIVERIES and not isinstance(error, PoisonError):
            _log.warning(
                "message failed", consumer=self._work.name, subject=item.received.subject, error=reason
            )
            await self._nak([item.message])
            return
        await self._set_aside([(item.message, _failure(self._work.stream, item.message, reason))])

    async def _set_aside(self, failures: Sequence[tuple[Msg, Failure]]) -> None:
        async with self._work.engine.begin() as conn:
            await set_aside(conn, self._work.name, [failure for _, failure in failures], self._work.clock())
        if self._work.refuse is not None:
            told = [self._work.refuse(failure) for _, failure in failures]
            await answer(self._sender, [message for message in told if message is not None])
        for message, failure in failures:
            _log.error(
                "message set aside", consumer=self._work.name, subject=failure.subject, reason=failure.reason
            )
            await message.term()
        CONSUMED.labels(self._work.name, "set_aside").inc(len(failures))

    async def _postpone(self, messages: Sequence[Msg], error: Exception) -> None:
        _log.warning(
            "batch postponed",
            consumer=self._work.name,
            messages=len(messages),
            error=f"{type(error).__name__}: {error}",
        )
        await self._nak(messages)

    async def _nak(self, messages: Sequence[Msg]) -> None:
        for message in messages:
            # A plain nak comes back at once, and a configured backoff ignores naks: the delay is ours.
            await message.nak(delay=min(_FIRST_DELAY * 2 ** (deliveries_of(message) - 1), _MOST_DELAY))
        CONSUMED.labels(self._work.name, "retried").inc(len(messages))


def read(decode: Decode, message: Msg) -> Received:
    """The event in a message.

    Raises:
        Undecodable: there is none.
    """
    envelope = parse(message.headers, message.data)
    return Received(envelope, decode(envelope), message.subject, deliveries_of(message))


def read_letter(decode: Decode, letter: DeadLetter) -> Received:
    """The event in a dead letter.

    Raises:
        Undecodable: there is still none.
    """
    envelope = parse(letter.headers, letter.data)
    return Received(envelope, decode(envelope), letter.subject, letter.attempts + 1)


async def apply_once(conn: AsyncConnection, work: Work, batch: Sequence[Received]) -> Sequence[Message]:
    """Apply and move the consumer's place, in one transaction of the caller."""
    answers = await work.apply(conn, batch)
    await places.advance(conn, work.name, work.stream, [received.envelope for received in batch])
    return answers or ()


async def answer(sender: BatchSender, answers: Sequence[Message]) -> None:
    """Send answers; on disk when this returns."""
    if answers:
        await sender.confirm(await sender.send(answers))


def deliveries_of(message: Msg) -> int:
    """How often the server has delivered the message, this time included."""
    # $JS.ACK.<stream>.<consumer>.<delivered>.…, or with domain and account before the stream
    words = message.reply.split(".", 7)
    delivered = words[4] if message.reply.count(".") < _LONG_REPLY else words[6]
    return int(delivered)


def _failure(stream: str, message: Msg, reason: str) -> Failure:
    return Failure(
        stream, message.subject, dict(message.headers or {}), message.data, reason, deliveries_of(message)
    )


@asynccontextmanager
async def at_work(messages: Sequence[Msg]) -> AsyncIterator[None]:
    """Tell the server now and then that the batch is still in hand, or it would deliver it to another replica."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(_AT_WORK_SECONDS)
            for message in messages:
                if not message.is_acked:
                    await message.in_progress()

    task = asyncio.create_task(tell())
    try:
        yield
    finally:
        task.cancel()
