"""The view of who is meant by which words, as SQLAlchemy Core sees it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from services.catalog.views.tables import metadata

subject_assignment: Final = Table(
    "subject_assignment",
    metadata,
    Column("division", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("organs", ARRAY(Text)),
    Column("by_hand", Boolean),
    Column("version", Integer),
)
