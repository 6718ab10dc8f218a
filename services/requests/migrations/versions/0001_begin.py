"""The log with its vault, the relay's table, contents, throttling, the request view, notices, and the law's copies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from gongkai.content.schema import create_content_tables
from gongkai.eventstore.schema import create_kernel_tables
from gongkai.messaging.schema import create_messaging_tables
from gongkai.security.throttle import create_throttle_table

revision = "0001"
down_revision = None

_CODE = sa.Text(collation="C")


def upgrade() -> None:
    """Create everything requests needs in an empty database."""
    create_kernel_tables(op)
    create_messaging_tables(op)
    create_content_tables(op)
    create_throttle_table(op)
    _create_requests()
    _create_law()


def _create_requests() -> None:
    op.create_table(
        "request",
        sa.Column("request_id", _CODE, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("number", _CODE, nullable=False, unique=True),
        sa.Column("organ", _CODE, nullable=False),
        sa.Column("division", _CODE, nullable=False),
        sa.Column("applicant_kind", sa.Text, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("delivery", sa.Text, nullable=False),
        sa.Column(
            "clock", JSONB, nullable=False, comment="legal days the clock reads; the due date is derived"
        ),
        sa.Column("erased", sa.Boolean, nullable=False),
        comment="no personal data; who asked, and for what, is read from the log when needed",
    )
    op.create_index("request_organ", "request", ["organ", "phase"])
    op.create_table(
        "reply_file",
        sa.Column("digest", _CODE, primary_key=True),
        sa.Column("request_id", _CODE, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False, comment="bytes, as uploaded"),
        sa.Column("media_type", sa.Text, nullable=False),
        comment="files uploaded for a reply; their names are sealed in the log",
    )
    op.create_index("reply_file_request", "reply_file", ["request_id"])
    op.create_table(
        "notice",
        sa.Column("key", _CODE, primary_key=True, comment="id of the event that decided"),
        sa.Column("request_id", _CODE, nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), comment="null: notify has not taken it yet"),
        sa.Column("settled_version", sa.Integer, nullable=False, server_default="0"),
        comment="notices asked of notify, once each; no address",
    )


def _create_law() -> None:
    op.create_table(
        "organ",
        sa.Column("code", _CODE, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("division", _CODE, nullable=False),
    )
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("days", JSONB, nullable=False, comment="ISO date to whether it is worked"),
    )
    op.create_table(
        "rule",
        sa.Column("id", _CODE, primary_key=True, comment="code and first day in force"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("code", _CODE, nullable=False),
        sa.Column("value", sa.Integer, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("effective_to", sa.Date),
        sa.Column("citation", sa.Text, nullable=False),
    )
