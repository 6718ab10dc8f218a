"""Subscriptions through the service's door: opened, confirmed by a code, left with one click, and forgotten."""

from __future__ import annotations

import asyncio
import time
from hashlib import sha1
from typing import Any
from uuid import uuid4

import grpc
import pytest

from gongkai.rpc.notify.v1 import notify_pb2 as pb
from gongkai.serving.errors import reasons_of
from services.notify.handlers.subscribing import end_lapsed
from tests.notify.channel import CountingChannel, throttle
from tests.notify.world import COUNTY, Place, Running, record, until

ACCOUNT = "token-of-the-account"
OPENID = "oSomebody-000000000001"


def opening(running: Running, **changes: Any) -> pb.OpenSubscriptionRequest:
    given = {
        "command_id": running.command(), "channel": "email", "address": "wang@example.com", "topics": ["20"],
        "places": [COUNTY], "client": "10.0.0.1",
    }  # fmt: skip
    return pb.OpenSubscriptionRequest(**(given | changes))


async def codes(call: Any) -> tuple[grpc.StatusCode, list[str]]:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return error.value.code(), [reason.code for reason in reasons_of(error.value)]


def confirming(
    running: Running, identity: str, code: str, client: str = "10.0.0.9"
) -> pb.ConfirmSubscriptionRequest:
    return pb.ConfirmSubscriptionRequest(command_id=running.command(), id=identity, code=code, client=client)


def texted(text: str, *, openid: str = OPENID, kind: str = "text", event: str = "", token: str = ACCOUNT, body: str = "") -> pb.ReceiveWechatRequest:  # fmt: skip
    """What WeChat says when somebody writes to the account."""
    stamp = str(int(time.time()))
    signature = sha1("".join(sorted((token, stamp, "nonce"))).encode(), usedforsecurity=False).hexdigest()
    xml = body or (
        f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{stamp}</CreateTime><MsgType><![CDATA[{kind}]]></MsgType><Event>{event}</Event>"
        f"<Content><![CDATA[{text}]]></Content><MsgId>{uuid4().int % 10**16}</MsgId></xml>"
    )
    return pb.ReceiveWechatRequest(signature=signature, timestamp=stamp, nonce="nonce", body=xml.encode())


async def test_a_code_confirms_and_a_click_leaves_and_the_address_is_gone(place: Place) -> None:
    """The code is in the mail alone; five wrong ones pause; after leaving nobody can read the address any more."""
    mail = CountingChannel("email")
    async with place.running(mail) as running:
        asked = opening(running, address=" Wang@Example.com ")
        first = await running.portal.OpenSubscription(asked)
        again = await running.portal.OpenSubscription(asked)
        identity = first.subscription.id
        assert first == again
        assert (first.subscription.state, first.subscription.address_masked) == (
            "waiting",
            "w***@example.com",
        )
        await until(lambda: _taken(mail, 1))
        [letter] = mail.taken
        code = letter.subject.rpartition(" ")[2]
        assert (len(code), letter.address, code in letter.text, letter.leave_url) == (
            6,
            "wang@example.com",
            True,
            None,
        )

        wrong = f"{(int(code) + 1) % 10**6:06}"
        for _ in range(4):
            refused = await codes(running.portal.ConfirmSubscription(confirming(running, identity, wrong)))
            assert refused == (grpc.StatusCode.FAILED_PRECONDITION, ["code.wrong"])
        confirmed = await running.portal.ConfirmSubscription(confirming(running, identity, code))
        assert confirmed.subscription.state == "active"
        twice = await running.portal.ConfirmSubscription(confirming(running, identity, code))
        assert twice.subscription == confirmed.subscription
        by_id = await running.portal.GetSubscription(pb.GetSubscriptionRequest(id=identity))
        assert by_id.subscription == pb.Subscription(id=identity, state="active")

        mail.always = throttle
        await running.tell(record(1))
        await running.settled(queued=1)
        token = running.office.secrets.leave_token(identity)
        shown = await running.portal.GetSubscription(pb.GetSubscriptionRequest(leave_token=token))
        assert (list(shown.subscription.topics), list(shown.subscription.places)) == (["20"], [COUNTY])
        left = await running.portal.Leave(pb.LeaveRequest(command_id=running.command(), leave_token=token))
        once_more = await running.portal.Leave(
            pb.LeaveRequest(command_id=running.command(), leave_token=token)
        )
        assert (left.subscription.state, left.subscription.address_masked) == ("left", "")
        assert once_more.subscription == left.subscription
        await running.tell(record(2))
        counts = await running.settled(dropped=1)
        assert counts == {"dropped": 1}
        forged = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
        for bad in (forged, "", "not-a-token", "é"):
            refused = await codes(running.portal.Leave(pb.LeaveRequest(command_id="x", leave_token=bad)))
            assert refused == (grpc.StatusCode.NOT_FOUND, ["leave-token.unknown"])

        rows = await running.rows("SELECT payload FROM event")
        views = await running.rows(
            "SELECT s::text AS s FROM subscription s UNION ALL SELECT m::text FROM message m"
        )
        everything = "".join(row.payload for row in rows) + "".join(row.s for row in views)
        assert "wang" not in everything.lower()
        assert code not in everything
        keys = await running.rows("SELECT wrapped_key FROM vault.subject_key")
        assert [row.wrapped_key for row in keys] == [None]


async def test_five_wrong_codes_pause_and_nobody_learns_who_subscribes(place: Place) -> None:
    """A known address is answered like a new one; guessing, code floods and many openings are slowed down."""
    mail = CountingChannel("email")
    async with place.running(mail) as running:
        known = await running.subscribe("wang@example.com", topics=["20"], places=[COUNTY])
        new = await running.portal.OpenSubscription(opening(running))
        assert new.subscription.id != known
        assert (new.subscription.state, list(new.subscription.topics)) == ("waiting", ["20"])
        code = running.office.secrets.code(new.subscription.id, 0)
        same = await running.portal.ConfirmSubscription(confirming(running, new.subscription.id, code))
        assert (same.subscription.id, same.subscription.state) == (known, "active")
        await running.tell(record(1))
        assert await running.settled(sent=1) == {"sent": 1}

        third = await running.portal.OpenSubscription(opening(running))
        flood = await codes(running.portal.OpenSubscription(opening(running)))
        assert flood == (grpc.StatusCode.RESOURCE_EXHAUSTED, ["throttled"])
        wrong = [
            running.portal.ConfirmSubscription(confirming(running, third.subscription.id, f"{number:06}"))
            for number in range(20)
        ]
        answers = await asyncio.gather(*wrong, return_exceptions=True)
        told = [error.code() for error in answers if isinstance(error, grpc.aio.AioRpcError)]
        assert told.count(grpc.StatusCode.RESOURCE_EXHAUSTED) == 15
        right = running.office.secrets.code(third.subscription.id, 0)
        paused = await codes(
            running.portal.ConfirmSubscription(confirming(running, third.subscription.id, right))
        )
        assert paused == (grpc.StatusCode.RESOURCE_EXHAUSTED, ["throttled"])
        table = await running.rows("SELECT t::text AS shown FROM throttle t")
        assert "wang" not in "".join(row.shown for row in table)


async def test_what_cannot_be_subscribed_is_refused_with_every_reason(place: Place) -> None:
    """An unknown topic, a bad place, a bad address, a channel that is not set: all told at once, nothing counted."""
    async with place.running(CountingChannel("email")) as running:
        bad = opening(running, address="wang", topics=["？"], places=["341323"])
        assert await codes(running.portal.OpenSubscription(bad)) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            ["address.malformed", "wish.malformed", "wish.malformed"],
        )
        empty = opening(running, channel="sms", address="13800000001", topics=[], places=[])
        assert (await codes(running.portal.OpenSubscription(empty)))[1] == [
            "channel.absent", "topics.missing", "places.missing",
        ]  # fmt: skip
        assert await codes(running.portal.OpenSubscription(opening(running, command_id=""))) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            ["command_id.missing"],
        )
        asked = opening(running)
        await running.portal.OpenSubscription(asked)
        asked.address = "li@example.com"
        assert (await codes(running.portal.OpenSubscription(asked)))[1] == ["command.reused"]
        assert await codes(running.operator.OpenSubscription(asked)) == (
            grpc.StatusCode.PERMISSION_DENIED,
            ["auth.not-allowed"],
        )
        unknown = pb.GetSubscriptionRequest(id=str(uuid4()))
        assert (await codes(running.portal.GetSubscription(unknown)))[1] == ["subscription.unknown"]


async def test_an_address_nobody_confirmed_is_forgotten(place: Place) -> None:
    """A day after its code ended the key is destroyed; an expired code confirms nothing."""
    async with place.running(CountingChannel("email")) as running:
        opened = await running.portal.OpenSubscription(opening(running))
        kept = await running.portal.OpenSubscription(opening(running, address="li@example.com"))
        async with running.office.engine.begin() as conn:
            await conn.exec_driver_sql(
                "UPDATE subscription SET code_ends_at = now() - interval '25 hours' WHERE id = %(id)s",
                {"id": opened.subscription.id},
            )
        assert await end_lapsed(running.office) == 1
        state = await running.portal.GetSubscription(pb.GetSubscriptionRequest(id=opened.subscription.id))
        other = await running.portal.GetSubscription(pb.GetSubscriptionRequest(id=kept.subscription.id))
        assert (state.subscription.state, other.subscription.state) == ("left", "waiting")
        code = running.office.secrets.code(opened.subscription.id, 0)
        refused = await codes(
            running.portal.ConfirmSubscription(confirming(running, opened.subscription.id, code))
        )
        assert refused[1] == ["subscription.left"]
        keys = await running.rows("SELECT subject FROM vault.subject_key WHERE wrapped_key IS NULL")
        assert [row.subject for row in keys] == [opened.subscription.id]


async def test_the_official_account_binds_and_leaves(place: Place) -> None:
    """A code sent by text subscribes whoever sent it; 退订 ends it; what WeChat did not sign is refused."""
    wechat = CountingChannel("wechat", can_ask=True)
    async with place.running(wechat) as running:
        opened = await running.portal.OpenSubscription(opening(running, channel="wechat", address=""))
        assert len(opened.wechat_code) == 6

        echo = texted("")
        echo.body, echo.echo = b"", "5577"
        assert (await running.portal.ReceiveWechat(echo)).body == b"5577"
        for bad in (texted("x", token="another"), _old(texted("x"))):
            refused = await codes(running.portal.ReceiveWechat(bad))
            assert refused == (grpc.StatusCode.PERMISSION_DENIED, ["wechat.signature"])
        bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb">]><xml><ToUserName>&b;</ToUserName></xml>'
        for body in (bomb, bomb.encode("utf-16").decode("latin-1"), "no xml", "<xml/>"):
            refused = await codes(running.portal.ReceiveWechat(texted("", body=body)))
            assert refused == (grpc.StatusCode.INVALID_ARGUMENT, ["wechat.unreadable"])

        said = texted(opened.wechat_code)
        answers = [(await running.portal.ReceiveWechat(said)).body.decode() for _ in range(2)]
        assert all("订阅成功" in answer for answer in answers)
        assert f"<ToUserName><![CDATA[{OPENID}]]></ToUserName>" in answers[0]
        state = await running.portal.GetSubscription(pb.GetSubscriptionRequest(id=opened.subscription.id))
        assert state.subscription.state == "active"
        await running.tell(record(1))
        await running.settled(sent=1)
        [message] = wechat.taken
        assert (message.address, message.template) == (OPENID, "WX_RECORD")
        assert message.leave_url == "https://example.test/r/11341323MD23A00253/202611-00001"
        assert all(len(value) <= 20 for value in message.params.values())

        guesses = [(await running.portal.ReceiveWechat(texted(f"{n:06}"))).body.decode() for n in range(6)]
        assert ["没有找到" in guess for guess in guesses] == [True] * 5 + [False]
        assert "次数过多" in guesses[5]
        assert "退订" in (await running.portal.ReceiveWechat(texted("你好"))).body.decode()
        gone = (await running.portal.ReceiveWechat(texted("退订"))).body.decode()
        assert "已退订 1 项" in gone
        unfollowed = await running.portal.ReceiveWechat(texted("", kind="event", event="unsubscribe"))
        assert unfollowed.body == b"success"
        await running.tell(record(2))
        assert await running.settled(sent=1) == {"sent": 1}
        logged = "".join(row.payload for row in await running.rows("SELECT payload FROM event"))
        assert OPENID not in logged


async def _taken(channel: CountingChannel, count: int) -> bool:
    return len(channel.taken) >= count


def _old(said: pb.ReceiveWechatRequest) -> pb.ReceiveWechatRequest:
    said.timestamp = str(int(time.time()) - 600)
    joined = "".join(sorted((ACCOUNT, said.timestamp, "nonce")))
    said.signature = sha1(joined.encode(), usedforsecurity=False).hexdigest()
    return said
