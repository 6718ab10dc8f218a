"""What the gateway received: one SQLite file, on the disk before any answer is given.

All writing happens in one thread, many requests a transaction (group commit), so that hundreds of messages a second
cost tens of disk flushes. Everything that decides by what came before (idempotence, flow control) is a function
that runs inside that transaction: two requests at the same moment cannot both find that they are the first.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

T = TypeVar("T")
Channel = Literal["sms", "wechat", "email"]

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, channel TEXT NOT NULL, recipient TEXT NOT NULL,
    template TEXT NOT NULL, params TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, leave TEXT NOT NULL,
    out_id TEXT NOT NULL, provider_id TEXT NOT NULL, outcome TEXT NOT NULL, error TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS message_recipient ON message (channel, recipient, at);
CREATE INDEX IF NOT EXISTS message_out ON message (channel, recipient, out_id);
CREATE TABLE IF NOT EXISTS token (value TEXT PRIMARY KEY, kind TEXT NOT NULL, expires REAL NOT NULL, dies REAL NOT NULL);
CREATE TABLE IF NOT EXISTS follower (openid TEXT PRIMARY KEY, follows INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS talk (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, openid TEXT NOT NULL, said TEXT NOT NULL,
    status INTEGER NOT NULL, reply TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it arrived."""

    at: datetime
    channel: Channel
    recipient: str
    template: str = ""
    params: str = ""
    """JSON, as sent."""
    subject: str = ""
    body: str = ""
    """The text a person would read."""
    leave: str = ""
    """How one leaves: the List-Unsubscribe header of a mail, the link of a template message."""
    out_id: str = ""
    """The sender's own id."""
    provider_id: str = ""
    outcome: Literal["accepted", "refused"] = "accepted"
    error: str = ""
    """The code it was refused with."""


def keep(db: sqlite3.Connection, message: Message) -> None:
    """Write ``message``, inside a transaction of the store."""
    db.execute(
        "INSERT INTO message (at, channel, recipient, template, params, subject, body, leave, out_id, provider_id,"
        " outcome, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(message.at.timestamp(), message.channel, message.recipient, message.template, message.params),
            *(message.subject, message.body, message.leave, message.out_id, message.provider_id),
            *(message.outcome, message.error),
        ),
    )


def moment(at: float) -> datetime:
    """Return a stored moment in UTC."""
    return datetime.fromtimestamp(at, UTC)


def connect(file: Path) -> sqlite3.Connection:
    """Open the file: written ahead, and flushed to the disk at every commit."""
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000")
    return db


class Store:
    """The file, a writer that commits many pieces of work at once, and a reader beside it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._writing = connect(folder / "gateway.sqlite3")
        self._writing.executescript(SCHEMA)
        self._reading = connect(folder / "gateway.sqlite3")
        self._reading_alone = threading.Lock()
        self._pending: list[tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]]] = []
        self._wake = asyncio.Event()
        self._stopping = False

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in a transaction; return its result once that is on the disk."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._pending.append((work, done))
        self._wake.set()
        return await done

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a query beside the writer."""

        def alone() -> T:
            with self._reading_alone:
                return work(self._reading)

        return await asyncio.to_thread(alone)

    async def run(self) -> None:
        """Commit what is asked for, until ``stop`` was called and nothing is left to commit."""
        while not self._stopping or self._pending:
            await self._wake.wait()
            self._wake.clear()
            batch, self._pending = self._pending, []
            if batch:
                await self._commit(batch)
        self._writing.close()
        self._reading.close()

    def stop(self) -> None:
        """Let ``run`` end once everything asked for is on the disk."""
        self._stopping = True
        self._wake.set()

    async def _commit(
        self, batch: list[tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]]]
    ) -> None:
        try:
            results = await asyncio.to_thread(self._transaction, [work for work, _ in batch])
        except Exception as failure:  # noqa: BLE001 - whatever it was, every caller of this batch has to hear it
            results = [failure for _ in batch]
        for (_, done), result in zip(batch, results, strict=True):
            if done.done():
                continue
            if isinstance(result, Exception):
                done.set_exception(result)
            else:
                done.set_result(result)

    def _transaction(self, works: list[Callable[[sqlite3.Connection], Any]]) -> list[Any]:
        """Run every piece of work; one that raises is undone alone."""
        results: list[Any] = []
        self._writing.execute("BEGIN IMMEDIATE")
        try:
            for work in works:
                self._writing.execute("SAVEPOINT one")
                try:
                    results.append(work(self._writing))
                except Exception as refused:  # noqa: BLE001 - handed to whoever asked
                    self._writing.execute("ROLLBACK TO one")
                    results.append(refused)
                self._writing.execute("RELEASE one")
            self._writing.execute("COMMIT")
        except BaseException:
            self._writing.rollback()
            raise
        return results
