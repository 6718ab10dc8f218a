"""Alembic's way in; the connection is given by gongkai.serving.database.migrate."""

from gongkai.serving.database import run_migrations

run_migrations()
