"""Divisions whose end was taken back: what is known of them is that they have none."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Let a division have no end."""
    op.alter_column("division_end", "ended_on", nullable=True)
