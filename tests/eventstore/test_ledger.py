"""The command ledger: asked twice, done once."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.eventstore.contract_tests import NOW, Site, opened
from gongkai.eventstore.errors import CommandRaced
from gongkai.eventstore.ledger import CommandLedger, Entry, fingerprint

LEDGER = CommandLedger(clock=lambda: NOW)


def entry(command_id: str, asked: str = "x") -> Entry:
    return Entry(
        command_id, "organ", fingerprint(asked.encode()), {"version": 1, "nul": "\x00", "名": ["文"]}
    )


async def handle(site: Site, command_id: str, asked: str = "x") -> tuple[Entry, bool]:
    """A handler as services write it; says the answer and whether it was given before."""
    async with site.begin() as conn:
        if known := (await LEDGER.find(conn, [command_id])).get(command_id):
            return known, True
        answer = entry(command_id, asked)
        await LEDGER.record(conn, [answer])
        await site.store().append(conn, [opened(f"thing:{command_id}")], actor="a", command_id=command_id)
    return answer, False


async def test_a_repeated_command_gets_its_first_answer(site: Site) -> None:
    """Given an answered command, when it comes again, then it is answered the same and nothing is appended."""
    first, _ = await handle(site, "c-1")
    assert await handle(site, "c-1") == (first, True)
    assert len(await site.all()) == 1


async def test_the_same_id_with_other_content_is_visible(site: Site) -> None:
    """The caller can tell a repeat from another question under the same id."""
    await handle(site, "c-1", "x")
    known, repeated = await handle(site, "c-1", "y")
    assert repeated
    assert known.fingerprint == fingerprint(b"x") != fingerprint(b"y")


async def test_only_answered_commands_are_found(engine: AsyncEngine) -> None:
    """Looking up many ids gives those that were recorded."""
    async with engine.begin() as conn:
        await LEDGER.record(conn, [entry("c-1"), entry("c-2")])
        assert await LEDGER.find(conn, ["c-2", "c-3", "c-2"]) == {"c-2": entry("c-2")}
        assert await LEDGER.find(conn, []) == {}
        await LEDGER.record(conn, [])


async def test_a_race_is_lost_by_whoever_records_second(site: Site) -> None:
    """Two workers handle one command at once: one acts, the other rolls back and finds the answer."""
    outcomes = await asyncio.gather(*(handle(site, "c-1") for _ in range(8)), return_exceptions=True)
    acted = [outcome for outcome in outcomes if isinstance(outcome, tuple) and not outcome[1]]
    assert len(acted) == 1
    assert all(isinstance(outcome, tuple | CommandRaced) for outcome in outcomes)
    assert len(await site.all()) == 1
    assert await handle(site, "c-1") == (acted[0][0], True)


async def test_a_lost_race_names_the_commands(engine: AsyncEngine) -> None:
    """The error says which of a batch were recorded before."""
    async with engine.begin() as conn:
        await LEDGER.record(conn, [entry("c-2")])
    with pytest.raises(CommandRaced) as raced:
        async with engine.begin() as conn:
            await LEDGER.record(conn, [entry("c-1"), entry("c-2"), entry("c-3")])
    assert raced.value.command_ids == ("c-2",)


async def test_batches_with_the_same_commands_in_other_order_do_not_deadlock(engine: AsyncEngine) -> None:
    """Whoever comes second waits and learns that it lost."""

    async def record(entries: list[Entry]) -> str:
        try:
            async with engine.begin() as conn:
                await LEDGER.record(conn, entries)
        except CommandRaced:
            return "raced"
        return "recorded"

    entries = [entry(f"c-{n}") for n in range(300)]
    outcomes = await asyncio.gather(*(record(entries[::step]) for step in (1, -1, 1, -1)))
    assert sorted(outcomes) == ["raced", "raced", "raced", "recorded"]
