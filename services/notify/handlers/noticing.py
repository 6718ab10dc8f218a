"""``Send``: the notice a service asks for, once for ever under its key; and forgetting its address later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy.exc import IntegrityError

from gongkai.eventstore.errors import VersionConflict
from gongkai.eventstore.store import Append, StreamWrite
from gongkai.refusal import Reason, Refusal
from services.notify.adapters.port import KEY_LIMIT
from services.notify.domain.addresses import CHANNELS, normal_address
from services.notify.domain.messages import MessageForgotten, MessageQueued
from services.notify.domain.texts import Templates
from services.notify.office import ACTOR, Office
from services.notify.telling import queue_row
from services.notify.views import queue, reading

KEEP: Final = timedelta(days=30)
"""How long the address of a notice is kept after it was settled."""
_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Notice:
    """What a service wants somebody to be told."""

    key: str
    sender: str
    channel: str
    address: str
    template: str
    params: Mapping[str, str]
    subject: str


async def send(office: Office, notice: Notice, templates: Templates) -> str:
    """Queue a notice, or say how far the one of this key is.

    Returns:
        The message's state.

    Raises:
        Refusal: with every reason.
    """
    known = await _state_of(office, notice.key)
    if known is not None:
        return known
    address = normal_address(notice.channel, notice.address)
    reasons = _reasons(office, notice, address, templates)
    if reasons:
        raise Refusal(*reasons)
    try:
        await _queue(office, notice, address or "")
    except (VersionConflict, IntegrityError):  # asked twice at the same moment
        raced = await _state_of(office, notice.key)
        if raced is None:
            raise
        return raced
    office.committed()
    return "queued"


async def forget_settled(office: Office) -> int:
    """Destroy the keys of addresses whose notices were settled long ago; how many there were."""
    now = office.clock()
    async with office.engine.begin() as conn:
        rows = await reading.to_forget(conn, now - KEEP, limit=_PAGE)
        appends = []
        for row in rows:
            await office.forget(conn, row.sealed_for, "notice settled 30 days ago")
            write = StreamWrite(f"message:{row.key}", row.version, [MessageForgotten(key=row.key, at=now)])
            appends.append(Append([write], ACTOR, f"forget:{row.key}"))
        if appends:
            await office.record(conn, appends)
    return len(rows)


async def _state_of(office: Office, key: str) -> str | None:
    async with office.engine.connect() as conn:
        row = await reading.show_message(conn, key)
    return None if row is None else str(row.state)


async def _queue(office: Office, notice: Notice, address: str) -> None:
    async with office.engine.begin() as conn:
        [number] = await queue.draw_numbers(conn, 1)
        queued = MessageQueued(
            key=notice.key,
            number=number,
            sender=notice.sender,
            channel=notice.channel,
            template=notice.template,
            about=notice.params.get("number", ""),
            subscription_id=None,
            at=office.clock(),
            sealed_for=f"{notice.subject or 'notice'}/{notice.key}",
            address=address,
            params=dict(notice.params),
        )
        await queue.put(conn, [queue_row(queued)])
        write = StreamWrite(f"message:{notice.key}", 0, [queued])
        await office.record(conn, [Append([write], f"service:{notice.sender}", notice.key)])


def _reasons(office: Office, notice: Notice, address: str | None, templates: Templates) -> list[Reason]:
    reasons = []
    if (
        not notice.key
        or len(notice.key) > KEY_LIMIT
        or not notice.key.isascii()
        or not notice.key.isprintable()
        or " " in notice.key
    ):
        text = f"通知编号应为 1 至 {KEY_LIMIT} 个可打印的英文字符，不含空格。"
        reasons.append(Reason("key.malformed", text, "key"))
    if notice.channel not in office.channels:
        named = CHANNELS.get(notice.channel, notice.channel)
        reasons.append(
            Reason("channel.absent", f"本平台没有开通{named}通知，请改用其他方式告知。", "channel")
        )
    elif address is None:
        reasons.append(
            Reason("address.malformed", "收件地址的写法不对，通知没有发出，请核对后另行告知。", "address")
        )
    if notice.channel not in templates.get(notice.template, {}):
        text = f"没有“{notice.template[:40]}”在该渠道的模板，请在 templates.yaml 中补上。"
        reasons.append(Reason("template.unknown", text, "template"))
    return reasons
