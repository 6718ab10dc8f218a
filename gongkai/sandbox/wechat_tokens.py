"""Access tokens of the simulated official account: they expire, and a new one retires the old.

Sources, developers.weixin.qq.com: "获取接口调用凭据" (getAccessToken: a new token leaves the old one five minutes) and
"获取稳定版接口调用凭据" (getStableAccessToken: the same token until five minutes before its end; force_refresh ends it at
once). The two kinds are isolated from each other.
"""

from __future__ import annotations

import secrets
import sqlite3
from datetime import datetime
from typing import Final

from gongkai.sandbox.settings import WechatAccount
from gongkai.sandbox.store import Store

MISSING: Final = 41001
UNKNOWN: Final = 40014
RETIRED: Final = 40001
EXPIRED: Final = 42001


class Tokens:
    """The tokens, kept in the store: a restarted gateway still knows those it gave out."""

    def __init__(self, account: WechatAccount, store: Store) -> None:
        self._account = account
        self._store = store

    async def fresh(self, now: datetime) -> tuple[str, int]:
        """Give out a new plain token, with its seconds to live; the old one dies after the overlap."""
        at = now.timestamp()

        def write(db: sqlite3.Connection) -> tuple[str, int]:
            db.execute(
                "UPDATE token SET dies = min(dies, ?) WHERE kind = 'plain'",
                (at + self._account.overlap_seconds,),
            )
            return self._new(db, "plain", at)

        return await self._store.write(write)

    async def stable(self, now: datetime, *, force: bool) -> tuple[str, int]:
        """Give out the stable token, with its seconds to live; ``force`` ends the one before at once."""
        at = now.timestamp()
        early = min(self._account.overlap_seconds, self._account.token_seconds / 2)

        def write(db: sqlite3.Connection) -> tuple[str, int]:
            if force:
                db.execute("UPDATE token SET dies = min(dies, ?) WHERE kind = 'stable'", (at,))
            row = db.execute(
                "SELECT value, expires FROM token WHERE kind = 'stable' AND dies > ? ORDER BY expires DESC",
                (at,),
            ).fetchone()
            if row is not None and row["expires"] - at > early:
                return row["value"], int(row["expires"] - at)
            return self._new(db, "stable", at)

        return await self._store.write(write)

    def _new(self, db: sqlite3.Connection, kind: str, at: float) -> tuple[str, int]:
        value = f"{kind}_{secrets.token_urlsafe(90)}"
        expires = at + self._account.token_seconds
        db.execute(
            "INSERT INTO token (value, kind, expires, dies) VALUES (?, ?, ?, ?)",
            (value, kind, expires, expires),
        )
        db.execute("DELETE FROM token WHERE expires < ?", (at - 7 * 86400,))
        return value, self._account.token_seconds

    async def fault_of(self, value: str, now: datetime) -> int | None:
        """Return the error code of a token that is not valid, or None."""
        if not value:
            return MISSING
        row = await self._store.read(
            lambda db: db.execute("SELECT expires, dies FROM token WHERE value = ?", (value,)).fetchone()
        )
        if row is None:
            return UNKNOWN
        if now.timestamp() >= row["expires"]:
            return EXPIRED
        return RETIRED if now.timestamp() >= row["dies"] else None
