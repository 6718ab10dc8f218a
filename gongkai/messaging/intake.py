"""Where FastStream hands its batches over: one is applied while it fetches the next."""

from __future__ import annotations

import asyncio
from typing import Final

from nats.aio.msg import Msg

from gongkai.messaging.applying import Processor, at_work
from gongkai.messaging.connection import ConnectionWatch

RELEASE_SECONDS: Final = 0.3
"""How long a stopping consumer gives back what was fetched besides, and after how long others may have it."""


class Intake:
    """Takes the batches of one consumer, until it is closed."""

    def __init__(self, applier: Processor, watch: ConnectionWatch) -> None:
        self._applier = applier
        self._watch = watch
        self._at_work: asyncio.Task[None] | None = None
        self.closed = False
        self.released = asyncio.Event()

    async def take(self, messages: list[Msg]) -> None:
        """Begin a batch once the one before it is done."""
        if self._at_work is not None:
            async with at_work(messages):
                await self._at_work
        if self.closed:
            for message in messages:
                await message.nak(delay=RELEASE_SECONDS)
            await self.released.wait()
            return
        self._at_work = asyncio.create_task(self._process(messages))

    async def finish(self) -> None:
        """Wait for the batch at work."""
        if self._at_work is not None:
            await self._at_work

    async def _process(self, messages: list[Msg]) -> None:
        try:
            await self._applier.process(messages)
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the consumer
            # FastStream would swallow it and go on; the messages come back after ack_wait, to a fresh process.
            self._watch.end(error)
