"""Connections to NATS that never give up silently: endless reconnects, every callback heard, an own reply prefix."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from nats.aio.client import Client, RawCredentials

from gongkai.messaging.auth import user_name_of
from gongkai.messaging.topology import inbox_prefix

T = TypeVar("T")
_log = structlog.get_logger()
_REFUSED: Final = (
    "authorization violation",
    "authentication revoked",
    "authentication expired",
    "authorization",
)
_RECONNECT_SECONDS: Final = 0.5


class AccessRefused(Exception):
    """The server refuses these credentials: revoked, expired or of another installation."""


class ConnectionEnded(Exception):
    """The connection is closed for good; the process should end and be started again."""


@dataclass
class ConnectionWatch:
    """What a connection's callbacks said: permission errors and final ends show nowhere else."""

    name: str
    on_error: Callable[[Exception], None] | None = None
    """Called with every error, such as a publish on a subject that is not allowed."""
    on_reconnect: Callable[[], None] | None = None
    """Called when the connection is there again: what the server was asked before, it may not know any more."""
    ended: asyncio.Future[Exception] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """Resolved with the reason once the connection is closed for good or its credentials are refused."""
    leaving: bool = False
    """Set before a wanted close."""
    _last: str = ""

    async def error(self, error: Exception) -> None:
        """``error_cb``."""
        text = str(error) or type(error).__name__
        refused = any(word in text.lower() for word in _REFUSED)
        if text != self._last:  # a server that is down says the same at every attempt
            _log.warning("nats says", connection=self.name, error=text)
        self._last = text
        if self.on_error is not None:
            self.on_error(error)
        if refused:
            self.end(AccessRefused(text))

    async def disconnected(self) -> None:
        """``disconnected_cb``."""
        if not self.leaving:
            _log.warning("nats disconnected", connection=self.name)

    async def reconnected(self) -> None:
        """``reconnected_cb``."""
        self._last = ""
        _log.info("nats reconnected", connection=self.name)
        if self.on_reconnect is not None:
            self.on_reconnect()

    def closed(self, client: Client | None) -> None:
        """Part of ``closed_cb``: nats-py closes for good what the server cut off, a revoked user for example."""
        error = client.last_error if client is not None else None
        text = str(error or "the connection was closed")
        refused = any(word in text.lower() for word in _REFUSED)
        self.end(AccessRefused(text) if refused else ConnectionEnded(text))

    def end(self, reason: Exception) -> None:
        """Say why the connection is over; the first reason stays."""
        if not self.leaving and not self.ended.done():
            self.ended.set_result(reason)


def connection_options(credentials: Path | str | None, watch: ConnectionWatch) -> dict[str, Any]:
    """Keyword arguments of ``nats.connect``, shared with FastStream's broker (which takes credentials its own way).

    Args:
        credentials: a ``.creds`` file, its text, or ``None`` for a server that asks for none (tests).
        watch: hears every callback.
    """
    user = user_name_of(credentials_text(credentials)) if credentials is not None else watch.name
    return {
        "name": watch.name,
        "inbox_prefix": inbox_prefix(user),
        "max_reconnect_attempts": -1,
        "reconnect_time_wait": _RECONNECT_SECONDS,
        "connect_timeout": 5,
        "error_cb": watch.error,
        "disconnected_cb": watch.disconnected,
        "reconnected_cb": watch.reconnected,
    }


def credentials_text(credentials: Path | str) -> str:
    """The text of a ``.creds`` file, or the text itself."""
    return credentials.read_text(encoding="ascii") if isinstance(credentials, Path) else credentials


@asynccontextmanager
async def connect(
    url: str,
    credentials: Path | str | None = None,
    *,
    name: str = "gongkai",
    watch: ConnectionWatch | None = None,
) -> AsyncIterator[Client]:
    """A connection for the time of the block; waits for a server that is not up yet.

    Args:
        url: servers, separated by commas.
        credentials: a ``.creds`` file, its text, or ``None``.
        name: shown in the server's list of connections.
        watch: give one to hear errors and ends.

    Raises:
        AccessRefused: the server does not accept the credentials.
    """
    watch = watch or ConnectionWatch(name)
    client = Client()

    async def closed() -> None:
        watch.closed(client)

    options = connection_options(credentials, watch) | {"closed_cb": closed}
    if credentials is not None:
        options["user_credentials"] = RawCredentials(credentials_text(credentials))
    try:
        await opened(client.connect(url.split(","), **options), watch)
        yield client
    finally:
        watch.leaving = True
        await client.close()


async def opened(connecting: Coroutine[Any, Any, T], watch: ConnectionWatch) -> T:
    """The result of a library's connect call, which by itself would go on knocking with refused credentials.

    Raises:
        AccessRefused: the server does not accept the credentials.
    """
    attempt = asyncio.ensure_future(connecting)
    try:
        await asyncio.wait(either(attempt, watch.ended), return_when=asyncio.FIRST_COMPLETED)
        if not attempt.done():
            raise watch.ended.result()
        return await attempt
    finally:
        attempt.cancel()


def either(*futures: asyncio.Future[Any]) -> set[asyncio.Future[Any]]:
    """For ``asyncio.wait``: futures of different results."""
    return set(futures)
