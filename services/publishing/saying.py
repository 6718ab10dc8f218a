"""From publishing's own events to what it says: contracts for the services (EVT) and for the province (FEED).

Both carry the same public facts. A confirmer is in neither, nor is the department's own id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from gongkai.contracts import publishing as contracts
from gongkai.contracts.contract import Contract
from gongkai.eventstore.event import StoredEvent
from gongkai.messaging.outgoing import Outgoing
from services.publishing.domain.draft_events import DraftEvent
from services.publishing.domain.events import (
    ContentDestroyed,
    NumberTaken,
    RecordEntered,
    RecordRevised,
    RecordWithdrawn,
)
from services.publishing.domain.header import Header

EVT: Final = "EVT_PUBLISHING"
FEED: Final = "FEED_PUBLISHING"

_State = TypeVar("_State", bound=contracts.RecordState)


def tell_services(stored: StoredEvent) -> Sequence[Outgoing]:
    """Give the messages of EVT_PUBLISHING that follow from one event."""
    told = _tell(stored)
    if told is None:
        return []
    contract, division, _kind, verb = told
    thing = "content" if isinstance(contract, contracts.ContentDestroyed) else "record"
    return [_outgoing(f"evt.publishing.{division}.{thing}.{verb}", contract, division, stored)]


def tell_public(stored: StoredEvent) -> Sequence[Outgoing]:
    """Give the messages of FEED_PUBLISHING that follow from one event."""
    told = _tell(stored)
    if told is None:
        return []
    contract, division, kind, verb = told
    return [_outgoing(f"feed.{division}.{kind}.{verb}", contract, division, stored)]


def url_of(digest: str) -> str:
    """Where the portal serves a body or attachment, below its address."""
    return f"/files/{digest}"


def record_state(
    record_id: str, index_number: str, version: int, header: Header, into: type[_State] | None = None
) -> contracts.RecordState:
    """The public state of one version of a record, as the contract of ``into`` or as bare state."""
    # Built without checking again: every value was checked when the draft was made or the event decoded.
    fields = {name: getattr(header, name) for name in Header.model_fields if name != "files"}
    files = tuple(
        contracts.PublicFile.model_construct(
            role=file.role,
            name=file.name,
            digest=file.digest,
            size=file.size,
            media_type=file.media_type,
            url=url_of(file.digest),
        )
        for file in header.files
    )
    state_type: type[contracts.RecordState] = into or contracts.RecordState
    return state_type.model_construct(
        record_id=record_id, index_number=index_number, version=version, files=files, **fields
    )


def _tell(stored: StoredEvent) -> tuple[Contract, str, str, str] | None:
    """Contract, division, kind and verb of an event; None for what is nobody else's business.

    Raises:
        TypeError: an event nobody has said how to tell; the relay stops.
    """
    event = stored.data
    match event:
        case RecordEntered(header=header):
            into = contracts.RecordRevised if isinstance(event, RecordRevised) else contracts.RecordPublished
            state = record_state(event.record_id, event.index_number, stored.version, header, into)
            verb = "revised" if isinstance(event, RecordRevised) else "published"
            return state, header.division, header.kind, verb
        case RecordWithdrawn():
            fields = event.model_dump(exclude={"sent_at"})
            withdrawn = contracts.RecordWithdrawn(version=stored.version, **fields)
            return withdrawn, event.division, event.kind, "withdrawn"
        case ContentDestroyed():
            fields = event.model_dump(exclude={"division"})
            destroyed = contracts.ContentDestroyed(version=stored.version, **fields)
            return destroyed, event.division, "content", "destroyed"
        case NumberTaken() | DraftEvent():  # nobody hears of a draft
            return None
        case _:
            raise TypeError(f"no contract tells {stored.type}")


def _outgoing(subject: str, contract: Contract, division: str, stored: StoredEvent) -> Outgoing:
    source = f"/divisions/{division}/publishing"
    return Outgoing(subject=subject, contract=contract, source=source, stream_id=stored.stream)
