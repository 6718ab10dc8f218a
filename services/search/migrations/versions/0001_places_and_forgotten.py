"""Places in the streams, dead letters, and the list of contents that must be gone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gongkai.messaging.schema import create_messaging_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything search needs in an empty database."""
    create_messaging_tables(op)
    op.create_table(
        "forgotten",
        sa.Column("digest", sa.Text(collation="C"), primary_key=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("expunged_at", sa.DateTime(timezone=True)),
        comment="Digests of destroyed contents. expunged_at: when no index file held a byte of them any more.",
    )
