"""The three channels against the gateway: every answer is accepted, refused or in doubt, and the right one of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

import pytest

from gongkai.serving.clock import utc_now
from services.notify.adapters.port import Accepted, Adapter, Channel, InDoubt, Outbound, Refused
from services.notify.adapters.sms import Sms, SmsAccount
from services.notify.adapters.smtp import Smtp, SmtpServer
from services.notify.adapters.wechat import Wechat, WechatAccount
from tests.sandbox.gateway import APP_ID, APP_SECRET, KEY_ID, KEY_SECRET, SIGN, Gateway, running_gateway

SENDER = "政府信息公开 <notice@gongkai.invalid>"
LEAVE = f"https://gongkai.invalid/leave/{'t' * 120}"
SUBJECT = "新公开：关于做好2026年义务教育阶段学校招生入学工作的通知（含附件三件，请及时查阅）"


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with running_gateway() as running:
        yield running


@pytest.fixture(autouse=True)
def healthy(gateway: Gateway) -> Iterator[None]:
    yield
    gateway.lift()


def smtp(gateway: Gateway, *, timeout: float = 5) -> Smtp:
    return Smtp(SmtpServer(gateway.smtp_url, SENDER, answer_timeout=timeout), utc_now)


def sms(gateway: Gateway, *, timeout: float = 5) -> Sms:
    return Sms(SmsAccount(gateway.sms_endpoint, KEY_ID, KEY_SECRET, SIGN, read_timeout=timeout))


def wechat(gateway: Gateway, *, timeout: float = 5) -> Wechat:
    return Wechat(WechatAccount(gateway.wechat_endpoint, APP_ID, APP_SECRET, timeout=timeout), utc_now)


@dataclass(frozen=True)
class Way:
    """One channel, with somebody to write to and what it is made of."""

    channel: Channel
    adapter: Callable[..., Adapter]
    address: str
    template: str
    permanent: str
    """A code that the same message would get again."""


WAYS = [
    Way("email", smtp, "citizen@example.cn", "record", "550"),
    Way("sms", sms, "13800138000", "SMS_RECORD", "isv.MOBILE_NUMBER_ILLEGAL"),
    Way("wechat", wechat, "o6_bmjrPTlm6_2sgVt7hMZOPfL2M", "WX_RECORD", "47003"),
]
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.channel)


def to(way: Way) -> Outbound:
    params = {"title": "关于义务教育招生的通知", "organ": "某市教育局"}
    text = "某市教育局公开了《招生通知》。\n.以点开头的一行\n"
    return Outbound(str(uuid4()), way.address, way.template, params, SUBJECT, text, LEAVE)


@asynccontextmanager
async def opened(adapter: Adapter) -> AsyncIterator[Adapter]:
    try:
        yield adapter
    finally:
        await adapter.close()


def received(gateway: Gateway, message: Outbound, outcome: str = "accepted") -> int:
    """How often the gateway has this message."""
    rows = gateway.messages(recipient=message.address, outcome=outcome)
    return sum(row["out_id"].startswith(message.key) for row in rows)


@every_way
async def test_what_is_accepted_is_there_once(gateway: Gateway, way: Way) -> None:
    """Messages sent one after the other and at once are accepted, and each is there once."""
    messages = [to(way) for _ in range(12)]
    async with opened(way.adapter(gateway)) as adapter:
        assert adapter.channel == way.channel
        verdicts = [await adapter.send(message) for message in messages[:3]]
        verdicts += await asyncio.gather(*(adapter.send(message) for message in messages[3:]))
    assert all(isinstance(verdict, Accepted) and verdict.provider_id for verdict in verdicts)
    assert [received(gateway, message) for message in messages] == [1] * 12


@every_way
@pytest.mark.parametrize(("kind", "kept"), [("drop_answer", 1), ("drop_before", 0)])
async def test_no_answer_is_a_doubt_that_is_asked_about_where_it_can_be(
    gateway: Gateway, way: Way, kind: str, kept: int
) -> None:
    """A connection cut after the request is a doubt; asking finds what is there, and never makes it two."""
    message, before = to(way), utc_now()
    gateway.fault(channel=way.channel, kind=kind, count=1)
    async with opened(way.adapter(gateway)) as adapter:
        assert isinstance(await adapter.send(message), InDoubt)
        assert received(gateway, message) == kept
        found = await adapter.ask(message, before)
        if way.channel == "email":
            assert (adapter.can_ask, isinstance(found, InDoubt)) == (False, True)
        elif way.channel == "sms":
            assert found == (Accepted(f"OutId:{message.key}") if kept else None)
        else:  # asking is sending the same client_msg_id again
            assert isinstance(found, Accepted)
            assert received(gateway, message) == 1


@every_way
async def test_an_answer_that_takes_too_long_is_a_doubt(gateway: Gateway, way: Way) -> None:
    """A provider that accepts and answers after our patience leaves a doubt."""
    message = to(way)
    gateway.fault(channel=way.channel, kind="delay", seconds=30, count=1)
    async with opened(way.adapter(gateway, timeout=1)) as adapter:
        assert isinstance(await adapter.send(message), InDoubt)
    assert received(gateway, message) == 1


async def test_what_arrives_late_is_found_by_asking_again(gateway: Gateway) -> None:
    """A message the provider takes only after we gave up is unknown there at first, and found later: None is no proof."""
    message, before = to(WAYS[1]), utc_now()
    gateway.fault(channel="sms", kind="late", seconds=1.5, count=1)
    async with opened(sms(gateway, timeout=1)) as adapter:
        assert isinstance(await adapter.send(message), InDoubt)
        while (found := await adapter.ask(message, before)) is None:
            pass
        assert found == Accepted(f"OutId:{message.key}")
    assert received(gateway, message) == 1


@every_way
async def test_what_is_refused_says_whether_to_try_again(gateway: Gateway, way: Way) -> None:
    """Trouble and throttling are temporary, a fault of the message is permanent; none of it is accepted or named."""
    async with opened(way.adapter(gateway)) as adapter:
        for fault, permanent in (({}, False), ({"kind": "throttle"}, False), ({"code": way.permanent}, True)):
            message = to(way)
            gateway.fault(**{"channel": way.channel, "kind": "refuse", "count": 1, **fault})
            verdict = await adapter.send(message)
            assert isinstance(verdict, Refused)
            assert (verdict.permanent, received(gateway, message)) == (permanent, 0)
            assert received(gateway, message, "refused") == 1
            assert way.address not in verdict.message_zh
            if not permanent:
                assert isinstance(await adapter.send(message), Accepted)


@every_way
async def test_a_provider_that_is_gone_got_nothing(gateway: Gateway, way: Way) -> None:
    """Nothing listens: refused for now, on an open connection too; when it is back, the same adapter goes on."""
    async with opened(way.adapter(gateway)) as adapter:
        assert isinstance(await adapter.send(to(way)), Accepted)
        gateway.kill()
        try:
            verdict = await adapter.send(to(way))
        finally:
            gateway.start()
        assert verdict == Refused("connect", getattr(verdict, "message_zh", ""), permanent=False)
        assert isinstance(await adapter.send(to(way)), Accepted)


@every_way
async def test_wrong_keys_are_no_fault_of_the_message(gateway: Gateway, way: Way) -> None:
    """Wrong credentials refuse for now, so that what waits goes out once they are mended."""
    wrong: dict[Channel, Adapter] = {
        "email": Smtp(SmtpServer(gateway.smtp_url.replace("mail-secret", "wrong"), SENDER), utc_now),
        "sms": Sms(SmsAccount(gateway.sms_endpoint, KEY_ID, "wrong", SIGN)),
        "wechat": Wechat(WechatAccount(gateway.wechat_endpoint, APP_ID, "wrong"), utc_now),
    }
    async with opened(wrong[way.channel]) as adapter:
        verdict = await adapter.send(to(way))
    assert isinstance(verdict, Refused)
    assert (verdict.permanent, verdict.code) == (
        False,
        {"email": "535", "sms": "SignatureDoesNotMatch", "wechat": "40125"}[way.channel],
    )


async def test_a_mail_carries_subject_text_and_how_to_leave(gateway: Gateway) -> None:
    """A long Chinese subject, a line that begins with a dot and a long leave address arrive as they were written."""
    message = to(WAYS[0])
    async with opened(smtp(gateway)) as adapter:
        assert await adapter.send(message) == Accepted(f"{message.key}@gongkai.invalid")
        injected = await adapter.send(replace(message, address="a@example.cn\r\nBcc: b@example.cn"))
        assert isinstance(injected, Refused)
        assert injected.permanent
    kept = next(row for row in gateway.messages(channel="email") if row["out_id"].startswith(message.key))
    assert (kept["subject"], kept["params"]) == (SUBJECT, SENDER)
    assert kept["body"].replace("\r\n", "\n") == message.text
    assert kept["leave"] == f"List-Unsubscribe: <{LEAVE}>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click"


async def test_a_token_that_ended_is_renewed_and_the_message_goes_once(gateway: Gateway) -> None:
    """Another process forces a new token: the next message renews it once and arrives once."""
    asked = {"grant_type": "client_credential", "appid": APP_ID, "secret": APP_SECRET, "force_refresh": True}
    message = to(WAYS[2])
    async with opened(wechat(gateway)) as adapter:
        await adapter.send(to(WAYS[2]))
        gateway.client.post("/cgi-bin/stable_token", json=asked)
        assert isinstance(await adapter.send(message), Accepted)
    assert received(gateway, message) == 1


async def test_after_its_window_wechat_is_not_asked_again(gateway: Gateway) -> None:
    """Beyond the documented ten minutes sending the same id again could make two: nothing is sent, the doubt stays."""
    message = to(WAYS[2])
    async with opened(wechat(gateway)) as adapter:
        assert isinstance(await adapter.ask(message, utc_now() - timedelta(minutes=9, seconds=1)), InDoubt)
    assert received(gateway, message) == 0


async def test_a_question_that_gets_no_answer_teaches_nothing(gateway: Gateway) -> None:
    """Asked while the SMS provider is gone, or with keys it refuses, the doubt stays a doubt: it is not 'unknown there'."""
    message = to(WAYS[1])
    async with opened(Sms(SmsAccount("http://127.0.0.1:9", KEY_ID, KEY_SECRET, SIGN))) as nowhere:
        assert isinstance(await nowhere.ask(message, utc_now()), InDoubt)
    async with opened(Sms(SmsAccount(gateway.sms_endpoint, KEY_ID, "wrong", SIGN))) as stranger:
        assert isinstance(await stranger.ask(message, utc_now()), InDoubt)
