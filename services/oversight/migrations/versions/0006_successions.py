"""Divisions that ended, whose organs are their successor's; former names of organs, which are borne until their day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"

_CODE = sa.Text(collation="C")


def upgrade() -> None:
    """What is known has no end and bears its first name."""
    op.create_table(
        "division",
        sa.Column("code", _CODE, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("ended_on", sa.Date, comment="the first legal day without it"),
        sa.Column("successor", _CODE, nullable=False),
    )
    op.create_index("division_ended", "division", ["code"], postgresql_where=sa.text("ended_on IS NOT NULL"))
    op.add_column("organ", sa.Column("former_names", JSONB, nullable=False, server_default="[]"))
