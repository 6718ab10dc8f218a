"""The view tables of bases and citations as SQLAlchemy Core sees them; migration 0004 creates them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ARRAY, Column, Date, Integer, Table, Text

from services.catalog.views.tables import metadata

basis = Table(
    "basis",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text),
    Column("number", Text),
    Column("kind", Text),
    Column("region", Text),
    Column("aliases", ARRAY(Text)),
    Column("state", Text),
    Column("since", Date),
    Column("replaced_by", Text, comment="id; empty for none"),
    Column("source", Text),
    Column("checked_on", Date),
    Column("mark", Text),
    Column("version", Integer),
)

basis_name = Table(
    "basis_name",
    metadata,
    Column("key", Text, primary_key=True, comment="as domain/resolving.py makes it"),
    Column("basis", Text, primary_key=True),
)

citation = Table(
    "citation",
    metadata,
    Column("id", Text, primary_key=True, comment="digest of title and number"),
    Column("title", Text),
    Column("number", Text),
    Column("names", ARRAY(Text), comment="keys it is looked up by"),
    Column("basis", Text, comment="empty: unresolved"),
    Column("candidates", ARRAY(Text)),
)

matter_citation = Table(
    "matter_citation",
    metadata,
    Column("catalogue", Text, primary_key=True),
    Column("matter", Text, primary_key=True),
    Column("citation", Text, primary_key=True),
)

BASIS_TABLES: Final = (basis, basis_name, citation, matter_citation)
