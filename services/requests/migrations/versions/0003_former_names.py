"""Former names of organs: a new one that was told ahead is borne from its day on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """What is known bears the name it has."""
    op.add_column(
        "organ",
        sa.Column(
            "former_names",
            JSONB,
            nullable=False,
            server_default="[]",
            comment="[{name, until, short_name}], the oldest first",
        ),
    )
