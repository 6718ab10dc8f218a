"""What handlers, consumers and senders work with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.eventstore.ledger import CommandLedger
from gongkai.eventstore.store import Append, EventStore
from gongkai.eventstore.vault import Vault
from gongkai.security.throttle import Throttle
from gongkai.serving.clock import Clock, Ids
from services.notify.domain.secrets import Secrets
from services.notify.views.writing import Views

ACTOR = "service:notify"
"""Who is answerable for what happens by itself."""


@dataclass(frozen=True, slots=True)
class Office:
    """One service's tools."""

    engine: AsyncEngine
    store: EventStore
    ledger: CommandLedger
    vault: Vault
    views: Views
    secrets: Secrets
    throttle: Throttle
    clock: Clock
    ids: Ids
    channels: frozenset[str]
    """The channels this installation can send by."""
    listeners: list[Callable[[], None]] = field(default_factory=list)
    """Told after a commit: relays and senders look at once."""

    async def record(self, conn: AsyncConnection, appends: Sequence[Append]) -> None:
        """Write the views and append, as the last thing of the caller's transaction."""
        await self.views.apply(conn, [write for append in appends for write in append.writes])
        await self.store.append_batch(conn, appends)

    async def forget(self, conn: AsyncConnection, subject: str, reason: str) -> None:
        """Destroy the key of an address; the caller records why it may in the same transaction."""
        await self.vault.erase(conn, subject, reason=reason)

    def committed(self) -> None:
        """Tell whoever waits that there is something new."""
        for listener in self.listeners:
            listener()
