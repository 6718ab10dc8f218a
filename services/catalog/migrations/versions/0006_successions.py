"""Divisions and organs that are renamed, merged or abolished."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """What is registered bears its first name and has no end."""
    for table, texts in (("division", ("successor", "end_kind", "basis")), ("organ", ("successor", "basis"))):
        op.add_column(table, sa.Column("former_names", JSONB, nullable=False, server_default="[]"))
        op.add_column(table, sa.Column("ended_on", sa.Date))
        for name in texts:
            op.add_column(table, sa.Column(name, sa.Text, nullable=False, server_default=""))
        ended = sa.text("ended_on IS NOT NULL")
        op.create_index(f"{table}_ended", table, ["code"], postgresql_where=ended)
