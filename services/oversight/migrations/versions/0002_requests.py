"""Requests beside records; the rows of several rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the view of requests, and rows of several rules."""
    op.create_table(
        "request",
        sa.Column("id", sa.Text(collation="C"), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("organ", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "clock", JSONB, nullable=False, comment="legal days as told, for deriving the due day anew"
        ),
        sa.Column("received_on", sa.Date, comment="null while receipt is not confirmed"),
        sa.Column("decided_on", sa.Date),
        sa.Column("due_on", sa.Date),
        sa.Column("provisional", sa.Boolean, nullable=False),
        sa.Column("days_over", sa.Integer, comment="working days after the due day; null without a decision"),
    )
    op.create_index("request_organ", "request", ["organ"])
    # Beside the table of the release before, which goes on writing its own; dropped a release later.
    op.create_table(
        "rule_row",
        sa.Column("id", sa.Text(collation="C"), primary_key=True, comment="rule@effective day"),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("effective_to", sa.Date),
        sa.Column("value", sa.Integer, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("citation", sa.Text, nullable=False),
    )
    op.execute(
        "INSERT INTO rule_row SELECT 'proactive-disclosure@' || effective_from, 'proactive-disclosure', version,"
        " effective_from, effective_to, value, unit, citation FROM rule"
    )
