"""Messages that could not be applied, kept with their bytes until a person has settled them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

import orjson
from sqlalchemy import ColumnElement, Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.messaging.schema import dead_letter

State = Literal["waiting", "retried", "discarded"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A message a consumer sets aside."""

    stream: str
    subject: str
    headers: dict[str, str]
    data: bytes
    reason: str
    attempts: int
    """Deliveries so far."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One row of the table."""

    number: int
    consumer: str
    stream: str
    subject: str
    headers: dict[str, str]
    data: bytes
    """Empty once discarded."""
    reason: str
    attempts: int
    first_failed_at: datetime
    last_failed_at: datetime
    state: State


class NoSuchLetter(Exception):
    """No dead letter of this number waits."""


async def set_aside(conn: AsyncConnection, consumer: str, failures: Sequence[Failure], at: datetime) -> None:
    """Keep messages that failed; the same message failing again stays one letter.

    A letter settled before waits again: the message has come back and failed anew.
    """
    rows = [
        {
            "consumer": consumer,
            "stream": failure.stream,
            "subject": failure.subject,
            "headers": failure.headers,
            "data": failure.data,
            "fingerprint": _fingerprint(failure),
            "reason": failure.reason,
            "attempts": failure.attempts,
            "first_failed_at": at,
            "last_failed_at": at,
        }
        for failure in failures
    ]
    statement = insert(dead_letter)
    again = {"last_failed_at": statement.excluded.last_failed_at, "reason": statement.excluded.reason,
             "attempts": func.greatest(dead_letter.c.attempts, statement.excluded.attempts), "state": "waiting",
             "data": statement.excluded.data, "settled_at": None, "settled_by": None,
             "settled_reason": None}  # fmt: skip
    await conn.execute(statement.on_conflict_do_update(constraint="dead_letter_once", set_=again), rows)


async def list_letters(
    conn: AsyncConnection, *, after: int = 0, limit: int = 100, include_settled: bool = False
) -> list[DeadLetter]:
    """Letters by number, oldest first."""
    wanted: list[ColumnElement[bool]] = [dead_letter.c.number > after]
    if not include_settled:
        wanted.append(dead_letter.c.state == "waiting")
    found = await conn.execute(select(dead_letter).where(*wanted).order_by(dead_letter.c.number).limit(limit))
    return [_letter(row) for row in found]


async def count_waiting(conn: AsyncConnection) -> int:
    """How many letters wait for a person."""
    waiting = select(func.count()).select_from(dead_letter).where(dead_letter.c.state == "waiting")
    return int((await conn.execute(waiting)).scalar_one())


async def get_letter(conn: AsyncConnection, number: int) -> DeadLetter:
    """One letter, settled or not.

    Raises:
        NoSuchLetter: there is none of this number.
    """
    row = (await conn.execute(select(dead_letter).where(dead_letter.c.number == number))).one_or_none()
    if row is None:
        raise NoSuchLetter(str(number))
    return _letter(row)


async def settle_retried(conn: AsyncConnection, number: int, at: datetime) -> None:
    """The message was applied after all; in the transaction that applied it."""
    await _settle(conn, number, {"state": "retried", "settled_at": at})


async def retry_failed(conn: AsyncConnection, number: int, reason: str, at: datetime) -> None:
    """A retry failed: the letter waits on, with the new reason."""
    values = {"reason": reason, "last_failed_at": at, "attempts": dead_letter.c.attempts + 1}
    await _settle(conn, number, values)


async def discard_letter(conn: AsyncConnection, number: int, *, by: str, reason: str, at: datetime) -> None:
    """Give a message up by name; its bytes are deleted.

    Raises:
        NoSuchLetter: no letter of this number waits.
    """
    values = {
        "state": "discarded",
        "data": None,
        "settled_at": at,
        "settled_by": by,
        "settled_reason": reason,
    }
    await _settle(conn, number, values)


async def _settle(conn: AsyncConnection, number: int, values: dict[str, Any]) -> None:
    waiting = (dead_letter.c.number == number) & (dead_letter.c.state == "waiting")
    if (await conn.execute(update(dead_letter).where(waiting).values(**values))).rowcount == 0:
        raise NoSuchLetter(str(number))


def _fingerprint(failure: Failure) -> bytes:
    # Headers a server adds differ between deliveries of a refilled stream; what the sender said does not.
    said = {name: value for name, value in failure.headers.items() if not name.lower().startswith("nats-")}
    head = orjson.dumps([failure.subject, said], option=orjson.OPT_SORT_KEYS)
    return sha256(head + b"\n" + failure.data).digest()


def _letter(row: Row[Any]) -> DeadLetter:
    return DeadLetter(
        number=row.number,
        consumer=row.consumer,
        stream=row.stream,
        subject=row.subject,
        headers=row.headers,
        data=row.data or b"",
        reason=row.reason,
        attempts=row.attempts,
        first_failed_at=row.first_failed_at,
        last_failed_at=row.last_failed_at,
        state=row.state,
    )
