"""Tables that are no views: they cannot be made from the log, and a rebuild of the views leaves them alone."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, LargeBinary, MetaData, Table, Text

metadata = MetaData()

credential = Table(
    "credential",
    metadata,
    Column("staff_id", Text, primary_key=True),
    Column("hash", Text),
    Column("must_change", Boolean),
    Column("changed_at", DateTime(timezone=True)),
)

session = Table(
    "session",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("staff_id", Text),
    Column("opened_at", DateTime(timezone=True)),
    Column("idle_until", DateTime(timezone=True)),
    Column("ends_at", DateTime(timezone=True)),
)
