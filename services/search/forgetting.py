"""Destroyed contents leave the index: first its answers, at once; then its files on disk, byte for byte.

A document written anew leaves its old bytes behind in Lucene segments until they are merged, and in the translog until
a flush. So after the words are out of the documents, each index that held them merges away what is marked deleted and
flushes. The list of what must be gone is kept in the database: a crash in between is made good at the next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa
import structlog
from opensearchpy.exceptions import OpenSearchException
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from services.search.domain.documents import Document
from services.search.engine import Engine, IndexUnavailable
from services.search.schema import forgotten

MERGE_SECONDS: Final = 3600
"""A merge of a large index takes minutes; the server goes on with it even if the client stops waiting."""

LEASE_SECONDS: Final = 120
"""How long the leases may take; they take 30 s. After that it is tried again later."""

_FLUSH: Final = {"force": "true", "wait_if_ongoing": "true"}
_MOST_HOLDERS: Final = 10_000

log = structlog.get_logger()


async def note_forgotten(database: AsyncEngine, digests: Sequence[str]) -> None:
    """Put digests on the list of what must be gone, committed at once; once more if they were on it.

    Committed before any word is taken out: a writer that fetched a content earlier and writes it later sees the list
    afterwards, and takes its own words out.
    """
    rows = [{"digest": digest} for digest in dict.fromkeys(digests)]
    again = insert(forgotten).on_conflict_do_update(index_elements=["digest"], set_={"expunged_at": None})
    async with database.begin() as conn:
        await conn.execute(again, rows)


async def still_forgotten(database: AsyncEngine, digests: Sequence[str]) -> list[str]:
    """Those of ``digests`` that are destroyed; each goes back to the list of what must be expunged."""
    found = (
        sa.update(forgotten)
        .where(forgotten.c.digest == sa.any_(sa.literal(list(digests), sa.ARRAY(sa.Text))))
        .values(expunged_at=None)
        .returning(forgotten.c.digest)
    )
    async with database.begin() as conn:
        return list((await conn.execute(found)).scalars())


async def take_out(engine: Engine, digest: str, record_ids: Iterable[str] = ()) -> None:
    """Write every document that holds words of ``digest`` again without them, at the version it has, in all indices.

    Raises:
        IndexUnavailable: try again later.
    """
    named = list(record_ids)
    for index in (await engine.indices()).all:
        holders = set(named) | await _holders(engine, index, digest)
        sources = await engine.sources(index, holders)
        changed = [without for source in sources.values() if (without := _without(source, digest))]
        if changed:
            await engine.write(changed, [index])
    await _refresh(engine)


async def _holders(engine: Engine, index: str, digest: str) -> set[str]:
    try:
        await engine.client.indices.refresh(index=index)
        body = {"query": {"term": {"texts.digest": digest}}, "_source": False, "size": _MOST_HOLDERS}
        answer: dict[str, Any] = await engine.client.search(index=index, body=body)
    except OpenSearchException as error:
        raise IndexUnavailable(type(error).__name__) from error
    return {hit["_id"] for hit in answer["hits"]["hits"]}


async def _refresh(engine: Engine) -> None:
    for index in (await engine.indices()).all:
        await engine.client.indices.refresh(index=index)


def _without(source: dict[str, Any], digest: str) -> Document | None:
    texts = source.get("texts", [])
    kept = [text for text in texts if text["digest"] != digest]
    if len(kept) == len(texts):
        return None
    slim = {name: value for name, value in source.items() if name != "texts"} | (
        {"texts": kept} if kept else {}
    )
    digests = frozenset(str(text["digest"]) for text in kept)
    return Document(
        source["record_id"], source["version"], public=source["public"], source=slim, digests=digests
    )


async def expunge(engine: Engine, index: str) -> bool:
    """Remove the bytes of everything overwritten until now from an index's files. False if they are held back.

    A superseded version is merged away only once no retention lease asks for it; OpenSearch moves the leases every
    30 s. So: wait for them to pass the last write, make that write part of a commit, merge, and commit again, which
    deletes the files and the translog of before.
    """
    client = engine.client
    try:
        last = {place: copy["seq_no"]["max_seq_no"] for place, copy in await _copies(engine, index)}
        for _ in range(LEASE_SECONDS):
            if all(_released(copy, last.get(place, 0)) for place, copy in await _copies(engine, index)):
                break
            await asyncio.sleep(1)
        else:
            return False
        await client.indices.flush(index=index, params=_FLUSH)
        await client.indices.forcemerge(
            index=index, params={"only_expunge_deletes": "true"}, request_timeout=MERGE_SECONDS
        )
        # An open searcher keeps the files it reads from; a refresh opens one on the merged segments instead.
        await client.indices.refresh(index=index)
        await client.indices.flush(index=index, params=_FLUSH)
    except OpenSearchException as error:
        raise IndexUnavailable(type(error).__name__) from error
    return True


async def _copies(engine: Engine, index: str) -> list[tuple[str, dict[str, Any]]]:
    """Every copy of every shard with its statistics, by number and node."""
    stats: dict[str, Any] = await engine.client.indices.stats(index=index, params={"level": "shards"})
    shards: dict[str, list[dict[str, Any]]] = stats["indices"].get(index, {}).get("shards", {})
    return [
        (f"{number}@{copy['routing']['node']}", copy) for number, copies in shards.items() for copy in copies
    ]


def _released(copy: dict[str, Any], sequence: int) -> bool:
    """Whether no lease of this copy asks for operations up to ``sequence`` any more."""
    leases: list[dict[str, Any]] = copy["retention_leases"]["leases"]
    return all(int(lease["retaining_seq_no"]) > sequence for lease in leases)


async def count_pending(database: AsyncEngine) -> int:
    """How many destroyed contents may still have bytes in index files."""
    waiting = sa.select(sa.func.count()).select_from(forgotten).where(forgotten.c.expunged_at.is_(None))
    async with database.connect() as conn:
        return int((await conn.execute(waiting)).scalar_one())


async def expunge_pending(engine: Engine, database: AsyncEngine) -> int:
    """Expunge all indices if anything on the list is not gone yet; returns how many digests now are."""
    async with database.connect() as conn:
        waiting = list(
            (await conn.execute(sa.select(forgotten).where(forgotten.c.expunged_at.is_(None)))).all()
        )
    if not waiting:
        return 0
    for digest in (row.digest for row in waiting):
        await take_out(engine, digest)
    for index in (await engine.indices()).all:
        if not await expunge(engine, index):
            log.warning("overwritten versions are still held back", index=index)
            return 0
    async with database.begin() as conn:
        done = sa.update(forgotten).where(
            forgotten.c.expunged_at.is_(None), forgotten.c.digest.in_([row.digest for row in waiting])
        )
        await conn.execute(done.values(expunged_at=sa.func.now()))
    return len(waiting)
