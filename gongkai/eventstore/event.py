"""An event as the log holds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gongkai.eventstore.codec import DomainEvent

Clock = Callable[[], datetime]
"""Gives the present instant, aware and in UTC."""
Ids = Callable[[], UUID]
"""Draws a fresh identifier; time-ordered (UUIDv7) in production, so that its index stays compact."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event, decoded and brought up to the shape this release knows."""

    position: int
    """Place in the whole log. Grows; has gaps where a transaction was rolled back."""
    stream: str
    """``<thing>:<id>``, for example ``organ:11410900005958``."""
    version: int
    """Place in the stream: 1, 2, 3 … without gaps."""
    event_id: UUID
    type: str
    """The event's name, for example ``record.published``."""
    data: DomainEvent
    actor: str
    """Who is answerable for it: a person, an organ or a service."""
    command_id: str
    """The command that caused it."""
    recorded_at: datetime
    """When it was appended (UTC). The legal day of an act is a field of ``data``, never this."""
