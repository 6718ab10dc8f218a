"""What notify says to the others: what became of a notice that a service asked for. Of subscriptions, nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from gongkai.contracts import notify as contracts
from gongkai.eventstore.event import StoredEvent
from gongkai.messaging.outgoing import Outgoing
from services.notify.domain.messages import DoubtResolved, MessageSettled

EVT: Final = "EVT_NOTIFY"
CITY: Final = "341300000000"
"""The division messages are told under: the city whose platform this is."""
_SOURCE: Final = f"/divisions/{CITY}/notify"


def tell_services(stored: StoredEvent) -> Sequence[Outgoing]:
    """Give the messages of EVT_NOTIFY that follow from one event."""
    match stored.data:
        case MessageSettled() as event if event.sender:
            return [_outgoing(stored, event, event.state)]
        case DoubtResolved(decision="was_sent") as event if event.sender:
            return [_outgoing(stored, event, "sent")]
        case DoubtResolved(decision="drop") as event if event.sender:
            return [_outgoing(stored, event, "dropped")]
        case _:
            return []


def _outgoing(
    stored: StoredEvent,
    event: MessageSettled | DoubtResolved,
    state: Literal["sent", "failed", "doubt", "dropped"],
) -> Outgoing:
    contract = contracts.MessageSettled.model_validate(
        {
            "key": event.key,
            "version": stored.version,
            "sender": event.sender,
            "channel": event.channel,
            "state": state,
            "at": event.at,
        }
    )
    return Outgoing(f"evt.notify.{CITY}.message.settled", contract, _SOURCE, stored.stream)
