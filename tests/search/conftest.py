"""A search service's parts on a real OpenSearch and a real PostgreSQL, with an owner whose log is a list."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from opensearchpy import AsyncOpenSearch
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.contracts.publishing import (
    ContentDestroyed,
    PublicFile,
    RecordPublished,
    RecordRevised,
    RecordState,
    RecordWithdrawn,
)
from gongkai.serving.database import create_engine, migrate
from services.search.bodies import BodiesUnavailable
from services.search.client import open_client
from services.search.domain.texts import plain_text
from services.search.engine import Engine
from services.search.indexing import Fact, Indexer
from services.search.rebuild import Rebuilder

USCC = "11341323MB0X12345X"


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class InventedOwner:
    """Stands for publishing: a log of contracts and the contents that are public now."""

    log: list[Fact] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)
    away: int = 0
    """How many of the next questions go unanswered."""
    asked: int = 0

    def publish(self, key: str, title: str, body: str = "", **changes: Any) -> RecordState:
        """A new version of the record ``key``."""
        version = sum(isinstance(fact, RecordState) and fact.record_id == key for fact in self.log) + 1
        files: tuple[PublicFile, ...] = ()
        if body:
            digest = digest_of(body)
            self.contents[digest] = body.encode()
            files = (
                PublicFile(
                    role="body", name="正文", digest=digest, size=len(body), media_type="text/plain", url="/"
                ),
            )
        values: dict[str, Any] = {
            "record_id": key,
            "index_number": f"{USCC}/202605-{len(self.log) + 1:05d}",
            "version": version,
            "organ": "341323-zjj",
            "organ_name": "灵璧县住房和城乡建设局",
            "division": "341323000000",
            "kind": "notice",
            "title": title,
            "published_on": date(2026, 5, 19),
            "provenance": "live",
            "files": files,
        }
        contract = (RecordPublished if version == 1 else RecordRevised)(**{**values, **changes})
        self.log.append(contract)
        return contract

    def withdraw(self, state: RecordState) -> RecordWithdrawn:
        """The withdrawal of a record, after its newest version."""
        withdrawal = RecordWithdrawn(
            record_id=state.record_id,
            index_number=state.index_number,
            version=state.version + 1,
            organ=state.organ,
            organ_name=state.organ_name,
            division=state.division,
            kind=state.kind,
            withdrawn_on=date(2026, 6, 1),
            reason="内容有误",
        )
        self.log.append(withdrawal)
        return withdrawal

    def destroy(self, state: RecordState) -> ContentDestroyed:
        """The destruction of a record's body."""
        digest = state.files[0].digest
        self.contents.pop(digest, None)
        fact = ContentDestroyed(
            digest=digest,
            version=1,
            record_ids=(state.record_id,),
            destroyed_on=date(2026, 6, 1),
            reason="含个人信息",
        )
        self.log.append(fact)
        return fact

    async def texts(self, files: Iterable[PublicFile]) -> Mapping[str, str]:
        self.asked += 1
        if self.away:
            self.away -= 1
            raise BodiesUnavailable("away")
        return {
            file.digest: plain_text(self.contents[file.digest], file.media_type)
            for file in files
            if file.digest in self.contents
        }

    async def records(self) -> AsyncIterator[RecordState | RecordWithdrawn]:
        for fact in list(self.log):
            if not isinstance(fact, ContentDestroyed):
                yield fact

    async def count_public(self) -> int:
        newest: dict[str, RecordState | RecordWithdrawn] = {}
        async for fact in self.records():
            newest[fact.record_id] = fact
        return sum(isinstance(fact, RecordState) for fact in newest.values())


@dataclass
class Bench:
    """Everything a test of search needs."""

    engine: Engine
    owner: InventedOwner
    indexer: Indexer
    rebuilder: Rebuilder
    database: AsyncEngine
    client: AsyncOpenSearch

    async def refresh(self) -> None:
        """Make what was written findable now."""
        await self.client.indices.refresh(index="gongkai-records-*")

    async def alias_holds(self, words: str) -> int:
        """How many documents of the public alias hold these words, asked of OpenSearch itself."""
        await self.refresh()
        query = {"multi_match": {"query": words, "fields": ["title", "texts.text"], "type": "phrase"}}
        answer = await self.client.count(index="gongkai-records", body={"query": query})
        return int(answer["count"])


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[AsyncEngine]:
    await migrate("services.search", database_url)
    engine = create_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def bench(opensearch_url: str, database: AsyncEngine) -> AsyncIterator[Bench]:
    async with open_client(opensearch_url) as client:
        engine = Engine(client)
        await engine.ensure()
        owner = InventedOwner()
        indexer = Indexer(engine, owner, database)
        yield Bench(engine, owner, indexer, Rebuilder(engine, indexer, owner, database), database, client)
