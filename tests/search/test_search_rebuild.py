"""Rebuilding beside the live index: while both are written to, killed in the middle, and back again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gongkai.contracts.publishing import RecordState, RecordWithdrawn
from gongkai.refusal import Refusal
from services.search.rebuild import Progress
from tests.search.conftest import Bench


class Witness:
    """Keeps what a rebuild tells."""

    def __init__(self) -> None:
        self.told: list[Progress] = []

    async def __call__(self, progress: Progress) -> None:
        self.told.append(progress)

    @property
    def phases(self) -> list[str]:
        return list(dict.fromkeys(progress.phase for progress in self.told))


async def test_a_rebuild_moves_the_alias_and_keeps_one_way_back(bench: Bench) -> None:
    """The new index holds what the log says, the old one is kept, the one before that is dropped."""
    for number in range(700):
        bench.owner.publish(f"r{number}", f"公告第{number}号", f"正文{number}")
    gone = bench.owner.withdraw(bench.owner.publish("gone", "撤回"))
    bench.owner.publish("r1", "公告修订")
    await bench.indexer.apply(bench.owner.log[:10])
    witness = Witness()
    await bench.rebuilder.run(witness)
    assert witness.phases == ["prepare", "read", "check", "switch", "done"]
    assert "700 条公开信息" in witness.told[-1].message_zh
    indices = await bench.engine.indices()
    assert (indices.public, indices.writers) == (("gongkai-records-2",), ("gongkai-records-2",))
    assert indices.all == ("gongkai-records-1", "gongkai-records-2")
    held = await bench.engine.sources("gongkai-records-2", ["gone", "r1"])
    assert held["gone"] == {"public": False, "record_id": "gone", "version": gone.version}
    assert held["r1"]["title"] == "公告修订"
    await bench.rebuilder.run(witness)
    assert (await bench.engine.indices()).all == ("gongkai-records-2", "gongkai-records-3")


async def test_what_is_said_during_a_rebuild_is_in_both(bench: Bench) -> None:
    """Publications and withdrawals that arrive while the log is read stand in the old index and in the new one."""
    first = [bench.owner.publish(f"r{number}", f"旧公告{number}") for number in range(5)]
    await bench.indexer.apply(first)
    reading, go_on = asyncio.Event(), asyncio.Event()
    records = bench.owner.records

    async def slowly() -> AsyncIterator[RecordState | RecordWithdrawn]:
        async for contract in records():
            yield contract
        reading.set()
        await go_on.wait()

    bench.owner.records = slowly  # type: ignore[method-assign] # the owner of this test answers slowly
    rebuild = asyncio.create_task(bench.rebuilder.run(Witness()))
    await reading.wait()
    assert (await bench.engine.indices()).writers == ("gongkai-records-1", "gongkai-records-2")
    await bench.indexer.apply([bench.owner.publish("new", "新公告"), bench.owner.withdraw(first[0])])
    assert await bench.alias_holds("新公告") == 1
    go_on.set()
    await rebuild
    for index in ("gongkai-records-1", "gongkai-records-2"):
        assert await bench.engine.count_public(index) == 5
        assert (await bench.engine.sources(index, ["r0"]))["r0"]["public"] is False


async def test_a_rebuild_killed_in_the_middle_harms_nobody(bench: Bench) -> None:
    """What is left of it is not public, is dropped at the next start, and the next rebuild succeeds."""
    await bench.indexer.apply([bench.owner.publish("r", "公告")])
    await bench.client.indices.create(index="gongkai-records-2", body=bench.engine.new_body())
    await bench.indexer.apply([bench.owner.publish("s", "公告")])
    assert await bench.alias_holds("公告") == 2
    await bench.rebuilder.tidy()
    assert (await bench.engine.indices()).all == ("gongkai-records-1",)
    await bench.rebuilder.run(Witness())
    assert await bench.alias_holds("公告") == 2


async def test_two_rebuilds_at_once_are_one(bench: Bench) -> None:
    """The second is told that the first is under way; tidying up leaves the first alone."""
    bench.owner.publish("r", "公告")
    second: list[str] = []

    async def meanwhile(progress: Progress) -> None:
        if progress.phase == "prepare":
            await bench.rebuilder.tidy()
            with pytest.raises(Refusal) as refused:
                await bench.rebuilder.run(Witness())
            second.append(refused.value.reasons[0].code)

    await bench.rebuilder.run(meanwhile)
    assert second == ["search.rebuild.under-way"]
    assert await bench.alias_holds("公告") == 1


async def test_an_index_that_fails_its_check_is_not_switched_to(bench: Bench) -> None:
    """When the owner counts other than the index, the old index stays in use and the new one goes."""
    await bench.indexer.apply([bench.owner.publish("r", "公告")])

    async def one_more() -> int:
        return 2

    bench.owner.count_public = one_more  # type: ignore[method-assign] # an owner that contradicts its own log
    with pytest.raises(Refusal) as refused:
        await bench.rebuilder.run(Witness())
    assert [reason.code for reason in refused.value.reasons] == ["search.rebuild.count"]
    assert (await bench.engine.indices()).all == ("gongkai-records-1",)
    assert await bench.alias_holds("公告") == 1


async def test_a_rebuild_outlasts_a_publishing_that_is_away_for_a_moment(bench: Bench) -> None:
    """A page whose contents cannot be fetched is tried again."""
    bench.owner.publish("r", "公告", "正文")
    bench.owner.away = 2
    await bench.rebuilder.run(Witness())
    assert await bench.alias_holds("正文") == 1


async def test_the_way_back_leads_to_what_is_true_now(bench: Bench) -> None:
    """Going back brings the kept index up to date first: what was withdrawn since stays hidden, what is new is there."""
    old = bench.owner.publish("old", "先前的公告")
    await bench.indexer.apply([old])
    with pytest.raises(Refusal):
        await bench.rebuilder.run(Witness(), back=True)
    await bench.rebuilder.run(Witness())
    await bench.indexer.apply(
        [bench.owner.withdraw(old), bench.owner.publish("new", "后来的公告", "后来的正文")]
    )
    kept = await bench.engine.sources("gongkai-records-1", ["old"])
    assert kept["old"] == {"public": False, "record_id": "old", "version": 2}
    await bench.rebuilder.run(Witness(), back=True)
    indices = await bench.engine.indices()
    assert (indices.public, indices.writers) == (("gongkai-records-1",), ("gongkai-records-1",))
    assert await bench.alias_holds("后来的正文") == 1
    assert await bench.alias_holds("先前的公告") == 0
