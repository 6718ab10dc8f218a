"""The views of the board, and the tables of the consumers that fill them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from gongkai.messaging.schema import create_messaging_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything oversight needs in an empty database."""
    create_messaging_tables(op)
    _create_record()
    _create_registry()


def _create_record() -> None:
    op.create_table(
        "record",
        sa.Column("id", sa.Text(collation="C"), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("index_number", sa.Text(collation="C"), nullable=False),
        sa.Column("organ", sa.Text(collation="C"), nullable=False),
        sa.Column("title", sa.Text, nullable=False, comment="empty once withdrawn"),
        sa.Column("formed_on", sa.Date),
        sa.Column("published_on", sa.Date),
        sa.Column("defects", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("lag", sa.Integer, comment="working days; null where the record is not timed"),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.Column("provisional", sa.Boolean, nullable=False),
    )
    op.create_index("record_organ", "record", ["organ"])
    op.create_index(
        "record_late", "record", ["organ", "lag"], postgresql_where=sa.text("late AND NOT withdrawn")
    )
    op.create_index(
        "record_defects",
        "record",
        ["organ", "index_number"],
        postgresql_where=sa.text("cardinality(defects) > 0 AND NOT withdrawn"),
    )


def _create_registry() -> None:
    op.create_table(
        "organ",
        sa.Column("code", sa.Text(collation="C"), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False, comment="0: known from a record only"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("division", sa.Text(collation="C"), nullable=False),
    )
    op.create_index("organ_division", "organ", ["division"])
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("days", JSONB, nullable=False, comment="ISO date to whether it is worked"),
    )
    op.create_table(
        "rule",
        sa.Column("effective_from", sa.Date, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("effective_to", sa.Date),
        sa.Column("value", sa.Integer, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("citation", sa.Text, nullable=False),
        comment="rows of the one rule lags are measured by",
    )
    op.create_table(
        "freshness",
        sa.Column("service", sa.Text(collation="C"), primary_key=True),
        sa.Column("seen_until", sa.DateTime(timezone=True), nullable=False),
    )
