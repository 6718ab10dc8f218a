"""From domain events to batches of messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from gongkai.contracts.contract import Contract
from gongkai.eventstore.event import StoredEvent
from gongkai.messaging.batch import MAX_MESSAGES, Message
from gongkai.messaging.envelope import Envelope, event_id, headers_of

_WANTED: Final = 250
"""Messages at which a batch is full."""
_WANTED_BYTES: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One contract on its way to one stream."""

    subject: str
    """The NATS subject, such as ``evt.publishing.<division>.record.published``."""
    contract: Contract
    source: str
    """``/divisions/<code>/<service>``."""
    stream_id: str
    """The thing the contract is about (``ce-subject``)."""


Project = Callable[[StoredEvent], Sequence[Outgoing]]
"""What one domain event says to the others; empty if nothing. Pure: a refill calls it again."""


@dataclass(slots=True)
class Batch:
    """Messages that enter a stream together; never a part of what one event says."""

    messages: list[Message] = field(default_factory=list)
    position: int = 0
    size: int = 0


def messages_of(event: StoredEvent, epoch: str, project: Project) -> list[Message]:
    """The messages one event gives, each with an id that is the same at every refill."""
    return [_message(event, epoch, part, outgoing) for part, outgoing in enumerate(project(event))]


def envelope_of(event: StoredEvent, epoch: str, part: int, outgoing: Outgoing) -> Envelope:
    """The envelope of the ``part``-th contract of an event."""
    contract = outgoing.contract
    return Envelope(
        id=event_id(event.event_id, part),
        type=contract.TYPE,
        source=outgoing.source,
        subject=outgoing.stream_id,
        data=contract.model_dump_json().encode(),
        time=event.recorded_at,
        version=int(getattr(contract, "version", 0)),
        epoch=epoch,
        position=event.position,
    )


def batches(events: Sequence[StoredEvent], epoch: str, project: Project) -> Iterator[Batch]:
    """Batches of what ``events`` say, in order.

    All messages of one position are in one batch: the position in the stream's last message is then a place after
    which nothing is missing.

    Raises:
        ValueError: one event gives more messages than a batch can hold.
    """
    batch = Batch()
    for event in events:
        messages = messages_of(event, epoch, project)
        if len(messages) > MAX_MESSAGES:
            raise ValueError(
                f"event {event.event_id} gives {len(messages)} messages, a batch holds {MAX_MESSAGES}"
            )
        full = batch.size >= _WANTED_BYTES or len(batch.messages) + len(messages) > MAX_MESSAGES
        if batch.messages and (full or len(batch.messages) >= _WANTED):
            yield batch
            batch = Batch()
        if messages:
            batch.messages += messages
            batch.size += sum(len(message.data) for message in messages)
            batch.position = event.position
    if batch.messages:
        yield batch


def _message(event: StoredEvent, epoch: str, part: int, outgoing: Outgoing) -> Message:
    envelope = envelope_of(event, epoch, part, outgoing)
    return Message(outgoing.subject, headers_of(envelope), envelope.data)
