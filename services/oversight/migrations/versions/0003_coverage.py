"""What organs must disclose beside what they disclosed: catalogues, matters, subject words, divisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the views of the catalogue, and what a record says of it.

    Records that were told before lack it until the views are rebuilt; what is told from now on has it.
    """
    _widen_record()
    op.create_table(
        "edition",
        sa.Column("id", sa.Text(collation="C"), primary_key=True, comment="catalogue-number"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("catalogue", sa.Text(collation="C"), nullable=False, comment="a division's code, or guide"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("effective_on", sa.Date, nullable=False),
        sa.Column("domains", JSONB, nullable=False, comment="code and name, in their order"),
    )
    op.create_index("edition_catalogue", "edition", ["catalogue", "number"])
    op.create_table(
        "matter",
        sa.Column("id", sa.Text(collation="C"), primary_key=True, comment="catalogue/matter"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("catalogue", sa.Text(collation="C"), nullable=False),
        sa.Column("matter", sa.Text(collation="C"), nullable=False),
        sa.Column("edition", sa.Text(collation="C"), nullable=False, comment="in which it last changed"),
        sa.Column(
            "counted", sa.Boolean, nullable=False, comment="stands, and is disclosed without being asked"
        ),
        sa.Column("domain", sa.Text(collation="C"), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("time_limit", sa.Text, nullable=False),
        sa.Column("limits", JSONB, nullable=False, comment="clocks of cycles; empty where there is none"),
        sa.Column("levels", sa.ARRAY(sa.Text), nullable=False, comment="empty: not stated"),
    )
    op.create_index("matter_catalogue", "matter", ["catalogue"], postgresql_where=sa.text("counted"))
    op.create_table(
        "subject_meant",
        sa.Column("id", sa.Text(collation="C"), primary_key=True, comment="division/digest of the words"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("division", sa.Text(collation="C"), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("organs", sa.ARRAY(sa.Text), nullable=False),
    )
    op.create_index("subject_meant_division", "subject_meant", ["division"])


def _widen_record() -> None:
    for name in ("division", "kind", "domain", "matter"):
        op.add_column(
            "record", sa.Column(name, sa.Text(collation="C"), nullable=False, server_default=sa.text("''"))
        )
    op.create_index(
        "record_duty",
        "record",
        ["organ", "matter"],
        postgresql_where=sa.text("matter <> '' AND NOT withdrawn"),
        postgresql_include=["published_on", "late"],
    )
    op.create_index(
        "record_division",
        "record",
        ["division"],
        postgresql_where=sa.text("NOT withdrawn"),
        postgresql_include=["kind", "domain", "published_on"],
    )
