"""From events to view rows, in the transaction that appends the events; a rebuild writes the same rows again.

Only the views are written here. What is to be sent stands in ``dispatch``, which handlers and the sender write and
nothing derives: whoever replays the log sends nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.errors import UnknownEventType
from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.store import StreamWrite
from gongkai.messaging.view import upsert_newer
from services.notify.domain.messages import (
    RESOLVED,
    DoubtResolved,
    MessageForgotten,
    MessageQueued,
    MessageSettled,
)
from services.notify.domain.secrets import Secrets
from services.notify.domain.subscriptions import SubscriptionConfirmed, SubscriptionLeft, SubscriptionOpened
from services.notify.views import tables

TABLES: Final = (tables.subscription.name, tables.message.name)

_CONFIRM: Final = text(
    "UPDATE subscription SET version = :version, state = 'active', code_mark = NULL,"
    " address_mark = coalesce(:address_mark, address_mark) WHERE id = :id AND version < :version"
)
_LEAVE: Final = text(
    "UPDATE subscription SET version = :version, state = 'left', code_mark = NULL, address_mark = NULL"
    " WHERE id = :id AND version < :version"
)
# Rows travel as one JSON parameter: one statement for a batch of any size.
_SETTLE: Final = text(
    "UPDATE message AS held SET version = given.version, state = given.state, why = given.why,"
    " provider_id = coalesce(given.provider_id, held.provider_id),"
    " attempts = coalesce(given.attempts, held.attempts), settled_at = given.settled_at"
    " FROM json_to_recordset(CAST(:rows AS json)) AS given (key text, version int, state text, why text,"
    " provider_id text, attempts int, settled_at timestamptz)"
    " WHERE held.key = given.key AND held.version < given.version"
)
_FORGET: Final = text(
    "UPDATE message SET version = :version, sealed_for = NULL WHERE key = :key AND version < :version"
)


@dataclass(frozen=True, slots=True)
class Views:
    """Writes the views; ``secrets`` marks addresses."""

    secrets: Secrets

    async def apply(self, conn: AsyncConnection, writes: Sequence[StreamWrite]) -> None:
        """Bring the views to where the log will be when ``writes`` are appended.

        Raises:
            UnknownEventType: an event no view knows.
        """
        queued: list[dict[str, Any]] = []
        settled: list[dict[str, Any]] = []
        for write in writes:
            for version, event in enumerate(write.events, start=write.expected_version + 1):
                match event:
                    case MessageQueued():
                        queued.append(_queued(event, version))
                    case MessageSettled() | DoubtResolved():
                        settled.append(_settled(event, version))
                    case MessageForgotten():
                        # What came before it in this batch stands in the lists above: a message is settled long before.
                        await self._flush(conn, queued, settled)
                        queued, settled = [], []
                        await conn.execute(_FORGET, {"key": event.key, "version": version})
                    case SubscriptionOpened():
                        await upsert_newer(conn, tables.subscription, [self._opened(event, version)])
                    case SubscriptionConfirmed():
                        row = {"id": event.subscription_id, "version": version}
                        mark = self._mark("wechat", event.address)
                        await conn.execute(_CONFIRM, row | {"address_mark": mark})
                    case SubscriptionLeft():
                        await conn.execute(_LEAVE, {"id": event.subscription_id, "version": version})
                    case _:
                        raise UnknownEventType(event.NAME, event.SCHEMA)
        await self._flush(conn, queued, settled)

    async def apply_events(self, conn: AsyncConnection, events: Sequence[StoredEvent]) -> None:
        """Write what events mean into the views, as their commands did."""
        writes = [StreamWrite(event.stream, event.version - 1, [event.data]) for event in events]
        await self.apply(conn, writes)

    async def _flush(
        self, conn: AsyncConnection, queued: list[dict[str, Any]], settled: list[dict[str, Any]]
    ) -> None:
        await upsert_newer(conn, tables.message, queued, key="key")
        # Of one message several may come in a replay; an UPDATE would take any of them, so they are made one.
        newest: dict[str, dict[str, Any]] = {}
        for row in settled:
            before = newest.get(row["key"], {})
            kept = {name: before.get(name) for name in ("provider_id", "attempts") if row[name] is None}
            newest[row["key"]] = row | kept
        if newest:
            ordered = [newest[key] for key in sorted(newest)]
            await conn.execute(_SETTLE, {"rows": orjson.dumps(ordered).decode()})

    def _opened(self, event: SubscriptionOpened, version: int) -> dict[str, Any]:
        waits = event.channel == "wechat"
        code = self.secrets.code(event.subscription_id, event.draw)
        return {
            "id": event.subscription_id,
            "version": version,
            "channel": event.channel,
            "state": "waiting",
            "topics": list(event.topics),
            "places": list(event.places),
            "address_mark": self._mark(event.channel, event.address),
            "code_mark": self.secrets.code_mark(code) if waits else None,
            "code_ends_at": event.code_ends_at,
        }

    def _mark(self, channel: str, address: object) -> str | None:
        return self.secrets.address_mark(channel, address) if isinstance(address, str) else None


def _queued(event: MessageQueued, version: int) -> dict[str, Any]:
    return {
        "key": event.key,
        "version": version,
        "number": event.number,
        "sender": event.sender,
        "channel": event.channel,
        "template": event.template,
        "about": event.about,
        "subscription_id": event.subscription_id,
        "state": "queued",
        "why": "",
        "provider_id": "",
        "attempts": 0,
        "queued_at": event.at,
        "settled_at": None,
        "sealed_for": event.sealed_for or None,
    }


def _settled(event: MessageSettled | DoubtResolved, version: int) -> dict[str, Any]:
    if isinstance(event, MessageSettled):
        known = {
            "state": event.state,
            "why": event.why,
            "provider_id": event.provider_id,
            "attempts": event.attempts,
        }
    else:
        state = RESOLVED[event.decision]
        known = {"state": state, "why": event.reason, "provider_id": None, "attempts": None}
    queued_again = known["state"] == "queued"
    at = None if queued_again else event.at
    return {"key": event.key, "version": version, "settled_at": at} | known
