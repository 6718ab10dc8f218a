"""A value kept for a while: pages are asked for every second, and its owner need not be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

import structlog
from grpc import aio

from gongkai.serving.errors import is_unavailable

FRESH_SECONDS: Final = 60.0

T = TypeVar("T")
_log = structlog.get_logger()


class Kept(Generic[T]):
    """A value read again after a while; while its owner does not answer, the last one stays in use."""

    def __init__(
        self,
        read: Callable[[], Awaitable[T]],
        now: Callable[[], float] = time.monotonic,
        seconds: float = FRESH_SECONDS,
    ) -> None:
        self._read = read
        self._seconds = seconds
        self._now = now
        self._lock = asyncio.Lock()
        self._value: T | None = None
        self._until = 0.0

    async def get(self) -> T:
        """Return the value, read not longer ago than that if its owner answers.

        Raises:
            AioRpcError: it was never read, and cannot be now.
        """
        if self._value is not None and self._now() < self._until:
            return self._value
        async with self._lock:
            if self._value is None or self._now() >= self._until:
                await self._renew()
        assert self._value is not None
        return self._value

    async def _renew(self) -> None:
        try:
            self._value = await self._read()
        except aio.AioRpcError as error:
            if self._value is None or not is_unavailable(error):
                raise
            _log.warning("registry not answering; its last answer stays in use", why=error.code().name)
        self._until = self._now() + self._seconds
