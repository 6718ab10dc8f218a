"""Whoever subscribed to a township that was merged is told of what its successor publishes, from the day on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from gongkai.contracts.catalog import DivisionChanged
from gongkai.messaging.applying import Received
from gongkai.messaging.envelope import Envelope
from gongkai.messaging.topology import load_topology
from gongkai.serving.database import create_engine, migrate
from services.notify.successions import apply
from services.notify.telling import News, matches
from services.notify.views.tables import subscription

EAST, WEST = "341323111000", "341323112000"
NEWS = News("r-1", "n-1", "通知", "西镇政府", WEST, "20", "2026-11-30")


def told(version: int, successor: str, ended_on: date | None) -> Received:
    contract = DivisionChanged(
        code=EAST, version=version, name="东镇", level="township", successor=successor, ended_on=ended_on
    )
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Received(Envelope("e", contract.TYPE, "/x", "thing:1", b"", at, 1, "1", 1), contract, "evt.x", 1)


async def test_a_subscription_follows_the_successor_from_the_day(database_url: str) -> None:
    """A day before nothing, from the day on the successor's records; an older telling changes nothing; taken back, nothing again."""
    await migrate("services.notify", database_url)
    engine = create_engine(database_url, pool_size=2)
    async with engine.begin() as conn:
        row = {
            "id": "s-1", "version": 1, "channel": "email", "state": "active", "topics": ["all"], "places": [EAST],
            "address_mark": "m", "code_mark": None, "code_ends_at": datetime(2026, 1, 1, tzinfo=UTC),
        }  # fmt: skip
        await conn.execute(subscription.insert().values(row))
        await apply(conn, [told(3, WEST, date(2026, 12, 1)), told(1, "", None)])
        await apply(conn, [told(2, "341323113000", date(2026, 6, 1))])
        before = await matches(conn, [NEWS])
        after = await matches(conn, [replace(NEWS, published_on="2026-12-01")])
        own = await matches(conn, [replace(NEWS, division=EAST)])
        await apply(conn, [told(4, "", None)])
        taken_back = await matches(conn, [replace(NEWS, published_on="2026-12-01")])
    await engine.dispose()

    assert [match.subscription_id for match in before["r-1"]] == []
    assert [match.subscription_id for match in after["r-1"]] == ["s-1"]
    assert [match.subscription_id for match in own["r-1"]] == ["s-1"]
    assert taken_back["r-1"] == []


def test_notify_hears_of_divisions_alone() -> None:
    """Its durable on catalog's stream takes no other subject: no other event can stop it."""
    [durable] = [
        one for one in load_topology().consumers if (one.stream, one.durable) == ("EVT_CATALOG", "notify")
    ]

    assert durable.filter_subject == "evt.catalog.*.division.changed"
