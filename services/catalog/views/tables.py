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
    Column("former_names", JSONB, comment="[{name, until, short_name}], the oldest first"),
    Column("ended_on", Date, comment="the first day without it; it may lie ahead"),
    Column("successor", Text),
    Column("end_kind", Text, comment="merged, abolished; empty: no end"),
    Column("basis", Text, comment="the document of the last change"),
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
    Column("former_names", JSONB),
    Column("ended_on", Date),
    Column("successor", Text),
    Column("basis", Text),
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

domain = Table(
    "domain",
    metadata,
    Column("code", Text, primary_key=True),
    Column("seq", Integer),
    Column("name", Text),
    Column("lead_units", Text),
    Column("version", Integer),
)

catalogue = Table(
    "catalogue",
    metadata,
    Column("id", Text, primary_key=True),
    Column("division", Text),
    Column("level", Text),
    Column("upper", Text),
    Column("title", Text),
    Column("phase", Text),
    Column("number", Integer, comment="of the newest edition, drafted or published"),
    Column("draft_title", Text),
    Column("upper_edition", Integer, comment="that the draft stands on, or the newest edition did"),
    Column("proposed_by", Text),
    Column("note", Text),
    Column("published", Integer, comment="number of the edition in force; 0: none yet"),
    Column("upper_taken", Integer, comment="that the edition in force stands on"),
    Column("version", Integer),
)

edition = Table(
    "edition",
    metadata,
    Column("catalogue", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("title", Text),
    Column("effective_on", Date),
    Column("upper_number", Integer),
    Column("matters", Integer),
    Column("added", Integer),
    Column("changed", Integer),
    Column("removed", Integer),
    Column("version", Integer),
)

stance = Table(
    "stance",
    metadata,
    Column("catalogue", Text, primary_key=True),
    Column("matter", Text, primary_key=True),
    Column("kind", Text, comment="none, adopted, left_out, own"),
    Column("adapted", JSONB, comment="{cell: {was, now}}"),
    Column("row", JSONB(none_as_null=True), comment="of a matter of its own"),
    Column("reason", Text),
    Column("version", Integer),
)

CELLS = (
    "level1", "level2", "level3", "content_elements", "legal_basis", "time_limit", "subject", "channels", "audience",
    "mode", "levels", "number", "office", "phone", "provenance",
)  # fmt: skip

# A row stands in the editions since_edition <= n < until_edition, or in all since where there is no until: each edition
# is a range of rows, and one that changes ten matters writes ten.
matter_row = Table(
    "matter_row",
    metadata,
    Column("catalogue", Text, primary_key=True),
    Column("matter", Text, primary_key=True),
    Column("since_edition", Integer, primary_key=True),
    Column("until_edition", Integer),
    Column("state", Text, comment="in, left_out"),
    Column("domain", Text),
    Column("place", Integer),
    *(Column(name, Text) for name in CELLS),
    Column("reading", JSONB),
    Column("differs", JSONB, comment="[{field, was, now}] from the catalogue above"),
    Column("added", Boolean, comment="does not stand above"),
    Column("reason", Text),
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
