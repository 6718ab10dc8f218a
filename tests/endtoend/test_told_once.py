"""Everybody who wants to be told of a record is told once, whatever is killed on the way, and never again.

``GONGKAI_TEST_SUBSCRIBERS`` and ``GONGKAI_TEST_RECORDS`` make it as large as one likes; the suite runs it small.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest

from gongkai.cli.endpoints import load_endpoints
from gongkai.cli.load import organ_credentials_of
from gongkai.loading.mapping import MappedOrgan
from gongkai.loading.rows import RowEvent
from gongkai.loading.sending import Door, Tally, send_rows
from gongkai.rpc.notify.v1 import notify_pb2 as pb
from gongkai.rpc.notify.v1.notify_pb2_grpc import NotifyServiceStub
from gongkai.security.tokens import operator_tokens, service_tokens
from gongkai.serving.channels import channel
from gongkai.serving.clock import legal_day, utc_now
from services.notify.domain.messages import record_key
from tests.endtoend.city import PARTS, City, Standing
from tests.endtoend.sample import credit_code
from tests.endtoend.subscribers import Gateway, Subscriber, subscribe

SUBSCRIBERS = int(os.environ.get("GONGKAI_TEST_SUBSCRIBERS", "12"))
RECORDS = int(os.environ.get("GONGKAI_TEST_RECORDS", "60"))
ORGANS = (("341323-told", "341323000000"), ("341324-told", "341324000000"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 + RECORDS)]
STREAMS = ("EVT_PUBLISHING", "EVT_CATALOG", "EVT_REQUESTS", "EVT_NOTIFY", "FEED_PUBLISHING", "FEED_CATALOG")
WITH_VIEWS = ("catalog", "publishing", "requests", "notify", "oversight")
DOMAINS = tuple(f"{number:02}" for number in range(1, 27))


@asynccontextmanager
async def notify_of(city: City, *, operator: bool = False) -> AsyncIterator[NotifyServiceStub]:
    keys = city.state / "keys"
    tokens = operator_tokens(keys) if operator else service_tokens(keys, "portal")
    async with channel(city.endpoints["grpc"]["notify"], audience="notify", tokens=tokens) as opened:
        yield NotifyServiceStub(opened)


def live_events(organ: str, division: str) -> Iterator[tuple[str, str, RowEvent]]:
    """(department's id, domain, event) of an organ's new documents."""
    for number in range(RECORDS // len(ORGANS)):
        key, domain = f"told-{number}", DOMAINS[number % len(DOMAINS)]
        document = {
            "record": key, "title": f"{organ}第{number}号通知", "organ": organ, "division": division, "kind": "notice",
            "formed_on": legal_day(utc_now()).isoformat(), "attribute": "proactive", "ground": "《政府信息公开条例》第二十条",
            "confirmer": {"name": "测试", "post": "测试"}, "domain": domain,
            "body": {"media_type": "text/plain", "text": f"第{number}号"},
        }  # fmt: skip
        yield key, domain, RowEvent(f"{organ}-{key}", json.dumps(document, ensure_ascii=False).encode())


async def doors(city: City) -> dict[str, Door]:
    """The two organs, registered, with their ways in."""
    endpoints = load_endpoints(city.state)
    found = {}
    for organ, division in ORGANS:
        mapped = MappedOrgan(
            code=organ, name=f"机关{organ}", short_name=organ, division=division, uscc=credit_code(organ)
        )
        credentials = await organ_credentials_of(endpoints, mapped)
        found[organ] = Door(endpoints.nats, endpoints.portal, organ, credentials)
    return found


async def load(ways: dict[str, Door]) -> None:
    """Both organs send all they have; returns when each event has its receipt."""
    for organ, division in ORGANS:
        tally = Tally()
        await send_rows(ways[organ], [event for _, _, event in live_events(organ, division)], tally)
        assert (tally.accepted, tally.rejected) == (RECORDS // len(ORGANS), 0), tally.messages


def published(city: City) -> dict[str, tuple[str, str]]:
    """Record id → domain, division of what the two organs published."""
    rows = city.query(
        "publishing",
        "SELECT record_id, domain, division FROM record WHERE organ = ANY(%s)",
        [organ for organ, _ in ORGANS],
    )
    return {record_id: (domain, division) for record_id, domain, division in rows}


def due(city: City, subscribers: list[Subscriber]) -> set[str]:
    """The key of every (subscriber, matching record)."""
    return {
        record_key(record_id, one.subscription)
        for record_id, (domain, division) in published(city).items()
        for one in subscribers
        if one.wish.covers(domain, division)
    }


def kill_everything_once(city: City, rng: random.Random) -> None:
    parts = list(PARTS)
    rng.shuffle(parts)
    for part in parts:
        gone = {None, city.kill(part)}
        city.wait(lambda part=part, gone=gone: city.pid(part) not in gone, f"{part} is back", 60)  # type: ignore[misc]


def states(city: City) -> dict[str, set[str]]:
    """Keys of messages about the two organs' records by state, as notify has them."""
    of_organs = "SELECT index_number FROM record WHERE organ = ANY(%s)"
    numbers = [number for (number,) in city.query("publishing", of_organs, [organ for organ, _ in ORGANS])]
    told = "SELECT key, state FROM message WHERE template = 'record.published' AND about = ANY(%s)"
    rows = city.query("notify", told, numbers)
    found: dict[str, set[str]] = {}
    for key, state in rows:
        found.setdefault(state, set()).add(key)
    return found


def is_settled(city: City, number: int) -> bool:
    try:
        now = states(city)
    except psycopg.OperationalError:
        return False
    waiting = now.get("queued", set()) | now.get("sending", set())
    return not waiting and sum(map(len, now.values())) >= number


def received(gateway: Gateway, subscribers: list[Subscriber]) -> Counter[str]:
    """How often the gateway took a message under each key, of those that tell of a record."""
    ours = {one.address for one in subscribers}
    return Counter(
        row["out_id"].partition("@")[0]  # a mail's Message-ID has a domain
        for row in gateway.messages()
        if row["recipient"] in ours
        and "CODE" not in row["template"]
        and "验证码" not in (row["subject"] or "")
    )


def have_grown(city: City, before: dict[str, int]) -> bool:
    """Whether a refill has published all it has: what was held is there again, but for what was held twice already."""
    first = {stream: city.stored(stream) for stream in before}
    time.sleep(2)
    return all(not held or held < first[stream] == city.stored(stream) for stream, held in before.items())


async def test_each_subscriber_is_told_once_of_each_record_whatever_is_killed(city: City) -> None:
    """Gateway and list of doubts together hold every (subscriber, matching record); nothing was received twice.

    Afterwards a refill of every stream, a rebuild of every view, a SIGKILL of ``gongkai up`` and a start in the same place send nothing.
    """
    with Gateway(city.endpoints["sandbox"]) as gateway:
        await told_once(city, gateway)


async def told_once(city: City, gateway: Gateway) -> None:
    async with notify_of(city) as notify:
        subscribers = await subscribe(city, notify, gateway, SUBSCRIBERS)
    gateway.fault(channel="email", kind="drop_answer", count=2)
    gateway.fault(channel="sms", kind="drop_answer", count=2)
    ways = await doors(city)
    killing = asyncio.create_task(asyncio.to_thread(kill_everything_once, city, random.Random(RECORDS)))
    await load(ways)
    await killing
    await asyncio.to_thread(city.settle)
    wanted = due(city, subscribers)
    assert len(published(city)) == RECORDS // len(ORGANS) * len(ORGANS)
    assert len(wanted) > SUBSCRIBERS
    await asyncio.to_thread(
        city.wait, lambda: is_settled(city, len(wanted)), "every message is settled", 60 + len(wanted) / 10
    )

    now, got = states(city), received(gateway, subscribers)
    doubts = now.get("doubt", set())
    assert set().union(*now.values()) == wanted
    assert set(now) <= {"sent", "doubt"}
    assert max(got.values()) == 1, "somebody was told twice"
    assert set(got) | doubts == wanted
    assert now["sent"] == set(got) - doubts
    number = RECORDS // len(ORGANS)
    everywhere = Standing(log=number, view=number, feed=number, index=number, followed=number)
    for organ, _ in ORGANS:
        await asyncio.to_thread(
            city.wait, lambda organ=organ: len(city.indexed(organ)) >= number, f"{organ} is searchable", 180
        )
        assert await asyncio.to_thread(city.standing, organ) == everywhere
    figures = f"{len(subscribers)} subscribers, {len(published(city))} records, {len(wanted)} messages: "
    figures += f"{len(got)} received, {len(doubts)} in doubt, {len(set(got) & doubts)} of these received"
    sys.stdout.write(f"{figures}\n")

    held = {stream: city.stored(stream) for stream in STREAMS}
    city.cli("streams", "refill", *STREAMS)
    await asyncio.to_thread(city.wait, partial(have_grown, city, held), "the streams are filled again", 180)
    rebuilt = (city.cli("views", "rebuild").stdout, city.cli("search", "rebuild").stdout)
    assert rebuilt[0].count("逐行一致") == len(WITH_VIEWS), rebuilt
    await asyncio.to_thread(city.wait, city.idle, "the refilled streams are read", 120)
    before = city.endpoints
    await asyncio.to_thread(city.crash)
    await asyncio.to_thread(city.start)
    assert city.endpoints == before
    await asyncio.to_thread(city.wait, city.idle, "nothing is left to read", 120)
    assert is_settled(city, len(wanted))
    assert received(gateway, subscribers) == got
    assert states(city) == now


async def test_a_doubt_waits_for_a_person_who_decides_once(city: City) -> None:
    """A doubt is listed without an address; a person's decision settles it, and a repeat of it changes nothing."""
    async with notify_of(city, operator=True) as notify:
        listed = await notify.ListMessages(pb.ListMessagesRequest(state="doubt"), timeout=30)
        assert listed.total > 0, "the mails whose answer was dropped"
        first = listed.messages[0]
        asked = pb.SettleDoubtRequest(
            command_id="doubt-1",
            number=first.number,
            decision="was_sent",
            reason="收件人确认收到",
            actor="值班",
        )
        for _ in range(2):
            settled = await notify.SettleDoubt(asked, timeout=30)
            assert settled.message.state == "sent"
        after = await notify.ListMessages(pb.ListMessagesRequest(state="doubt"), timeout=30)
    assert after.total == listed.total - 1


def test_the_messages_command_lists_doubts(city: City, tmp_path: Path) -> None:
    """``gongkai messages doubts`` shows what waits for a decision, in Chinese, without an address."""
    del tmp_path
    told = city.cli("messages", "doubts").stdout
    assert "@example.invalid" not in told
    assert "存疑" in told
