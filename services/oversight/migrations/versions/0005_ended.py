"""Organs that have ended: they have no duties any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the first legal day without the organ."""
    op.add_column("organ", sa.Column("ended_on", sa.Date))
