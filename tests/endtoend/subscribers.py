"""Subscribers as the platform has them: subscribed through notify's door, confirmed with what the gateway received."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import cycle
from typing import Self
from uuid import uuid4

import httpx

from gongkai.rpc.notify.v1 import notify_pb2 as pb
from gongkai.rpc.notify.v1.notify_pb2_grpc import NotifyServiceStub
from services.notify.domain.places import Wish
from tests.endtoend.city import City

TOPICS = (("all",), *((f"{number:02}",) for number in range(1, 27)), ("04", "05", "20"), ("11", "12"))
PLACES = (("341323000000",), ("341300000000",), ("341324000000",), ("341323110000", "341324106000"))
CHANNELS = ("email", "sms", "wechat")
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody who wants to be told."""

    subscription: str
    channel: str
    address: str
    wish: Wish


class Gateway:
    """The embedded gateway's interface for people and tests."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=30, trust_env=False, headers={"Origin": url})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def messages(self, **asked: str) -> list[dict[str, str]]:
        """Everything accepted, newest first."""
        rows: list[dict[str, str]] = []
        page = pages = 1
        while page <= pages:
            query = {"outcome": "accepted", **asked, "page": str(page), "size": "1000"}
            found = self.client.get("/_messages", params=query).json()
            rows += found["rows"]
            pages, page = found["pages"], page + 1
        return rows

    def say(self, openid: str, text: str) -> None:
        """The simulated phone says something to the official account."""
        self.client.post("/_phone", json={"openid": openid, "text": text}).raise_for_status()

    def fault(self, **fault: object) -> None:
        """Put a fault in force."""
        self.client.post("/_faults", json=fault).raise_for_status()

    def lift(self) -> None:
        """Lift every fault."""
        self.client.post("/_faults/lift", json={}).raise_for_status()

    def code_for(self, channel: str, address: str) -> str:
        """The newest code sent to an address; empty where none has come."""
        for row in self.messages(channel=channel, recipient=address):
            if found := _CODE.search(f"{row.get('params') or ''} {row.get('body') or ''}"):
                return found.group()
        return ""


async def subscribe(city: City, notify: NotifyServiceStub, gateway: Gateway, number: int) -> list[Subscriber]:
    """That many confirmed subscriptions, spread over channels, topics and places."""
    made = []
    wishes = cycle([(topics, places) for places in PLACES for topics in TOPICS])
    for index in range(number):
        channel, (topics, places) = CHANNELS[index % len(CHANNELS)], next(wishes)
        address = {
            "email": f"reader{index}@example.invalid",
            "sms": f"139{index:08d}",
            "wechat": f"oOpenId{index:021d}",
        }[channel]
        opened = await notify.OpenSubscription(
            pb.OpenSubscriptionRequest(
                command_id=str(uuid4()),
                channel=channel,
                address="" if channel == "wechat" else address,
                topics=topics,
                places=places,
                client=f"10.1.{index // 250}.{index % 250}",
            ),
            timeout=30,
        )
        made.append((opened, Subscriber(opened.subscription.id, channel, address, Wish(frozenset(topics), frozenset(places)))))  # fmt: skip
    for opened, one in made:
        if one.channel == "wechat":
            gateway.say(one.address, opened.wechat_code)
            continue
        city.wait(lambda one=one: bool(gateway.code_for(one.channel, one.address)), "a code", 60)  # type: ignore[misc]
        code = gateway.code_for(one.channel, one.address)
        await notify.ConfirmSubscription(
            pb.ConfirmSubscriptionRequest(
                command_id=str(uuid4()), id=one.subscription, code=code, client="10.2.0.1"
            ),
            timeout=30,
        )
    for _, one in made:
        found = await notify.GetSubscription(pb.GetSubscriptionRequest(id=one.subscription), timeout=30)
        assert found.subscription.state == "active", one
    return [one for _, one in made]
