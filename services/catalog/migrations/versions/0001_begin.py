"""The log, the relay's table and the views of the registry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gongkai.eventstore.schema import create_kernel_tables
from gongkai.messaging.schema import create_messaging_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything catalog needs in an empty database."""
    create_kernel_tables(op)
    create_messaging_tables(op)
    _create_registry()
    _create_calendar_and_rules()
    _create_editions()


def _create_registry() -> None:
    op.create_table(
        "division",
        sa.Column("code", sa.Text(collation="C"), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("parent", sa.Text(collation="C"), sa.ForeignKey("division.code")),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("division_parent", "division", ["parent", "code"])
    op.create_table(
        "organ",
        sa.Column("code", sa.Text(collation="C"), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("short_name", sa.Text, nullable=False),
        sa.Column("division", sa.Text(collation="C"), sa.ForeignKey("division.code"), nullable=False),
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("credential_keys", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("uscc", name="organ_uscc_key"),
    )
    op.create_index("organ_division", "organ", ["division", "code"])


def _create_calendar_and_rules() -> None:
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "calendar_day",
        sa.Column("year", sa.Integer, sa.ForeignKey("calendar_year.year"), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("working", sa.Boolean, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.create_table(
        "rule",
        sa.Column("code", sa.Text(collation="C"), primary_key=True),
        sa.Column("effective_from", sa.Date, primary_key=True),
        sa.Column("effective_to", sa.Date),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Integer, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("citation", sa.Text, nullable=False),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )


def _create_editions() -> None:
    op.create_table(
        "edition",
        sa.Column("id", sa.Text(collation="C"), primary_key=True),
        sa.Column("division", sa.Text(collation="C"), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("effective_on", sa.Date, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "domain",
        sa.Column("edition", sa.Text(collation="C"), sa.ForeignKey("edition.id"), primary_key=True),
        sa.Column("code", sa.Text(collation="C"), primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("lead_units", sa.Text, nullable=False),
    )
    texts = (
        "level1", "level2", "content_elements", "legal_basis", "time_limit", "subject", "channels", "audience",
        "mode", "levels", "provenance",
    )  # fmt: skip
    op.create_table(
        "matter",
        sa.Column("id", sa.Text(collation="C"), primary_key=True),
        sa.Column("edition", sa.Text(collation="C"), nullable=False),
        sa.Column("domain", sa.Text(collation="C"), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("matter_domain", "matter", ["edition", "domain", "id"])
