"""Drafts, what departments sent, and what an organ's list of its records is narrowed by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_CODE = sa.Text(collation="C")

# Answers of departments' events as the ledger kept them. It does not say whether a refused or unchanged one was a
# document or a withdrawal: their kind is left empty.
_ANSWERED = """
INSERT INTO incoming (organ, event_id, received_at, kind, outcome, record_id, reasons, defects)
SELECT substr(actor, 7), substr(command_id, length(actor) - 4), recorded_at,
       CASE outcome::json->>'outcome' WHEN 'withdrawn' THEN 'withdrawal' WHEN 'published' THEN 'document'
            WHEN 'revised' THEN 'document' ELSE '' END,
       coalesce(outcome::json->>'outcome', 'rejected'), outcome::json->>'record_id',
       (SELECT coalesce(json_agg(json_build_array(told->>'code', told->>'field')), '[]')
          FROM json_array_elements(coalesce(outcome::json->'reasons', '[]')) AS told)::text,
       ARRAY(SELECT json_array_elements_text(coalesce(outcome::json->'defects', '[]')))
FROM command WHERE actor LIKE 'organ:%' ORDER BY recorded_at, command_id
"""


def upgrade() -> None:
    """Create the views and fill them from what is there: records from their state, answers from the ledger."""
    op.create_table(
        "draft",
        sa.Column("draft_id", _CODE, primary_key=True),
        sa.Column("organ", _CODE, nullable=False),
        sa.Column("phase", _CODE, nullable=False),
        sa.Column("record_id", _CODE),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("draft_of_organ", "draft", ["organ", "phase", "updated_at"])
    op.create_index("draft_of_record", "draft", ["record_id"])
    op.create_table(
        "incoming",
        sa.Column("number", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("organ", _CODE, nullable=False),
        sa.Column("event_id", _CODE, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("outcome", _CODE, nullable=False),
        sa.Column("record_id", _CODE),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("defects", sa.ARRAY(sa.Text), nullable=False),
    )
    op.execute(_ANSWERED)
    op.create_index("incoming_of_organ", "incoming", ["organ", "outcome", "number"])
    op.add_column("record", sa.Column("title", sa.Text))
    op.add_column("record", sa.Column("defective", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE record SET title = state::json->>'title',"
        " defective = json_array_length(state::json->'defects') > 0 WHERE public"
    )
    op.execute(
        "CREATE INDEX record_of_organ_defective ON record (organ, published_on DESC, entered DESC)"
        " WHERE public AND defective"
    )
