"""The simulated official account: tokens that end, messages sent once, a phone that is answered."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gongkai.sandbox.settings import WechatAccount
from gongkai.sandbox.store import Store
from gongkai.sandbox.wechat_tokens import Tokens
from tests.sandbox.gateway import APP_ID, APP_SECRET, Gateway

OPENID = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
CLIENT = {"grant_type": "client_credential", "appid": APP_ID, "secret": APP_SECRET}


def token(gateway: Gateway) -> str:
    return str(gateway.client.get("/cgi-bin/token", params=CLIENT).json()["access_token"])


def stable(gateway: Gateway, **more: object) -> dict[str, Any]:
    answer = gateway.client.post("/cgi-bin/stable_token", json={**CLIENT, **more})
    return dict(answer.json())


def send(gateway: Gateway, access: str, **changes: object) -> dict[str, Any]:
    message = {
        "touser": OPENID,
        "template_id": "WX_RECORD",
        "client_msg_id": "m1",
        "data": {"thing1": {"value": "招生通知"}, "thing2": {"value": "某市教育局"}},
        **changes,
    }
    answer = gateway.client.post(
        "/cgi-bin/message/template/send", params={"access_token": access}, json=message
    )
    return dict(answer.json())


def test_a_new_token_retires_the_old_and_the_two_kinds_are_apart(gateway: Gateway) -> None:
    """A new plain token ends the one before (40001); the stable one stays the same until it is forced."""
    first, same = stable(gateway), stable(gateway)
    assert (first["access_token"], first["expires_in"]) == (same["access_token"], 7200)
    old = token(gateway)
    new = token(gateway)
    assert send(gateway, old, touser="x")["errcode"] == 40001
    assert send(gateway, new, touser="x")["errcode"] == 40003
    assert send(gateway, first["access_token"], touser="x")["errcode"] == 40003
    forced = stable(gateway, force_refresh=True)["access_token"]
    assert send(gateway, str(first["access_token"]), touser="x")["errcode"] == 40001
    assert send(gateway, forced, touser="x")["errcode"] == 40003


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"appid": "wx-other"}, 40013), ({"secret": "no"}, 40125), ({"grant_type": "x"}, 40002)],
)
def test_a_wrong_client_gets_no_token(gateway: Gateway, wrong: dict[str, str], code: int) -> None:
    """A wrong appid, secret or grant type is refused by its documented code, on both interfaces."""
    assert stable(gateway, **wrong)["errcode"] == code
    answer = gateway.client.get("/cgi-bin/token", params={**CLIENT, **wrong})
    assert answer.json()["errcode"] == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"touser": "someone"}, 40003),
        ({"template_id": "WX_UNKNOWN"}, 40037),
        ({"data": {"thing1": {"value": "没有机关"}}}, 47003),
        ({"data": {"thing1": {"value": "长" * 21}, "thing2": {"value": "某局"}}}, 47003),
        ({"data": {"thing1": {"value": "x"}, "thing2": {"value": "y"}, "thing9": {"value": "z"}}}, 47003),
    ],
)
def test_a_wrong_message_is_refused_as_documented(
    gateway: Gateway, changes: dict[str, object], code: int
) -> None:
    """A wrong openid, template or keyword is refused by its documented code."""
    answer = send(gateway, str(stable(gateway)["access_token"]), **changes)
    assert answer["errcode"] == code
    assert "msgid" not in answer


def test_no_token_and_an_unknown_token_are_refused(gateway: Gateway) -> None:
    """Without a token 41001, with one never given out 40014."""
    assert (send(gateway, "")["errcode"], send(gateway, "invented")["errcode"]) == (41001, 40014)


def test_one_client_msg_id_is_one_message_a_person_and_the_day_has_a_quota(gateway: Gateway) -> None:
    """The same client_msg_id to the same person is one message; another person or id is another, up to the quota."""
    access = str(stable(gateway)["access_token"])
    other = "o" + "b" * 27
    first, again = send(gateway, access), send(gateway, access)
    assert first == again
    assert send(gateway, access, touser=other)["msgid"] != first["msgid"]
    rest = [send(gateway, access, client_msg_id=f"more-{n}")["errcode"] for n in range(3)]
    assert rest == [0, 0, 45009]
    assert len(gateway.messages(channel="wechat")) == 4
    assert gateway.messages(channel="wechat")[-1]["body"] == "信息名称：招生通知\n公开机关：某市教育局"


def test_the_phone_is_signed_answered_and_can_leave(gateway: Gateway) -> None:
    """What the phone says reaches the account signed as published; who unfollows can no longer be written to."""
    person = "o" + "c" * 27
    access = str(stable(gateway)["access_token"])
    assert gateway.say("", event="verify")["reply"].startswith("通过")
    assert gateway.say(person, "绑定 246810") == {
        "said": "绑定 246810",
        "status": 200,
        "reply": "收到：绑定 246810",
    }
    assert "收到：绑定 246810" in gateway.client.get("/").text
    assert gateway.say(person, event="unsubscribe")["reply"] == ""
    assert send(gateway, access, touser=person)["errcode"] == 43004
    assert gateway.say(person, event="subscribe")["reply"] == "收到：subscribe"
    assert send(gateway, access, touser=person)["errcode"] in {0, 45009}


async def test_a_token_ends_with_its_time(tmp_path: Path) -> None:
    """A token is refused with 42001 once its seconds are over; before that the stable interface gives a newer one."""
    account = WechatAccount("app", "secret", "token", "", token_seconds=7200, overlap_seconds=300, per_day=1)
    store = Store(tmp_path)
    writing = asyncio.create_task(store.run())
    tokens, noon = Tokens(account, store), datetime(2026, 3, 2, 12, tzinfo=UTC)
    first, seconds = await tokens.stable(noon, force=False)
    assert seconds == 7200
    assert (await tokens.stable(noon + timedelta(seconds=6899), force=False))[0] == first
    newer, _ = await tokens.stable(noon + timedelta(seconds=6901), force=False)
    assert newer != first
    assert (
        await tokens.fault_of(first, noon + timedelta(seconds=7199)) is None
    )  # both live through the change
    assert await tokens.fault_of(first, noon + timedelta(seconds=7200)) == 42001
    plain, _ = await tokens.fresh(noon)
    await tokens.fresh(noon)
    assert await tokens.fault_of(plain, noon + timedelta(seconds=299)) is None  # the documented overlap
    assert await tokens.fault_of(plain, noon + timedelta(seconds=300)) == 40001
    store.stop()
    await writing
