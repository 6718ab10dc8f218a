"""Codes and notices pass the queue of news; and what is due is found by one index, however long the queue is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Mark what is urgent and order the queue by it."""
    op.add_column("dispatch", sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.false()))
    op.drop_index("dispatch_due", "dispatch")
    op.create_index("dispatch_due", "dispatch", ["channel", sa.text("urgent DESC"), "due_at", "number"])
