"""What organs have disclosed, by matter, so that a city's board need not read its records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_CODE = sa.Text(collation="C")


def upgrade() -> None:
    """Fill the view from the records."""
    op.create_index("organ_ended", "organ", ["code"], postgresql_where=sa.text("ended_on IS NOT NULL"))
    op.create_table(
        "disclosed",
        sa.Column("organ", _CODE, primary_key=True),
        sa.Column("domain", _CODE, primary_key=True, comment="of the records; empty: they name none"),
        sa.Column(
            "matters", sa.ARRAY(_CODE), nullable=False, comment="with a record that is shown; in order"
        ),
        sa.Column("late", sa.ARRAY(_CODE), nullable=False, comment="those with a late one"),
    )
    op.create_index(
        "record_disclosed",
        "record",
        ["organ", "domain", "matter"],
        postgresql_where=sa.text("NOT withdrawn AND (domain <> '' OR matter <> '')"),
    )
    op.create_index(
        "record_late_matter",
        "record",
        ["organ", "domain", "matter"],
        postgresql_where=sa.text("late AND NOT withdrawn AND matter <> ''"),
    )
    op.execute(
        "INSERT INTO disclosed SELECT organ, domain,"
        " coalesce(array_agg(DISTINCT matter) FILTER (WHERE matter <> ''), '{}'),"
        " coalesce(array_agg(DISTINCT matter) FILTER (WHERE matter <> '' AND late), '{}')"
        " FROM record WHERE NOT withdrawn AND (domain <> '' OR matter <> '') GROUP BY organ, domain"
    )
