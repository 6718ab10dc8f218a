"""What was received, found again: by channel, recipient and outcome, in pages, newest first."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any, Final

from gongkai.sandbox.store import Store, moment

PAGE_SIZE: Final = 20


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show. Empty strings leave nothing out; ``recipient`` matches its beginning."""

    channel: str = ""
    recipient: str = ""
    outcome: str = ""
    page: int = 1

    def where(self) -> tuple[str, list[object]]:
        """Return the condition and its values."""
        parts, given = ["1"], list[object]()
        if self.channel:
            parts.append("channel = ?")
            given.append(self.channel)
        if self.recipient:
            parts.append("substr(recipient, 1, ?) = ?")
            given += [len(self.recipient), self.recipient]
        if self.outcome:
            parts.append("outcome = ?")
            given.append(self.outcome)
        return " AND ".join(parts), given


@dataclass(frozen=True, slots=True)
class Page:
    """One page of what was received."""

    total: int
    page: int
    pages: int
    rows: list[dict[str, Any]]


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    shown = dict(row)
    shown["at"] = moment(row["at"]).isoformat()
    if row["channel"] != "email" and row["params"]:
        try:
            shown["params"] = json.loads(row["params"])
        except ValueError:
            shown["params"] = row["params"]
    return shown


async def find(store: Store, asked: Filter, size: int = PAGE_SIZE) -> Page:
    """Return the page asked for; beyond the last one, the last one."""
    where, given = asked.where()

    def query(db: sqlite3.Connection) -> Page:
        total = db.execute(f"SELECT count(*) FROM message WHERE {where}", given).fetchone()[0]  # noqa: S608
        pages = max(1, -(-total // size))
        page = min(max(1, asked.page), pages)
        sql = f"SELECT * FROM message WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?"  # noqa: S608
        rows = db.execute(sql, [*given, size, (page - 1) * size]).fetchall()
        return Page(total, page, pages, [_shown(row) for row in rows])

    return await store.read(query)


async def counts(store: Store) -> dict[str, dict[str, int]]:
    """Return channel → outcome → how many."""
    sql = "SELECT channel, outcome, count(*) AS n FROM message GROUP BY channel, outcome"
    rows = await store.read(lambda db: db.execute(sql).fetchall())
    found: dict[str, dict[str, int]] = {
        channel: {"accepted": 0, "refused": 0} for channel in ("sms", "wechat", "email")
    }
    for row in rows:
        found[row["channel"]][row["outcome"]] = row["n"]
    return found


async def talks(store: Store, last: int = 10) -> list[dict[str, Any]]:
    """Return the newest talks of the simulated phone."""
    rows = await store.read(
        lambda db: db.execute("SELECT * FROM talk ORDER BY id DESC LIMIT ?", (last,)).fetchall()
    )
    return [{**dict(row), "at": moment(row["at"])} for row in rows]
