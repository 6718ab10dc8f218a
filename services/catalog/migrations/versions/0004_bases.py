"""The registry of bases, and which basis each citation of the editions in force means."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_ID = sa.Text(collation="C")


def upgrade() -> None:
    """Add the view tables. Citations are few, matters that cite are many: only the former are resolved."""
    texts = ("title", "number", "kind", "region", "state", "replaced_by", "source", "mark")
    op.create_table(
        "basis",
        sa.Column("id", _ID, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.Column("aliases", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("since", sa.Date),
        sa.Column("checked_on", sa.Date),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("basis_state", "basis", ["state", "id"])
    op.create_table(
        "basis_name",
        sa.Column("key", _ID, primary_key=True),
        sa.Column("basis", _ID, primary_key=True),
    )
    op.create_index("basis_name_basis", "basis_name", ["basis"])
    op.create_table(
        "citation",
        sa.Column("id", _ID, primary_key=True, comment="digest of its words"),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("names", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("basis", _ID, nullable=False, comment="empty: unresolved"),
        sa.Column("candidates", sa.ARRAY(sa.Text), nullable=False),
    )
    op.create_index("citation_names", "citation", ["names"], postgresql_using="gin")
    op.create_index("citation_basis", "citation", ["basis"])
    op.create_table(
        "matter_citation",
        sa.Column("catalogue", _ID, primary_key=True),
        sa.Column("matter", _ID, primary_key=True),
        sa.Column("citation", _ID, primary_key=True),
    )
    op.create_index("matter_citation_citation", "matter_citation", ["citation", "catalogue", "matter"])
