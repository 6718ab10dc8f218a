"""The table of content keys, in the database of the service that owns the content."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from gongkai.eventstore.schema import Operations

metadata: Final = sa.MetaData()

content_key: Final = sa.Table(
    "content_key",
    metadata,
    sa.Column(
        "digest", sa.Text, primary_key=True, comment="SHA-256 of the plain bytes, 64 lower-case hex digits"
    ),
    sa.Column("size", sa.BigInteger, comment="bytes, plain; null where content was destroyed before it came"),
    sa.Column("media_type", sa.Text),
    sa.Column(
        "wrapped_key", sa.LargeBinary, comment="the content's own key under the master key; null: destroyed"
    ),
    sa.Column("object", sa.Text, comment="name in the object store; null once the object is deleted"),
    sa.Column("stored_at", sa.DateTime(timezone=True)),
    sa.Column("destroyed_at", sa.DateTime(timezone=True)),
    sa.Column("reason", sa.Text, comment="why it was destroyed"),
    sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="content_key_digest"),
    sa.CheckConstraint("(wrapped_key IS NULL) = (destroyed_at IS NOT NULL)", name="content_key_destroyed"),
    sa.Index("content_key_object", "object", unique=True),
    sa.Index(
        "content_key_to_delete",
        "digest",
        postgresql_where=sa.text("destroyed_at IS NOT NULL AND object IS NOT NULL"),
    ),
)


def create_content_tables(op: Operations) -> None:
    """Create the table; called from the owning service's first migration."""
    metadata.create_all(op.get_bind(), checkfirst=False)
