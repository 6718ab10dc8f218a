"""From requests' own events to what it says on EVT_REQUESTS: that a request exists and how far it is.

No applicant, no content, no text of a reply: the events' open fields are all that is read here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gongkai.contracts import requests as contracts
from gongkai.eventstore.event import StoredEvent
from gongkai.messaging.outgoing import Outgoing
from services.requests.domain.events import (
    ApplicantErased,
    ApplicantRead,
    Decided,
    NoticeSettled,
    NumberTaken,
    ReceiptConfirmed,
    ReceiptCorrected,
    RequestFacts,
    RequestSubmitted,
    SearchRecorded,
)

EVT: Final = "EVT_REQUESTS"

_TOLD: Final[dict[type[RequestFacts], tuple[type[contracts.RequestState], str]]] = {
    RequestSubmitted: (contracts.RequestRegistered, "request.registered"),
    ReceiptConfirmed: (contracts.RequestReceived, "request.received"),
    ReceiptCorrected: (contracts.RequestReceived, "request.received"),
    Decided: (contracts.RequestDecided, "request.decided"),
    ApplicantErased: (contracts.ApplicantErased, "applicant.erased"),
}


def tell_services(stored: StoredEvent) -> Sequence[Outgoing]:
    """Give the messages of EVT_REQUESTS that follow from one event.

    Raises:
        TypeError: an event nobody has said how to tell; the relay stops.
    """
    event = stored.data
    match event:
        case RequestFacts():
            contract, verb = _TOLD[type(event)]
            told = contract(
                request_id=event.request_id,
                number=event.number,
                version=stored.version,
                organ=event.organ,
                division=event.division,
                phase=event.phase,
                outcome=event.outcome,
                clock=tuple(contracts.ClockEntry(what=one.what, on=one.on) for one in event.clock),
            )
            subject = f"evt.requests.{event.division}.{verb}"
            return [Outgoing(subject, told, f"/divisions/{event.division}/requests", stored.stream)]
        case SearchRecorded() | NoticeSettled() | ApplicantRead() | NumberTaken():
            return []
        case _:
            raise TypeError(f"no contract tells {stored.type}")
