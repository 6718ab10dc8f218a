"""Destroyed contents leave the index: its answers, and its files byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa

from gongkai.contracts.publishing import PublicFile
from gongkai.devstack.opensearch import OpenSearch
from services.search.forgetting import expunge_pending, note_forgotten, take_out
from services.search.schema import forgotten
from tests.search.conftest import Bench

SECRET = "zqxj7hdestroyed91xkwv"
"""Random enough that compression stores it as it is; so its presence on disk can be seen, and its absence believed."""


def files_with(folder: Path, word: str) -> list[str]:
    """The files below a folder that hold these bytes."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and word.encode() in path.read_bytes()
    )


def index_folder(name: str) -> str:
    parts = Path(name).parts
    return parts[parts.index("indices") + 1]


async def pending(bench: Bench) -> int:
    async with bench.database.connect() as conn:
        waiting = sa.select(sa.func.count()).where(forgotten.c.expunged_at.is_(None))
        return int((await conn.scalar(waiting)) or 0)


@pytest.mark.slow
async def test_a_destroyed_content_is_gone_from_every_index_byte_for_byte(
    bench: Bench, opensearch: OpenSearch
) -> None:
    """Segments and translog of the live index and of the kept one hold no byte of it; other words stay."""
    data = opensearch._home() / "data"
    holder = bench.owner.publish("holder", "公示", f"其中有 {SECRET} 一行")
    bench.owner.log += [
        bench.owner.publish(f"r{number}", "别的", f"别的正文{number}") for number in range(50)
    ]
    await bench.indexer.apply(bench.owner.log)

    async def quiet(_: object) -> None: ...

    await bench.rebuilder.run(quiet)
    await bench.client.indices.flush(index="gongkai-records-*")
    assert await bench.alias_holds(SECRET) == 1
    folders = {index_folder(name) for name in files_with(data, SECRET)}
    assert len(folders) == 2, "both indices hold it before, or its absence later would prove nothing"

    await bench.indexer.apply([bench.owner.destroy(holder)])
    assert await bench.alias_holds(SECRET) == 0
    assert await bench.alias_holds("公示") == 1
    assert await pending(bench) == 1

    assert await expunge_pending(bench.engine, bench.database) == 1
    assert files_with(data, SECRET) == []
    assert await pending(bench) == 0
    assert await bench.alias_holds("别的正文7") == 1


async def test_a_writer_that_fetched_before_the_destruction_takes_its_words_out(bench: Bench) -> None:
    """Words fetched before and written after a destruction do not stay in the index."""
    state = bench.owner.publish("r", "公示", f"迟到的 {SECRET}")
    fetched, go_on = asyncio.Event(), asyncio.Event()
    texts = bench.owner.texts

    async def late(files: Iterable[PublicFile]) -> Mapping[str, str]:
        found = await texts(files)
        fetched.set()
        await go_on.wait()
        return found

    bench.owner.texts = late  # type: ignore[method-assign] # the fetch of this test is held up
    writing = asyncio.create_task(bench.indexer.apply([state]))
    await fetched.wait()
    await bench.indexer.apply([bench.owner.destroy(state)])
    go_on.set()
    await writing
    assert await bench.alias_holds(SECRET) == 0
    assert await bench.alias_holds("公示") == 1
    assert await pending(bench) == 1


async def test_only_the_destroyed_file_of_a_record_loses_its_words(bench: Bench) -> None:
    """Another file of the same record is still found; a second destruction of the same content changes nothing."""
    first = bench.owner.publish("a", "公示", f"第一份 {SECRET}")
    second = bench.owner.publish("b", "公示", "第二份 留下的词")
    both = first.model_copy(update={"files": first.files + second.files})
    await bench.indexer.apply([both])
    digest = first.files[0].digest
    await note_forgotten(bench.database, [digest, digest])
    await take_out(bench.engine, digest)
    await take_out(bench.engine, digest)
    assert await bench.alias_holds(SECRET) == 0
    assert await bench.alias_holds("留下的词") == 1
    held = await bench.engine.sources("gongkai-records-1", ["a"])
    assert [text["digest"] for text in held["a"]["texts"]] == [second.files[0].digest]


async def test_nothing_to_expunge_touches_no_index(bench: Bench) -> None:
    """An empty list costs one look into the database."""
    assert await expunge_pending(bench.engine, bench.database) == 0
