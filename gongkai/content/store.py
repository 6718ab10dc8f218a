"""The content store: put, get and destroy bytes by their digest.

Every put writes an object of its own name under a key of its own, then claims the digest by inserting its key row. Of
several puts of the same bytes one row wins and the others delete what they wrote, so that a row and its object always
belong together. What a crash leaves behind is ciphertext whose key was never kept; ``sweep`` deletes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from obstore.store import ObjectStore
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.content.objects import Objects, new_name, new_shelf
from gongkai.content.refused import ContentDestroyed, ContentTooLarge, DigestMismatch
from gongkai.content.schema import content_key
from gongkai.content.sealing import Sealer, StreamSealer, digest_of, seal, unseal
from gongkai.serving.clock import Clock

LIMIT: Final = 64 * 1024 * 1024
LEFT_BEHIND: Final = timedelta(days=1)
"""Age at which an object without a key row is no longer one whose transaction may still commit."""
SWEEP_PAGE: Final = 1000

_log = structlog.get_logger()


class ContentLost(Exception):
    """A key is there and its object is not: restore the object store."""

    def __init__(self, digest: str) -> None:
        self.digest = digest
        super().__init__(digest)


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes to store."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored under a digest."""

    digest: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes as they were stored, checked against their digest."""

    digest: str
    size: int
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Bytes that are durable and not yet claimed by a key row."""

    stored: Stored
    name: str
    wrapped_key: bytes = field(repr=False)


class ContentStore:
    """Content of one service. Objects in a folder or bucket, keys in its database."""

    def __init__(self, objects: ObjectStore, master_key: bytes, *, clock: Clock, limit: int = LIMIT) -> None:
        """Take the place of the objects, the 32 bytes of the master key, the clock, and the largest size in bytes."""
        self._objects = Objects(objects)
        self._sealer = Sealer(master_key)
        self._clock = clock
        self._limit = limit

    async def put_many(self, conn: AsyncConnection, blobs: Sequence[Blob]) -> list[Stored]:
        """Store bytes; the answers stand in the order of ``blobs``. What is stored already is not written again.

        Raises:
            ContentDestroyed: some of it was destroyed before; nothing is stored.
            ContentTooLarge: some of it exceeds the limit.
        """
        if any(len(blob.data) > self._limit for blob in blobs):
            raise ContentTooLarge(self._limit)
        digests = await asyncio.to_thread(lambda: [digest_of(blob.data) for blob in blobs])
        by_digest = dict(zip(digests, blobs, strict=True))
        known = await self._known_or_destroyed(conn, digests)
        receipts = await self._write(
            {digest: blob for digest, blob in by_digest.items() if digest not in known}
        )
        kept = {stored.digest: stored for stored in await self.keep(conn, receipts)}
        return [(known | kept)[digest] for digest in digests]

    async def _write(self, blobs: dict[str, Blob]) -> list[Receipt]:
        keys = {digest: AESGCM.generate_key(256) for digest in blobs}
        shelf = new_shelf()
        receipts = [
            Receipt(
                Stored(digest, len(blob.data), blob.media_type),
                new_name(shelf),
                self._sealer.wrap(keys[digest], digest),
            )
            for digest, blob in blobs.items()
        ]
        if receipts:
            await self._objects.put(
                (receipt.name, seal(keys[receipt.stored.digest], blobs[receipt.stored.digest].data))
                for receipt in receipts
            )
        return receipts

    async def receive(
        self, pieces: AsyncIterable[bytes], *, media_type: str, digest: str = "", limit: int | None = None
    ) -> Receipt:
        """Take bytes as they come, sealed before they touch a disk. No transaction need be open; ``keep`` follows.

        Args:
            pieces: the bytes in order.
            media_type: what they are said to be.
            digest: what they must turn out to be; empty: whatever comes.
            limit: most bytes; the store's own limit if left out.

        Raises:
            ContentTooLarge: more came than the limit; nothing is kept.
            DigestMismatch: other bytes came than announced; nothing is kept.
        """
        most = self._limit if limit is None else limit
        sealer, name = StreamSealer(), new_name(new_shelf())
        async with self._objects.writing(name) as writer:
            await writer.write(sealer.head())
            async for piece in pieces:
                if sealer.size + len(piece) > most:
                    raise ContentTooLarge(most)
                await writer.write(sealer.update(piece))
            if digest and digest != sealer.digest:
                raise DigestMismatch
            await writer.write(sealer.tail())
        stored = Stored(sealer.digest, sealer.size, media_type)
        return Receipt(stored, name, self._sealer.wrap(sealer.key, stored.digest))

    async def keep(self, conn: AsyncConnection, receipts: Sequence[Receipt]) -> list[Stored]:
        """Claim the digests of what was received. Where others were first, theirs is kept and ours deleted.

        Raises:
            ContentDestroyed: some of it was destroyed before; nothing is kept.
        """
        if not receipts:
            return []
        now = self._clock()
        rows = [_row(receipt, now) for receipt in sorted(receipts, key=lambda receipt: receipt.stored.digest)]
        # in the order of digests, so that two batches never wait for each other in a circle
        statement = insert(content_key).on_conflict_do_nothing(index_elements=["digest"])
        claimed = set((await conn.execute(statement.returning(content_key.c.object), rows)).scalars())
        lost = [receipt for receipt in receipts if receipt.name not in claimed]
        await self._objects.delete(receipt.name for receipt in lost)
        known = await self._known_or_destroyed(conn, {receipt.stored.digest for receipt in lost})
        return [known.get(receipt.stored.digest, receipt.stored) for receipt in receipts]

    async def get(self, conn: AsyncConnection, digest: str) -> Content | None:
        """Return the bytes of a digest; ``None`` if they are unknown or destroyed. Errors as ``get_many``."""
        return (await self.get_many(conn, [digest])).get(digest)

    async def get_many(self, conn: AsyncConnection, digests: Iterable[str]) -> dict[str, Content]:
        """Return the bytes that are there, by digest.

        Raises:
            ContentLost: a key has no object.
            ContentDamaged: an object is not what was stored.
        """
        rows = [row for row in await _rows(conn, digests) if row.wrapped_key is not None]
        objects = await self._objects.get([row.object for row in rows])
        for row in rows:
            if row.object not in objects:
                raise ContentLost(row.digest)
        return await asyncio.to_thread(self._open_all, rows, objects)

    def _open_all(
        self, rows: Sequence[sa.Row[tuple[object, ...]]], objects: dict[str, bytes]
    ) -> dict[str, Content]:
        opened = {}
        for row in rows:
            key = self._sealer.unwrap(row.wrapped_key, row.digest)
            data = unseal(key, objects[row.object], row.digest)
            opened[row.digest] = Content(row.digest, row.size, row.media_type, data)
        return opened

    async def known(self, conn: AsyncConnection, digests: Iterable[str]) -> dict[str, Stored]:
        """Return what is stored of ``digests``; the unknown and the destroyed are left out."""
        rows = await _rows(conn, digests)
        return {r.digest: Stored(r.digest, r.size, r.media_type) for r in rows if r.wrapped_key is not None}

    async def destroyed(self, conn: AsyncConnection, digests: Iterable[str]) -> set[str]:
        """Return those of ``digests`` that were destroyed."""
        return {row.digest for row in await _rows(conn, digests) if row.wrapped_key is None}

    async def _known_or_destroyed(self, conn: AsyncConnection, digests: Iterable[str]) -> dict[str, Stored]:
        rows = await _rows(conn, digests)
        if gone := sorted(row.digest for row in rows if row.wrapped_key is None):
            raise ContentDestroyed(gone)
        return {row.digest: Stored(row.digest, row.size, row.media_type) for row in rows}

    async def destroy(self, conn: AsyncConnection, digest: str, *, reason: str) -> bool:
        """Destroy the key of a digest for ever; tell whether there was one. ``purge`` follows the commit.

        A digest that never came is marked too: it will not be taken when it comes.
        """
        table = content_key.c
        gone = insert(content_key).values(digest=digest, destroyed_at=self._clock(), reason=reason)
        statement = gone.on_conflict_do_update(
            index_elements=["digest"],
            set_={
                "wrapped_key": None,
                "destroyed_at": gone.excluded.destroyed_at,
                "reason": gone.excluded.reason,
            },
            where=table.wrapped_key.is_not(None),
        )
        answer = await conn.execute(statement.returning(table.object))
        row = answer.one_or_none()
        return row is not None and row.object is not None

    async def purge(self, engine: AsyncEngine) -> int:
        """Delete the objects of destroyed digests; return how many. Repeat at will, and once at every start.

        Afterwards the table is vacuumed, so that the destroyed keys' old row versions leave the database's files too.
        (Its write-ahead log and backups keep them until they expire, under the master key.)
        """
        doomed = sa.and_(content_key.c.destroyed_at.is_not(None), content_key.c.object.is_not(None))
        async with engine.connect() as conn:
            names = list((await conn.execute(sa.select(content_key.c.object).where(doomed))).scalars())
        if not names:
            return 0
        await self._objects.delete(names)
        async with engine.begin() as conn:
            await conn.execute(
                sa.update(content_key).where(content_key.c.object.in_(names)).values(object=None)
            )
        async with engine.connect() as conn:
            plain = await conn.execution_options(isolation_level="AUTOCOMMIT")
            await plain.execute(sa.text("VACUUM content_key"))
        _log.info("destroyed content purged", objects=len(names))
        return len(names)

    async def sweep(self, engine: AsyncEngine) -> int:
        """Delete objects without a key row that are older than a day: what crashed puts left. Return how many."""
        before = self._clock() - LEFT_BEHIND
        old = [name async for name, written in self._objects.list() if written < before]
        deleted = 0
        for start in range(0, len(old), SWEEP_PAGE):
            page = old[start : start + SWEEP_PAGE]
            async with engine.connect() as conn:
                statement = sa.select(content_key.c.object).where(content_key.c.object.in_(page))
                owned = set((await conn.execute(statement)).scalars())
            orphans = [name for name in page if name not in owned]
            await self._objects.delete(orphans)
            deleted += len(orphans)
        return deleted


def _row(receipt: Receipt, now: datetime) -> dict[str, object]:
    stored = receipt.stored
    return {
        "digest": stored.digest,
        "size": stored.size,
        "media_type": stored.media_type,
        "wrapped_key": receipt.wrapped_key,
        "object": receipt.name,
        "stored_at": now,
    }


async def _rows(conn: AsyncConnection, digests: Iterable[str]) -> Sequence[sa.Row[tuple[object, ...]]]:
    wanted = list(set(digests))
    if not wanted:
        return []
    return (await conn.execute(sa.select(content_key).where(content_key.c.digest.in_(wanted)))).all()
