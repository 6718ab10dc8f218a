"""Messages on their way out of a department's client, in batches where there are many."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import nats.errors
import structlog
from nats.aio.client import Client

from gongkai.messaging.batch import BatchRefused, BatchSender, Message

_log = structlog.get_logger()

_BATCH: Final = 100
_BATCH_BYTES: Final = 1_000_000
_LANES: Final = 2
_GATHER_SECONDS: Final = 0.02
"""Answers come in groups, and so do the events that may follow them."""


class Outbox:
    """Sends without promising: who waits for an answer puts the message in again when none comes.

    The server writes a batch to disk at once and single messages one by one: several times as fast where every write
    is synced.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: asyncio.Queue[Message] = asyncio.Queue()

    def put(self, message: Message) -> None:
        """Have a message sent soon; all messages put in go to one stream."""
        self._waiting.put_nowait(message)

    async def run(self) -> None:
        """Send what is put in, for ever."""
        async with BatchSender(self._client) as sender:
            await asyncio.gather(*(self._lane(sender) for _ in range(_LANES)))

    async def send_alone(self, message: Message) -> None:
        """Send one message now."""
        # While the server is away much may be buffered already; what is not sent now is sent again later.
        with suppress(nats.errors.Error):
            await self._client.publish(message.subject, message.data, headers=dict(message.headers))

    async def _lane(self, sender: BatchSender) -> None:
        while True:
            batch = [await self._waiting.get()]
            await asyncio.sleep(_GATHER_SECONDS)
            size = len(batch[0].data)
            while len(batch) < _BATCH and size < _BATCH_BYTES and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
                size += len(batch[-1].data)
            try:
                if len(batch) == 1:
                    await self.send_alone(batch[0])
                else:
                    await sender.confirm(await sender.send(batch))
            except (nats.errors.Error, BatchRefused, TimeoutError) as error:
                _log.info("batch not confirmed, sending one by one", events=len(batch), error=repr(error))
                for message in batch:
                    await self.send_alone(message)
