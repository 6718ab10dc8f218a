"""Records by the matter of the catalogue they were published under."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_CODE = sa.Text(collation="C")


def upgrade() -> None:
    """Add the matter and its counts, filled from the states."""
    op.add_column("record", sa.Column("matter", _CODE))
    op.execute(
        "UPDATE record SET matter = state::json->>'matter' WHERE public AND state::json->>'matter' <> ''"
    )
    op.execute(
        "CREATE INDEX record_of_matter ON record (matter, published_on DESC, entered DESC) INCLUDE (record_id, city)"
        " WHERE public AND matter IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX record_of_county_matter ON record (county, matter, published_on DESC, entered DESC)"
        " INCLUDE (record_id, town, division) WHERE public AND matter IS NOT NULL"
    )
    op.create_table(
        "record_matter",
        sa.Column("matter", _CODE, nullable=False),
        sa.Column("division", _CODE, nullable=False),
        sa.Column("records", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("matter", "division"),
    )
    op.execute(
        "INSERT INTO record_matter SELECT matter, division, count(*) FROM record WHERE public AND matter IS NOT NULL"
        " GROUP BY 1, 2"
    )
