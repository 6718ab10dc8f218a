"""Requests and answers over NATS with real credentials: who may ask, who may answer, who hears the catalogues."""

from __future__ import annotations

import asyncio
from typing import Any

import nats.errors
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

OWN, OTHER = "341323-mzj", "341323-czj"
_SHORT = 0.4


async def test_an_organ_asks_as_itself_and_only_the_queue_answers(city: Any) -> None:
    """One of catalog's replicas answers; another organ's subject, another inbox and a second answer are refused."""
    (mine, _), (theirs, _) = await city.add_organ(OWN), await city.add_organ(OTHER)
    heard: list[str] = []

    async def answer(message: Msg) -> None:
        heard.append(message.subject)
        await message.respond(b"one")
        await message.respond(b"two")

    async with (
        city.user("catalog") as first,
        city.user("catalog") as second,
        city.connected(mine, "mine") as organ,
        city.connected(theirs, "theirs") as other,
    ):
        for replica in (first, second):
            await replica.subscribe("ask.*.*", queue="catalog", cb=answer)
            await replica.flush()
        answers = await _inbox(organ)
        await organ.publish(f"ask.{OWN}.duties", b"{}", reply=answers.name)
        assert (await answers.sub.next_msg(timeout=5)).data == b"one"
        with pytest.raises(nats.errors.TimeoutError):
            await answers.sub.next_msg(timeout=_SHORT)
        with pytest.raises((nats.errors.Error, TimeoutError)):
            await other.request(f"ask.{OWN}.duties", b"{}", timeout=_SHORT)
        listening = await other.subscribe("_INBOX_organ-341323-mzj.>")  # nor may it hear what others are told
        await other.flush()
        assert (await organ.request(f"ask.{OWN}.duties", b"{}", timeout=5)).data == b"one"
        with pytest.raises(nats.errors.Error):
            await listening.next_msg(timeout=_SHORT)
        assert heard == [f"ask.{OWN}.duties"] * 2


async def test_an_organ_hears_of_its_own_catalogues_and_those_above(city: Any) -> None:
    """Its county and the city; not the neighbour's."""
    credentials, _ = await city.add_organ(OWN)
    async with city.user("catalog") as catalog, city.connected(credentials, "organ") as organ:
        wanted = await organ.subscribe("feed.341323000000.catalog.>")
        above = await organ.subscribe("feed.341300000000.catalog.>")
        neighbours = await organ.subscribe("feed.341324000000.catalog.>")
        await organ.flush()
        stream = catalog.jetstream()
        for number, division in enumerate(("341324000000", "341323000000", "341300000000"), start=1):
            await stream.publish(f"feed.{division}.catalog.adopted", str(number).encode())
        assert (await wanted.next_msg(timeout=5)).data == b"2"
        assert (await above.next_msg(timeout=5)).data == b"3"
        with pytest.raises(nats.errors.Error):
            await neighbours.next_msg(timeout=_SHORT)


class _Inbox:
    def __init__(self, name: str, sub: Any) -> None:
        self.name = name
        self.sub = sub


async def _inbox(client: Client) -> _Inbox:
    name = client.new_inbox()
    sub = await client.subscribe(name)
    await asyncio.wait_for(client.flush(), 5)
    return _Inbox(name, sub)
