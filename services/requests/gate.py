"""Before the throttle: a flood of one client waits in line and, once refused, is refused from memory.

The throttle counts in the database. A thousand attempts of one client at the same moment would each hold a connection
and wait for the same row, and everybody else would wait for a connection. Here one attempt a client is counted at a
time, and a client known to be shut out costs no query until its window ends. Each process has a gate of its own; the
throttle alone decides.
"""

from __future__ import annotations

import asyncio
import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from weakref import WeakValueDictionary

from gongkai.security.throttle import Limit, Throttle, Throttled
from gongkai.serving.clock import Clock

_MOST: Final = 10_000
"""Clients remembered as shut out; beyond that they are asked of the database again."""


class Gate:
    """Stands before one throttle. Clients are remembered by keyed digest."""

    def __init__(self, throttle: Throttle, key: bytes, *, clock: Clock) -> None:
        self._throttle = throttle
        self._key = key
        self._clock = clock
        self._lines: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()
        self._shut: dict[bytes, datetime] = {}

    async def take(self, purpose: str, client: str, limit: Limit) -> None:
        """Count one attempt and return if it was within the limit.

        Raises:
            Throttled: it was beyond.
        """
        who = hmac.digest(self._key, f"{purpose}\0{client}".encode(), sha256)
        self._refuse_if_shut(who)
        line = self._lines.setdefault(who, asyncio.Lock())
        async with line:
            self._refuse_if_shut(who)
            try:
                await self._throttle.take(purpose, client, limit)
            except Throttled as throttled:
                self._remember(who, throttled.seconds)
                raise

    async def give_back(self, purpose: str, client: str) -> None:
        """Take one attempt off the count: it was no guess."""
        await self._throttle.give_back(purpose, client)

    def _refuse_if_shut(self, who: bytes) -> None:
        until = self._shut.get(who)
        if until is None:
            return
        left = (until - self._clock()).total_seconds()
        if left > 0:
            raise Throttled(left)
        del self._shut[who]

    def _remember(self, who: bytes, seconds: float) -> None:
        now = self._clock()
        if len(self._shut) >= _MOST:
            self._shut = {one: until for one, until in self._shut.items() if until > now}
        if len(self._shut) < _MOST:
            self._shut[who] = now + timedelta(seconds=seconds)
