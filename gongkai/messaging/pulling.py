"""How messages are waited for: one long pull, answered as soon as a message is there, then a short gathering.

FastStream pulls in windows of a fixed length and hands over nothing before a window has passed, so that a short
window costs the server much at rest and a long one keeps every message waiting. This stands in for the ``fetch`` it
calls.
"""

from __future__ import annotations

import asyncio
from typing import Final

import nats.errors
from nats.aio.msg import Msg
from nats.js.client import JetStreamContext

PULL_SECONDS: Final = 5.0
"""How long the server keeps a pull that finds nothing."""
GATHER_SECONDS: Final = 0.1
"""How long after its first message a batch is closed, full or not."""
_PAUSE_SECONDS: Final = 0.05
"""After a pull without a message: the server's word on it may come late, and would be taken for one on the next."""


class LongPull:
    """Pulls for one subscription of FastStream's, in place of its ``fetch``.

    Args:
        subscription: whose ``fetch`` is replaced.
        batch_size: as FastStream was given it.
    """

    def __init__(self, subscription: JetStreamContext.PullSubscription, batch_size: int) -> None:
        self._pull = subscription.fetch
        self._batch_size = batch_size
        self._close_at = 0.0
        self._again = asyncio.Event()
        subscription.fetch = self._fetch  # type: ignore[assignment, method-assign]  # there is no other place

    def again(self) -> None:
        """Pull anew: the server that kept the pull is gone, or knows nothing of it any more."""
        self._again.set()

    async def _fetch(self, batch: int, timeout: float) -> list[Msg]:  # noqa: ASYNC109 - nats-py's signature
        """One message, after however long; then, as FastStream goes on asking, what follows it shortly.

        Raises:
            nats.errors.TimeoutError: nothing came, or the batch is closed.
        """
        clock = asyncio.get_running_loop().time
        try:
            if batch == self._batch_size:
                messages = await self._first(timeout)
                self._close_at = clock() + GATHER_SECONDS
                return messages
            left = self._close_at - clock()
            if left > 0:
                return await self._pull(batch, timeout=left)
        except TimeoutError as error:
            # nats-py 2.16 raises the built-in one where a deadline passes between two steps. FastStream 0.7.8 does
            # not catch that: its task dies with the messages it holds, which come back after ``ack_wait``.
            raise nats.errors.TimeoutError from error
        raise nats.errors.TimeoutError

    async def _first(self, seconds: float) -> list[Msg]:
        # Of one message: a pull of many is kept open behind the first, and what it brings then nobody waits for.
        self._again.clear()
        pull = asyncio.ensure_future(self._pull(1, timeout=seconds))
        again = asyncio.ensure_future(self._again.wait())
        try:
            await asyncio.wait((pull, again), return_when=asyncio.FIRST_COMPLETED)
            if not pull.done():
                pull.cancel()
                await asyncio.wait((pull,))  # a message that came at this moment is not lost
                if pull.cancelled():
                    raise nats.errors.TimeoutError
            return await pull
        except nats.errors.Error:
            await asyncio.sleep(_PAUSE_SECONDS)
            raise
        finally:
            pull.cancel()
            again.cancel()
