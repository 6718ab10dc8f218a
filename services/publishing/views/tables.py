"""The view tables as SQLAlchemy Core sees them; ``migrations`` creates them with their indexes."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Identity, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

Identifier: Final = Text(collation="C")

record = Table(
    "record",
    metadata,
    Column("record_id", Identifier, primary_key=True),
    Column("index_number", Identifier, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("organ", Identifier, nullable=False),
    Column("organ_name", Text, nullable=False),
    Column("division", Identifier, nullable=False),
    Column("city", Identifier, nullable=False, comment="the division's first 4 digits"),
    Column("county", Identifier, nullable=False, comment="6 digits"),
    Column("town", Identifier, nullable=False, comment="9 digits"),
    Column("kind", Identifier, nullable=False),
    Column("domain", Identifier, nullable=False, comment="empty: none"),
    Column("published_on", Date, nullable=False),
    Column("state", Text, comment="the public state as JSON; null while withdrawn"),
    Column("withdrawn_on", Date),
    Column("withdrawn_reason", Text),
    Column("entered", BigInteger, Identity(), comment="grows with each first entry: the order within a day"),
    Column("title", Text, comment="of a public record; null while withdrawn"),
    Column("defective", Boolean, nullable=False, comment="public, and has defects"),
    Column("matter", Identifier, comment="of the catalogue; null: none"),
)

draft = Table(
    "draft",
    metadata,
    Column("draft_id", Identifier, primary_key=True),
    Column("organ", Identifier, nullable=False),
    Column("phase", Identifier, nullable=False),
    Column("record_id", Identifier, comment="of the record it revises, or has become"),
    Column("version", Integer, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    comment="Where drafts stand. What is written in them stands in the log alone, sealed.",
)

incoming = Table(
    "incoming",
    metadata,
    Column("number", BigInteger, Identity(), primary_key=True, comment="the order of arrival"),
    Column("organ", Identifier, nullable=False),
    Column("event_id", Identifier, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("kind", Identifier, nullable=False, comment="document, withdrawal; empty where it is not known"),
    Column("outcome", Identifier, nullable=False),
    Column("record_id", Identifier, comment="null for a refusal"),
    Column("reasons", Text, nullable=False, comment="[[code, field], …] as JSON"),
    Column("defects", ARRAY(Text), nullable=False),
)

record_file = Table(
    "record_file",
    metadata,
    Column("record_id", Identifier, primary_key=True),
    Column("digest", Identifier, primary_key=True),
    Column("current", Boolean, nullable=False, comment="false: of an earlier version only"),
)

record_count = Table(
    "record_count",
    metadata,
    Column("division", Identifier, primary_key=True),
    Column("organ", Identifier, primary_key=True),
    Column("kind", Identifier, primary_key=True),
    Column("domain", Identifier, primary_key=True),
    Column("records", Integer, nullable=False, comment="public ones"),
)

record_year = Table(
    "record_year",
    metadata,
    Column("year", Integer, primary_key=True, comment="of published_on"),
    Column("division", Identifier, primary_key=True),
    Column("records", Integer, nullable=False, comment="public ones"),
)

record_matter = Table(
    "record_matter",
    metadata,
    Column("matter", Identifier, primary_key=True),
    Column("division", Identifier, primary_key=True),
    Column("records", Integer, nullable=False, comment="public ones"),
)

known_division = Table(
    "known_division",
    metadata,
    Column("code", Identifier, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("ended_on", Date, comment="the first day without it; it may lie ahead"),
    Column("successor", Identifier, nullable=False),
    Column("former_names", JSONB, nullable=False),
)

known_organ = Table(
    "known_organ",
    metadata,
    Column("code", Identifier, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("division", Identifier, nullable=False),
    Column("uscc", Identifier, nullable=False),
    Column("credential_keys", ARRAY(Text), nullable=False),
    Column("ended_on", Date, comment="the first day without it; it may lie ahead"),
    Column("successor", Identifier, nullable=False),
    Column("former_names", JSONB, nullable=False, comment="[{name, until, short_name}], the oldest first"),
)

known_edition = Table(
    "known_edition",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("domains", ARRAY(Text), nullable=False),
    Column("matter_ids", ARRAY(Text), nullable=False),
    Column(
        "catalogue", Identifier, nullable=False, comment="empty: of the first release, which had one only"
    ),
    Column("number", Integer, nullable=False),
    Column("matters", Integer, nullable=False, comment="how many are in it"),
    Column("complete", Boolean, nullable=False, comment="all its matters are here"),
)

known_matter = Table(
    "known_matter",
    metadata,
    Column("id", Identifier, primary_key=True, comment="<edition>/<matter id>"),
    Column("version", Integer, nullable=False),
    Column("edition", Identifier, nullable=False, comment="since which it stands so"),
    Column("matter", Identifier, nullable=False),
    Column("domain", Identifier, nullable=False),
    Column("catalogue", Identifier, nullable=False),
    Column("number", Integer, nullable=False, comment="of the edition"),
    Column("retired", Boolean, nullable=False),
    Column("reading", JSONB, nullable=False, comment="elements and citations"),
)

registry_revision = Table(
    "registry_revision",
    metadata,
    Column("one", Boolean, primary_key=True),
    Column("revision", Integer, nullable=False, comment="grows with every change of the known_ tables"),
)
