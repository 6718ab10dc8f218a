"""The kernel's tables in a service database, and how a migration creates them."""

from __future__ import annotations

from typing import Final, Protocol

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

metadata = MetaData()

STREAM_VERSION: Final = "event_stream_version_key"
EVENT_ID: Final = "event_event_id_key"
VAULT: Final = "vault"

# Identifiers compare byte by byte: faster than a language's collation, and the same on every server.
Identifier = Text(collation="C")

event = Table(
    "event",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("stream", Identifier, nullable=False),
    Column("version", Integer, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("type", Identifier, nullable=False),
    Column("schema", Integer, nullable=False),
    Column("payload", Text, nullable=False, comment="canonical JSON, personal fields sealed"),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256, see digest_of in store.py"),
    Column("actor", Text, nullable=False),
    Column("command_id", Identifier, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("stream", "version", name=STREAM_VERSION),
    UniqueConstraint("event_id", name=EVENT_ID),
)

store_identity = Table(
    "store_identity",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true"), comment="there is one row"),
    Column("epoch", Identifier, nullable=False, comment="of the log's positions; renewed by a restore"),
)

command = Table(
    "command",
    metadata,
    Column("command_id", Identifier, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False, comment="SHA-256 of what was asked"),
    Column("outcome", Text, nullable=False, comment="what was answered, canonical JSON"),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

projection = Table(
    "projection",
    metadata,
    Column("name", Identifier, nullable=False),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False, server_default=text("0"), comment="last event applied"),
    Column("live", Boolean, nullable=False, server_default=text("false"), comment="readers use this version"),
    PrimaryKeyConstraint("name", "version"),
)
Index("projection_one_live", projection.c.name, unique=True, postgresql_where=projection.c.live)

# Keys live apart from the data they open: another schema, dumped by itself, its dumps kept for days only.
subject_key = Table(
    "subject_key",
    metadata,
    Column("subject", Identifier, primary_key=True),
    Column("wrapped_key", LargeBinary, nullable=True, comment="under the master key; null once erased"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    schema=VAULT,
)
erasure = Table(
    "erasure",
    metadata,
    Column("subject", Identifier, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("erased_at", DateTime(timezone=True), nullable=False),
    schema=VAULT,
)

# Sorts by time of birth; the random tail keeps two restores of one moment apart.
EPOCH_SQL: Final = (
    "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISSUS')"
    " || '-' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 8)"
)

_APPEND_ONLY_SQL: Final = """
CREATE FUNCTION event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the event log is append-only'; END $$;
CREATE TRIGGER event_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event
FOR EACH STATEMENT EXECUTE FUNCTION event_is_append_only();
"""


class Operations(Protocol):
    """The part of Alembic's ``op`` that is used here."""

    def get_bind(self) -> Connection:
        """The migration's connection."""


def create_tables(connection: Connection) -> None:
    """Create the kernel's tables in an empty database and give its log an epoch."""
    connection.exec_driver_sql(f"CREATE SCHEMA {VAULT}")
    metadata.create_all(connection, checkfirst=False)
    connection.exec_driver_sql(_APPEND_ONLY_SQL)
    connection.exec_driver_sql(f"INSERT INTO store_identity (epoch) VALUES ({EPOCH_SQL})")  # noqa: S608 a constant


def create_kernel_tables(op: Operations) -> None:
    """For a service's first migration: ``create_kernel_tables(op)``.

    The tables are as of this release; when one changes, the change is a function here that migrations call after
    this one, and this one goes on creating what it created.
    """
    create_tables(op.get_bind())
