"""A simulated phone: a person writes to the official account, follows it or leaves it, and sees what it replies.

WeChat posts to the account's server what its followers do ("消息推送" and "接收普通消息", developers.weixin.qq.com; plain mode):
``signature`` is sha1 over token, timestamp and nonce, sorted and joined; the body is XML; the reply is XML, empty,
or ``success``. The page's own example values are what the tests check.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from xml.etree import ElementTree as ET

import httpx

from gongkai.sandbox.settings import WechatAccount
from gongkai.sandbox.store import Store

ACCOUNT: Final = "gh_sandbox"
"""The account's own name in messages (ToUserName)."""
REPLY_SECONDS: Final = 5.0
"""How long WeChat waits for a reply."""
UNSET: Final = "没有配置接收地址（GONGKAI_SANDBOX_WECHAT_CALLBACK），消息未转发。"
BROKEN: Final = "该公众号提供的服务出现故障，请稍后再试（回复不是合法的 XML）。"
Event = Literal["subscribe", "unsubscribe"]


def signature(token: str, timestamp: str, nonce: str) -> str:
    """Return the published signature."""
    joined = "".join(sorted((token, timestamp, nonce)))
    return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Talk:
    """What was said and what came back."""

    said: str
    status: int
    """HTTP status of the callback; 0: it could not be reached."""
    reply: str


class Phone:
    """Posts to the callback as WeChat does, and remembers the talk."""

    def __init__(self, account: WechatAccount, store: Store) -> None:
        self._account = account
        self._store = store
        self._client = httpx.AsyncClient(timeout=REPLY_SECONDS, trust_env=False)

    async def say(self, openid: str, text: str, now: datetime) -> Talk:
        """Send a text to the account."""
        fields = {"MsgType": "text", "Content": text, "MsgId": str(secrets.randbelow(10**18))}
        return await self._post(openid, text, fields, now)

    async def event(self, openid: str, event: Event, now: datetime) -> Talk:
        """Follow or leave the account."""
        said = {"subscribe": "［关注］", "unsubscribe": "［取消关注］"}[event]
        return await self._post(openid, said, {"MsgType": "event", "Event": event}, now)

    async def verify(self, now: datetime) -> Talk:
        """Ask the callback to return ``echostr``, as WeChat does when the address is configured."""
        said, echo = "［验证接收地址］", str(secrets.randbelow(10**19))
        if not self._account.callback:
            return await self._remember("", Talk(said, 0, UNSET), now)
        try:
            answer = await self._client.get(
                self._account.callback, params={**self._signed(now), "echostr": echo}
            )
        except (httpx.HTTPError, httpx.InvalidURL):
            return await self._remember("", Talk(said, 0, "没有通过：接收地址没有应答。"), now)
        right = answer.is_success and hmac.compare_digest(answer.content.strip(), echo.encode())
        reply = (
            "通过：接收地址验了签名，原样回了 echostr。"
            if right
            else "没有通过：接收地址没有原样回 echostr。"
        )
        return await self._remember("", Talk(said, answer.status_code, reply), now)

    async def close(self) -> None:
        """Give up the connections."""
        await self._client.aclose()

    def _signed(self, now: datetime) -> dict[str, str]:
        timestamp, nonce = str(int(now.timestamp())), str(secrets.randbelow(10**10))
        sign = signature(self._account.token, timestamp, nonce)
        return {"signature": sign, "timestamp": timestamp, "nonce": nonce}

    async def _post(self, openid: str, said: str, fields: dict[str, str], now: datetime) -> Talk:
        root = ET.Element("xml")
        head = {"ToUserName": ACCOUNT, "FromUserName": openid, "CreateTime": str(int(now.timestamp()))}
        for name, value in (head | fields).items():
            ET.SubElement(root, name).text = value
        if self._account.callback:
            talk = await self._send(ET.tostring(root), openid, said, now)
        else:
            talk = Talk(said, 0, UNSET)
        return await self._remember(openid, talk, now)

    async def _remember(self, openid: str, talk: Talk, now: datetime) -> Talk:
        def write(db: sqlite3.Connection) -> None:
            row = (now.timestamp(), openid, talk.said, talk.status, talk.reply)
            db.execute("INSERT INTO talk (at, openid, said, status, reply) VALUES (?, ?, ?, ?, ?)", row)

        await self._store.write(write)
        return talk

    async def _send(self, body: bytes, openid: str, said: str, now: datetime) -> Talk:
        query = {**self._signed(now), "openid": openid}
        headers = {"content-type": "text/xml"}
        try:
            answer = await self._client.post(
                self._account.callback, params=query, content=body, headers=headers
            )
        except (httpx.HTTPError, httpx.InvalidURL):
            return Talk(said, 0, "该公众号提供的服务出现故障，请稍后再试（接收地址没有应答）。")
        if not answer.is_success:
            return Talk(said, answer.status_code, "该公众号提供的服务出现故障，请稍后再试。")
        return Talk(said, answer.status_code, _reply(answer.content))


def _reply(body: bytes) -> str:
    """Return the text of a reply; nothing for an empty one or ``success``."""
    text = body.strip()
    if text in {b"", b"success"}:
        return ""
    # A document type could define entities; a reply has none.
    if b"<!" in text.replace(b"<![CDATA[", b""):
        return BROKEN
    try:
        root = ET.fromstring(text)  # noqa: S314 - no declarations, see above
    except ET.ParseError:
        return BROKEN
    return root.findtext("Content", "")
