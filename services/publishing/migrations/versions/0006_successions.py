"""Divisions and organs that are renamed or end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """What is known has no end and bears its first name."""
    for table in ("known_division", "known_organ"):
        op.add_column(table, sa.Column("ended_on", sa.Date))
        op.add_column(
            table, sa.Column("successor", sa.Text(collation="C"), nullable=False, server_default="")
        )
        op.add_column(table, sa.Column("former_names", JSONB, nullable=False, server_default="[]"))
    ended = sa.text("ended_on IS NOT NULL")
    op.create_index("known_division_ended", "known_division", ["code"], postgresql_where=ended)
