"""From a message of INGEST to what is decided on, and from a verdict to the message on REPLY."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import unquote
from uuid import UUID, uuid5

from nats.aio.msg import Msg

from gongkai.contracts.ingest import ReplyAccepted
from gongkai.messaging.batch import Message
from gongkai.messaging.envelope import Envelope, headers_of
from services.publishing.domain.deciding import Answered
from services.publishing.domain.incoming import Incoming

_REPLIES: Final = UUID("0d8f5f52-3c9e-5b0e-8a39-5a3f3c9f9b11")


def incoming_of(message: Msg) -> Incoming:
    """The departmental event in a message; whatever is missing or unreadable in its envelope is empty."""
    headers = {str(name): str(value) for name, value in (message.headers or {}).items()}
    return incoming_event(message.subject, headers, message.data, message.metadata.num_delivered or 1)


def incoming_event(subject: str, headers: Mapping[str, str], data: bytes, deliveries: int) -> Incoming:
    """The same from the parts of a message, as a dead letter keeps them."""
    _, organ, token = subject.split(".", 2)
    return Incoming(
        organ=organ,
        token=token,
        event_id=_readable(headers.get("ce-id", "")),
        type=headers.get("ce-type", ""),
        sent_at=_moment(headers.get("ce-time", "")),
        data=data,
        deliveries=deliveries,
        headers=headers,
    )


def _readable(text: str) -> str:
    """The percent-decoded attribute, if it can be stored and answered to."""
    try:
        plain = unquote(text, errors="strict") if "%" in text else text
        plain.encode()
    except UnicodeError:
        return ""
    return "" if "\x00" in plain else plain.strip()


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def reply_message(incoming: Incoming, answered: Answered, *, division: str, at: datetime) -> Message:
    """The answer as it goes out; given twice, it has the same id."""
    reply = answered.reply
    verb = "accepted" if isinstance(reply, ReplyAccepted) else "rejected"
    told = f"{incoming.command_id}\n{answered.fingerprint.hex()}"
    envelope = Envelope(
        id=str(uuid5(_REPLIES, told)),
        type=reply.TYPE,
        source=f"/divisions/{division or '000000000000'}/publishing",
        subject=reply.event_id,
        time=at,
        data=reply.model_dump_json().encode(),
    )
    return Message(f"reply.{incoming.organ}.{verb}", headers_of(envelope), envelope.data)
