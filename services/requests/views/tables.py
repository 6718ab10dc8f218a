"""The tables as SQLAlchemy Core sees them; ``migrations`` creates them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

request = Table(
    "request",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("version", Integer),
    Column("number", Text),
    Column("organ", Text),
    Column("division", Text),
    Column("applicant_kind", Text),
    Column("phase", Text),
    Column("outcome", Text),
    Column("delivery", Text),
    Column("clock", JSONB),
    Column("erased", Boolean),
)

reply_file = Table(
    "reply_file",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("request_id", Text),
    Column("size", BigInteger),
    Column("media_type", Text),
)

notice = Table(
    "notice",
    metadata,
    Column("key", Text, primary_key=True),
    Column("request_id", Text),
    Column("occurred_at", DateTime(timezone=True)),
    Column("asked_at", DateTime(timezone=True)),
    Column("settled_version", Integer),
)

organ = Table(
    "organ",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", Integer),
    Column("name", Text),
    Column("division", Text),
    Column("ended_on", Date),
    Column("successor", Text),
    Column("former_names", JSONB),
)

calendar_year = Table(
    "calendar_year",
    metadata,
    Column("year", Integer, primary_key=True),
    Column("version", Integer),
    Column("complete", Boolean),
    Column("days", JSONB),
)

rule = Table(
    "rule",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer),
    Column("code", Text),
    Column("value", Integer),
    Column("unit", Text),
    Column("effective_from", Date),
    Column("effective_to", Date),
    Column("citation", Text),
)
