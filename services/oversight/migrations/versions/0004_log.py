"""A log of what oversight decides itself: that a duty is due soon, that it is overdue."""

from __future__ import annotations

from alembic import op

from gongkai.eventstore.schema import create_kernel_tables

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the kernel's tables."""
    create_kernel_tables(op)
