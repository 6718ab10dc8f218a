"""The view tables as SQLAlchemy Core sees them; ``migrations`` creates them."""

from __future__ import annotations

from sqlalchemy import ARRAY, Boolean, Column, Date, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

record = Table(
    "record",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer),
    Column("index_number", Text),
    Column("organ", Text),
    Column("title", Text),
    Column("formed_on", Date),
    Column("published_on", Date),
    Column("defects", ARRAY(Text)),
    Column("withdrawn", Boolean),
    Column("lag", Integer),
    Column("late", Boolean),
    Column("provisional", Boolean),
)

organ = Table(
    "organ",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", Integer),
    Column("name", Text),
    Column("division", Text),
)

calendar_year = Table(
    "calendar_year",
    metadata,
    Column("year", Integer, primary_key=True),
    Column("version", Integer),
    Column("complete", Boolean),
    Column("days", JSONB),
)

request = Table(
    "request",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer),
    Column("number", Text),
    Column("organ", Text),
    Column("clock", JSONB),
    Column("received_on", Date),
    Column("decided_on", Date),
    Column("due_on", Date),
    Column("provisional", Boolean),
    Column("days_over", Integer),
)

rule = Table(
    "rule_row",
    metadata,
    Column("id", Text, primary_key=True),
    Column("code", Text),
    Column("effective_from", Date),
    Column("version", Integer),
    Column("effective_to", Date),
    Column("value", Integer),
    Column("unit", Text),
    Column("citation", Text),
)

freshness = Table(
    "freshness",
    metadata,
    Column("service", Text, primary_key=True),
    Column("seen_until", DateTime(timezone=True)),
)
