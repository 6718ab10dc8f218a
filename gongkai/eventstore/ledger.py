"""The command ledger: a command asked twice is done once and answered twice, the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import ARRAY, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.codec import canonical
from gongkai.eventstore.errors import CommandRaced
from gongkai.eventstore.event import Clock
from gongkai.eventstore.schema import command

_FIND = select(command.c.command_id, command.c.actor, command.c.fingerprint, command.c.outcome).where(
    command.c.command_id == func.any(bindparam("ids", type_=ARRAY(Text)))
)
_RECORD = insert(command).on_conflict_do_nothing().returning(command.c.command_id)


@dataclass(frozen=True, slots=True)
class Entry:
    """A command that was answered."""

    command_id: str
    actor: str
    fingerprint: bytes
    """Of what was asked. The same id with another fingerprint is another question: refuse it."""
    outcome: dict[str, Any]
    """What was answered, as JSON; given again to whoever asks again."""


def fingerprint(asked: bytes | dict[str, Any]) -> bytes:
    """SHA-256 of the bytes a command came as, or of its canonical JSON."""
    return sha256(asked if isinstance(asked, bytes) else canonical(asked).encode()).digest()


class CommandLedger:
    """Command ids with their first answers. Look up before deciding; record in the transaction that acts."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock

    async def find(self, conn: AsyncConnection, command_ids: Iterable[str]) -> dict[str, Entry]:
        """The entries of those commands that were answered before."""
        rows = await conn.execute(_FIND, {"ids": sorted(set(command_ids))})
        return {row.command_id: Entry(*row[:3], outcome=orjson.loads(row.outcome)) for row in rows}

    async def record(self, conn: AsyncConnection, entries: Sequence[Entry]) -> None:
        """Record answers; before the append lock is taken.

        Raises:
            CommandRaced: one of them was recorded since it was looked up. Roll back: nothing was done twice.
        """
        if not entries:
            return
        at = self._clock()
        # Sorted, so that two batches with the same commands wait for each other in one order, never in a ring.
        rows = [
            {
                "command_id": entry.command_id,
                "actor": entry.actor,
                "fingerprint": entry.fingerprint,
                "outcome": canonical(entry.outcome),
                "recorded_at": at,
            }
            for entry in sorted(entries, key=lambda entry: entry.command_id)
        ]
        recorded = (await conn.execute(_RECORD, rows)).scalars().all()
        if raced := sorted({entry.command_id for entry in entries} - set(recorded)):
            raise CommandRaced(raced)
