"""The simulated WeChat official account: tokens, and template messages sent once per ``client_msg_id``.

Source: "发送模板消息" (sendTemplateMessage, developers.weixin.qq.com): "防重入id。对于同一个 openid + client_msg_id，只发送一条消息，
10 分钟有效，超过 10 分钟不保证效果". What a repetition is answered with is not documented; the simulation answers as it did
the first time. Error codes are those of "全局返回码". Keyword limits: "模板消息" · 类目模板消息 · 参数值限制.
"""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final, cast

from gongkai.sandbox.faults import Rule
from gongkai.sandbox.settings import WechatAccount
from gongkai.sandbox.store import Message, Store, keep
from gongkai.sandbox.templates import Template, fault_of, load_templates
from gongkai.sandbox.wechat_tokens import Tokens
from gongkai.serving.clock import LEGAL_ZONE, legal_day

OPENID: Final = re.compile(r"o[A-Za-z0-9_-]{27}")
ONCE: Final = timedelta(minutes=10)
"""How long a ``client_msg_id`` guards against a second message."""
TEXTS: Final = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40014: "invalid access_token",
    40037: "invalid template_id",
    40125: "invalid appsecret",
    41001: "access_token missing",
    42001: "access_token expired",
    43002: "require POST method",
    43004: "require subscribe",
    45009: "reach max api daily quota limit",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
}
Answer = dict[str, object]


def failure(code: int, detail: str = "") -> Answer:
    """Return the documented shape of an error."""
    text = TEXTS.get(code, "error")
    return {"errcode": code, "errmsg": f"{text}{detail} rid: {secrets.token_hex(4)}-{secrets.token_hex(4)}"}


class Wechat:
    """The interface of the one official account."""

    def __init__(self, account: WechatAccount, store: Store) -> None:
        self._account = account
        self._store = store
        self._templates = load_templates("wechat")
        self.tokens = Tokens(account, store)
        self._day: date | None = None
        self._sent = 0

    async def token(self, query: Mapping[str, str], now: datetime) -> Answer:
        """GET /cgi-bin/token."""
        if wrong := self._wrong_client(query):
            return wrong
        value, seconds = await self.tokens.fresh(now)
        return {"access_token": value, "expires_in": seconds}

    async def stable_token(self, body: bytes, now: datetime) -> Answer:
        """POST /cgi-bin/stable_token."""
        asked = _json(body)
        if asked is None:
            return failure(47001)
        if wrong := self._wrong_client(asked):
            return wrong
        value, seconds = await self.tokens.stable(now, force=asked.get("force_refresh") is True)
        return {"access_token": value, "expires_in": seconds}

    def _wrong_client(self, asked: Mapping[str, Any]) -> Answer | None:
        if asked.get("grant_type") != "client_credential":
            return failure(40002)
        if asked.get("appid") != self._account.app_id:
            return failure(40013)
        return None if asked.get("secret") == self._account.secret else failure(40125)

    async def send(self, body: bytes, now: datetime, rule: Rule | None) -> Answer:
        """POST /cgi-bin/message/template/send, its token already checked."""
        asked = _json(body)
        if asked is None:
            return failure(47001)
        code, detail, message = await self._judge(asked, now)
        if code == 0 and rule is not None and rule.kind in {"refuse", "throttle"}:
            code = int(rule.code or ("45009" if rule.kind == "throttle" else "-1"))
        if code == 0:
            code, msgid = await self._store.write(self._accepting(message))
            return {"errcode": 0, "errmsg": "ok", "msgid": int(msgid)} if code == 0 else failure(code)
        refused = replace(message, outcome="refused", error=str(code), provider_id="")
        await self._store.write(lambda db: keep(db, refused))
        return failure(code, detail)

    async def _judge(self, asked: Mapping[str, Any], now: datetime) -> tuple[int, str, Message]:
        """Return the error code (0: none), what it adds to the message, and the message this would be."""
        openid = str(asked.get("touser", ""))
        template = self._templates.get(str(asked.get("template_id", "")))
        data = asked.get("data")
        message = Message(
            at=now,
            channel="wechat",
            recipient=openid,
            template=str(asked.get("template_id", "")),
            params=json.dumps(data, ensure_ascii=False),
            leave=str(asked.get("url", "")),
            out_id=str(asked.get("client_msg_id", "")),
            provider_id=str(3_000_000_000_000_000 + secrets.randbelow(10**15)),
        )
        if not OPENID.fullmatch(openid):
            return 40003, "", message
        if template is None:
            return 40037, "", message
        if not await self.follows(openid):
            return 43004, "", message
        wrong, values = _values(template, data)
        if wrong:
            return 47003, f" data.{wrong}.value invalid", message
        return 0, "", replace(message, body=template.filled(values))

    def _accepting(self, message: Message) -> Callable[[sqlite3.Connection], tuple[int, str]]:
        since = (message.at - ONCE).timestamp()

        def accept(db: sqlite3.Connection) -> tuple[int, str]:
            """Keep the message unless it is a repetition or the day's quota is used up."""
            if message.out_id:
                row = db.execute(
                    "SELECT provider_id FROM message WHERE channel = 'wechat' AND recipient = ? AND out_id = ?"
                    " AND outcome = 'accepted' AND at > ?",
                    (message.recipient, message.out_id, since),
                ).fetchone()
                if row is not None:
                    return 0, row["provider_id"]
            if self._sent_today(db, message.at) >= self._account.per_day:
                keep(db, replace(message, outcome="refused", error="45009", provider_id=""))
                return 45009, ""
            keep(db, message)
            self._sent += 1
            return 0, message.provider_id

        return accept

    def _sent_today(self, db: sqlite3.Connection, now: datetime) -> int:
        """Return how many messages this calendar day (Asia/Shanghai) saw; counted once, then carried on."""
        day = legal_day(now)
        if day != self._day:
            midnight = datetime.combine(day, time(), LEGAL_ZONE).timestamp()
            (self._sent,) = db.execute(
                "SELECT count(*) FROM message WHERE channel = 'wechat' AND outcome = 'accepted' AND at >= ?",
                (midnight,),
            ).fetchone()
            self._day = day
        return self._sent

    async def follows(self, openid: str) -> bool:
        """Whether this person follows the account: everybody does until they unfollow."""
        row = await self._store.read(
            lambda db: db.execute("SELECT follows FROM follower WHERE openid = ?", (openid,)).fetchone()
        )
        return row is None or bool(row["follows"])

    async def set_follows(self, openid: str, *, follows: bool) -> None:
        """Let a person follow or unfollow."""
        await self._store.write(
            lambda db: db.execute(
                "INSERT OR REPLACE INTO follower (openid, follows) VALUES (?, ?)", (openid, follows)
            )
        )


def peek(body: bytes) -> tuple[str, str]:
    """Return whom a message is for and the sender's id of it, as far as they can be read."""
    asked = _json(body) or {}
    return str(asked.get("touser", "")), str(asked.get("client_msg_id", ""))


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        asked = json.loads(body)
    except ValueError:
        return None
    return cast("dict[str, Any]", asked) if isinstance(asked, dict) else None


def _values(template: Template, data: object) -> tuple[str | None, dict[str, str]]:
    """Return the first keyword that is wrong, or None, and the values."""
    if not isinstance(data, dict):
        return next(iter(template.params)), {}
    values: dict[str, str] = {}
    for name in [*template.params, *data]:
        row = data.get(name)
        value = row.get("value") if isinstance(row, dict) else None
        if (
            name not in template.params
            or not isinstance(value, str)
            or fault_of(template.params[name], value)
        ):
            return name, {}
        values[name] = value
    return None, values
