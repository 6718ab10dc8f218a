"""Staff and units, their passwords and sessions, and the counting of guesses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from gongkai.security.throttle import create_throttle_table

revision = "0002"
down_revision = "0001"

_ID = sa.Text(collation="C")


def upgrade() -> None:
    """Add what identity needs. Nothing refers to a view table: views are deleted and filled again."""
    _create_views()
    op.create_table(
        "credential",
        sa.Column("staff_id", _ID, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False, comment="argon2id"),
        sa.Column("must_change", sa.Boolean, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "session",
        sa.Column("digest", sa.LargeBinary, primary_key=True, comment="SHA-256 of the secret"),
        sa.Column("staff_id", _ID, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idle_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("session_staff", "session", ["staff_id"])
    create_throttle_table(op)


def _create_views() -> None:
    op.create_table(
        "unit",
        sa.Column("organ", _ID, primary_key=True),
        sa.Column("code", _ID, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "staff",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("login", _ID, nullable=False),
        sa.Column("organ", _ID, nullable=False),
        sa.Column("unit", _ID, nullable=False),
        sa.Column("grants", JSONB, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("login", name="staff_login_key"),
    )
    op.create_index("staff_organ", "staff", ["organ", "id"])
