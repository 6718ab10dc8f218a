"""The table of phrases, and what must be appended so that it is followed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.store import StreamWrite
from services.catalog.domain.subjects import NOBODY, Kinds, follow, read_kinds, subject_stream
from services.catalog.views import subjects


@cache
def kinds() -> Kinds:
    """Read the seed's table of phrases."""
    text = files("services.catalog.seed").joinpath("subject_kinds.csv").read_text(encoding="utf-8")
    return read_kinds((row["subject"], row["kinds"]) for row in csv.DictReader(io.StringIO(text)))


async def following(
    conn: AsyncConnection, division: str, organs: Iterable[str], day: date
) -> list[StreamWrite]:
    """Give what must be appended so that the phrases in force for a division mean what the table says.

    Args:
        conn: the connection.
        division: where.
        organs: its organs of today, one that is being registered among them.
        day: today.
    """
    held = await subjects.assignments(conn, division)
    edition = await subjects.nearest_catalogue(conn, division, day)
    phrases = await subjects.phrases_in_force(conn, edition.id) if edition is not None else {}
    here = tuple(organs)
    heirs = await subjects.heirs_of(conn, day)
    writes = []
    for subject in sorted({*held, *phrases}):
        assignment, version = held.get(subject, (NOBODY, 0))
        if events := follow(assignment, division, subject, here, kinds(), heirs):
            writes.append(StreamWrite(subject_stream(division, subject), version, events))
    return writes
