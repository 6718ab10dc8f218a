"""Queries on subscriptions and messages. None of them gives an address."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

MOST_ROWS: Final = 200
_WANTING: Final = text(
    "SELECT id, channel, topics, places, address_mark FROM subscription WHERE state = 'active'"
    " AND topics && CAST(:topics AS text[]) AND places && CAST(:places AS text[]) ORDER BY id"
)
_SAME: Final = text(
    "SELECT id FROM subscription WHERE state = 'active' AND address_mark = :mark AND channel = :channel"
    " AND topics = CAST(:topics AS text[]) AND places = CAST(:places AS text[]) AND id <> :id ORDER BY id LIMIT 1"
)
_BY_ADDRESS: Final = text(
    "SELECT id FROM subscription WHERE state = 'active' AND channel = :channel AND address_mark = :mark ORDER BY id"
)
_BY_CODE: Final = text(
    "SELECT id FROM subscription WHERE state = 'waiting' AND code_mark = :mark AND code_ends_at >= :now"
)
_LAPSED: Final = text(
    "SELECT id FROM subscription WHERE state = 'waiting' AND code_ends_at < :before ORDER BY code_ends_at LIMIT :limit"
)
_LOCKED: Final = text(
    "SELECT key, version, number, sender, channel, template, about, subscription_id, state, attempts, sealed_for"
    " FROM message WHERE key = ANY(:keys) ORDER BY key FOR UPDATE"
)
_KEY_OF: Final = text("SELECT key FROM message WHERE number = :number")
_TO_FORGET: Final = text(
    "SELECT key, version, sealed_for FROM message WHERE sealed_for IS NOT NULL"
    " AND state IN ('sent', 'failed', 'dropped') AND settled_at < :before ORDER BY settled_at LIMIT :limit"
    " FOR UPDATE SKIP LOCKED"
)
_ABOUT: Final = text(
    "SELECT key, version, sealed_for FROM message WHERE sealed_for IS NOT NULL"
    " AND split_part(sealed_for, '/', 1) = ANY(:subjects) ORDER BY key FOR UPDATE"
)
_SHOWN: Final = (
    "SELECT m.number, m.key, m.channel, m.template, m.about, m.queued_at, m.settled_at,"
    " CASE WHEN m.state = 'queued' AND d.state IN ('sending', 'asking') THEN 'sending' ELSE m.state END AS state,"
    " CASE WHEN m.state = 'queued' THEN coalesce(d.why, '') ELSE m.why END AS why,"
    " greatest(m.attempts, coalesce(d.attempts, 0)) AS attempts"
    " FROM message m LEFT JOIN dispatch d USING (key)"
)
_COUNT: Final = text("SELECT state, count(*) AS count FROM message GROUP BY state")
_SENDING: Final = text(
    "SELECT count(*) FROM dispatch d JOIN message m USING (key)"
    " WHERE d.state IN ('sending', 'asking') AND m.state = 'queued'"
)
_LATE: Final = text(
    "SELECT d.number, d.occurred_at, d.listed_at, l.facts FROM doubt d"
    " JOIN late_record l ON d.thing = 'record:' || l.record_id"
    " WHERE d.settled_at IS NULL ORDER BY d.number LIMIT 1000"
)
_WHERE: Final = {
    "": "",
    "queued": " WHERE m.state = 'queued' AND d.state = 'queued'",
    "sending": " WHERE m.state = 'queued' AND d.state IN ('sending', 'asking')",
}


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of a list."""

    offset: int = 0
    size: int = 50

    @classmethod
    def asked(cls, page: int, size: int) -> Page:
        """The page somebody asked for, from 1; sizes are bounded."""
        wanted = min(size, MOST_ROWS) if size > 0 else 50
        return cls((max(page, 1) - 1) * wanted, wanted)


async def wanting(
    conn: AsyncConnection, topics: Collection[str], places: Collection[str]
) -> Sequence[Row[Any]]:
    """Active subscriptions that may want a record of one of these topics and places; more than do."""
    return (await conn.execute(_WANTING, {"topics": sorted(topics), "places": sorted(places)})).all()


async def same_active(conn: AsyncConnection, row: dict[str, Any]) -> str | None:
    """An active subscription of this ``mark``, ``channel``, ``topics``, ``places``, other than ``id``."""
    found: str | None = (await conn.execute(_SAME, row)).scalar_one_or_none()
    return found


async def active_of(conn: AsyncConnection, channel: str, mark: str) -> list[str]:
    """The active subscriptions of an address."""
    return list((await conn.execute(_BY_ADDRESS, {"channel": channel, "mark": mark})).scalars())


async def waiting_for_code(conn: AsyncConnection, mark: str, now: datetime) -> list[str]:
    """The subscriptions that a code sent to the official account may confirm; more than one only by accident."""
    return list((await conn.execute(_BY_CODE, {"mark": mark, "now": now})).scalars())


async def lapsed(conn: AsyncConnection, before: datetime, limit: int) -> list[str]:
    """Subscriptions nobody confirmed."""
    return list((await conn.execute(_LAPSED, {"before": before, "limit": limit})).scalars())


async def lock_messages(conn: AsyncConnection, keys: Collection[str]) -> dict[str, Row[Any]]:
    """Messages by key, held until the commit: what is decided about them is decided once."""
    return {row.key: row for row in await conn.execute(_LOCKED, {"keys": sorted(keys)})}


async def key_of(conn: AsyncConnection, number: int) -> str | None:
    """The key of a message by its number."""
    found: str | None = (await conn.execute(_KEY_OF, {"number": number})).scalar_one_or_none()
    return found


async def to_forget(conn: AsyncConnection, before: datetime, limit: int) -> Sequence[Row[Any]]:
    """Notices settled before a moment whose address can still be read; held until the commit."""
    return (await conn.execute(_TO_FORGET, {"before": before, "limit": limit})).all()


async def notices_about(conn: AsyncConnection, subjects: Collection[str]) -> Sequence[Row[Any]]:
    """Notices about these subjects whose address can still be read, settled or not; held until the commit."""
    return (await conn.execute(_ABOUT, {"subjects": sorted(subjects)})).all()


async def list_messages(conn: AsyncConnection, state: str, page: Page) -> Sequence[Row[Any]]:
    """Messages of a state (all for the empty one), the newest first; doubts the oldest first."""
    where = _WHERE.get(state, " WHERE m.state = :state")
    order = "m.number" if state == "doubt" else "m.number DESC"
    listed = text(f"{_SHOWN}{where} ORDER BY {order} LIMIT :limit OFFSET :offset")
    given: dict[str, Any] = {"limit": page.size, "offset": page.offset}
    return (await conn.execute(listed, given | ({"state": state} if ":state" in where else {}))).all()


async def show_message(conn: AsyncConnection, key: str) -> Row[Any] | None:
    """One message as the list shows it."""
    return (await conn.execute(text(f"{_SHOWN} WHERE m.key = :key"), {"key": key})).one_or_none()


async def late_records(conn: AsyncConnection) -> Sequence[Row[Any]]:
    """Records heard of too late, about which nobody has decided; the oldest first."""
    return (await conn.execute(_LATE)).all()


async def count_by_state(conn: AsyncConnection) -> dict[str, int]:
    """How many messages there are of each state."""
    counts = dict.fromkeys(("queued", "sending", "sent", "failed", "doubt", "dropped"), 0)
    counts |= {row.state: row.count for row in await conn.execute(_COUNT)}
    sending = int((await conn.execute(_SENDING)).scalar_one())
    return counts | {"sending": sending, "queued": counts["queued"] - sending}
