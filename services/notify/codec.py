"""The events of notify's log, by their names."""

from __future__ import annotations

from typing import Final

from gongkai.eventstore.codec import Codec
from services.notify.domain.messages import DoubtResolved, MessageForgotten, MessageQueued, MessageSettled
from services.notify.domain.subscriptions import SubscriptionConfirmed, SubscriptionLeft, SubscriptionOpened

CODEC: Final = Codec(
    SubscriptionOpened,
    SubscriptionConfirmed,
    SubscriptionLeft,
    MessageQueued,
    MessageSettled,
    DoubtResolved,
    MessageForgotten,
)
