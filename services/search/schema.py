"""The one table search owns besides messaging's own: which contents must be gone, and whether they are."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

forgotten = sa.Table(
    "forgotten",
    metadata,
    sa.Column("digest", sa.Text(collation="C"), primary_key=True),
    sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("expunged_at", sa.DateTime(timezone=True)),
    comment="Digests of destroyed contents. expunged_at: when no index file held a byte of them any more.",
)
