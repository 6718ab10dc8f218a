"""Catalogues with their editions; the views of the first release, one edition without a catalogue, go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"

_ID = sa.Text(collation="C")
_CELLS = (
    "level1", "level2", "level3", "content_elements", "legal_basis", "time_limit", "subject", "channels", "audience",
    "mode", "levels", "number", "office", "phone", "provenance",
)  # fmt: skip


def upgrade() -> None:
    """Replace the view tables; what fills the new ones is sown at the next start."""
    for table in ("matter", "domain", "edition"):
        op.drop_table(table)
    _create_catalogues()
    _create_rows()


def _create_catalogues() -> None:
    op.create_table(
        "domain",
        sa.Column("code", _ID, primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("lead_units", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("name", name="domain_name_key"),
    )
    numbers = ("number", "upper_edition", "published", "upper_taken", "version")
    texts = ("level", "upper", "title", "phase", "draft_title", "proposed_by", "note")
    op.create_table(
        "catalogue",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("division", _ID, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        *(sa.Column(name, sa.Integer, nullable=False) for name in numbers),
    )
    op.create_table(
        "edition",
        sa.Column("catalogue", _ID, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("effective_on", sa.Date, nullable=False),
        *(
            sa.Column(name, sa.Integer, nullable=False)
            for name in ("upper_number", "matters", "added", "changed", "removed", "version")
        ),
    )
    op.create_index("edition_day", "edition", ["catalogue", "effective_on"])


def _create_rows() -> None:
    op.create_table(
        "stance",
        sa.Column("catalogue", _ID, primary_key=True),
        sa.Column("matter", _ID, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("adapted", JSONB, nullable=False),
        sa.Column("row", JSONB),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("stance_matter", "stance", ["matter"])
    op.create_table(
        "matter_row",
        sa.Column("catalogue", _ID, primary_key=True),
        sa.Column("matter", _ID, primary_key=True),
        sa.Column("since_edition", sa.Integer, primary_key=True),
        sa.Column("until_edition", sa.Integer, comment="the edition in which it no longer stands so"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("domain", _ID, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in _CELLS),
        sa.Column("reading", JSONB, nullable=False),
        sa.Column("differs", JSONB, nullable=False),
        sa.Column("added", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, comment="of the matter's stream"),
    )
    now = sa.text("until_edition IS NULL")
    op.create_index(
        "matter_row_now", "matter_row", ["catalogue", "domain", "place", "matter"], postgresql_where=now
    )
    op.create_index("matter_row_matter", "matter_row", ["matter", "catalogue"], postgresql_where=now)
