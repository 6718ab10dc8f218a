"""Organs that end: no longer asked, from a day on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """What is known has no end."""
    op.add_column("organ", sa.Column("ended_on", sa.Date, comment="the first legal day without it"))
    op.add_column("organ", sa.Column("successor", sa.Text(collation="C"), nullable=False, server_default=""))
