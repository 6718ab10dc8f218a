"""Villages' lists: the draft with what is in force, and every list that ever was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"

_ID = sa.Text(collation="C")


def upgrade() -> None:
    """Add the view tables; a village without a row has no list."""
    op.create_table(
        "village_list",
        sa.Column("village", _ID, primary_key=True),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("effective_on", sa.Date),
        sa.Column("items", JSONB, nullable=False),
        sa.Column("published", JSONB, nullable=False),
        sa.Column("proposed_by", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "village_edition",
        sa.Column("village", _ID, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("effective_on", sa.Date, nullable=False),
        sa.Column("items", JSONB, nullable=False),
    )
