"""The view tables as SQLAlchemy Core sees them; ``migrations`` creates them."""

from __future__ import annotations

from sqlalchemy import ARRAY, Boolean, Column, Date, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

division = Table(
    "division",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text),
    Column("level", Text),
    Column("parent", Text),
    Column("version", Integer),
)

organ = Table(
    "organ",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text),
    Column("short_name", Text),
    Column("division", Text),
    Column("uscc", Text),
    Column("credential_keys", ARRAY(Text)),
    Column("version", Integer),
)

calendar_year = Table(
    "calendar_year",
    metadata,
    Column("year", Integer, primary_key=True),
    Column("source", Text),
    Column("complete", Boolean),
    Column("version", Integer),
)

calendar_day = Table(
    "calendar_day",
    metadata,
    Column("year", Integer, primary_key=True, comment="of the notice, not of the day"),
    Column("day", Date, primary_key=True),
    Column("working", Boolean),
    Column("name", Text),
)

rule = Table(
    "rule",
    metadata,
    Column("code", Text, primary_key=True),
    Column("effective_from", Date, primary_key=True),
    Column("effective_to", Date),
    Column("name", Text),
    Column("value", Integer),
    Column("unit", Text),
    Column("citation", Text),
    Column("mark", Text),
    Column("version", Integer),
)

edition = Table(
    "edition",
    metadata,
    Column("id", Text, primary_key=True),
    Column("division", Text),
    Column("title", Text),
    Column("effective_on", Date),
    Column("version", Integer),
)

domain = Table(
    "domain",
    metadata,
    Column("edition", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("seq", Integer),
    Column("name", Text),
    Column("lead_units", Text),
)

matter = Table(
    "matter",
    metadata,
    Column("id", Text, primary_key=True),
    Column("edition", Text),
    Column("domain", Text),
    Column("level1", Text),
    Column("level2", Text),
    Column("content_elements", Text),
    Column("legal_basis", Text),
    Column("time_limit", Text),
    Column("subject", Text),
    Column("channels", Text),
    Column("audience", Text),
    Column("mode", Text),
    Column("levels", Text),
    Column("provenance", Text),
    Column("version", Integer),
)

unit = Table(
    "unit",
    metadata,
    Column("organ", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("name", Text),
    Column("version", Integer),
)

# No name and no post: they are sealed in the log and read from there (views/people.py), so that destroying a person's
# key is enough, no copy can be forgotten, and a rebuild of the views needs no key.
staff = Table(
    "staff",
    metadata,
    Column("id", Text, primary_key=True),
    Column("login", Text),
    Column("organ", Text),
    Column("unit", Text),
    Column("grants", JSONB, comment="[{role, organ, division}]"),
    Column("disabled", Boolean),
    Column("version", Integer),
)
