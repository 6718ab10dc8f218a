"""Divisions that end: a subscription to one is for its successor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_CODE = sa.Text(collation="C")


def upgrade() -> None:
    """Add the copy; catalog's stream fills it from its first event."""
    op.create_table(
        "division_end",
        sa.Column("code", _CODE, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("successor", _CODE, nullable=False),
        sa.Column("ended_on", sa.Date, nullable=False),
    )
