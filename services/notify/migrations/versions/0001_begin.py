"""The log and its vault, the views, and the queue that messages wait in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from gongkai.eventstore.schema import create_kernel_tables
from gongkai.messaging.schema import create_messaging_tables
from gongkai.security.throttle import create_throttle_table

revision = "0001"
down_revision = None


def _id(name: str, *, primary_key: bool = False, nullable: bool = True) -> sa.Column[str]:
    return sa.Column(
        name, sa.Text(collation="C"), primary_key=primary_key, nullable=nullable and not primary_key
    )


def _at(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Create everything notify needs in an empty database."""
    create_kernel_tables(op)
    create_messaging_tables(op)
    create_throttle_table(op)
    op.execute("CREATE SEQUENCE message_number")
    _create_views()
    _create_queue()


def _create_views() -> None:
    op.create_table(
        "subscription",
        _id("id", primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        _id("channel", nullable=False),
        _id("state", nullable=False),
        sa.Column("topics", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("places", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("address_mark", sa.Text(collation="C"), comment="keyed digest; null once left"),
        sa.Column("code_mark", sa.Text(collation="C"), comment="keyed digest; WeChat only, while waiting"),
        _at("code_ends_at", nullable=False),
    )
    active = sa.text("state = 'active'")
    op.create_index(
        "subscription_wish",
        "subscription",
        ["topics", "places"],
        postgresql_using="gin",
        postgresql_where=active,
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index("subscription_waiting", "subscription", ["code_ends_at"], postgresql_where=waiting)
    op.create_index("subscription_code", "subscription", ["code_mark"])
    op.create_index("subscription_address", "subscription", ["address_mark"])
    op.create_table(
        "message",
        _id("key", primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, unique=True),
        _id("sender", nullable=False),
        _id("channel", nullable=False),
        _id("template", nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        _id("subscription_id"),
        _id("state", nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("provider_id", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        _at("queued_at", nullable=False),
        _at("settled_at"),
        sa.Column(
            "sealed_for", sa.Text(collation="C"), comment="whose key opens its address; null once forgotten"
        ),
    )
    op.create_index("message_state", "message", ["state", "number"])
    op.create_index(
        "message_forget", "message", ["settled_at"], postgresql_where=sa.text("sealed_for IS NOT NULL")
    )


def _create_queue() -> None:
    op.create_table(
        "dispatch",
        _id("key", primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        _id("channel", nullable=False),
        _id("state", nullable=False),
        _at("due_at", nullable=False),
        _at("sent_at"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("asked", sa.Integer, nullable=False, server_default="0"),
        sa.Column("holder", sa.Uuid, comment="the attempt that holds it; null while nobody does"),
        sa.Column("why", sa.Text, nullable=False, server_default=""),
        sa.Column("epoch", sa.Text(collation="C"), nullable=False),
        comment="what is still to be done; never derived from the log, so that no rebuild can send",
    )
    op.create_index("dispatch_due", "dispatch", ["channel", "state", "due_at", "number"])
    op.create_table(
        "late_record",
        _id("record_id", primary_key=True),
        sa.Column("facts", JSONB, nullable=False, comment="the public facts a message would be made of"),
        comment="records heard of too late to be told of unasked; the doubts are the reactor's",
    )
