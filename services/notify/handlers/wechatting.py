"""The official account: a code confirms a subscription for whoever sent it, 退订 ends all of theirs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gongkai.eventstore.ledger import Entry, fingerprint
from gongkai.refusal import Reason, Refusal
from gongkai.security.throttle import Throttled
from gongkai.serving.errors import InvalidRequest, PermissionRefused
from services.notify.domain import subscriptions, wechat
from services.notify.domain.secrets import CODE_DIGITS
from services.notify.handlers.subscribing import end, load, record_confirmation
from services.notify.limits import TRIES
from services.notify.office import ACTOR, Office
from services.notify.views import reading

ABSENT: Final = Reason("channel.absent", "本平台没有开通微信通知。")
NOT_SIGNED: Final = Reason(
    "wechat.signature", "签名不符或已过期，请核对公众号后台与平台设置的令牌是否一致，以及服务器时间。"
)
UNREADABLE: Final = Reason("wechat.unreadable", "消息体无法读取：只接受明文模式的 XML 消息。", "body")
LEAVE: Final = frozenset({"退订", "取消订阅", "td", "TD"})
_CODE: Final = re.compile(rf"\d{{{CODE_DIGITS}}}")
XML: Final = "application/xml"
TEXT: Final = "text/plain"

HELP: Final = (
    "发送网站给出的 6 位验证码，即可订阅政府信息公开通知；发送“退订”，不再接收通知，平台随即删除您的信息。"
)
BOUND: Final = "订阅成功：有新公开的信息时在这里通知您，每条信息只通知一次。发送“退订”即可不再接收。"
NO_CODE: Final = "没有找到这个验证码：可能已过 30 分钟，或输入有误。请回到网站重新订阅，再发送新的验证码。"
ENDED: Final = "已退订 {count} 项订阅，您的信息已从平台删除。需要时可在网站重新订阅。"
NOTHING: Final = "您没有订阅通知，不需要退订。"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of WeChat's, as the portal passed it on."""

    signature: str
    timestamp: str
    nonce: str
    echo: str
    body: bytes


async def receive(office: Office, token: str, call: Call) -> tuple[bytes, str]:
    """Answer a call of WeChat's.

    Returns:
        The body and its media type.

    Raises:
        PermissionRefused: it is not signed with our token, or is old.
        InvalidRequest: it cannot be read.
        Refusal: there is no official account.
    """
    if "wechat" not in office.channels:
        raise Refusal(ABSENT)
    now = office.clock()
    if not wechat.is_signed(token, call.timestamp, call.nonce, call.signature, now):
        raise PermissionRefused(NOT_SIGNED)
    if not call.body:
        return call.echo.encode(), TEXT
    try:
        heard = wechat.read(call.body)
    except wechat.Unreadable as error:
        raise InvalidRequest(UNREADABLE) from error
    text = await _reply(office, heard)
    # An empty answer tells WeChat that nothing follows; it does not ask again.
    return (wechat.answer(heard, text, now), XML) if text else (b"success", TEXT)


async def _reply(office: Office, heard: wechat.Heard) -> str:
    if heard.kind == "event":
        if heard.event == "unsubscribe":
            await _leave_all(office, heard)
        return HELP if heard.event == "subscribe" else ""
    if heard.text in LEAVE:
        count = await _leave_all(office, heard)
        return ENDED.format(count=count) if count else NOTHING
    if heard.kind != "text" or not _CODE.fullmatch(heard.text):
        return HELP
    try:
        return await _bind(office, heard)
    except (Throttled, Refusal) as refused:
        return refused.reasons[0].message_zh


async def _bind(office: Office, heard: wechat.Heard) -> str:
    """Confirm with a code, for whoever sent it; sent again by WeChat, it is answered the same and counts as nothing."""
    entry = f"wechat:{office.secrets.address_mark('wechat-message', heard.id)[:32]}"
    async with office.engine.connect() as conn:
        if await office.ledger.find(conn, [entry]):
            return BOUND
    await office.throttle.take("wechat-code", heard.openid, TRIES)
    mark = office.secrets.code_mark(heard.text)
    async with office.engine.begin() as conn:
        found = await reading.waiting_for_code(conn, mark, office.clock())
        if len(found) != 1:
            return NO_CODE
        state, version = await load(office, conn, found[0], alone=True)
        events = subscriptions.confirm(state, right=True, at=office.clock(), openid=heard.openid)
        await office.ledger.record(conn, [Entry(entry, ACTOR, fingerprint(entry.encode()), {})])
        await record_confirmation(office, conn, state, version, events, entry)
    office.committed()
    await office.throttle.forget("wechat-code", heard.openid)
    return BOUND


async def _leave_all(office: Office, heard: wechat.Heard) -> int:
    mark = office.secrets.address_mark("wechat", heard.openid)
    async with office.engine.connect() as conn:
        ids = await reading.active_of(conn, "wechat", mark)
    for subscription_id in ids:
        await end(office, subscription_id, "asked", f"wechat-leave:{subscription_id}")
    return len(ids)
