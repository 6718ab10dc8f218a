"""Whether the views hold what was said up to a moment: asked of the durable consumers that fill them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nats.aio.client import Client

from services.oversight.consumers import DURABLE

STREAMS: Final = ("EVT_CATALOG", "EVT_PUBLISHING")
"""What duties follow from."""


class Sources:
    """Remembers how far the streams were when it was first asked, and tells when the views are there."""

    def __init__(self, client: Client, streams: Sequence[str] = STREAMS) -> None:
        self._jetstream = client.jetstream(timeout=5)
        self._streams = streams
        self._ends: dict[str, int] = {}

    async def caught_up(self) -> bool:
        """Tell whether every stream is applied up to where it was at the first question; the next begins anew.

        Raises:
            nats.errors.Error, TimeoutError: the server does not answer.
        """
        behind = False
        for stream in self._streams:
            info = await self._jetstream.consumer_info(stream, DURABLE)
            settled = info.ack_floor.stream_seq if info.ack_floor else 0
            delivered = info.delivered.stream_seq if info.delivered else 0
            end = self._ends.setdefault(stream, delivered + (info.num_pending or 0))
            idle = not info.num_pending and not info.num_ack_pending
            behind |= settled < end and not idle
        if behind:
            return False
        self._ends.clear()
        return True
