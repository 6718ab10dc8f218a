"""The NATS edge: departments' events are taken from INGEST in batches, decided, answered on REPLY, acknowledged.

The order is what makes it safe: the decision is committed, then the answers are stored in REPLY, then INGEST is
acknowledged. Wherever the process dies, the messages come again, and the ledger gives the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn

import nats.errors
import structlog
from nats.aio.msg import Msg
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.ingest import ReplyAccepted, ReplyRejected
from gongkai.messaging.applying import Processor, Received, at_work
from gongkai.messaging.batch import BatchSender, Message
from gongkai.messaging.consumer import BatchConsumer
from gongkai.messaging.deadletters import (
    NoSuchLetter,
    get_letter,
    retry_failed,
    set_aside,
    settle_retried,
)
from gongkai.messaging.faults import is_transient
from gongkai.messaging.metrics import CONSUMED
from services.publishing.answering import incoming_event, incoming_of, reply_message
from services.publishing.domain.deciding import PATIENCE, Answered, Postponed, Verdict
from services.publishing.domain.incoming import Incoming, parse
from services.publishing.domain.reasons import REASONS
from services.publishing.handlers import CONSUMER, DURABLE, STREAM, Deciding, decide_events, failure_of

BATCH: Final = 200
_MOST_DELIVERIES: Final = 5
_FIRST_DELAY: Final = 0.5
_LONGEST_DELAY: Final = 30.0

_log = structlog.get_logger()


class IngestConsumer(BatchConsumer):
    """Takes departments' events from INGEST. Unlike a view's consumer it answers every one, whatever is wrong with it."""

    def __init__(
        self,
        world: Deciding,
        *,
        url: str,
        credentials: Path | str | None,
        wake: Callable[[], None],
        batch_size: int = BATCH,
    ) -> None:
        """Take what deciding needs, where NATS is, and what wakes the relays once something was decided."""
        super().__init__(
            name=CONSUMER,
            stream=STREAM,
            durable=DURABLE,
            url=url,
            credentials=credentials,
            engine=world.engine,
            apply=_never,
            clock=world.clock,
            batch_size=batch_size,
        )
        self._world = world
        self._wake = wake

    def processor(self, sender: BatchSender) -> Processor:
        """Decide, answer, acknowledge."""
        return Desk(self._world, sender, self._wake)

    async def retry(self, number: int) -> str | None:
        """Decide a dead letter once more; ``None`` if it was accepted, else why not.

        Raises:
            NoSuchLetter: none of this number waits here.
        """
        async with self._world.engine.connect() as conn:
            letter = await get_letter(conn, number)
        if letter.consumer != self.name or letter.state != "waiting":
            raise NoSuchLetter(str(number))
        incoming = incoming_event(letter.subject, letter.headers, letter.data, PATIENCE)
        (verdict,) = await decide_events(self._world, [incoming])
        at = self._world.clock()
        match verdict:
            case Answered(reply=ReplyAccepted()):
                async with self._world.engine.begin() as conn:
                    await settle_retried(conn, number, at)
                return None
            case Answered(reply=ReplyRejected(reasons=reasons)):
                codes = [one.code for one in reasons]
            case _:
                codes = ["event.id-missing"]
        async with self._world.engine.begin() as conn:
            await retry_failed(conn, number, f"refused: {', '.join(codes)}", at)
        return "、".join(REASONS[code].message_zh for code in codes)


async def _never(_conn: AsyncConnection, _batch: Sequence[Received]) -> NoReturn:
    """Stand where a view's consumer has its ``apply``; a dead letter of INGEST is no contract to apply again."""
    raise RuntimeError("departments' events are decided by Desk")


class Desk:
    """Where departments' events are dealt with, batch by batch."""

    def __init__(self, world: Deciding, sender: BatchSender, wake: Callable[[], None]) -> None:
        self._world = world
        self._sender = sender
        self._wake = wake

    async def process(self, messages: Sequence[Msg]) -> None:
        """Decide, answer and settle every message of a batch."""
        async with at_work(messages):
            await self._take(messages)

    async def _take(self, messages: Sequence[Msg]) -> None:
        incoming = [incoming_of(message) for message in messages]
        try:
            verdicts = await decide_events(self._world, incoming)
        except Exception as error:  # noqa: BLE001 - whatever it is, the messages are settled one way or another
            if is_transient(error):
                _log.warning("batch is delivered again later", messages=len(messages), error=repr(error))
                await _put_off(messages)
            elif len(messages) > 1:
                _log.exception("batch failed, halving it to find the guilty message")
                middle = len(messages) // 2
                await self._take(messages[:middle])
                await self._take(messages[middle:])
            else:
                await self._fail(messages[0], incoming[0], error)
            return
        self._wake()
        if await self._answered(incoming, verdicts):
            await _settle(messages, verdicts)
        else:
            await _put_off(messages)

    async def _answered(self, incoming: Sequence[Incoming], verdicts: Sequence[Verdict]) -> bool:
        """Whether all answers are in REPLY."""
        at = self._world.clock()
        replies: list[Message] = [
            reply_message(one, verdict, division=self._world.registry.division_of(one.organ), at=at)
            for one, verdict in zip(incoming, verdicts, strict=True)
            if isinstance(verdict, Answered)
        ]
        if not replies:
            return True
        try:
            await self._sender.confirm(await self._sender.send(replies))
        except Exception as error:
            if not is_transient(error):
                raise
            _log.warning("answers are given again later", answers=len(replies), error=repr(error))
            return False
        return True

    async def _fail(self, message: Msg, incoming: Incoming, error: Exception) -> None:
        """A message that fails for no reason that passes: some more deliveries, then a dead letter."""
        if incoming.deliveries < _MOST_DELIVERIES:
            await _put_off([message])
            return
        _log.error("message set aside", subject=message.subject, exc_info=error)
        async with self._world.engine.begin() as conn:
            failure = failure_of(parse(incoming), f"{type(error).__name__} while deciding")
            await set_aside(conn, CONSUMER, [failure], self._world.clock())
        await message.term()
        CONSUMED.labels(CONSUMER, "set_aside").inc()


async def _settle(messages: Sequence[Msg], verdicts: Sequence[Verdict]) -> None:
    for message, verdict in zip(messages, verdicts, strict=True):
        if isinstance(verdict, Postponed):
            await _put_off([message])
        else:
            await message.ack()
            CONSUMED.labels(CONSUMER, "applied").inc()


async def _put_off(messages: Sequence[Msg]) -> None:
    """Ask for messages again, later each time. An unheard request costs ``ack_wait``, no message."""
    for message in messages:
        delay = min(_FIRST_DELAY * 2 ** ((message.metadata.num_delivered or 1) - 1), _LONGEST_DELAY)
        try:
            await message.nak(delay=delay)
        except nats.errors.Error as error:
            _log.warning("could not ask for a message again", error=repr(error))
        CONSUMED.labels(CONSUMER, "retried").inc()
