"""Editions of several catalogues, their matters with what they demand, and whether all of an edition is here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

_CODE = sa.Text(collation="C")


def upgrade() -> None:
    """Widen the copies of catalog's editions and matters; what they hold names no catalogue."""
    for column in (
        sa.Column("catalogue", _CODE, nullable=False, server_default=""),
        sa.Column("number", sa.Integer, nullable=False, server_default="0"),
        sa.Column("matters", sa.Integer, nullable=False, server_default="0"),
        sa.Column("complete", sa.Boolean, nullable=False, server_default="true"),
    ):
        op.add_column("known_edition", column)
    for column in (
        sa.Column("catalogue", _CODE, nullable=False, server_default=""),
        sa.Column("number", sa.Integer, nullable=False, server_default="0"),
        sa.Column("retired", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("reading", JSONB, nullable=False, server_default="{}"),
    ):
        op.add_column("known_matter", column)
    op.execute(
        "CREATE INDEX known_matter_of_catalogue ON known_matter (catalogue, matter, number DESC) INCLUDE (retired)"
    )
