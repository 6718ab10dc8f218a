"""WeChat official-account template messages, by HTTP.

"发送模板消息" (sendTemplateMessage, developers.weixin.qq.com) promises for ``client_msg_id``: 对于同一个 openid +
client_msg_id，只发送一条消息，10 分钟有效，超过 10 分钟不保证效果. So a doubt is settled by sending the same again within that
window: either it was there and stays one, or it is there now. What a repetition is answered with is not documented:
only an ordinary success is believed. Tokens come from "获取稳定版接口调用凭据", which several processes may share.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from gongkai.serving.clock import Clock
from services.notify.adapters.port import Accepted, Channel, InDoubt, Outbound, Refused, Verdict

ONCE: Final = timedelta(minutes=10)
"""How long a ``client_msg_id`` guards."""
MARGIN: Final = timedelta(minutes=1)
"""Kept from the end of the window for a slow answer and clocks that differ."""
RENEW_BEFORE: Final = timedelta(seconds=60)
BAD_TOKEN: Final = frozenset({40001, 40014, 41001, 42001})
PERMANENT: Final[Mapping[int, str]] = {
    40003: "微信用户标识不合法",
    43004: "对方没有关注公众号",
    43101: "对方拒收消息",
    47003: "模板内容不符合微信的限制",
}
"""Codes the same message would get again; every other code is about the account, the load or the moment."""
TEMPORARY: Final[Mapping[int, str]] = {
    -1: "微信系统繁忙",
    40001: "公众号的凭据无效",
    40013: "公众号的 AppID 不对，请管理员核对",
    40014: "公众号的凭据无效",
    40037: "模板编号不对，请管理员核对",
    40125: "公众号的 AppSecret 不对，请管理员核对",
    42001: "公众号的凭据过期",
    45009: "超过微信当天的发送限额",
    45011: "发送太频繁",
}
NEVER_LEFT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
KEYWORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "WX_RECORD": {"title": "thing1", "organ": "thing2"},
    "WX_DECISION": {"number": "thing1", "organ": "thing2"},
}
"""Template → our parameter name → the keyword WeChat gave it; a name that is not here is a keyword already."""
URL: Final = "url"
"""The parameter that is no keyword but the page the message opens; without it, where one leaves."""


@dataclass(frozen=True, slots=True)
class WechatAccount:
    """The official account messages are sent from."""

    endpoint: str
    """``https://api.weixin.qq.com``, or ``http://host:port`` of the sandbox."""
    app_id: str
    secret: str
    timeout: float = 10
    """Seconds to wait for an answer."""
    keywords: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: KEYWORDS)


class _NoToken(Exception):
    """No access token could be had, so nothing was sent."""

    def __init__(self, refused: Refused) -> None:
        self.refused = refused
        super().__init__(refused.code)


class Wechat:
    """The WeChat channel."""

    channel: Channel = "wechat"
    can_ask: bool = True

    def __init__(self, account: WechatAccount, clock: Clock) -> None:
        self._account = account
        self._clock = clock
        # The server closes idle connections after a while; a request on one just closed would be a needless doubt.
        limits = httpx.Limits(max_connections=20, keepalive_expiry=3)
        self._client = httpx.AsyncClient(
            base_url=account.endpoint, timeout=account.timeout, limits=limits, trust_env=False
        )
        self._token = ""
        self._token_until = clock()
        self._renewing = asyncio.Lock()

    async def send(self, message: Outbound) -> Verdict:
        """Send one template message to one follower."""
        try:
            token = await self._valid_token()
            answer = await self._post(message, token)
            if (
                isinstance(answer, dict) and answer.get("errcode") in BAD_TOKEN
            ):  # refused at the door: not taken
                answer = await self._post(message, await self._valid_token(refused=token))
        except _NoToken as failure:
            return failure.refused
        if isinstance(answer, InDoubt | Refused):
            return answer
        code = answer.get("errcode")
        if code == 0:
            return Accepted(str(answer.get("msgid", "")))
        return _refused(code) if isinstance(code, int) else InDoubt("微信的回答看不懂，不知是否收下")

    async def ask(self, message: Outbound, sent_at: datetime) -> Verdict | None:
        """Send the same ``client_msg_id`` again while that is safe; afterwards nothing can be learnt."""
        if self._clock() - sent_at > ONCE - MARGIN:
            return InDoubt("微信的防重入编号只保证 10 分钟，已不能再确认")
        verdict = await self.send(message)
        # That a repetition is refused says nothing about the first.
        return verdict if isinstance(verdict, Accepted) else InDoubt("向微信确认没有得到答复")

    async def close(self) -> None:
        """Give up the connections."""
        await self._client.aclose()

    async def _post(self, message: Outbound, token: str) -> dict[str, Any] | InDoubt | Refused:
        names = self._account.keywords.get(message.template, {})
        data = {
            names.get(name, name): {"value": text} for name, text in message.params.items() if name != URL
        }
        body = {
            "touser": message.address,
            "template_id": message.template,
            "url": message.params.get(URL) or message.leave_url or "",
            "client_msg_id": message.key,
            "data": data,
        }
        try:
            answer = await self._client.post(
                "/cgi-bin/message/template/send", params={"access_token": token}, json=body
            )
            if answer.is_client_error:
                return Refused(
                    str(answer.status_code), "微信消息没有发出：接口地址不对，请管理员核对。", permanent=False
                )
            given = answer.json() if answer.is_success else None
        except NEVER_LEFT:
            return Refused("connect", "微信消息没有发出：微信接口连接不上。稍后自动重试。", permanent=False)
        except (httpx.HTTPError, ValueError):
            given = None
        return (
            given if isinstance(given, dict) else InDoubt("微信消息已交出，没有得到可用的回答，不知是否收下")
        )

    async def _valid_token(self, *, refused: str = "") -> str:
        """Return a token that should work; ``refused`` is one that does not.

        Raises:
            _NoToken: none could be had.
        """
        async with self._renewing:
            if self._token and self._token != refused and self._clock() < self._token_until:
                return self._token
            await self._fetch(force=False)
            if self._token == refused:  # the provider still hands out the one it refuses
                await self._fetch(force=True)
            return self._token

    async def _fetch(self, *, force: bool) -> None:
        asked = {
            "grant_type": "client_credential",
            "appid": self._account.app_id,
            "secret": self._account.secret,
            "force_refresh": force,
        }
        try:
            answer = (await self._client.post("/cgi-bin/stable_token", json=asked)).json()
            token, seconds = answer.get("access_token"), answer.get("expires_in", 0)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError):
            text = "微信消息没有发出：取不到公众号的凭据。稍后自动重试。"
            raise _NoToken(Refused("token", text, permanent=False)) from None
        if not isinstance(token, str) or not token:
            raise _NoToken(_refused(answer.get("errcode")))
        lifetime = timedelta(seconds=seconds)
        self._token = token
        self._token_until = self._clock() + lifetime - min(RENEW_BEFORE, lifetime / 5)


def _refused(code: object) -> Refused:
    """Return what an error code means for the message."""
    number = code if isinstance(code, int) else 0
    if number in PERMANENT:
        return Refused(
            str(code), f"微信消息没有发出：{PERMANENT[number]}（{code}）。不再重发。", permanent=True
        )
    why = TEMPORARY.get(number, "微信拒绝了请求")
    return Refused(str(code), f"微信消息没有发出：{why}（{code}）。稍后自动重试。", permanent=False)
