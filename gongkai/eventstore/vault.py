"""Keys of the people an event log must mention, each of which can be destroyed.

A key is 256 random bits, kept wrapped under the service's master key in a schema of its own. The log's backups
are kept for years and cannot open a field; the vault's are kept for days.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import ARRAY, Text, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.errors import SubjectErased
from gongkai.eventstore.event import Clock
from gongkai.eventstore.schema import erasure, subject_key

_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_FIND = select(subject_key.c.subject, subject_key.c.wrapped_key).where(
    subject_key.c.subject == func.any(bindparam("subjects", type_=ARRAY(Text)))
)


@dataclass(frozen=True, slots=True)
class Erasure:
    """A line of the erasure ledger. Holds no personal data: subjects are opaque ids."""

    subject: str
    reason: str
    erased_at: datetime


class Vault:
    """Subjects' keys in the service's own database.

    Keys are never cached: an erasure must not have to reach the memory of other processes.
    """

    def __init__(self, master_key: bytes, *, clock: Clock) -> None:
        self._master = AESGCM(master_key)
        self._clock = clock

    async def keys(self, conn: AsyncConnection, subjects: Iterable[str]) -> dict[str, bytes]:
        """The keys that exist; an erased or unknown subject is absent."""
        return {subject: key for subject, key in (await self._find(conn, subjects)).items() if key}

    async def provide(self, conn: AsyncConnection, subjects: Iterable[str]) -> dict[str, bytes]:
        """A key for each subject, made where there is none.

        Raises:
            SubjectErased: nothing may be written about this subject any more.
        """
        wanted = set(subjects)
        found = await self._find(conn, wanted)
        # Sorted, so that two transactions making keys for the same subjects wait for each other in one order.
        new = [self._new_row(subject) for subject in sorted(wanted - set(found))]
        if new:
            await conn.execute(insert(subject_key).on_conflict_do_nothing(), new)
            found = await self._find(conn, wanted)
        for subject, key in found.items():
            if not key:
                raise SubjectErased(subject)
        return {subject: key for subject, key in found.items() if key}

    async def erase(self, conn: AsyncConnection, subject: str, *, reason: str) -> None:
        """Destroy a subject's key, for ever; and remember it, so that a restore can do it again.

        The caller appends its own ``erased`` event in the same transaction, for views and caches to follow.
        The old row version leaves the disk with the next vacuum, and the last copy with the vault's oldest backup.
        """
        await self._destroy(conn, [Erasure(subject, reason, self._clock())])

    async def erasures(self, conn: AsyncConnection) -> list[Erasure]:
        """The erasure ledger; kept with the operator, outside this database's backups."""
        rows = await conn.execute(select(erasure).order_by(erasure.c.erased_at, erasure.c.subject))
        return [Erasure(*row) for row in rows]

    async def reapply(self, conn: AsyncConnection, ledger: Sequence[Erasure]) -> None:
        """Destroy again what a restore brought back; before the service is ready. Repeating it changes nothing."""
        if ledger:
            await self._destroy(conn, ledger)

    async def _destroy(self, conn: AsyncConnection, ledger: Sequence[Erasure]) -> None:
        rows = [{"subject": e.subject, "reason": e.reason, "erased_at": e.erased_at} for e in ledger]
        await conn.execute(insert(erasure).on_conflict_do_nothing(), rows)
        # A subject without a key gets its tombstone too: no key may be made for it later.
        tombstones = [{"subject": e.subject, "wrapped_key": None, "created_at": e.erased_at} for e in ledger]
        await conn.execute(insert(subject_key).on_conflict_do_nothing(), tombstones)
        erased = func.any(bindparam("subjects", type_=ARRAY(Text)))
        await conn.execute(
            update(subject_key).where(subject_key.c.subject == erased).values(wrapped_key=None),
            {"subjects": [e.subject for e in ledger]},
        )

    async def _find(self, conn: AsyncConnection, subjects: Iterable[str]) -> dict[str, bytes | None]:
        rows = await conn.execute(_FIND, {"subjects": sorted(subjects)})
        return {subject: self._unwrap(subject, wrapped) if wrapped else None for subject, wrapped in rows}

    def _new_row(self, subject: str) -> dict[str, object]:
        nonce = os.urandom(_NONCE_BYTES)
        key = AESGCM.generate_key(_KEY_BYTES * 8)
        wrapped = nonce + self._master.encrypt(nonce, key, subject.encode())
        return {"subject": subject, "wrapped_key": wrapped, "created_at": self._clock()}

    def _unwrap(self, subject: str, wrapped: bytes) -> bytes:
        return self._master.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], subject.encode())
