"""The log, the relay's table, the content keys, the record view with its indexes, and the registry's copies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gongkai.content.schema import create_content_tables
from gongkai.eventstore.schema import create_kernel_tables
from gongkai.messaging.schema import create_messaging_tables

revision = "0001"
down_revision = None

_CODE = sa.Text(collation="C")

# Every list is newest first within one of these; partial, so that what is withdrawn costs a list nothing.
_LISTS = {
    "record_of_all": "",
    "record_of_city": "city, ",
    "record_of_county": "county, ",
    "record_of_town": "town, ",
    "record_of_organ": "organ, ",
    "record_of_kind": "kind, ",
    "record_of_domain": "domain, ",
    "record_of_county_kind": "county, kind, ",
    "record_of_county_domain": "county, domain, ",
}


def upgrade() -> None:
    """Create everything publishing needs in an empty database."""
    create_kernel_tables(op)
    create_messaging_tables(op)
    create_content_tables(op)
    _create_records()
    _create_registry()


def _create_records() -> None:
    op.create_table(
        "record",
        sa.Column("record_id", _CODE, primary_key=True),
        sa.Column("index_number", _CODE, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("public", sa.Boolean, nullable=False),
        sa.Column("organ", _CODE, nullable=False),
        sa.Column("organ_name", sa.Text, nullable=False),
        sa.Column("division", _CODE, nullable=False),
        sa.Column("city", _CODE, nullable=False),
        sa.Column("county", _CODE, nullable=False),
        sa.Column("town", _CODE, nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("domain", _CODE, nullable=False),
        sa.Column("published_on", sa.Date, nullable=False),
        sa.Column("state", sa.Text),
        sa.Column("withdrawn_on", sa.Date),
        sa.Column("withdrawn_reason", sa.Text),
        sa.Column("entered", sa.BigInteger, sa.Identity(), nullable=False),
        sa.UniqueConstraint("index_number", name="record_index_number_key"),
    )
    for name, leading in _LISTS.items():
        op.execute(
            f"CREATE INDEX {name} ON record ({leading}published_on DESC, entered DESC) INCLUDE (record_id)"
            " WHERE public"
        )
    op.create_table(
        "record_file",
        sa.Column("record_id", _CODE, nullable=False),
        sa.Column("digest", _CODE, nullable=False),
        sa.Column("current", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("record_id", "digest"),
    )
    op.create_index("record_file_digest", "record_file", ["digest"])
    op.create_table(
        "record_count",
        sa.Column("division", _CODE, nullable=False),
        sa.Column("organ", _CODE, nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("domain", _CODE, nullable=False),
        sa.Column("month", _CODE, nullable=False),
        sa.Column("records", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("division", "organ", "kind", "domain", "month"),
    )


def _create_registry() -> None:
    op.create_table(
        "known_division",
        sa.Column("code", _CODE, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.create_table(
        "known_organ",
        sa.Column("code", _CODE, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("division", _CODE, nullable=False),
        sa.Column("uscc", _CODE, nullable=False),
        sa.Column("credential_keys", sa.ARRAY(sa.Text), nullable=False),
    )
    op.create_table(
        "known_edition",
        sa.Column("id", _CODE, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("effective_on", sa.Date, nullable=False),
        sa.Column("domains", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("matter_ids", sa.ARRAY(sa.Text), nullable=False),
    )
    op.create_table(
        "known_matter",
        sa.Column("id", _CODE, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("edition", _CODE, nullable=False),
        sa.Column("matter", _CODE, nullable=False),
        sa.Column("domain", _CODE, nullable=False),
    )
    op.create_table(
        "registry_revision",
        sa.Column("one", sa.Boolean, primary_key=True, server_default=sa.text("true")),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.CheckConstraint("one"),
    )
    op.execute("INSERT INTO registry_revision (revision) VALUES (1)")
