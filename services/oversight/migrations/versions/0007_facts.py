"""A record's figures, for holding levels beside each other; whom an ended organ's questions go to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"

_GIVEN = sa.text("facts <> '[]' AND NOT withdrawn")


def upgrade() -> None:
    """What was told before lacks both until the views are rebuilt; what is told from now on has them."""
    op.add_column(
        "record",
        sa.Column("facts", JSONB, nullable=False, server_default="[]", comment="as its contract has them"),
    )
    op.create_index("record_facts", "record", ["division", "matter"], postgresql_where=_GIVEN)
    op.create_index("record_facts_matter", "record", ["matter", "division"], postgresql_where=_GIVEN)
    op.create_index("record_facts_number", "record", ["index_number"], postgresql_where=_GIVEN)
    op.add_column(
        "organ", sa.Column("successor", sa.Text(collation="C"), nullable=False, server_default=sa.text("''"))
    )
