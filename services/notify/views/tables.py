"""The views, and the queue beside them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, DateTime, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata: Final = MetaData()

subscription = Table(
    "subscription",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer),
    Column("channel", Text),
    Column("state", Text),
    Column("topics", ARRAY(Text)),
    Column("places", ARRAY(Text)),
    Column("address_mark", Text),
    Column("code_mark", Text),
    Column("code_ends_at", DateTime(timezone=True)),
)

message = Table(
    "message",
    metadata,
    Column("key", Text, primary_key=True),
    Column("version", Integer),
    Column("number", BigInteger),
    Column("sender", Text),
    Column("channel", Text),
    Column("template", Text),
    Column("about", Text),
    Column("subscription_id", Text),
    Column("state", Text),
    Column("why", Text),
    Column("provider_id", Text),
    Column("attempts", Integer),
    Column("queued_at", DateTime(timezone=True)),
    Column("settled_at", DateTime(timezone=True)),
    Column("sealed_for", Text),
)

dispatch = Table(
    "dispatch",
    metadata,
    Column("key", Text, primary_key=True),
    Column("number", BigInteger),
    Column("channel", Text),
    Column("state", Text, comment="queued, sending, asking, proof"),
    Column("due_at", DateTime(timezone=True), comment="when to act; for sending, the end of the lease"),
    Column("sent_at", DateTime(timezone=True)),
    Column("attempts", Integer),
    Column("asked", Integer),
    Column("holder", Uuid),
    Column("why", Text),
    Column("epoch", Text),
    Column("urgent", Boolean, comment="before all that is not"),
)

late_record = Table(
    "late_record",
    metadata,
    Column("record_id", Text, primary_key=True),
    Column("facts", JSONB),
)
