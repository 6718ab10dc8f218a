"""A new index from the owner's log, beside the one in use.

1. The new index joins the writers, then the log is read to the end it has *after* that: what is said before is in the
   log, what is said later is written to both. No write waits, and the version guard makes the order indifferent.
2. It is checked: every record of the log at the version the log has, or a newer one; as many public records as the
   owner counts; a sample word for word.
3. One atomic step moves both aliases and drops the older kept index. The index in use until now is kept for a way
   back; it goes on learning withdrawals and destructions, nothing else.

The set of indices lives in the cluster's metadata. A process killed in the middle leaves an index that is written to
but not public; the next start, or the next rebuild, drops it. A session lock in PostgreSQL keeps rebuilds single.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
import structlog
from opensearchpy.exceptions import NotFoundError, OpenSearchException
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.contracts.publishing import RecordState, RecordWithdrawn
from gongkai.refusal import Reason, Refusal
from services.search.bodies import BodiesUnavailable
from services.search.checking import Census, check
from services.search.domain.documents import newest
from services.search.engine import Engine, IndexUnavailable, Indices
from services.search.indexing import Indexer
from services.search.mapping import PUBLIC_ALIAS, PUBLIC_FILTER, REFRESH, WRITE_ALIAS
from services.search.owner import Owner

PAGE_RECORDS: Final = 1000
PAGE_BYTES: Final = 3 * 1024 * 1024
AT_ONCE: Final = 3
"""Pages under way: while one is indexed the next one's words are fetched."""

TRIES: Final = 10
_LOCK: Final = 0x67_6B_73_65_61_72_63_68

Contract = RecordState | RecordWithdrawn
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild is."""

    phase: str
    """prepare, read, check, switch, done."""
    done: int
    total: int
    """Records; an estimate while reading."""
    message_zh: str


Tell = Callable[[Progress], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Rebuilder:
    """Rebuilds the index of one cluster."""

    engine: Engine
    indexer: Indexer
    owner: Owner
    database: AsyncEngine

    async def run(self, tell: Tell, *, back: bool = False) -> None:
        """Rebuild and switch; or, with ``back``, bring the kept index up to date and switch back to it.

        Raises:
            Refusal: another rebuild is under way, there is no way back, or the new index failed its check. The index
                in use stays in use.
        """
        async with self._alone() as mine:
            if not mine:
                raise Refusal(
                    Reason(
                        "search.rebuild.under-way",
                        "另一次重建正在进行，请等它完成后再试。可以看它所在终端的进度。",
                    )
                )
            await self._drop_unfinished()
            target = await self._prepare(back=back)
            total = await self.owner.count_public()
            await tell(Progress("prepare", 0, total, f"新索引 {target} 已开始接收新数据"))
            try:
                census = await self._read(target, total, tell, only_newer=back)
                await self._rest(target)
                await tell(Progress("check", len(census.held), len(census.held), "正在逐条核对"))
                public = await check(self.engine, self.indexer, self.owner, target, census)
                kept = await self._switch(target)
            except BaseException:
                await asyncio.shield(self._give_up(target, keep=back))
                raise
            await tell(Progress("switch", public, public, f"检索已切换到 {target}"))
            kept_words = f"，{kept} 保留备用" if kept else ""
            await tell(
                Progress("done", public, public, f"重建完成：{public} 条公开信息，核对一致{kept_words}")
            )

    async def tidy(self) -> None:
        """Drop what a killed rebuild left, unless another process is rebuilding now."""
        async with self._alone() as mine:
            if mine:
                await self._drop_unfinished()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[bool]:
        async with self.database.connect() as conn:
            lock = await conn.execution_options(isolation_level="AUTOCOMMIT")
            mine = bool(await lock.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK))))
            try:
                yield mine
            finally:
                if mine:
                    await lock.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK)))

    async def _drop_unfinished(self) -> None:
        indices = await self.engine.indices()
        for name in set(indices.writers) - set(indices.public):
            if indices.public:
                log.info("dropping an unfinished index", index=name)
                await self._drop(name)

    async def _prepare(self, *, back: bool) -> str:
        indices = await self.engine.indices()
        settings = {"index": {"refresh_interval": "-1"}}
        if not back:
            target = indices.next_name
            await self.engine.client.indices.create(index=target, body=self.engine.new_body())
        else:
            target = _kept(indices)
            await self.engine.client.indices.put_alias(index=target, name=WRITE_ALIAS)
        await self.engine.client.indices.put_settings(index=target, body=settings)
        return target

    async def _read(self, target: str, total: int, tell: Tell, *, only_newer: bool) -> Census:
        census = Census()
        slots = asyncio.Semaphore(AT_ONCE)
        done = 0

        async def one(page: list[Contract]) -> None:
            nonlocal done
            try:
                await self._write(page, target, only_newer=only_newer)
            finally:
                slots.release()
            done += len(page)
            await tell(Progress("read", done, max(total, done), "正在读取记录并建立索引"))

        try:
            async with asyncio.TaskGroup() as group:
                async for page in _pages(self.owner.records()):
                    census.take(page)
                    await slots.acquire()
                    group.create_task(one(page))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        return census

    async def _write(self, page: list[Contract], target: str, *, only_newer: bool) -> None:
        for attempt in range(TRIES):
            try:
                contracts = newest(page)
                if only_newer:
                    held = await self.engine.sources(
                        target, [one.record_id for one in contracts], ["version"]
                    )
                    contracts = [
                        one
                        for one in contracts
                        if held.get(one.record_id, {}).get("version", 0) < one.version
                    ]
                await self.indexer.index(contracts, [target])
            except (IndexUnavailable, BodiesUnavailable) as error:
                if attempt == TRIES - 1:
                    raise
                log.warning("a page is tried again", attempt=attempt + 1, cause=str(error))
                await asyncio.sleep(min(10.0, 0.5 * 2**attempt))
            else:
                return

    async def _rest(self, target: str) -> None:
        """Give the new index the settings it lives with."""
        await self.engine.client.indices.put_settings(
            index=target, body={"index": {"refresh_interval": REFRESH}}
        )
        await self.engine.client.indices.refresh(index=target)

    async def _switch(self, target: str) -> str:
        """Move the aliases in one step; returns the index kept for a way back, empty if there was none in use."""
        indices = await self.engine.indices()
        actions: list[dict[str, object]] = [
            {"add": {"index": target, "alias": PUBLIC_ALIAS, "filter": PUBLIC_FILTER}},
            {"add": {"index": target, "alias": WRITE_ALIAS}},
        ]
        for name in indices.all:
            if name in indices.public and name != target:
                actions.append({"remove": {"index": name, "alias": PUBLIC_ALIAS}})
                actions.append({"remove": {"index": name, "alias": WRITE_ALIAS, "must_exist": False}})
            elif name != target:
                actions.append({"remove_index": {"index": name}})
        await self.engine.client.indices.update_aliases(body={"actions": actions})
        return next((name for name in indices.public if name != target), "")

    async def _give_up(self, target: str, *, keep: bool) -> None:
        try:
            if target in (await self.engine.indices()).public:
                return  # the switch happened; only telling about it failed
            if keep:
                await self.engine.client.indices.delete_alias(index=target, name=WRITE_ALIAS)
            else:
                await self._drop(target)
        except (OpenSearchException, IndexUnavailable) as error:
            log.warning(
                "the unfinished index stays until the next start", index=target, cause=type(error).__name__
            )

    async def _drop(self, name: str) -> None:
        try:
            await self.engine.client.indices.delete(index=name)
        except NotFoundError:
            return


def _kept(indices: Indices) -> str:
    """The index kept for a way back.

    Raises:
        Refusal: there is none.
    """
    kept = [name for name in indices.all if name not in indices.public and name not in indices.writers]
    if not kept:
        raise Refusal(
            Reason(
                "search.rebuild.no-way-back",
                "没有保留的旧索引，无法退回。可以直接重建：gongkai search rebuild",
            )
        )
    return kept[-1]


async def _pages(contracts: AsyncIterator[Contract]) -> AsyncIterator[list[Contract]]:
    page: list[Contract] = []
    size = 0
    async for contract in contracts:
        page.append(contract)
        size += sum(file.size for file in contract.files) if isinstance(contract, RecordState) else 0
        if len(page) >= PAGE_RECORDS or size >= PAGE_BYTES:
            yield page
            page, size = [], 0
    if page:
        yield page
