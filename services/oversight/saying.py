"""From oversight's own events to what it says on EVT_OVERSIGHT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gongkai.contracts import oversight as contracts
from gongkai.eventstore.event import StoredEvent
from gongkai.messaging.outgoing import Outgoing
from services.oversight.domain.telling import DutyDueSoon, DutyOverdue

EVT: Final = "EVT_OVERSIGHT"


def tell_services(stored: StoredEvent) -> Sequence[Outgoing]:
    """Give the message of EVT_OVERSIGHT that follows from an event.

    Raises:
        TypeError: an event nobody has said how to tell; the relay stops.
    """
    contract: contracts.DutyState
    match stored.data:
        case DutyDueSoon() as event:
            contract = contracts.DutyDueSoon(version=stored.version, **event.model_dump())
            verb = "duty.due_soon"
        case DutyOverdue() as event:
            contract = contracts.DutyOverdue(version=stored.version, **event.model_dump())
            verb = "duty.overdue"
        case _:
            raise TypeError(f"no contract tells {stored.type}")
    source = f"/divisions/{contract.division}/oversight"
    return [Outgoing(f"evt.oversight.{contract.division}.{verb}", contract, source, stored.stream)]
