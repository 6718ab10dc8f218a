"""Counts without months: a table that is summed for every list must stay small at a million records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_CODE = sa.Text(collation="C")


def upgrade() -> None:
    """Make the counts anew from the records."""
    op.drop_table("record_count")
    op.create_table(
        "record_count",
        sa.Column("division", _CODE, nullable=False),
        sa.Column("organ", _CODE, nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("domain", _CODE, nullable=False),
        sa.Column("records", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("division", "organ", "kind", "domain"),
    )
    op.create_index("record_count_organ", "record_count", ["organ"])
    op.create_table(
        "record_year",
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("division", _CODE, nullable=False),
        sa.Column("records", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("year", "division"),
    )
    op.execute(
        "INSERT INTO record_count SELECT division, organ, kind, domain, count(*) FROM record WHERE public"
        " GROUP BY 1, 2, 3, 4"
    )
    op.execute(
        "INSERT INTO record_year SELECT extract(year FROM published_on)::int, division, count(*) FROM record"
        " WHERE public GROUP BY 1, 2"
    )
