"""Who is meant in a division by the words of 公开主体."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ID = sa.Text(collation="C")


def upgrade() -> None:
    """Add the view; the service fills it at its next start, from the organs and editions there are."""
    op.create_table(
        "subject_assignment",
        sa.Column("division", _ID, primary_key=True),
        sa.Column("subject", _ID, primary_key=True),
        sa.Column("organs", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("by_hand", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("subject_assignment_organs", "subject_assignment", ["organs"], postgresql_using="gin")
    op.create_index("matter_row_subject", "matter_row", ["catalogue", "subject"])
