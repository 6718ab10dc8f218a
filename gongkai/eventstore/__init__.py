"""The event store: append, read, tail, upcast, project, erase. One store a service database, on PostgreSQL.

Start reading at ``store.py``; the append lock explained there is the reason this package exists.
"""

from __future__ import annotations

from gongkai.eventstore.codec import Codec, DomainEvent
from gongkai.eventstore.decider import Decider, Folded
from gongkai.eventstore.errors import (
    AppendBusy,
    CommandRaced,
    DuplicateEvent,
    SubjectErased,
    UnknownEventType,
    VersionConflict,
)
from gongkai.eventstore.event import Clock, Ids, StoredEvent
from gongkai.eventstore.ledger import CommandLedger, Entry
from gongkai.eventstore.personal import ERASED, Erased, Personal
from gongkai.eventstore.store import Append, EventStore, StreamWrite
from gongkai.eventstore.vault import Vault

__all__ = [
    "ERASED",
    "Append",
    "AppendBusy",
    "Clock",
    "Codec",
    "CommandLedger",
    "CommandRaced",
    "Decider",
    "DomainEvent",
    "DuplicateEvent",
    "Entry",
    "Erased",
    "EventStore",
    "Folded",
    "Ids",
    "Personal",
    "StoredEvent",
    "StreamWrite",
    "SubjectErased",
    "UnknownEventType",
    "Vault",
    "VersionConflict",
]
