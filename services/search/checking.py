"""Is a rebuilt index what the owner's log says? Asked of every record by version, and of a sample word for word."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from gongkai.contracts.publishing import RecordState, RecordWithdrawn
from gongkai.refusal import Reason, Refusal
from services.search.bodies import readable_files
from services.search.domain.documents import public_document
from services.search.engine import Engine
from services.search.indexing import Indexer
from services.search.owner import Owner

SAMPLE: Final = 60
_CHUNK: Final = 1000
_COUNT_TRIES: Final = 20
_PAUSE: Final = 0.25


@dataclass(slots=True)
class Census:
    """What the log said, in little: each record's newest version (100 bytes a record), and a random sample whole."""

    held: dict[str, int] = field(default_factory=dict)
    """Record id → version times two, plus one if it is public at that version."""
    sample: list[RecordState] = field(default_factory=list)
    _seen: int = 0
    _dice: random.Random = field(default_factory=random.Random)

    def take(self, contracts: Sequence[RecordState | RecordWithdrawn]) -> None:
        """Remember contracts as they are read."""
        for contract in contracts:
            public = isinstance(contract, RecordState)
            mark = contract.version * 2 + public
            self.held[contract.record_id] = max(mark, self.held.get(contract.record_id, 0))
            if isinstance(contract, RecordState):
                self._draw(contract)

    def _draw(self, contract: RecordState) -> None:
        self._seen += 1
        if len(self.sample) < SAMPLE:
            self.sample.append(contract)
        elif (place := self._dice.randrange(self._seen)) < SAMPLE:
            self.sample[place] = contract


async def check(engine: Engine, indexer: Indexer, owner: Owner, index: str, census: Census) -> int:
    """Compare an index with the log and its owner; returns how many public records it holds.

    Raises:
        Refusal: with every difference found (ids only).
    """
    reasons: list[Reason] = []
    behind = await _behind(engine, index, census)
    if behind:
        shown = "、".join(behind[:5])
        reasons.append(
            Reason(
                "search.rebuild.behind",
                f"新索引缺少 {len(behind)} 条记录的最新版本，例如 {shown}。旧索引继续使用。",
            )
        )
    different = await _different(engine, indexer, index, census)
    if different:
        shown = "、".join(different[:5])
        reasons.append(
            Reason(
                "search.rebuild.different",
                f"抽查发现 {len(different)} 条内容不一致，例如 {shown}。旧索引继续使用。",
            )
        )
    public, owned, still = await _counts(engine, owner, index)
    if still and public != owned:
        reasons.append(
            Reason(
                "search.rebuild.count", f"新索引有 {public} 条公开信息，登记的是 {owned} 条。旧索引继续使用。"
            )
        )
    if reasons:
        raise Refusal(*reasons)
    return public


async def _behind(engine: Engine, index: str, census: Census) -> list[str]:
    behind: list[str] = []
    for ids in _chunks(census.held):
        held = await engine.sources(index, ids, ["version", "public"])
        for record in ids:
            source = held.get(record)
            if source is None or int(source["version"]) * 2 + bool(source["public"]) < census.held[record]:
                behind.append(record)
    return behind


async def _different(engine: Engine, indexer: Indexer, index: str, census: Census) -> list[str]:
    texts = await indexer.bodies.texts(readable_files(census.sample))
    held = await engine.sources(index, [contract.record_id for contract in census.sample])
    expected = (public_document(contract, texts) for contract in census.sample)
    return [
        document.record_id
        for document in expected
        if (source := held.get(document.record_id)) is not None
        and source["version"] == document.version
        and source != document.source
    ]


async def _counts(engine: Engine, owner: Owner, index: str) -> tuple[int, int, bool]:
    """Both counts, and whether they stood still: while a load runs they never do, and differ by what is under way."""
    before: tuple[int, int] | None = None
    still = False
    for _ in range(_COUNT_TRIES):
        counts = (await engine.count_public(index), await owner.count_public())
        if counts[0] == counts[1]:
            return (*counts, True)
        still = counts == before
        before = counts
        await asyncio.sleep(_PAUSE)
    return (*(before or (0, 0)), still)


def _chunks(ids: dict[str, int]) -> Iterator[list[str]]:
    rest = iter(ids)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
