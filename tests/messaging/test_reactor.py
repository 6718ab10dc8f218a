"""Reactors act once, or leave a doubt for a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gongkai.messaging.reactor import Claim, Fact, NoSuchDoubt, ReactorLedger, open_doubts, settle_doubt

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LEDGER = ReactorLedger("mail")


async def claim(engine: Any, fact: Fact) -> Claim:
    async with engine.begin() as conn:
        return await LEDGER.claim(conn, fact, NOW)


async def test_acts_once_on_each_version(engine: Any) -> None:
    """A new version is acted upon; the same again and older ones, as a refill brings them, are not."""
    first, second = Fact("record:1", 1, NOW), Fact("record:1", 2, NOW)
    assert await claim(engine, first) is Claim.ACT
    assert await claim(engine, first) is Claim.SKIP
    assert await claim(engine, second) is Claim.ACT
    assert await claim(engine, first) is Claim.SKIP
    assert await claim(engine, Fact("record:2", 1, NOW)) is Claim.ACT


async def test_an_act_rolled_back_is_open_again(engine: Any) -> None:
    """If the transaction that records the act fails, the fact can be claimed again."""
    fact = Fact("record:1", 1, NOW)
    async with engine.connect() as conn:
        assert await LEDGER.claim(conn, fact, NOW) is Claim.ACT
        await conn.rollback()
    assert await claim(engine, fact) is Claim.ACT


async def test_an_old_fact_becomes_a_doubt(engine: Any) -> None:
    """What is older than three days is listed once for a person, who decides by name."""
    old = Fact("record:1", 1, NOW - timedelta(days=3, seconds=1))
    assert await claim(engine, old) is Claim.DOUBT
    assert await claim(engine, old) is Claim.SKIP
    assert await claim(engine, Fact("record:2", 1, NOW - timedelta(days=3))) is Claim.ACT
    async with engine.begin() as conn:
        (doubt,) = await open_doubts(conn)
        assert (doubt.reactor, doubt.thing, doubt.version, doubt.occurred_at) == (
            "mail",
            "record:1",
            1,
            old.occurred_at,
        )
        await settle_doubt(conn, doubt.number, "skip", by="office", at=NOW)
        assert await open_doubts(conn) == []
        with pytest.raises(NoSuchDoubt):
            await settle_doubt(conn, doubt.number, "act", by="office", at=NOW)
