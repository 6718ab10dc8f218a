"""The messaging tables of a service's database."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from gongkai.eventstore.schema import Operations

metadata: Final = MetaData()

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("consumer", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("data", LargeBinary, comment="null once discarded"),
    Column("fingerprint", LargeBinary, nullable=False, comment="SHA-256 of subject, headers and data"),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_failed_at", DateTime(timezone=True), nullable=False),
    Column("last_failed_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False, server_default="waiting", comment="waiting, retried, discarded"),
    Column("settled_at", DateTime(timezone=True)),
    Column("settled_by", Text),
    Column("settled_reason", Text),
    UniqueConstraint("consumer", "fingerprint", name="dead_letter_once"),
)
Index("dead_letter_waiting", dead_letter.c.number, postgresql_where=dead_letter.c.state == text("'waiting'"))

consumer_place = Table(
    "consumer_place",
    metadata,
    Column("consumer", Text(collation="C"), nullable=False),
    Column("stream", Text(collation="C"), nullable=False),
    Column("epoch", Text(collation="C"), nullable=False),
    Column("position", BigInteger, nullable=False, comment="the furthest event applied"),
    PrimaryKeyConstraint("consumer", "stream"),
)

relay_control = Table(
    "relay_control",
    metadata,
    Column(
        "stream", Text(collation="C"), primary_key=True, comment="to be filled again from the first event"
    ),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("requested_by", Text, nullable=False),
)

reactor_ledger = Table(
    "reactor_ledger",
    metadata,
    Column("reactor", Text(collation="C"), nullable=False),
    Column("thing", Text(collation="C"), nullable=False),
    Column("version", Integer, nullable=False, comment="the last one acted upon or put in doubt; for ever"),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("reactor", "thing"),
)

doubt = Table(
    "doubt",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("reactor", Text(collation="C"), nullable=False),
    Column("thing", Text(collation="C"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("listed_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Column("settled_by", Text),
    Column("decision", Text, comment="act or skip"),
    UniqueConstraint("reactor", "thing", "version", name="doubt_once"),
)


def create_messaging_tables(op: Operations) -> None:
    """For a service's first migration, after ``create_kernel_tables(op)``."""
    metadata.create_all(op.get_bind(), checkfirst=False)
