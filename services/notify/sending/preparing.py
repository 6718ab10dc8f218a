"""From queued messages to what a channel is given, or why it is given nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.store import EventStore
from services.notify.adapters.port import Outbound
from services.notify.domain import subscriptions
from services.notify.domain.messages import CODE, RECORD, MessageQueued, Outcome
from services.notify.domain.secrets import Secrets
from services.notify.domain.subscriptions import Subscription
from services.notify.domain.texts import Templates, fill, leave_url, record_url
from services.notify.sending.outcomes import Pace

LEFT: Final = Outcome("dropped", why="订阅人已经退订，不再发送")
CONFIRMED: Final = Outcome("dropped", why="订阅已经确认，不再需要验证码")
ENDED: Final = Outcome("dropped", why="验证码已过期，不再发送")
FORGOTTEN: Final = Outcome("dropped", why="收件地址已按规定销毁，不再发送")
OLD: Final = Outcome("failed", why="连续三天未能发出，已失去时效，不再发送；请检查该渠道的设置和服务商状态")
NO_TEMPLATE: Final = Outcome("failed", why="没有这种消息在该渠道的模板，请在 templates.yaml 中补上后重新发送")


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes messages: texts, links, addresses."""

    store: EventStore
    secrets: Secrets
    templates: Templates
    site: str
    """The public address of the site, without a slash at its end."""
    pace: Pace

    async def write(
        self, conn: AsyncConnection, rows: Sequence[Row[Any]], now: datetime
    ) -> list[tuple[Row[Any], Outbound | Outcome]]:
        """Each row with its message, or with what becomes of it instead."""
        streams = {f"message:{row.key}" for row in rows}
        streams |= {f"subscription:{row.subscription_id}" for row in rows if row.subscription_id}
        histories = await self.store.load_many(conn, streams)
        return [(row, self._one(row, histories, now)) for row in rows]

    def _one(
        self, row: Row[Any], histories: Mapping[str, Sequence[StoredEvent]], now: datetime
    ) -> Outbound | Outcome:
        queued = histories[f"message:{row.key}"][0].data
        assert isinstance(queued, MessageQueued)
        subscription = _subscription(histories, queued.subscription_id)
        hindered = self._hindrance(queued, subscription, now) if row.state == "queued" else None
        if hindered is not None:
            return hindered
        address = subscription.address if queued.subscription_id and subscription else queued.address
        template = self.templates.get(queued.template, {}).get(queued.channel)
        if not isinstance(address, str):
            return FORGOTTEN
        if template is None:
            return NO_TEMPLATE
        leave = self._leave(queued, subscription)
        try:
            filled = fill(template, self._facts(queued, subscription, leave))
        except KeyError:
            return NO_TEMPLATE
        return Outbound(
            key=queued.key,
            address=address,
            template=filled.provider,
            params=filled.params,
            subject=filled.subject,
            text=filled.text,
            leave_url=(filled.link if queued.channel == "wechat" else leave) or None,
        )

    def _hindrance(
        self, queued: MessageQueued, subscription: Subscription | None, now: datetime
    ) -> Outcome | None:
        if queued.subscription_id is not None:
            if subscription is None or subscription.state == "left":
                return LEFT
            if queued.template == CODE:
                if subscription.state == "active":
                    return CONFIRMED
                if now > subscription.code_ends_at:
                    return ENDED
        return OLD if now - queued.at > timedelta(seconds=self.pace.give_up) else None

    def _leave(self, queued: MessageQueued, subscription: Subscription | None) -> str:
        if subscription is None or queued.template != RECORD:
            return ""
        return leave_url(self.site, self.secrets.leave_token(subscription.id))

    def _facts(self, queued: MessageQueued, subscription: Subscription | None, leave: str) -> dict[str, str]:
        facts = {"site": self.site, "leave_url": leave} | queued.facts
        if isinstance(queued.params, dict):
            facts |= queued.params
        if "index_number" in facts:
            facts["record_url"] = record_url(self.site, facts["index_number"])
        if subscription is not None and queued.template == CODE:
            facts["code"] = self.secrets.code(subscription.id, subscription.draw)
        return facts


def _subscription(
    histories: Mapping[str, Sequence[StoredEvent]], subscription_id: str | None
) -> Subscription | None:
    if subscription_id is None:
        return None
    return subscriptions.fold([stored.data for stored in histories[f"subscription:{subscription_id}"]])
