"""The content store on a real folder and a real database."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from obstore.store import MemoryStore
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.content.objects import open_objects
from gongkai.content.refused import ContentDestroyed, ContentTooLarge, DigestMismatch
from gongkai.content.schema import content_key, metadata
from gongkai.content.sealing import ContentDamaged, digest_of
from gongkai.content.store import Blob, ContentLost, ContentStore, Stored
from gongkai.serving.database import create_engine

MASTER = bytes(range(32))
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TEXT = "关于提高城乡低保标准的通知".encode()
BLOB = Blob(TEXT, "text/plain")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    opened = create_engine(database_url)
    async with opened.begin() as conn:
        await conn.run_sync(metadata.create_all)
    yield opened
    await opened.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "content"


@pytest.fixture
def store(folder: Path) -> ContentStore:
    return ContentStore(open_objects(folder.as_uri()), MASTER, clock=lambda: NOW, limit=1000)


async def put(engine: AsyncEngine, store: ContentStore, *blobs: Blob) -> list[Stored]:
    async with engine.begin() as conn:
        return await store.put_many(conn, blobs)


async def destroy(engine: AsyncEngine, store: ContentStore, digest: str) -> bool:
    async with engine.begin() as conn:
        was_there = await store.destroy(conn, digest, reason="含有个人信息")
    await store.purge(engine)
    return was_there


async def get(engine: AsyncEngine, store: ContentStore, digest: str) -> bytes | None:
    async with engine.connect() as conn:
        content = await store.get(conn, digest)
    return None if content is None else content.data


def objects(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_put_and_get(engine: AsyncEngine, store: ContentStore) -> None:
    """Bytes come back by their SHA-256, with size and media type, in the order they were put."""
    stored = await put(engine, store, BLOB, Blob(b"", "application/pdf"), BLOB)

    async with engine.connect() as conn:
        contents = await store.get_many(conn, [item.digest for item in stored])
    assert [item.digest for item in stored] == [digest_of(TEXT), digest_of(b""), digest_of(TEXT)]
    assert [contents[item.digest].data for item in stored] == [TEXT, b"", TEXT]
    assert contents[digest_of(TEXT)].media_type == "text/plain"
    assert contents[digest_of(TEXT)].size == len(TEXT)


async def test_unknown_digest_is_none(engine: AsyncEngine, store: ContentStore) -> None:
    """A digest nobody stored has no content."""
    assert await get(engine, store, digest_of(b"never")) is None


async def test_nothing_plain_lies_in_the_folder(
    engine: AsyncEngine, store: ContentStore, folder: Path
) -> None:
    """No object holds the plain bytes, by put or by upload, and no object's name tells the digest."""
    await put(engine, store, BLOB)
    receipt = await store.receive(pieces(TEXT, b"!"), media_type="text/plain")

    for path in objects(folder):
        assert TEXT not in path.read_bytes()
        assert receipt.stored.digest not in str(path)
    assert len(objects(folder)) == 2


async def test_same_bytes_are_stored_once(engine: AsyncEngine, store: ContentStore, folder: Path) -> None:
    """A repeated put answers as the first did and writes nothing."""
    first = await put(engine, store, BLOB)
    again = await put(engine, store, Blob(TEXT, "text/html"))

    assert again == first
    assert len(objects(folder)) == 1


async def test_racing_puts_leave_one_readable_object(
    engine: AsyncEngine, store: ContentStore, folder: Path
) -> None:
    """Many puts of the same bytes at once: all succeed, one object remains, and it opens."""
    blobs = [Blob(b"%d" % n, "text/plain") for n in range(20)]

    answers = await asyncio.gather(
        *(put(engine, store, *(blobs if n % 2 else blobs[::-1])) for n in range(8))
    )

    assert {item.digest for answer in answers for item in answer} == {digest_of(blob.data) for blob in blobs}
    assert len(objects(folder)) == 20
    for blob in blobs:
        assert await get(engine, store, digest_of(blob.data)) == blob.data


async def test_rolled_back_put_is_not_there(engine: AsyncEngine, store: ContentStore) -> None:
    """Bytes whose transaction rolled back are unknown, and can be put again."""
    async with engine.connect() as conn:
        await store.put_many(conn, [BLOB])
        await conn.rollback()
    assert await get(engine, store, digest_of(TEXT)) is None

    await put(engine, store, BLOB)
    assert await get(engine, store, digest_of(TEXT)) == TEXT


async def test_destroyed_bytes_are_gone_everywhere(
    engine: AsyncEngine, store: ContentStore, folder: Path
) -> None:
    """Destroyed content has neither object nor key; its row says when and why."""
    await put(engine, store, BLOB)

    assert await destroy(engine, store, digest_of(TEXT))

    assert objects(folder) == []
    assert await get(engine, store, digest_of(TEXT)) is None
    async with engine.connect() as conn:
        row = (await conn.execute(sa.select(content_key))).one()
        assert await store.known(conn, [digest_of(TEXT)]) == {}
        assert await store.destroyed(conn, [digest_of(TEXT)]) == {digest_of(TEXT)}
    assert (row.wrapped_key, row.object, row.destroyed_at, row.reason) == (None, None, NOW, "含有个人信息")


async def test_destroyed_content_is_never_taken_again(
    engine: AsyncEngine, store: ContentStore, folder: Path
) -> None:
    """A put or upload of destroyed bytes is refused in words, even where they had never come before."""
    other = "新的隐私文件".encode()
    await put(engine, store, BLOB)
    assert await destroy(engine, store, digest_of(TEXT))
    assert not await destroy(engine, store, digest_of(other))

    for data in (TEXT, other):
        with pytest.raises(ContentDestroyed) as caught:
            await put(engine, store, Blob(data, "text/plain"), Blob(b"harmless", "text/plain"))
        assert caught.value.digests == (digest_of(data),)
        receipt = await store.receive(pieces(data), media_type="text/plain")
        with pytest.raises(ContentDestroyed):
            async with engine.begin() as conn:
                await store.keep(conn, [receipt])
    assert objects(folder) == []


async def test_destroying_twice_keeps_the_first_mark(engine: AsyncEngine, store: ContentStore) -> None:
    """A second destruction changes nothing."""
    await put(engine, store, BLOB)
    await destroy(engine, store, digest_of(TEXT))

    assert not await destroy(engine, store, digest_of(TEXT))


async def test_put_that_waits_for_a_destruction_is_refused(engine: AsyncEngine, store: ContentStore) -> None:
    """A put racing a destruction of the same digest never brings the bytes back."""
    async with engine.connect() as conn:
        await store.destroy(conn, digest_of(TEXT), reason="含有个人信息")
        racing = asyncio.create_task(put(engine, store, BLOB))
        await asyncio.sleep(0.1)
        await conn.commit()
    with pytest.raises(ContentDestroyed):
        await racing


async def test_altered_objects_are_noticed(engine: AsyncEngine, store: ContentStore, folder: Path) -> None:
    """One flipped bit in an object, or another content's object in its place, is an error and never served."""
    await put(engine, store, BLOB)
    path = objects(folder)[0]
    sealed = bytearray(path.read_bytes())
    sealed[-1] ^= 1
    path.write_bytes(sealed)

    with pytest.raises(ContentDamaged):
        await get(engine, store, digest_of(TEXT))
    path.write_bytes(b"")
    with pytest.raises(ContentDamaged):
        await get(engine, store, digest_of(TEXT))


async def test_lost_objects_are_told_from_unknown_ones(
    engine: AsyncEngine, store: ContentStore, folder: Path
) -> None:
    """A key whose object is missing is an error, not an absence."""
    await put(engine, store, BLOB)
    objects(folder)[0].unlink()

    with pytest.raises(ContentLost):
        await get(engine, store, digest_of(TEXT))


async def test_another_master_key_opens_nothing(
    engine: AsyncEngine, store: ContentStore, folder: Path
) -> None:
    """Without the master key the rows and objects are worth nothing."""
    await put(engine, store, BLOB)
    thief = ContentStore(open_objects(folder.as_uri()), bytes(32), clock=lambda: NOW)

    with pytest.raises(ContentDamaged):
        await get(engine, thief, digest_of(TEXT))


async def test_received_bytes_are_kept(engine: AsyncEngine, store: ContentStore) -> None:
    """Bytes that come in pieces and are claimed later come back whole, also where they were put before."""
    receipt = await store.receive(
        pieces(TEXT[:5], b"", TEXT[5:]), media_type="text/plain", digest=digest_of(TEXT)
    )
    again = await store.receive(pieces(TEXT), media_type="text/plain")
    async with engine.begin() as conn:
        assert await store.keep(conn, [receipt, again]) == [receipt.stored, receipt.stored]

    assert await get(engine, store, digest_of(TEXT)) == TEXT


async def test_wrong_or_too_large_uploads_leave_nothing(store: ContentStore, folder: Path) -> None:
    """An upload beyond the limit, with other bytes than announced, or broken off, leaves no object."""

    async def breaking_off() -> AsyncIterator[bytes]:
        yield TEXT
        raise ConnectionResetError

    with pytest.raises(ContentTooLarge):
        await store.receive(pieces(b"x" * 600, b"x" * 600), media_type="text/plain")
    with pytest.raises(DigestMismatch):
        await store.receive(pieces(TEXT), media_type="text/plain", digest=digest_of(b"other"))
    with pytest.raises(ConnectionResetError):
        await store.receive(breaking_off(), media_type="text/plain")
    assert objects(folder) == []


async def test_put_beyond_the_limit_is_refused(engine: AsyncEngine, store: ContentStore) -> None:
    """A body larger than the limit is refused with the limit in words."""
    with pytest.raises(ContentTooLarge) as caught:
        await put(engine, store, Blob(b"x" * 1001, "text/plain"))
    assert caught.value.reasons[0].code == "content.too-large"


async def test_sweep_deletes_only_what_crashes_left(engine: AsyncEngine, folder: Path) -> None:
    """An object without a key row goes when it is a day old; a younger one and every owned one stays."""
    now = datetime.now(UTC)
    store = ContentStore(open_objects(folder.as_uri()), MASTER, clock=lambda: now)
    await put(engine, store, BLOB)
    await store.receive(pieces(b"left by a crash"), media_type="text/plain")
    assert await store.sweep(engine) == 0

    old = time.time() - timedelta(days=2).total_seconds()
    for path in objects(folder):
        os.utime(path, (old, old))
    assert await store.sweep(engine) == 1
    assert await get(engine, store, digest_of(TEXT)) == TEXT


async def test_a_bucket_behaves_like_a_folder(engine: AsyncEngine) -> None:
    """Put, upload, get, destroy and sweep do the same where objects lie behind requests instead of in files."""
    bucket = MemoryStore()
    now = datetime.now(UTC) + timedelta(days=2)
    store = ContentStore(bucket, MASTER, clock=lambda: now)
    blobs = [Blob(b"%d" % n, "text/plain") for n in range(40)]
    await put(engine, store, *blobs)
    receipt = await store.receive(pieces(TEXT), media_type="text/plain")
    async with engine.begin() as conn:
        await store.keep(conn, [receipt])
    await store.receive(pieces(b"left by a crash"), media_type="text/plain")

    assert await get(engine, store, digest_of(TEXT)) == TEXT
    async with engine.connect() as conn:
        assert len(await store.get_many(conn, [digest_of(blob.data) for blob in blobs])) == 40
    assert await destroy(engine, store, digest_of(TEXT))
    assert await store.sweep(engine) == 1
    assert len(bucket.list().collect()) == 40


@pytest.mark.parametrize("url", ["/var/content", "http://host/x", "file://host/x", "memory:///"])
def test_addresses_that_name_no_place_are_refused(url: str) -> None:
    """Only a folder or a bucket can hold content."""
    with pytest.raises(ValueError, match="内容库地址"):
        open_objects(url)
