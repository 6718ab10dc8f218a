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
    Column("division", Text),
    Column("kind", Text),
    Column("domain", Text),
    Column("matter", Text),
    Column("facts", JSONB),
)

organ = Table(
    "organ",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", Integer),
    Column("name", Text),
    Column("division", Text),
    Column("ended_on", Date),
    Column("former_names", JSONB),
    Column("successor", Text),
)

division = Table(
    "division",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", Integer),
    Column("ended_on", Date),
    Column("successor", Text),
)

disclosed = Table(
    "disclosed",
    metadata,
    Column("organ", Text, primary_key=True),
    Column("domain", Text, primary_key=True),
    Column("matters", ARRAY(Text)),
    Column("late", ARRAY(Text)),
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

edition = Table(
    "edition",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer),
    Column("catalogue", Text),
    Column("number", Integer),
    Column("title", Text),
    Column("effective_on", Date),
    Column("domains", JSONB),
)

matter = Table(
    "matter",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer),
    Column("catalogue", Text),
    Column("matter", Text),
    Column("edition", Text),
    Column("counted", Boolean),
    Column("domain", Text),
    Column("place", Integer),
    Column("title", Text),
    Column("subject", Text),
    Column("time_limit", Text),
    Column("limits", JSONB),
    Column("levels", ARRAY(Text)),
)

subject_meant = Table(
    "subject_meant",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer),
    Column("division", Text),
    Column("subject", Text),
    Column("organs", ARRAY(Text)),
)

freshness = Table(
    "freshness",
    metadata,
    Column("service", Text, primary_key=True),
    Column("seen_until", DateTime(timezone=True)),
)
